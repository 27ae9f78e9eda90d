"""A batch that is worked on in shares: by threads here, by processes in test_distributed.py."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
import torch

from gan.pretrained import efficientnet
from tests.train.tiny import PRETRAINED, differences, steps, tiny_recipe, tiny_trainer
from train.data.dataset import SpriteDataset
from train.recipe import AugmentConfig, PretrainedDiscriminatorConfig
from train.step import runner
from train.step.batch import Batch
from train.step.objective import Objective, StepGradients
from train.step.trainer import Optimizers, Trainer

needs_pretrained = pytest.mark.skipif(
    not efficientnet.available(), reason="the packages of the train extra are missing"
)


def drawn(n: int, pretrained: PretrainedDiscriminatorConfig = PRETRAINED) -> Batch:
    """A batch of n for tiny networks at 8×8."""
    torch.manual_seed(3)
    recipe = replace(tiny_recipe(), mixing_probability=0.5, pretrained=pretrained)
    return Batch.draw(torch.randn(n, 4, 8, 8), recipe, [4, 8, 8], 0.5, 0.5)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_augmentations_of_its_own_leave_all_other_draws_as_they_are() -> None:
    shared, own = drawn(12), drawn(12, replace(PRETRAINED, augment=AugmentConfig(cutout=0.5)))
    assert shared.augment_fakes_pretrained is None and own.augment_fakes_pretrained is not None
    for name in ("real", "z", "crossover"):
        assert torch.equal(getattr(shared, name), getattr(own, name))
    for a, b in zip(shared.augment_fakes, own.augment_fakes, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("augment", [None, AugmentConfig(cutout=0.5)])
def test_shares_make_up_the_whole(augment: AugmentConfig | None) -> None:
    whole = drawn(12, replace(PRETRAINED, augment=augment))
    shares = [whole.share(k, 3) for k in range(3)]
    assert [len(share) for share in shares] == [4, 4, 4]

    def tensors(batch: Batch) -> list[torch.Tensor]:
        changes = [
            batch.augment_reals,
            batch.augment_fakes,
            batch.augment_reals_pretrained,
            batch.augment_fakes_pretrained,
        ]
        values = [value for change in changes if change is not None for value in change if value is not None]
        return [batch.real, batch.z, batch.crossover, *batch.noise, *values]

    for one, *parts in zip(tensors(whole), *(tensors(share) for share in shares), strict=True):
        assert torch.equal(one, torch.cat(parts))


def test_some_fakes_mix_a_second_style_in_and_others_never() -> None:
    never = tiny_recipe().network.num_layers  # of which three take part at 8×8
    assert set(drawn(200).crossover.tolist()) == {1, 2, never}


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Small shares of small images are allowed. The sizes of all that are worked on, as they come."""
    monkeypatch.setattr(runner, "SHARED_FROM", 16)
    monkeypatch.setattr(runner, "LEAST_ROWS", 8)
    found: list[int] = []
    gradients = Objective.gradients

    def counting(self: Objective, batch: Batch, *rest: Any) -> StepGradients:
        found.append(len(batch))
        return gradients(self, batch, *rest)

    monkeypatch.setattr(Objective, "gradients", counting)
    return found


def stepped(dataset: SpriteDataset, dtype: torch.dtype, threads: int, count: int) -> Trainer:
    """A trainer after so many steps at 16×16, half faded in, with both discriminators and penalties."""
    recipe = replace(tiny_recipe(pretrained=True), batch_size=24, penalty_interval=1)
    trainer = tiny_trainer(dataset, recipe, dtype)
    trainer.images_seen = 72
    torch.set_num_threads(threads)
    return steps(trainer, count)


@needs_pretrained
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.05)])
def test_threads_that_share_a_batch_take_the_step_of_one(
    creatures: SpriteDataset, shares: list[int], dtype: torch.dtype, tolerance: float
) -> None:
    alone, shared = (stepped(creatures, dtype, threads, 1) for threads in (1, 3))
    assert shares == [24, 8, 8, 8]
    torch.testing.assert_close(shared.generator.mapping.w_avg, alone.generator.mapping.w_avg)
    assert shared.augment_probability == alone.augment_probability
    for optimizer in fields(Optimizers):
        theirs, ours = (
            _gradients(getattr(trainer.optimizers, optimizer.name)) for trainer in (alone, shared)
        )
        assert theirs.norm() > 0.01
        assert (ours - theirs).norm() < tolerance * theirs.norm()


@needs_pretrained
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_steps_in_shares_are_the_same_again_bit_for_bit(
    creatures: SpriteDataset, shares: list[int], dtype: torch.dtype
) -> None:
    first, second = (stepped(creatures, dtype, 3, 4).state() for _ in range(2))
    assert shares == [8] * 24
    assert differences(first, second) == []


def _gradients(optimizer: torch.optim.Adam) -> torch.Tensor:
    """Those of all parameters in one vector."""
    parameters = optimizer.param_groups[0]["params"]
    return torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])


def test_batches_that_threads_cannot_share_are_left_to_one(
    creatures: SpriteDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = tiny_trainer(creatures)
    torch.set_num_threads(4)
    phase = replace(trainer.phase, resolution=64)
    shares = {rows: trainer.runner.number_of_shares(rows, phase) for rows in (4, 16, 31, 32, 48, 64, 72, 256)}
    assert shares == {4: 1, 16: 1, 31: 1, 32: 2, 48: 3, 64: 4, 72: 3, 256: 4}
    assert trainer.runner.number_of_shares(256, replace(phase, resolution=16)) == 1
