"""Writes the files of a data set: the images, their species, and the index that tells where all is from."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from train.data import fetch
from train.data.dataset import FORMAT, FORMAT_VERSION
from train.data.select import Selection
from train.data.sources import Listing
from train.protocol import INDEX_FILE


class DatasetWriter:
    """One data set in an empty folder: first `images`, then `index`. Raises OSError where it cannot write."""

    def __init__(self, folder: Path, resolution: int, listing: Listing, selection: Selection) -> None:
        self.folder = folder
        self.resolution = resolution
        self.files, self.left_out = listing.files, listing.left_out
        self.selection = selection
        self.columns = selection.columns(np.flatnonzero(selection.keep).tolist())
        names = [self.files[file].species for file in self.columns["file"]]
        self.names = list(dict.fromkeys(names))
        number = {name: i for i, name in enumerate(self.names)}
        self.species = np.array([number[name] for name in names], dtype=np.int32)  # [N]

    def images(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Write what is kept, uint8 [n, R, R, 4] at a time; all of it, memory-mapped: uint8 [N, R, R, 4]."""
        path = self.folder / "images.npy"
        shape = (len(self.species), self.resolution, self.resolution, 4)
        with path.open("wb") as stream:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            for some in images:
                stream.write(some.tobytes())
        np.save(self.folder / "species.npy", self.species)
        return np.load(path, mmap_mode="r")

    def index(self, recipe: dict[str, Any], more: dict[str, Any]) -> None:
        """Write index.json; `more` are fields that not every data set has."""
        selection, columns = self.selection, self.columns
        index = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "resolution": self.resolution,
            "count": len(self.species),
            "sha256": fetch.sha256(self.folder / "images.npy"),
            **recipe,
            **more,
            "labels": None,
            "skipped": [{"file": self.files[i].name, "reason": why} for i, why in selection.skipped.items()],
            "left_out": [{"file": name, "reason": why} for name, why in self.left_out],
            "removed": {why: selection.columns(images) for why, images in selection.removed.items()},
            "species": self.names,
            "files": [file.record() for file in self.files],
            "images": columns,
        }
        (self.folder / INDEX_FILE).write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
