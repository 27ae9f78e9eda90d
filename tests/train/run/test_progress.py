"""What a run leaves to look at."""

import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from gan.pretrained import efficientnet
from tests.train.tiny import differences, tiny_trainer
from train.data.dataset import SpriteDataset
from train.protocol import STATE_FILE
from train.run.kid_tracker import KidTracker
from train.run.loop import fit
from train.run.training_gif import write_film
from train.state import read


def test_a_run_leaves_figures_grids_a_film_and_a_board(creatures: SpriteDataset, tmp_path: Path) -> None:
    trainer = tiny_trainer(creatures)
    trainer.images_seen = 5996  # one step before a tick
    console = Console(file=io.StringIO(), width=250)
    fit(trainer, tmp_path / "run", console, until_images=6104, tick_images=100)
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert [line["kimg"] for line in lines] == [6.0, 6.1]
    expected = {"loss_d", "loss_g", "lead", "r1", "r2", "augment", "images_per_s", "eta_s", "lr_factor"}
    assert expected < set(lines[1])
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert all(word in shown for word in ("16² α 1.00", "r1 ", "r2 ", "augment 0.", "a minute left"))
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


@pytest.mark.parametrize(("least_s", "ticks"), [(0, 5), (3600, 1)])
def test_a_quick_machine_does_not_report_all_the_time(
    creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least_s: int, ticks: int
) -> None:
    monkeypatch.setattr("train.run.loop.TICK_IMAGES", 8)
    monkeypatch.setattr("train.run.loop.LEAST_TICK_S", least_s)
    fit(tiny_trainer(creatures), tmp_path / "run", Console(quiet=True), until_images=40)
    assert len((tmp_path / "run" / "stats.jsonl").read_text().splitlines()) == ticks


@pytest.mark.skipif(not efficientnet.available("lite1"), reason="the packages of the train extra are missing")
def test_kid_is_measured_at_its_interval_and_changes_nothing(
    creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.eval.reference.FEWEST_IMAGES", 8)
    data = SpriteDataset.open(shutil.copytree(creatures.path, tmp_path / "data"))  # features are kept there
    runs = []
    measuring = KidTracker(data, 0.016, lambda *_: None, samples=60)
    for name, kid_tracker in (("plain", None), ("measured", measuring)):
        quiet = Console(quiet=True)
        fit(
            tiny_trainer(data),
            tmp_path / name,
            quiet,
            until_images=40,
            kid_tracker=kid_tracker,
            tick_images=8,
        )
        runs.append(read(tmp_path / name / STATE_FILE))
    assert differences(*runs) == []
    lines = (tmp_path / "measured" / "stats.jsonl").read_text().splitlines()
    measured = [line["kimg"] for line in map(json.loads, lines) if "kid" in line]
    assert measured == [0.008, 0.016, 0.032]
    assert all(json.loads(line).get("kid", 1) > 0 for line in lines)


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
