"""A new feature is one file and one line: its command, its button under cards, its dialog, and a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot import client
from bot.features import FEATURES
from sandbox.driver import SandboxUser
from tests.bot.features import greeting
from tests.bot.running import RunningBot
from tests.bot.stage import Stage
from tests.bot.talking import hatch, hatch_and_save, labels, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def listed() -> Iterator[None]:
    """The one line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "FEATURES", (*FEATURES, greeting))
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, listed: None) -> AsyncIterator[RunningBot]:
    bot = await RunningBot(tmp_path_factory.mktemp("bot")).start()
    yield bot
    await bot.stop()


async def test_its_command_and_its_autocomplete_are_offered(
    running: RunningBot, ash: SandboxUser, misty: SandboxUser
) -> None:
    await hatch_and_save(ash, "Foo", "1")
    assert [choice.value for choice in await ash.autocomplete("greet", "name", "fo")] == ["Foo"]
    said = await (await ash.command("greet", name="Foo")).message()
    assert said.content == "To Foo: hello."
    assert "no creature called" in await private_answer(ash, "greet", name="Nobody")
    assert "Only who greeted it" in await refusal(misty, await misty.click(said, "Bow"))
    assert (await press(ash, said, "Bow")).content == "To Foo: a bow."


async def test_its_button_stands_under_every_creature_where_there_is_room(
    running: RunningBot, ash: SandboxUser
) -> None:
    unsaved = labels(await hatch(ash, seed="2"))  # whose first row is full
    assert unsaved[:5] == ["Save", "Hatch another", "Reroll nearby", "Mix with …", "My creatures"]
    assert "Greet" in unsaved[5:]
    saved = labels(await (await ash.command("save", name="Bar")).message())
    assert saved[:5] == [*unsaved[1:5], "Greet"]
    assert {"Favourite", "Rename", "Release"} <= set(saved[5:])


async def test_its_dialog_answers(running: RunningBot, ash: SandboxUser) -> None:
    card = await hatch_and_save(ash, "Polite", "3")
    dialog = await (await ash.click(card, "Greet")).modal()
    said = await (await ash.submit(dialog, {"Words": "good morning"})).message()
    assert said.id != card.id and said.content == "To Polite: good morning."
    dialog = await (await ash.click(card, "Greet")).modal()
    assert "any word will do" in await refusal(ash, await ash.submit(dialog, {"Words": " "}))


async def test_all_of_it_goes_on_after_a_restart(tmp_path: Path, listed: None) -> None:
    async with Stage(tmp_path) as stage:
        first, ash = await stage.bot(), await stage.person("Ash")
        card = await hatch_and_save(ash, "Patient", "4")
        said = await (await ash.command("greet", name="Patient")).message()
        dialog = await (await ash.click(card, "Greet")).modal()
        await first.stop()
        await stage.bot()
        answered = await (await ash.submit(dialog, {"Words": "hi"})).message()  # open all the while
        assert answered.content == "To Patient: hi."
        assert (await press(ash, said, "Bow")).content == "To Patient: a bow."
        dialog = await (await ash.click(card, "Greet")).modal()
        assert (await (await ash.submit(dialog, {"Words": "hey"})).message()).content == "To Patient: hey."
