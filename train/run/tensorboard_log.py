"""Figures and grids for tensorboard, where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

PICTURE_INTERVAL = 5  # ticks: an event file keeps every picture for good


class Board:
    """A writer of tensorboard's event files that does nothing where tensorboard is missing."""

    def __init__(self, folder: Path) -> None:
        self.writer: SummaryWriter | None = None
        self.ticks = 0
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard.writer import SummaryWriter

            self.writer = SummaryWriter(str(folder))

    def write(self, images: int, figures: dict[str, float], grid: Image.Image) -> None:
        """One tick, at the step `images`."""
        if self.writer is None:
            return
        for name, value in figures.items():
            self.writer.add_scalar(f"train/{name}", value, images)
        if self.ticks % PICTURE_INTERVAL == 0:
            self.writer.add_image("samples", np.asarray(grid), images, dataformats="HWC")
        self.ticks += 1
        self.writer.flush()

    def close(self) -> None:
        """Finish the file."""
        if self.writer is not None:
            self.writer.close()
