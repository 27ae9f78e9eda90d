"""The style-based generator: mapping network and synthesis network (StyleGAN, arXiv 1812.04948).

Growing is part of the synthesis network's forward pass: `resolution` says how many levels take part and
`alpha` how far the newest has faded in. Levels above are simply not used, so a trained network grows
without surgery and its optimiser keeps its state.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan import ops
from gan.config import BASE_RESOLUTION, NetworkConfig
from gan.layers import (
    LRELU_GAIN,
    AdaIN,
    EqualizedLinear,
    ModulatedConv2d,
    Noise,
    UnstyledConv2d,
    activate,
    activate_scaled,
    upsample,
)


class MappingNetwork(nn.Module):
    """z → w: a deep MLP that unbends the latent space. Tracks the mean of w for truncation."""

    w_avg: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        widths = [config.z_dim] + [config.w_dim] * config.mapping_layers
        self.layers = nn.ModuleList(
            EqualizedLinear(i, o, lr_multiplier=config.mapping_lr_multiplier)
            for i, o in itertools.pairwise(widths)
        )
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor) -> Tensor:
        """z [N, z_dim] → w [N, w_dim]. z is first scaled to unit RMS (Progressive GAN section 4.2)."""
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = activate(layer(x))
        return x

    @torch.no_grad()
    def track(self, w: Tensor, decay: float = 0.995) -> None:
        """Move `w_avg` towards the mean of a batch of w [N, w_dim]."""
        self.w_avg.lerp_(w.detach().float().mean(dim=0), 1 - decay)

    def truncate(self, w: Tensor, psi: float) -> Tensor:
        """w' = w_avg + ψ · (w − w_avg), StyleGAN appendix B. ψ = 1 changes nothing, ψ = 0 gives the mean."""
        return self.w_avg + psi * (w - self.w_avg)


class StyledConv(nn.Module):
    """One layer of the synthesis network: convolution, noise, activation, style.

    `adain` (StyleGAN): conv → (upsample) → noise → bias → LeakyReLU → AdaIN.
    `demodulation` (StyleGAN2): modulate → conv → demodulate → (upsample) → noise → bias → LeakyReLU.
    """

    def __init__(
        self,
        config: NetworkConfig,
        in_channels: int,
        out_channels: int,
        resolution: int,  # of the output
        upsamples: bool,
    ) -> None:
        super().__init__()
        self.resolution = resolution
        self.upsamples = upsamples
        self.conv: ModulatedConv2d | UnstyledConv2d
        if config.style == "adain":
            self.conv = UnstyledConv2d(in_channels, out_channels, 3, bias=False, gain=LRELU_GAIN)
            self.adain: AdaIN | None = AdaIN(out_channels, config.w_dim)
        else:
            self.conv = ModulatedConv2d(in_channels, out_channels, 3, config.w_dim, gain=LRELU_GAIN)
            self.adain = None
        self.noise = Noise(out_channels, LRELU_GAIN) if config.has_noise_at(resolution) else None
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        """x [N, in, H, W], w [N, w_dim], noise [N, 1, H', W'] → [N, out, H', W']."""
        x = self.conv(x, w)
        if self.upsamples:  # after the convolution: a quarter of the work, and the filter hides its seams
            x = upsample(x)
        bias = self.bias * LRELU_GAIN
        x = ops.add_bias(x, bias) if self.noise is None else self.noise(x, noise, bias)
        x = activate_scaled(x)
        return x if self.adain is None else self.adain(x, w)


class ToImage(nn.Module):
    """1×1 convolution from features to premultiplied RGBA; styled with demodulation, plain with AdaIN."""

    def __init__(self, config: NetworkConfig, in_channels: int) -> None:
        super().__init__()
        self.conv: ModulatedConv2d | UnstyledConv2d
        if config.style == "adain":
            self.conv = UnstyledConv2d(in_channels, config.image_channels, 1, bias=False)
        else:
            self.conv = ModulatedConv2d(in_channels, config.image_channels, 1, config.w_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(config.image_channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x [N, C, H, W], w [N, w_dim] → [N, 4, H, W]."""
        image = self.conv(x, w)
        return image + self.bias.view(1, -1, 1, 1)  # in float32, also where convolutions are coarser


class SynthesisLevel(nn.Module):
    """One resolution: one (at 4²) or two styled convolutions, and what it adds to the image."""

    def __init__(self, config: NetworkConfig, index: int) -> None:
        super().__init__()
        resolution = config.resolutions[index]
        width = config.channels[index]
        self.convs = nn.ModuleList()
        if index > 0:
            self.convs.append(
                StyledConv(config, config.channels[index - 1], width, resolution, upsamples=True)
            )
        self.convs.append(StyledConv(config, width, width, resolution, upsamples=False))
        self.to_image = ToImage(config, width)


class SynthesisNetwork(nn.Module):
    """w_plus → image, starting from one learned constant, the canvas that all images share."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.constant = nn.Parameter(torch.randn(1, config.channels[0], BASE_RESOLUTION, BASE_RESOLUTION))
        self.levels = nn.ModuleList(SynthesisLevel(config, i) for i in range(len(config.channels)))

    def noise_shapes(self, resolution: int | None = None) -> list[int]:
        """The side in pixels of each convolution's noise image, first to last, up to `resolution`."""
        sides = [r for r in self.config.resolutions for _ in range(1 if r == BASE_RESOLUTION else 2)]
        return [side for side in sides if resolution is None or side <= resolution]

    def random_noise(self, n: int, resolution: int, like: Tensor) -> list[Tensor]:
        """Fresh noise for n samples: one [n, 1, H, W] per convolution, from torch's global generator."""
        return [
            torch.randn(n, 1, side, side, device=like.device, dtype=like.dtype)
            for side in self.noise_shapes(resolution)
        ]

    def forward(
        self,
        w_plus: Tensor,  # [N, L, w_dim]
        noise: Sequence[Tensor] | None = None,  # one [N, 1, H, W] per convolution; None draws fresh noise
        resolution: int | None = None,  # stop at this resolution; None is the full one
        alpha: float = 1.0,  # how far the last level has faded in
    ) -> Tensor:
        """Returns premultiplied RGBA, nominally in [−1, 1]: [N, 4, resolution, resolution].

        At α = 0 the result is exactly the upsampled image of the network that is one level smaller.
        """
        resolution = resolution or self.config.resolution
        noise = self.random_noise(len(w_plus), resolution, w_plus) if noise is None else noise
        x = self.constant.expand(len(w_plus), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        image: Tensor | None = None
        layer = 0
        for side, level in zip(self.config.resolutions, self.levels, strict=True):
            if side > resolution:
                break
            assert isinstance(level, SynthesisLevel)
            for conv in level.convs:
                x = conv(x, w_plus[:, layer], noise[layer])
                layer += 1
            # The to-image layer shares its style with the next convolution, as in StyleGAN2.
            residual = level.to_image(x, w_plus[:, min(layer, w_plus.shape[1] - 1)])
            if image is None:
                image = residual
            else:
                image = upsample(image) + (alpha * residual if side == resolution else residual)
        assert image is not None
        return image


class Generator(nn.Module):
    """z → w → image."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = MappingNetwork(config)
        self.synthesis = SynthesisNetwork(config)

    def broadcast(self, w: Tensor) -> Tensor:
        """w [N, w_dim] → w_plus [N, L, w_dim]: the same style at every layer."""
        return w[:, None, :].expand(-1, self.config.num_layers, -1)

    def forward(
        self, z: Tensor, psi: float = 1.0, resolution: int | None = None, alpha: float = 1.0
    ) -> Tensor:
        """z [N, z_dim] → premultiplied RGBA [N, 4, H, W]."""
        w = self.mapping.truncate(self.mapping(z), psi)
        return self.synthesis(self.broadcast(w), resolution=resolution, alpha=alpha)
