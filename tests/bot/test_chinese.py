"""A person whose app speaks Chinese, and a server that does: everything they read is in Chinese."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, labels, private_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """A bot whose server speaks Chinese."""
    bot = await RunningBot(tmp_path_factory.mktemp("bot"), sandbox_locale="zh-CN").start()
    yield bot
    await bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def ming(running: RunningBot) -> AsyncIterator[SandboxUser]:
    async with SandboxUser(running.url, "Ming", locale="zh-CN") as user:
        yield user


async def test_what_is_public_is_in_the_servers_language(ming: SandboxUser, ash: SandboxUser) -> None:
    for user in (ming, ash):
        message = await hatch(user, seed="Ash")
        assert re.search(r"野生的[\u4e00-\u9fff]{2,5}孵化了！", message.text), message.text
        assert {"保存", "再孵一只"} <= set(labels(message))


async def test_what_is_private_is_in_ones_own(ming: SandboxUser, ash: SandboxUser) -> None:
    assert (
        await private_answer(ming, "newmon", seed="-5")
        == "-5 不能当种子：请用 0 到 4294967295 的整数，或任意文字。"
    )
    assert (await private_answer(ash, "newmon", seed="-5")).startswith("-5 cannot be a seed")


async def test_a_name_in_characters_is_proposed_and_can_be_kept(ming: SandboxUser) -> None:
    message = await hatch(ming)
    dialog = await (await ming.click(message, "保存")).modal()
    proposed = str(dialog.field("名字").value)
    assert re.fullmatch(r"[\u4e00-\u9fff]{2,5}", proposed)
    saved = await (await ming.submit(dialog, {"名字": proposed})).message()
    assert proposed in saved.text


async def test_commands_say_in_ones_own_language_what_they_do(ming: SandboxUser, ash: SandboxUser) -> None:
    def said(user: SandboxUser) -> dict[str, str]:
        return {command["name"]: command["description"] for command in user.commands}

    assert set(said(ming)) == set(said(ash))  # names are typed
    assert all(HAN.search(text) for text in said(ming).values())
    assert not any(HAN.search(text) for text in said(ash).values())
