"""One dataclass that describes a network. It is stored inside every checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

from gan.errors import UserError

Style = Literal["adain", "demodulation"]

BASE_RESOLUTION = 4  # side of the learned constant
DEFAULT_PSI = 0.85  # truncation ψ of what nobody chose another for: on the command line as in the bot


class ConfigError(UserError, ValueError):
    """A network description that cannot be built. Its text is fit to show to a user."""


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that is needed to build a generator (and the matching discriminator).

    `channels[i]` is the width at resolution `4 * 2**i`, so its length decides the output resolution.
    """

    channels: tuple[int, ...] = (192, 128, 64, 48, 24)  # widths at 4², 8², 16², 32², 64²
    style: Style = "demodulation"  # how w enters a layer: AdaIN (2018) or demodulation (2019)
    z_dim: int = 512  # length of the latent z
    w_dim: int = 512  # length of the style vector w
    mapping_layers: int = 8  # depth of the mapping network
    mapping_lr_multiplier: float = 0.01  # learning rate of the mapping network, relative
    image_channels: int = 4  # premultiplied RGBA
    noise_from_resolution: int | None = BASE_RESOLUTION  # layers below it get no noise; None: no layer does

    def __post_init__(self) -> None:
        if not 1 <= len(self.channels) <= 9:
            raise ConfigError(
                f"A network has 1 to 9 resolutions, but {len(self.channels)} widths were given."
            )
        sizes = (*self.channels, self.z_dim, self.w_dim, self.mapping_layers, self.image_channels)
        if any(not isinstance(size, int) or not 1 <= size <= 8192 for size in sizes):
            raise ConfigError("Every width and depth of a network must be a whole number from 1 to 8192.")
        factors = [self.mapping_lr_multiplier]
        if self.noise_from_resolution is not None:
            factors.append(self.noise_from_resolution)
        if not all(isinstance(factor, int | float) and factor > 0 for factor in factors):
            raise ConfigError(
                "The mapping network's learning rate and the first noisy resolution must be positive."
            )
        if self.style not in get_args(Style):
            raise ConfigError(f"Unknown style {self.style!r}: use one of {', '.join(get_args(Style))}.")

    @property
    def resolution(self) -> int:
        """Side of the output image in pixels."""
        return BASE_RESOLUTION << (len(self.channels) - 1)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """All resolutions from 4 up to the output's."""
        return tuple(BASE_RESOLUTION << i for i in range(len(self.channels)))

    @property
    def has_noise(self) -> bool:
        """Whether any layer gets noise."""
        return self.has_noise_at(self.resolution)

    def has_noise_at(self, resolution: int) -> bool:
        """Whether the layers of this resolution get noise."""
        return self.noise_from_resolution is not None and resolution >= self.noise_from_resolution

    @property
    def num_layers(self) -> int:
        """L: how many style vectors a W+ code has.

        One convolution at 4², two at each further resolution, and with demodulation one more for the
        last to-RGBA layer (each earlier one shares its vector with the convolution that follows it).
        """
        return 2 * len(self.channels) - (1 if self.style == "adain" else 0)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"channels": list(self.channels)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """The inverse of `to_dict`. Raises `ConfigError` for anything that is not a network description."""
        known = {field.name for field in fields(cls)}
        unknown = set(values) - known
        if unknown:
            raise ConfigError(f"The network description has unknown fields: {', '.join(sorted(unknown))}.")
        channels = values.get("channels")
        if not isinstance(channels, list):
            raise ConfigError("The network description has no list of channels.")
        return cls(**{**values, "channels": tuple(cast("list[int]", channels))})
