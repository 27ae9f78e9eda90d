"""Pictures of many sprites with a margin: rows and columns that have names, or parents."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from gan.errors import UserError
from gan.pictures.sprite import Pixels, enlarge

MOST_PIXELS = 16_384  # of a side: what viewers and browsers still open
TEXT = (112, 112, 112, 255)  # legible on white and on black
TEXT_HEIGHT = 14
WHITE = (255, 255, 255, 255)
CLEAR = (0, 0, 0, 0)


class SheetError(UserError, ValueError):
    """A picture that would be too large. Its text is fit to show to a user."""


def side(cells: int, sprite: int, scale: int, gap: int) -> int:
    """Pixels that a row of `cells` sprites takes, with gaps around. Raises `SheetError` if it is too many."""
    length = cells * (sprite * scale + gap) + gap
    if length > MOST_PIXELS:
        raise SheetError(
            f"The picture would be {length} pixels on one side, and {MOST_PIXELS} are the most: ask for "
            "fewer creatures or a smaller --scale."
        )
    return length


def table(
    cells: Sequence[Sequence[Pixels | None]],
    scale: int = 2,
    gap: int = 4,  # pixels between sprites, after scaling
    background: tuple[int, int, int, int] = WHITE,
    row_names: Sequence[str] = (),
    column_names: Sequence[str] = (),
    margin: bool = False,  # set the first row and the first column apart by a line
) -> Image.Image:
    """Sprites of one size in rows, each uint8 [H, W, 4] or None for an empty cell.

    Names stand to the left of rows and above columns. Raises `SheetError` if it is too large for a picture.
    """
    sprite = next(cell for row in cells for cell in row if cell is not None)
    font = ImageFont.load_default(TEXT_HEIGHT - 3)
    left = max((round(font.getlength(name)) + 2 * gap for name in row_names), default=0)
    top = TEXT_HEIGHT + gap if column_names else 0
    apart = 2 * gap if margin else 0
    pitch = sprite.shape[0] * scale + gap
    width = side(len(cells[0]), sprite.shape[1], scale, gap) + left + apart
    height = side(len(cells), sprite.shape[0], scale, gap) + top + apart
    sheet = Image.new("RGBA", (width, height), background)
    draw = ImageDraw.Draw(sheet)

    def at(index: int) -> int:
        return gap + index * pitch + (apart if index else 0)

    if margin:
        x, y = left + pitch + gap, top + pitch + gap
        draw.line([(x, 0), (x, height)], fill=TEXT)
        draw.line([(0, y), (width, y)], fill=TEXT)
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            if cell is not None:
                sheet.alpha_composite(Image.fromarray(enlarge(cell, scale)), (left + at(x), top + at(y)))
    middle = (pitch - gap) // 2
    for y, name in enumerate(row_names):
        draw.text((left, top + at(y) + middle), name, fill=TEXT, font=font, anchor="rm")
    for x, name in enumerate(column_names):
        draw.text((left + at(x) + middle, gap + TEXT_HEIGHT // 2), name, fill=TEXT, font=font, anchor="mm")
    return sheet


def in_rows(sprites: Sequence[Pixels] | Pixels, columns: int) -> list[list[Pixels | None]]:
    """Sprites left to right and top to bottom; the last row is filled up with empty cells."""
    padded = [*sprites, *[None] * (-len(sprites) % columns)]
    return [padded[start : start + columns] for start in range(0, len(padded), columns)]
