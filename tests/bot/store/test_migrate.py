"""From an empty file, or an older one, to the present version: wholly or not at all."""

from __future__ import annotations

import asyncio
import io
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, String
from sqlalchemy.dialects import postgresql

from bot.creature.reading import Reading
from bot.store import Hatch, Mix, Store, StoreError, migrate
from bot.store.address import parse_target
from bot.store.models import Base
from bot.store.recipes import LEVELS
from tests.bot.clusters import LOCALES, Cluster

from .conftest import ANN, BOB, CHECKPOINT, CLEO, ELSEWHERE, SERVER, Clock, hatch, saved, w_plus

THEN = "2025-01-01 00:00:00.000000"
HEAD = str(ScriptDirectory(migrate.SCRIPTS).get_current_head())
EARLIER = [f"{i:04d}" for i in range(1, int(HEAD))]
NEXT = f"{int(HEAD) + 1:04d}"

# What a later revision may look like: a table rebuilt, its data kept. {end} is where one may fail.
LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", "{head}"

def upgrade():
    op.create_table("extras", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("creatures", recreate="always") as batch:
        batch.add_column(sa.Column("sparkling", sa.Boolean(), nullable=False, server_default=sa.false()))
    {end}

def downgrade():
    with op.batch_alter_table("creatures", recreate="always") as batch:
        batch.drop_column("sparkling")
    op.drop_table("extras")
"""


def later_version(folder: Path, *, end: str = "pass") -> Path:
    """The scripts of a newmon that is one revision ahead."""
    scripts = folder / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    text = LATER.format(end=end, head=HEAD, revision=NEXT)
    (scripts / "versions" / f"{NEXT}_later.py").write_text(text)
    return scripts


def contents(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """The schema and every row."""
    with closing(sqlite3.connect(database)) as connection:
        schema = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        tables = [name for name, sql in schema if sql and sql.startswith("CREATE TABLE")]
        return {"schema": schema} | {t: connection.execute(f"SELECT * FROM {t}").fetchall() for t in tables}


async def test_models_and_migrations_agree(empty: str) -> None:
    differences: list[object] = []

    def compare(connection: Connection) -> None:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        differences.extend(compare_metadata(context, Base.metadata))

    await asyncio.to_thread(migrate.upgrade, parse_target(empty))
    await asyncio.to_thread(migrate.in_transaction, parse_target(empty), compare)
    assert differences == []


def test_there_is_one_line_of_revisions() -> None:
    assert len(ScriptDirectory(migrate.SCRIPTS).get_heads()) == 1


async def test_migrating_twice_changes_nothing(store: Store, database: Path) -> None:
    await saved(store, "Foo")
    await store.close()
    before = contents(database)
    await (await Store.open(database)).close()
    await asyncio.to_thread(migrate.upgrade, parse_target(database))
    assert contents(database) == before


async def test_processes_that_start_together_take_turns(empty: str) -> None:
    program = "import asyncio, sys; from bot.store import Store; asyncio.run(Store.open(sys.argv[1]))"
    command = [sys.executable, "-c", program, empty]
    root = migrate.SCRIPTS.parent
    started = [
        await asyncio.create_subprocess_exec(*command, cwd=root, stderr=subprocess.PIPE) for _ in range(3)
    ]
    for process in started:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()


async def test_a_newer_database_is_refused_and_left_alone(
    store: Store, database: Path, tmp_path: Path
) -> None:
    await saved(store, "Foo")
    await store.close()
    await asyncio.to_thread(migrate.upgrade, parse_target(database), scripts=later_version(tmp_path))
    before = contents(database)
    with pytest.raises(StoreError) as refusal:
        await Store.open(database)
    assert str(database) in str(refusal.value)
    assert "newer version of newmon: update newmon, or restore a backup" in str(refusal.value)
    assert contents(database) == before


async def test_a_round_trip_through_a_later_version_keeps_the_data(
    store: Store, database: Path, tmp_path: Path
) -> None:
    a, b = await saved(store, "Foo"), await hatch(store)
    await saved(store, "Child", parent_a_id=a.id, parent_b_id=b.id, recipe=Mix(LEVELS, 25))
    await store.close()
    before = contents(database)
    scripts, url = later_version(tmp_path), parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, scripts=scripts)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT name, parent_a_id, parent_b_id, sparkling FROM creatures"
        ).fetchall()
    assert set(rows) == {("Foo", None, None, 0), (None, None, None, 0), ("Child", a.id, b.id, 0)}
    await asyncio.to_thread(migrate.downgrade, url, HEAD, scripts=scripts)
    after = contents(database)
    assert (after["creatures"], after["checkpoints"]) == (before["creatures"], before["checkpoints"])
    reopened = await Store.open(database)
    assert await reopened.collection.count(ANN) == 2
    assert (await hatch(reopened)).id not in (a.id, b.id)
    await reopened.close()


@pytest.mark.parametrize(
    "end",
    [
        'raise OSError("the power went out")',
        'op.execute("UPDATE creatures SET parent_a_id = 999")',  # a mistake that foreign keys find
        'op.execute("NONSENSE")',
    ],
)
async def test_a_migration_that_fails_midway_leaves_the_database_as_it_was(
    store: Store, database: Path, tmp_path: Path, end: str
) -> None:
    await saved(store, "Foo")
    await store.close()
    before = contents(database)
    with pytest.raises(StoreError):
        await asyncio.to_thread(
            migrate.upgrade, parse_target(database), scripts=later_version(tmp_path, end=end)
        )
    assert contents(database) == before
    await (await Store.open(database)).close()


def test_the_revisions_speak_postgresql() -> None:
    sql = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": sql}
    )
    revisions = reversed(list(ScriptDirectory(migrate.SCRIPTS).walk_revisions()))
    with Operations.context(context):
        for revision in revisions:
            revision.module.upgrade()
    assert "id BIGSERIAL NOT NULL" in sql.getvalue()
    assert 'name_key TEXT COLLATE "C"' in sql.getvalue()
    assert "ADD COLUMN favourite BOOLEAN DEFAULT false NOT NULL" in sql.getvalue()
    assert 'ALTER COLUMN code TYPE VARCHAR(16) COLLATE "C"' in sql.getvalue()


def test_whatever_is_compared_is_compared_by_code_point() -> None:
    """All text that is in a key or an index: ranges and orders mean the same on every database."""
    for table in Base.metadata.tables.values():
        keys = [*table.primary_key.columns, *(key.parent for key in table.foreign_keys)]
        indexed = {column.name: column for index in table.indexes for column in index.columns}
        unique = [column for column in table.columns if column.unique]
        for column in (*keys, *indexed.values(), *unique):
            if isinstance(column.type, String):
                there = column.type.dialect_impl(postgresql.dialect())
                assert isinstance(there, String) and there.collation == "C", f"{table.name}.{column.name}"


SORTED = """
SELECT t.relname || '.' || a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
WHERE a.attcollation <> 0 AND a.attcollation <> '"C"'::regcollation AND t.relname <> 'alembic_version'
"""


@pytest.mark.postgres
@pytest.mark.parametrize("locale", LOCALES)
async def test_a_database_of_any_locale_is_made_to_compare_by_code_point(
    cluster: Cluster, locale: str
) -> None:
    """Also one that an earlier version made; with a checkpoint, whose id was hidden there."""
    name = cluster.create(locale)
    url = cluster.url(name)
    await asyncio.to_thread(migrate.upgrade, parse_target(url), revision="0008")
    assert "checkpoints.id" in cluster.sql(SORTED, database=name)
    cluster.sql(
        "INSERT INTO checkpoints (id, path, metadata, registered_at, number)"
        f" VALUES ('{CHECKPOINT}', 'x', '{{}}', now(), 1)",
        database=name,
    )
    store = await Store.open(url)
    assert [one.id for one in await store.checkpoints.newest()] == [CHECKPOINT]
    assert [one.id for one in await store.checkpoints.newest(CHECKPOINT[:3])] == [CHECKPOINT]
    await store.close()
    assert cluster.sql(SORTED, database=name) == []
    await asyncio.to_thread(migrate.downgrade, parse_target(url), "0008")
    assert "checkpoints.id" in cluster.sql(SORTED, database=name)
    cluster.drop(name)


async def test_w_plus_of_earlier_versions_is_read_byte_for_byte_and_packed_ones_go_back(
    store: Store, database: Path
) -> None:
    plain = np.repeat(w_plus(1)[:1], 10, axis=0)
    made = [await hatch(store, w_plus=one) for one in (plain, w_plus(2))]
    await store.close()
    await asyncio.to_thread(migrate.downgrade, parse_target(database), "0005")
    with closing(sqlite3.connect(database)) as connection:
        raw = dict(connection.execute("SELECT id, w_plus FROM creatures").fetchall())
    assert raw == {made[0].id: plain.tobytes(), made[1].id: w_plus(2).tobytes()}
    again = await Store.open(database)  # these rows are as earlier versions wrote them
    for one in made:
        found = await again.creatures.get(one.id)
        assert found is not None and found.w_plus.tobytes() == raw[one.id]
    with closing(sqlite3.connect(database)) as connection:
        assert dict(connection.execute("SELECT id, w_plus FROM creatures").fetchall()) == raw
    await again.close()


@pytest.mark.parametrize("revision", EARLIER)
async def test_every_earlier_version_is_brought_up(database: Path, revision: str) -> None:
    """With a creature and a retrain in it, and both are as they were."""
    url = parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, revision=revision)
    with closing(sqlite3.connect(database)) as connection, connection:
        for i, checkpoint_id in enumerate((CHECKPOINT, "older", "newer")):
            connection.execute(
                "INSERT INTO checkpoints (id, path, metadata, registered_at) VALUES (?, 'x', '{}', ?)",
                (checkpoint_id, THEN.replace("2025", str(2025 + (0, -1, 1)[i]))),
            )
        connection.execute(
            "INSERT INTO creatures (id, code, owner_id, owner_name, guild_id, channel_id, name, name_key,"
            " noise_seed, layers, checkpoint_id, created_at, saved_at, w_plus, png)"
            " VALUES (7, 'aaaaaa', ?, 'Ann', ?, 1, 'Foo', 'foo', 5, 2, ?, ?, ?, x'0000803f00000040', x'89')",
            (ANN, SERVER, CHECKPOINT, THEN, THEN),
        )
        if revision >= "0003":
            connection.executemany(
                "INSERT INTO retrain_jobs (id, state, stage, started_by, started_by_name, channel_id, kimg,"
                " data, run, attempts, parent_id, promoted, told, created_at)"
                " VALUES (?, 'failed', 'x', 1, 'Ann', 1, 1, 'x', ?, 1, ?, 0, 1, ?)",
                [(i, f"{i:04d}", CHECKPOINT, THEN) for i in (3, 4)],
            )
        if revision >= "0005":
            connection.execute("UPDATE checkpoints SET number = substr(registered_at, 1, 4)")
            connection.execute("UPDATE retrain_jobs SET number = id")
        if revision >= "0007":  # names are no longer kept with creatures
            connection.executemany(
                "INSERT INTO people VALUES (?, ?, 'Ann', ?)", [(ANN, place, THEN) for place in (0, SERVER)]
            )
    store = await Store.open(database)
    creature = await store.collection.find(ANN, SERVER, "aaaaaa")
    assert (creature.id, creature.name, creature.w_plus.tolist()) == (7, "Foo", [[1.0], [2.0]])
    assert (creature.shiny, creature.reading) == (False, None)
    assert [one.id for one in await store.checkpoints.newest()] == ["newer", CHECKPOINT, "older"]
    await store.checkpoints.register("newest", "x", {})
    assert [one.id for one in await store.checkpoints.newest(limit=1)] == ["newest"]
    if revision >= "0003":
        latest = await store.jobs.latest()
        assert latest is not None and (latest.id, latest.number, latest.run) == (4, 4, "0004")
        assert await store.jobs.runs(5) == ["0004", "0003"]
    assert [await store.people.name(ANN, guild_id) for guild_id in (SERVER, None)] == ["Ann", "Ann"]
    assert (await hatch(store)).id > 7
    await store.close()


async def test_a_collection_of_the_first_version_is_carried_over_and_back(database: Path) -> None:
    url = parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, revision="0001")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO checkpoints VALUES (?, 'x', '{}', ?)", (CHECKPOINT, THEN))
        connection.executemany(
            "INSERT INTO creatures (id, code, owner_id, owner_name, guild_id, channel_id, name, name_key,"
            " psi, noise_seed, layers, checkpoint_id, parent_a_id, recipe, created_at, saved_at, w_plus, png)"
            " VALUES (?, ?, ?, 'Ann', ?, 1, ?, ?, 0.7, 5, 1, ?, ?, ?, ?, ?, x'0000803f', x'89')",
            [
                (1, "aaaaaa", ANN, SERVER, "Foo", "foo", CHECKPOINT, None, None, THEN, THEN),
                (2, "bbbbbb", ANN, None, "Bar", "bar", CHECKPOINT, 1, '{"amount": 25}', THEN, THEN),
                (3, "cccccc", ANN, SERVER, None, None, CHECKPOINT, None, None, THEN, None),
            ],
        )
    before = contents(database)

    store = await Store.open(database)
    page = await store.collection.page(ANN, viewer_id=ANN, guild_id=SERVER)
    assert [(entry.name, entry.favourite) for entry in page.entries] == [("Bar", False), ("Foo", False)]
    child = await store.collection.find(ANN, SERVER, "bar")
    assert (child.parent_a_id, child.parent_a_name, child.recipe) == (1, None, Mix(LEVELS, 25))
    await store.close()

    await asyncio.to_thread(migrate.downgrade, url, "0001")
    after = contents(database)
    assert (after["creatures"], after["checkpoints"]) == (before["creatures"], before["checkpoints"])
    reopened = await Store.open(database)  # and forward once more
    assert (await reopened.creatures.set_favourite(1, ANN, True)).favourite
    assert (await reopened.creatures.release(1, ANN)).name == "Foo"
    await reopened.close()


async def test_names_are_taken_from_the_newest_creatures_and_given_back(database: Path, clock: Clock) -> None:
    """Per owner and server, whatever the order of the rows; no name of one server is taken for another's."""
    url = parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, revision="0006")
    years = (2025, 2027, 2026, 2024, 2023)
    named = ["Ann", "Annie", "Queen", "Bob", ""]
    where = [(ANN, SERVER), (ANN, SERVER), (ANN, ELSEWHERE), (BOB, None), (CLEO, SERVER)]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO checkpoints (id, path, metadata, registered_at) VALUES (?, 'x', '{}', ?)",
            (CHECKPOINT, THEN),
        )
        connection.executemany(
            "INSERT INTO creatures (code, owner_id, guild_id, owner_name, created_at, channel_id, noise_seed,"
            " layers, checkpoint_id, w_plus, png) VALUES (?, ?, ?, ?, ?, 1, 5, 1, ?, x'0000803f', x'89')",
            [
                (f"{i:06d}", *where[i], named[i], THEN.replace("2025", str(year)), CHECKPOINT)
                for i, year in enumerate(years)
            ],
        )
    store = await Store.open(database, now=clock)
    places = (SERVER, ELSEWHERE, None, 999)
    assert [await store.people.name(ANN, place) for place in places] == ["Annie", "Queen", "Annie", "Annie"]
    assert [await store.people.name(one, SERVER) for one in (BOB, CLEO)] == ["Bob", ""]
    new = [await hatch(store, ANN, guild_id=ELSEWHERE), await hatch(store, BOB), await hatch(store, CLEO)]
    await store.close()
    await asyncio.to_thread(migrate.downgrade, url, "0006")
    with closing(sqlite3.connect(database)) as connection:
        rows = dict(connection.execute("SELECT code, owner_name FROM creatures").fetchall())
    assert [rows[f"{i:06d}"] for i in range(len(named))] == named
    assert [rows[one.code] for one in new] == ["Queen", "Bob", ""]


async def test_shinies_are_shiny_after_going_back_a_version_and_forth(store: Store, database: Path) -> None:
    recipes = [Hatch(5, 0.7, shiny=True), Hatch(5, 0.7, candidate=3, shiny=True), Hatch(5, 0.7)]
    made = [
        await hatch(store, recipe=one, reading=Reading("heads", ("Fire", "Bug"), "Red")) for one in recipes
    ]
    await store.close()
    await asyncio.to_thread(migrate.downgrade, parse_target(database), "0007")
    again = await Store.open(database)
    found = [await again.creatures.get(one.id) for one in made]
    assert [one and (one.shiny, one.recipe) for one in found] == [(one.shiny, one) for one in recipes]
    assert [one and one.reading for one in found] == [None] * 3  # it is read anew
    await again.close()


def test_developers_can_make_revisions(tmp_path: Path) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    database = tmp_path / "dev.db"
    alembic = [sys.executable, "-m", "alembic", "-c", str(scripts / "alembic.ini"), "-x", f"db={database}"]
    for arguments in (
        ["upgrade", "head"],
        ["revision", "--autogenerate", "--rev-id", NEXT, "-m", "nothing"],
        ["upgrade", "head"],
    ):
        done = subprocess.run(
            [*alembic, *arguments], cwd=migrate.SCRIPTS.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    made = (scripts / "versions" / f"{NEXT}_nothing.py").read_text()
    assert f'down_revision = "{HEAD}"' in made.replace("'", '"') and "pass" in made


async def test_checkpoints_of_a_version_without_retrains_are_carried_over_and_back(database: Path) -> None:
    """As the second revision wrote them: no parent, no figures, and none of them chosen."""
    url = parse_target(database)
    store = await Store.open(database)
    await store.checkpoints.register(CHECKPOINT, "there", {"kimg": 5})
    await saved(store, "Foo")
    await store.close()
    await asyncio.to_thread(migrate.downgrade, url, "0002")
    with closing(sqlite3.connect(database)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(checkpoints)")}
        before = connection.execute("SELECT id, path, metadata, registered_at FROM checkpoints").fetchall()
    assert not tables & {"retrain_jobs", "active_checkpoint", "uq_retrain_jobs_running"}
    assert columns == {"id", "path", "metadata", "registered_at"}
    store = await Store.open(database)
    known = await store.checkpoints.get(CHECKPOINT)
    assert known is not None and (known.kimg, known.parent_id, known.metrics) == (5, None, None)
    assert await store.checkpoints.active() is None and await store.jobs.latest() is None
    assert (await store.checkpoints.follow_configured(CHECKPOINT)).checkpoint_id == CHECKPOINT
    assert await store.collection.count(ANN) == 1
    await store.close()
    with closing(sqlite3.connect(database)) as connection:
        after = connection.execute("SELECT id, path, metadata, registered_at FROM checkpoints").fetchall()
    assert after == before
