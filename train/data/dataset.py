"""The built data set, memory-mapped, and the sampler that decides which images a batch holds."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from train.data.labels import Label, Labels
from train.errors import DataError
from train.protocol import INDEX_FILE

FORMAT = "newmon-sprites"
FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)  # 1 kept near-duplicates and knew no labels
LABELS_FILE = "labels.json"


class SpriteDataset:
    """Square sprites in premultiplied RGBA. Use `open`."""

    def __init__(
        self,
        path: Path,
        images: np.ndarray,
        species: np.ndarray,
        index: dict[str, Any],
        labels: Labels | None = None,
        typical: np.ndarray | None = None,
    ) -> None:
        self.path = path
        self.images = images  # uint8 [N, R, R, 4], premultiplied, memory-mapped
        self.species = species  # int32 [N], into index["species"]
        # bool [N]: what training learns from; measured is against all images
        self.typical = np.ones(len(images), dtype=bool) if typical is None else typical
        self.index = index
        self.labels = labels  # None where the data set has none

    @classmethod
    def open(cls, path: Path, verify: bool = False) -> "SpriteDataset":
        """Open the folder of a built data set; `verify` also compares its hash, which reads all of it.

        Raises DataError where it is missing, foreign, from a newer version, truncated or altered.
        """
        if not path.is_dir():
            raise DataError(f"There is no data set at {path}: build it with `python -m train data`.")
        index = read_index(path)
        try:
            images = np.lib.format.open_memmap(path / "images.npy", mode="r")
            species = np.load(path / "species.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise _damaged(path) from error
        resolution, count = index["resolution"], index["count"]
        if images.dtype != np.uint8 or images.shape != (count, resolution, resolution, 4) or count < 1:
            raise _damaged(path)
        if (path / "images.npy").stat().st_size != images.offset + images.nbytes:
            raise _damaged(path)
        names = len(index["species"])
        if species.shape != (count,) or species.dtype != np.int32:
            raise _damaged(path)
        if species.min() < 0 or species.max() >= names:
            raise _damaged(path)
        if verify:
            with (path / "images.npy").open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != index["sha256"]:
                    raise _damaged(path)
        typical = np.ones(count, dtype=bool)
        typical[_least_typical(path, index)] = False
        return cls(path, images, species, index, _read_labels(path, index), typical)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def resolution(self) -> int:
        """Width and height of the stored images, in pixels."""
        return int(self.index["resolution"])

    @property
    def num_species(self) -> int:
        return len(self.index["species"])

    def species_name(self, i: int) -> str:
        """What to call the species of image `i`: "Pikachu (25)", or the number or the folder's name alone."""
        species = self._species(i)
        label = self.labels.of(species) if self.labels is not None else None
        return species if label is None else f"{label.name} ({species})"

    def label(self, i: int) -> Label | None:
        """What is known of the form that image `i` shows, or of its species; None without labels."""
        if self.labels is None:
            return None
        file = self.index["files"][self.index["images"]["file"][i]]
        return self.labels.of(self._species(i), file["form"])

    def _species(self, i: int) -> str:
        return str(self.index["species"][self.species[i]])

    def batch(
        self,
        indices: np.ndarray,
        resolution: int | None = None,
        device: torch.device | None = None,  # where the result is to be; default: the CPU
    ) -> torch.Tensor:
        """The images at `indices`, float32 [N, 4, r, r] in [-1, 1], area-averaged down to `resolution`.

        Channels are premultiplied RGBA, each mapped from [0, 1] by x·2 − 1, so full transparency is −1 in all
        four. The memory layout is channels_last. Raises ValueError where `resolution` does not divide the
        stored one.
        """
        r = resolution or self.resolution
        if r < 1 or self.resolution % r:
            raise ValueError(f"cannot average {self.resolution} pixels down to {r}: not a whole factor")
        return to_batch(self.images[np.asarray(indices)], self.resolution // r, device)

    def pixels(self, indices: np.ndarray, resolution: int) -> np.ndarray:
        """The images at `indices`, averaged as in `batch`, as bytes: uint8 [N, r, r, 4], premultiplied."""
        x = self.batch(indices, resolution).add_(1).mul_(255 / 2).round_()
        return x.permute(0, 2, 3, 1).to(torch.uint8).numpy()


def to_batch(images: np.ndarray, factor: int = 1, device: torch.device | None = None) -> torch.Tensor:
    """Stored images uint8 [N, R, R, 4] → float32 [N, 4, R / factor, R / factor] in [−1, 1], channels_last."""
    x = torch.from_numpy(images).to(device).to(torch.float32)  # bytes: a quarter of what would travel
    x = x.permute(0, 3, 1, 2)
    if factor > 1:
        x = F.avg_pool2d(x, factor)
    return x.mul_(2 / 255).sub_(1)


def read_index(path: Path) -> dict[str, Any]:
    """index.json with the fields that everything relies on, or DataError."""
    try:
        index = json.loads((path / INDEX_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is not a data set: build one with `python -m train data`.") from error
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise DataError(f"{path} is not a data set of this program: build one with `python -m train data`.")
    if index.get("format_version") not in READABLE_VERSIONS:
        raise DataError(f"{path} was built by another version: build it again with `python -m train data`.")
    fields = {"resolution": int, "count": int, "sha256": str, "source": dict, "options": dict}
    fields |= {"skipped": list, "species": list, "files": list, "images": dict}
    if not all(isinstance(index.get(name), kind) for name, kind in fields.items()):
        raise _damaged(path)
    return index


def _least_typical(path: Path, index: dict[str, Any]) -> np.ndarray:
    """The numbers of the images that the index marks as least typical: int64 [n]. Raises DataError."""
    numbers = index.get("least_typical", [])  # older data sets mark none
    if not isinstance(numbers, list) or not all(type(i) is int and 0 <= i < index["count"] for i in numbers):
        raise _damaged(path)
    return np.array(numbers, dtype=np.int64)


def _read_labels(path: Path, index: dict[str, Any]) -> Labels | None:
    """The labels that the index says are stored with the data set, or DataError."""
    if index.get("labels") is None:
        return None
    try:
        content = (path / LABELS_FILE).read_bytes()
        if hashlib.sha256(content).hexdigest() != index["labels"]["sha256"]:
            raise _damaged(path)
        return Labels.from_json(content.decode())
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> DataError:
    return DataError(f"The data set at {path} is damaged: delete it and run `python -m train data` again.")


class BalancedSampler:
    """Deterministic, infinite, balanced by species, and without state.

    Each pass goes through all species once in a fresh order and draws one image of each, so that 28 letters
    of Unown weigh as much as one Pikachu. What stands at position p of this endless sequence depends only on
    (seed, p): resuming needs nothing but the count of images seen.

    species: int [N], the species of each image.
    """

    def __init__(self, species: np.ndarray, seed: int) -> None:
        if len(species) == 0:
            raise ValueError("there is nothing to sample from")
        self.seed = seed
        self._by_species = np.argsort(species, kind="stable")  # [N] image numbers, grouped by species
        self._counts = np.unique(species, return_counts=True)[1]  # [S]
        self._starts = np.cumsum(self._counts) - self._counts  # [S]
        self._pass: tuple[int, np.ndarray] | None = None

    def slice(self, start: int, stop: int) -> np.ndarray:
        """Positions start … stop − 1 of the sequence: int64 [stop − start]."""
        length = len(self._counts)
        parts = []
        while start < stop:
            number, offset = divmod(start, length)
            take = min(stop - start, length - offset)
            parts.append(self._one_pass(number)[offset : offset + take])
            start += take
        return np.concatenate(parts)

    def _one_pass(self, number: int) -> np.ndarray:
        """Pass `number` over all species: one image of each, in random order. int64 [S]."""
        if self._pass is None or self._pass[0] != number:
            rng = np.random.default_rng([self.seed, number])
            order = rng.permutation(len(self._counts))
            picks = rng.integers(self._counts[order])
            self._pass = number, self._by_species[self._starts[order] + picks].astype(np.int64)
        return self._pass[1]
