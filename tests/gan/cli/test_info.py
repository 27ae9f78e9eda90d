"""python -m gan info"""

from pathlib import Path
from typing import Any

import pytest

from gan.checkpoint import save
from gan.config import Style
from gan.latents import Levels
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint, tiny_generator


def lines(out: str) -> dict[str, str]:
    return {line[:12].strip(): line[12:] for line in out.splitlines()}


def test_the_shipped_checkpoint_says_what_it_is(command: CommandLine) -> None:
    said = lines(command("info").out)
    assert said["pictures"].startswith("64×64") and len(said["id"]) == 16
    assert "kimg" in said["trained"] and "EMA" in said["average"] and "sha256" in said["data set"]
    assert said["latents"] == "z 512 → 8 layers → w 512"


@pytest.mark.parametrize(
    ("style", "levels"),
    [
        ("demodulation", "layers 0–5: shape 0–2, features 3–4, colours 5–5"),
        ("adain", "layers 0–4: shape 0–2, features 3–4"),
    ],
)
def test_a_network_is_described(command: CommandLine, tmp_path: Path, style: Style, levels: str) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "a.safetensors", style)
    done = command("info", tmp_path / "a.safetensors")
    said = lines(done.out)
    assert done.code == 0 and said["id"] == checkpoint.id and said["styles"] == levels
    assert said["network"].startswith(style) and "16 at 4², 16 at 8², 8 at 16²" in said["network"]
    assert said["trained"] == "1.5 kimg" and "data set" not in said


def test_measured_levels_and_what_they_change_are_shown(command: CommandLine, tmp_path: Path) -> None:
    changes = {"shape": {"silhouette": 0.5, "mean_colour": 0.123}, "features": {}, "colours": "many"}
    save(tmp_path / "a.safetensors", tiny_generator(), {"levels": changes}, levels=Levels(1, 4, 6))
    out = command("info", tmp_path / "a.safetensors").out
    assert "layers 0–5: shape 0–0, features 1–3, colours 4–5 (measured)\n" in out
    assert f"\n{'':<12}shape changes silhouette 0.50, mean colour 0.12\n" in out
    assert "features changes" not in out and "colours changes" not in out


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kimg": "many", "dataset": 3, "created": None, "metrics": [1], "ema_half_life_kimg": {}},
        {"dataset": {"source": "here", "count": "x"}, "metrics": {"kid": "low"}},
    ],
)
def test_unknown_metadata_is_left_out(command: CommandLine, tmp_path: Path, metadata: dict[str, Any]) -> None:
    save(tmp_path / "a.safetensors", tiny_generator(), metadata)
    done = command("info", tmp_path / "a.safetensors")
    assert done.code == 0
    assert list(lines(done.out)) == ["file", "id", "pictures", "network", "latents", "styles"]


def test_metrics_are_shown(command: CommandLine, tmp_path: Path) -> None:
    save(tmp_path / "a.safetensors", tiny_generator(), {"metrics": {"kid": 0.0123456, "fid": 45.0}})
    assert lines(command("info", tmp_path / "a.safetensors").out)["metrics"] == "fid 45, kid 0.01235"


def test_what_is_no_checkpoint_is_refused(command: CommandLine, checkpoint: Path, tmp_path: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-7])
    assert "damaged" in command("info", checkpoint).refusal
    assert "no checkpoint" in command("info", tmp_path / "none").refusal
