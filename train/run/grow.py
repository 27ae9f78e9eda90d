"""One level more for networks that are trained already: a larger picture, and at first the same one.

The trained levels are reused. At α = 0 the new one shows nothing; while it fades in the trained ones may hold
still, so that it learns their language before they hear it (StyleGAN-XL, arXiv 2202.00273, section 3.2,
trains new layers on frozen ones in the same way).
"""

from __future__ import annotations

from dataclasses import replace

import torch

from gan.config import ConfigError
from gan.discriminator import Discriminator
from gan.generator import Generator
from train import stored_names as stored
from train.errors import StateError
from train.recipe import with_levels
from train.schedule import LONGEST_FADE_KIMG, Stage, phase_at
from train.state import State

GROWN_KIMG = 400.0  # of the new level's stage
HOLD_KIMG = 30.0  # how long the trained levels hold still in it: the fade, and as long again


def grown(start: State, resolution: int, width: int | None = None) -> State:
    """The state of a checkpoint's networks with a level for twice the resolution, at α = 0.

    The generator's new level has `width` channels (None: half as many as the one below). Generator and
    averages begin as the checkpoint itself, and all of them with the same new level. Its stage follows those
    that were trained. Raises `ConfigError` for any other resolution, and `StateError` for networks that have
    not reached their own.
    """
    old = start.config
    present = old.network.resolution
    if resolution != 2 * present:
        raise ConfigError(f"A network of {present} pixels grows to {2 * present}, not to {resolution}.")
    phase = phase_at(old.stages, start.images_seen)
    if phase.resolution < present or phase.alpha < 1:
        raise StateError(
            f"The checkpoint's networks have not learned their own {present} pixels yet: train it further."
        )
    channels = old.network.channels
    network = replace(
        old.network,
        channels=with_levels(channels, len(channels) + 1) if width is None else (*channels, width),
        # Older files write "none" as a resolution that the network did not have; now it has.
        noise_from_resolution=old.network.noise_from_resolution if old.network.has_noise else None,
    )
    newest = Stage(resolution, GROWN_KIMG, LONGEST_FADE_KIMG, old.stages[-1].batch_size, HOLD_KIMG)
    config = replace(old.with_network(network), stages=(*_ended(old.stages, start.images_seen), newest))
    torch.manual_seed(config.seed)
    generator, discriminator = Generator(network), Discriminator(config.discriminator)
    averages = sorted(start.generators - {stored.GENERATOR})
    tensors = dict(start.tensors)
    for name, fresh in generator.state_dict().items():
        trained = start.tensors.get(f"{averages[0]}/{name}")
        begun = fresh.detach().float() if trained is None else trained
        tensors |= {f"{part}/{name}": begun.clone() for part in (stored.GENERATOR, *averages)}
    for name, fresh in discriminator.state_dict().items():
        tensors.setdefault(f"{stored.DISCRIMINATOR}/{name}", fresh.detach().float())
    return State(tensors, {**start.values, stored.CONFIG: config.to_dict()})


def _ended(stages: tuple[Stage, ...], images: int) -> tuple[Stage, ...]:
    """The stages, the last one as long as it was in fact, so that the next begins at `images`."""
    before = sum(round(stage.kimg * 1000) for stage in stages[:-1])
    return (*stages[:-1], replace(stages[-1], kimg=(images - before) / 1000))
