"""What the engine reads of creatures: always the same, and nothing where nothing is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.creature.traits import TYPES, Traits
from bot.engine import SeedOrder
from bot.engine.local import LocalEngine
from bot.ui.cards import TYPE_NAMES, describe_traits
from gan.package import SHIPPED
from tests.bot.running import make_checkpoint

DRAGON = Traits(("Fire", "Dragon"), "Red", "upright", 1.7, 90.5, (78, 104, 78, 129, 85, 100), 3)


async def test_the_shipped_checkpoint_says_what_its_creatures_are() -> None:
    engine = LocalEngine(SHIPPED, threads=1)
    await engine.start()
    try:
        drawn = await engine.draw([SeedOrder(seed, 0.85) for seed in range(12)], user_id=1)
        read = [await engine.traits(creature) for creature in drawn]
        again = [await engine.traits(creature) for creature in drawn]
        wrong = await engine.traits(replace(drawn[0], w_plus=np.zeros((2, 4), np.float32)))
        gone = await engine.traits(replace(drawn[0], checkpoint_id="0" * 16))
    finally:
        await engine.close()
    assert read == again and wrong is None and gone is None
    known = [traits for traits in read if traits is not None]
    assert len(known) == 12
    assert len({traits.types for traits in known}) > 3 and len({traits.stats for traits in known}) == 12
    assert len({describe_traits(traits, 1) for traits in known}) == 12
    kin = [traits.kin for traits in known]
    assert sum(bool(names) for names in kin) > 6 and all(len(set(names)) == len(names) <= 2 for names in kin)
    assert len(set(kin)) > 6 and not any("(" in name for names in kin for name in names)
    # Base stats are as the games have them, not all near the mean.
    totals = [sum(traits.stats) for traits in known]
    assert 175 <= min(totals) < max(totals) - 80 and max(totals) <= 720


async def test_a_checkpoint_that_never_learned_it_says_nothing(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "plain.safetensors")
    engine = LocalEngine(tmp_path / "plain.safetensors", threads=1)
    await engine.start()
    try:
        [drawn] = await engine.draw([SeedOrder(1, 0.85)], user_id=1)
        assert await engine.traits(drawn) is None
    finally:
        await engine.close()


@pytest.mark.parametrize(
    ("group", "telling"),
    [("types", "Fire"), ("height", "1.7 m"), ("weight", "90.5 kg"), ("stats", "*")],
)
def test_a_card_tells_what_is_shown_and_nothing_else(group: str, telling: str) -> None:
    hidden = replace(DRAGON, shown=DRAGON.shown - {group})
    assert telling in describe_traits(DRAGON, 7)
    assert telling not in describe_traits(hidden, 7).replace("**", "")


def test_every_type_has_a_name() -> None:
    assert set(TYPE_NAMES) == set(TYPES)
