"""Hatching and saving: kept exactly, once, by their owner, however many ask at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.creature.reading import Reading
from bot.errors import UserError
from bot.store import (
    AlreadySaved,
    Creature,
    Hatch,
    Mix,
    NameInvalid,
    NameTaken,
    NotFound,
    NotYours,
    Store,
    StoreError,
    TooManySaved,
)
from bot.store import creatures as module
from bot.store.backup import back_up
from bot.store.ids import MAX_ID, new_id
from bot.store.recipes import LEVELS

from .conftest import ANN, BOB, CHANNEL, CHECKPOINT, PNG, SERVER, Clock, hatch, hatching, saved, w_plus

FIELDS = [name for name in Creature.__slots__ if name != "w_plus"]


def same(one: Creature, other: Creature) -> bool:
    fields_match = all(getattr(one, name) == getattr(other, name) for name in FIELDS)
    return fields_match and np.array_equal(one.w_plus, other.w_plus)


async def test_a_hatching_is_kept_exactly(store: Store, clock: Clock) -> None:
    seed = 2**32 - 1
    made = await hatch(store, seed=seed, seed_text="Ash 🔥", psi=0.7, noise_seed=seed, w_plus=w_plus(5))
    creature = await store.creatures.get(made.id)
    assert creature is not None and same(creature, made)
    assert (creature.recipe, creature.noise_seed) == (Hatch(seed, 0.7, "Ash 🔥"), seed)
    assert creature.owner_id == ANN
    assert (creature.guild_id, creature.channel_id, creature.checkpoint_id) == (SERVER, CHANNEL, CHECKPOINT)
    assert (creature.name, creature.saved_at) == (None, None)
    assert creature.created_at == clock.time and creature.created_at.tzinfo is not None
    assert creature.png == PNG
    assert creature.w_plus.dtype == np.float32 and creature.w_plus.shape == (10, 512)
    assert np.array_equal(creature.w_plus, w_plus(5))
    assert not creature.w_plus.flags.writeable


async def test_several_hatchings_keep_their_order(store: Store) -> None:
    made = await store.creatures.add([hatching(seed=seed, w_plus=w_plus(seed)) for seed in range(9)])
    assert [creature.recipe for creature in made] == [Hatch(seed, None) for seed in range(9)]
    assert len({creature.code for creature in made}) == 9
    assert len({creature.id for creature in made}) == 9
    assert await store.creatures.add([]) == []


async def test_a_mix_remembers_parents_and_recipe(store: Store) -> None:
    a, b = await saved(store, "Foo"), await saved(store, "Bar")
    child = await hatch(store, parent_a_id=a.id, parent_b_id=b.id, recipe=Mix(("shape",)))
    found = await store.creatures.get(child.id)
    assert found is not None
    assert (found.parent_a_id, found.parent_b_id, found.recipe) == (a.id, b.id, Mix(("shape",)))


async def test_a_missing_parent_keeps_none_of_the_children(store: Store) -> None:
    with pytest.raises(NotFound, match="parents is no longer here"):
        await store.creatures.add([hatching(), hatching(parent_a_id=999)])
    assert await store.creatures.latest_shown(ANN, CHANNEL) is None


async def test_an_unregistered_checkpoint_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="could not be kept"):
        await hatch(store, checkpoint_id="f" * 16)


async def test_w_plus_of_another_rank_is_a_mistake_in_the_program(store: Store) -> None:
    with pytest.raises(ValueError, match="w_plus"):
        await hatch(store, w_plus=w_plus()[None])


async def test_a_taken_code_is_drawn_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["aaaaaa", "aaaaaa", "bbbbbb", "cccccc", "cccccc", "dddddd", "eeeeee"])
    monkeypatch.setattr(module, "new_code", lambda: next(draws))
    assert (await hatch(store)).code == "aaaaaa"
    assert (await hatch(store)).code == "bbbbbb"
    twins = await store.creatures.add([hatching(), hatching()])
    assert [creature.code for creature in twins] == ["dddddd", "eeeeee"]


async def test_a_taken_id_is_drawn_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([5, 5, 6, 7, 7, 8, 9])
    monkeypatch.setattr(module, "new_id", lambda _: next(draws))
    assert [(await hatch(store)).id, (await hatch(store)).id] == [5, 6]
    assert [twin.id for twin in await store.creatures.add([hatching(), hatching()])] == [8, 9]


async def test_ids_never_come_twice_after_an_older_backup_is_restored(
    store: Store, database: Path, tmp_path: Path, clock: Clock
) -> None:
    """A button of a creature that was lost finds nothing, and never another person's."""
    kept = await saved(store, "Kept")
    back_up(database, tmp_path / "copy")
    lost = {creature.id for creature in await store.creatures.add([hatching() for _ in range(50)])}
    await store.close()
    for end in ("", "-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    (tmp_path / "copy").rename(database)
    restored = await Store.open(database, now=clock)  # in the very second in which the others were lost
    made = await restored.creatures.add([hatching(BOB) for _ in range(50)])
    assert not lost & {creature.id for creature in made}
    assert [await restored.creatures.get(i) for i in lost] == [None] * 50
    assert (await restored.collection.find(ANN, SERVER, "Kept")).id == kept.id
    await restored.close()


@pytest.mark.parametrize("year", [1970, 2025, 2026, 2092, 9999])
def test_ids_fit_a_column_and_are_none_that_was_counted_up(year: int) -> None:
    ids = {new_id(datetime(year, 1, 1, tzinfo=UTC)) for _ in range(100)}
    assert len(ids) == 100 and all(2**32 <= one <= MAX_ID for one in ids)


async def test_text_that_no_database_takes_is_made_storable(store: Store) -> None:
    creature = await hatch(store, seed=1, seed_text="a\0b")
    await store.people.note(ANN, {SERVER: "An\ud800n"}, creature.created_at)
    assert (await store.people.name(ANN, SERVER), creature.recipe) == ("An?n", Hatch(1, None, "ab"))


async def test_saving_names_a_creature(store: Store, clock: Clock) -> None:
    creature = await saved(store, "  Sir   Fluff ")
    assert (creature.name, creature.saved_at) == ("Sir Fluff", clock.time)
    assert await store.collection.count(ANN) == 1
    assert await store.collection.count(BOB) == 0
    kept = await store.creatures.get(creature.id)
    assert kept is not None and same(kept, creature)


@pytest.mark.parametrize("again", ["FOO", "foo", " Foo ", "fóo"])
async def test_a_name_is_taken_in_any_case(store: Store, again: str) -> None:
    await saved(store, "Foo")
    other = await hatch(store)
    with pytest.raises(NameTaken, match="already have a creature called Foo:") as refusal:
        await store.creatures.save(other.id, ANN, again, SERVER)
    assert isinstance(refusal.value, UserError)
    assert (await store.creatures.save(other.id, ANN, "Bar", SERVER)).name == "Bar"


async def test_what_is_saved_in_a_server_is_of_that_server(store: Store) -> None:
    """Wherever it was hatched."""
    for name, hatched_in, saved_in in (("Here", None, SERVER), ("There", SERVER, None)):
        creature = await hatch(store, guild_id=hatched_in)
        assert (await store.creatures.save(creature.id, ANN, name, saved_in)).guild_id == saved_in
    page = await store.collection.page(ANN, viewer_id=BOB, guild_id=SERVER)
    assert [entry.name for entry in page.entries] == ["Here"]


async def test_different_owners_may_use_the_same_name(store: Store) -> None:
    assert (await saved(store, "Foo", ANN)).name == (await saved(store, "Foo", BOB)).name


async def test_a_saved_creature_never_changes(store: Store) -> None:
    creature = await saved(store, "Foo")
    with pytest.raises(AlreadySaved, match="already saved as Foo") as refusal:
        await store.creatures.save(creature.id, ANN, "Bar", SERVER)
    assert same(refusal.value.creature, creature)


async def test_nobody_saves_what_is_not_theirs_or_not_there(store: Store) -> None:
    creature = await hatch(store)
    with pytest.raises(NotYours):
        await store.creatures.save(creature.id, BOB, "Mine", SERVER)
    for missing in (999, 0, -1, 2**63, 10**30):
        with pytest.raises(NotFound):
            await store.creatures.save(missing, ANN, "Foo", SERVER)
        assert await store.creatures.get(missing) is None
    with pytest.raises(NameInvalid):
        await store.creatures.save(creature.id, ANN, "<@1>", SERVER)
    assert await store.collection.count(ANN) == await store.collection.count(BOB) == 0


async def test_latest_shown_is_what_was_seen_last_here(store: Store, clock: Clock) -> None:
    assert await store.creatures.latest_shown(ANN, CHANNEL) is None
    older = await hatch(store)
    clock.advance(timedelta(seconds=1))
    younger = await hatch(store)
    await hatch(store, channel_id=CHANNEL + 1)
    await hatch(store, BOB)
    latest = await store.creatures.latest_shown(ANN, CHANNEL)
    assert latest is not None and latest.id == younger.id
    clock.advance(timedelta(seconds=1))
    await store.creatures.note_shown(older.id, ANN)
    latest = await store.creatures.latest_shown(ANN, CHANNEL)
    assert latest is not None and latest.id == older.id


async def test_a_clock_that_is_set_back_changes_no_order(store: Store, clock: Clock) -> None:
    """Discord's clock decides, which each interaction brings; and later words about earlier ones do not."""
    first_at, then = clock.time, timedelta(seconds=10)
    first = await hatch(store, at=first_at)
    clock.advance(timedelta(minutes=-5))
    second = await hatch(store, at=first_at + then)
    latest = await store.creatures.latest_shown(ANN, CHANNEL)
    assert latest is not None and latest.id == second.id
    await store.creatures.note_shown(second.id, ANN, first_at - then)
    await store.creatures.save(first.id, ANN, "First", SERVER, first_at + then)
    clock.advance(timedelta(minutes=-5))
    await store.creatures.save(second.id, ANN, "Second", SERVER, first_at + 2 * then)
    latest = await store.creatures.latest_shown(ANN, CHANNEL)
    assert latest is not None and latest.id == second.id
    page = await store.collection.page(ANN, viewer_id=ANN, guild_id=SERVER, sort="newest")
    assert [entry.name for entry in page.entries] == ["Second", "First"]


async def test_a_creature_among_several_is_not_the_latest_until_it_was_shown(store: Store) -> None:
    [first, _second] = await store.creatures.add([hatching(shown=False), hatching(shown=False)])
    assert await store.creatures.latest_shown(ANN, CHANNEL) is None
    await store.creatures.note_shown(first.id, BOB)  # not his
    assert await store.creatures.latest_shown(ANN, CHANNEL) is None
    await store.creatures.note_shown(first.id, ANN)
    latest = await store.creatures.latest_shown(ANN, CHANNEL)
    assert latest is not None and latest.id == first.id


async def test_of_many_saves_under_one_name_one_wins(store: Store) -> None:
    creatures = await store.creatures.add([hatching() for _ in range(50)])
    spellings = ["Foo", "FOO", "foo"]
    results = await asyncio.gather(
        *(store.creatures.save(c.id, ANN, spellings[i % 3], SERVER) for i, c in enumerate(creatures)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Creature) for result in results) == 1
    assert sum(isinstance(result, NameTaken) for result in results) == 49
    assert await store.collection.count(ANN) == 1


async def test_of_many_saves_of_one_creature_one_wins(store: Store) -> None:
    creature = await hatch(store)
    results = await asyncio.gather(
        *(store.creatures.save(creature.id, ANN, f"Foo {i}", SERVER) for i in range(50)),
        return_exceptions=True,
    )
    [winner] = [result for result in results if isinstance(result, Creature)]
    losers = [result for result in results if isinstance(result, AlreadySaved)]
    assert len(losers) == 49
    assert {loser.creature.name for loser in losers} == {winner.name}


async def test_concurrent_saves_through_two_connections_pools_all_succeed(store: Store, target: str) -> None:
    other = await Store.open(target, busy_timeout_s=30)
    creatures = await store.creatures.add([hatching() for _ in range(60)])
    await asyncio.gather(
        *(
            (store, other)[i % 2].creatures.save(c.id, ANN, f"Foo {i}", SERVER)
            for i, c in enumerate(creatures)
        ),
        *((store, other)[i % 2].creatures.add([hatching(BOB)]) for i in range(20)),
        *(store.collection.suggest(ANN, SERVER, "foo") for _ in range(20)),
    )
    assert await other.collection.count(ANN) == 60
    await other.close()


async def test_a_cancelled_save_leaves_the_store_usable(store: Store) -> None:
    creatures = await store.creatures.add([hatching() for _ in range(20)])
    saves = [
        asyncio.create_task(store.creatures.save(c.id, ANN, f"Foo {i}", SERVER))
        for i, c in enumerate(creatures)
    ]
    await saves[0]
    for save in saves[1:]:
        save.cancel()
    results = await asyncio.gather(*saves, return_exceptions=True)
    finished = sum(isinstance(result, Creature) for result in results)
    assert finished <= await store.collection.count(ANN) <= 20
    assert (await saved(store, "Afterwards")).name == "Afterwards"


async def test_reopening_keeps_everything(store: Store, target: str, clock: Clock) -> None:
    a, b = await saved(store, "Foo", psi=0.5, seed=1), await hatch(store, BOB, recipe=Mix(LEVELS, 50))
    child = await saved(store, "Child", parent_a_id=a.id, parent_b_id=b.id, w_plus=w_plus(3))
    await store.close()
    reopened = await Store.open(target, now=clock)
    for creature in (a, b, child):
        kept = await reopened.creatures.get(creature.id)
        assert kept is not None and same(kept, creature)
        by_code = await reopened.creatures.by_code(creature.code.upper())
        assert by_code is not None and by_code.id == creature.id
    await reopened.checkpoints.register(CHECKPOINT, "elsewhere", {"kimg": "600"})
    assert (await hatch(reopened)).checkpoint_id == CHECKPOINT
    await reopened.close()


async def test_registering_a_checkpoint_at_the_same_time_is_fine(store: Store) -> None:
    await asyncio.gather(*(store.checkpoints.register("e" * 16, f"path{i}", {"i": i}) for i in range(10)))
    assert (await hatch(store, checkpoint_id="e" * 16)).checkpoint_id == "e" * 16


@pytest.mark.parametrize(
    "reading",
    [
        None,
        Reading(""),
        Reading("heads", ("Fire",)),
        Reading("heads", ("Bug", "Steel"), "Green"),
    ],
)
async def test_what_was_read_of_it_is_kept(store: Store, reading: Reading | None) -> None:
    made = await hatch(store, reading=reading)
    found = await store.creatures.get(made.id)
    assert found is not None and found.reading == made.reading == reading


async def test_one_person_may_save_so_many_and_no_more(store: Store) -> None:
    hatched = await store.creatures.add([hatching() for _ in range(4)])
    tries = (store.creatures.save(one.id, ANN, f"Foo {i}", SERVER, most=2) for i, one in enumerate(hatched))
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Creature) for one in done) == 2
    refused = [one for one in done if not isinstance(one, Creature)]
    assert [type(one) for one in refused] == [TooManySaved] * 2 and "release one first" in str(refused[0])
    [other] = await store.creatures.add([hatching(BOB)])
    assert (await store.creatures.save(other.id, BOB, "Foo", SERVER, most=2)).name == "Foo"
