"""python -m bot checkpoint list | use: the registry from the shell, also while the bot is running."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.checkpoints.files import CheckpointFiles
from bot.checkpoints.switching import ALL, describe, find
from bot.config import Settings, load_settings
from bot.errors import UserError
from bot.store import KnownCheckpoint, Store
from bot.system.paths import path_of
from train.protocol import CHECKPOINT_SUFFIX

app = typer.Typer(help="See and choose what creatures hatch from.", no_args_is_help=True)
console = Console()


@app.command("list")
def show_list() -> None:
    """All checkpoints, newest first; ▶ is the one in use."""
    settings = load_settings()
    known, active = asyncio.run(_listed(settings))
    if not known:
        console.print("There are no checkpoints yet: start the bot once.")
    files = CheckpointFiles(settings.data_dir / "checkpoints")
    for one in known:
        there = "" if files.path(one.id).is_file() else " · its file is gone"
        line = (
            f"{'▶' if one.id == active else ' '} {one.id} · {describe(one)} · {one.creatures} saved creatures"
        )
        console.print(line + there, highlight=False, soft_wrap=True)


@app.command()
def use(what: Annotated[str, typer.Argument(help="The start of an id, or a checkpoint's file.")]) -> None:
    """Hatch from another checkpoint from now on. A running bot notices within seconds."""
    is_file = what.endswith(CHECKPOINT_SUFFIX) or Path(what).name != what or Path(what).is_file()
    known = asyncio.run(_use(load_settings(), path_of(what) if is_file else what))
    chosen = f"Creatures hatch from this checkpoint now: {describe(known)}"
    console.print(chosen, highlight=False, soft_wrap=True)


async def _listed(settings: Settings) -> tuple[list[KnownCheckpoint], str | None]:
    store = await Store.open(settings.database, timeout_s=settings.database_timeout_s)
    try:
        active = await store.checkpoints.active()
        return await store.checkpoints.newest(limit=ALL), active and active.checkpoint_id
    finally:
        await store.close()


async def _use(settings: Settings, what: str | Path) -> KnownCheckpoint:
    files = CheckpointFiles(settings.data_dir / "checkpoints")
    store = await Store.open(settings.database, timeout_s=settings.database_timeout_s)
    try:
        if isinstance(what, Path):
            checkpoint_id, metadata = files.put(what)
            await store.checkpoints.register(checkpoint_id, files.path(checkpoint_id), metadata)
            what = checkpoint_id
        known = await find(store, what)
        if not files.usable(known.id):
            raise UserError(
                f"The file of checkpoint {known.id[:8]} is missing or damaged in {files.folder}: "
                "nothing was changed."
            )
        await store.checkpoints.promote(known.id)
        return known
    finally:
        await store.close()
