"""Features of real images that are kept in chunks: whoever is stopped on the way goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gan.pretrained import efficientnet
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.eval import reference as references
from train.eval.feature_cache import FeatureCache
from train.eval.reference import FeatureExtractor, build_reference

BATCH, CHUNK, COUNT = 4, 8, 36


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> SpriteDataset:
    """Five chunks of synthetic creatures, the last one cut short."""
    root = tmp_path_factory.mktemp("chunks")
    write_folder(root / "images", COUNT)
    build_from_folder(root / "images", root / "dataset", BuildOptions(resolution=16), workers=1)
    return SpriteDataset.open(root / "dataset")


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    return FeatureExtractor(torch.device("cpu"))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "BATCH", BATCH)
    monkeypatch.setattr(references, "CHUNK", CHUNK)


def stop_at(images: int) -> references.Progress:
    def progress(_what: str, done: int, _total: int) -> None:
        if done >= images:
            raise KeyboardInterrupt

    return progress


@pytest.mark.skipif(not efficientnet.available("lite1"), reason="the train extra is missing")
def test_who_is_stopped_goes_on_and_gets_the_same_to_the_bit(
    dataset: SpriteDataset, extractor: FeatureExtractor, tmp_path: Path
) -> None:
    whole = build_reference(dataset, extractor).features
    with pytest.raises(KeyboardInterrupt):
        build_reference(dataset, extractor, tmp_path, progress=stop_at(20))
    (chunks,) = tmp_path.iterdir()
    kept = sorted(chunks.iterdir())
    assert len(kept) == 2  # of the third one half was known
    kept[0].write_bytes(kept[0].read_bytes()[:-8])  # cut off: made again
    (chunks / "left by a kill.part").write_bytes(b"half")
    seen: list[tuple[int, int]] = []
    again = build_reference(
        dataset, extractor, tmp_path, progress=lambda _, done, total: seen.append((done, total))
    )
    assert torch.equal(again.features, whole)
    assert [done for done, _ in seen] == [8, *range(12, COUNT + 1, BATCH)]  # one chunk was there
    assert {total for _, total in seen} == {COUNT}
    (file,) = tmp_path.iterdir()
    assert file.is_file()  # what all of them are kept in, and nothing else


def test_what_belongs_to_another_key_or_place_is_not_used(tmp_path: Path) -> None:
    cache, numbers = FeatureCache(tmp_path, "mine"), torch.arange(12.0).reshape(4, 3)
    cache.write_chunk(4, 8, numbers)
    found = cache.read_chunk(4, 8)
    assert found is not None and torch.equal(found, numbers)
    assert cache.read_chunk(0, 4) is None and cache.read_chunk(4, 7) is None
    another = FeatureCache(tmp_path, "another")
    assert another.read_chunk(4, 8) is None
    cache.write(numbers)
    cache.path.replace(another.path)
    assert another.read() is None and cache.read() is None
