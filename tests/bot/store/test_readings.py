"""What was read of creatures: kept, filtered by, and found again where something else is to read it."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.creature.reading import Reading
from bot.creature.traits import TYPES
from bot.store import SORTS, Creature, Sort, Store, listing, readings
from bot.store.readings import Source

from .conftest import ANN, BOB, CHECKPOINT, ELSEWHERE, SERVER, Clock, hatch, plan, saved, ten_thousand, w_plus

FIRE, WATER = Reading("heads", ("Fire",), "Red"), Reading("heads", ("Water", "Fire"), "Blue")
GRASS, NOBODY = Reading("heads", ("Grass", "Bug"), "Green"), Reading("")


async def collection(store: Store, clock: Clock) -> list[Creature]:
    """Eight of Ann's, of four kinds in turn, a minute apart; every third is a favourite."""
    made = []
    for i, reading in enumerate([FIRE, WATER, GRASS, NOBODY] * 2):
        clock.advance(timedelta(minutes=1))
        creature = await saved(store, f"Mon {7 - i}", reading=reading)
        made.append(await store.creatures.set_favourite(creature.id, ANN, i % 3 == 0))
    return made


async def names(store: Store, kind: str | None, sort: Sort = "newest", number: int = 0) -> list[str]:
    page = await store.collection.page(
        ANN, viewer_id=ANN, guild_id=SERVER, sort=sort, number=number, size=3, kind=kind
    )
    return [entry.name for entry in page.entries]


async def test_a_page_of_a_type_has_those_whose_first_or_second_it_is(store: Store, clock: Clock) -> None:
    await collection(store, clock)
    await hatch(store, reading=FIRE)  # nobody saved it
    assert [await names(store, "Fire", number=i) for i in range(2)] == [
        ["Mon 2", "Mon 3", "Mon 6"],
        ["Mon 7"],
    ]
    assert await names(store, "Fire", "oldest") == ["Mon 7", "Mon 6", "Mon 3"]
    assert await names(store, "Fire", "name") == ["Mon 2", "Mon 3", "Mon 6"]
    assert await names(store, "Fire", "favourites") == ["Mon 7", "Mon 2", "Mon 3"]
    assert await names(store, "Bug") == ["Mon 1", "Mon 5"]
    assert await names(store, "Ghost") == []
    page = await store.collection.page(ANN, viewer_id=ANN, guild_id=None, number=99, size=3, kind="Fire")
    assert (page.total, page.pages, page.number) == (4, 2, 1)
    empty = await store.collection.page(ANN, viewer_id=ANN, guild_id=None, kind="Ghost")
    assert (empty.total, empty.pages, empty.number, empty.entries) == (0, 1, 0, ())


async def test_pages_of_a_type_are_the_pages_of_all_without_the_others(store: Store, clock: Clock) -> None:
    chance = random.Random(3)
    kinds: dict[str, tuple[str, ...]] = {}
    for i in range(40):
        clock.advance(timedelta(seconds=chance.choice([0, 1])))
        types = tuple(chance.sample(TYPES[:5], chance.choice([0, 1, 2])))
        creature = await saved(
            store, f"Mon {chance.random()}"[:12] + str(i), reading=Reading("heads", types, None)
        )
        await store.creatures.set_favourite(creature.id, ANN, chance.random() < 0.3)
        kinds[creature.name or ""] = types
    for sort in SORTS:
        everybody = [name for i in range(14) for name in await names(store, None, sort, i)][:40]
        for kind in TYPES[:5]:
            expected = [name for name in everybody if kind in kinds[name]]
            found = [n for i in range(-(-len(expected) // 3)) for n in await names(store, kind, sort, i)]
            assert found == expected, (sort, kind)


async def test_others_see_of_a_type_what_was_saved_in_their_server(store: Store) -> None:
    await saved(store, "Here", reading=FIRE)
    await saved(store, "Abroad", reading=FIRE, guild_id=ELSEWHERE)
    await saved(store, "Theirs", BOB, reading=FIRE)
    for viewer_id, guild_id, expected in ((ANN, SERVER, 2), (BOB, SERVER, 1), (BOB, None, 0)):
        page = await store.collection.page(ANN, viewer_id=viewer_id, guild_id=guild_id, kind="Fire")
        assert (page.total, len(page.entries)) == (expected, expected)


async def test_what_another_reader_read_is_found_and_put_in_its_place(store: Store, clock: Clock) -> None:
    await store.checkpoints.register("other", "x", {})
    made = await collection(store, clock)
    fresh = await saved(store, "Fresh", w_plus=w_plus(5))
    await saved(store, "Other", checkpoint_id="other", reading=FIRE)
    await saved(store, "Theirs", BOB, reading=Reading("later", ("Ice",), None))
    expected = {(CHECKPOINT, None), (CHECKPOINT, ""), (CHECKPOINT, "heads"), ("other", "heads")}
    assert {(one.checkpoint_id, one.reader) for one in await store.readings.sources(ANN)} == expected
    [unread] = await store.readings.of_source(ANN, Source(CHECKPOINT, None), 100)
    assert unread.id == fresh.id and np.array_equal(unread.w_plus, w_plus(5))
    read = [one.id for one in await store.readings.of_source(ANN, Source(CHECKPOINT, "heads"), 100)]
    assert sorted(read) == sorted(one.id for one in made if one.reading != NOBODY)
    assert len(await store.readings.of_source(ANN, Source(CHECKPOINT, "heads"), 4)) == 4

    now = Reading("later", ("Dragon", "Steel"), "Gray")
    await store.readings.note(dict.fromkeys([fresh.id, *read, 999], now))  # 999 was released meanwhile
    for creature_id in (fresh.id, *read):
        found = await store.creatures.get(creature_id)
        assert found is not None and found.reading == now
    assert await names(store, "Steel", "name") == ["Fresh", "Mon 1", "Mon 2"]
    assert await names(store, "Fire") == ["Other"]
    assert await store.readings.of_source(ANN, Source(CHECKPOINT, "heads"), 100) == []
    await store.readings.note({fresh.id: NOBODY})
    assert (await store.readings.of_source(ANN, Source(CHECKPOINT, ""), 100))[0].id in (
        fresh.id,
        made[3].id,
        made[7].id,
    )
    await store.readings.note({})


async def test_noting_changes_nothing_else(store: Store) -> None:
    before = await saved(store, "Foo", seed=5, psi=0.7)
    await store.readings.note({before.id: WATER})
    after = await store.creatures.get(before.id)
    assert after is not None and after.reading == WATER
    assert (after.w_plus.tobytes(), after.png, after.recipe) == (
        before.w_plus.tobytes(),
        before.png,
        before.recipe,
    )
    assert (after.name, after.saved_at, after.code) == (before.name, before.saved_at, before.code)


async def test_damaged_styles_are_nobodys(store: Store, database: Path) -> None:
    made = await saved(store, "Foo")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE creatures SET w_plus = x'0011', w_form = 1")
    [found] = await store.readings.of_source(ANN, Source(CHECKPOINT, None), 5)
    assert found.id == made.id and found.w_plus.size == 0


@pytest.mark.parametrize("guild_id", [None, SERVER])
@pytest.mark.parametrize("sort", SORTS)
async def test_of_ten_thousand_only_an_index_is_read(
    store: Store, database: Path, sort: Sort, guild_id: int | None
) -> None:
    ten_thousand(database)
    steps = plan(database, listing.page_ids(ANN, guild_id, sort, 0, 12, "Fire"))
    looking_up = [step for step in steps if "creatures" in step]
    assert looking_up == ["SEARCH creatures USING COVERING INDEX ix_creatures_read (owner_id=?)"]
    for statement in (
        listing.count_saved(ANN, guild_id, "Fire"),
        readings.sources(ANN),
        readings.ids_of_source(ANN, Source(CHECKPOINT, None), 100),
        readings.ids_of_source(ANN, Source(CHECKPOINT, "heads"), 100),
    ):
        [step] = plan(database, statement)
        assert step.startswith("SEARCH creatures USING COVERING INDEX ix_creatures_read"), step
