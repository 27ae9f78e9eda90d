"""The collection: pages in every order, favourites, other names, and letting go."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.store import SORTS, Creature, Mix, NameTaken, NotFound, NotSaved, NotYours, Sort, Store, listing
from bot.store.recipes import LEVELS

from .conftest import (
    ANN,
    BOB,
    ELSEWHERE,
    SERVER,
    Clock,
    hatch,
    hatching,
    plan,
    saved,
    ten_thousand,
)


async def page_names(store: Store, sort: Sort = "newest", number: int = 0, size: int = 12) -> list[str]:
    page = await store.collection.page(
        ANN, viewer_id=ANN, guild_id=SERVER, sort=sort, number=number, size=size
    )
    return [entry.name for entry in page.entries]


async def test_a_page_comes_in_any_order(store: Store, clock: Clock) -> None:
    for name in ("Beta", "Zed", "alpha"):
        clock.advance(timedelta(minutes=1))
        creature = await saved(store, name)
        await store.creatures.set_favourite(creature.id, ANN, name == "Zed")
    await hatch(store)
    assert await page_names(store) == ["alpha", "Zed", "Beta"]
    assert await page_names(store, "oldest") == ["Beta", "Zed", "alpha"]
    assert await page_names(store, "name") == ["alpha", "Beta", "Zed"]
    assert await page_names(store, "favourites") == ["Zed", "alpha", "Beta"]


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_hold_every_creature_once(store: Store, sort: Sort) -> None:
    for i in range(7):  # all saved at the same time
        await saved(store, f"Foo {i}")
    pages = [await page_names(store, sort, number, size=3) for number in range(3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {name for page in pages for name in page} == {f"Foo {i}" for i in range(7)}


async def test_beyond_the_last_page_is_the_last(store: Store) -> None:
    for i in range(4):
        await saved(store, f"Foo {i}")
    page = await store.collection.page(ANN, viewer_id=ANN, guild_id=None, number=99, size=3)
    assert (page.number, page.pages, page.total, len(page.entries)) == (1, 2, 4, 1)
    empty = await store.collection.page(BOB, viewer_id=BOB, guild_id=SERVER)
    assert (empty.entries, empty.number, empty.pages, empty.total) == ((), 0, 1, 0)


async def test_others_see_what_was_saved_in_their_server(store: Store) -> None:
    await saved(store, "Here", ANN)
    await saved(store, "Abroad", ANN, guild_id=ELSEWHERE)
    await saved(store, "Private", ANN, guild_id=None)

    async def seen(viewer_id: int, guild_id: int | None, sort: Sort) -> set[str]:
        page = await store.collection.page(ANN, viewer_id=viewer_id, guild_id=guild_id, sort=sort)
        assert page.total == len(page.entries)
        return {entry.name for entry in page.entries}

    for sort in SORTS:
        assert await seen(ANN, SERVER, sort) == {"Here", "Abroad", "Private"}
        assert await seen(ANN, None, sort) == {"Here", "Abroad", "Private"}
        assert await seen(BOB, SERVER, sort) == {"Here"}
        assert await seen(BOB, None, sort) == set()


@pytest.mark.parametrize("guild_id", [None, SERVER])
@pytest.mark.parametrize("sort", SORTS)
async def test_a_page_among_ten_thousand_is_found_in_an_index(
    store: Store, database: Path, sort: Sort, guild_id: int | None
) -> None:
    ten_thousand(database)
    [step] = plan(database, listing.page_ids(ANN, guild_id, sort, 4800, 12))  # one step: nothing is sorted
    expected = {"name": ("uq_creatures_owner_name", "ix_creatures_guild_name"), "favourites": ("favourite",)}
    assert any(index in step for index in expected.get(sort, ("ix_creatures_saved",))), step
    assert "SEARCH creatures USING" in step, step
    [counting] = plan(database, listing.count_saved(ANN, guild_id))
    assert "SEARCH creatures USING COVERING INDEX" in counting, counting
    page = await store.collection.page(
        ANN, viewer_id=ANN if guild_id is None else BOB, guild_id=SERVER, sort=sort
    )
    first = {"newest": "Mon 9999", "oldest": "Mon 1", "name": "Mon 1", "favourites": "Mon 9999"}
    assert (page.entries[0].name, page.total, page.pages) == (first[sort], 5000, 417)


async def test_a_creature_has_a_number_in_its_owners_collection(store: Store, clock: Clock) -> None:
    first, second = await saved(store, "First"), await saved(store, "Second")  # in one moment
    theirs = await saved(store, "Theirs", BOB)
    clock.advance(timedelta(seconds=1))
    third = await saved(store, "Third")
    number = store.collection.number_of
    assert {await number(first), await number(second)} == {1, 2}
    assert await number(third) == 3 and await number(theirs) == 1
    assert await number(await hatch(store)) is None


async def test_partners_are_ones_own_of_the_same_checkpoint(store: Store, clock: Clock) -> None:
    await store.checkpoints.register("other", "x", {})
    origin = await saved(store, "Foo")
    await saved(store, "Old", checkpoint_id="other")
    await saved(store, "Theirs", BOB)
    await hatch(store)
    mine = []
    for i in range(3):
        clock.advance(timedelta(seconds=1))
        mine.append(await saved(store, f"Mine {i}"))
    assert await store.collection.partners(ANN, origin) == [(c.id, c.name) for c in reversed(mine)]
    assert len(await store.collection.partners(ANN, origin, limit=2)) == 2


async def test_a_free_name_is_one_that_may_be_and_is_not_taken(store: Store) -> None:
    await saved(store, "Foar")
    assert await store.collection.free_name(ANN, ["**", "FOAR", "Baoo", "Foar 2"]) == "Baoo"
    assert await store.collection.free_name(BOB, ["Foar"]) == "Foar"
    assert await store.collection.free_name(ANN, ["Foar", ""]) is None


async def test_only_the_owner_renames_and_nothing_else_changes(store: Store) -> None:
    creature = await saved(store, "Foo", seed=5, psi=0.7)
    renamed = await store.creatures.rename(creature.id, ANN, " Bar ")
    assert (renamed.name, renamed.saved_at, renamed.png) == ("Bar", creature.saved_at, creature.png)
    assert (renamed.w_plus == creature.w_plus).all()
    assert (await store.collection.find(ANN, SERVER, "bar")).id == creature.id
    with pytest.raises(NotFound):
        await store.collection.find(ANN, SERVER, "Foo")
    assert (await store.creatures.rename(creature.id, ANN, "BAR")).name == "BAR"  # its own name is not taken
    with pytest.raises(NotYours, match="can rename it"):
        await store.creatures.rename(creature.id, BOB, "Mine")
    await saved(store, "Other")
    with pytest.raises(NameTaken, match="called Other:"):  # as it is called, not as it was typed
        await store.creatures.rename(creature.id, ANN, "other")
    assert (await store.creatures.get(creature.id)) is not None and (
        await store.collection.find(ANN, SERVER, "bar")
    ).name == "BAR"


async def test_what_is_not_saved_or_not_there_is_not_changed(store: Store) -> None:
    unsaved = await hatch(store)
    for change in (
        lambda i: store.creatures.rename(i, ANN, "Foo"),
        lambda i: store.creatures.set_favourite(i, ANN, True),
        lambda i: store.creatures.release(i, ANN),
    ):
        with pytest.raises(NotSaved):
            await change(unsaved.id)
        for missing in (0, 999, 10**30):
            with pytest.raises(NotFound):
                await change(missing)
    assert await store.creatures.get(unsaved.id) is not None


async def test_favourites_are_their_owners(store: Store) -> None:
    creature = await saved(store, "Foo")
    assert not creature.favourite
    results = await asyncio.gather(*(store.creatures.set_favourite(creature.id, ANN, True) for _ in range(5)))
    assert all(result.favourite for result in results)  # saying so twice is once
    with pytest.raises(NotYours):
        await store.creatures.set_favourite(creature.id, BOB, False)
    kept = await store.creatures.get(creature.id)
    assert kept is not None and kept.favourite
    assert not (await store.creatures.set_favourite(creature.id, ANN, False)).favourite


async def test_children_keep_the_name_of_a_released_parent(store: Store) -> None:
    a, b = await saved(store, "Foo"), await saved(store, "Bar")
    child = await saved(store, "Child", parent_a_id=a.id, parent_b_id=b.id, recipe=Mix(LEVELS, 50))
    other = await hatch(store, parent_a_id=b.id, parent_b_id=a.id)
    await store.creatures.rename(a.id, ANN, "Foo the Last")
    with pytest.raises(NotYours, match="can release it"):
        await store.creatures.release(a.id, BOB)
    released = await store.creatures.release(a.id, ANN)
    assert (released.name, released.png) == ("Foo the Last", a.png)
    assert await store.creatures.get(a.id) is None
    kept = await store.creatures.get(child.id)
    assert kept is not None
    assert (kept.parent_a_id, kept.parent_a_name) == (None, "Foo the Last")
    assert (kept.parent_b_id, kept.parent_b_name) == (b.id, None)
    assert (kept.recipe, kept.png) == (child.recipe, child.png) and (kept.w_plus == child.w_plus).all()
    sibling = await store.creatures.get(other.id)
    assert sibling is not None and (sibling.parent_b_id, sibling.parent_b_name) == (None, "Foo the Last")
    assert (await saved(store, "Foo the Last")).id != other.id  # the name is free again


async def test_of_many_releases_one_wins_and_no_child_points_nowhere(store: Store) -> None:
    creature = await saved(store, "Foo")
    results = await asyncio.gather(
        *(store.creatures.release(creature.id, ANN) for _ in range(10)),
        *(store.creatures.add([hatching(parent_a_id=creature.id)]) for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Creature) for result in results[:10]) == 1
    assert sum(isinstance(result, NotFound) for result in results[:10]) == 9
    for result in results[10:]:
        if isinstance(result, list):  # born before the release
            child = await store.creatures.get(result[0].id)
            assert child is not None and (child.parent_a_id, child.parent_a_name) == (None, "Foo")
        else:
            assert isinstance(result, NotFound)


async def test_of_two_renames_to_one_name_one_wins(store: Store) -> None:
    creatures = [await saved(store, f"Foo {i}") for i in range(10)]
    results = await asyncio.gather(
        *(store.creatures.rename(c.id, ANN, "Same") for c in creatures), return_exceptions=True
    )
    assert sum(isinstance(result, Creature) for result in results) == 1
    assert sum(isinstance(result, NameTaken) for result in results) == 9
