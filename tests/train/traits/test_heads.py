"""Heads learn from W+ what was read of pictures, and come to lie beside the checkpoint."""

from pathlib import Path

import numpy as np
import pytest

from gan.checkpoint import load
from gan.sampler import Sampler
from gan.sections import TRAITS, path_beside
from gan.traits import Heads
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint
from tests.train.traits.planted import planted
from train.traits import heads as distilling
from train.traits import reader as readers
from train.traits import ridge
from train.traits.heads import Drawn, codes_to_draw, distil, premultiplied
from train.traits.reader import Reader

LAYERS, W_DIM = 6, 32


@pytest.fixture(scope="module")
def reader() -> Reader:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ridge.weightings, "__defaults__", (0, 2))
        return readers.fit(*planted())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distilling, "HIDDEN", (32, 16))
    monkeypatch.setattr(distilling, "DROPOUT", (0.0, 0.0))
    monkeypatch.setattr(distilling, "EPOCHS", 40)
    monkeypatch.setattr(distilling, "BATCH", 64)


@pytest.mark.usefixtures("small")
def test_heads_say_what_the_reader_said_of_creatures_that_they_did_not_see(reader: Reader) -> None:
    random = np.random.default_rng(0)
    codes = random.standard_normal((2000, 1, W_DIM)).astype(np.float32).repeat(LAYERS, axis=1)
    outputs = np.tanh(codes[:, 0] @ random.standard_normal((W_DIM, reader.layout.size)) / 5)
    section = distil(Drawn(codes, outputs.astype(np.float32)), reader)
    agreement = section.metadata["agreement"]
    assert agreement["first_type"] > 0.8 and agreement["stage"] > 0.85 and agreement["kin"] > 0.6
    said = Heads(section, LAYERS, W_DIM).outputs(codes[-200:])
    assert np.corrcoef(said[:, 0], outputs[-200:, 0])[0, 1] > 0.85
    assert sum(section.metadata["shares"]["types"].values()) == pytest.approx(1, abs=1e-3)
    assert Heads(section, LAYERS, W_DIM).unusual(codes[:500] * 0)[0] == 0


def test_the_creatures_that_are_drawn_are_always_the_same_and_some_are_mixed(tmp_path: Path) -> None:
    sampler = Sampler(tiny_checkpoint(tmp_path / "a.safetensors"), "cpu")
    codes, seeds = codes_to_draw(sampler, 100)
    again, _ = codes_to_draw(sampler, 100)
    np.testing.assert_array_equal(codes, again)
    uniform = (codes == codes[:, :1]).all(axis=(1, 2))
    assert 0.6 < uniform.mean() < 0.9 and len(set(seeds)) == 100


def test_premultiplying_is_exact_where_a_picture_is_opaque_or_empty() -> None:
    sprite = np.array([[[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 128]]]], np.uint8)
    assert premultiplied(sprite)[0, 0].tolist() == [[200, 100, 50, 255], [0, 0, 0, 0], [100, 50, 25, 128]]


@pytest.mark.usefixtures("small")
def test_a_checkpoint_is_given_its_heads_without_changing(
    command: CommandLine, reader: Reader, tmp_path: Path
) -> None:
    path, file = tmp_path / "a.safetensors", tmp_path / "reader.safetensors"
    checkpoint = tiny_checkpoint(path)
    before = path.read_bytes()
    readers.save(reader, file)
    arguments = ("traits", path, "--reader", file, "--creatures", "100")
    done = command(*arguments)
    assert done.code == 0 and "Heads and reader agree" in done.out and checkpoint.id in done.out
    assert path.read_bytes() == before and path_beside(path, TRAITS).is_file()
    loaded = load(path)
    sampler = Sampler(loaded, "cpu")
    assert loaded.id == checkpoint.id and loaded.problems == () and sampler.heads is not None
    assert len(sampler.traits(sampler.w_from_seeds([1, 2], 0.8))) == 2
    refused = command(*arguments)
    assert refused.code == 1 and "is there already" in refused.err


def test_what_cannot_be_done_is_refused_in_one_sentence(command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    tiny_checkpoint(path)
    for arguments, words in (
        (("traits", path, "--reader", tmp_path / "none"), "no reader of traits"),
        (("traits", tmp_path / "none.safetensors"), "no checkpoint"),
        (("traits", path, "--report", tmp_path / "r.md"), "--report belongs to learning"),
        (("traits", "--data", tmp_path / "none", "--reader", tmp_path / "r"), "no data set"),
    ):
        done = command(*arguments)
        assert done.code == 1 and words in done.err and done.err.count("\n") == 1
