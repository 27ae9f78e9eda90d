"""What samples are measured against: a data set in the feature space of the metrics, kept on the disk.

The features are the pooled last convolution (1280-d) of EfficientNet-Lite1, a network that training never
looks through, of the picture over white at 128 pixels. Enlarging 64 pixels twofold keeps every pixel's weight
the same; the network's own 240 pixels would cost three and a half times as much for the same blur.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan.pretrained.efficientnet import FrozenEfficientNet, available, over_white, resize
from train.data.dataset import SpriteDataset
from train.errors import MetricsError
from train.eval.feature_cache import FeatureCache
from train.eval.metrics import kernel_mean
from train.eval.neighbours import Nearest, nearest_of_other_species
from train.step.precision import best_device

FEATURES = "efficientnet-lite1-pool1280-128px-v1"  # changes whenever the same picture would map elsewhere
SIDE = 128  # pixels of the picture that the network sees
BATCH = 64
CHUNK = 4 * BATCH  # images whose features are kept together: some seconds of work on a CPU
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
                "install it with `make retrain-ready`."
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

    `cache` is a folder to keep the features in, chunk by chunk, so that whoever is stopped goes on there. A
    file in it that is damaged, or of other data, is replaced; where nothing can be written the features are
    computed every time.
    """
    r = resolution or dataset.resolution
    sha256 = str(dataset.index["sha256"])
    kept = None if cache is None else FeatureCache(cache, f"{FEATURES}-{r}-{len(dataset)}-{sha256}")
    features = None if kept is None else kept.read()
    if features is None:
        features = _features(dataset, extractor, kept, r, progress)
        if kept is not None:
            kept.write(features)
    return Reference(features, np.asarray(dataset.species), sha256)


def _features(
    dataset: SpriteDataset,
    extractor: FeatureExtractor,
    cache: FeatureCache | None,
    resolution: int,
    progress: Progress,
) -> Tensor:
    """The features of all images, float32 [N, 1280]. Chunks that are kept already are not made again."""
    what, count = "Looking at the real images", len(dataset)
    bounds = [(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    chunks = [None if cache is None else cache.read_chunk(start, stop) for start, stop in bounds]
    done = sum(len(chunk) for chunk in chunks if chunk is not None)
    progress(what, done, count)
    for number, (start, stop) in enumerate(bounds):
        if chunks[number] is not None:
            continue
        parts: list[Tensor] = []
        for first in range(start, stop, BATCH):
            parts.append(extractor(dataset.batch(np.arange(first, min(first + BATCH, stop)), resolution)))
            done += len(parts[-1])
            progress(what, done, count)
        chunks[number] = chunk = torch.cat(parts)
        if cache is not None:
            cache.write_chunk(start, stop, chunk)
    return torch.cat([chunk for chunk in chunks if chunk is not None])
