"""A family as a picture: generations from top to bottom, a line from each parent to each child.

Blocking: call in a thread. Sizes are made for phones, which show it at about a third.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot.core.language import _, ngettext
from bot.engine import Picture
from bot.store import Family, Relative
from bot.ui.fonts import Style
from bot.ui.pictures import enlarge

COLUMNS = 6  # in a row; a larger generation goes on in the next, half a place further
SIDE = 136  # pixels of a creature's square
LABEL, LONG_LABEL = 38, 66  # pixels below it, for its name in one line, or where one is long in two
GAP = 22  # between neighbours
ROW_GAP, GENERATION_GAP = 26, 62  # between rows of a generation, and between generations
MARGIN = 28
NOTE = 44  # pixels below a generation that goes on

PAPER, TILE, FAINT = (244, 245, 248), (255, 255, 255), (228, 231, 238)
INK, QUIET, ACCENT = (48, 51, 61), (112, 117, 130), (88, 101, 242)
LINES = ((94, 124, 190), (190, 108, 96), (84, 150, 108), (158, 112, 178))  # a colour for each parent, in turn
NAME, SHORTER, SMALLEST = Style("text", 26, 600), Style("text", 22, 600), 17
REMARK, SIGN = Style("text", 26, 500), Style("title", 64, 500)
SMOOTH = 2  # lines are drawn so many times larger
STEPS = 24  # straight pieces of a curve


@dataclass(frozen=True, slots=True)
class Place:
    """Where a relative stands: its square with its name below, in pixels."""

    relative: Relative
    left: int
    top: int
    label: int = LABEL  # how high that is

    @property
    def middle(self) -> float:
        return self.left + SIDE / 2

    @property
    def bottom(self) -> int:
        """Below its name."""
        return self.top + SIDE + self.label

    def overlaps(self, other: Place) -> bool:
        """Whether the two cover the same pixels."""
        return abs(self.left - other.left) < SIDE and abs(self.top - other.top) < SIDE + self.label


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole picture, in pixels, before anything is drawn."""

    width: int
    height: int
    places: tuple[Place, ...]
    notes: tuple[tuple[int, int], ...]  # (how many more there are, top of the line that says so)


def plan(family: Family) -> Plan:
    """Who stands where. Nobody stands on anybody, and whoever has a parent stands below it."""
    generations = sorted({relative.generation for relative in family.relatives})
    rows = {one: _rows(ordered) for one, ordered in _ordered(family, generations).items()}
    more = Counter[int]()
    for generation, count in family.more.items():
        more[generation if generation in rows else generations[-1]] += count
    inner = max(_width(row) for generation in rows.values() for row in generation)
    if any(len(generation) > 1 for generation in rows.values()):
        inner += SIDE  # for the rows that are shifted
    room = SIDE + GAP - 4
    is_long = any(SHORTER.width(relative.name) > room for relative in family.relatives)
    label = LONG_LABEL if is_long else LABEL
    places: list[Place] = []
    notes: list[tuple[int, int]] = []
    top = MARGIN
    for generation in generations:
        for number, row in enumerate(rows[generation]):
            shift = 0 if len(rows[generation]) == 1 else (SIDE + GAP) // 4 * (1 if number % 2 else -1)
            left = MARGIN + (inner - _width(row)) // 2 + shift
            places += [Place(one, left + i * (SIDE + GAP), top, label) for i, one in enumerate(row)]
            top += SIDE + label + ROW_GAP
        top -= ROW_GAP
        if more[generation]:
            notes.append((more[generation], top))
            top += NOTE
        top += GENERATION_GAP
    return Plan(inner + 2 * MARGIN, top - GENERATION_GAP + MARGIN, tuple(places), tuple(notes))


def _width(row: Sequence[Relative]) -> int:
    return len(row) * (SIDE + GAP) - GAP


def _rows(generation: Sequence[Relative]) -> list[Sequence[Relative]]:
    """As few as there is room in, each as long as the others."""
    count = -(-len(generation) // COLUMNS)
    size = -(-len(generation) // count)
    return [generation[start : start + size] for start in range(0, len(generation), size)]


def _ordered(family: Family, generations: Sequence[int]) -> dict[int, list[Relative]]:
    """Each generation from left to right, as near as may be to those whom it is bound to.

    From the creature outwards: each stands by the mean place (0 to 1) of its bonds to those who are placed.
    """
    found: dict[int, list[Relative]] = {}
    where: dict[int, float] = {}
    for generation in sorted(generations, key=lambda one: (one > 0, abs(one))):
        bound: dict[int, list[float]] = {}
        for rank, (parent, child) in enumerate(family.bonds):
            for here, there in ((parent, child), (child, parent)):
                if there in where:
                    # Parents of one child stand in the order in which it has them.
                    bound.setdefault(here, []).append(where[there] + rank * 1e-6)
        members = [relative for relative in family.relatives if relative.generation == generation]
        mean = {key: sum(places) / len(places) for key, places in bound.items()}
        members.sort(key=lambda relative: mean.get(relative.key, 0.5))  # stable: by age where they are alike
        found[generation] = members
        where |= {relative.key: (i + 1) / (len(members) + 1) for i, relative in enumerate(members)}
    return found


def draw(family: Family, pictures: Mapping[int, Picture]) -> bytes:
    """PNG of a family. `pictures`: what each creature among the relatives looks like, by its key."""
    made = plan(family)
    sheet = Image.new("RGB", (made.width, made.height), PAPER)
    _draw_bonds(sheet, family, made)
    pen = ImageDraw.Draw(sheet)
    for place in made.places:
        _draw_relative(sheet, pen, place, pictures.get(place.relative.key), place.relative.key == family.key)
    for more, top in made.notes:
        text = ngettext("and {n} more", "and {n} more", more).format(n=more)
        _label(pen, REMARK, (made.width / 2, top + NOTE - 10), text, QUIET)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _draw_bonds(sheet: Image.Image, family: Family, made: Plan) -> None:
    """Curves in the colour of the parent, behind all squares."""
    places = {place.relative.key: place for place in made.places}
    large = Image.new("RGB", (sheet.width * SMOOTH, sheet.height * SMOOTH), PAPER)
    pen = ImageDraw.Draw(large)
    parents = list(dict.fromkeys(parent for parent, _child in family.bonds))
    for parent, child in family.bonds:
        above, below = places[parent], places[child]
        colour = LINES[parents.index(parent) % len(LINES)]
        # From below a name of one line: one of two is drawn over it.
        curve = _curve((above.middle, above.top + SIDE + LABEL), (below.middle, below.top))
        pen.line([(x * SMOOTH, y * SMOOTH) for x, y in curve], colour, 4 * SMOOTH, joint="curve")
    sheet.paste(large.resize(sheet.size, Image.Resampling.BOX))


def _curve(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """A cubic Bézier curve that leaves downwards and arrives from above."""
    (x0, y0), (x1, y1) = start, end
    bend = min((y1 - y0) / 2, GENERATION_GAP)
    points = ((x0, y0), (x0, y0 + bend), (x1, y1 - bend), (x1, y1))
    curve: list[tuple[float, float]] = []
    for step in range(STEPS + 1):
        t = step / STEPS
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x = sum(weight * point[0] for weight, point in zip(weights, points, strict=True))
        y = sum(weight * point[1] for weight, point in zip(weights, points, strict=True))
        curve.append((x, y))
    return curve


def _draw_relative(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, place: Place, picture: Picture | None, chosen: bool
) -> None:
    relative, (x, y) = place.relative, (place.left, place.top)
    there = relative.kind == "creature"
    outline = ACCENT if chosen else FAINT
    box = (x, y, x + SIDE - 1, y + SIDE - 1)
    pen.rounded_rectangle(box, 16, TILE if there else FAINT, outline, 5 if chosen else 2)
    if picture is not None:
        art = Image.open(io.BytesIO(enlarge(picture, SIDE - 12)))
        sheet.paste(art, (x + (SIDE - art.width) // 2, y + (SIDE - art.height) // 2), art)
    elif relative.kind == "released":
        _centred(pen, place, _("released"))
    else:
        SIGN.draw(pen, (place.middle, y + SIDE / 2 + 22), "?", QUIET, "m")
    name = relative.name or _("not from here")
    ink = (ACCENT if chosen else INK) if there else QUIET
    for number, (style, text) in enumerate(_lines(name, SIDE + GAP - 4)):
        _label(pen, style, (place.middle, y + SIDE + 28 + 26 * number), text, ink)


def _lines(name: str, width: int) -> list[tuple[Style, str]]:
    """A name in one line, or smaller in two; what is too long even for those is cut."""
    if SHORTER.width(name) <= width:
        return [NAME.fitted(name, width, SHORTER.size)]
    first, *others = SHORTER.wrapped(name, width)
    rest = name[len(first) :].strip() if others else ""
    return [SHORTER.fitted(line, width, SMALLEST) for line in (first, rest) if line]


def _label(
    pen: ImageDraw.ImageDraw, style: Style, at: tuple[float, float], text: str, ink: tuple[int, int, int]
) -> None:
    """A line of text in the middle of `at`, which no curve runs through."""
    (x, y), half = at, style.width(text) / 2 + 4
    pen.rectangle((x - half, y - style.size * 0.8, x + half, y + style.size * 0.25), PAPER)
    style.draw(pen, at, text, ink, "m")


def _centred(pen: ImageDraw.ImageDraw, place: Place, words: str) -> None:
    style, text = REMARK.fitted(words, SIDE - 16, SMALLEST)
    style.draw(pen, (place.middle, place.top + SIDE / 2 + 8), text, QUIET, "m")
