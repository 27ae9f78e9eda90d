"""From a run to a checkpoint: an averaged generator, growth baked in, mean style and levels measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan.checkpoint import save
from gan.generator import Generator, SynthesisLevel
from gan.levels import measure
from gan.pictures.enlarge import Enlarger
from gan.pictures.finish import Finish
from train import stored_names as stored
from train.errors import StateError
from train.protocol import STATE_FILE
from train.recipe import TrainConfig
from train.run.continuation import write_continuation
from train.schedule import Phase, phase_at
from train.state import State, read

MEAN_STYLES = 10_000  # how many z the mean style is measured with
MEAN_STYLE_SEED = 0
EMA_SHARE = 0.1  # of the images shown: a half-life above it still remembers the untrained network


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    id: str  # of the checkpoint
    kimg: float
    ema_half_life_kimg: float
    phase: Phase


def export(
    run: Path,
    out: Path,
    half_life_kimg: float | None = None,
    allow_unfinished: bool = False,
    dataset: dict[str, Any] | None = None,
    trainable: bool = True,
    finish: Finish | None = None,
    enlarger: Enlarger | None = None,
) -> Exported:
    """Write the run's averaged generator as a checkpoint. `dataset` describes the data if the state does not.

    `trainable` also writes what somebody needs to train it further (`train.run.continuation`), beside it.
    `finish` is what its pictures get at the end, `enlarger` what makes them large.
    Raises `StateError` for a run that cannot be exported and `CheckpointError` if `out` cannot be written.
    """
    state = read(run / STATE_FILE)
    config, kimg = state.config, state.images_seen / 1000
    phase = phase_at(config.stages, state.images_seen)
    if phase.resolution < config.network.resolution and not allow_unfinished:
        raise StateError(
            f"{run} has reached {phase.resolution} of {config.network.resolution} pixels: train on, or "
            "export its smooth enlargement with --allow-unfinished."
        )
    half_life = choose_half_life(config, state.images_seen, half_life_kimg)
    generator = averaged_generator(state, half_life)
    bake_growth(generator, phase)
    measure_mean_style(generator)
    metadata: dict[str, Any] = {
        "kimg": kimg,
        "stages": config.to_dict()["stages"],
        "resolution_reached": phase.resolution,
        "alpha": phase.alpha,
        "dataset": state.values.get(stored.DATASET, dataset),
        "recipe": config.to_dict(),
        "ema_half_life_kimg": half_life,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    measured = measure(generator)
    metadata["levels"] = measured.to_dict()
    identity = save(out, generator, metadata, finish, enlarger, measured.levels)
    if trainable:
        write_continuation(out, identity, state)
    return Exported(identity, kimg, half_life, phase)


def choose_half_life(config: TrainConfig, images_seen: int, wanted: float | None) -> float:
    """The wanted half-life in kimg, or the longest that is not above a tenth of the images shown.

    Raises `StateError` if the run does not keep the wanted one.
    """
    kept = config.ema_half_lives_kimg
    if wanted is not None:
        if wanted not in kept:
            have = " and ".join(f"{half_life:g}" for half_life in kept)
            raise StateError(f"The run keeps averages with half-lives of {have} kimg, not {wanted:g}.")
        return wanted
    limit = images_seen / 1000 * EMA_SHARE
    return max((half_life for half_life in kept if half_life <= limit), default=min(kept))


def averaged_generator(state: State, half_life_kimg: float) -> Generator:
    """The averaged copy with that half-life. Raises `StateError` if the state does not hold it whole."""
    generator = Generator(state.config.network)
    try:
        generator.load_state_dict(state.part(stored.ema(half_life_kimg)))
    except RuntimeError as error:
        raise StateError("The training state does not hold the weights of its own network.") from error
    return generator.eval().requires_grad_(False)


@torch.no_grad()
def bake_growth(generator: Generator, phase: Phase) -> None:
    """Scale what each level adds to the image so that the full network draws what the grown one shows.

    The level that is fading in adds α times its share, and those not reached yet add nothing: at full
    resolution the picture is then that of `synthesis(resolution, alpha)`, upsampled.
    """
    for side, level in zip(generator.config.resolutions, generator.synthesis.levels, strict=True):
        assert isinstance(level, SynthesisLevel)
        if side == generator.config.resolutions[0] or side < phase.resolution:
            continue  # the first level has nothing to fade in from
        share = phase.alpha if side == phase.resolution else 0.0
        level.to_image.conv.weight.mul_(share)
        level.to_image.bias.mul_(share)


@torch.no_grad()
def measure_mean_style(generator: Generator) -> None:
    """Set `w_avg` to the mean style of many latents; the running mean of training lags behind the weights."""
    random = np.random.RandomState(MEAN_STYLE_SEED)
    z = random.standard_normal((MEAN_STYLES, generator.config.z_dim)).astype(np.float32)
    w = torch.cat([generator.mapping(chunk) for chunk in torch.from_numpy(z).split(1000)])
    generator.mapping.w_avg.copy_(w.double().mean(dim=0))
