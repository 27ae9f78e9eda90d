"""What an operator does on the command line with a collection: back it up, restore it, move it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot.config import load_settings
from bot.operations.backups import back_up
from bot.operations.backups import restore as restore_from
from bot.operations.moving import move as move_to
from bot.store.address import describe, parse_target

console = Console()


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Copy the collection to FILE, also while the bot is running."""
    saved = asyncio.run(back_up(load_settings().database, file, overwrite=force))
    _say(f"Copied the collection with {saved} saved creatures to {file}.")


def restore(file: Annotated[Path, typer.Argument(help="A copy that `backup` made.")]) -> None:
    """Put the copy FILE in place of the collection, which is kept, while the bot is stopped."""
    settings = load_settings()
    now, keep_in = datetime.now(UTC), settings.data_dir / "backups"
    restored = asyncio.run(restore_from(file, settings.database, keep_in, now))
    kept = "" if restored.before is None else f" What was there before is in {restored.before}."
    _say(f"Restored the collection with {restored.saved} saved creatures from {file}.{kept}")


def move(
    target: Annotated[str, typer.Argument(help="A file name, or postgresql://user:password@host/name.")],
) -> None:
    """Copy the collection to the database TARGET, verified, while the bot is stopped; again goes on."""
    settings = load_settings()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Moving", total=None)
        moved = asyncio.run(
            move_to(
                settings.database,
                target,
                lambda done, rows: progress.update(task, completed=done, total=rows),
            )
        )
    _say(
        f"All {moved.rows} rows with {moved.saved} saved creatures are in {describe(parse_target(target))} "
        "now, and are the same by their hashes. Set DATABASE_URL to it, and start the bot; the old database "
        "stays as it was."
    )


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False, highlight=False)
