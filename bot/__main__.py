"""python -m bot: on Discord with a token, in the sandbox without one. python -m bot backup FILE"""

from __future__ import annotations

import asyncio
import contextlib
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

from bot.client import NewmonBot
from bot.config import Settings, load_settings
from bot.engine import CheckpointError, Engine
from bot.errors import UserError
from bot.sandbox import Sandbox, SandboxSettings
from bot.store import Store
from bot.store.backup import back_up

console = Console()
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@contextlib.asynccontextmanager
async def discord_or_sandbox(settings: Settings) -> AsyncIterator[tuple[str, str]]:
    """Yields the token to log in with and where people meet the bot; nothing else can tell which it is."""
    if settings.discord_token is not None:
        yield settings.discord_token.get_secret_value().strip(), "on Discord"
        return
    sandbox = Sandbox(SandboxSettings(port=settings.sandbox_port, data_dir=settings.data_dir / "sandbox"))
    await sandbox.start()
    try:
        sandbox.point_discord_here()
        yield sandbox.token, f"at {sandbox.url}"
    finally:
        await sandbox.stop()


async def run(settings: Settings, stopping: asyncio.Event, on_ready: Callable[[str], None]) -> None:
    """Start everything in order, run until `stopping` is set, stop in the opposite order.

    `on_ready` is told where people meet the bot, once they can. Raises `UserError`, `CheckpointError` and
    what discord.py raises for a token it cannot use.
    """
    async with contextlib.AsyncExitStack() as stack:
        engine = Engine(
            settings.checkpoint,
            queue_limit=settings.queue_limit,
            per_user_limit=settings.per_user_limit,
            threads=settings.torch_threads,
        )
        stack.push_async_callback(engine.close)
        await engine.start()
        store = await Store.open(settings.database)
        stack.push_async_callback(store.close)
        await store.register_checkpoint(engine.checkpoint_id, settings.checkpoint, engine.metadata)
        token, place = await stack.enter_async_context(discord_or_sandbox(settings))
        bot = await stack.enter_async_context(NewmonBot(settings, engine, store))
        await bot.login(token)
        await _stay_connected(bot, stopping, lambda: on_ready(place))
        await engine.close()  # while the bot can still deliver what is drawn


async def _stay_connected(bot: NewmonBot, stopping: asyncio.Event, on_ready: Callable[[], None]) -> None:
    """Until `stopping` is set. Raises what ends the connection for good."""
    connection = asyncio.create_task(bot.connect(), name="discord")
    ready = asyncio.create_task(bot.wait_until_ready(), name="ready")
    stop = asyncio.create_task(stopping.wait(), name="stop")
    try:
        await asyncio.wait({connection, ready, stop}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done() and not connection.done():
            on_ready()
        await asyncio.wait({connection, stop}, return_when=asyncio.FIRST_COMPLETED)
        if connection.done():
            await connection
    finally:
        ready.cancel()
        stop.cancel()


async def run_until_signal(settings: Settings) -> None:
    """Run until Ctrl-C or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await run(
        settings,
        stopping,
        lambda place: console.print(f"newmon is ready {place} (Ctrl-C stops it).", highlight=False),
    )


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
    console.print("Waking up …")
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
    except OSError as error:
        sys.exit(f"newmon: {error.strerror or error}")


if __name__ == "__main__":
    main()
