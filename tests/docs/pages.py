"""What the pages say: their commands, their links, their headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {"data", "runs", "out", "build", "node_modules"}
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not (top := path.relative_to(ROOT).parts[0]).startswith(".") and top not in NOT_OURS
)
SETTINGS = ROOT / ".env.example"  # names commands in its comments

_FENCE = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:(?:\.venv/bin/)?python -m|make) [^`]+)`")
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A command that a page names."""

    page: Path
    text: str
    fenced: bool  # to be typed as it stands; else it may be a mention without its arguments

    @property
    def words(self) -> list[str]:
        """As the shell would split it, comments left out."""
        return shlex.split(self.text, comments=True)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text}"


def fenced_commands(page: Path) -> list[Command]:
    """The lines of the page's shell blocks."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in _FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return [Command(page, line, True) for line in lines if shlex.split(line, comments=True)]


def mentioned_commands(page: Path) -> list[Command]:
    """Commands between backticks in prose."""
    prose = _ANY_FENCE.sub("", page.read_text(encoding="utf-8"))
    return [
        Command(page, " ".join(text.replace("\n#", "\n").split()), False) for text in _INLINE.findall(prose)
    ]


def links(page: Path) -> Iterator[tuple[str, str]]:
    """(label, target) of every link and picture."""
    prose = _ANY_FENCE.sub("", page.read_text(encoding="utf-8"))
    for label, target in _LINK.findall(prose):
        yield label, target
        yield from _LINK.findall(label)


def anchors(page: Path) -> set[str]:
    """What `#…` may name on a page, as GitHub makes it of the headings."""
    found: dict[str, int] = {}
    names: set[str] = set()
    for heading in _HEADING.findall(_ANY_FENCE.sub("", page.read_text(encoding="utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        count = found[slug] = found.get(slug, -1) + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names
