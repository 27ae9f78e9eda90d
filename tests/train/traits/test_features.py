"""What is measured of a picture: colours, silhouette, and that its size does not matter."""

import numpy as np
import pytest

from train.data.dataset import SpriteDataset
from train.errors import DataError
from train.traits.colour import BINS, colours, histogram, to_lab
from train.traits.examples import examples
from train.traits.features import SIZE, Features, averaged, block_slices
from train.traits.silhouette import SIZE as SILHOUETTE
from train.traits.silhouette import silhouette


def disc(side: int = 64, colour: tuple[int, int, int] = (200, 40, 30), radius: float = 0.3) -> np.ndarray:
    """A premultiplied picture of a disc, [side, side, 4]."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    inside = (x**2 + y**2 < radius**2)[..., None]
    return (inside * np.array([*colour, 255])).astype(np.uint8)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.2, 80.1, 67.2)),
        ((0, 0, 1), (32.3, 79.2, -107.9)),
    ],
)
def test_colours_are_cielab(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    np.testing.assert_allclose(to_lab(np.array(rgb, np.float32)), lab, atol=0.3)


def test_a_histogram_sums_to_one_and_tells_colours_apart() -> None:
    red, _ = colours(disc())
    again, _ = colours(disc(radius=0.2))
    blue, _ = colours(disc(colour=(20, 40, 220)))
    assert red.shape == (np.prod(BINS),) and (red**2).sum() == pytest.approx(1, abs=1e-5)
    assert red @ again == pytest.approx(1, abs=1e-3) and red @ blue < 0.3
    white = histogram(np.full((3, 3), (100, 0, 0), np.float32), np.ones(3, np.float32))
    assert (white**2).reshape(BINS)[-1].sum() == pytest.approx(1, abs=1e-5)


def test_outlines_do_not_count_as_colour() -> None:
    outlined = disc()
    rim = (disc(radius=0.3)[..., 3] > 0) & (disc(radius=0.26)[..., 3] == 0)
    outlined[rim, :3] = 5
    assert colours(disc(radius=0.26))[0] @ colours(outlined)[0] == pytest.approx(1, abs=1e-3)


def test_a_silhouette_is_the_same_at_any_size_and_mirrored() -> None:
    large, small = silhouette(disc(128)[..., 3]), silhouette(disc(64)[..., 3])
    np.testing.assert_allclose(large[:5], small[:5], atol=0.04)
    lopsided = disc()
    lopsided[30:34, 50:] = 255
    mirrored = silhouette(lopsided[:, ::-1, 3])
    np.testing.assert_allclose(mirrored[:10], silhouette(lopsided[..., 3])[:10], atol=1e-5)
    assert large.shape == (SILHOUETTE,)


def test_an_empty_picture_is_read_without_complaint() -> None:
    empty = np.zeros((1, 64, 64, 4), np.uint8)
    assert np.isfinite(Features("cpu")(empty)).all()


def test_pictures_of_any_size_that_fits_are_read_as_64_pixels() -> None:
    pictures = np.stack([disc(128), disc(128, (30, 160, 60))])
    features = Features("cpu")
    whole = features(pictures)
    assert whole.shape == (2, SIZE) and np.isfinite(whole).all()
    np.testing.assert_array_equal(whole, features(averaged(pictures)))
    assert averaged(disc(16)[None]).shape == (1, 64, 64, 4)
    for side in (48, 100):
        with pytest.raises(DataError, match="cannot be read"):
            averaged(np.zeros((1, side, side, 4), np.uint8))


def test_blocks_fill_the_row() -> None:
    assert sum(columns.stop - columns.start for _, columns in block_slices()) == SIZE


def test_a_data_set_without_labels_is_refused(creatures: SpriteDataset) -> None:
    with pytest.raises(DataError, match="too few to learn traits from"):
        examples(creatures)
