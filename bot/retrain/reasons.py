"""Why a retrain ended, fit for a channel: what went wrong, and not where on whose machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bot.system.background import ROOT

COMMANDS = ("/retrain", "/checkpoint", "/newmon")  # which begin as a path does
# A path from the root, a drive or the home folder, up to what cannot belong to it or hardly does.
_ABSOLUTE = re.compile(r"(?<![\w./\\~])(?:file://)?(?:~|[A-Za-z]:)?[/\\](?![/\\])[^\s'\"`<>|:;,()\[\]{}…]*")


def without_paths(text: str, roots: Iterable[Path] = ()) -> str:
    """The text with each absolute path cut down: to what it is within one of these folders (or the bot's own,
    or the person's home), or else to its last part. The log has the whole.
    """
    for root in sorted({*map(Path.absolute, roots), ROOT, Path.home()}, key=lambda p: -len(p.parts)):
        if len(root.parts) > 1:  # "/" itself is in every path
            text = re.sub(rf"{re.escape(str(root))}[/\\]", "", text)
    return _ABSOLUTE.sub(_last_part, text)


def _last_part(found: re.Match[str]) -> str:
    path = found[0]
    if path in COMMANDS:
        return path
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] or path
