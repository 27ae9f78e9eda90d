"""Distances between clouds of features, on clouds where the answer is known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from train.eval import metrics, neighbours
from train.eval.metrics import fid, frechet_distance, kernel_mean, kid, manifold, mean_distance
from train.eval.neighbours import nearest, nearest_of_other_species, nearest_others, weighted_quantile


def cloud(n: int, d: int, seed: int, shift: float = 0.0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=random) + shift


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks, and a ragged last one, even in small clouds."""
    monkeypatch.setattr(metrics, "BLOCK", 16)
    monkeypatch.setattr(neighbours, "BLOCK", 16)


def test_kid_is_the_unbiased_mmd_of_its_definition() -> None:
    x, y = cloud(37, 6, 0), cloud(23, 6, 1, 0.5)

    def k(a: Tensor, b: Tensor) -> float:
        return ((a @ b).item() / 6 + 1) ** 3

    m, n = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    yy = sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    xy = sum(k(a, b) for a in x for b in y) / (m * n)
    assert kid(x, y).mean == pytest.approx(1000 * (xx + yy - 2 * xy), rel=1e-10)
    assert kid(x, y, kernel_mean(y)) == kid(x, y)
    assert kid(x.float(), y.float()).mean == pytest.approx(kid(x, y).mean, rel=1e-3)


def test_the_interval_of_kid_holds_the_true_value_about_95_times_in_100() -> None:
    real = cloud(200, 4, 0)
    generator = cloud(100_000, 4, 1, 0.3)
    truth, own = kid_of_everything(generator, real), kernel_mean(real)
    found = [kid(part, real, own) for part in generator[:20_000].split(100)]
    errors = [k.standard_error for k in found]
    assert 0.88 <= np.mean([k.low <= truth <= k.high for k in found]) <= 0.99
    assert np.mean([k.mean for k in found]) == pytest.approx(truth, abs=0.25 * float(np.mean(errors)))
    assert np.std([k.mean for k in found]) == pytest.approx(np.mean(errors), rel=0.25)


def kid_of_everything(x: Tensor, real: Tensor) -> float:
    """KID × 1000 of a cloud too large for its pairs: (x·y/d + 1)³ has the tensor powers as its features."""
    d = x.shape[1]
    own = 1 + 3 * x.mean(0).square().sum() / d
    square = torch.einsum("ni,nj->ij", x, x) / len(x)
    cube = torch.einsum("ni,nj,nk->ijk", x, x, x) / len(x)
    own += 3 * square.square().sum() / d**2 + cube.square().sum() / d**3
    cross = 1 + 3 * (real @ x.mean(0)) / d + 3 * torch.einsum("ni,nj,ij->n", real, real, square) / d**2
    cross = cross + torch.einsum("ni,nj,nk,ijk->n", real, real, real, cube) / d**3
    return 1000 * (own.item() + kernel_mean(real) - 2 * cross.mean().item())


def test_kid_of_equal_clouds_is_zero_within_its_interval_and_grows_with_their_distance() -> None:
    real = cloud(600, 8, 0)
    same = kid(cloud(300, 8, 1), real)
    assert same.low - 3 * same.standard_error < 0 < same.high + 3 * same.standard_error
    near, far = kid(cloud(300, 8, 1, 0.3), real), kid(cloud(300, 8, 1, 0.6), real)
    assert same.high < near.low and near.high < far.low


def test_the_frechet_distance_of_known_gaussians() -> None:
    torch.manual_seed(0)
    a, b = torch.rand(5, dtype=torch.float64) + 0.5, torch.rand(5, dtype=torch.float64) + 0.5
    shift = torch.arange(5, dtype=torch.float64)
    rotation = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64)).Q
    # Covariances that share their axes: Σ (√a − √b)², whatever the rotation
    one = (torch.zeros(5, dtype=torch.float64), rotation @ torch.diag(a) @ rotation.T)
    two = (shift, rotation @ torch.diag(b) @ rotation.T)
    expected = shift.square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    assert frechet_distance(one, two) == pytest.approx(expected.item(), rel=1e-10)
    assert frechet_distance(two, one) == pytest.approx(expected.item(), rel=1e-10)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-10)


def test_the_frechet_distance_without_shared_axes_agrees_with_the_general_matrix_root() -> None:
    x, y = cloud(50, 4, 0) @ cloud(4, 4, 2), cloud(60, 4, 1) @ cloud(4, 4, 3)
    a, b = torch.cov(x.T), torch.cov(y.T)
    roots = torch.linalg.eigvals(a @ b).real.sqrt().sum()
    expected = (x.mean(0) - y.mean(0)).square().sum() + a.trace() + b.trace() - 2 * roots
    assert fid(x, y) == pytest.approx(expected.item(), rel=1e-9)


def test_fid_survives_fewer_samples_than_dimensions() -> None:
    x = cloud(10, 30, 0)
    assert fid(x, x) == pytest.approx(0, abs=1e-6)
    y = cloud(12, 30, 1, 5.0)
    assert fid(x, y) == pytest.approx(frechet_distance(metrics.moments(x), metrics.moments(y)), rel=1e-6)


def test_equal_clouds_overlap_and_distant_ones_do_not() -> None:
    real, fake = cloud(200, 3, 0), cloud(200, 3, 1)
    same = manifold(fake, real)
    assert same.precision > 0.85 and same.recall > 0.85 and same.coverage > 0.9
    assert same.density == pytest.approx(1, abs=0.15)
    apart = manifold(fake + 100, real)
    assert (apart.precision, apart.recall, apart.density, apart.coverage) == (0, 0, 0, 0)


def test_a_cloud_in_one_of_two_modes_is_precise_but_recalls_half() -> None:
    real = torch.cat([cloud(100, 3, 0), cloud(100, 3, 1, 50.0)])
    one_mode = manifold(cloud(200, 3, 2), real)
    assert one_mode.precision > 0.8 and 0.3 < one_mode.recall <= 0.5 and 0.3 < one_mode.coverage <= 0.5
    spread = manifold(torch.cat([cloud(100, 3, 2), cloud(100, 3, 3, 500.0)]), real)
    assert 0.35 < spread.precision <= 0.5


def test_manifold_figures_are_those_of_their_definitions() -> None:
    real, fake = cloud(21, 2, 0), cloud(19, 2, 1, 0.4)
    k = 5

    def radius(x: Tensor, i: int) -> float:
        return sorted((x - x[i]).norm(dim=1).tolist())[k]

    inside_real = [[(f - r).norm() <= radius(real, i) for i, r in enumerate(real)] for f in fake]
    inside_fake = [any((r - f).norm() <= radius(fake, j) for j, f in enumerate(fake)) for r in real]
    found = manifold(fake, real, k)
    assert found.precision == pytest.approx(np.mean([any(row) for row in inside_real]))
    assert found.recall == pytest.approx(np.mean(inside_fake))
    assert found.density == pytest.approx(sum(map(sum, inside_real)) / (k * len(fake)))
    assert found.coverage == pytest.approx(np.mean(np.array(inside_real).any(axis=0)))


def test_too_few_points_for_their_neighbours_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 5"):
        manifold(cloud(5, 2, 0), cloud(50, 2, 1))


def test_the_mean_distance_of_pairs() -> None:
    x = torch.tensor([[0.0, 0], [3, 4], [0, 0]])
    assert mean_distance(x) == pytest.approx((5 + 0 + 5) / 3)


def test_neighbours_are_exact_even_where_they_nearly_coincide() -> None:
    points = cloud(50, 8, 0).float() + 1000
    queries = points[:40] + 1e-2 * cloud(40, 8, 1).float()
    found = nearest(queries, points, 2)
    every = torch.cdist(queries.double(), points.double())
    expected = every.sort(dim=1)
    assert torch.equal(found.indices[:, 0], expected.indices[:, 0])
    np.testing.assert_allclose(found.distances[:, 0], expected.values[:, 0], rtol=1e-3, atol=1e-3)


def test_a_point_is_not_its_own_neighbour_nor_is_one_of_its_species() -> None:
    points = torch.tensor([[0.0], [1.0], [1.5], [10.0], [10.25]])
    assert nearest_others(points).indices[:, 0].tolist() == [1, 2, 1, 4, 3]
    assert nearest_others(points).distances[3, 0] == 0.25
    other = nearest_of_other_species(points, np.array([0, 0, 0, 1, 1]))
    assert other.indices[:3, 0].tolist() == [3, 3, 3] and other.indices[3:, 0].tolist() == [2, 2]
    assert other.distances[:, 0].tolist() == [10, 9, 8.5, 8.5, 8.75]
    alone = nearest_of_other_species(points, np.zeros(5, int))
    assert alone.distances.isinf().all()


def test_a_weighted_quantile_counts_by_weight() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 8.0, 1.0])
    assert [weighted_quantile(values, weights, q) for q in (0.01, 0.8, 0.85, 1.0)] == [1, 1, 2, 3]
