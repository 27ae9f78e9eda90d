"""What is kept of creatures' traits: the same as is shown, however many are read at once, and by what."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.creature.reading import Reading
from bot.creature.traits import TYPES
from bot.engine import SeedOrder, StylesOrder
from bot.engine.local import LocalEngine
from gan.checkpoint import load
from gan.package import SHIPPED
from gan.sampler import Sampler
from gan.sections import write_beside
from tests.bot.running import make_checkpoint
from tests.gan.reading import tiny_heads


def with_heads(path: Path, seed: int = 0, **changed: object) -> Path:
    """Give a little checkpoint heads, beside its file."""
    loaded = load(path)
    config = loaded.config
    write_beside(path, loaded.id, tiny_heads(config.num_layers, config.w_dim, seed, **changed))
    return path


async def started(path: Path, **options: object) -> LocalEngine:
    engine = LocalEngine(path, threads=1, per_user_limit=100, **options)  # pyright: ignore[reportArgumentType]
    await engine.start()
    return engine


async def test_many_are_read_as_each_alone_and_as_their_cards_say() -> None:
    codes = list(Sampler(load(SHIPPED), "cpu").w_from_seeds(range(200), 0.85, pick=False))
    engine = await started(SHIPPED)
    try:
        checkpoint_id, reader = engine.checkpoint_id, await engine.reader(engine.checkpoint_id)
        together = await engine.readings(checkpoint_id, codes)
        alone = [(await engine.readings(checkpoint_id, [code]))[0] for code in codes[:60]]
        drawn = await engine.draw([StylesOrder(code, 1) for code in codes[:12]], user_id=1)
        shown = [await engine.traits(one) for one in drawn]
    finally:
        await engine.close()
    assert alone == together[:60]
    assert [one.reading for one in drawn] == together[:12]
    assert [(one.types, one.colour) for one in together[:12]] == [
        traits and (traits.types, traits.colour) for traits in shown
    ]
    assert {one.reader for one in together} == {reader} and reader
    kinds = {kind for one in together for kind in one.types}
    assert len(kinds) > 8 and kinds <= set(TYPES) and {len(one.types) for one in together} == {1, 2}


async def test_a_tie_is_decided_alike_in_any_company(tmp_path: Path) -> None:
    """Numbers that differ by a rounding error alone are read one by one."""
    make_checkpoint(tmp_path / "a.safetensors")
    engine = await started(with_heads(tmp_path / "a.safetensors"))
    try:
        random = np.random.default_rng(0)
        codes = [random.standard_normal((6, 16)).astype(np.float32) for _ in range(300)]
        together = await engine.readings(engine.checkpoint_id, codes)
        alone = [(await engine.readings(engine.checkpoint_id, [code]))[0] for code in codes]
        assert together == alone and len(set(together)) > 6
    finally:
        await engine.close()


async def test_other_heads_are_another_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    make_checkpoint(path)
    readers = []
    for seed, changed in ((None, {}), (0, {}), (0, {}), (1, {}), (1, {"shown": ["colour"]})):
        if seed is not None:
            with_heads(path, seed, **changed)
        engine = await started(path)
        try:
            readers.append(await engine.reader(engine.checkpoint_id))
            [drawn] = await engine.draw([SeedOrder(1, 0.7)], user_id=1)
        finally:
            await engine.close()
        assert drawn.reading is not None and drawn.reading.reader == readers[-1]
        assert (drawn.reading.colour is None) == (seed is None)
        assert bool(drawn.reading.types) == (seed is not None and not changed)
    assert readers[0] == "" and readers[1] == readers[2] and len(set(readers)) == 4
    assert all(len(reader) <= 32 for reader in readers)  # what the column holds


async def test_creatures_of_a_checkpoint_that_is_gone_are_read_by_nothing(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "a.safetensors")
    engine = await started(with_heads(tmp_path / "a.safetensors"), folder=tmp_path)
    try:
        assert await engine.reader("0" * 16) == ""
        code = np.zeros((6, 16), np.float32)
        assert await engine.readings("0" * 16, [code, code]) == [Reading("")] * 2
        other = make_checkpoint(tmp_path / "b.safetensors", seed=1)
        (tmp_path / "b.safetensors").rename(tmp_path / f"{other}.safetensors")
        assert await engine.reader(other) == ""  # it is there, and never learned to read
        assert await engine.readings(other, [code]) == [Reading("")]
    finally:
        await engine.close()


async def test_styles_that_are_not_this_networks_say_nothing(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "a.safetensors")
    engine = await started(with_heads(tmp_path / "a.safetensors"))
    try:
        reader = await engine.reader(engine.checkpoint_id)
        fitting, wrong = np.zeros((6, 16), np.float32), np.zeros((0, 0), np.float32)
        first, nothing, last = await engine.readings(engine.checkpoint_id, [fitting, wrong, fitting])
        assert nothing == Reading(reader) and first == last and first.types
        assert await engine.readings(engine.checkpoint_id, [wrong]) == [Reading(reader)]
        assert await engine.readings(engine.checkpoint_id, []) == []
    finally:
        await engine.close()
