"""Links within the documentation lead somewhere, and name what they lead to."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from tests.docs.pages import PAGES, ROOT, anchors, links

ids = [page.relative_to(ROOT).as_posix() for page in PAGES]


def broken(page: Path) -> list[str]:
    """Links of a page whose file or heading is not there."""
    found = []
    for _, target in links(page):
        if re.match(r"[a-z]+:", target):
            continue  # elsewhere
        path, _, anchor = unquote(target).partition("#")
        there = (page.parent / path) if path else page
        if not there.exists() or (anchor and (there.suffix != ".md" or anchor not in anchors(there))):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_link_with_a_file_s_name_leads_to_that_file(page: Path) -> None:
    wrong = [
        (label, target)
        for label, target in links(page)
        if re.fullmatch(r"`?[\w./-]+\.(py|md|csv|sh|js)`?", label)
        and Path(target.partition("#")[0]).name != Path(label.strip("`")).name
    ]
    assert wrong == []


def test_pages_that_the_code_names_exist() -> None:
    sources = [
        path for room in ("gan", "train", "bot", "sandbox", "tests") for path in (ROOT / room).rglob("*.py")
    ]
    for source in sources:
        for name in re.findall(r"docs/[\w-]+\.md", source.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{source} names {name}"


def test_the_readme_fits_into_900_words() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


def test_the_readme_begins_with_a_film_that_loops_and_is_small() -> None:
    _, target = next(iter(links(ROOT / "README.md")))
    assert (ROOT / target).stat().st_size < 2_000_000
    with Image.open(ROOT / target) as film:
        assert getattr(film, "n_frames", 1) >= 24 and film.info["loop"] == 0 and film.width >= 256


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A *title* (of `32×32`)\n\n[a](#a-title-of-3232) [b](page.md#a-title-of-3232)\n", "utf-8"
    )
    assert broken(page) == []
    page.write_text(
        "# Title\n\n[a](#titel) ![b](b.png) [c](page.md#x) [![d](d.png)](https://example.org)\n", "utf-8"
    )
    assert broken(page) == ["#titel", "b.png", "page.md#x", "d.png"]
