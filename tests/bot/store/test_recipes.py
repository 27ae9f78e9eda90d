"""How a creature came about: written with a tag, and read from every row that was ever written."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.store import Creature, Drawn, Evolved, Hatch, Mix, Nearby, Recipe, Rehatch, Store, migrate
from bot.store.address import parse_target
from bot.store.recipes import LEVELS, RecipeColumns, from_columns, to_columns

from .conftest import ANN, CHECKPOINT, SERVER, hatch

THEN = "2025-01-01 00:00:00.000000"
STEP = {"nearby": 77, "step": 0.2}
RECIPES: list[Recipe | None] = [
    None,
    Hatch(5, 0.7),
    Hatch(5, None, "Ash"),
    Hatch(5, 0.7, "Ash", 3),
    Hatch(5, 0.7, shiny=True),
    Hatch(5, 0.7, candidate=3, shiny=True),
    Mix(("colours",)),
    Mix(("features", "colours"), 40, Nearby(77, 0.2)),
    Mix((), 0),
    Nearby(2**32 - 1, 0.25),
    Rehatch("0123456789abcdef"),
    Evolved(3, 1),
    Evolved(1, 2),
    Drawn(),
]
WITHOUT_TAG: list[tuple[dict[str, Any], Recipe]] = [
    ({"amount": 25}, Mix(LEVELS, 25)),  # of the first version
    ({"take": "shape"}, Mix(("shape",))),
    ({"take": ["colours"], "amount": 100}, Mix(("colours",))),
    ({"take": ["shape", "features", "colours"], "amount": 50}, Mix(LEVELS, 50)),
    ({"take": ["colours"], "amount": 100} | STEP, Mix(("colours",), 100, Nearby(77, 0.2))),
    (STEP, Nearby(77, 0.2)),
    ({"rehatched": "abc"}, Rehatch("abc")),
]


@pytest.mark.parametrize("recipe", RECIPES)
async def test_every_recipe_comes_back_from_the_database(store: Store, recipe: Recipe | None) -> None:
    made = await hatch(store, recipe=recipe)
    found = await store.creatures.get(made.id)
    assert found is not None and found.recipe == made.recipe == recipe
    assert found.shiny == made.shiny == (isinstance(recipe, Hatch) and recipe.shiny)


@pytest.mark.parametrize(("stored", "recipe"), WITHOUT_TAG)
def test_what_is_written_has_the_keys_of_earlier_versions_beside_its_tag(
    stored: dict[str, Any], recipe: Recipe
) -> None:
    """So that a bot that goes back a version, with the same tables, still reads it."""
    written = to_columns(recipe).recipe
    assert written is not None and written.pop("kind") in ("mix", "nearby", "rehatch")
    assert set(written) >= set(stored)
    assert from_columns(RecipeColumns(recipe=written)) == recipe  # without its tag


@pytest.mark.parametrize("revision", ["0001", "0005", "head"])
async def test_rows_without_tags_are_read_and_stay_as_they_are(database: Path, revision: str) -> None:
    url = parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, revision=revision)
    rows = [(json.dumps(stored), None, None, None) for stored, _ in WITHOUT_TAG]
    rows += [(None, 5, 0.7, None), ('{"candidate": 3}', 5, 0.7, "Ash"), (None, None, None, None)]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO checkpoints (id, path, metadata, registered_at) VALUES (?, 'x', '{}', ?)",
            (CHECKPOINT, THEN),
        )
        connection.executemany(
            "INSERT INTO creatures (id, code, owner_id, owner_name, guild_id, channel_id, noise_seed, layers,"
            " checkpoint_id, created_at, w_plus, png, recipe, seed, psi, seed_text)"
            f" VALUES (?, ?, {ANN}, 'Ann', {SERVER}, 1, 5, 1, '{CHECKPOINT}', '{THEN}', x'0000803f', x'89',"
            " ?, ?, ?, ?)",
            [(i, f"{i:06d}", *row) for i, row in enumerate(rows, 1)],
        )
    store = await Store.open(database)
    found = [await store.creatures.get(i) for i in range(1, len(rows) + 1)]
    await store.close()
    expected: list[Recipe | None] = [recipe for _, recipe in WITHOUT_TAG]
    expected += [Hatch(5, 0.7), Hatch(5, 0.7, "Ash", 3), None]
    assert [one.recipe for one in found if isinstance(one, Creature)] == expected
    with closing(sqlite3.connect(database)) as connection:
        after = connection.execute(
            "SELECT recipe, seed, psi, seed_text FROM creatures ORDER BY id"
        ).fetchall()
    assert after == rows


@pytest.mark.parametrize(
    "stored",
    [
        {"kind": "evolved", "from": 5},  # of a later version
        {"kind": "mix", "take": 5},
        {"kind": "mix", "amount": "much"},
        {"kind": "nearby"},
        {"kind": "rehatch"},
        {"step": 0.2},
        {},
    ],
)
def test_a_recipe_that_is_not_understood_keeps_nobody_from_their_creature(
    stored: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert from_columns(RecipeColumns(recipe=stored)) is None
    assert "is not understood" in caplog.text
