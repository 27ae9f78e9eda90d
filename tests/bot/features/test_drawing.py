"""Creatures from pictures: uploaded with the command or found in a message, and everything that is none."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image
from yarl import URL

from bot.core import downloads
from bot.core.downloads import download
from bot.engine import projection
from bot.engine.projection import Projector
from bot.errors import UserError
from bot.features.drawing import BYTES_MAX
from bot.store import Drawn, Store
from sandbox.driver import InteractionHandle, LocalFile, Message, SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, labels, picture, press, refusal
from tests.doodles import PAPER, doodle, encoded, landscape, moving, png_of_size

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOODLE = LocalFile("secret name.png", encoded(doodle(200)))
MENU = "Draw this"
SEARCH_S = 300.0  # at most: it stands back for other tests


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short search: what comes of it need not look like much."""
    monkeypatch.setattr(Projector, "steps", 3)


@pytest.fixture
def found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that finds the mean style, for what is not about searching."""
    code = base64.b64encode(np.zeros((6, 16), "<f4").tobytes()).decode()
    found = json.dumps({"w_plus": code, "layers": 6})
    monkeypatch.setattr(projection, "WORKER", ("-c", f"print('{found}')"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    bot = await RunningBot(tmp_path_factory.mktemp("bot"), drain_timeout_s=0.2).start()
    yield bot
    await bot.stop()


@pytest.fixture
def no_faults(running: RunningBot) -> Iterator[None]:
    yield
    running.sandbox.faults.clear()


async def drawn(handle: InteractionHandle) -> Message:
    """What is shown in the end, after the notes on how far it is."""
    return await handle.message(SEARCH_S, until=lambda message: bool(message.pictures))


async def test_a_doodle_becomes_a_creature_beside_it_that_is_like_any_other_and_nothing_else_is_kept(
    running: RunningBot, ash: SandboxUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told: list[str] = []
    asked = await ash.command("draw", picture=DOODLE)
    card = await drawn(asked)
    told += [message.content for message in asked.updates]
    assert any("Looking for a creature like this … 33%" in text for text in told)
    assert "Drawn from a picture" in card.text and "Save" in labels(card)
    assert "beside the picture that it comes from" in json.dumps(card.raw["components"])
    beside = await picture(ash, card)
    blue = np.asarray(beside.convert("RGB")).astype(int)[120:280, 20:190]
    assert (blue[..., 2] - blue[..., 0] > 80).mean() > 0.1, "the doodle stands to the left"
    saved = await (await ash.command("save", name="Doodle")).message()
    assert await ash.download(saved.pictures[0]) != await ash.download(card.pictures[0])
    near = await press(ash, saved, "Reroll nearby")
    assert near.pictures

    store = await Store.open(running.settings.database)
    creature = await store.collection.find(int(ash.id), None, "Doodle")
    await store.close()
    assert creature.recipe == Drawn()
    assert creature.checkpoint_id and creature.w_plus.shape == (6, 16)
    traces = [DOODLE.data[200:260], b"secret_name", b"secret name"]
    for path in await asyncio.to_thread(lambda: list(running.settings.data_dir.rglob("*"))):
        if path.is_file() and "sandbox" not in path.name:  # which plays Discord, and keeps its messages
            data = await asyncio.to_thread(path.read_bytes)
            assert not any(trace in data for trace in traces), path
    assert "secret" not in caplog.text


@pytest.mark.usefixtures("found_at_once")
async def test_what_moves_is_drawn_as_it_begins_and_that_is_said(ash: SandboxUser) -> None:
    card = await drawn(await ash.command("draw", picture=LocalFile("moves.gif", moving())))
    assert "It moves, so I drew how it begins." in card.text


@pytest.mark.usefixtures("found_at_once")
async def test_the_first_picture_of_a_message_is_drawn(ash: SandboxUser, misty: SandboxUser) -> None:
    assert MENU in ash.menus
    said = await misty.say("look", LocalFile("notes.txt", b"words"), DOODLE)
    await ash.wait(lambda: said.id in ash.history)
    card = await drawn(await ash.menu(said, MENU))
    assert "Drawn from a picture" in card.text and "Ash" in card.text
    assert (await drawn(await ash.menu(card, MENU))).pictures  # what the bot posted itself
    for words, files, sentence in (
        ("no picture", [], "There is no picture in this message"),
        ("notes", [LocalFile("notes.txt", b"words")], "no picture that I can read"),
    ):
        bare = await ash.say(words, *files)
        assert sentence in await refusal(ash, await ash.menu(bare, MENU))


BAD = {
    "not a picture": (LocalFile("notes.txt", b"words"), "no picture that I can read"),
    "text that is called a picture": (LocalFile("cat.png", b"words"), "no picture that I can read"),
    "another kind": (LocalFile("cat.bmp", encoded(doodle(64), "BMP")), "no picture that I can read"),
    "one pixel": (LocalFile("dot.png", encoded(doodle(1))), "too small"),
    "fifty million pixels": (LocalFile("huge.png", png_of_size(10_000, 5_000)), "at most 25 million"),
    "too many bytes": (LocalFile("noise.png", b"\x89PNG" + bytes(BYTES_MAX)), "at most 10 MB"),
    "half a file": (LocalFile("cat.png", DOODLE.data[: len(DOODLE.data) // 2]), "damaged or not complete"),
    "nobody": (LocalFile("paper.png", encoded(Image.new("RGB", (64, 64), PAPER))), "nothing on this"),
    "a landscape": (LocalFile("view.jpg", encoded(landscape(), "JPEG")), "plain or a transparent background"),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_cannot_be_drawn_is_one_private_sentence(ash: SandboxUser, what: str) -> None:
    file, sentence = BAD[what]
    told = await refusal(ash, await ash.command("draw", picture=file))
    assert sentence in told and "error" not in told


@pytest.mark.usefixtures("no_faults")
async def test_a_file_server_that_is_down_slow_or_elsewhere_is_one_sentence(
    running: RunningBot, ash: SandboxUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = running.sandbox.faults
    for cause, sentence in (
        (lambda: faults.fail("file", 503, times=None), "could not hand over the file"),
        (lambda: faults.drop("file", times=None), "could not hand over the file"),
        (lambda: faults.refuse("file", 10008), "does not have this file any more"),
    ):
        cause()
        assert sentence in await refusal(ash, await ash.command("draw", picture=DOODLE))
        faults.clear()
    monkeypatch.setattr(downloads, "TIMEOUT", downloads.aiohttp.ClientTimeout(total=0.2))
    held = faults.hold("file")
    assert "took too long" in await refusal(ash, await ash.command("draw", picture=DOODLE))
    held.release()
    running.sandbox.clock.advance(25 * 3600)  # and the address is no good any more
    said = await ash.say("", DOODLE)
    old = URL(await picture_url(ash, said)).with_query({"ex": "0", "is": "0", "hm": "0"})
    with pytest.raises(UserError, match="any more"):
        await download(f"{ash.url}{old}", BYTES_MAX)


async def picture_url(ash: SandboxUser, message: Message) -> str:
    return ash.current(message).pictures[0].url


WORKERS = {
    "it is killed": ("import os; os.kill(os.getpid(), 9)", "No likeness could be found"),
    "it never ends": ("import time; print('{\"step\": 1}', flush=True); time.sleep(600)", "took too long"),
    "the checkpoint cannot be loaded": (
        'print(\'{"refusal": "no", "checkpoint": true}\', flush=True)',
        "cannot be loaded: please tell an admin",
    ),
}


@pytest.mark.parametrize("what", WORKERS)
async def test_a_search_that_fails_is_one_sentence_and_the_next_one_works(
    ash: SandboxUser, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    program, sentence = WORKERS[what]
    with monkeypatch.context() as patch:
        patch.setattr(projection, "WORKER", ("-c", program))
        patch.setattr(Projector, "timeout_s", 0.5 if "sleep" in program else 60)
        assert sentence in await refusal(ash, await ash.command("draw", picture=DOODLE))
    assert (await hatch(ash)).pictures


async def test_a_checkpoint_that_was_damaged_meanwhile_is_said_so(
    running: RunningBot, ash: SandboxUser
) -> None:
    path = running.settings.checkpoint
    whole = await asyncio.to_thread(path.read_bytes)
    aside = [one for one in running.settings.data_dir.rglob("*.safetensors") if one.is_file()]
    kept = {one: one.read_bytes() for one in aside}
    for one in (path, *aside):
        one.write_bytes(whole[:100])
    try:
        told = await refusal(ash, await ash.command("draw", picture=DOODLE))
        assert "cannot be loaded: please tell an admin" in told
    finally:
        for one, data in ((path, whole), *kept.items()):
            one.write_bytes(data)


async def test_one_at_a_time_and_a_stop_says_so_and_afterwards_it_works_again(
    running: RunningBot, ash: SandboxUser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a search that tells its process id and goes on for ever."""
    program = (
        "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid()));"
        "print('{\"step\": 2}', flush=True); time.sleep(600)"
    )
    with monkeypatch.context() as patch:
        patch.setattr(projection, "WORKER", ("-c", program, str(tmp_path / "pid")))
        first = await ash.command("draw", picture=DOODLE)
        note = await first.message(until=lambda m: "67%" in m.content)
        assert "I was restarted meanwhile" in note.content and not note.private
        assert "wait for that one" in await refusal(ash, await ash.command("draw", picture=DOODLE))
        pid = int((tmp_path / "pid").read_text())
        stopping = asyncio.create_task(running.stop())
        await ash.wait(lambda: any("going to sleep" in m.content for m in first.updates))
        await stopping
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await running.start()
    async with SandboxUser(running.url, "Ash") as again:
        monkeypatch.setattr(projection, "WORKER", ("-c", "raise SystemExit(1)"))
        assert "No likeness" in await refusal(again, await again.command("draw", picture=DOODLE))


async def test_drawings_count_as_any_creature_does_unless_they_fail(tmp_path: Path) -> None:
    bot = await RunningBot(tmp_path, cooldown_burst=9, cooldown_per_minute=0.01).start()
    try:
        async with SandboxUser(bot.url, "Ash") as ash:
            landscape_file, sentence = BAD["a landscape"]
            for _ in range(2):
                assert sentence in await refusal(ash, await ash.command("draw", picture=landscape_file))
            await hatch(ash, count=9)
            told = await refusal(ash, await ash.command("draw", picture=DOODLE))
            assert "hatch faster" in told
    finally:
        await bot.stop()
