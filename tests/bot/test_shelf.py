"""The folder of checkpoint files: copies of their own, whole, by however many starts at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from bot.engine import check_checkpoint
from bot.shelf import Shelf

CHECKPOINT = Path("checkpoints/newmon.safetensors")
STARTS = 4


def test_first_starts_on_one_folder_do_not_collide(tmp_path: Path) -> None:
    together = Barrier(STARTS)

    def start(_: int) -> str:
        together.wait()
        return Shelf(tmp_path).put(CHECKPOINT)[0]

    with ThreadPoolExecutor(STARTS) as pool:
        [checkpoint_id] = set(pool.map(start, range(STARTS)))
    check_checkpoint(tmp_path / f"{checkpoint_id}.safetensors", checkpoint_id)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{checkpoint_id}.safetensors",
        f"{checkpoint_id}.training.safetensors",
    }
