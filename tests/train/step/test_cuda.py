"""What only a GPU can show. Everywhere else these are left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.checkpoint import load
from gan.pretrained import efficientnet
from gan.sampler import Sampler
from tests.train.tiny import steps, tiny_recipe
from train.data.dataset import SpriteDataset
from train.protocol import STATE_FILE
from train.run.export import export
from train.state import read, write
from train.step.cuda_graph import CudaGraph
from train.step.precision import choose
from train.step.runner import Shapes
from train.step.trainer import Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
needs_pretrained = pytest.mark.skipif(
    not efficientnet.available(), reason="the packages of the train extra are missing"
)


def trainer_on_gpu(dataset: SpriteDataset, uses_graphs: bool = True, pretrained: bool = False) -> Trainer:
    trainer = Trainer(tiny_recipe(pretrained=pretrained), dataset, choose("fp32"))
    trainer.runner.uses_graphs = uses_graphs
    return trainer


@needs_pretrained
def test_replayed_steps_are_those_that_are_launched_one_by_one(creatures: SpriteDataset) -> None:
    one_by_one, replayed = (
        steps(trainer_on_gpu(creatures, uses_graphs, pretrained=True), 22) for uses_graphs in (False, True)
    )
    assert not one_by_one.runner.graphs
    assert sorted(replayed.runner.graphs) == [
        Shapes(side, 4, with_penalty, False) for side in (4, 8, 16) for with_penalty in (False, True)
    ]
    for name in ("generator", "discriminator"):
        theirs, ours, first = (
            torch.cat([p.detach().flatten() for p in getattr(trainer, name).parameters()])
            for trainer in (one_by_one, replayed, trainer_on_gpu(creatures, pretrained=True))
        )
        moved = (theirs - first).norm()
        assert moved > 0.01, name
        assert (ours - theirs).norm() < 0.3 * moved, name  # other random numbers would make it 1 and more
    assert replayed.augment_probability == pytest.approx(one_by_one.augment_probability, abs=1e-3)


def test_each_replay_draws_what_its_seed_says() -> None:
    graph = CudaGraph(lambda x: x + torch.randn_like(x), torch.zeros(8, device="cuda"))
    drawn = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        drawn.append([graph(torch.full((8,), 5.0, device="cuda")).clone() for _ in range(2)])
        assert not torch.equal(*drawn[-1])
    assert torch.equal(drawn[0][0], drawn[2][0]) and torch.equal(drawn[0][1], drawn[2][1])
    assert not torch.equal(drawn[0][0], drawn[1][0])
    torch.manual_seed(1)
    assert torch.equal(drawn[0][0], 5 + torch.randn(8, device="cuda"))


@needs_pretrained
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_run_resumes_and_its_checkpoint_draws_the_same_anywhere(
    creatures: SpriteDataset, tmp_path: Path, precision: str
) -> None:
    compute = choose(precision)  # type: ignore[arg-type]
    recipe = replace(tiny_recipe(pretrained=True), batch_size=8)
    straight = steps(Trainer(recipe, creatures, compute), 12)
    write(tmp_path / STATE_FILE, steps(Trainer(recipe, creatures, compute), 8).state())
    again = Trainer(recipe, creatures, compute)
    again.load_state(read(tmp_path / STATE_FILE))
    steps(again, 4)
    assert again.images_seen == straight.images_seen and again.state().finite
    write(tmp_path / STATE_FILE, again.state())
    export(tmp_path, tmp_path / "made.safetensors", trainable=False)
    here, there = (Sampler(load(tmp_path / "made.safetensors"), device) for device in ("cuda", "cpu"))
    seeds = range(8)
    styles = there.w_from_seeds(seeds, 0.8)
    np.testing.assert_allclose(here.w_from_seeds(seeds, 0.8), styles, atol=0.02)  # TF32's ten bits
    one, other = (sampler.render(styles, seeds, raw=True).astype(int) for sampler in (here, there))
    assert np.abs(one - other).mean() < 1
