"""What the reader says of generated creatures, learned from their W+: heads that travel with a checkpoint.

Many creatures are drawn, of the ψ that hatching uses and of others, plain, mixed and blended, and read once
each. Heads (`gan.traits`) learn from W+ alone what was read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan.config import DEFAULT_PSI
from gan.latents import Levels
from gan.sampler import Sampler
from gan.sections import TRAITS, Section
from gan.traits import CHOICES, KIN, LAYERS, NUMBERS, VERSION, Heads, Layout
from train.traits.features import Features
from train.traits.reader import Reader

Floats = NDArray[np.floating[Any]]
OnProgress = Callable[[str, int, int], None]

CREATURES = 20_000
UNSEEN = 2_000  # more, that agreement is measured on
SEED = 7
FIRST_SEED = 10_000_000  # of the creatures that are drawn
PLAIN = 0.6  # share of ψ as at hatching; the others' is spread
PSI_RANGE = (0.5, 1.15)
MIXED = 0.3  # share of mixes and blends
BASIS = 256  # numbers of a layer's style that are looked at
HIDDEN = (448, 256)
DROPOUT = (0.2, 0.1)
EPOCHS = 40
BATCH = 256
LR = 2e-3
DECAY = 0.05
KIN_WEIGHT = 0.3  # of the many numbers that say whom a creature resembles, in the loss
VALIDATED = 1_000  # of the creatures, that say when to stop
BATCH_DRAWN = 64
QUANTILES = 101


@dataclass(frozen=True, eq=False)
class Drawn:
    """Creatures and what was read of their pictures."""

    codes: Floats  # [N, L, w_dim]
    outputs: Floats  # [N, T]


def codes_to_draw(sampler: Sampler, count: int, seed: int = SEED) -> tuple[Floats, list[int]]:
    """W+ codes float32 [count, L, w_dim], and the seeds of their noise: always the same ones."""
    random = np.random.default_rng(seed)
    usual = random.random(count) < PLAIN
    psis = np.where(usual, DEFAULT_PSI, random.uniform(*PSI_RANGE, count))
    seeds = [FIRST_SEED + i for i in range(count)]
    plain = np.concatenate(
        [sampler.w_from_seeds([one], float(psi)) for one, psi in zip(seeds, psis, strict=True)]
    )
    codes = plain.copy()
    for i in random.permutation(count)[: int(MIXED * count)]:
        codes[i] = _mixed(plain[i], plain[int(random.integers(count))], sampler.levels, random)
    return codes, seeds


def _mixed(a: Floats, b: Floats, levels: Levels, random: np.random.Generator) -> Floats:
    """[L, w_dim]: mostly one level of the other, sometimes a blend, or all layers from some one on."""
    kind, code = random.random(), a.copy()
    if kind < 0.75:
        _, layers = levels.by_name()[random.integers(3)]
        code[list(layers)] = b[list(layers)]
    elif kind < 0.9:
        code = a + (b - a) * random.uniform(0.2, 0.8)
    else:
        first = int(random.integers(1, len(a)))
        code[first:] = b[first:]
    return code


def premultiplied(sprites: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Straight-alpha uint8 [N, H, W, 4] → premultiplied, rounded."""
    alpha = sprites[..., 3:]
    colour = (sprites[..., :3].astype(np.uint16) * alpha + 127) // 255
    return np.concatenate([colour.astype(np.uint8), alpha], axis=-1)


def draw_and_read(
    sampler: Sampler,
    reader: Reader,
    features: Features,
    count: int = CREATURES + UNSEEN,
    on_progress: OnProgress | None = None,
) -> Drawn:
    """Draw creatures and read each once, from the small picture, before it is enlarged for people."""
    codes, seeds = codes_to_draw(sampler, count)
    outputs = np.empty((count, reader.layout.size), np.float32)
    for start in range(0, count, BATCH_DRAWN):
        chosen = slice(start, start + BATCH_DRAWN)
        outputs[chosen] = read_codes(sampler, reader, features, codes[chosen], seeds[chosen])
        if on_progress is not None:
            on_progress("Reading creatures", min(start + BATCH_DRAWN, count), count)
    return Drawn(codes, outputs)


def read_codes(
    sampler: Sampler, reader: Reader, features: Features, codes: Floats, seeds: list[int]
) -> Floats:
    """What the reader says of the pictures of W+ codes [N, L, w_dim] with these noise seeds: [N, T]."""
    return reader(features(premultiplied(sampler.render(codes.astype(np.float32), seeds))))


def distil(drawn: Drawn, reader: Reader, on_progress: OnProgress | None = None) -> Section:
    """Heads that say from W+ what the reader says of the pictures, as a section to store.

    Its metadata hold the agreement on the last `UNSEEN` creatures, or the last tenth, that were not learned
    from: {"first_type", "colour", "shape": shares; each number and "kin": correlations}.
    """
    count, layers, _ = drawn.codes.shape
    known = count - min(UNSEEN, count // 10)
    centre, basis, spread = _basis(drawn.codes[:known])
    inputs = ((drawn.codes - centre) @ basis).reshape(count, -1).astype(np.float32)
    mean, scale = drawn.outputs[:known].mean(axis=0), drawn.outputs[:known].std(axis=0) + 1e-6
    targets = torch.from_numpy(((drawn.outputs - mean) / scale).astype(np.float32))
    x = torch.from_numpy(inputs)
    weights = torch.ones(reader.layout.size)
    weights[reader.layout.columns(KIN)] = KIN_WEIGHT
    tensors = _learn(x[:known], targets[:known], weights, on_progress)
    factor = torch.from_numpy(scale.astype(np.float32))
    distances = np.sqrt(((inputs[:known].reshape(known, layers, -1) / spread) ** 2).mean(axis=(1, 2)))
    steps = np.linspace(0, 1, QUANTILES)
    first = reader.layout.columns(NUMBERS[0]).start
    numbers = drawn.outputs[:known, first : first + len(NUMBERS)]
    tensors |= {
        "out.weight": (tensors["out.weight"] * factor).half(),
        "out.bias": tensors["out.bias"] * factor + torch.from_numpy(mean.astype(np.float32)),
        "centre": torch.from_numpy(centre).half(),
        "basis": torch.from_numpy(basis).half(),
        "spread": torch.from_numpy(spread),
        "quantiles": torch.from_numpy(np.quantile(numbers, steps, axis=0).T.astype(np.float32)),
        "distances": torch.from_numpy(np.quantile(distances, steps).astype(np.float32)),
        "kin": torch.from_numpy(reader.kin.astype(np.float32)).half(),
    }
    section = Section(TRAITS, {n: t.contiguous() for n, t in tensors.items()}, _described(reader))
    said = _outputs(section, drawn.codes[known:])
    section.metadata["agreement"] = agreement(said, drawn.outputs[known:], reader.layout)
    section.metadata["learned_from"] = known
    section.metadata["shares"] = _shares(drawn.outputs[:known], reader.layout)
    return section


def _outputs(section: Section, codes: Floats) -> Floats:
    return Heads(section, *codes.shape[1:]).outputs(codes.astype(np.float32))


def _described(reader: Reader) -> dict[str, Any]:
    return {
        "version": VERSION,
        "types": list(reader.layout.types),
        "colours": list(reader.layout.colours),
        "shapes": list(reader.layout.shapes),
        "calibration": asdict(reader.calibration),
        "shown": [*reader.shown, KIN],
        "kin_names": list(reader.kin_names),
        "accuracy": reader.accuracy,
    }


def _basis(codes: Floats) -> tuple[Floats, Floats, Floats]:
    """The mean style [w_dim], the directions in which styles differ most [w_dim, k], and their spread [k]."""
    styles = codes.reshape(-1, codes.shape[2])[:: max(1, codes.shape[1] // 2)].astype(np.float32)
    centre = styles.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(styles - centre, rowvar=False))
    chosen = np.argsort(-values)[: min(BASIS, codes.shape[2])]
    spread = np.sqrt(np.maximum(values[chosen], 1e-12)).astype(np.float32)
    return centre, vectors[:, chosen].astype(np.float32), spread


def _learn(x: Tensor, y: Tensor, weights: Tensor, on_progress: OnProgress | None) -> dict[str, Tensor]:
    """The heads' weights and biases, as `gan.traits` names them, from x [N, K] and y [N, T]."""
    held = min(VALIDATED, len(x) // 10)
    random = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(x), generator=random)
    known, asked = order[held:], order[:held]
    size = x[known].std()
    inputs = x / size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)  # of the first weights and of dropout
        network = _network(x.shape[1], y.shape[1])
        optimizer = torch.optim.AdamW(network.parameters(), LR, weight_decay=DECAY)
        steps = EPOCHS * max(1, len(known) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps, pct_start=0.15)
        best_error, best = float("inf"), network.state_dict()
        for step in range(steps):
            chosen = known[torch.randint(len(known), (BATCH,), generator=random)]
            loss = ((network(inputs[chosen]) - y[chosen]).square() * weights).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % 100 == 99 or step == steps - 1:
                error = _error(network, inputs[asked], y[asked], weights)
                if error < best_error:
                    best_error, best = error, {n: t.clone() for n, t in network.state_dict().items()}
                if on_progress is not None:
                    on_progress("Distilling", step + 1, steps)
    found: dict[str, Tensor] = {}
    for name, number in zip(LAYERS, (0, 3, 6), strict=True):
        found[f"{name}.weight"] = best[f"{number}.weight"].T
        found[f"{name}.bias"] = best[f"{number}.bias"]
    found["first.weight"] = (found["first.weight"] / size).half()
    found["second.weight"] = found["second.weight"].half()
    return found


def _network(inputs: int, outputs: int) -> nn.Sequential:
    first, second = HIDDEN
    return nn.Sequential(
        nn.Linear(inputs, first),
        nn.SiLU(),
        nn.Dropout(DROPOUT[0]),
        nn.Linear(first, second),
        nn.SiLU(),
        nn.Dropout(DROPOUT[1]),
        nn.Linear(second, outputs),
    )


@torch.no_grad()
def _error(network: nn.Sequential, x: Tensor, y: Tensor, weights: Tensor) -> float:
    network.eval()
    error = float(((network(x) - y).square() * weights).mean())
    network.train()
    return error


def agreement(said: Floats, read: Floats, layout: Layout) -> dict[str, float]:
    """How far two readings [N, T] of the same creatures agree."""
    found: dict[str, float] = {}
    for name in CHOICES:
        columns = layout.columns(name)
        same = said[:, columns].argmax(axis=1) == read[:, columns].argmax(axis=1)
        found["first_type" if name == "types" else name] = float(same.mean())
    for name in NUMBERS:
        place = layout.columns(name).start
        found[name] = _correlation(said[:, place], read[:, place])
    kin = layout.columns(KIN)
    found[KIN] = _correlation(said[:, kin].ravel(), read[:, kin].ravel())
    return {name: round(value, 4) for name, value in found.items()}


def _correlation(a: Floats, b: Floats) -> float:
    size = float(np.std(a) * np.std(b))
    return float(np.mean((a - a.mean()) * (b - b.mean())) / size) if size > 1e-12 else 0.0


def _shares(outputs: Floats, layout: Layout) -> dict[str, dict[str, float]]:
    """How common each first guess is among generated creatures."""
    found: dict[str, dict[str, float]] = {}
    for name in CHOICES:
        guesses = outputs[:, layout.columns(name)].argmax(axis=1)
        counts = np.bincount(guesses, minlength=len(layout.values(name))) / len(outputs)
        found[name] = {v: round(float(c), 5) for v, c in zip(layout.values(name), counts, strict=True)}
    return found
