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

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, String
from sqlalchemy.dialects import postgresql

from bot.store import Mix, Store, StoreError, migrate
from bot.store.address import parse_target
from bot.store.models import Base
from bot.store.recipes import LEVELS
from tests.bot.clusters import LOCALES, Cluster

from .conftest import ANN, CHECKPOINT, contents, hatch, saved

HEAD = str(ScriptDirectory(migrate.SCRIPTS).get_current_head())
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
