"""Databases that the bot wrote when each revision was the newest, brought up: everybody is still there.

`databases/` has what each of those versions kept of the same few creatures, written by the version itself, as
`sqlite3 FILE .dump` prints it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bot.core.readings import read_collection
from bot.engine.local import LocalEngine
from bot.store import Hatch, Mix, Store, migrate
from bot.store.address import parse_target
from tests.bot.engine.test_readers import with_heads
from tests.bot.running import make_checkpoint

from .conftest import ANN, SERVER
from .test_earlier_versions import EARLIER

DUMPS = Path(__file__).parent / "databases"
WRITTEN = sorted(path.stem for path in DUMPS.glob("*.sql"))
WRITTEN_FOR = "c0ffee00c0ffee00"  # the checkpoint's id there
KINDS = ("Fire", "Grass", "Water")


def restored(revision: str, database: Path, checkpoint_id: str = WRITTEN_FOR) -> dict[str, bytes]:
    """Writes that version's database; returns the picture of each saved creature by its name."""
    script = (DUMPS / f"{revision}.sql").read_text(encoding="utf-8").replace(WRITTEN_FOR, checkpoint_id)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(script)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]
        return dict(connection.execute("SELECT name, png FROM creatures WHERE name IS NOT NULL").fetchall())


def styles() -> list[np.ndarray]:
    """The three w [16] that the creatures in the dumps are made of."""
    random = np.random.RandomState(7)
    return [random.standard_normal(16).astype(np.float32) for _ in range(3)]


def test_they_are_of_every_revision_up_to_the_one_about_traits() -> None:
    assert EARLIER[: len(WRITTEN)] == WRITTEN and WRITTEN[-1] >= "0008"


@pytest.mark.parametrize("revision", WRITTEN)
async def test_everybody_is_there_as_they_were(tmp_path: Path, revision: str) -> None:
    database = tmp_path / "newmon.db"
    pictures = restored(revision, database)
    store = await Store.open(database)
    try:
        foo, bar, child = [await store.collection.find(ANN, SERVER, name) for name in ("Foo", "Bar", "Foar")]
        assert {one.name: one.png for one in (foo, bar, child)} == pictures
        first, second, _ = styles()
        assert np.array_equal(foo.w_plus, np.repeat(first[None], 6, axis=0))
        assert np.array_equal(bar.w_plus, np.repeat(second[None], 6, axis=0))
        assert np.array_equal(child.w_plus, np.vstack([foo.w_plus[:5], second]))
        assert foo.recipe == Hatch(3, 0.7, "Ash") and bar.recipe == Hatch(4, 0.85)
        assert child.recipe == Mix(("colours",)) and (child.parent_a_id, child.parent_b_id) == (
            foo.id,
            bar.id,
        )
        assert [one.favourite for one in (foo, bar, child)] == [False, revision >= "0002", False]
        assert not any(one.shiny for one in (foo, bar, child))
        assert await store.people.name(ANN, SERVER) == "Ann"
        latest = await store.creatures.latest_shown(ANN, foo.channel_id)
        assert latest is not None and latest.name is None and latest.recipe == Hatch(5, 1.0)
        assert (await store.creatures.save(latest.id, ANN, "Late", SERVER)).name == "Late"
        page = await store.collection.page(ANN, viewer_id=ANN, guild_id=SERVER, sort="name")
        assert [entry.name for entry in page.entries] == ["Bar", "Foar", "Foo", "Late"]
    finally:
        await store.close()


@pytest.mark.parametrize("revision", WRITTEN)
async def test_their_types_are_read_when_somebody_filters(tmp_path: Path, revision: str) -> None:
    database, checkpoint = tmp_path / "newmon.db", tmp_path / "a.safetensors"
    restored(revision, database, make_checkpoint(checkpoint))
    store, engine = await Store.open(database), LocalEngine(with_heads(checkpoint), threads=1)
    await engine.start()
    try:
        assert await read_collection(engine, store, ANN) == 3
        found: dict[str, set[str]] = {}
        for kind in KINDS:
            page = await store.collection.page(ANN, viewer_id=ANN, guild_id=SERVER, kind=kind)
            for entry in page.entries:
                found.setdefault(entry.name, set()).add(kind)
        assert set(found) == {"Foo", "Bar", "Foar"}
        for name, kinds in found.items():
            shown = await engine.traits(await store.collection.find(ANN, SERVER, name))
            assert shown is not None and set(shown.types) == kinds
    finally:
        await engine.close()
        await store.close()


@pytest.mark.parametrize("revision", WRITTEN)
async def test_they_go_back_to_the_version_that_wrote_them(tmp_path: Path, revision: str) -> None:
    database, url = tmp_path / "newmon.db", parse_target(tmp_path / "newmon.db")
    restored(revision, database)
    before = rows(database)
    await (await Store.open(database)).close()
    await asyncio.to_thread(migrate.downgrade, url, revision)
    assert rows(database) == before


def rows(database: Path) -> list[tuple[object, ...]]:
    """What every version knows of its creatures."""
    columns = "id, code, owner_id, name, name_key, seed, seed_text, psi, noise_seed, layers, checkpoint_id"
    more = "parent_a_id, parent_b_id, created_at, shown_at, saved_at, w_plus, png"
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(f"SELECT {columns}, {more} FROM creatures ORDER BY id").fetchall()
