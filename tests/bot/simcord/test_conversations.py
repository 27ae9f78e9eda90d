"""Everything that people can do with the bot, on a stand-in for Discord that is not ours."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.core.buttons import view_of
from bot.core.features import load
from bot.engine import Hatched
from bot.features import FEATURES
from bot.features.collection import OfType
from bot.features.mixing.children import Swap
from bot.features.retraining.buttons import GoOn
from bot.store import NewJob
from tests.bot.engine.ordering import hatched
from tests.bot.simcord.stage import SimcordStage, alts, labels, public, refused, seeds, title, words
from tests.bot.talking import WILD

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_hatch_save_and_keep(stage: SimcordStage) -> None:
    ash = stage.ash
    hatched = await stage.shown(ash, "newmon", seed="Ash", weirdness="wild")
    assert WILD.fullmatch(title(hatched)) and seeds(hatched) == ["`Ash`"]
    assert hatched.attachments[0].filename == "creature.png"
    asked = await stage.press(ash, hatched, "Save")
    card = public(await stage.fill_in(ash, asked, name="Foo"))
    assert card.id == hatched.id and title(card) == "Foo"
    starred = public(await stage.press(ash, card, "Favourite"))
    assert title(starred) == "Foo ⭐"
    assert title(public(await stage.press(ash, starred, "Unfavourite"))) == "Foo"
    asked = await stage.press(ash, card, "Rename")
    renamed = public(await stage.fill_in(ash, asked, name="Fooling"))
    assert title(renamed) == "Fooling"
    asking = public(await stage.press(ash, renamed, "Release"))
    assert "Let **Fooling** go for good?" in words(asking)
    kept = public(await stage.press(ash, asking, "Keep it"))
    assert "for good?" not in words(kept) and "Release" in labels(kept)
    asking = public(await stage.press(ash, kept, "Release"))
    gone = public(await stage.press(ash, asking, "Yes, let Fooling go"))
    assert title(gone) == "Fooling was released." and not gone.attachments
    assert WILD.fullmatch(title(public(await stage.press(ash, gone, "Hatch another"))))


async def test_looking_closer(stage: SimcordStage) -> None:
    foo = await stage.saved(stage.ash, "Looked at", "7")
    card = await stage.shown(stage.misty, "card", name=(await stage.stored(stage.ash, "Looked at")).code)
    assert card.attachments[0].filename == "card.png"
    again = public(await stage.press(stage.misty, foo, "Card"))
    assert again.attachments[0].size == card.attachments[0].size
    assert title(public(await stage.press(stage.misty, card, "Have a look"))) == "Looked at"
    for label in ("Full size", "Details"):
        seen = await stage.press(stage.misty, foo, label)
        assert seen.response is not None and seen.response.ephemeral


async def test_a_family(stage: SimcordStage) -> None:
    ash = stage.ash
    card = await stage.saved(ash, "Elder", "31")
    near = public(await stage.press(ash, card, "Reroll nearby"))
    asked = await stage.press(ash, near, "Save")
    child = public(await stage.fill_in(ash, asked, name="Younger"))
    tree = public(await stage.press(ash, child, "Family"))
    assert tree.attachments[0].filename == "family.png"
    assert tree.attachments[0].size == (await stage.shown(ash, "family", name="Younger")).attachments[0].size
    assert title(public(await stage.choose(stage.misty, tree, "Look at one …", "Elder"))) == "Elder"


async def test_evolve(stage: SimcordStage) -> None:
    """With a checkpoint that never learned to read stage and size."""
    card = await stage.saved(stage.ash, "Unread", "32")
    refusals = [
        await stage.press(stage.ash, card, "Evolve"),
        await stage.command(stage.ash, "evolve", name="Unread"),
    ]
    assert all(one.response is not None and one.response.ephemeral for one in refusals)


async def test_several_at_once_and_a_small_step_away(stage: SimcordStage) -> None:
    ash = stage.ash
    sheet = await stage.shown(ash, "newmon", count=4)
    names = labels(sheet)[:4]
    assert ", ".join(alts(sheet)) == ", ".join(names)
    one = public(await stage.press(ash, sheet, names[1]))
    assert one.id != sheet.id and title(one) == f"A wild {names[1]} hatched!"
    more = public(await stage.press(ash, sheet, "Hatch 4 more"))
    assert len(alts(more)) == 2 and labels(more)[4:] == labels(sheet)[4:]
    near = public(await stage.press(stage.misty, one, "Reroll nearby"))
    assert "A small step away" in words(near)
    asked = await stage.command(ash, "save")
    assert title(public(await stage.fill_in(ash, asked, name="Chosen"))) == "Chosen"


async def test_mix(stage: SimcordStage) -> None:
    ash = stage.ash
    await stage.saved(ash, "Fizz", "14")
    fizz = await stage.saved(ash, "Moltigo", "11")
    mixed = await stage.shown(ash, "mix", a="Fizz", b="Moltigo")
    assert labels(mixed) == ["1", "2", "3", "4", "5", "6", "Swap parents", "More like this", "Watch"]
    assert "Fizz × Moltigo" in words(public(await stage.press(ash, mixed, "1")))
    swapped = public(await stage.press(ash, mixed, "Swap parents"))
    assert swapped.id == mixed.id and alts(swapped)[0] == "Moltigo and Fizz"
    varied = public(await stage.press(ash, swapped, "More like this"))
    assert varied.id != mixed.id and len(labels(varied)) == 9
    watched = public(await stage.press(stage.misty, varied, "Watch"))
    assert [one.filename for one in watched.attachments] == ["watch.gif"]
    assert watched.attachments[0].description == "Moltigo becomes Fizz, and Moltigo again."
    child = await stage.shown(ash, "mix", a="Fizz", b="Moltigo", take="colours", amount=40)
    assert "Fizz × Moltigo" in words(child)
    asked = await stage.press(ash, child, "Save")
    assert "Fitigo" in str(asked.modal)
    asked = await stage.press(ash, fizz, "Mix with …")
    chosen = next(option for option in _options(asked.modal) if option["label"] == "Fizz")
    assert "Moltigo and Fizz" in alts(public(await stage.fill_in(ash, asked, partner=[chosen["value"]])))
    asked = await stage.press(ash, fizz, "Mix with …")
    assert "Moltigo and Fizz" in alts(public(await stage.fill_in(ash, asked, text="fizz")))


def _options(modal: dict[str, object] | None) -> list[dict[str, str]]:
    assert modal is not None
    components = modal["components"]
    assert isinstance(components, list)
    return next(c["component"]["options"] for c in components if "options" in c["component"])


async def test_a_collection_of_several_pages(stage: SimcordStage) -> None:
    misty = stage.misty
    await stage.many_saved(misty, [f"Number {i:02d}" for i in range(13)])
    page = await stage.shown(misty, "mons", sort="name")
    assert "Page 1 of 2" in str(page.embeds[0].footer.text)
    assert "Page 2 of 2" in str(public(await stage.press(misty, page, "Next ▶")).embeds[0].footer.text)
    assert "Page 1 of 2" in str(public(await stage.press(misty, page, "◀ Back")).embeds[0].footer.text)
    oldest = public(await stage.choose(misty, page, "Order", "Oldest first"))
    assert "oldest first" in str(oldest.embeds[0].footer.text)
    opened = public(await stage.choose(stage.ash, page, "Open one …", "Number 03"))
    assert opened.id != page.id and title(opened) == "Number 03"
    theirs = await stage.shown(stage.ash, "mons", user=misty)
    assert "misty" in title(theirs)
    own = public(await stage.press(misty, opened, "My creatures"))
    assert title(own) == title(theirs)
    assert title(await stage.shown(misty, "mon", name="number 07")) == "Number 07"


async def test_what_is_offered_while_typing(stage: SimcordStage) -> None:
    await stage.saved(stage.ash, "Typed", "5")
    typed = await stage.ash.autocomplete(stage.channel, "mon", "name", "typ")
    assert typed == [{"name": "Typed", "value": "Typed"}]
    assert await stage.ash.autocomplete(stage.channel, "mix", "b", "typ", a="Typed") == typed
    [step] = await stage.ash.autocomplete(stage.channel, "newmon", "weirdness", "wi")
    assert step["value"] == "wild"
    assert await stage.ash.autocomplete(stage.channel, "retrain start", "data", "") == []
    assert await stage.oak.autocomplete(stage.channel, "checkpoint use", "id", "")


async def test_in_direct_messages(stage: SimcordStage) -> None:
    user = stage.ash.user
    hatched = await user.slash("newmon", seed="dm")
    assert hatched.response is not None and WILD.fullmatch(title(hatched.response))
    saved = await user.slash("save", name="Direct")
    assert saved.response is not None and title(saved.response) == "Direct"
    mine = await user.click(saved.response, label="My creatures")
    assert mine.response is not None and "ash" in title(mine.response)


async def test_a_mix_of_an_earlier_version_becomes_rows_where_it_stands(stage: SimcordStage) -> None:
    ash = stage.ash
    for name, seed in (("Alder", "3"), ("Birch", "4")):
        await stage.saved(ash, name, seed)
    a, b = await stage.stored(ash, "Alder"), await stage.stored(ash, "Birch")
    channel = stage.bot.get_partial_messageable(stage.channel.id, guild_id=stage.guild.id)
    before = await channel.send(
        embed=discord.Embed(title="Alder × Birch"), view=view_of([Swap(a.id, b.id, ash.id).item()])
    )
    swapped = public(await ash.click(before, label="Swap parents"))
    assert swapped.id == before.id and not swapped.embeds
    assert alts(swapped)[0] == "Birch and Alder" and labels(swapped)[-1] == "Watch"


async def test_parents_of_two_checkpoints(stage: SimcordStage, monkeypatch: pytest.MonkeyPatch) -> None:
    ash, oak, engine = stage.ash, stage.oak, stage.bot.engine

    async def found(*_: object, on_accepted: Any, on_progress: Any, user_id: int) -> Hatched:
        """The search is a process, which simcord cannot wait for; test_rehatching.py runs it."""
        await on_accepted()
        await on_progress(0.5)
        [creature] = await hatched(engine, [7], 1.0, user_id=user_id)
        return creature

    monkeypatch.setattr(engine, "project", found)
    first = stage.bot.engine.checkpoint_id
    await stage.saved(ash, "Older", "1")
    another = await stage.another_checkpoint()
    used = public(await stage.command(oak, "checkpoint use", id=another[:8]))
    assert another[:8] in used.content
    await stage.saved(ash, "Newer", "2")
    offer = await stage.shown(ash, "mix", a="Older", b="Newer")
    made = public(await stage.press(ash, offer, "Re-hatch Older"))
    assert "re-hatched" in title(made)
    mixed = public(await stage.press(ash, made, "Keep it and mix"))
    assert alts(mixed)[0] == "Older 2 and Newer"
    await stage.command(oak, "checkpoint use", id=first[:8])


async def test_admins_and_nobody_else(stage: SimcordStage) -> None:
    oak, store = stage.oak, stage.bot.store
    listed = await stage.command(oak, "checkpoint list")
    assert listed.response is not None and listed.response.ephemeral
    assert "in use" in str(listed.response.embeds[0].description)
    started = NewJob(
        started_by=oak.id,
        started_by_name="Oak",
        guild_id=stage.guild.id,
        channel_id=stage.channel.id,
        message_id=None,
        kimg=1,
        data="sprites",
        run="",
        parent_id=stage.bot.engine.checkpoint_id,
    )
    job = await store.jobs.begin(started)
    status = await stage.command(oak, "retrain status")
    assert status.response is not None and status.response.ephemeral
    since = len(stage.env.http_requests)
    busy = await stage.command(oak, "retrain start")
    assert "is running already" in refused(stage, busy, since)
    await stage.press(oak, status.response, "Cancel")
    running = await store.jobs.running()
    assert running is not None and running.cancelled_by == "oak"
    again = await stage.command(oak, "retrain cancel")
    assert again.response is not None and again.response.ephemeral
    other = await stage.another_checkpoint()
    await store.jobs.complete(job.id, other, instead_of=None)
    done = await stage.command(oak, "retrain status")
    assert done.response is not None
    used = public(await stage.press(oak, done.response, "Use it anyway"))
    assert other[:8] in used.content
    helped = await stage.command(stage.ash, "help")
    assert (
        helped.response is not None and helped.response.ephemeral and "/retrain" not in words(helped.response)
    )
    about = await stage.command(stage.ash, "about")
    assert about.response is not None and about.response.ephemeral
    pressed = await stage.press(stage.ash, about.response, "What else can you do?")
    assert pressed.response is not None and words(pressed.response) == words(helped.response)


async def test_being_forgotten(stage: SimcordStage) -> None:
    asked = await stage.command(stage.misty, "mydata forget")
    assert asked.response is not None and asked.response.ephemeral
    kept = await stage.press(stage.misty, asked.response, "Keep everything")
    assert kept.response is not None and "Nothing was changed." in words(kept.response)
    asked = await stage.command(stage.misty, "mydata forget")
    assert asked.response is not None
    gone = await stage.press(stage.misty, asked.response, "Yes, forget me")
    assert gone.response is not None and "Forgotten: " in words(gone.response)


async def test_nothing_of_it_was_left_out(stage: SimcordStage) -> None:
    """Runs last: whatever can be pressed, chosen or filled in was, in the tests above. Nothing is read of the
    creatures here, so that there are no types to choose from.
    """
    loaded = load(FEATURES)
    shown = set(loaded.components) - {GoOn.prefix, OfType.prefix}
    assert stage.pressed == shown | set(loaded.dialogs)


async def test_a_message_from_before_a_restart_still_works(stage: SimcordStage) -> None:
    hatched = await stage.shown(stage.ash, "newmon", seed="before")
    await stage.restart()
    asked = await stage.press(stage.ash, hatched, "Save")
    assert title(public(await stage.fill_in(stage.ash, asked, name="Before"))) == "Before"
