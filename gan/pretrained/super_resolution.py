"""A pretrained network that enlarges drawings fourfold: realesr-animevideov3 of Real-ESRGAN (2107.10833).

A compact VGG-like stack: 3×3 convolutions with PReLU at the picture's own size, then a pixel shuffle, added
to the picture enlarged by repeating pixels. Its weights are read from a file in ncnn's format.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALE = 4
WIDTH = 64  # channels
HIDDEN = 16  # convolutions between the first and the last
NCNN_FLOAT16 = 0x01306B47  # ncnn's mark of weights in float16; without a mark they are float32


class WeightsError(ValueError):
    """A file that does not hold this network's weights."""


class SuperResolution(nn.Module):
    """RGB pictures [N, 3, H, W] in [0, 1] → [N, 3, 4H, 4W], nominally in [0, 1].

    The weights are random until `load_ncnn`.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (3, *[WIDTH] * HIDDEN):
            layers += [nn.Conv2d(width, WIDTH, 3, padding=1), nn.PReLU(WIDTH)]
        self.body = nn.Sequential(*layers, nn.Conv2d(WIDTH, 3 * SCALE**2, 3, padding=1))

    def forward(self, pictures: Tensor) -> Tensor:
        details = F.pixel_shuffle(self.body(pictures).float(), SCALE)
        return details.add_(F.interpolate(pictures.float(), scale_factor=SCALE, mode="nearest"))


def load_ncnn(param: str, content: bytes) -> SuperResolution:
    """The network with weights in ncnn's format: the text of a .param file, the bytes of a .bin file.

    A convolution is four bytes that mark its number format, its weights and, in float32, its biases; a PReLU
    is its slopes in float32. Raises `WeightsError` for other layers or another length.
    """
    network = SuperResolution()
    layers = [layer for layer in network.body if isinstance(layer, (nn.Conv2d, nn.PReLU))]
    kinds = {nn.Conv2d: "Convolution", nn.PReLU: "PReLU"}
    stored = [line.split(maxsplit=1)[0] for line in param.splitlines()[2:] if line.strip()]
    if [kind for kind in stored if kind in kinds.values()] != [kinds[type(layer)] for layer in layers]:
        raise WeightsError("its layers are not those of this network")
    reader = _Reader(content)
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                assert layer.bias is not None
                half = reader.take(1, torch.int32).item() == NCNN_FLOAT16
                weights = reader.take(layer.weight.numel(), torch.float16 if half else torch.float32)
                layer.weight.copy_(weights.view_as(layer.weight))
                layer.bias.copy_(reader.take(len(layer.bias), torch.float32))
            else:
                layer.weight.copy_(reader.take(len(layer.weight), torch.float32))
    if reader.rest:
        raise WeightsError(f"{reader.rest} bytes are left over")
    return network.eval().requires_grad_(False)


class _Reader:
    """Numbers from bytes, one array after the other, each beginning at a multiple of four bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)  # torch wants memory that can be written
        self.position = 0

    @property
    def rest(self) -> int:
        """Bytes that were not read."""
        return len(self.content) - self.position

    def take(self, count: int, dtype: torch.dtype) -> Tensor:
        """The next `count` numbers. Raises `WeightsError` where fewer are left."""
        size = count * dtype.itemsize
        if size > self.rest:
            raise WeightsError("it ends too early")
        numbers = torch.frombuffer(self.content, dtype=dtype, count=count, offset=self.position)
        self.position += -(-size // 4) * 4
        return numbers
