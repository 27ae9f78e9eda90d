"""Watch: a GIF of one parent that becomes the other, for anybody, drawn and counted like hatching."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image, ImageSequence

from bot.config import LARGEST_REQUEST
from bot.features.mixing.watching import STEPS
from bot.ui.morphing import MARGIN, SIDE
from sandbox.driver import Message, SandboxUser
from tests.bot.running import RunningBot, make_checkpoint
from tests.bot.talking import hatch, hatch_and_save, labels, press, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mixed(running: RunningBot) -> Message:
    """The sheet of Ash's Foo and Bar."""
    async with SandboxUser(running.url, "Ash") as ash:
        await hatch_and_save(ash, "Foo", "1")
        await hatch_and_save(ash, "Bar", "2")
        return await (await ash.command("mix", a="Foo", b="Bar")).message()


async def gif(user: SandboxUser, message: Message) -> tuple[list[np.ndarray], Image.Image]:
    """The frames of a message's one picture, and what else is known of it."""
    [picture] = message.pictures
    image = Image.open(io.BytesIO(await user.download(picture)))
    frames = [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(image)]
    return frames, image


async def test_anybody_watches_one_parent_become_the_other(
    ash: SandboxUser, misty: SandboxUser, mixed: Message
) -> None:
    watched = await press(misty, mixed, "Watch")
    assert watched.id != mixed.id and not watched.private
    assert watched.alts == ("Foo becomes Bar, and Foo again.",) and watched.text == ""
    frames, image = await gif(misty, watched)
    assert image.format == "GIF" and image.info["loop"] == 0
    assert STEPS < len(frames) <= 2 * STEPS  # fewer where two of them are the same
    for frame, name in ((frames[0], "Foo"), (frames[len(frames) // 2], "Bar")):
        card = await (await ash.command("mon", name=name)).message()
        drawn = Image.open(io.BytesIO(await ash.download(card.pictures[0]))).convert("RGBA")
        small = np.asarray(drawn.resize((SIDE, SIDE), Image.Resampling.NEAREST)).astype(int)
        shown = frame[:SIDE, MARGIN : MARGIN + SIDE]
        opaque = small[..., 3] == 255
        assert np.abs(shown - small[..., :3])[opaque].mean() < 12


async def test_a_child_offers_it_until_a_parent_is_gone(ash: SandboxUser, misty: SandboxUser) -> None:
    await hatch_and_save(ash, "Stays", "3")
    leaving = await hatch_and_save(ash, "Leaves", "4")
    sheet = await (await ash.command("mix", a="Stays", b="Leaves")).message()
    child = await press(ash, sheet, "5")
    assert (await press(misty, child, "Watch")).alts == ("Stays becomes Leaves, and Stays again.",)
    saved = await (await ash.command("save", name="Heir")).message()
    asked = await press(ash, leaving, "Release")
    await press(ash, asked, "Yes, let Leaves go")
    for message in (sheet, child):
        assert "no longer there" in await refusal(misty, await misty.click(message, "Watch"))
    card = await (await ash.command("mon", name="Heir")).message()
    assert "Watch" not in labels(card) and "Watch" in labels(saved)
    assert "Watch" not in labels(await hatch(ash))


async def test_parents_without_names_have_those_they_hatched_with(ash: SandboxUser, mixed: Message) -> None:
    wild = await hatch(ash, seed="wild one")
    name = wild.title.removeprefix("A wild ").removesuffix(" hatched!")
    dialog = await (await ash.click(wild, "Mix with …")).modal()
    sheet = await (await ash.submit(dialog, {"text": "Foo"})).message()
    assert sheet.alts[0] == f"{name} and Foo"
    assert (await press(ash, sheet, "Watch")).alts == (f"{name} becomes Foo, and {name} again.",)


async def test_it_counts_as_the_largest_sheet_does(tmp_path: Path) -> None:
    limits = {"cooldown_burst": 2 + 6 + LARGEST_REQUEST, "cooldown_per_minute": 1}
    bot = await RunningBot(tmp_path, per_user_limit=LARGEST_REQUEST, **limits).start()
    try:
        async with SandboxUser(bot.url, "Ash") as ash:
            await hatch_and_save(ash, "Foo", "1")
            await hatch_and_save(ash, "Bar", "2")
            sheet = await (await ash.command("mix", a="Foo", b="Bar")).message()
            assert (await press(ash, sheet, "Watch")).pictures
            assert "please wait" in await refusal(ash, await ash.click(sheet, "Watch"))
    finally:
        await bot.stop()


@pytest.mark.slow
async def test_old_checkpoints_are_watched_with_their_own_network_or_not_at_all(tmp_path: Path) -> None:
    bot = await RunningBot(tmp_path).start()
    async with SandboxUser(bot.url, "Ash") as ash:
        await hatch_and_save(ash, "Foo", "1")
        await hatch_and_save(ash, "Bar", "2")
        sheet = await (await ash.command("mix", a="Foo", b="Bar")).message()
        before = await gif(ash, await press(ash, sheet, "Watch"))
    await bot.stop()
    make_checkpoint(bot.settings.checkpoint, seed=1)
    await bot.start()
    async with SandboxUser(bot.url, "Ash") as ash:
        after = await gif(ash, await press(ash, sheet, "Watch"))
        assert all(np.array_equal(a, b) for a, b in zip(before[0], after[0], strict=True))
    await bot.stop()
    for kept in (bot.settings.data_dir / "checkpoints").glob("*.safetensors"):
        kept.unlink()
    await bot.start()
    async with SandboxUser(bot.url, "Ash") as ash:
        assert "cannot be loaded any more" in await refusal(ash, await ash.click(sheet, "Watch"))
    await bot.stop()
