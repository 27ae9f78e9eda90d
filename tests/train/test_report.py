"""What a run leaves to look at."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from tests.train.tiny import tiny_trainer
from train.data import SpriteDataset
from train.film import write_film
from train.fit import fit


def test_a_run_leaves_figures_grids_a_film_and_a_board(
    creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.fit.TICK_IMAGES", 100)
    trainer = tiny_trainer(creatures)
    trainer.images_seen = 5996  # one step before a tick
    console = Console(file=io.StringIO(), width=250)
    fit(trainer, tmp_path / "run", console, until_images=6104)
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert [line["kimg"] for line in lines] == [6.0, 6.1]
    expected = {"loss_d", "loss_g", "lead", "r1", "r2", "augment", "images_per_s", "eta_s", "lr_factor"}
    assert expected < set(lines[1])
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert all(word in shown for word in ("16² α 1.00", "r1 ", "r2 ", "augment 0.", "min left"))
    assert sorted(path.name for path in (tmp_path / "run" / "grids").iterdir()) == [
        "00006.00.png",
        "00006.10.png",
    ]
    with Image.open(tmp_path / "run" / "training.gif") as film:
        assert film.n_frames == 2 and film.info["loop"] == 0  # pyright: ignore[reportAttributeAccessIssue]

    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    assert {"train/loss_d", "train/r1", "train/augment"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("train/kimg")] == [6000, 6100]
    assert events.Tags()["images"] == ["samples"]


def test_a_film_needs_two_pictures_and_ends_with_the_last(tmp_path: Path) -> None:
    assert not write_film(tmp_path, tmp_path / "film.gif")
    for i in range(200):
        Image.new("RGB", (66, 33), (i, 255 - i, 0)).save(tmp_path / f"{i:06d}.png")
    assert write_film(tmp_path, tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        frames = film.n_frames  # pyright: ignore[reportAttributeAccessIssue]
        assert 80 <= frames <= 81
        film.seek(frames - 1)
        red, green, _ = film.convert("RGB").getpixel((5, 5))  # pyright: ignore[reportGeneralTypeIssues]
        assert abs(red - 199) < 4 and abs(green - 56) < 4 and film.info["duration"] == 3000
    assert [path.name for path in tmp_path.glob("*.part")] == []
