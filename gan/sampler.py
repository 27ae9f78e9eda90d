"""The fast path: W+ codes and noise seeds in, sprites out, on any device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gan.checkpoint import Checkpoint
from gan.generator import Generator
from gan.latents import noise_from_seed, z_from_seed
from gan.ops import best_dtype
from gan.pictures.enlarge import premultiplied, tidy, to_picture
from gan.pictures.sprite import Pixels, resized, to_rgba
from gan.pictures.sprite import enlarge as repeat_pixels
from gan.scorer import scorer_of
from gan.sections import SectionError
from gan.traits import Traits, heads_of

# Every pass through the synthesis network has exactly this many samples, padded if need be. Libraries pick
# their kernels by batch size, and another kernel rounds differently: with one size, a creature has the same
# bytes whether it is drawn alone or among a hundred. Small, because a lone sample pays for the padding.
CHUNK = 4


class Sampler:
    """Renders creatures with one checkpoint. Blocking; to be used from one thread at a time.

    A creature's pixels do not depend on what else is asked for at the same time (see `CHUNK`).
    """

    def __init__(self, checkpoint: Checkpoint, device: str | None = None) -> None:
        self.device = torch.device(device or best_device())
        self.generator: Generator = checkpoint.generator.to(  # pyright: ignore[reportCallIssue]
            self.device, memory_format=torch.channels_last
        )
        self.config = checkpoint.config
        self.checkpoint_id = checkpoint.id
        self.finish = checkpoint.finish
        self.levels = checkpoint.levels
        self.enlarger = None
        if checkpoint.enlarger is not None:
            self.enlarger = checkpoint.enlarger.to(  # pyright: ignore[reportCallIssue]
                self.device, memory_format=torch.channels_last
            )
        self.problems = checkpoint.problems  # a sentence for each section that cannot be used
        try:
            self.scorer = scorer_of(checkpoint)
        except SectionError as error:
            self.scorer, self.problems = None, (*self.problems, str(error))
        self.heads = heads_of(checkpoint.sections, self.config.num_layers, self.config.w_dim)
        self._sides = self.generator.synthesis.noise_shapes()

    @property
    def resolution(self) -> int:
        """Side of a sprite in pixels."""
        return self.config.resolution

    @property
    def num_layers(self) -> int:
        """L: style vectors in a W+ code."""
        return self.config.num_layers

    @property
    def w_dim(self) -> int:
        """Length of one style vector."""
        return self.config.w_dim

    def candidates(self, seeds: Sequence[int], pick: bool = True) -> list[int]:
        """Which of the candidates that follow from each seed hatches: the best one, where there is a scorer.

        0 is the seed's own z, and without `pick` it is always that one. Does not depend on ψ, so that a seed
        stays one creature, tame or wild.
        """
        return self.scorer.pick(seeds) if pick and self.scorer is not None else [0] * len(seeds)

    def w_from_seeds(self, seeds: Sequence[int], psi: float, *, pick: bool = True) -> NDArray[np.float32]:
        """float32 [N, L, w_dim]: each seed's z, mapped, and truncated by ψ.

        With `pick` it is the z of the seed's best candidate, where the checkpoint has a scorer.
        """
        codes = np.empty((len(seeds), self.num_layers, self.w_dim), np.float32)
        for i, (seed, number) in enumerate(zip(seeds, self.candidates(seeds, pick), strict=True)):
            codes[i] = self.w_of_candidate(seed, number, psi)
        return codes

    def traits(self, w_plus: NDArray[np.float32]) -> list[Traits]:
        """What the creatures with W+ codes [N, L, w_dim] are, without drawing them.

        Of a checkpoint without heads nothing is known: all that a `Traits` holds is left out. Raises
        `ValueError` if the codes do not fit this network.
        """
        return [Traits() for _ in w_plus] if self.heads is None else self.heads.read(w_plus)

    @torch.inference_mode()
    def w_of_candidate(self, seed: int, candidate: int, psi: float) -> NDArray[np.float32]:
        """float32 [L, w_dim]: one candidate of a seed, without the scorer having a say."""
        # One at a time: a matrix product may round differently in another batch, and it costs little.
        z = torch.from_numpy(z_from_seed(seed, self.config.z_dim, candidate))[None].to(self.device)
        w = self.generator.mapping.truncate(self.generator.mapping(z), psi)
        return np.repeat(w.cpu().numpy(), self.num_layers, axis=0)

    @torch.inference_mode()
    def render(self, w_plus: NDArray[np.float32], noise_seeds: Sequence[int], *, raw: bool = False) -> Pixels:
        """w_plus [N, L, w_dim] and N noise seeds → straight-alpha RGBA uint8 [N, H, W, 4].

        `raw` leaves out the checkpoint's finish and keeps specks. Raises `ValueError` if the codes do not fit
        this network.
        """
        if w_plus.shape[1:] != (self.num_layers, self.w_dim) or len(w_plus) != len(noise_seeds):
            raise ValueError(f"W+ codes of shape {w_plus.shape} do not fit this network or their noise seeds")
        pixels = np.empty((len(w_plus), self.resolution, self.resolution, 4), np.uint8)
        for start in range(0, len(w_plus), CHUNK):
            chosen = [min(i, len(w_plus) - 1) for i in range(start, start + CHUNK)]  # the last one fills up
            chunk = self._render_chunk(w_plus[chosen], [noise_seeds[i] for i in chosen])
            pixels[start : start + CHUNK] = chunk[: len(w_plus) - start]
        if not raw:
            for i, sprite in enumerate(pixels):
                pixels[i] = self.finished(sprite)
        return pixels

    def finished(self, sprite: Pixels) -> Pixels:
        """A raw sprite [H, W, 4] as `render` gives it otherwise: tidied and finished. From any thread."""
        if self.enlarger is not None:
            sprite = tidy(sprite, self.enlarger.config)
        return sprite if self.finish is None else self.finish(sprite)

    def shown(self, sprites: Pixels, scale: int, pixel_art: bool = False) -> Pixels:
        """Sprites [N, H, W, 4] as `render` draws them → uint8 [N, scale·H, scale·W, 4], to look at.

        Line art where the checkpoint has an enlarger, unless `pixel_art`; else by repeating pixels.
        """
        if pixel_art or self.enlarger is None:
            return np.stack([repeat_pixels(sprite, scale) for sprite in sprites])
        return np.stack([resized(picture, scale * sprites.shape[1]) for picture in self.enlarge(sprites)])

    @torch.inference_mode()
    def enlarge(self, sprites: Pixels) -> Pixels:
        """Sprites [N, H, W, 4] as `render` draws them → line art, uint8 [N, 4H, 4W, 4].

        A checkpoint without an enlarger leaves them as they are. What a sprite becomes depends on its pixels
        alone: each goes through the network by itself, since another batch may round differently.
        """
        if self.enlarger is None:
            return sprites
        dtype, kind = best_dtype(self.device), self.device.type
        pictures = []
        for sprite in sprites:
            small = premultiplied(sprite[None]).to(self.device, memory_format=torch.channels_last)
            with torch.autocast(kind, dtype, enabled=dtype != torch.float32):
                pictures.append(to_picture(self.enlarger(small))[0])
        return np.stack(pictures) if pictures else sprites

    def _render_chunk(self, w_plus: NDArray[np.float32], noise_seeds: Sequence[int]) -> Pixels:
        noise = [noise_from_seed(seed, self._sides) for seed in noise_seeds]
        layers = [
            torch.from_numpy(np.stack(layer)[:, None]).to(self.device) for layer in zip(*noise, strict=True)
        ]
        codes = torch.from_numpy(np.ascontiguousarray(w_plus)).to(self.device)
        return to_rgba(self.generator.synthesis(codes, layers))


def best_device() -> str:
    """CUDA if there is any, then Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
