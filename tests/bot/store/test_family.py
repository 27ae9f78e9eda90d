"""Families: who is found in three generations each way, who is not for everybody, and what that costs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.store import Creature, Family, Mix, Nearby, Rehatch, Store
from bot.store.family import COUNTED, GENERATIONS, SHOWN, ancestors, descendants

from .conftest import ANN, BOB, ELSEWHERE, PNG, SERVER, hatch, plan, saved

MIX = Mix(("colours",))


async def child(store: Store, name: str | None, *parents: Creature, **more: Any) -> Creature:
    """Of one parent or two."""
    ids = dict(zip(("parent_a_id", "parent_b_id"), (parent.id for parent in parents), strict=False))
    make: dict[str, Any] = {"recipe": MIX} | ids | more
    return await hatch(store, **make) if name is None else await saved(store, name, **make)


def names(family: Family) -> dict[str, int]:
    """Name → generation; hidden ones are "?"."""
    return {r.name or "?": r.generation for r in family.relatives}


def bonds(family: Family) -> set[str]:
    called = {r.key: r.name or "?" for r in family.relatives}
    return {f"{called[a]}>{called[b]}" for a, b in family.bonds}


async def test_three_generations_each_way_and_no_more(store: Store) -> None:
    line = [await saved(store, "G0")]
    for i in range(1, 9):
        line.append(await child(store, f"G{i}", line[-1]))
    family = await store.families.of(line[4], ANN, SERVER)
    assert names(family) == {f"G{i}": i - 4 for i in range(4 - GENERATIONS, 5 + GENERATIONS)}
    assert bonds(family) == {f"G{i}>G{i + 1}" for i in range(1, 7)}
    assert all((r.png, r.kind) == (PNG, "creature") for r in family.relatives)
    assert [r.key for r in family.relatives if r.generation == 0] == [family.key] == [line[4].id]


async def test_parents_cousins_and_whoever_is_two_things_at_once(store: Store) -> None:
    ma, pa = await saved(store, "Ma"), await saved(store, "Pa")
    son, daughter = await child(store, "Son", ma, pa), await child(store, "Daughter", pa, ma)
    cousin = await child(store, "Cousin", son, daughter)
    family = await store.families.of(cousin, ANN, SERVER)
    assert names(family) == {"Ma": -2, "Pa": -2, "Son": -1, "Daughter": -1, "Cousin": 0}
    assert len(family.relatives) == 5 and len(family.bonds) == 6

    back = await child(store, "Back", cousin, ma)  # whose mother is its great-grandmother
    family = await store.families.of(back, ANN, SERVER)
    assert names(family) == {"Ma": -3, "Pa": -3, "Son": -2, "Daughter": -2, "Cousin": -1, "Back": 0}
    assert {"Ma>Back", "Ma>Son", "Cousin>Back"} <= bonds(family)
    family = await store.families.of(ma, ANN, SERVER)
    assert names(family) == {"Ma": 0, "Son": 1, "Daughter": 1, "Cousin": 2, "Back": 3}


async def test_rehatched_rerolled_and_unsaved_ones_stand_where_they_belong(store: Store) -> None:
    old = await saved(store, "Old")
    new = await child(store, "New", old, recipe=Rehatch("abc"))
    between = await child(store, None, new, recipe=Nearby(1, 0.2))
    await child(store, "Late", between)
    await child(store, None, new)  # one of a sheet that nobody wanted
    family = await store.families.of(old, ANN, SERVER)
    assert names(family) == {"Old": 0, "New": 1, between.code: 2, "Late": 3}


async def test_released_parents_leave_their_names(store: Store) -> None:
    ma, pa = await saved(store, "Ma"), await saved(store, "Pa")
    kid = await child(store, "Kid", ma, pa)
    await store.creatures.release(ma.id, ANN)
    await store.creatures.release(pa.id, ANN)
    again = await store.creatures.get(kid.id)
    assert again is not None
    family = await store.families.of(again, ANN, SERVER)
    assert names(family) == {"Ma": -1, "Pa": -1, "Kid": 0}
    assert [r.kind for r in family.relatives] == ["released", "released", "creature"]
    assert bonds(family) == {"Ma>Kid", "Pa>Kid"}


async def test_what_belongs_elsewhere_does_not_leak(store: Store) -> None:
    secret = await saved(store, "Granny", BOB, guild_id=ELSEWHERE)
    hidden = await child(store, "Secret", secret, owner_id=BOB, guild_id=ELSEWHERE)
    ma = await saved(store, "Ma", BOB)
    kid = await child(store, "Kid", hidden, ma)
    await child(store, "Other", kid, owner_id=BOB, guild_id=ELSEWHERE)
    mine = await child(store, "Mine", kid, guild_id=ELSEWHERE)
    await child(store, "Theirs", kid, owner_id=BOB)
    seen = await store.families.of(kid, ANN, SERVER)
    assert names(seen) == {"?": -1, "Ma": -1, "Kid": 0, "Mine": 1, "Theirs": 1}
    [veiled] = [r for r in seen.relatives if r.kind == "hidden"]
    assert (veiled.name, veiled.png, veiled.checkpoint_id) == ("", b"", "")
    assert names(await store.families.of(kid, ANN, None)) == {"?": -1, "Kid": 0, "Mine": 1}
    assert names(await store.families.of(kid, BOB, ELSEWHERE)) == {
        "Granny": -2, "Secret": -1, "Ma": -1, "Kid": 0, "Mine": 1, "Other": 1, "Theirs": 1
    }  # fmt: skip
    assert mine.owner_id == ANN


def many(database: Path, parent: Creature, count: int) -> None:
    """So many named children, older ones first."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO creatures (id, code, owner_id, owner_name, guild_id, channel_id, name, name_key,"
            " noise_seed, layers, checkpoint_id, created_at, saved_at, favourite, w_plus, png, parent_a_id)"
            " SELECT ?1, ?2, owner_id, '', guild_id, 1, ?3, ?3, 1, 1, checkpoint_id, created_at, created_at,"
            " 0, x'00000000', png, id FROM creatures WHERE id = ?4",
            [(parent.id + 1 + i, f"kid{i}", f"kid {i}", parent.id) for i in range(count)],
        )


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []
    engine = store.database.engine.sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("count", "more"), [(SHOWN, None), (500, 500 - SHOWN), (COUNTED + 9, COUNTED - SHOWN)]
)
async def test_of_a_large_family_the_oldest_are_shown_and_the_others_counted(
    store: Store, database: Path, count: int, more: int | None
) -> None:
    parent = await saved(store, "Parent")
    many(database, parent, count)
    with statements(store) as asked:
        family = await store.families.of(parent, ANN, SERVER)
    assert [r.name for r in family.relatives if r.generation == 1] == [f"kid {i}" for i in range(SHOWN)]
    assert family.more == ({} if more is None else {1: more})
    queries = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(queries) <= 2 * GENERATIONS + 1


async def test_no_query_reads_what_it_need_not(store: Store, database: Path) -> None:
    parent = await saved(store, "Parent")
    many(database, parent, 50)
    for statement in (ancestors([1, 2]), descendants([parent.id, 5], ANN, SERVER)):
        steps = plan(database, statement)
        assert all("INDEX" in step or "PRIMARY KEY" in step for step in steps if "creatures" in step), steps
        assert not any("SCAN creatures" in step or "TEMP B-TREE" in step for step in steps), steps


async def test_a_damaged_file_in_which_somebody_is_their_own_ancestor_ends(
    store: Store, database: Path
) -> None:
    a = await saved(store, "A")
    b = await child(store, "B", a)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE creatures SET parent_a_id = ? WHERE id = ?", (b.id, a.id))
    found = await store.creatures.get(a.id)
    assert found is not None
    family = await store.families.of(found, ANN, SERVER)
    assert set(names(family)) == {"A", "B"} and len(family.bonds) <= 1
