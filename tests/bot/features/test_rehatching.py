"""Creatures of older checkpoints: they stay as they are, mix among themselves, and can be re-hatched."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.engine import helper, projection
from bot.engine.local import LocalEngine
from bot.engine.projection import Projector
from bot.store import Creature, Rehatch, Store
from sandbox.driver import Message, SandboxUser
from tests.bot.engine.ordering import redrawn
from tests.bot.running import RunningBot, make_checkpoint
from tests.bot.talking import hatch, hatch_and_save, labels, press, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

STEPS = 3
SEARCH_S = 300.0  # at most


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short search: what comes of it need not look like much."""
    monkeypatch.setattr(Projector, "steps", STEPS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """A bot on its second checkpoint. Ash has Old and Older of the first, and New of the second."""
    bot = await RunningBot(tmp_path_factory.mktemp("bot"), drain_timeout_s=0.2).start()
    async with SandboxUser(bot.url, "Ash") as ash:
        await hatch_and_save(ash, "Old", "1")
        await hatch_and_save(ash, "Older", "2")
    await bot.stop()
    make_checkpoint(bot.settings.checkpoint, seed=1)
    await bot.start()
    async with SandboxUser(bot.url, "Ash") as ash:
        await hatch_and_save(ash, "New", "1")
    yield bot
    await bot.stop()


async def stored(bot: RunningBot, ash: SandboxUser, name: str) -> Creature:
    store = await Store.open(bot.settings.database)
    try:
        return await store.collection.find(int(ash.id), None, name)
    finally:
        await store.close()


async def offered(ash: SandboxUser) -> Message:
    return await (await ash.command("mix", a="Old", b="New")).message()


async def rehatched(ash: SandboxUser, offer: Message, button: str) -> Message:
    """What is shown in the end, after the notes on how far it is."""
    searching = await ash.click(offer, button)  # in a process that stands back: other tests come before it
    return await searching.message(SEARCH_S, until=lambda message: bool(message.pictures))


async def test_old_creatures_show_as_they_were_reroll_and_mix_on_their_own_checkpoint(
    bot: RunningBot,
) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        old, new = await stored(bot, ash, "Old"), await stored(bot, ash, "New")
        assert old.checkpoint_id != new.checkpoint_id
        card = await (await ash.command("mon", name="Old")).message()
        assert old.checkpoint_id[:8] in card.text
        rerolled = await press(ash, card, "Reroll nearby")
        assert old.checkpoint_id[:8] in rerolled.text
        sheet = await (await ash.command("mix", a="Old", b="Older")).message()
        child = await press(ash, sheet, "4")
        assert "mostly Old" in child.text and old.checkpoint_id[:8] in child.text
        more = await press(ash, sheet, "More like this")
        assert old.checkpoint_id[:8] in (await press(ash, more, "1")).text
        assert new.checkpoint_id[:8] in (await hatch(ash)).text
    engine = LocalEngine(bot.settings.checkpoint, folder=bot.settings.data_dir / "checkpoints", threads=1)
    await engine.start()
    drawn = [
        await redrawn(engine, [one.w_plus], [one.noise_seed], user_id=1, checkpoint_id=one.checkpoint_id)
        for one in (old, new)
    ]
    await engine.close()
    assert [one.png for [one] in drawn] == [old.png, new.png]


@pytest.mark.slow
async def test_a_parent_of_another_checkpoint_is_rehatched_shown_kept_and_mixed(bot: RunningBot) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        offer = await offered(ash)
        assert "different checkpoints" in offer.title
        assert labels(offer) == ["Re-hatch Old", "Re-hatch New"]  # into the one in use first

    await bot.stop()
    await bot.start()  # the buttons outlive it

    async with SandboxUser(bot.url, "Ash") as ash, SandboxUser(bot.url, "Misty") as misty:
        assert "somebody else's" in await refusal(misty, await misty.click(offer, "Re-hatch Old"))
        shown = await rehatched(ash, offer, "Re-hatch Old")
        assert shown.pictures and labels(shown) == ["Keep it and mix"]
        handle = await ash.command("mon", name="Old 2")
        assert "no creature" in (await refusal(ash, handle)).lower()  # nothing is saved without consent
        await misty.wait(lambda: shown.id in misty.history)
        assert "somebody else's" in await refusal(misty, await misty.click(shown, "Keep it and mix"))
        both = await asyncio.gather(*(ash.click(shown, "Keep it and mix") for _ in range(2)))
        sheets = [await handle.message() for handle in both]
        assert [sheet.alts[0] for sheet in sheets] == ["Old 2 and New"] * 2
        card = await (await ash.command("mon", name="Old 2")).message()
        assert "Re-hatched" in card.text and "Old" in card.text
        old, made, new = [await stored(bot, ash, name) for name in ("Old", "Old 2", "New")]
    assert made.parent_a_id == old.id and made.checkpoint_id == new.checkpoint_id
    assert made.recipe == Rehatch(old.checkpoint_id) and made.noise_seed == old.noise_seed
    assert made.w_plus.shape == new.w_plus.shape


def quick_search(monkeypatch: pytest.MonkeyPatch, like: Creature) -> None:
    """A search that finds the mean style at once."""
    code = base64.b64encode(np.zeros_like(like.w_plus).tobytes()).decode()
    found = json.dumps({"w_plus": code, "layers": len(like.w_plus)})
    monkeypatch.setattr(projection, "WORKER", ("-c", f"print('{found}')"))


async def test_the_other_way_round_the_new_one_is_rehatched_and_stays_b(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        quick_search(monkeypatch, await stored(bot, ash, "New"))
        shown = await rehatched(ash, await offered(ash), "Re-hatch New")
        sheet = await press(ash, shown, "Keep it and mix")
        assert sheet.alts[0] == "Old and New 2"
        old, made = await stored(bot, ash, "Old"), await stored(bot, ash, "New 2")
    assert made.checkpoint_id == old.checkpoint_id


async def test_a_checkpoint_that_is_gone_is_no_place_to_rehatch_in(bot: RunningBot) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        old = await stored(bot, ash, "Old")
    path = bot.settings.data_dir / "checkpoints" / f"{old.checkpoint_id}.safetensors"
    aside = path.rename(path.with_suffix(".aside"))
    await bot.stop()
    await bot.start()  # with nothing in memory
    async with SandboxUser(bot.url, "Ash") as ash:
        assert labels(await offered(ash)) == ["Re-hatch Old"]
        for handle in (
            await ash.command("mix", a="Old", b="Older"),
            await ash.click(await (await ash.command("mon", name="Old")).message(), "Reroll nearby"),
        ):
            assert "cannot be loaded any more" in await refusal(ash, handle)
        card = await (await ash.command("mon", name="Old")).message()
        assert card.pictures  # it keeps its picture
    aside.rename(path)


WORKERS = {
    "it crashes": "raise SystemExit(3)",
    "it is killed": "import os; os.kill(os.getpid(), 9)",
    "it refuses": 'print(\'{"refusal": "no"}\', flush=True)',
    "it never ends": "import time; print('{\"step\": 1}', flush=True); time.sleep(600)",
}


async def test_a_search_that_fails_is_one_sentence_and_the_next_one_works(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        offer = await offered(ash)
        for what, program in WORKERS.items():
            monkeypatch.setattr(projection, "WORKER", ("-c", program))
            endless = what == "it never ends"
            monkeypatch.setattr(Projector, "timeout_s", 0.5 if endless else 60)
            expected = "took too long" if endless else "No likeness could be found"
            assert expected in await refusal(ash, await ash.click(offer, "Re-hatch Old")), what
            assert (await hatch(ash)).pictures
        monkeypatch.setattr(Projector, "timeout_s", 60)
        quick_search(monkeypatch, await stored(bot, ash, "Old"))
        assert (await rehatched(ash, offer, "Re-hatch Old")).pictures


async def test_one_each_and_progress_is_shown_and_a_stop_says_so(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a search that tells its process id and goes on for ever."""
    program = (
        "import os, sys, time; open(sys.argv[1] + '.pid', 'w').write(str(os.getpid()));"
        "print('{\"step\": 2}', flush=True); time.sleep(600)"
    )
    monkeypatch.setattr(projection, "WORKER", ("-c", program, str(tmp_path / "worker")))
    async with SandboxUser(bot.url, "Ash") as ash:
        offer = await offered(ash)
        first = await ash.click(offer, "Re-hatch Old")
        told = await first.message(until=lambda m: "Re-hatching Old" in m.content)
        assert told.content == "Re-hatching Old … 67%"
        assert "already" in await refusal(ash, await ash.click(offer, "Re-hatch New"))
        pid = int((tmp_path / "worker.pid").read_text())
        assert os.getpriority(os.PRIO_PROCESS, pid) == helper.NICENESS > 0
        stopping = asyncio.create_task(bot.stop())
        await ash.wait(lambda: any("going to sleep" in m.content for m in first.updates))
        await stopping
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await bot.start()
