"""The one reader of paths in settings."""

from __future__ import annotations

from pathlib import Path


def path_of(text: str | Path) -> Path:
    """The path that somebody wrote: `~` and `~name` are home folders, as in a shell.

    What is relative stays so, to the folder that the bot was started in. Raises ValueError for nothing, and
    for the home of somebody who is not there.
    """
    if not str(text).strip():
        raise ValueError("a path is missing")
    path = Path(str(text).strip()) if isinstance(text, str) else text
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"{path.parts[0]} is nobody's home folder here: write the whole path") from None
