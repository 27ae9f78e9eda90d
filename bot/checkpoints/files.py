"""The folder of checkpoint files, each under its content id. Blocking: call in a thread.

What lies here is a copy of its own: a later file in the place that it came from changes nothing for the
creatures that belong to this one.
"""

from __future__ import annotations

import contextlib
import filecmp
import shutil
from pathlib import Path
from typing import Any

from bot.engine import CheckpointError
from bot.engine.models import check_checkpoint, section_paths
from gan.files import whole_file
from train.protocol import CHECKPOINT_SUFFIX, TRAINING_SUFFIX


class CheckpointFiles:
    """`folder`/ID.safetensors; ID.training.safetensors where a checkpoint can be trained further, and
    ID.SECTION.safetensors where something was learned about it later.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, checkpoint_id: str) -> Path:
        """Where a checkpoint lies, whether it is there or not."""
        return self.folder / f"{checkpoint_id}{CHECKPOINT_SUFFIX}"

    def training_path(self, checkpoint_id: str) -> Path:
        """Where what it is trained further from lies."""
        return self.folder / f"{checkpoint_id}{TRAINING_SUFFIX}"

    def put(self, source: Path, expected_id: str | None = None) -> tuple[str, dict[str, Any]]:
        """Check a checkpoint and keep a copy; returns its id and metadata. Doing so twice is once.

        Raises `CheckpointError` for one that cannot be hatched from, or is another than `expected_id`, and
        OSError where there is no room.
        """
        checkpoint_id, metadata = check_checkpoint(source, expected_id)
        self.folder.mkdir(parents=True, exist_ok=True)
        training = source.with_name(source.name.removesuffix(CHECKPOINT_SUFFIX) + TRAINING_SUFFIX)
        if training.is_file():
            _copy(training, self.training_path(checkpoint_id))
        theirs = section_paths(source)
        for name, target in section_paths(self.path(checkpoint_id)).items():
            if theirs[name].is_file():
                _copy(theirs[name], target)
        _copy(source, self.path(checkpoint_id))
        return checkpoint_id, metadata

    def usable(self, checkpoint_id: str) -> bool:
        """Whether that checkpoint is here, whole."""
        try:
            check_checkpoint(self.path(checkpoint_id), checkpoint_id)
        except CheckpointError:
            return False
        return True

    def remove(self, checkpoint_id: str) -> None:
        """Delete its files, as far as there are any."""
        whole = self.path(checkpoint_id)
        for path in (whole, self.training_path(checkpoint_id), *section_paths(whole).values()):
            with contextlib.suppress(OSError):
                path.unlink()


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all. Does nothing where the same bytes are there."""
    if target.is_file() and filecmp.cmp(source, target, shallow=False):
        return
    with whole_file(target) as part:
        shutil.copyfile(source, part)
