"""The folder of checkpoint files: copies of their own, whole, by however many starts at once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from bot.checkpoints.files import CheckpointFiles
from bot.engine.models import check_checkpoint, section_paths

CHECKPOINT = Path("checkpoints/newmon.safetensors")
STARTS = 4


def test_first_starts_on_one_folder_do_not_collide(tmp_path: Path) -> None:
    together = Barrier(STARTS)

    def start(_: int) -> str:
        together.wait()
        return CheckpointFiles(tmp_path).put(CHECKPOINT)[0]

    with ThreadPoolExecutor(STARTS) as pool:
        [checkpoint_id] = set(pool.map(start, range(STARTS)))
    check_checkpoint(tmp_path / f"{checkpoint_id}.safetensors", checkpoint_id)
    sections = [path for path in section_paths(CHECKPOINT).values() if path.is_file()]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{checkpoint_id}.safetensors",
        f"{checkpoint_id}.training.safetensors",
        *(path.name.replace(CHECKPOINT.stem, checkpoint_id) for path in sections),
    }


@pytest.mark.parametrize("name", section_paths(CHECKPOINT))
def test_what_was_learned_about_a_checkpoint_goes_where_it_goes(tmp_path: Path, name: str) -> None:
    source, files = tmp_path / "mine.safetensors", CheckpointFiles(tmp_path / "files")
    shutil.copyfile(CHECKPOINT, source)
    checkpoint_id, _ = files.put(source)
    target = section_paths(files.path(checkpoint_id))[name]
    assert not target.exists()
    section_paths(source)[name].write_bytes(b"learned later")
    files.put(source)
    assert target.read_bytes() == b"learned later"
    files.remove(checkpoint_id)
    assert not target.exists()
