"""The finish: what it removes, what it keeps, and that it belongs to a checkpoint."""

from pathlib import Path

import numpy as np
import pytest

from gan.checkpoint import CheckpointError, load, save
from gan.pictures.components import components
from gan.pictures.finish import Finish
from gan.pictures.sprite import Pixels
from gan.sampler import Sampler
from tests.gan.tiny import tiny_generator

BODY = (slice(8, 24), slice(8, 24))


def body(colour: tuple[int, int, int] = (200, 40, 40)) -> Pixels:
    """A square creature in the middle of 32×32 pixels."""
    sprite = np.zeros((32, 32, 4), np.uint8)
    sprite[BODY] = (*colour, 255)
    return sprite


def colours_of(sprite: Pixels) -> set[tuple[int, ...]]:
    """The distinct opaque colours."""
    return {tuple(pixel[:3]) for pixel in sprite[sprite[..., 3] > 0]}


def test_a_picture_that_is_a_sprite_already_stays_as_it_is() -> None:
    sprite = body()
    sprite[10:12, 10:12] = (10, 10, 10, 255)
    assert np.array_equal(Finish()(sprite), sprite)


def test_edges_become_hard() -> None:
    sprite = body()
    sprite[8, 8:24, 3], sprite[9, 8:24, 3] = 60, 200
    finished = Finish()(sprite)
    assert set(np.unique(finished[..., 3])) == {0, 255}
    assert not finished[8].any() and (finished[9, 8:24, 3] == 255).all()


def test_colours_become_few_and_stay_close() -> None:
    sprite = body()
    ramp = np.arange(16, dtype=np.uint8) * 16
    sprite[BODY][..., 0], sprite[BODY][..., 1] = ramp[:, None], ramp[None]
    assert len(colours_of(sprite)) == 256
    finished = Finish(colours=16)(sprite)
    assert 12 <= len(colours_of(finished)) <= 16
    error = finished[BODY][..., :3].astype(float) - sprite[BODY][..., :3]
    assert np.sqrt((error**2).mean()) < 24


def test_specks_go_and_limbs_stay() -> None:
    sprite = body()
    sprite[2:4, 2:4] = sprite[8, 8]  # a speck of four pixels
    sprite[27:31, 27:31] = sprite[8, 8]  # a part of its own, of sixteen
    sprite[24, 24] = sprite[8, 8]  # touches the body by a corner
    finished = Finish(smallest_island=10)(sprite)
    assert not finished[2:4, 2:4].any()
    assert (finished[27:31, 27:31, 3] == 255).all() and finished[24, 24, 3] == 255


def test_small_holes_close_with_the_colours_around_them_and_large_ones_stay() -> None:
    sprite = body()
    sprite[10:12, 10:12] = 0
    sprite[16:20, 16:20] = 0
    finished = Finish(largest_hole=5)(sprite)
    assert (finished[10:12, 10:12] == sprite[8, 8]).all()
    assert not finished[16:20, 16:20].any()


def test_an_empty_picture_stays_empty() -> None:
    assert not Finish()(np.zeros((32, 32, 4), np.uint8)).any()


@pytest.mark.parametrize("diagonal", [False, True])
def test_components_agree_with_a_flood_fill(diagonal: bool) -> None:
    random = np.random.RandomState(0)
    for density in np.linspace(0.05, 0.95, 19):
        mask = random.random_sample((13, 17)) < density
        ours, flooded = components(mask, diagonal=diagonal), _flooded(mask, diagonal)
        pairs = set(zip(ours.ravel(), flooded.ravel(), strict=True))
        assert len(pairs) == len(np.unique(ours)) == len(np.unique(flooded))
        assert ((ours > 0) == mask).all()


def _flooded(mask: np.ndarray, diagonal: bool) -> np.ndarray:
    """Components one pixel at a time, the obvious way."""
    label = np.zeros(mask.shape, int)
    steps = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (diagonal or not y * x)]
    for start in zip(*np.nonzero(mask), strict=True):
        if label[start]:
            continue
        number, reached = label.max() + 1, [start]
        while reached:
            at = reached.pop()
            inside = all(0 <= i < side for i, side in zip(at, mask.shape, strict=True))
            if inside and mask[at] and not label[at]:
                label[at] = number
                reached += [(at[0] + y, at[1] + x) for y, x in steps]
    return label


def test_a_checkpoint_keeps_its_finish_and_draws_with_it(tmp_path: Path) -> None:
    finish = Finish(colours=4, smallest_island=0, largest_hole=0)
    plain_id = save(tmp_path / "plain", tiny_generator(), {})
    finished_id = save(tmp_path / "finished", tiny_generator(), {}, finish)
    assert finished_id != plain_id, "creatures of one must not be taken for creatures of the other"
    plain, finished = Sampler(load(tmp_path / "plain"), "cpu"), Sampler(load(tmp_path / "finished"), "cpu")
    assert plain.finish is None and finished.finish == finish

    codes = plain.w_from_seeds([1, 2], 1.0)
    raw = plain.render(codes, [1, 2])
    assert np.array_equal(finished.render(codes, [1, 2], raw=True), raw)
    drawn = finished.render(codes, [1, 2])
    assert np.array_equal(drawn, [finish(sprite) for sprite in raw])
    assert not np.array_equal(drawn, raw) and all(len(colours_of(sprite)) <= 4 for sprite in drawn)


@pytest.mark.parametrize(
    "wrong", [{"colours": 1}, {"colours": 4.0}, {"opaque_from": 0}, {"largest_hole": -1}]
)
def test_a_finish_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Finish.from_dict(wrong)


def test_a_file_whose_finish_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(path, tiny_generator(), {}, Finish(colours=16))
    data = path.read_bytes()
    for change in (rb"\"colours\": 12", rb"\"colours\": 00", rb"\"kolours\": 16"):
        path.write_bytes(data.replace(rb"\"colours\": 16", change))
        assert path.read_bytes() != data
        with pytest.raises(CheckpointError):
            load(path)
