"""Plain words for what a child is, and names that give way where there is no room."""

from __future__ import annotations

from itertools import combinations
from string import Formatter
from typing import get_args

import pytest

from bot.engine import Take
from bot.features.mixing.children import CHILDREN
from bot.ui.captions import Caption, child_caption, name_caption
from bot.ui.fonts import Style

STYLE, SMALLEST = Style("title", 27, 500), 20


@pytest.mark.parametrize(
    ("take", "amount", "said"),
    [
        (["colours"], 100, "Fizz in Moltigo's colours"),
        (["features"], 100, "Fizz with Moltigo's features"),
        (["shape"], 100, "Fizz with Moltigo's body"),
        (["features", "colours"], 100, "Moltigo with Fizz's body"),
        (["shape", "features"], 100, "Moltigo in Fizz's colours"),
        (["colours"], 40, "Fizz in Moltigo's colours, 40 %"),
        (["shape", "features", "colours"], 0, "Fizz through and through"),
        (["shape", "features", "colours"], 25, "mostly Fizz"),
        (["shape", "features", "colours"], 50, "halfway"),
        (["shape", "features", "colours"], 75, "mostly Moltigo"),
    ],
)
def test_what_a_child_is_in_plain_words(take: list[str], amount: int, said: str) -> None:
    assert str(child_caption(take, amount, "Fizz", "Moltigo")) == said


def test_no_two_ways_to_take_are_called_the_same() -> None:
    levels = get_args(Take)
    takes = [list(take) for n in (1, 2) for take in combinations(levels, n)]
    assert len({str(child_caption(take, 100, "A", "B")) for take in takes}) == len(takes) == 6
    assert len({str(child_caption(take, amount, "A", "B")) for take, amount in CHILDREN}) == 6


def test_the_font_gives_way_before_the_names_do_and_the_longer_name_first() -> None:
    caption = Caption("{a} in {b}'s colours", {"a": "Bo", "b": "Maximiliana-Theodora"})
    roomy, whole = caption.fitted(STYLE, 900, 1, SMALLEST)
    assert (roomy.size, whole) == (STYLE.size, [str(caption)])
    tight, whole = caption.fitted(STYLE, roomy.width(str(caption)) * 0.8, 1, SMALLEST)
    assert tight.size < STYLE.size and whole == [str(caption)]
    smallest, [cut] = caption.fitted(STYLE, 240, 1, SMALLEST)
    assert smallest.size == SMALLEST and smallest.width(cut) <= 240
    assert cut.startswith("Bo in Max") and "…'s colours" in cut


@pytest.mark.parametrize("width", [4, 60, 200])
@pytest.mark.parametrize("name", ["W" * 32, "小" * 32, "a b " * 8, "", "{a}", "100 %"])
def test_whatever_the_name_the_lines_fit(name: str, width: int) -> None:
    for caption in (name_caption(name), Caption("{a} with {b}'s features", {"a": name, "b": name})):
        style, lines = caption.fitted(STYLE, width, 2, SMALLEST)
        assert 0 < len(lines) <= 2
        assert all(style.width(line) <= max(width, style.width("…")) for line in lines)


def test_names_are_no_part_of_the_sentence() -> None:
    caption = name_caption("{name} {0}")
    assert str(caption) == "{name} {0}"
    assert [part for part in Formatter().parse(caption.sentence) if part[1]] == [("", "name", "", None)]
