"""What counts as nearly the same."""

import numpy as np
import pytest

from train.data.near_duplicates import distinct, most_various, thumbnails


@pytest.mark.parametrize("resolution", [8, 16, 64])
def test_thumbnails_are_area_averages(resolution: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, resolution, resolution, 4), np.uint8)
    side = min(16, resolution)
    factor = resolution // side
    expected = images.reshape(3, side, factor, side, factor, 4).astype(float).mean((2, 4)).reshape(3, -1)
    assert np.abs(thumbnails(images) - expected).max() <= 0.5
    assert thumbnails(images[:0]).shape == (0, side * side * 4)


def test_kept_images_are_apart_and_the_others_near_to_one() -> None:
    rng = np.random.default_rng(1)
    centres = rng.integers(20, 200, (8, 64))
    thumbs = (centres[rng.integers(8, size=200)] + rng.integers(0, 12, (200, 64))).astype(np.uint8)
    keep = distinct(thumbs, 5.0)
    apart = np.abs(thumbs[:, None].astype(int) - thumbs[None]).mean(2)
    kept = apart[np.ix_(keep, keep)]
    assert keep[0] and 8 <= keep.sum() < 200
    assert kept[~np.eye(len(kept), dtype=bool)].min() >= 5
    for i in np.flatnonzero(~keep):
        assert apart[i, :i][keep[:i]].min() < 5


def test_a_threshold_of_zero_keeps_everything() -> None:
    assert distinct(np.zeros((3, 4), np.uint8), 0).all()


def test_the_most_various_leave_nothing_far_from_them() -> None:
    line = np.array([[0], [1], [2], [100], [101], [50]], np.uint8)
    assert most_various(line, 3).tolist() == [0, 4, 5]
    assert most_various(np.zeros((3, 4), np.uint8), 3).tolist() == [0, 1, 2]
