"""The figures of a checkpoint: how good, how various and how original its creatures are."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan.generator import Generator
from gan.pictures.sprite import Pixels
from train.errors import MetricsError
from train.eval.metrics import KID, Manifold, fid, kid, manifold, mean_distance
from train.eval.neighbours import Nearest, nearest, nearest_others, weighted_quantile
from train.eval.reference import FEATURES, FeatureExtractor, Progress, Reference
from train.eval.samples import Samples, draw, in_batches

FEWEST_SAMPLES = 50
BOUND_QUANTILE = 0.01  # of how near real images of different species come to each other
MANIFOLD_DRAWS = 5  # of one image a species each
MANIFOLD_LEAST = 500  # images in such a draw, where the data set has them
DIVERSITY_SAMPLES = 2000
CURVE = (250, 500, 1000, 2000, 5000, 10_000, 20_000)  # numbers of samples that FID is shown at
NEIGHBOURS_SHOWN = 4  # beside a sample, each of another species
NEIGHBOURS_FOUND = 40  # several frames of each: enough to have that many species among them, as a rule

EMPTY_SHARE = 0.02  # of a picture's pixels: with fewer opaque ones it shows nothing
SAME_PICTURE = 2.0  # mean difference in bytes: what building a data set calls a near-duplicate
LEAST_DIVERSITY = 0.5
MOST_DUPLICATES = 0.05
MOST_EMPTY = 0.05
MOST_COPIES = 0.1  # of samples nearer to a training image than `Memorisation.bound`; by chance it is 0.01


@dataclass(frozen=True)
class Memorisation:
    """How many samples are copies of training images."""

    share: float  # of samples nearer to a real image than `bound`
    bound: float  # Euclidean distance in feature space
    closest: float  # the smallest distance of any sample to a real image


@dataclass(frozen=True)
class Report:
    """Everything that one evaluation found. `to_dict` is what `--json` prints."""

    checkpoint: str
    dataset_sha256: str
    features: str
    real_images: int
    held_out: str | None
    samples: int
    psi: float
    seed: int
    kid: KID
    fid: float
    manifold: Manifold
    memorisation: Memorisation
    finite: bool
    diversity: float  # mean distance between samples, as a share of that between real images
    duplicates: float  # share of samples that look like another one
    empty: float  # share of samples that show next to nothing
    fid_curve: tuple[tuple[int, float], ...]
    seconds: float

    @property
    def problems(self) -> list[str]:
        """What makes the samples unusable, in words; empty if nothing does."""
        return list(self.faults.values())

    @property
    def faults(self) -> dict[str, str]:
        """The same, by kind."""
        found = {}
        if not self.finite:
            found["not finite"] = "some samples are not finite"
        if self.diversity < LEAST_DIVERSITY or self.duplicates > MOST_DUPLICATES:
            found["alike"] = "the generator has collapsed: its samples are too much alike"
        if self.empty > MOST_EMPTY:
            found["empty"] = f"{self.empty:.0%} of the samples are nearly empty"
        if self.memorisation.share > MOST_COPIES:
            found["copies"] = f"{self.memorisation.share:.0%} of the samples are nearly training images"
        return found

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values; the overlap's four figures stand at the top level."""
        values = asdict(self)
        overlap = values.pop("manifold")
        curve = [{"samples": n, "fid": value} for n, value in self.fid_curve]
        return {**values, **overlap, "fid_curve": curve, "problems": self.problems}


@dataclass(frozen=True)
class Evaluation:
    """A report and the material for its pictures."""

    report: Report
    pixels: Pixels  # uint8 [N, R, R, 4]
    features: Tensor  # float32 [N, 1280]
    neighbours: Nearest  # of each sample, into all images of the data set


def evaluate(
    name: str,
    generator: Generator,
    reference: Reference,
    extractor: FeatureExtractor,
    samples: int = 5000,
    psi: float = 1.0,
    seed: int = 0,
    held_out: tuple[str, np.ndarray] | None = None,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """Draw samples and measure them against a data set.

    `held_out` names species that the training did not see, and which images show them: quality is then
    measured against these alone, and originality against the others. Raises `MetricsError` for too few.
    """
    if samples < FEWEST_SAMPLES:
        raise MetricsError(f"{samples} samples are too few to measure: take at least {FEWEST_SAMPLES}.")
    started = time.monotonic()
    target, known = reference, reference
    if held_out is not None:
        target, known = reference.only(held_out[1]), reference.only(~held_out[1])
    drawn = draw(generator.to(extractor.device), samples, seed, psi, progress=progress)
    features = extractor.of_batches(in_batches(drawn.pixels), samples, "Looking at the samples", progress)
    progress("Measuring", 0, 1)
    neighbours = nearest(features, known.features, min(NEIGHBOURS_FOUND, len(known.features)))
    if held_out is not None:  # back to numbers of the whole data set
        places = torch.from_numpy(np.flatnonzero(~held_out[1]))
        neighbours = replace(neighbours, indices=places[neighbours.indices])
    report = Report(
        checkpoint=name,
        dataset_sha256=reference.dataset_sha256,
        features=FEATURES,
        real_images=len(target.features),
        held_out=held_out[0] if held_out else None,
        samples=samples,
        psi=psi,
        seed=seed,
        kid=kid(features, target.features, target.kernel_mean),
        fid=fid(features, target.features),
        manifold=balanced_manifold(features, target, seed),
        memorisation=memorisation(neighbours.distances[:, 0], known),
        finite=drawn.finite,
        diversity=diversity(features, target),
        duplicates=duplicates(drawn.pixels, features),
        empty=empty_share(drawn),
        fid_curve=tuple((n, fid(features[:n], target.features)) for n in CURVE if n < samples),
        seconds=round(time.monotonic() - started, 1),
    )
    progress("Measuring", 1, 1)
    return Evaluation(report, drawn.pixels, features, neighbours)


def balanced_manifold(features: Tensor, reference: Reference, seed: int = 0) -> Manifold:
    """`manifold` over equal numbers of samples and real images, with species weighing alike.

    A data set holds many frames of one animation. With all of them, the fifth neighbour of an image would be
    its own next frame, and each ball a dot. One image a species (or as few as make `MANIFOLD_LEAST`) gives
    balls that say something; the figures are means over several such draws.
    """
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(reference.species == s) for s in np.unique(reference.species)]
    each = -(-MANIFOLD_LEAST // len(groups))
    found: list[Manifold] = []
    for _ in range(MANIFOLD_DRAWS):
        real = np.concatenate([random.permutation(group)[:each] for group in groups])
        size = min(len(real), len(features))
        real = random.permutation(real)[:size]
        fake = random.permutation(len(features))[:size]
        found.append(manifold(features[torch.from_numpy(fake)], reference.features[torch.from_numpy(real)]))
    names = ("precision", "recall", "density", "coverage")
    return Manifold(**{name: float(np.mean([getattr(m, name) for m in found])) for name in names})


def memorisation(distances: Tensor, reference: Reference) -> Memorisation:
    """How many samples, at these distances [N] from their nearest real image, are nearly that image.

    The bound is how near the data's own species come to each other: the 1 % quantile, with all species
    weighing alike, of each real image's distance to the nearest image of another species. The plain minimum
    would be set by a single pair of twins. Of creatures as new as the real species are to each other, about
    1 % would lie below it.
    """
    other = reference.other_species.distances[:, 0].numpy()
    weights = 1 / np.bincount(reference.species)[reference.species]
    bound = weighted_quantile(other, weights, BOUND_QUANTILE)
    if not np.isfinite(bound):
        raise MetricsError("All real images are of one species: memorisation needs several to be measured.")
    share = (distances < bound).double().mean().item()
    return Memorisation(share, bound, distances.min().item())


def diversity(features: Tensor, reference: Reference) -> float:
    """The mean distance between samples, as a share of that between real images; 0 is one picture only."""
    step = -(-len(reference.features) // DIVERSITY_SAMPLES)
    return mean_distance(features[:DIVERSITY_SAMPLES]) / mean_distance(reference.features[::step])


def duplicates(pixels: Pixels, features: Tensor) -> float:
    """The share of samples whose nearest other one, by features, is the same picture to the eye."""
    other = nearest_others(features).indices[:, 0].numpy()
    pairs = zip(pixels, pixels[other], strict=True)
    return float(np.mean([np.abs(a.astype(np.int16) - b).mean() < SAME_PICTURE for a, b in pairs]))


def empty_share(samples: Samples) -> float:
    """The share of pictures of which next to nothing is opaque."""
    return float(((samples.pixels[..., 3] >= 128).mean(axis=(1, 2)) < EMPTY_SHARE).mean())


def quick_kid(
    generator: Generator,
    reference: Reference,
    extractor: FeatureExtractor,
    samples: int = 1000,
    seed: int = 0,
    resolution: int | None = None,
    alpha: float = 1.0,
) -> KID:
    """KID alone, cheap enough to follow a training with, at any state of its growth.

    The samples are drawn at `resolution`; `reference` must be built at the same one (`build_reference`), so
    that both sides lack the same detail. Draws nothing from the global random state.
    """
    drawn = draw(generator, samples, seed, resolution=resolution, alpha=alpha)
    features = torch.cat([extractor(batch) for batch in in_batches(drawn.pixels)])
    return kid(features, reference.features, reference.kernel_mean)
