"""How many threads drawing takes, and that nobody can tell from the pictures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from threadpoolctl import ThreadpoolController

from bot.engine.local import LocalEngine
from bot.engine.threads import BUDGET_S, MOST, fewest_threads
from gan.checkpoint import load
from gan.package import SHIPPED
from gan.sampler import Sampler
from tests.bot.engine.ordering import hatched
from tests.bot.running import make_checkpoint


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """What a test leaves behind is nobody else's."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


class Machine:
    """Draws in the time that each number of threads takes there; the last of it is its clock."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.seconds = seconds
        self.now_s = 100.0

    def draw(self) -> None:
        self.now_s += self.seconds[torch.get_num_threads()]

    def clock(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({1: 0.03}, 1),
        ({1: 0.03, 2: 0.03}, 1),
        ({1: 0.03, 2: 0.025}, 1),  # quicker, but not clearly
        ({1: 0.03, 2: 0.09}, 1),  # they wait for each other
        ({1: 0.03, 2: 0.016}, 2),
        ({1: 0.03, 2: 0.018, 3: 0.012}, 3),
        ({1: 0.03, 2: 0.016, 4: 0.015, 8: 0.001}, 2),
        ({1: 0.03, 2: 0.016, 4: 0.009, 6: 0.006}, 6),
        ({1: 0.3, 2: 0.01}, 1),  # too slow to be measured
        ({1: 0.1, 2: 0.08, 4: 0.01}, 1),
    ],
)
def test_more_threads_are_taken_only_where_they_are_clearly_quicker(
    seconds: dict[int, float], chosen: int
) -> None:
    machine = Machine(seconds)
    began = machine.clock()
    assert fewest_threads(machine.draw, max(seconds), machine.clock) == chosen
    assert torch.get_num_threads() == chosen
    assert machine.clock() - began <= BUDGET_S


@pytest.mark.parametrize("threads", [None, 1, 2])
async def test_the_engine_says_what_it_chose_and_keeps_to_what_it_was_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, threads: int | None
) -> None:
    make_checkpoint(tmp_path / "checkpoint.safetensors")
    engine = LocalEngine(tmp_path / "checkpoint.safetensors", threads=threads)
    with caplog.at_level(logging.INFO):
        await engine.start()
    try:
        assert ("TORCH_THREADS" in caplog.text) == (threads is None)
        assert len(await hatched(engine, [1], 1.0, user_id=1)) == 1
    finally:
        await engine.close()


async def test_numpy_does_its_products_in_the_thread_that_asks(tmp_path: Path) -> None:
    pools = ThreadpoolController().select(internal_api="openblas")
    assert pools.lib_controllers  # else another BLAS came with numpy, and nothing is held back
    pools.limit(limits=2)
    make_checkpoint(tmp_path / "checkpoint.safetensors")
    engine = LocalEngine(tmp_path / "checkpoint.safetensors", threads=1)
    await engine.start()
    await engine.close()
    in_another = await asyncio.to_thread(pools.info)
    assert {pool["num_threads"] for pool in (*pools.info(), *in_another)} == {1}


def test_a_creature_has_the_same_bytes_with_every_number_of_threads_that_may_be_chosen() -> None:
    sampler = Sampler(load(SHIPPED), device="cpu")
    seeds = range(4)
    drawn: list[bytes] = []
    for threads in range(1, MOST + 1):
        torch.set_num_threads(threads)
        codes = sampler.w_from_seeds(seeds, 0.85)
        sprites = sampler.render(codes, seeds)
        drawn.append(codes.tobytes() + sprites.tobytes() + sampler.enlarge(sprites[:1]).tobytes())
    assert MOST > 1 and set(drawn) == {drawn[0]}
