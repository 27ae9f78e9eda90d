"""The training recipe, as one typed object that is printed at the start and stored with the state."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from gan.config import BASE_RESOLUTION, ConfigError, NetworkConfig
from train.schedule import Stage, phase_at
from train.stored_names import RECIPE_FIELDS, from_stored, to_stored

Loss = Literal["rpgan", "nonsaturating"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

PRETRAINED_LEAST_RESOLUTION = 16  # pixels: doubled they are a picture that its network does not shrink away
PRETRAINED_STRIDES = (4, 8, 16)
MOST_HELD_OUT = 0.5  # of all species
SEED_MAX = 2**32 - 1
LEAST_SHARE = 8  # images of a batch a process: groups of four, of every second image where penalties look
ARTICLE_MAPPING_LAYERS = 8
LEAST_WIDTH = 16  # channels of a level that nobody gave a width

# The small stages are cheap and soon have nothing more to teach; the last one is where the time goes. At
# 32×32 a run is short of steps rather than of images, and small batches cost nothing (docs/experiments.md).
DEFAULT_STAGES = (
    Stage(4, 30, 0),
    Stage(8, 50, 10),
    Stage(16, 60, 12),
    Stage(32, 80, 16, batch_size=8),
    Stage(64, 380, 15),
)


@dataclass(frozen=True)
class AugmentConfig:
    """Strengths of the augmentations in `train.step.augment`; each sample gets each one with `probability`.

    The probability adapts to how much the discriminators overfit, unless `target` is None.
    """

    probability: float = 0.7  # to begin with
    target: float | None = 0.6  # of `losses.overfitting`: what the probability steers towards
    least: float = 0.2  # on sets as small as this one some is always needed
    most: float = 0.8  # beyond that the augmentations leak into the samples
    adjust_kimg: float = 100.0  # how many images it takes from 0 to 1
    saturation: float = 0.3  # standard deviation of the factor's logarithm
    hue: float = 0.04  # standard deviation, in half turns of the colour circle
    brightness: float = 0.12  # standard deviation of what is added to opaque colour, in [0, 1]
    scale: float = 0.1  # standard deviation of the factor's logarithm
    translation: float = 0.125  # largest shift, as a share of the side
    cutout: float = 0.0  # width of a square that is made transparent, as a share of the side


def article(network: NetworkConfig) -> NetworkConfig:
    """The network in the form of the article (StyleGAN, arXiv 1812.04948): AdaIN, deep mapping, noise."""
    return replace(
        network,
        style="adain",
        mapping_layers=ARTICLE_MAPPING_LAYERS,
        noise_from_resolution=BASE_RESOLUTION,
    )


def with_levels(channels: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The widths of so many levels: those there are, and beyond them half as many channels a level."""
    wider = list(channels[:count])
    while len(wider) < count:
        wider.append(max(wider[-1] // 2, LEAST_WIDTH))
    return tuple(wider)


@dataclass(frozen=True)
class PretrainedDiscriminatorConfig:
    """The second discriminator, which looks through a pretrained network."""

    enabled: bool = True
    from_resolution: int = 32  # smaller images hold nothing that a network for photographs could see
    image_side: int = 128  # what the pretrained network is given, in pixels: twice the sprites' 64
    most_enlarged: int = 2  # times: smaller sprites are shown to it at less than `image_side`
    width: int = 64  # channels of the heads
    first_stride: int = 8  # of the finest features that they see
    minibatch_stddev: bool = False  # whether the heads see how much the images of a group differ
    weight: float = 1.0  # of its loss for the generator, beside the ordinary discriminator's
    lr: float = 0.001
    gamma: float = 0.0  # weight of the heads' own R1 and R2, at the features that they see
    augment: AugmentConfig | None = None  # of what they see; None: they see what the discriminator sees

    @property
    def heads(self) -> tuple[int, int, bool]:
        """What the shapes of the heads hang on."""
        return self.width, self.first_stride, self.minibatch_stddev


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a run computes."""

    # What noise draws, styles do not: on sprites it frays outlines and hatches bellies. Eight mapping layers
    # make all styles alike at first, and a young run then settles on one body (docs/experiments.md).
    network: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(noise_from_resolution=None, mapping_layers=2)
    )
    discriminator_channels: tuple[int, ...] = (128, 128, 64, 32, 16)  # most of a step's work is here
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    batch_size: int = 32  # of stages that name none of their own
    loss: Loss = "rpgan"  # with R1 and R2; or "nonsaturating", with R1
    lr: float = 0.0005  # with longer steps a young run, too, settles on one body
    discriminator_lr: float = 1.0  # the discriminator's learning rate, as a multiple of `lr`
    lr_decay_kimg: float = 1000.0  # from then on it falls with the root of the images seen (`lr_decay`)
    betas: tuple[float, float] = (0.0, 0.99)
    gamma: float = 1.0  # weight of R1 and R2
    penalty_interval: int = 16  # steps between gradient penalties (lazy regularisation)
    clamps_fakes: bool = True  # discriminators see them as a picture can hold them (`losses.clamp_images`)
    mixing_probability: float = 0.7  # share of samples that get two styles: `/mix` lives on it
    ema_half_lives_kimg: tuple[float, ...] = (5.0, 20.0)
    pretrained: PretrainedDiscriminatorConfig = field(default_factory=PretrainedDiscriminatorConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    holdout: float = 0.0  # share of the species that training never sees (`train.data.holdout`)
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.discriminator_channels) != len(self.network.channels):
            raise ConfigError(
                f"The discriminator has {len(self.discriminator_channels)} resolutions, but the generator "
                f"has {len(self.network.channels)}."
            )
        for size in (self.batch_size, *(s.batch_size for s in self.stages if s.batch_size is not None)):
            if not 1 <= size <= 8192:
                raise ConfigError(f"A batch has 1 to 8192 images, not {size}.")
        if not self.lr_decay_kimg > 0:
            raise ConfigError(
                f"The learning rate falls after a positive number of kimg, not {self.lr_decay_kimg}."
            )
        if self.loss not in get_args(Loss):
            raise ConfigError(f"Unknown loss {self.loss!r}: use one of {', '.join(get_args(Loss))}.")
        if not 0 < self.lr < 1:
            raise ConfigError(f"The learning rate must lie between 0 and 1, which {self.lr} does not.")
        pretrained = self.pretrained
        if pretrained.enabled and pretrained.from_resolution < PRETRAINED_LEAST_RESOLUTION:
            raise ConfigError(
                f"The pretrained discriminator needs images of {PRETRAINED_LEAST_RESOLUTION} pixels or more, "
                f"not {pretrained.from_resolution}."
            )
        if pretrained.first_stride not in PRETRAINED_STRIDES:
            raise ConfigError(
                "The pretrained discriminator's finest features have a stride of "
                f"{', '.join(map(str, PRETRAINED_STRIDES))}, not {pretrained.first_stride}."
            )
        if not 0 < self.discriminator_lr <= 10:
            raise ConfigError(
                "The discriminator's learning rate is more than 0 and at most 10 times the generator's, "
                f"not {self.discriminator_lr:g} times."
            )
        for augment in (self.augment, pretrained.augment or self.augment):
            if not 0 <= augment.least <= augment.probability <= augment.most <= 1:
                raise ConfigError(
                    "The probability of augmentation must lie within its bounds, and these from 0 to 1: "
                    f"not {augment.least:g} ≤ {augment.probability:g} ≤ {augment.most:g}."
                )
        if not 0 <= self.holdout <= MOST_HELD_OUT:
            raise ConfigError(
                f"A share of the species from 0 to {MOST_HELD_OUT} can be held out, not {self.holdout:g}."
            )
        if not 0 <= self.seed <= SEED_MAX:
            raise ConfigError(f"The seed of a run is a number from 0 to {SEED_MAX}, not {self.seed}.")

    def with_network(self, network: NetworkConfig) -> TrainConfig:
        """The recipe for another generator, with as many levels of the discriminator."""
        channels = with_levels(self.discriminator_channels, len(network.channels))
        return replace(self, network=network, discriminator_channels=channels)

    @property
    def discriminator(self) -> NetworkConfig:
        """The discriminator's description: the generator's, with widths of its own."""
        return replace(self.network, channels=self.discriminator_channels)

    def batch_at(self, images_seen: int, processes: int = 1) -> int:
        """How many images the step after so many shows: the stage's, or more where processes share them."""
        size = self.stages[phase_at(self.stages, images_seen).stage].batch_size or self.batch_size
        least = LEAST_SHARE * processes if processes > 1 else 1
        return math.ceil(size / least) * least

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, under their names in files (`train.stored_names`)."""
        return to_stored(asdict(self) | {"network": self.network.to_dict()}, RECIPE_FIELDS)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """The inverse of `to_dict`. Raises `ConfigError` for anything that is not a recipe."""
        try:
            return cls._from_dict(from_stored(values, RECIPE_FIELDS))
        except (KeyError, TypeError) as error:
            raise ConfigError(f"The recipe has missing or unknown fields: {error}.") from error

    @classmethod
    def _from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        return cls(
            **{
                **values,
                "network": NetworkConfig.from_dict(values["network"]),
                "stages": tuple(Stage(**stage) for stage in values["stages"]),
                "discriminator_channels": tuple(values["discriminator_channels"]),
                "betas": tuple(values["betas"]),
                "ema_half_lives_kimg": tuple(values["ema_half_lives_kimg"]),
                "pretrained": _pretrained_from_dict(values["pretrained"]),
                "augment": AugmentConfig(**values["augment"]),
            }
        )


def _pretrained_from_dict(values: dict[str, Any]) -> PretrainedDiscriminatorConfig:
    augment = values.get("augment")
    return PretrainedDiscriminatorConfig(
        **{**values, "augment": None if augment is None else AugmentConfig(**augment)}
    )
