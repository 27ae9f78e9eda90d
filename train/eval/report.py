"""An evaluation to look at: figures as JSON, pictures, and one page that ties them together.

The picture of neighbours shows images of the data set: it is for the user's own folder, not for publication.
"""

from __future__ import annotations

import contextlib
import html
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from gan.generator import Generator
from gan.pictures.sheet import in_rows, table
from gan.pictures.sprite import Pixels, enlarge
from train.data.contact_sheet import over
from train.data.dataset import SpriteDataset
from train.errors import MetricsError
from train.eval.evaluate import NEIGHBOURS_SHOWN, Evaluation, Report
from train.eval.samples import draw

GRID = 64
GRID_COLUMNS = 8
TAME_PSI = 0.7  # the second grid: what users mostly get
CELL = 128  # pixels of a sprite in the picture of neighbours
LABEL = 34  # pixels for two lines of text below it
GAP = 8
ROWS = 8  # the closest samples, and as many others
WHITE = (255, 255, 255)
REPORT_FILES = ("index.html", "neighbours.png", "report.json", "samples-tame.png", "samples.png")


@contextlib.contextmanager
def report_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to write to; what is in it moves to `folder` once all of it is there.

    Raises `MetricsError` at once where nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    except OSError as error:
        raise MetricsError(f"The report cannot be written to {folder}: {error.strerror or error}.") from error
    try:
        yield scratch
        for path in sorted(scratch.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_pictures(
    folder: Path, evaluation: Evaluation, generator: Generator, dataset: SpriteDataset, seed: int
) -> None:
    """Write report.json, index.html, samples.png, samples-tame.png and neighbours.png into `folder`."""
    report = evaluation.report
    scale = max(CELL // evaluation.pixels.shape[1], 1)
    table(in_rows(evaluation.pixels[:GRID], GRID_COLUMNS), scale).convert("RGB").save(folder / "samples.png")
    tame = draw(generator, GRID, seed, TAME_PSI).pixels
    table(in_rows(tame, GRID_COLUMNS), scale).convert("RGB").save(folder / "samples-tame.png")
    neighbour_picture(evaluation, dataset).save(folder / "neighbours.png")
    (folder / "report.json").write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")
    (folder / "index.html").write_text(page(report), encoding="utf-8")


def neighbour_picture(evaluation: Evaluation, dataset: SpriteDataset) -> Image.Image:
    """Rows of a sample and its nearest real images: first the closest samples of all, then the first ones.

    Of each species only its nearest image is shown, else a row would be frames of one animation.
    """
    nearest = evaluation.neighbours.distances[:, 0]
    closest = nearest.argsort()[:ROWS].tolist()
    chosen = closest + [i for i in range(len(nearest)) if i not in closest][:ROWS]
    columns = 1 + NEIGHBOURS_SHOWN
    side = evaluation.pixels.shape[1]
    size = (columns * (CELL + GAP) + GAP, len(chosen) * (CELL + LABEL + GAP) + GAP)
    picture = Image.new("RGB", size, WHITE)
    canvas, font = ImageDraw.Draw(picture), ImageFont.load_default(size=12)
    for row, sample in enumerate(chosen):
        top = GAP + row * (CELL + LABEL + GAP)
        cells = [(_straight_over_white(evaluation.pixels[sample]), f"sample {sample}", "")]
        for image, distance in _of_distinct_species(evaluation, dataset, sample):
            real = dataset.pixels(np.array([image]), side)[0]
            pixels = over(real, np.full((side, side, 3), 255, np.uint8))
            cells.append((pixels, dataset.species_name(image), f"distance {distance:.1f}"))
        for column, (pixels, first, second) in enumerate(cells):
            left = GAP + column * (CELL + GAP)
            scale = max(CELL // len(pixels), 1)
            picture.paste(Image.fromarray(enlarge(pixels, scale)), (left, top))
            canvas.text((left + 4, top + CELL), _fitting(first, font), "black", font)
            canvas.text((left + 4, top + CELL + 15), second, "dimgray", font)
    return picture


def _of_distinct_species(
    evaluation: Evaluation, dataset: SpriteDataset, sample: int
) -> list[tuple[int, float]]:
    found: dict[int, tuple[int, float]] = {}
    neighbours = evaluation.neighbours
    pairs = zip(neighbours.indices[sample].tolist(), neighbours.distances[sample].tolist(), strict=True)
    for image, distance in pairs:
        found.setdefault(int(dataset.species[image]), (image, distance))
    return list(found.values())[:NEIGHBOURS_SHOWN]


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """The text, shortened to the width of a cell."""
    if font.getlength(text) <= CELL:
        return text
    while text and font.getlength(text + "…") > CELL:
        text = text[:-1]
    return text + "…"


def _straight_over_white(rgba: Pixels) -> Pixels:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.rint(rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def figures(report: Report) -> list[tuple[str, str, str]]:
    """Name, value and how to read it, of every figure."""
    overlap, copies = report.manifold, report.memorisation
    interval = f"{report.kid.mean:.1f}  ({report.kid.low:.1f} to {report.kid.high:.1f})"
    return [
        ("KID × 1000", interval, "lower is better; 95 % interval"),
        ("FID", f"{report.fid:.1f}", "lower is better; depends on the number of samples"),
        ("precision", f"{overlap.precision:.3f}", "share of samples that look real"),
        ("recall", f"{overlap.recall:.3f}", "share of real images that the samples reach"),
        ("density", f"{overlap.density:.3f}", "precision, counting neighbours: 1 is as real images"),
        ("coverage", f"{overlap.coverage:.3f}", "share of real images with a sample near them"),
        (
            "memorisation",
            f"{copies.share:.2%}",
            f"share nearer than {copies.bound:.2f} to a real image; closest {copies.closest:.2f}",
        ),
        ("diversity", f"{report.diversity:.2f}", "spread of the samples beside that of real images"),
        ("duplicates", f"{report.duplicates:.2%}", "share that look like another sample"),
        ("empty", f"{report.empty:.2%}", "share that show next to nothing"),
        ("finite", "yes" if report.finite else "NO", "whether the network's output is"),
    ]


def print_report(console: Console, report: Report) -> None:
    """The figures as a table, and what is wrong if anything is."""
    held_out = f", held out {report.held_out}" if report.held_out else ""
    table = Table(
        title=f"{report.checkpoint}: {report.samples} samples at ψ = {report.psi:g} against "
        f"{report.real_images} real images{held_out}"
    )
    for name in ("figure", "value", "how to read it"):
        table.add_column(name, justify="right" if name == "value" else "left")
    for row in figures(report):
        table.add_row(*row)
    console.print(table)
    for problem in report.problems:
        console.print(f"Not usable: {problem}.", style="bold red")


def print_comparison(console: Console, reports: dict[str, Report], best: str) -> None:
    """One row for each generator of a run."""
    table = Table(title="The averages of this run, on the same latents")
    for name in ("generator", "KID × 1000", "95 %", "FID", "precision", "recall", "memorisation", ""):
        table.add_column(name, justify="left" if name == "generator" else "right")
    for name, r in reports.items():
        overlap, copied = r.manifold, f"{r.memorisation.share:.2%}"
        interval = f"{r.kid.low:.1f} to {r.kid.high:.1f}"
        row = (f"{r.kid.mean:.1f}", interval, f"{r.fid:.1f}", f"{overlap.precision:.3f}")
        table.add_row(name, *row, f"{overlap.recall:.3f}", copied, "best" if name == best else "")
    console.print(table)


def page(report: Report) -> str:
    """A self-contained page beside the pictures."""
    rows = "".join(
        f"<tr>{''.join(f'<td>{html.escape(x)}</td>' for x in row)}</tr>" for row in figures(report)
    )
    problems = "".join(f"<p class=bad>Not usable: {html.escape(p)}.</p>" for p in report.problems)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<title>{html.escape(report.checkpoint)}</title>
<style>body{{font:16px/1.5 system-ui;max-width:70rem;margin:2rem auto;padding:0 1rem}}
td{{padding:.1rem 1rem .1rem 0}}img{{max-width:100%;image-rendering:pixelated}}.bad{{color:#b00}}</style>
<h1>{html.escape(report.checkpoint)}</h1>
<p>{report.samples} samples at ψ = {report.psi:g} against {report.real_images} real images;
data set {report.dataset_sha256[:12]}, features {report.features}.</p>{problems}
<table>{rows}</table>
<h2>Samples at ψ = {report.psi:g}</h2><img src="samples.png" alt="samples">
<h2>Samples at ψ = {TAME_PSI:g}</h2><img src="samples-tame.png" alt="samples, truncated">
<h2>Nearest real images</h2>
<p>Left a sample, right of it the nearest real image of each species, nearest first. The upper {ROWS} rows are
the samples nearest to any real image, the lower ones are not chosen. A distance below
{report.memorisation.bound:.2f} counts as memorised. These are images of the data set:
keep them to yourself.</p>
<img src="neighbours.png" alt="samples and their nearest real images">
<h2>FID against the number of samples</h2>{_curve(report)}
</html>
"""


def _curve(report: Report) -> str:
    """FID over the logarithm of the number of samples, as SVG."""
    points = [*report.fid_curve, (report.samples, report.fid)]
    width, height, margin = 560, 260, 50
    x = np.log([n for n, _ in points])
    x = (x - x.min()) / max(float(np.ptp(x)), 1e-9) * (width - 2 * margin) + margin
    top = max(value for _, value in points) or 1.0
    y = [height - margin - value / top * (height - 2 * margin) for _, value in points]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    marks = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="#36c"/>'
        f'<text x="{a:.1f}" y="{b - 10:.1f}" text-anchor="middle">{value:.1f}</text>'
        f'<text x="{a:.1f}" y="{height - margin + 22}" text-anchor="middle">{n}</text>'
        for a, b, (n, value) in zip(x, y, points, strict=True)
    )
    axis = f'<path d="M{margin / 2} {height - margin}H{width - margin / 2}" stroke="#999"/>'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" font-size="13">{axis}'
        f'<polyline points="{line}" fill="none" stroke="#36c" stroke-width="2"/>{marks}</svg>'
    )
