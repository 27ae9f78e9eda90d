"""`python -m docs.draw_lines` draws docs/pictures/evolve.png: the first twenty lines, of seeds from 1 on."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from bot.creature.facts import height_text, weight_text
from bot.engine import Picture
from bot.ui.line_picture import LineForm, draw_line
from docs.draw import PICTURES, save
from gan.checkpoint import load
from gan.cli.program import run
from gan.config import DEFAULT_PSI
from gan.evolution import Line, lines, recognisable
from gan.package import SHIPPED
from gan.sampler import Sampler

FIRST_SEED, LINES, COLUMNS = 1, 20, 2
WIDTH, GAP = 456, 8  # pixels: of a line, half of what people see, and between lines

app = typer.Typer(add_completion=False)


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="Whose creatures.")] = SHIPPED,
    out: Annotated[Path, typer.Option(help="Where the sheet goes.")] = PICTURES / "evolve.png",
) -> None:
    """Draw the sheet, and say which seeds were passed over because they do not evolve."""
    sampler = Sampler(load(checkpoint), "cpu")
    found: list[Image.Image] = []
    refused: list[int] = []
    for seed in itertools.count(FIRST_SEED):
        line = line_of(sampler, seed)
        if line is None:
            refused.append(seed)
        else:
            found.append(picture(sampler, seed, line))
        if len(found) == LINES:
            break
    height = found[0].height
    rows = -(-LINES // COLUMNS)
    sheet = Image.new("RGBA", (COLUMNS * (WIDTH + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for i, one in enumerate(found):
        row, column = divmod(i, COLUMNS)
        sheet.paste(one, (column * (WIDTH + GAP), row * (height + GAP)))
    save(out, sheet)
    typer.echo(f"Passed over: {', '.join(map(str, refused)) or 'none'}.")


def line_of(sampler: Sampler, seed: int) -> Line | None:
    """The line that `/evolve` shows of a seed's creature, or None."""
    [code] = sampler.w_from_seeds([seed], DEFAULT_PSI)
    assert sampler.heads is not None
    for line in lines(sampler.heads, sampler.levels, code):
        sprites = sampler.render(np.stack([form.w_plus for form in line.forms]), [seed] * len(line.forms))
        if recognisable(list(sprites), line.place):
            return line
    return None


def picture(sampler: Sampler, seed: int, line: Line) -> Image.Image:
    """A line as people see it, half as large."""
    sprites = sampler.render(np.stack([form.w_plus for form in line.forms]), [seed] * len(line.forms))
    forms = []
    for i, (form, large) in enumerate(zip(line.forms, sampler.enlarge(sprites), strict=True)):
        name = f"seed {seed}" if i == line.place else "earlier" if i < line.place else "later"
        size = f"{height_text(form.height_m)} m · {weight_text(form.weight_kg)} kg"
        forms.append(LineForm(Picture(large), name, form.height_m, size, i == line.place))
    drawn = Image.open(io.BytesIO(draw_line(forms)))
    return drawn.resize((WIDTH, round(WIDTH * drawn.height / drawn.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    run(app)
