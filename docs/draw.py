"""`python -m docs.draw` draws every figure of docs/network.md, and measures its tables, with a checkpoint."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, get_args

import numpy as np
import torch
import typer
from PIL import Image

from gan.checkpoint import Checkpoint, load
from gan.cli.program import run
from gan.config import NetworkConfig
from gan.files import write
from gan.latents import Array, Take, layers_of, mix_layers, noise_from_seed
from gan.levels import level_changes, markdown_table
from gan.morph import way_through
from gan.package import SHIPPED
from gan.pictures.mixing_grid import mixing_grid
from gan.pictures.sheet import in_rows
from gan.pictures.sheet import table as table_of
from gan.pictures.sprite import Pixels, enlarge, to_rgba
from gan.projection.project import Projection, project
from gan.projection.target import fit
from gan.sampler import Sampler
from train.data.synthetic import draw as draw_synthetic

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
PAGE = DOCS / "network.md"
PSI = 0.8
SCALE = 2  # of what the network draws
COLOURS = 96  # of a figure's palette: enough for flat colours, and files stay small
MOST_BYTES = 300_000

Cells = list[Sequence[Pixels | None]]

app = typer.Typer(add_completion=False)


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="What draws the figures.")] = SHIPPED,
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = PICTURES,
    page: Annotated[Path, typer.Option(help="The page whose tables are filled in.")] = PAGE,
    projection: Annotated[bool, typer.Option(help="Also the slow figure, about a minute.")] = True,
) -> None:
    """Draw all figures and fill in the tables."""
    torch.manual_seed(0)
    loaded = replace(load(checkpoint), sections={})  # the network itself: of its seeds nothing is picked
    sampler = Sampler(loaded, "cpu")
    out.mkdir(parents=True, exist_ok=True)
    for name, figure in figures_of(sampler.config).items():
        save(out / f"{name}.png", figure(sampler))
    tables = {"levels": markdown_table(level_changes(sampler))}
    if projection:
        picture, found = projections(loaded)
        save(out / "projection.png", picture)
        tables["projection"] = projection_table(found)
    text = page.read_text(encoding="utf-8")
    for name, content in tables.items():
        text = fill(text, name, f"{content}\n\nMeasured with checkpoint `{loaded.id}`.")
    write(page, text.encode())


def figures_of(config: NetworkConfig) -> dict[str, Callable[[Sampler], Image.Image]]:
    """What can be drawn with such a network, by name; the figure of noise needs one that has some."""
    figures = {
        "truncation": truncation,
        "levels": levels,
        "mixing": mixing,
        "growth": growth,
        "morph": morph,
        "finish": finish,
    }
    return figures | {"noise": noise} if config.has_noise else figures


def fill(text: str, name: str, content: str) -> str:
    """The page with another text between `<!-- name -->` and `<!-- end of name -->`."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    filled, places = re.subn(
        f"{start}.*?{end}", lambda _: f"{start}\n\n{content}\n\n{end}", text, flags=re.DOTALL
    )
    if places != 1:
        raise ValueError(f"the page must have one place for {name}, not {places}")
    return filled


def save(path: Path, picture: Image.Image) -> None:
    """Write a figure with a palette, on white. Raises `ValueError` if it is too large for a repository."""
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture)
    buffer = io.BytesIO()
    indexed = ground.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=1)
    indexed.save(buffer, "PNG", optimize=True)
    if len(data := buffer.getvalue()) > MOST_BYTES:
        raise ValueError(f"{path} would have {len(data)} bytes, and {MOST_BYTES} are the most")
    write(path, data)
    typer.echo(f"{path}  {len(data) // 1000} kB")


def drawn(sampler: Sampler, codes: Array, noise_seeds: Sequence[int], scale: int = SCALE) -> list[Pixels]:
    """Creatures as they are shown to people."""
    return list(sampler.shown(sampler.render(codes, noise_seeds), scale))


table = partial(table_of, scale=1)


def truncation(sampler: Sampler) -> Image.Image:
    """The same seeds at growing ψ."""
    values = (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5)
    cells: Cells = []
    for seed in (2, 5, 13):
        codes = np.concatenate([sampler.w_from_seeds([seed], psi) for psi in values])
        cells.append(drawn(sampler, codes, [seed] * len(values)))
    return table(cells, column_names=[f"psi {value:g}" for value in values])


def levels(sampler: Sampler) -> Image.Image:
    """One creature that takes one level of styles at a time from others."""
    mother, *others = sampler.w_from_seeds([5, 2, 12, 13, 16, 21], PSI)
    noise_seed = 0
    above = drawn(sampler, np.stack([mother, *others]), [noise_seed] * 6)
    cells: Cells = [[None, *above[1:]]]
    for take in get_args(Take):
        chosen = layers_of([take], sampler.levels)
        children = np.stack([mix_layers(mother, other, chosen) for other in others])
        cells.append([above[0], *drawn(sampler, children, [noise_seed] * len(children))])
    return table(cells, row_names=["", *get_args(Take)], margin=True)


def mixing(sampler: Sampler) -> Image.Image:
    """A style-mixing grid: bodies from the left, colours from above."""
    rows, columns = sampler.w_from_seeds([1, 4, 6, 14], PSI), sampler.w_from_seeds([5, 13, 7, 10, 22], PSI)
    cells = mixing_grid(sampler, rows, columns, layers_of(["colours"], sampler.levels))
    large: Cells = [
        [None if cell is None else sampler.shown(cell[None], SCALE)[0] for cell in row] for row in cells
    ]
    return table(large, margin=True)


def finish(sampler: Sampler) -> Image.Image:
    """The same creatures as the network paints them, and as they are shown."""
    seeds = list(range(8))
    codes = sampler.w_from_seeds(seeds, PSI)
    raw = list(sampler.shown(sampler.render(codes, seeds, raw=True), SCALE, pixel_art=True))
    return table([raw, drawn(sampler, codes, seeds)], row_names=["raw", "shown"])


def noise(sampler: Sampler) -> Image.Image:
    """Two creatures, each with several noises, and where their pixels differ from noise to noise."""
    cells: Cells = []
    for seed in (5, 20):
        codes = np.repeat(sampler.w_from_seeds([seed], PSI), 32, axis=0)
        sprites = sampler.render(codes, list(range(32)))
        premultiplied = sprites[..., :3] * (sprites[..., 3:] / 255)
        deviation = premultiplied.std(axis=0).mean(axis=-1)  # [H, W]
        grey = (255 - 4 * deviation).clip(0, 255).astype(np.uint8)
        opaque = np.full_like(grey, 255)
        spread = enlarge(np.stack([grey, grey, grey, opaque], axis=-1), SCALE)
        cells.append([*sampler.shown(sprites[:5], SCALE), spread])
    return table(cells, column_names=[*(f"noise {i}" for i in range(5)), "deviation"])


@torch.inference_mode()
def growth(sampler: Sampler) -> Image.Image:
    """What the network has drawn once each resolution has added its part."""
    synthesis, sides = sampler.generator.synthesis, sampler.config.resolutions
    cells: Cells = []
    for seed in (5, 13):
        codes = torch.from_numpy(sampler.w_from_seeds([seed], PSI))
        layers = [torch.from_numpy(n)[None, None] for n in noise_from_seed(seed, synthesis.noise_shapes())]
        steps = [to_rgba(synthesis(codes, layers, resolution=side))[0] for side in sides]
        cells.append([enlarge(step, SCALE * sampler.resolution // step.shape[0]) for step in steps])
    return table(cells, column_names=[f"{side}x{side}" for side in sides])


def morph(sampler: Sampler) -> Image.Image:
    """Every third frame of a loop through three creatures."""
    way = way_through(sampler.w_from_seeds([5, 13, 4], PSI), frames=5)
    return table(in_rows(drawn(sampler, way, [5] * len(way)), 5))


def projections(checkpoint: Checkpoint) -> tuple[Image.Image, list[tuple[str, Projection]]]:
    """A picture of the network itself and a drawing that is none, found again and mixed."""
    sampler = Sampler(checkpoint, "cpu")
    own = sampler.render(sampler.w_from_seeds([1000], PSI), [7])[0]
    drawing = fit(draw_synthetic(11), sampler.resolution)
    mean, other = sampler.w_from_seeds([0], 0)[0], sampler.w_from_seeds([5], PSI)[0]
    found = [("a creature of this network", project(checkpoint, own, device="cpu"))]
    found += [("a drawing it has never seen", project(checkpoint, drawing, device="cpu"))]
    colours = layers_of(["colours"], sampler.levels)
    cells: Cells = []
    for target, (_, result) in zip((own, drawing), found, strict=True):
        codes: Sequence[Array] = (mean, result.w_plus, mix_layers(result.w_plus, other, colours))
        cells.append([enlarge(target, 3), *drawn(sampler, np.stack(codes), [0] * 3, scale=3)])
    names = ["picture", "mean creature", "projected", "other colours"]
    return table(cells, column_names=names), found


def projection_table(found: Sequence[tuple[str, Projection]]) -> str:
    """Distances of projections beside the mean creature's."""
    rows = ["| picture | distance of the projection | of the mean creature |", "| --- | --- | --- |"]
    rows += [f"| {name} | {result.distance:.3f} | {result.mean_distance:.3f} |" for name, result in found]
    return "\n".join(rows)


if __name__ == "__main__":
    run(app)
