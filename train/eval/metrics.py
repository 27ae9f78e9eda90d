"""Distances between two clouds of features [N, D]: KID, FID, precision and recall, density and coverage.

Pure functions of tensors; what the features are is decided in `train.eval.reference`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

BLOCK = 1024  # rows of a kernel or distance matrix that are in memory at once
SCALE = 1000  # KID is given in thousandths, as is usual
NORMAL_95 = 1.96  # standard errors to either side of a 95 % interval
NEIGHBOURS = 5  # k of the manifold estimates


@dataclass(frozen=True)
class KID:
    """Kernel inception distance × 1000, with the 95 % interval that comes from the number of samples."""

    mean: float
    low: float
    high: float

    @property
    def standard_error(self) -> float:
        """Of the mean, × 1000."""
        return (self.high - self.low) / 2 / NORMAL_95


def kid(fake: Tensor, real: Tensor, real_kernel_mean: float | None = None) -> KID:
    """The unbiased MMD² under the kernel (x·y / D + 1)³ (Bińkowski et al., arXiv 1801.01401, eq. 4).

    It uses every pair at once, which is what the usual mean over random subsets converges to, without their
    noise and without a seed. The interval is that of a U-statistic's projection (Hoeffding): how the figure
    would vary with other samples from the same generator, the real images being given. `real_kernel_mean`
    is `kernel_mean(real)`, for who has it already.
    """
    inner, cross = _sample_means(fake, real)
    own = kernel_mean(real) if real_kernel_mean is None else real_kernel_mean
    mean = (inner.mean() - 2 * cross.mean()).item() + own
    half = NORMAL_95 * (2 * (inner - cross)).std().item() / len(fake) ** 0.5
    return KID(mean * SCALE, (mean - half) * SCALE, (mean + half) * SCALE)


@dataclass(frozen=True)
class KIDChange:
    """By how much KID × 1000 differs between two generators; negative: the new one is nearer to real."""

    mean: float
    standard_error: float


def kid_change(old: Tensor, new: Tensor, real: Tensor, groups: np.ndarray) -> KIDChange:
    """KID of `new` less that of `old`, whose samples [N, D] come from the same latents, row by row.

    Row i of both clouds is one pair, so that whatever the two generators share cancels out, as it would not
    between the intervals of two KIDs. The standard error is that of the difference's projections
    (Hoeffding) for other latents and for other real images, of which those of one group, int [M], come or
    go together: the frames of an animation are hardly more than one picture.
    """
    n, m = len(new), len(real)
    (inner_old, cross_old), (inner_new, cross_new) = _sample_means(old, real), _sample_means(new, real)
    mean = ((inner_new - 2 * cross_new) - (inner_old - 2 * cross_old)).mean().item()
    by_sample = 2 * ((inner_new - cross_new) - (inner_old - cross_old))  # [N]
    by_image = -2 * (kernel_sums(real, new) - kernel_sums(real, old)) / n  # [M]
    _, group = np.unique(groups, return_inverse=True)
    totals = np.bincount(group, (by_image - by_image.mean()).numpy())  # [groups]
    count = len(totals)
    variance = by_sample.var().item() / n
    if count > 1:  # of one alone it cannot be told
        variance += float((totals**2).sum()) * count / (count - 1) / m**2
    return KIDChange(mean * SCALE, variance**0.5 * SCALE)


def _sample_means(fake: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Of each sample its mean kernel with the other samples and with the real images: float64 [N] each."""
    inner = kernel_sums(fake, fake) - _diagonal(fake)
    return inner / (len(fake) - 1), kernel_sums(fake, real) / len(real)


def kernel_mean(x: Tensor) -> float:
    """E k(x, x') over all pairs of different rows."""
    total = kernel_sums(x, x) - _diagonal(x)
    return total.mean().item() / (len(x) - 1)


def kernel_sums(x: Tensor, y: Tensor) -> Tensor:
    """Σ_j k(x_i, y_j) for each row of x: float64 [N]. Products in the precision of x, sums in float64."""
    return torch.cat(
        [_kernel(block @ y.T, x.shape[1]).sum(dim=1, dtype=torch.float64) for block in x.split(BLOCK)]
    )


def _diagonal(x: Tensor) -> Tensor:
    return _kernel(x.double().square().sum(dim=1), x.shape[1])


def _kernel(products: Tensor, dimensions: int) -> Tensor:
    y = products / dimensions + 1
    return y * y * y


def fid(fake: Tensor, real: Tensor) -> float:
    """The Fréchet distance of Gaussians fitted to both clouds (Heusel et al., arXiv 1706.08500, eq. 6).

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), in float64. The last trace is the sum of the roots of the
    eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric: no general matrix root is needed. With fewer rows than
    dimensions it is, far cheaper, the sum of the singular values of the product of both centred clouds.
    """
    if min(len(fake), len(real)) < fake.shape[1]:
        a, b = (((x - x.mean(dim=0)) / (len(x) - 1) ** 0.5) for x in (fake.double(), real.double()))
        shared = torch.linalg.svdvals(a @ b.T).sum()
        shift = (fake.double().mean(dim=0) - real.double().mean(dim=0)).square().sum()
        return max((shift + a.square().sum() + b.square().sum() - 2 * shared).item(), 0.0)
    return frechet_distance(moments(fake), moments(real))


Moments = tuple[Tensor, Tensor]  # mean [D] and covariance [D, D], float64


def moments(x: Tensor) -> Moments:
    """Mean and unbiased covariance of the rows."""
    x = x.double()
    return x.mean(dim=0), torch.cov(x.T).reshape(x.shape[1], x.shape[1])


def frechet_distance(a: Moments, b: Moments) -> float:
    """Of two Gaussians with these moments. See `fid`."""
    values, vectors = torch.linalg.eigh(a[1])
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    shared = torch.linalg.eigvalsh(root @ b[1] @ root).clamp(min=0).sqrt().sum()
    distance = (a[0] - b[0]).square().sum() + a[1].trace() + b[1].trace() - 2 * shared
    return max(distance.item(), 0.0)


@dataclass(frozen=True)
class Manifold:
    """How two clouds overlap; each figure nominally from 0 to 1, density can exceed 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(fake: Tensor, real: Tensor, k: int = NEIGHBOURS) -> Manifold:
    """Precision and recall (arXiv 1904.06991), density and coverage (arXiv 2002.09797).

    Each cloud's manifold is the union of balls around its points, up to the k-th nearest other one. Use
    clouds of about equal size; raises `ValueError` for fewer than k + 1 points.
    """
    if min(len(fake), len(real)) <= k:
        raise ValueError(f"{k} neighbours need more than {k} points")
    radii_real, radii_fake = _radii(real, k), _radii(fake, k)
    within_real = torch.zeros(len(fake), dtype=torch.int64)  # how many real balls hold this sample
    recalled, covered = [], []
    for block, radii in zip(real.split(BLOCK), radii_real.split(BLOCK), strict=True):
        distances = torch.cdist(block, fake)
        inside = distances <= radii[:, None]
        within_real += inside.sum(dim=0)
        covered.append(inside.any(dim=1))
        recalled.append((distances <= radii_fake).any(dim=1))
    return Manifold(
        precision=(within_real > 0).double().mean().item(),
        recall=torch.cat(recalled).double().mean().item(),
        density=within_real.double().mean().item() / k,
        coverage=torch.cat(covered).double().mean().item(),
    )


def _radii(x: Tensor, k: int) -> Tensor:
    """The distance of each point to its k-th nearest other one, [N]."""
    return torch.cat([torch.cdist(block, x).kthvalue(k + 1, dim=1).values for block in x.split(BLOCK)])


def mean_distance(x: Tensor) -> float:
    """The mean Euclidean distance over pairs of different rows."""
    total = sum(torch.cdist(block, x).sum(dtype=torch.float64).item() for block in x.split(BLOCK))
    return total / (len(x) * (len(x) - 1))
