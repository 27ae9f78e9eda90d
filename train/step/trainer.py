"""The training loop's body: one step from real images to updated networks, and what a resume needs.

All randomness of a step comes from (seed, images seen), so a resumed run needs no stored generator state to
go on exactly as if it had never stopped (the idea is EDM2's).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gan.discriminator import Discriminator
from gan.generator import Generator
from gan.layers import downsample, upsample
from train import stored_names as stored
from train.data.dataset import BalancedSampler, SpriteDataset
from train.data.holdout import by_share
from train.errors import DivergedError, StateError, TrainingError
from train.recipe import LEAST_SHARE, TrainConfig
from train.schedule import Phase, check_stages, lr_decay, phase_at, total_images
from train.state import State, collect, restore
from train.step.annealing import Annealing
from train.step.augment import adjusted
from train.step.ema import EMA
from train.step.objective import Gradients, Objective, StepGradients, StepStats
from train.step.precision import Compute, choose
from train.step.pretrained_discriminator import PretrainedDiscriminator
from train.step.process_group import ProcessGroup
from train.step.runner import Runner

CALIBRATION_IMAGES = 256


@dataclass(frozen=True)
class Optimizers:
    """One for each network that learns."""

    generator: Adam
    discriminator: Adam
    pretrained: Adam | None  # of the heads


class Trainer:
    """Networks, optimisers and averages of one run, and the step that moves them."""

    def __init__(
        self,
        config: TrainConfig,
        dataset: SpriteDataset,
        compute: Compute | None = None,
        group: ProcessGroup | None = None,
    ) -> None:
        check_stages(config.stages, config.network.resolutions)
        self.config = config
        self.dataset = dataset
        self.compute = compute or choose()
        self.group = group or ProcessGroup(device=self.compute.device)
        _check_fits(config, dataset, self.group)
        # The images that are trained on.
        self.shown = np.flatnonzero(~by_share(dataset, config.holdout) & dataset.typical)
        self.sampler = BalancedSampler(dataset.species[self.shown], config.seed)
        self.images_seen = 0
        self.began_with: str | None = None  # the checkpoint whose networks the run started from
        self.lr_factor = 1.0  # below 1 once the run has diverged
        self.annealing = Annealing()
        self.augment_probability = config.augment.probability
        self.pretrained_augment_probability = (config.pretrained.augment or config.augment).probability

        torch.manual_seed(config.seed)
        to_device = self.compute.to_device
        self.generator = to_device(Generator(config.network))
        self.discriminator = to_device(Discriminator(config.discriminator))
        self.emas = [EMA(self.generator, half_life) for half_life in config.ema_half_lives_kimg]
        self.pretrained = self._calibrated_pretrained() if config.pretrained.enabled else None
        # Loss and penalty share a step, so Adam needs none of StyleGAN2's corrections for lazy regularisation
        # (appendix B): these are for a penalty with steps of its own.
        self.optimizers = Optimizers(
            self._adam(self.generator.parameters(), config.lr),
            self._adam(self.discriminator.parameters(), config.lr * config.discriminator_lr),
            self.pretrained and self._adam(self.pretrained.heads.parameters(), config.pretrained.lr),
        )
        # Only float16 needs its losses scaled; with other formats this does nothing.
        self.scaler = torch.amp.GradScaler(  # pyright: ignore[reportPrivateImportUsage]
            self.compute.device.type, enabled=self.compute.dtype == torch.float16
        )
        self.objective = Objective(
            config, self.compute, self.scaler, self.generator, self.discriminator, self.pretrained
        )
        self.runner = Runner(self.objective, self.group)

    def _calibrated_pretrained(self) -> PretrainedDiscriminator:
        pretrained = self.compute.to_device(PretrainedDiscriminator(self.config.pretrained))
        chosen = self.shown[self.sampler.slice(0, CALIBRATION_IMAGES)]
        pretrained.calibrate(self.dataset.batch(chosen, self.config.network.resolution, self.compute.device))
        return pretrained

    def _adam(self, parameters: Iterable[nn.Parameter], lr: float) -> Adam:
        group = {"params": list(parameters), "full_lr": lr}
        return Adam([group], lr, self.config.betas, eps=1e-8, fused=True)

    @property
    def phase(self) -> Phase:
        """Where the schedule stands."""
        return phase_at(self.config.stages, self.images_seen)

    @property
    def done(self) -> bool:
        """Whether the schedule has been shown in full. Beyond it the last stage goes on."""
        return self.images_seen >= total_images(self.config.stages)

    @property
    def batch_size(self) -> int:
        """How many images the next step shows, over all processes."""
        return self.config.batch_at(self.images_seen, self.group.size)

    # -- one step ------------------------------------------------------------------------------------------

    def step(self) -> StepStats:
        """Show one batch: update all networks, then the generator's averages.

        Raises `DivergedError` when a loss is not finite: then only a saved state is of any use.
        """
        config, phase, shown = self.config, self.phase, self.batch_size
        self._set_learning_rates()
        _freeze_trained_levels(self.generator, self.discriminator, phase)

        # Gradients of all networks (`train.step.objective`), the mean over threads and processes.
        gradients = self.runner.gradients(
            self._real(phase),
            (self.augment_probability, self.pretrained_augment_probability),
            phase,
            with_penalty=(self.images_seen // shown) % config.penalty_interval == 0,
            seed=(config.seed, self.images_seen),
        )
        self._update(gradients)
        if (pretrained := self.objective.pretrained_at(phase)) is not None:
            pretrained.update_spectral_norms()
        self.images_seen += shown
        for ema in self.emas:
            ema.update(self.generator, self.images_seen, shown)

        # A GPU is waited for here, once it knows all that it is to do.
        stats = StepStats(*gradients.stats.tolist())
        if not (math.isfinite(stats.loss_d) and math.isfinite(stats.loss_g)):
            raise DivergedError(f"The losses stopped being finite by {self.images_seen / 1000:.1f} kimg.")
        self._adapt_augmentation(stats, shown)
        return stats

    def _real(self, phase: Phase) -> Tensor:
        """The images that the step shows, of all processes: [N, 4, R, R]."""
        positions = self.sampler.slice(self.images_seen, self.images_seen + self.batch_size)
        real = self.dataset.batch(self.shown[positions], phase.resolution, self.compute.device)
        if phase.alpha < 1:  # while a level fades in, reals are blended as fakes are
            real = torch.lerp(upsample(downsample(real)), real, phase.alpha)
        return real

    def _update(self, gradients: StepGradients) -> None:
        """One step of each optimiser, and of the running mean of styles."""
        self.generator.mapping.track(gradients.mean_w[None])
        optimizers = self.optimizers
        self._descend(optimizers.discriminator, gradients.discriminator)
        if optimizers.pretrained is not None and gradients.pretrained is not None:
            self._descend(optimizers.pretrained, gradients.pretrained)
        self._descend(optimizers.generator, gradients.generator)
        self.scaler.update()

    def _descend(self, optimizer: Adam, gradients: Gradients) -> None:
        for parameter, gradient in zip(optimizer.param_groups[0]["params"], gradients, strict=True):
            # The optimiser goes through both in the order in memory, which must be the same.
            grad = None if gradient is None else torch.empty_like(parameter).copy_(gradient)
            parameter.grad = grad
        self.scaler.step(optimizer)

    def _adapt_augmentation(self, stats: StepStats, shown: int) -> None:
        """Steer by whichever discriminator overfits more, or each one's augmentation by its own figure."""
        own, first, second = self.config.pretrained.augment, stats.overfitting, stats.overfitting_pretrained
        steer = max(first, second) if own is None else first  # comparing with NaN keeps the first
        self.augment_probability = adjusted(self.augment_probability, steer, shown, self.config.augment)
        if own is not None and not math.isnan(second):
            probability = adjusted(self.pretrained_augment_probability, second, shown, own)
            self.pretrained_augment_probability = probability

    def lower_lr(self, factor: float) -> None:
        """Multiply all learning rates, now and in every later state."""
        self.lr_factor *= factor
        self._set_learning_rates()

    def _set_learning_rates(self) -> None:
        """The recipe's; the pretrained discriminator's heads keep theirs however long the run is."""
        factor = self.lr_factor * self.annealing.at(self.images_seen)
        decay = lr_decay(self.images_seen, self.config.lr_decay_kimg)
        _set_learning_rate(self.optimizers.generator, factor, decay)
        _set_learning_rate(self.optimizers.discriminator, factor, decay)
        if self.optimizers.pretrained is not None:
            _set_learning_rate(self.optimizers.pretrained, factor)

    # -- saving and resuming -------------------------------------------------------------------------------

    def _modules(self) -> dict[str, nn.Module]:
        """By their names in states."""
        modules: dict[str, nn.Module] = {
            stored.GENERATOR: self.generator,
            stored.DISCRIMINATOR: self.discriminator,
        }
        modules |= {stored.ema(ema.half_life_kimg): ema.generator for ema in self.emas}
        if self.pretrained is not None:
            modules[stored.PRETRAINED_HEADS] = self.pretrained.heads
        return modules

    def _optimizers(self) -> dict[str, Optimizer]:
        """By their names in states."""
        optimizers: dict[str, Optimizer] = {
            stored.GENERATOR_OPTIMIZER: self.optimizers.generator,
            stored.DISCRIMINATOR_OPTIMIZER: self.optimizers.discriminator,
        }
        if self.optimizers.pretrained is not None:
            optimizers[stored.PRETRAINED_OPTIMIZER] = self.optimizers.pretrained
        return optimizers

    def state(self) -> State:
        """Everything that `load_state` needs to go on exactly from here."""
        values: dict[str, Any] = {
            stored.IMAGES_SEEN: self.images_seen,
            stored.BEGAN_WITH: self.began_with,
            stored.CONFIG: self.config.to_dict(),
            stored.DATASET: {key: self.dataset.index[key] for key in ("sha256", "count", "source")},
            stored.DATA_PATH: str(self.dataset.path.resolve()),
            stored.AUGMENT_PROBABILITY: self.augment_probability,
            stored.PRETRAINED_AUGMENT_PROBABILITY: self.pretrained_augment_probability,
            stored.LR_FACTOR: self.lr_factor,
            stored.ANNEALED: self.annealing.record,
            stored.SCALER: self.scaler.state_dict(),
        }
        return State(collect(self._modules(), self._optimizers()), values)

    def load_state(self, state: State) -> None:
        """Go on from a saved state. Raises `StateError` if it belongs to other networks or a later stage."""
        images_seen, before = state.images_seen, state.config
        reached = phase_at(before.stages, images_seen).resolution
        planned = phase_at(self.config.stages, images_seen).resolution
        if planned < reached:
            raise StateError(
                f"The saved state has reached {reached} pixels, but these stages would put it back at "
                f"{planned}."
            )
        modules, optimizers = self._modules(), self._optimizers()
        if not before.pretrained.enabled or before.pretrained.heads != self.config.pretrained.heads:
            # The state has no such heads: new ones start afresh.
            modules.pop(stored.PRETRAINED_HEADS, None)
            optimizers.pop(stored.PRETRAINED_OPTIMIZER, None)
        restore(state, modules, optimizers)
        self.images_seen = images_seen
        self.began_with = state.began_with
        self.annealing = Annealing.of(state)
        self.augment_probability = state.number(stored.AUGMENT_PROBABILITY, self.config.augment.probability)
        self.pretrained_augment_probability = state.number(
            stored.PRETRAINED_AUGMENT_PROBABILITY, self.pretrained_augment_probability
        )
        self.lower_lr(state.number(stored.LR_FACTOR, 1.0) / self.lr_factor)
        if scaler := state.values.get(stored.SCALER):
            self.scaler.load_state_dict(scaler)


def _set_learning_rate(optimizer: Adam, factor: float, decay: float = 1.0) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["full_lr"] * factor * decay


def _freeze_trained_levels(generator: Generator, discriminator: Discriminator, phase: Phase) -> None:
    """Let the newest level alone take gradients where the phase says so, and else all of them."""
    top = generator.config.resolutions.index(phase.resolution)
    newest = [generator.synthesis.levels[top], discriminator.from_image[top]]
    if top > 0:
        newest.append(discriminator.blocks[top - 1])
    learning = {parameter for module in newest for parameter in module.parameters()}
    for parameter in itertools.chain(generator.parameters(), discriminator.parameters()):
        parameter.requires_grad_(not phase.holds or parameter in learning)


def _check_fits(config: TrainConfig, dataset: SpriteDataset, group: ProcessGroup) -> None:
    """Raises `TrainingError` for data or a number of processes that the recipe cannot be followed with."""
    if dataset.resolution % config.network.resolution:
        raise TrainingError(
            f"The data set's images are {dataset.resolution} pixels wide, which the network's "
            f"{config.network.resolution} do not divide. Build a data set of that resolution."
        )
    if config.batch_size % (LEAST_SHARE * group.size) and group.size > 1:
        raise TrainingError(
            f"{group.size} processes cannot share batches of {config.batch_size} in whole groups of four: "
            f"choose a --batch-size that {LEAST_SHARE * group.size} divides."
        )
