"""/checkpoint list and use in a channel, and python -m bot checkpoint from the shell meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.__main__ import main
from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot, make_checkpoint
from tests.bot.talking import hatch, hatch_and_save, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """The real bot, with an admin's id: so members are offered the commands of admins, too."""
    bot = await RunningBot(tmp_path_factory.mktemp("bot"), admin_ids={1}).start()
    yield bot
    await bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def oak(running: RunningBot) -> AsyncIterator[SandboxUser]:
    """An admin."""
    async with SandboxUser(running.url, "Oak") as user:
        yield user


@pytest.fixture
def shell(running: RunningBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command line, with the settings of the bot that runs."""
    monkeypatch.setenv("CHECKPOINT", str(running.settings.checkpoint))
    monkeypatch.setenv("DATA_DIR", str(running.settings.data_dir))

    async def run(*arguments: str) -> str:
        def call() -> str:
            try:
                main(["checkpoint", *arguments])
            except SystemExit as end:
                if end.code:
                    return str(end.code)
            return ""

        failed = await asyncio.to_thread(call)
        return failed or capsys.readouterr().out

    return run


async def second(running: RunningBot, shell, folder: Path) -> str:
    """Bring another checkpoint into the registry, and the first one back into use."""
    checkpoint_id = make_checkpoint(folder / "second.safetensors", seed=1)
    first = make_checkpoint(folder / "first.safetensors")
    assert checkpoint_id[:8] in await shell("use", str(folder / "second.safetensors"))
    await shell("use", first[:8])
    return checkpoint_id


async def footer(user: SandboxUser) -> str:
    return (await hatch(user)).text


async def hatching_with(user: SandboxUser, checkpoint_id: str) -> None:
    async with asyncio.timeout(20):
        while checkpoint_id[:8] not in await footer(user):
            pass


async def test_the_shell_chooses_and_the_running_bot_follows(
    running: RunningBot, shell, oak: SandboxUser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_checkpoint(tmp_path / "first.safetensors")
    assert f"▶ {first}" in await shell("list")
    await hatching_with(oak, first)
    other = await second(running, shell, tmp_path)
    await shell("use", other)
    listed = await shell("list")
    assert f"▶ {other}" in listed and f"  {first}" in listed
    await hatching_with(oak, other)
    await shell("use", first[:6])
    await hatching_with(oak, first)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("ab", "at least 4"),
        ("0000000000000000", "no checkpoint"),
        ("missing.safetensors", "no checkpoint at missing"),
    ],
)
async def test_the_shell_refuses_in_a_sentence(shell, what: str, sentence: str) -> None:
    told = await shell("use", what)
    assert sentence in told and told.startswith("newmon: ") and "\n" not in told


async def test_an_admin_rolls_back_and_forward_in_the_channel(
    running: RunningBot, shell, oak: SandboxUser, ash: SandboxUser, tmp_path: Path
) -> None:
    other, first = await second(running, shell, tmp_path), make_checkpoint(tmp_path / "first.safetensors")
    await hatching_with(oak, first)  # it may have followed the shell to the other one meanwhile
    await hatch_and_save(ash, "Foo", "1")
    listed = await (await oak.command("checkpoint list")).message()
    assert listed.private
    lines = listed.embeds[0]["description"].splitlines()
    assert any(first[:8] in line and "in use" in line and "came with the bot" in line for line in lines)
    assert any(other[:8] in line and "in use" not in line for line in lines)
    choices = await oak.autocomplete("checkpoint use", "id", other[:5])
    assert [choice.value for choice in choices] == [other]
    told = await (await oak.command("checkpoint use", id=other[:8])).message()
    assert other[:8] in told.content and not told.private
    assert other[:8] in await footer(ash)
    again = await (await ash.command("mon", name="Foo")).message()
    assert first[:8] in again.text
    await (await oak.command("checkpoint use", id=first)).message()
    assert first[:8] in await footer(ash)
    assert "no checkpoint" in await private_answer(oak, "checkpoint use", id="0000")


async def test_members_may_neither_look_nor_choose(running: RunningBot, ash: SandboxUser) -> None:
    first = (await footer(ash)).split()[-1]
    assert "Only the bot's admins" in await private_answer(ash, "checkpoint list")
    assert "Only the bot's admins" in await refusal(ash, await ash.command("checkpoint use", id=first))
    assert await ash.autocomplete("checkpoint use", "id", first) == []
