"""The memory-mapped data set and the sampler."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import BalancedSampler, SpriteDataset
from train.data.synthetic import write_folder
from train.errors import DataError

# One species with 60 images, one with 20, twenty with a single one; mixed, as nothing promises an order.
COUNTS = [60, 20] + [1] * 20
SPECIES = np.random.default_rng(0).permutation(np.repeat(np.arange(22), COUNTS)).astype(np.int32)


@pytest.fixture
def dataset(tmp_path: Path) -> SpriteDataset:
    write_folder(tmp_path / "in", 3)
    build_from_folder(tmp_path / "in", tmp_path / "out", BuildOptions(resolution=32), workers=1)
    return SpriteDataset.open(tmp_path / "out")


def change_index(folder: Path, **changes: object) -> None:
    path = folder / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_batches_are_premultiplied_rgba_from_minus_one_to_one(dataset: SpriteDataset) -> None:
    x = dataset.batch(np.array([2, 0]))
    assert x.shape == (2, 4, 32, 32) and x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(x[0].permute(1, 2, 0).numpy(), dataset.images[2] / 127.5 - 1, atol=1e-6)
    assert (x[:, :, 0, 0] == -1).all()  # the margin is transparent
    assert (x[:, :3] <= x[:, 3:]).all()


@pytest.mark.parametrize("resolution", [4, 8, 16])
def test_smaller_stages_are_area_averages(dataset: SpriteDataset, resolution: int) -> None:
    x = dataset.batch(np.array([1]), resolution)
    factor = 32 // resolution
    cells = dataset.images[1].reshape(resolution, factor, resolution, factor, 4).astype(np.float64)
    np.testing.assert_allclose(x[0].permute(1, 2, 0).numpy(), cells.mean((1, 3)) / 127.5 - 1, atol=1e-5)


@pytest.mark.parametrize("resolution", [5, 64])
def test_only_whole_factors_are_averaged(dataset: SpriteDataset, resolution: int) -> None:
    with pytest.raises(ValueError, match="whole factor"):
        dataset.batch(np.array([0]), resolution)


def test_images_come_as_averaged_bytes_too(dataset: SpriteDataset) -> None:
    pixels = dataset.pixels(np.array([2, 1]), 8)
    assert pixels.shape == (2, 8, 8, 4) and pixels.dtype == np.uint8
    cells = dataset.images[[2, 1]].reshape(2, 8, 4, 8, 4, 4).mean((2, 4))
    assert np.abs(pixels - cells).max() <= 0.5 + 1e-3
    np.testing.assert_array_equal(dataset.pixels(np.array([0]), 32)[0], dataset.images[0])


def test_the_least_typical_images_are_marked_in_the_index(dataset: SpriteDataset) -> None:
    assert dataset.typical.all()  # older data sets mark none
    change_index(dataset.path, least_typical=[1])
    assert SpriteDataset.open(dataset.path).typical.tolist() == [True, False, True]


@pytest.mark.parametrize("marked", [[3], [-1], ["0"], [True], 7])
def test_marks_that_make_no_sense_are_damage(dataset: SpriteDataset, marked: object) -> None:
    change_index(dataset.path, least_typical=marked)
    with pytest.raises(DataError, match="is damaged"):
        SpriteDataset.open(dataset.path)


def test_a_missing_data_set_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no data set at .*: build it with `python -m train data`"):
        SpriteDataset.open(tmp_path / "none")


def test_a_foreign_folder_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a data set"):
        SpriteDataset.open(tmp_path)
    (tmp_path / "index.json").write_text('{"format": "something-else"}')
    with pytest.raises(DataError, match="not a data set of this program"):
        SpriteDataset.open(tmp_path)


def test_another_version_is_built_again(dataset: SpriteDataset) -> None:
    change_index(dataset.path, format_version=99)
    with pytest.raises(DataError, match="another version"):
        SpriteDataset.open(dataset.path)


def test_data_sets_of_the_first_version_still_open(dataset: SpriteDataset) -> None:
    index = json.loads((dataset.path / "index.json").read_text())
    del index["labels"], index["removed"]
    index["options"] = {"resolution": 32, "frames": 12, "variants": ["normal"]}
    (dataset.path / "index.json").write_text(json.dumps(index | {"format_version": 1}))
    first = SpriteDataset.open(dataset.path, verify=True)
    assert len(first) == 3 and first.species_name(1) == "2" and first.label(1) is None
    result = build_from_folder(
        dataset.path.parent / "in", dataset.path, BuildOptions(resolution=32), workers=1
    )
    assert result.rebuilt and SpriteDataset.open(dataset.path).index["format_version"] == 2


@pytest.mark.parametrize("name", ["images.npy", "species.npy", "index.json"])
def test_damage_is_found_on_opening(dataset: SpriteDataset, name: str) -> None:
    whole = (dataset.path / name).read_bytes()
    for content in (whole[:-1], b"", None):
        if content is None:
            (dataset.path / name).unlink()
        else:
            (dataset.path / name).write_bytes(content)
        with pytest.raises(DataError):
            SpriteDataset.open(dataset.path)


@pytest.mark.parametrize(
    "changes", [{"count": 2}, {"resolution": 64}, {"species": ["1"]}, {"sha256": None}, {"files": 1}]
)
def test_an_index_that_does_not_fit_is_damage(dataset: SpriteDataset, changes: dict[str, object]) -> None:
    change_index(dataset.path, **changes)
    with pytest.raises(DataError, match="is damaged"):
        SpriteDataset.open(dataset.path)


def test_verifying_finds_altered_pixels(dataset: SpriteDataset) -> None:
    path = dataset.path / "images.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    SpriteDataset.open(dataset.path)
    with pytest.raises(DataError, match="is damaged"):
        SpriteDataset.open(dataset.path, verify=True)


def test_a_data_set_with_pickles_is_refused(dataset: SpriteDataset) -> None:
    np.save(dataset.path / "species.npy", np.array([{}, {}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="is damaged"):
        SpriteDataset.open(dataset.path)


def test_a_batch_depends_only_on_seed_and_number() -> None:
    forwards = [BalancedSampler(SPECIES, seed=3).slice(8 * k, 8 * k + 8) for k in range(40)]
    sampler = BalancedSampler(SPECIES, seed=3)
    backwards = [sampler.slice(8 * k, 8 * k + 8) for k in reversed(range(40))][::-1]
    np.testing.assert_array_equal(forwards, backwards)
    assert forwards[0].dtype == np.int64 and forwards[0].shape == (8,)
    other = [BalancedSampler(SPECIES, seed=4).slice(8 * k, 8 * k + 8) for k in range(40)]
    assert not np.array_equal(forwards, other)


def test_resuming_needs_only_the_images_seen() -> None:
    """Batches that grow do not disturb the sequence."""
    sampler = BalancedSampler(SPECIES, seed=0)
    parts = [sampler.slice(a, b) for a, b in ((0, 16), (16, 32), (32, 64), (64, 96))]
    np.testing.assert_array_equal(np.concatenate(parts), BalancedSampler(SPECIES, seed=0).slice(0, 96))


def test_every_species_has_the_same_share() -> None:
    drawn = BalancedSampler(SPECIES, seed=0).slice(0, 22 * 300)
    assert (np.bincount(SPECIES[drawn]) == 300).all()
    for species, size in ((0, 60), (1, 20)):
        images = np.flatnonzero(np.equal(SPECIES, species))
        share = np.bincount(drawn, minlength=len(SPECIES))[images]
        assert (share > 0).sum() >= 0.95 * size and share.max() < 5 * 300 / size


def test_a_batch_may_be_larger_than_the_data_set() -> None:
    batch = BalancedSampler(np.zeros(2, np.int32), seed=0).slice(320, 384)
    assert batch.shape == (64,) and set(batch) == {0, 1}


def test_nothing_to_sample_from() -> None:
    with pytest.raises(ValueError, match="nothing"):
        BalancedSampler(np.zeros(0, np.int32), 0)
