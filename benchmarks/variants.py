"""Recipes that differ from today's in one thing, for the comparisons to train."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from train.data.dataset import SpriteDataset
from train.recipe import TrainConfig

Change = Callable[[TrainConfig], TrainConfig]


def together(*changes: Change) -> Change:
    """Several changes at once."""
    return lambda config: functools.reduce(lambda changed, change: change(changed), changes, config)


def recipe(**changes: object) -> Change:
    """Changes fields of the recipe itself."""
    return lambda config: replace(config, **changes)  # pyright: ignore[reportArgumentType]


def within(part: str, **changes: object) -> Change:
    """Changes fields of a part of the recipe: its `network`, `pretrained` or `augment`."""
    return lambda config: replace(config, **{part: replace(getattr(config, part), **changes)})


def wider(factor: float) -> Change:
    """Multiplies all widths, of both networks."""

    def change(config: TrainConfig) -> TrainConfig:
        generator, discriminator = (
            tuple(round(c * factor / 8) * 8 for c in channels)
            for channels in (config.network.channels, config.discriminator_channels)
        )
        config = replace(config, discriminator_channels=discriminator)
        return within("network", channels=generator)(config)

    return change


def batches(size: int) -> Change:
    """Batches of this size in all stages."""
    return lambda config: replace(
        config, batch_size=size, stages=tuple(replace(stage, batch_size=None) for stage in config.stages)
    )


def last_fade(kimg: float) -> Change:
    """How long the last stage takes to fade in."""

    def change(config: TrainConfig) -> TrainConfig:
        *smaller, last = config.stages
        return replace(config, stages=(*smaller, replace(last, fade_kimg=kimg)))

    return change


VARIANTS: dict[str, Change] = {
    "baseline": lambda config: config,
    "adain": within("network", style="adain"),
    "nonsaturating loss": recipe(loss="nonsaturating"),
    "gamma 0.1": recipe(gamma=0.1),
    "gamma 0.3": recipe(gamma=0.3),
    "gamma 3": recipe(gamma=3.0),
    "gamma 10": recipe(gamma=10.0),
    "penalties every 4 steps": recipe(penalty_interval=4),
    "lr 0.00025": recipe(lr=0.00025),
    "lr 0.001": recipe(lr=0.001),
    "lr 0.002": recipe(lr=0.002),
    "lr 0.002 that falls": recipe(lr=0.002, lr_decay_kimg=100.0),
    "constant lr": recipe(lr_decay_kimg=1e6),
    "lr falls from 250 kimg on": recipe(lr_decay_kimg=250.0),
    "fades in for 30 kimg": last_fade(30.0),
    "fakes not clamped": recipe(clamps_fakes=False),
    "batch 4": batches(4),
    "batch 8": batches(8),
    "batch 16": batches(16),
    "batch 32": batches(32),
    "batch 64": batches(64),
    "widths × 0.75": wider(0.75),
    "widths × 1.5": wider(1.5),
    "1 mapping layer": within("network", mapping_layers=1),
    "8 mapping layers": within("network", mapping_layers=8),
    "mapping learns 10 times as fast": within("network", mapping_lr_multiplier=0.1),
    "noise": within("network", noise_from_resolution=4),
    "noise from 16 on": within("network", noise_from_resolution=16),
    "no mixing": recipe(mixing_probability=0.0),
    "mixing 0.5": recipe(mixing_probability=0.5),
    "mixing 0.9": recipe(mixing_probability=0.9),
    "no pretrained": within("pretrained", enabled=False),
    "pretrained from 16": within("pretrained", from_resolution=16),
    "pretrained weight 0.5": within("pretrained", weight=0.5),
    "pretrained weight 2": within("pretrained", weight=2.0),
    "pretrained from stride 4": within("pretrained", first_stride=4),
    "pretrained from stride 16": within("pretrained", first_stride=16),
    "pretrained pictures of 64": within("pretrained", image_side=64),
    "pretrained pictures of 96": within("pretrained", image_side=96),
    "pretrained pictures of 192": within("pretrained", image_side=192, most_enlarged=3),
    "pretrained pictures 4 times as large": within("pretrained", most_enlarged=4),
    "pretrained heads see minibatch-stddev": within("pretrained", minibatch_stddev=True),
    "pretrained heads 128 wide": within("pretrained", width=128),
    "pretrained lr 0.0005": within("pretrained", lr=0.0005),
    "pretrained lr 0.002": within("pretrained", lr=0.002),
    "pretrained gamma 1": within("pretrained", gamma=1.0),
    "pretrained gamma 10": within("pretrained", gamma=10.0),
    "pretrained gamma 100": within("pretrained", gamma=100.0),
    "augmentation 0.4": within("augment", probability=0.4, target=None),
    "augmentation 0.2": within("augment", probability=0.2, target=None),
    "no translation": within("augment", translation=0.0),
    "no colour changes": within("augment", saturation=0.0, hue=0.0, brightness=0.0),
}
VARIANTS["the recipe of before"] = together(
    *(VARIANTS[name] for name in ("fakes not clamped", "8 mapping layers", "lr 0.002 that falls"))
)


def showing(dataset: SpriteDataset, images: np.ndarray) -> SpriteDataset:
    """A data set of these images only, int [n]."""
    species, typical = dataset.species[images], dataset.typical[images]
    return SpriteDataset(dataset.path, dataset.images[images], species, dataset.index, typical=typical)


def no_shinies(dataset: SpriteDataset) -> SpriteDataset:
    """Every sprite in its ordinary colours."""
    shiny = np.array(["shiny" in file["variant"] for file in dataset.index["files"]])
    return showing(dataset, np.flatnonzero(~shiny[dataset.index["images"]["file"]]))


def one_frame_each(dataset: SpriteDataset) -> SpriteDataset:
    """The first picture of each animation."""
    return showing(dataset, np.unique(dataset.index["images"]["file"], return_index=True)[1])


def images_alike(dataset: SpriteDataset) -> SpriteDataset:
    """Every image is a species of its own, so that all are shown equally often."""
    species = np.arange(len(dataset), dtype=np.int32)
    return SpriteDataset(dataset.path, dataset.images, species, dataset.index, typical=dataset.typical)


# What training is shown; samples are always compared with the whole data set.
DATA_VARIANTS: dict[str, Callable[[SpriteDataset], SpriteDataset]] = {
    "no shiny sprites": no_shinies,
    "one frame of each sprite": one_frame_each,
    "species not balanced": images_alike,
}
VARIANTS |= dict.fromkeys(DATA_VARIANTS, VARIANTS["baseline"])


def shown_to(name: str, dataset: SpriteDataset) -> SpriteDataset:
    """What a variant is trained on."""
    return DATA_VARIANTS[name](dataset) if name in DATA_VARIANTS else dataset
