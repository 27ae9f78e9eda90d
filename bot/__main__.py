"""python -m bot: on Discord with a token, in the sandbox without one; also `backup` and `checkpoint`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Annotated

import discord
import typer
from rich.console import Console
from rich.logging import RichHandler

from bot.checkpoint_commands import app as checkpoint_app
from bot.checkpoints import Checkpoints, choose_first
from bot.client import NewmonBot
from bot.config import Settings, describe, load_settings
from bot.engine import CheckpointError, Engine
from bot.errors import UserError
from bot.retrain import Retraining
from bot.sandbox import Sandbox, SandboxSettings
from bot.shelf import Shelf
from bot.store import Store
from bot.store.backup import back_up
from bot.ui.announce import Announcer

console = Console()
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.add_typer(checkpoint_app, name="checkpoint")


@contextlib.asynccontextmanager
async def discord_or_sandbox(settings: Settings, sandbox: Sandbox) -> AsyncIterator[tuple[str, str]]:
    """Yields the token to log in with and where people meet the bot; nothing else can tell which it is."""
    if settings.discord_token is not None:
        yield settings.discord_token.get_secret_value().strip(), "on Discord"
        return
    await sandbox.start()
    try:
        sandbox.point_discord_here()
        yield sandbox.token, f"at {sandbox.url}"
    finally:
        await sandbox.stop()


@contextlib.asynccontextmanager
async def awake(settings: Settings, bot: NewmonBot) -> AsyncIterator[Retraining]:
    """Everything that the bot serves people with. Raises `CheckpointError` and `UserError`."""
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(settings.database)
        stack.push_async_callback(store.close)
        shelf = Shelf(settings.data_dir / "checkpoints")
        engine = Engine(
            await choose_first(store, shelf, settings.checkpoint),
            folder=shelf.folder,
            kept=settings.checkpoints_in_memory,
            queue_limit=settings.queue_limit,
            per_user_limit=settings.per_user_limit,
            threads=settings.torch_threads,
            drain_timeout_s=0,  # the bot has waited already, see `NewmonBot.sleep`
        )
        stack.push_async_callback(engine.close)
        await engine.start()
        checkpoints = Checkpoints(store, shelf, engine, keep_unused=settings.keep_checkpoints)
        await checkpoints.start()
        stack.push_async_callback(checkpoints.close)
        retraining = Retraining(settings, store, checkpoints, Announcer(bot))
        stack.push_async_callback(retraining.close)
        bot.wake(engine, store, checkpoints, retraining)
        yield retraining


def sandbox_of(settings: Settings) -> Sandbox:
    """The sandbox that a bot without a token runs in."""
    return Sandbox(SandboxSettings(port=settings.sandbox_port, data_dir=settings.data_dir / "sandbox"))


async def run(
    settings: Settings,
    stopping: asyncio.Event,
    on_ready: Callable[[str], None],
    sandbox: Sandbox | None = None,
) -> None:
    """Connect and wake up at the same time, run until `stopping` is set, serve who came before, and stop.

    `on_ready` is told where people meet the bot, once it serves them; a bot without a token runs in `sandbox`
    or, without one, in what `sandbox_of` makes. Raises `UserError`, `CheckpointError`
    and what discord.py raises for a token it cannot use.
    """
    async with contextlib.AsyncExitStack() as stack:
        rooms = await stack.enter_async_context(contextlib.AsyncExitStack())  # closed after the bot
        token, place = await stack.enter_async_context(
            discord_or_sandbox(settings, sandbox or sandbox_of(settings))
        )
        bot = await stack.enter_async_context(NewmonBot(settings))

        async def wake() -> None:
            retraining = await rooms.enter_async_context(awake(settings, bot))
            await bot.wait_until_ready()
            on_ready(place)
            await retraining.pick_up()

        connection = asyncio.create_task(bot.start(token), name="discord")
        waking = asyncio.create_task(wake(), name="waking")
        stop = asyncio.create_task(stopping.wait(), name="stop")
        try:
            await asyncio.wait({connection, waking, stop}, return_when=asyncio.FIRST_COMPLETED)
            if waking.done():
                await waking
                await asyncio.wait({connection, stop}, return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                await connection
            waking.cancel()  # if it has not finished, nobody was let in
            await asyncio.wait({waking})
            await bot.sleep()
            await rooms.aclose()  # while a retrain's message can still be edited
            await bot.close()
        finally:
            for task in (connection, waking, stop):
                task.cancel()
            await asyncio.wait({connection, waking, stop})


async def run_until_signal(settings: Settings) -> None:
    """Run until Ctrl-C or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    console.print("Waking up …")

    def ready(place: str) -> None:
        spare_the_collector()
        console.print(f"newmon is ready {place} (Ctrl-C stops it).", highlight=False)

    await run(settings, stopping, ready)


def spare_the_collector() -> None:
    """Tell Python's garbage collector that what is there now is there to stay.

    Torch and SQLAlchemy bring a million objects. Looking through all of them, as a full collection does every
    now and then, would hold everybody up for a quarter of a second.
    """
    gc.collect()
    gc.freeze()


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Run the bot: on Discord with a token in .env, in the local sandbox without one."""
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    logging.basicConfig(
        level=settings.log_level,
        format="%(message)s",
        handlers=[RichHandler(console=console, show_path=False)],
    )
    logging.getLogger("discord").setLevel(logging.WARNING)
    logging.getLogger(__name__).info("Settings: %s", describe(settings))
    asyncio.run(run_until_signal(settings))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Copy the collection to FILE, also while the bot is running."""
    saved = back_up(load_settings().database, file, overwrite=force)
    console.print(f"Copied the collection with {saved} saved creatures to {file}.", soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Obey the command line. Exit code 0 after a clean stop, 1 with one sentence if the bot cannot run."""
    try:
        app(arguments)
    except (UserError, CheckpointError) as error:
        sys.exit(f"newmon: {error}")
    except discord.LoginFailure:
        sys.exit(
            "newmon: Discord does not accept the token. Put the bot's current token in .env as DISCORD_TOKEN."
        )
    except discord.PrivilegedIntentsRequired:
        sys.exit("newmon: Discord refuses the intents that the bot asks for.")
    except discord.DiscordException as error:  # a token that was reset meanwhile, too
        sys.exit(
            f"newmon: Discord does not let the bot in, so try again later ({' '.join(str(error).split())})."
        )
    except OSError as error:
        sys.exit(f"newmon: {error.strerror or error}")


if __name__ == "__main__":
    main()
