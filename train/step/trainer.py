"""The training loop's body: one step from real images to updated networks, and what a resume needs.

All randomness of a step comes from (seed, images seen), so a resumed run needs no stored generator state to
go on exactly as if it had never stopped (the idea is EDM2's).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gan.discriminator import Discriminator
from gan.errors import UserError
from gan.generator import Generator
from gan.layers import downsample, upsample
from train.data.dataset import BalancedSampler, SpriteDataset
from train.data.holdout import by_share
from train.recipe import LEAST_SHARE, TrainConfig
from train.run.annealing import Annealing
from train.run.grow import hold_still
from train.schedule import Phase, check_stages, lr_decay, phase_at, total_images
from train.state import DATA_PATH, State, StateError, collect, restore
from train.step.augment import adjusted
from train.step.batch import Batch
from train.step.cuda_graph import Recording
from train.step.distributed import World
from train.step.ema import EMA
from train.step.objective import Players, Share, StepStats
from train.step.parallel import SideBySide
from train.step.precision import Compute, choose
from train.step.pretrained_discriminator import Eyes

CALIBRATION_IMAGES = 256
# What threads share is worth it from this resolution on, in shares of at least so many rows
# (docs/training.md).
SHARED_FROM = 32
LEAST_ROWS = 16


class TrainingError(UserError):
    """Training that cannot go on. Its text is fit to show to a user."""


class DivergedError(TrainingError):
    """Losses or weights stopped being finite: whoever runs the loop goes back to the last good state."""


class Trainer:
    """Networks, optimisers and averages of one run, and the step that moves them."""

    def __init__(
        self,
        config: TrainConfig,
        dataset: SpriteDataset,
        compute: Compute | None = None,
        world: World | None = None,
    ) -> None:
        check_stages(config.stages, config.network.resolutions)
        self.config = config
        self.dataset = dataset
        self.compute = compute or choose()
        self.world = world or World(device=self.compute.device)
        _check_fits(config, dataset, self.world)
        # The images that are trained on.
        self.shown = np.flatnonzero(~by_share(dataset, config.holdout) & dataset.typical)
        self.sampler = BalancedSampler(dataset.species[self.shown], config.seed)
        self.side_by_side = SideBySide()
        self.records = self.compute.device.type == "cuda"  # steps are replayed instead of launched one by one
        self.recordings: dict[
            tuple[int, int, bool, bool], Recording[Share]
        ] = {}  # by what decides their shapes
        self.images_seen = 0
        self.began_with: str | None = None  # the checkpoint whose networks the run started from
        self.lr_factor = 1.0  # below 1 once the run has diverged
        self.annealing = Annealing()
        self.augment_probability = config.augment.probability
        self.augment_probability_eyes = (config.eyes.augment or config.augment).probability

        torch.manual_seed(config.seed)
        place = self.compute.place
        self.generator = place(Generator(config.network))
        self.discriminator = place(Discriminator(config.discriminator))
        self.emas = [EMA(self.generator, half_life) for half_life in config.ema_half_lives_kimg]
        # Loss and penalty share a step, so Adam needs none of StyleGAN2's corrections for lazy regularisation
        # (appendix B): these are for a penalty with steps of its own.
        self.optimizer_g = self._adam(self.generator.parameters(), config.lr)
        self.optimizer_d = self._adam(self.discriminator.parameters(), config.lr * config.discriminator_lr)
        self.eyes: Eyes | None = None
        if config.eyes.enabled:
            self.eyes = place(Eyes(config.eyes))
            chosen = self.shown[self.sampler.slice(0, CALIBRATION_IMAGES)]
            calibration = dataset.batch(chosen, config.network.resolution, self.compute.device)
            self.eyes.calibrate(calibration)
            self.optimizer_eyes = self._adam(self.eyes.heads.parameters(), config.eyes.lr)
        # Only float16 needs its losses scaled; with other formats this does nothing.
        self.scaler = torch.amp.GradScaler(  # pyright: ignore[reportPrivateImportUsage]
            self.compute.device.type, enabled=self.compute.dtype == torch.float16
        )
        self.players = Players(
            config, self.compute, self.scaler, self.generator, self.discriminator, self.eyes
        )

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
        return self.config.batch_at(self.images_seen, self.world.size)

    @property
    def _penalizes(self) -> bool:
        """Whether this step is one of those with gradient penalties."""
        return (self.images_seen // self.batch_size) % self.config.penalty_interval == 0

    # -- one step ------------------------------------------------------------------------------------------

    def step(self) -> StepStats:
        """Show one batch: update all networks, then the generator's averages.

        Raises `DivergedError` when a loss is not finite: then only a saved state is of any use.
        """
        phase, shown = self.phase, self.batch_size
        self._set_learning_rates()
        hold_still(self.generator, self.discriminator, phase)
        figures = self._settle(self._play(self._real(phase), phase))
        if (eyes := self.players.open_eyes(phase)) is not None:
            eyes.refine_norms()
        self.images_seen += shown
        for ema in self.emas:
            ema.update(self.generator, self.images_seen, shown)
        stats = StepStats(*figures.tolist())  # a GPU is waited for here, once it knows all that it is to do
        if not (math.isfinite(stats.loss_d) and math.isfinite(stats.loss_g)):
            raise DivergedError(f"The losses stopped being finite by {self.images_seen / 1000:.1f} kimg.")
        self._adjust_augmentation(stats, shown)
        return stats

    def _adjust_augmentation(self, stats: StepStats, shown: int) -> None:
        """Steer by whichever discriminator leads more, or each one's augmentation by its own lead."""
        own = self.config.eyes.augment
        lead = stats.most_lead if own is None else stats.lead
        self.augment_probability = adjusted(self.augment_probability, lead, shown, self.config.augment)
        if own is not None and not math.isnan(stats.lead_eyes):
            self.augment_probability_eyes = adjusted(
                self.augment_probability_eyes, stats.lead_eyes, shown, own
            )

    def _real(self, phase: Phase) -> Tensor:
        """The images that the step shows, of all processes."""
        positions = self.sampler.slice(self.images_seen, self.images_seen + self.batch_size)
        real = self.dataset.batch(self.shown[positions], phase.resolution, self.compute.device)
        if phase.alpha < 1:  # while a level fades in, reals are blended as fakes are
            real = torch.lerp(upsample(downsample(real)), real, phase.alpha)
        return real

    def _play(self, real: Tensor, phase: Phase) -> list[Share]:
        """The shares of this process. All randomness of the step is drawn here."""
        penalizes = self._penalizes
        if not self.records or phase.alpha < 1:
            torch.manual_seed(_step_seed(self.config.seed, self.images_seen))
            batch = self._draw(real, self.augment_probability, self.augment_probability_eyes, phase)
            n = self._number_of_shares(len(batch), phase)
            return self.side_by_side(
                [partial(self.players.play, batch.share(k, n), phase, penalizes) for k in range(n)]
            )
        probabilities = torch.tensor(
            [self.augment_probability, self.augment_probability_eyes], device=real.device
        )
        key = phase.resolution, len(real), penalizes, phase.holds
        if key not in self.recordings:
            self.recordings[key] = Recording(
                lambda x, p: self.players.play(self._draw(x, p[0], p[1], phase), phase, penalizes),
                real,
                probabilities,
            )
        torch.manual_seed(_step_seed(self.config.seed, self.images_seen))
        return [self.recordings[key](real, probabilities)]

    def _draw(
        self,
        real: Tensor,
        augment_probability: float | Tensor,
        augment_probability_eyes: float | Tensor,
        phase: Phase,
    ) -> Batch:
        """This process's part of the batch that these images begin."""
        sides = self.generator.synthesis.noise_shapes(phase.resolution)
        batch = Batch.draw(real, self.config, sides, augment_probability, augment_probability_eyes)
        return batch.share(self.world.rank, self.world.size)

    def _number_of_shares(self, rows: int, phase: Phase) -> int:
        """How many threads work on shares of these rows, each whole groups for the minibatch statistics."""
        if self.compute.device.type != "cpu" or phase.resolution < SHARED_FROM:
            return 1
        most = min(torch.get_num_threads(), rows // LEAST_ROWS)
        return next(n for n in range(max(most, 1), 0, -1) if n == 1 or rows % (n * LEAST_SHARE) == 0)

    def _settle(self, shares: list[Share]) -> Tensor:
        """Move all players by the mean of the shares of all processes, which is returned of their figures."""
        mean_w, figures, *gradients = self.world.mean([self._message(share) for share in shares])
        self.generator.mapping.track(mean_w[None])
        means, optimizers = iter(gradients), self._parts()[1]
        for player, present in shares[0].gradients.items():
            optimizer = optimizers[f"optimizer_{player}"]
            for parameter, gradient in zip(optimizer.param_groups[0]["params"], present, strict=True):
                # The optimiser goes through both in the order in memory, which must be the same.
                grad = None if gradient is None else torch.empty_like(parameter).copy_(next(means))
                parameter.grad = grad
            self.scaler.step(optimizer)
        self.scaler.update()
        return figures

    def _message(self, share: Share) -> list[Tensor]:
        """All that is averaged, in the order in which `_settle` takes it."""
        gradients = [g for player in share.gradients.values() for g in player if g is not None]
        return [share.mean_w, share.figures, *gradients]

    # -- saving and resuming -------------------------------------------------------------------------------

    def lower_lr(self, factor: float) -> None:
        """Multiply all learning rates, now and in every later state."""
        self.lr_factor *= factor
        self._set_learning_rates()

    def _set_learning_rates(self) -> None:
        """The recipe's; the eyes' heads keep theirs however long the run is."""
        decay = lr_decay(self.images_seen, self.config.lr_decay_kimg)
        factor = self.lr_factor * self.annealing.at(self.images_seen)
        for name, optimizer in self._parts()[1].items():
            for group in optimizer.param_groups:
                group["lr"] = group["full_lr"] * factor * (1 if name == "optimizer_eyes" else decay)

    def _parts(self) -> tuple[dict[str, nn.Module], dict[str, Optimizer]]:
        modules: dict[str, nn.Module] = {"generator": self.generator, "discriminator": self.discriminator}
        modules |= {f"ema{ema.half_life_kimg:g}": ema.generator for ema in self.emas}
        optimizers: dict[str, Optimizer] = {"optimizer_g": self.optimizer_g, "optimizer_d": self.optimizer_d}
        if self.eyes is not None:
            modules["eyes"] = self.eyes.heads
            optimizers["optimizer_eyes"] = self.optimizer_eyes
        return modules, optimizers

    def state(self) -> State:
        """Everything that `load_state` needs to go on exactly from here."""
        values: dict[str, Any] = {
            "images_seen": self.images_seen,
            "began_with": self.began_with,
            "config": self.config.to_dict(),
            "dataset": {key: self.dataset.index[key] for key in ("sha256", "count", "source")},
            DATA_PATH: str(self.dataset.path.resolve()),
            "augment_probability": self.augment_probability,
            "augment_probability_eyes": self.augment_probability_eyes,
            "lr_factor": self.lr_factor,
            "annealed": self.annealing.record,
            "scaler": self.scaler.state_dict(),
        }
        return State(collect(*self._parts()), values)

    def load_state(self, state: State) -> None:
        """Go on from a saved state. Raises `StateError` if it belongs to other networks or a later stage."""
        images_seen, stored = state.images_seen, state.config
        reached = phase_at(stored.stages, images_seen).resolution
        planned = phase_at(self.config.stages, images_seen).resolution
        if planned < reached:
            raise StateError(
                f"The saved state has reached {reached} pixels, but these stages would put it back at "
                f"{planned}."
            )
        modules, optimizers = self._parts()
        if not stored.eyes.enabled or _heads(stored) != _heads(self.config):
            # No heads that could be gone on with: new ones start afresh.
            modules.pop("eyes", None)
            optimizers.pop("optimizer_eyes", None)
        restore(state, modules, optimizers)
        self.images_seen = images_seen
        self.began_with = state.began_with
        self.annealing = Annealing.of(state)
        self.augment_probability = state.number("augment_probability", self.config.augment.probability)
        self.augment_probability_eyes = state.number(
            "augment_probability_eyes", self.augment_probability_eyes
        )
        self.lower_lr(state.number("lr_factor", 1.0) / self.lr_factor)
        if scaler := state.values.get("scaler"):
            self.scaler.load_state_dict(scaler)


def _heads(config: TrainConfig) -> tuple[int, int, bool]:
    """What the shapes of the eyes' heads hang on."""
    return config.eyes.width, config.eyes.first_stride, config.eyes.minibatch_stddev


def _step_seed(seed: int, images_seen: int) -> int:
    """A seed below 2³² for one step: torch's generator on CPUs ignores higher bits."""
    return int(np.random.SeedSequence([seed, images_seen]).generate_state(1)[0])


def _check_fits(config: TrainConfig, dataset: SpriteDataset, world: World) -> None:
    """Raises `TrainingError` for data or a number of processes that the recipe cannot be followed with."""
    if dataset.resolution % config.network.resolution:
        raise TrainingError(
            f"The data set's images are {dataset.resolution} pixels wide, which the network's "
            f"{config.network.resolution} do not divide. Build a data set of that resolution."
        )
    if config.batch_size % (LEAST_SHARE * world.size) and world.size > 1:
        raise TrainingError(
            f"{world.size} processes cannot share batches of {config.batch_size} in whole groups of four: "
            f"choose a --batch-size that {LEAST_SHARE * world.size} divides."
        )
