"""Learning to enlarge: better than smooth enlarging on pictures that it never saw, in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from gan import checkpoint
from gan.pictures.enlarge import EnlargerConfig
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint, tiny_config, tiny_enlarger, tiny_generator
from train import enlarger as enlarging
from train import enlarger_pairs
from train.data import fetch
from train.data.squares import Framing, read_squares
from train.data.synthetic import write_folder
from train.enlarger import Art, Learned, learn, line_loss, read, save
from train.enlarger_pairs import taught
from train.errors import DataError


def silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def blob(number: int) -> NDArray[np.uint8]:
    """A body of two discs with a black outline and hard edges, as line art has them."""
    random = np.random.default_rng(number)
    rows, columns = np.mgrid[: enlarging.ART_SIDE, : enlarging.ART_SIDE]
    picture = np.zeros((enlarging.ART_SIDE, enlarging.ART_SIDE, 4), np.uint8)
    colour = (*random.integers(60, 256, 3), 255)
    discs = [(*random.integers(80, 176, 2), random.integers(40, 70)) for _ in range(2)]
    for shrunk, filling in ((0, (0, 0, 0, 255)), (6, colour)):
        for row, column, radius in discs:
            picture[(rows - row) ** 2 + (columns - column) ** 2 < (radius - shrunk) ** 2] = filling
    return picture


@pytest.fixture(scope="module")
def art() -> Art:
    whole = np.stack([blob(number) for number in range(12)])
    return Art(whole[:8], whole[8:])


@pytest.fixture(scope="module")
def learned(art: Art) -> Iterator[Learned]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("BATCH", 4), ("CROP", 64), ("LR", 4e-3)):
            patch.setattr(enlarging, name, value)
        yield learn(art, EnlargerConfig(width=12, depth=2), minutes=1, progress=silent, steps=300)


def test_it_beats_smooth_enlarging_on_what_it_never_saw(learned: Learned) -> None:
    assert learned.steps == 300
    assert learned.psnr_db > learned.smooth_psnr_db + 0.1


def test_a_file_of_its_own_survives(learned: Learned, tmp_path: Path) -> None:
    save(tmp_path / "deep" / "e.safetensors", learned)
    again = read(tmp_path / "deep" / "e.safetensors")
    assert again is not None and again.config == learned.enlarger.config
    for name, weight in learned.enlarger.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())


@pytest.mark.parametrize("content", [b"", b"no safetensors", bytes(64)])
def test_a_damaged_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "e.safetensors").write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read(tmp_path / "e.safetensors")


def test_a_missing_file_and_a_foreign_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read(tmp_path / "none.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(DataError, match="is no enlarger"):
        read(tmp_path / "foreign.safetensors")


def test_the_loss_counts_lines_and_not_pixels_alone() -> None:
    def error(pattern: Tensor) -> float:
        return line_loss(torch.zeros(1, 4, 8, 8) + pattern, torch.zeros(1, 4, 8, 8)).item()

    even = torch.full((8, 8), 0.1)
    striped = torch.full((8, 8), 0.1) * (-1) ** torch.arange(8)
    assert error(even) == pytest.approx(0.1)
    assert error(striped) == pytest.approx(0.3)  # the same pixels, and every neighbour differs by 0.2


def test_disturbed_pictures_stay_premultiplied(art: Art) -> None:
    torch.manual_seed(0)
    small = torch.from_numpy(art.seen[:8]).permute(0, 3, 1, 2).float().div(255)
    small = torch.nn.functional.avg_pool2d(small, 4)
    disturbed = enlarging._disturbed(small)
    assert (disturbed[:, :3] <= disturbed[:, 3:] + 1e-6).all()
    assert disturbed.min() >= 0 and disturbed.max() <= 1
    assert 0.001 < (disturbed - small).abs().mean() < 0.1
    assert tiny_enlarger()(disturbed).shape == (8, 4, 256, 256)


def test_the_command_learns_from_the_sprites_and_replaces_nothing(
    art: Art, command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Sprites are neither fetched nor drawn here: tests/train/data/test_line_art.py does that."""
    monkeypatch.setattr(enlarging, "line_art", lambda cache, workers, progress: art)
    out = tmp_path / "e.safetensors"
    options = ("--width", 4, "--depth", 1, "--minutes", 0.01, "--out", out)
    done = command("enlarger", *options)
    assert done.code == 0 and "dB on species that it never saw" in done.out
    enlarger = read(out)
    assert enlarger is not None and enlarger.config.width == 4
    assert "--force" in command("enlarger", *options).refusal
    assert command("enlarger", *options, "--force").code == 0
    assert "--minutes" in command("enlarger", "--minutes", "nan", "--out", tmp_path / "f.safetensors").refusal


def test_a_checkpoint_lends_its_own(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "with.safetensors", tiny_generator(), {}, enlarger=tiny_enlarger())
    checkpoint.save(tmp_path / "without.safetensors", tiny_generator(), {})
    lent = read(tmp_path / "with.safetensors")
    assert lent is not None and lent.config == tiny_enlarger().config
    assert read(tmp_path / "without.safetensors") is None


def test_line_art_is_drawn_of_sprites_that_are_large_enough(tmp_path: Path, enlarger: Path) -> None:
    sprites = tmp_path / f"{fetch.PACKAGE}-{fetch.VERSION}"
    write_folder(sprites, 9, animated=True, frames=3)  # the ninth species is one that is held out
    art = enlarging.line_art(tmp_path, 1, silent)
    assert art.seen.shape[1:] == art.held_out.shape[1:] == (256, 256, 4)
    assert art.seen.dtype == np.uint8 and len(art.held_out) == 2
    large = [path for path in sprites.glob("*.gif") if len(read_squares(path, Framing(2, 256))[0][1]) >= 64]
    assert len(art.seen) + len(art.held_out) == 2 * len(large) < 18
    drawn = sorted((tmp_path / "enhanced").iterdir())
    enlarging.line_art(tmp_path, 1, silent)
    assert sorted((tmp_path / "enhanced").iterdir()) == drawn  # once is enough


# -- generated creatures -------------------------------------------------------------------------------------


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint whose creatures are to be learned from, a few at a time."""
    monkeypatch.setattr(enlarger_pairs, "CHUNK", 3)
    tiny_checkpoint(tmp_path / "drawn.safetensors")
    return tmp_path / "drawn.safetensors"


def test_pairs_hold_creatures_and_what_the_pretrained_network_makes_of_them(
    drawn: Path, enlarger: Path, tmp_path: Path
) -> None:
    pairs = taught(checkpoint.load(drawn), 5, tmp_path, 0, silent)
    side = tiny_config().resolution
    assert pairs.small.shape == (5, side, side, 4) and pairs.large.shape == (5, 4 * side, 4 * side, 4)
    opaque = pairs.small[..., 3] == 255
    assert opaque.any()
    # This one repeats pixels, and rounds on the way to white and back.
    repeated = pairs.small.repeat(4, axis=1).repeat(4, axis=2).astype(int)
    error = np.abs(pairs.large.astype(int) - repeated)
    assert error[opaque.repeat(4, axis=1).repeat(4, axis=2)].max() <= 4


def test_pairs_are_made_once(drawn: Path, enlarger: Path, tmp_path: Path) -> None:
    first = taught(checkpoint.load(drawn), 5, tmp_path, 0, silent)
    files = sorted((tmp_path / enlarger_pairs.FOLDER).iterdir())
    stamps = [file.stat().st_mtime_ns for file in files]
    assert len(files) == 2
    files[1].write_bytes(b"spoiled")
    again = taught(checkpoint.load(drawn), 5, tmp_path, 0, silent)
    assert np.array_equal(first.small, again.small) and np.array_equal(first.large, again.large)
    assert files[0].stat().st_mtime_ns == stamps[0]  # what is there is not drawn again
    other = taught(checkpoint.load(drawn), 5, tmp_path, 1, silent)
    assert not np.array_equal(first.small, other.small)


def test_it_learns_what_to_make_of_generated_creatures(art: Art, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures that are far too dark: nothing in line art says so."""
    for name, value in (("BATCH", 4), ("CROP", 64), ("LR", 4e-3), ("MEASURED", 4)):
        monkeypatch.setattr(enlarging, name, value)
    large = np.stack([blob(number) for number in range(20, 32)])
    small = large.reshape(12, 64, 4, 64, 4, 4).mean(axis=(2, 4)) * (0.5, 0.5, 0.5, 1)
    pairs = enlarger_pairs.Pairs(small.round().astype(np.uint8), large)
    config = EnlargerConfig(width=12, depth=2)
    learned = learn(art, config, minutes=1, progress=silent, pairs=pairs, steps=150)
    assert learned.generated_psnr_db is not None and learned.generated_smooth_psnr_db is not None
    assert learned.generated_psnr_db > learned.generated_smooth_psnr_db + 3


def test_the_command_learns_from_generated_creatures(
    art: Art,
    drawn: Path,
    enlarger: Path,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(enlarging, "line_art", lambda cache, workers, progress: art)
    monkeypatch.setattr(enlarging, "CROP", 64)
    monkeypatch.setattr(enlarging, "SMALLEST", 16)
    options = ("--width", 4, "--depth", 1, "--minutes", 0.01, "--cache", tmp_path, "--count", 100)
    done = command("enlarger", *options, "--generated", drawn, "--out", tmp_path / "e.safetensors")
    assert done.code == 0 and "from the pretrained network's pictures" in done.out
    missing = command(
        "enlarger", *options, "--generated", tmp_path / "none", "--out", tmp_path / "f.safetensors"
    )
    assert "none" in missing.refusal
    monkeypatch.setattr(enlarging, "SMALLEST", 32)
    small = command("enlarger", *options, "--generated", drawn, "--out", tmp_path / "f.safetensors")
    assert "32 pixels or more" in small.refusal
