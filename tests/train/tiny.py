"""A recipe that trains in milliseconds and still has every part of a real one."""

from dataclasses import replace

import torch

from gan.config import NetworkConfig, Style
from train.data.dataset import SpriteDataset
from train.recipe import PretrainedDiscriminatorConfig, TrainConfig
from train.schedule import Stage
from train.state import State
from train.step.precision import Compute
from train.step.process_group import ProcessGroup
from train.step.trainer import Trainer

BATCH = 4
# Four steps at 4×4; six at 8×8, of which four fade in; then 16×16, which fades in for six more.
STAGES = (Stage(4, 0.016, 0), Stage(8, 0.024, 0.016), Stage(16, 0.048, 0.024))
LR_DECAY_KIMG = 0.04  # ten steps
PRETRAINED = PretrainedDiscriminatorConfig(enabled=True, from_resolution=16, image_side=48, width=8)


def tiny_recipe(style: Style = "demodulation", pretrained: bool = False) -> TrainConfig:
    """4×4 to 16×16 in batches of four, with gradient penalties at every third step."""
    return TrainConfig(
        network=NetworkConfig((16, 16, 8), style, z_dim=32, w_dim=32, mapping_layers=2),
        discriminator_channels=(16, 8, 8),
        stages=STAGES,
        batch_size=BATCH,
        lr_decay_kimg=LR_DECAY_KIMG,
        penalty_interval=3,
        ema_half_lives_kimg=(0.001, 0.05),
        pretrained=replace(PRETRAINED, enabled=pretrained),
    )


def tiny_trainer(
    dataset: SpriteDataset,
    config: TrainConfig | None = None,
    dtype: torch.dtype = torch.float32,
    group: ProcessGroup | None = None,
) -> Trainer:
    """A trainer of `tiny_recipe`, or of a variation of it, on the CPU."""
    return Trainer(config or tiny_recipe(), dataset, Compute(torch.device("cpu"), dtype), group)


def steps(trainer: Trainer, count: int) -> Trainer:
    """The trainer, `count` steps later."""
    for _ in range(count):
        trainer.step()
    return trainer


def differences(a: State, b: State) -> list[str]:
    """Names of the tensors that only one state has, or in which the two differ in any bit."""
    one_sided = set(a.tensors) ^ set(b.tensors)
    shared = set(a.tensors) - one_sided
    return sorted(one_sided) + sorted(n for n in shared if not torch.equal(a.tensors[n], b.tensors[n]))
