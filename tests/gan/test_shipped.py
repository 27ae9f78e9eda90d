"""The checkpoint of the repository: it loads, it is what it says, and creatures come out of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from gan.checkpoint import Checkpoint, load
from gan.package import SHIPPED
from gan.sampler import Sampler
from gan.scorer import scorer_of
from gan.sections import TRAITS, path_beside

MOST_BYTES = 45e6  # with everything that belongs to it


@pytest.fixture(scope="module")
def shipped() -> Checkpoint:
    return load(SHIPPED)


def test_it_is_small_and_says_how_it_was_trained(shipped: Checkpoint) -> None:
    assert Path(SHIPPED).stat().st_size <= MOST_BYTES
    assert shipped.config.resolution == 64
    assert shipped.config.w_dim == 512
    last = shipped.metadata["stages"][-1]
    assert shipped.metadata["kimg"] >= 400 and last["resolution"] == 64
    assert shipped.metadata["resolution_reached"] == 64
    assert shipped.metadata["dataset"]["sha256"]


def test_it_comes_with_what_further_training_needs(shipped: Checkpoint) -> None:
    companion = Path(SHIPPED).with_name("newmon.training.safetensors")
    belongs = [*Path(SHIPPED).parent.glob("newmon.*")]
    assert companion in belongs and sum(path.stat().st_size for path in belongs) <= MOST_BYTES
    with safe_open(companion, framework="pt") as file:
        values = json.loads(file.metadata()["values"])
        parts = {name.split("/")[0] for name in file.keys()}  # noqa: SIM118  (the file is no mapping)
    assert values["checkpoint"] == shipped.id
    assert parts == {"generator", "discriminator", "eyes"}


def test_a_seed_hatches_the_same_of_its_candidates_on_every_machine(shipped: Checkpoint) -> None:
    scorer = scorer_of(shipped)
    assert scorer is not None and scorer.candidates == 8 and not shipped.problems
    picked = [2, 5, 3, 5, 4, 3, 4, 7, 7, 4, 7, 6, 3, 1, 6, 0]
    assert scorer.pick(range(16)) == picked and scorer.pick([2**32 - 1]) == [1]
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert scorer.pick(range(15, -1, -1)) == picked[::-1]
    finally:
        torch.set_num_threads(threads)


def test_creatures_have_a_body_on_a_transparent_ground_and_differ(shipped: Checkpoint) -> None:
    sampler = Sampler(shipped, device="cpu")
    seeds = range(32)
    sprites = sampler.render(sampler.w_from_seeds(seeds, 0.7), seeds)  # [32, 64, 64, 4]
    covered = (sprites[..., 3] > 128).mean(axis=(1, 2))
    assert (covered > 0.08).all()
    assert (covered < 0.85).all()
    assert (sprites[:, [0, 0, -1, -1], [0, -1, 0, -1], 3] < 128).mean() > 0.9  # corners
    flat = sprites.reshape(len(sprites), -1).astype(np.float32)
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    nearest = distances[~np.eye(len(flat), dtype=bool)].reshape(len(flat), -1).min(axis=1)
    assert nearest.min() > 0.2 * distances.mean()


def test_it_comes_with_heads_that_say_what_its_creatures_are(shipped: Checkpoint) -> None:
    beside = path_beside(Path(SHIPPED), TRAITS)
    assert beside.stat().st_size < 3e6
    assert TRAITS in shipped.sections and TRAITS not in shipped.own_sections and shipped.problems == ()
    sampler = Sampler(shipped, device="cpu")
    read = sampler.traits(sampler.w_from_seeds(range(40), 0.85))
    assert len({traits.types[0].value for traits in read}) >= 4
    assert len({traits.colour.value for traits in read if traits.colour}) >= 4
    assert all(traits.height_m and traits.weight_kg and traits.total and traits.kin for traits in read)
