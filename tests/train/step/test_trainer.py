"""Training: what a step changes, how it grows, and that a resumed run is the same run."""

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.config import ConfigError, Style
from gan.generator import SynthesisLevel
from gan.pretrained import efficientnet
from tests.gan.tiny import STYLES
from tests.train.tiny import BATCH, STAGES, differences, steps, tiny_recipe, tiny_trainer
from train.data.dataset import SpriteDataset
from train.errors import ScheduleError, StateError, TrainingError
from train.recipe import AugmentConfig, PretrainedDiscriminatorConfig, TrainConfig
from train.schedule import Stage
from train.state import State, read, write
from train.step.trainer import Optimizers, Trainer

needs_pretrained = pytest.mark.skipif(
    not efficientnet.available(), reason="the packages of the train extra are missing"
)


def snapshot(trainer: Trainer) -> State:
    """The trainer's state as it is now, untouched by later steps."""
    state = trainer.state()
    return State({name: t.clone() for name, t in state.tensors.items()}, state.values)


def resumed(trainer: Trainer, path: Path, dataset: SpriteDataset, dtype: torch.dtype) -> Trainer:
    """Another trainer, as a new process would make it from the saved state."""
    write(path, trainer.state())
    torch.manual_seed(987654)  # whatever randomness the new process comes with
    state = read(path)
    other = tiny_trainer(dataset, state.config, dtype)
    other.load_state(state)
    return other


@pytest.mark.parametrize(
    ("before", "after"),
    [(3, 9), (8, 8), (4, 4), (13, 3)],
    ids=["over the first growth", "out of a fade", "at the growth", "in the last stage"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_resumed_run_is_the_same_run_bit_for_bit(
    creatures: SpriteDataset, tmp_path: Path, before: int, after: int, dtype: torch.dtype
) -> None:
    straight = steps(tiny_trainer(creatures, dtype=dtype), before + after)
    stopped = steps(tiny_trainer(creatures, dtype=dtype), before)
    halfway = snapshot(stopped)
    again = resumed(stopped, tmp_path / "state.safetensors", creatures, dtype)
    assert differences(snapshot(again), halfway) == []
    steps(again, after)
    assert again.images_seen == straight.images_seen == (before + after) * BATCH
    assert differences(again.state(), straight.state()) == []
    assert differences(again.state(), halfway)


@needs_pretrained
def test_a_resumed_run_with_both_discriminators_is_the_same_run_bit_for_bit(
    creatures: SpriteDataset, tmp_path: Path
) -> None:
    recipe = tiny_recipe(pretrained=True)
    straight = steps(tiny_trainer(creatures, recipe), 14)
    stopped = steps(tiny_trainer(creatures, recipe), 12)
    again = steps(resumed(stopped, tmp_path / "state.safetensors", creatures, torch.float32), 2)
    assert any(name.startswith("eyes/") for name in again.state().tensors)
    assert any(name.startswith("optimizer_eyes/") for name in again.state().tensors)
    assert differences(again.state(), straight.state()) == []


def test_the_adain_generator_resumes_too(creatures: SpriteDataset, tmp_path: Path) -> None:
    straight = steps(tiny_trainer(creatures, tiny_recipe("adain")), 7)
    stopped = steps(tiny_trainer(creatures, tiny_recipe("adain")), 3)
    again = steps(resumed(stopped, tmp_path / "s", creatures, torch.float32), 4)
    assert differences(again.state(), straight.state()) == []


def test_another_seed_is_another_run(creatures: SpriteDataset) -> None:
    one = steps(tiny_trainer(creatures), 2).state()
    other = steps(tiny_trainer(creatures, replace(tiny_recipe(), seed=1)), 2).state()
    assert "generator/synthesis.constant" in differences(one, other)


def test_the_seed_decides_every_step_and_not_the_first_weights_alone(creatures: SpriteDataset) -> None:
    start = tiny_trainer(creatures).state()
    losses: list[float] = []
    for seed in (0, 1, 2):
        trainer = tiny_trainer(creatures, replace(tiny_recipe(), seed=seed))
        trainer.load_state(start)
        trainer.sampler = tiny_trainer(creatures).sampler  # the same images for all
        losses.append(trainer.step().loss_d)
    assert len(set(losses)) == 3


def test_fused_adam_computes_what_adam_is(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures)
    parameter = trainer.discriminator.conv.weight
    before = parameter.detach().clone()
    gradients = []
    for _ in range(2):
        trainer.step()
        assert parameter.grad is not None
        gradients.append(parameter.grad.clone())
    lr, (beta1, beta2) = trainer.config.lr, trainer.config.betas
    second = torch.zeros_like(before)
    for step, gradient in enumerate(gradients, start=1):
        second = beta2 * second + (1 - beta2) * gradient**2
        before -= lr * gradient / ((second / (1 - beta2**step)).sqrt() + 1e-8)
    assert beta1 == 0
    torch.testing.assert_close(parameter.detach(), before, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("style", STYLES)
def test_a_step_changes_all_active_parameters_and_no_others(creatures: SpriteDataset, style: Style) -> None:
    trainer = steps(tiny_trainer(creatures, tiny_recipe(style)), 6)  # 8×8, half faded in
    assert trainer.phase.resolution == 8 and trainer.phase.alpha == 0.5
    before = snapshot(trainer)
    trainer.step()
    changed = {
        n for n in differences(before, trainer.state()) if n.split("/")[0] in ("generator", "discriminator")
    }
    active = {
        name
        for name in before.tensors
        if name.split("/")[0] in ("generator", "discriminator")
        and not name.startswith(
            ("generator/synthesis.levels.2", "discriminator/blocks.1", "discriminator/from_image.2")
        )
    }
    # RpGAN looks at differences of logits alone, so their common bias never gets a gradient.
    assert changed == active - {"discriminator/logit.bias"}


def test_averages_follow_at_their_own_pace(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures)
    start = trainer.generator.synthesis.constant.detach().clone()
    now = steps(trainer, 12).state().tensors
    moved = [
        (now[f"{name}/synthesis.constant"] - start).norm().item()
        for name in ("generator", "ema0.001", "ema0.05")
    ]
    assert moved[0] > moved[1] > moved[2] > 0


def test_optimisers_keep_their_state_when_the_network_grows(creatures: SpriteDataset) -> None:
    trainer = steps(tiny_trainer(creatures), 4)
    constant = trainer.generator.synthesis.constant
    moments = trainer.optimizers.generator.state[constant]["exp_avg_sq"].clone()
    assert trainer.phase.resolution == 8
    level = trainer.generator.synthesis.levels[1]
    assert isinstance(level, SynthesisLevel)
    newest = level.to_image.bias
    assert newest not in trainer.optimizers.generator.state
    steps(trainer, 3)
    assert trainer.optimizers.generator.state[constant]["step"] == 7
    assert trainer.optimizers.generator.state[newest]["step"] == 3
    assert not torch.equal(trainer.optimizers.generator.state[constant]["exp_avg_sq"], moments)


def test_penalties_come_at_their_interval(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures)
    due = [not math.isnan(trainer.step().r1) for _ in range(7)]
    assert due == [True, False, False, True, False, False, True]


def test_the_nonsaturating_loss_penalises_reals_alone(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures, replace(tiny_recipe(), loss="nonsaturating"))
    stats = trainer.step()
    assert stats.r1 > 0 and math.isnan(stats.r2)
    assert stats.loss_d == pytest.approx(2 * math.log(2), abs=1)
    assert steps(trainer, 3).images_seen == 4 * BATCH


def test_the_learning_rate_falls_with_the_root_of_the_images_seen(creatures: SpriteDataset) -> None:
    def factors(trainer: Trainer) -> list[float]:
        full = trainer.config.lr, trainer.config.lr, trainer.config.pretrained.lr
        optimizers = [getattr(trainer.optimizers, field.name) for field in fields(Optimizers)]
        return [o.param_groups[0]["lr"] / lr for o, lr in zip(optimizers, full, strict=True)]

    trainer = steps(tiny_trainer(creatures, tiny_recipe(pretrained=True)), 11)  # the last begins at ten
    assert factors(trainer) == pytest.approx([1, 1, 1])
    steps(trainer, 4)
    assert factors(trainer) == pytest.approx([math.sqrt(10 / 14)] * 2 + [1])
    resumed = tiny_trainer(creatures, tiny_recipe(pretrained=True))
    resumed.load_state(trainer.state())
    assert factors(resumed) == pytest.approx([math.sqrt(10 / 15)] * 2 + [1])


def test_augmentation_adapts_and_is_kept(creatures: SpriteDataset, tmp_path: Path) -> None:
    trainer = tiny_trainer(creatures, replace(tiny_recipe(), augment=AugmentConfig(adjust_kimg=0.1)))
    before = trainer.augment_probability
    stats = trainer.step()
    direction = 1 if stats.overfitting > 0.6 else -1
    assert trainer.augment_probability == pytest.approx(max(min(before + direction * BATCH / 100, 0.8), 0.2))
    again = resumed(trainer, tmp_path / "s", creatures, torch.float32)
    assert again.augment_probability == trainer.augment_probability != before


@needs_pretrained
def test_both_discriminators_can_have_augmentations_of_their_own(
    creatures: SpriteDataset, tmp_path: Path
) -> None:
    recipe = tiny_recipe(pretrained=True)
    wanted = AugmentConfig(probability=0.5, target=1.1, adjust_kimg=0.1)  # nobody leads that much
    own = replace(
        recipe, pretrained=replace(recipe.pretrained, augment=wanted), augment=AugmentConfig(target=None)
    )
    trainer = steps(tiny_trainer(creatures, own), 10)
    assert (trainer.augment_probability, trainer.pretrained_augment_probability) == (0.7, 0.5)
    trainer.step()  # the first that both see
    assert trainer.augment_probability == 0.7
    assert trainer.pretrained_augment_probability == pytest.approx(0.5 - BATCH / 100)
    again = resumed(trainer, tmp_path / "s", creatures, torch.float32)
    assert again.pretrained_augment_probability == trainer.pretrained_augment_probability
    assert differences(snapshot(steps(again, 3)), snapshot(steps(trainer, 3))) == []


def test_the_discriminator_can_learn_at_a_rate_of_its_own(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures, replace(tiny_recipe(), discriminator_lr=2.0))
    trainer.step()
    rates = [
        optimizer.param_groups[0]["lr"]
        for optimizer in (trainer.optimizers.generator, trainer.optimizers.discriminator)
    ]
    assert rates[1] == pytest.approx(2 * rates[0])


@pytest.mark.parametrize("style", STYLES)
def test_a_step_in_bfloat16_stays_near_the_one_in_float32(creatures: SpriteDataset, style: Style) -> None:
    exact = tiny_trainer(creatures, tiny_recipe(style)).step()
    coarse_trainer = tiny_trainer(creatures, tiny_recipe(style), torch.bfloat16)
    coarse = coarse_trainer.step()
    assert coarse.loss_d == pytest.approx(exact.loss_d, abs=0.05)
    assert (coarse.r1, coarse.r2) == pytest.approx((exact.r1, exact.r2), rel=0.2)
    assert all(p.dtype == torch.float32 for p in coarse_trainer.generator.parameters())


@needs_pretrained
def test_the_pretrained_discriminator_joins_at_their_resolution(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures, tiny_recipe(pretrained=True))
    looks = [not math.isnan(trainer.step().loss_pretrained) for _ in range(11)]
    assert looks == [False] * 10 + [True]


@needs_pretrained
def test_penalised_heads_stay_flatter(creatures: SpriteDataset) -> None:
    recipe = tiny_recipe(pretrained=True)
    real = creatures.batch(np.arange(8), 16)
    slopes = []
    for gamma in (0.0, 1000.0):
        heads = replace(recipe.pretrained, gamma=gamma)
        pretrained = steps(tiny_trainer(creatures, replace(recipe, pretrained=heads)), 22).pretrained
        assert pretrained is not None
        slopes.append(pretrained.penalty(pretrained.features(real)).item())
    assert slopes[1] < 0.9 * slopes[0]


@needs_pretrained
def test_a_run_may_get_a_pretrained_discriminator_and_lose_it_again(creatures: SpriteDataset) -> None:
    without = steps(tiny_trainer(creatures), 10)
    with_it = tiny_trainer(creatures, tiny_recipe(pretrained=True))
    with_it.load_state(snapshot(without))
    assert math.isfinite(with_it.step().loss_pretrained)
    wider = tiny_trainer(
        creatures, replace(with_it.config, pretrained=replace(with_it.config.pretrained, width=12))
    )
    wider.load_state(snapshot(with_it))  # other heads: they start afresh
    assert math.isfinite(wider.step().loss_pretrained)
    without_again = tiny_trainer(creatures)
    without_again.load_state(snapshot(with_it))
    assert math.isnan(without_again.step().loss_pretrained)


def test_losses_that_are_not_finite_end_the_run_with_a_sentence(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures)
    with torch.no_grad():
        trainer.generator.synthesis.constant.fill_(math.nan)
    with pytest.raises(TrainingError, match="finite"):
        trainer.step()


def test_the_schedule_ends(creatures: SpriteDataset) -> None:
    trainer = tiny_trainer(creatures, replace(tiny_recipe(), stages=(Stage(16, 0.008, 0),)))
    assert not trainer.done and trainer.phase.resolution == 16
    assert steps(trainer, 2).done


def test_a_stage_may_have_batches_of_its_own(creatures: SpriteDataset) -> None:
    growing = replace(tiny_recipe(), stages=(Stage(8, 0.007, 0, batch_size=2), Stage(16, 1, 0)))
    trainer, seen = tiny_trainer(creatures, growing), []
    for _ in range(6):
        seen.append(steps(trainer, 1).images_seen)
        if trainer.images_seen == 6:  # another process goes on from here
            state, trainer = trainer.state(), tiny_trainer(creatures, growing)
            trainer.load_state(state)
    assert seen == [2, 4, 6, 8, 12, 16]
    assert not differences(trainer.state(), steps(tiny_trainer(creatures, growing), 6).state())


def test_batches_of_a_stage_are_no_smaller_than_processes_can_share() -> None:
    recipe = TrainConfig(batch_size=128, stages=(Stage(32, 1, 0, batch_size=20), Stage(64, 1, 0)))
    assert [recipe.batch_at(999, n) for n in (1, 2, 3, 8)] == [20, 32, 24, 64]
    assert [recipe.batch_at(1000, n) for n in (1, 2, 8)] == [128] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"discriminator_channels": (16, 16)},
        {"batch_size": 0},
        {"batch_size": 10**6},
        {"stages": (Stage(4, 1, 0, batch_size=0), *STAGES[1:])},
        {"loss": "hinge"},
        {"pretrained": PretrainedDiscriminatorConfig(from_resolution=8)},
        {"pretrained": PretrainedDiscriminatorConfig(first_stride=2)},
        {"augment": AugmentConfig(probability=0.9)},
        {"lr": 0.0},
        {"lr": math.nan},
        {"lr": -0.1},
        {"lr": 2.0},
        {"lr_decay_kimg": 0.0},
        {"lr_decay_kimg": math.nan},
        {"seed": -1},
        {"seed": 2**40},
    ],
)
def test_impossible_recipes_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(tiny_recipe(), **change)  # type: ignore[arg-type]


def test_the_largest_seed_can_be_trained_with(creatures: SpriteDataset) -> None:
    steps(tiny_trainer(creatures, replace(tiny_recipe(), seed=2**32 - 1)), 1)


def test_schedules_and_data_that_do_not_fit_are_refused(creatures: SpriteDataset) -> None:
    with pytest.raises(ScheduleError):
        tiny_trainer(creatures, replace(tiny_recipe(), stages=STAGES[:2]))
    with pytest.raises(TrainingError, match="16 pixels wide"):
        tiny_trainer(creatures, TrainConfig(pretrained=tiny_recipe().pretrained))


def test_a_recipe_survives_json_and_a_broken_one_is_refused() -> None:
    for config in (TrainConfig(), tiny_recipe("adain", pretrained=True)):
        assert TrainConfig.from_dict(config.to_dict()) == config
    older = tiny_recipe().to_dict()  # of when all stages had the same batches
    older["stages"] = [{k: v for k, v in stage.items() if k != "batch_size"} for stage in older["stages"]]
    assert TrainConfig.from_dict(older) == tiny_recipe()
    for broken in (
        {},
        tiny_recipe().to_dict() | {"wings": 2},
        tiny_recipe().to_dict() | {"eyes": {"blue": 1}},
    ):
        with pytest.raises(ConfigError):
            TrainConfig.from_dict(broken)


def test_a_state_of_other_networks_or_of_a_later_stage_is_refused(creatures: SpriteDataset) -> None:
    state = steps(tiny_trainer(creatures), 5).state()
    with pytest.raises(StateError, match="networks"):
        tiny_trainer(creatures, tiny_recipe("adain")).load_state(state)
    longer = replace(tiny_recipe(), stages=(Stage(4, 1, 0), *STAGES[1:]))
    with pytest.raises(StateError, match="put it back at 4"):
        tiny_trainer(creatures, longer).load_state(state)
