"""Features of real images on the disk: in one file once all are there, until then in chunks.

A chunk is kept as soon as it is known, so that whoever is stopped or killed on the way loses seconds. All
who name the same folder share what is there: `eval`, training, and a retrain.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from gan.files import whole_file


class FeatureCache:
    """The features that belong to a key. What cannot be written only costs time; what cannot be trusted is
    as if it were not there.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        stem = f"features-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        self.path = folder / f"{stem}.safetensors"
        self.chunks = folder / f"{stem}.chunks"

    def read(self) -> Tensor | None:
        """All of them, float32 [N, D], if they are there."""
        return _read(self.path, self.key)

    def write(self, features: Tensor) -> None:
        """Keep all of them; the chunks are needed no more."""
        if _write(self.path, self.key, features, self.chunks):
            shutil.rmtree(self.chunks, ignore_errors=True)

    def read_chunk(self, start: int, stop: int) -> Tensor | None:
        """Those of the images `start` … `stop` − 1, float32 [stop − start, D], if they are there."""
        return _read(self._chunk(start), self._chunk_key(start, stop))

    def write_chunk(self, start: int, stop: int, features: Tensor) -> None:
        """Keep them until all are there."""
        _write(self._chunk(start), self._chunk_key(start, stop), features, self.chunks)

    def _chunk(self, start: int) -> Path:
        return self.chunks / f"{start:08d}.safetensors"

    def _chunk_key(self, start: int, stop: int) -> str:
        return f"{self.key} {start}:{stop}"


def _digest(features: Tensor) -> str:
    return hashlib.sha256(features.numpy().data).hexdigest()


def _read(path: Path, key: str) -> Tensor | None:
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            features: Tensor = file.get_tensor("features")
    except (OSError, SafetensorError):
        return None
    return features if header == {"key": key, "sha256": _digest(features)} else None


def _write(path: Path, key: str, features: Tensor, parts: Path) -> bool:
    """Whole or not at all, whoever else writes the same. Returns whether it is there.

    What is half written lies in the folder `parts`, where a kill leaves it to be deleted with the chunks.
    """
    with contextlib.suppress(OSError):
        parts.mkdir(parents=True, exist_ok=True)
        whole = parts / path.name
        with whole_file(whole) as part:
            part.write_bytes(to_bytes({"features": features}, {"key": key, "sha256": _digest(features)}))
        whole.replace(path)
        return True
    return False
