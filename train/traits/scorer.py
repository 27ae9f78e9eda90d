"""Learn to score creatures from grades, and distil the score into a small network on w.

A few hundred grades are far too few to learn from w alone. So a ridge regression first learns them from what
a pretrained network sees in the pictures; it then scores tens of thousands of creatures that nobody graded,
and a small network learns these scores from w. What comes out is a section of the checkpoint (`gan.scorer`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor

from gan.checkpoint import Checkpoint
from gan.config import DEFAULT_PSI
from gan.files import write
from gan.latents import noise_from_seed, z_from_seed
from gan.pretrained.efficientnet import FrozenEfficientNet, over_white, resize
from gan.sections import SCORER, Section
from train.errors import DataError, disk_error
from train.step.precision import choose
from train.traits.distil import OnProgress, distil
from train.traits.grades import Grades

SIDE = 192  # pixels at which the pretrained network looks: the grades are told better than at 128
BATCH = 32
SHARD = 1024  # creatures that are kept together
FIRST_SEED = 200_000  # of the creatures that the scores are distilled on
FOLDS = 10
PENALTIES = (0.3, 1.0, 3.0, 10.0)  # of the ridge regression: the best in cross-validation is taken


@dataclass(frozen=True, eq=False)
class Drawn:
    """Creatures as far as they matter here."""

    w: Tensor  # float32 [N, w_dim], before truncation
    features: Tensor  # float32 [N, F]


@dataclass(frozen=True)
class Learned:
    """A scorer, and how well it does: correlations, each with what it did not learn from."""

    section: Section
    penalty: float
    graded: float  # between grades and the scores of pictures, in cross-validation
    distilled: float  # between the scores of pictures and what is told from w


class Artist:
    """Draws creatures and looks at them. Raises `ImportError` without the `train` extra."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.compute = choose()
        self.generator = self.compute.to_device(checkpoint.generator)
        self.backbone = self.compute.to_device(FrozenEfficientNet("lite0"))

    @torch.inference_mode()
    def __call__(self, seeds: Sequence[int]) -> Drawn:
        """These seeds' own creatures, at the bot's normal ψ."""
        config, device = self.generator.config, self.compute.device
        z = np.stack([z_from_seed(seed, config.z_dim) for seed in seeds])
        w = self.generator.mapping(torch.from_numpy(z).to(device))
        sides = self.generator.synthesis.noise_shapes()
        features = []
        for start in range(0, len(seeds), BATCH):
            chosen = w[start : start + BATCH]
            noise = zip(*(noise_from_seed(s, sides) for s in seeds[start : start + BATCH]), strict=True)
            layers = [torch.from_numpy(np.stack(maps)[:, None]).to(device) for maps in noise]
            codes = self.generator.broadcast(self.generator.mapping.truncate(chosen, DEFAULT_PSI))
            with self.compute.autocast():
                images = self.generator.synthesis(codes, layers)
            features.append(self._look(over_white(images.float()).clamp(-1, 1)))
        return Drawn(w.float().cpu(), torch.cat(features))

    def _look(self, images: Tensor) -> Tensor:
        """RGB [N, 3, H, W] in [−1, 1] → [N, F]: mean, spread and maximum of each channel of each map."""
        images = resize(images, SIDE).contiguous(memory_format=self.compute.memory_format)
        with self.compute.autocast():
            maps = [features.float() for features in self.backbone(images)]
        parts = [p for m in maps for p in (m.mean((2, 3)), m.std((2, 3)), m.amax((2, 3)))]
        return torch.cat(parts, dim=1).cpu()


def draw(artist: Artist, first: int, count: int, folder: Path, progress: OnProgress) -> Drawn:
    """`count` creatures from seed `first` on. Finished shards are kept in `folder` and not drawn again.

    Raises `DataError` where nothing can be kept.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(folder, error) from error
    parts: list[Drawn] = []
    for start in range(first, first + count, SHARD):
        path = folder / f"{start}-{SHARD}.safetensors"
        drawn = _read(path)
        if drawn is None:
            drawn = artist(range(start, start + SHARD))
            write(path, to_bytes({"w": drawn.w, "features": drawn.features.half()}))
        parts.append(drawn)
        progress("Drawing creatures", min(start + SHARD - first, count), count)
    w, features = (torch.cat([getattr(p, part) for p in parts])[:count] for part in ("w", "features"))
    return Drawn(w, features)


def _read(path: Path) -> Drawn | None:
    try:
        tensors = from_bytes(path.read_bytes())
        return Drawn(tensors["w"], tensors["features"].float())
    except (OSError, SafetensorError, KeyError):
        return None


def learn(
    checkpoint: Checkpoint,
    grades: Grades,
    folder: Path,
    samples: int,
    candidates: int,
    steps: int,
    seed: int = 0,
    progress: OnProgress = lambda *_: None,
) -> Learned:
    """From grades to a section for the checkpoint. Raises `DataError` for the grades of another one."""
    if grades.checkpoint_id != checkpoint.id:
        raise DataError(
            f"These grades are of checkpoint {grades.checkpoint_id}, not of {checkpoint.id}: grade creatures "
            "of this one."
        )
    artist = Artist(checkpoint)
    graded = artist(grades.seeds).features.double().numpy()
    penalty = max(PENALTIES, key=lambda p: _correlation(cross_validate(graded, grades.values, p), grades))
    told = _correlation(cross_validate(graded, grades.values, penalty), grades)
    drawn = draw(artist, FIRST_SEED, samples, folder / checkpoint.id, progress)
    scores = ridge(graded, grades.values, penalty)(drawn.features.double().numpy())
    head, distilled = distil(drawn.w, torch.from_numpy(scores).float(), steps, seed, progress)
    metadata = {
        "candidates": candidates,
        "psi": DEFAULT_PSI,
        "graded": len(grades.seeds),
        "samples": samples,
        "grade_correlation": round(told, 4),
        "w_correlation": round(distilled, 4),
    }
    return Learned(Section(SCORER, head, metadata), penalty, told, distilled)


def ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> Callable[[np.ndarray], np.ndarray]:
    """Ridge regression of y [N] on standardised x [N, F], solved by its kernel, as N is far below F.

    The penalty is in units of the mean square of a standardised row.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    rows = (x - mean) / spread
    kernel = rows @ rows.T / rows.shape[1]
    solution = np.linalg.solve(kernel + penalty * np.eye(len(rows)), y - y.mean())
    weights = rows.T @ solution / rows.shape[1] / spread
    return lambda other: (other - mean) @ weights + y.mean()


def cross_validate(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """What a regression says of each y that it did not see: `FOLDS` folds, always the same ones."""
    fold = np.random.default_rng(0).permutation(len(y)) % FOLDS
    said = np.empty(len(y))
    for number in range(FOLDS):
        theirs = fold == number
        said[theirs] = ridge(x[~theirs], y[~theirs], penalty)(x[theirs])
    return said


def _correlation(said: np.ndarray, grades: Grades) -> float:
    return float(np.corrcoef(said, grades.values)[0, 1])
