"""python -m bot: on Discord with a token, in the sandbox without; also `doctor`, `backup` and the like."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import aiohttp
import discord
import typer
from rich.console import Console

from bot.checkpoints.command_line import app as checkpoint_app
from bot.checkpoints.files import CheckpointFiles
from bot.checkpoints.switching import Checkpoints, choose_first
from bot.checkpoints.switching import describe as describe_checkpoint
from bot.client import NewmonBot
from bot.config import Settings, describe, load_settings
from bot.core.discord_internals import discord_url
from bot.engine import CheckpointError
from bot.engine.local import LocalEngine
from bot.errors import UserError
from bot.features.retraining.announcer import Announcer
from bot.operations.command_line import backup, move, restore
from bot.operations.doctor import examine
from bot.operations.health import health_server
from bot.operations.schedule import scheduled_backups
from bot.retrain import Retraining
from bot.store import Store
from bot.system.logs import log_as_json, log_to, speak_any_encoding
from bot.system.proxy import Proxy, proxy_for, unreachable
from bot.system.redaction import redact
from gan.package import VERSION
from sandbox import Sandbox, SandboxError, SandboxSettings

log = logging.getLogger(__name__)
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
async def serving(settings: Settings, bot: NewmonBot) -> AsyncIterator[tuple[Retraining, str]]:
    """Everything that the bot serves people with, and which checkpoint that is and why.

    Raises `CheckpointError` and `UserError`.
    """
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(
            settings.database,
            timeout_s=settings.database_timeout_s,
            pool_size=settings.database_connections,
        )
        stack.push_async_callback(store.close)
        files = CheckpointFiles(settings.data_dir / "checkpoints")
        choice = await choose_first(store, files, settings.checkpoint)
        engine = LocalEngine(
            choice.path,
            folder=files.folder,
            kept=settings.checkpoints_in_memory,
            queue_limit=settings.queue_limit,
            per_user_limit=settings.per_user_limit,
            threads=settings.torch_threads,
            pick=settings.pick_best,
            drain_timeout_s=0,  # the bot has waited already, see `NewmonBot.stop_serving`
        )
        stack.push_async_callback(engine.close)
        await engine.start()
        checkpoints = Checkpoints(store, files, engine, keep_unused=settings.keep_checkpoints)
        await checkpoints.start()
        stack.push_async_callback(checkpoints.close)
        retraining = Retraining(settings, store, checkpoints, Announcer(bot))
        stack.push_async_callback(retraining.close)
        await stack.enter_async_context(scheduled_backups(settings))
        bot.cooldown.restore(await store.cooldowns.load())
        bot.start_serving(engine, store, checkpoints, retraining)
        known = await store.checkpoints.get(choice.id)
        yield retraining, f"{describe_checkpoint(known) if known else choice.id}, {choice.why}"


def sandbox_of(settings: Settings) -> Sandbox:
    """The sandbox that a bot without a token runs in."""
    return Sandbox(
        SandboxSettings(
            port=settings.sandbox_port,
            data_dir=settings.data_dir / "sandbox",
            locale=settings.sandbox_locale,
        )
    )


@dataclass(frozen=True)
class Ready:
    """What is known once people are served."""

    place: str  # where they meet the bot: "on Discord", or "at " and the sandbox's address
    checkpoint: str  # what creatures hatch from, and why


async def connect(bot: NewmonBot, token: str, proxy: Proxy | None) -> None:
    """Log in, and stay connected until the bot is closed. Raises `UserError` where Discord is not reached."""
    try:
        await bot.start(token)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise UserError(unreachable(error, proxy)) from error


async def run(
    settings: Settings,
    stopping: asyncio.Event,
    on_ready: Callable[[Ready], None],
    sandbox: Sandbox | None = None,
) -> None:
    """Connect and wake up at the same time, run until `stopping` is set, serve who came before, and stop.

    `on_ready` is told once the bot serves people; one without a token runs in `sandbox` or, without that, in
    what `sandbox_of` makes. Raises `UserError`, `SandboxError`, `CheckpointError` and what discord.py raises
    for a token that it cannot use.
    """
    proxy = None
    if settings.discord_token is not None:
        proxy = proxy_for(settings.proxy_url, discord_url())
        if proxy is not None:
            log.info("Discord is reached through the proxy %s (%s).", proxy.shown, proxy.source)
    async with contextlib.AsyncExitStack() as stack:
        rooms = await stack.enter_async_context(contextlib.AsyncExitStack())  # closed after the bot
        token, place = await stack.enter_async_context(
            discord_or_sandbox(settings, sandbox or sandbox_of(settings))
        )
        bot = await stack.enter_async_context(NewmonBot(settings, proxy))
        health = await stack.enter_async_context(health_server(bot))
        if health is not None:
            log.info("How the bot is: http://%s:%d/readyz", health.host, health.port)

        async def start_serving() -> None:
            retraining, checkpoint = await rooms.enter_async_context(serving(settings, bot))
            await bot.wait_until_ready()
            on_ready(Ready(place, checkpoint))
            await retraining.pick_up()

        connection = asyncio.create_task(connect(bot, token, proxy), name="discord")
        starting = asyncio.create_task(start_serving(), name="starting")
        stop = asyncio.create_task(stopping.wait(), name="stop")
        try:
            await asyncio.wait({connection, starting, stop}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await asyncio.wait({connection, stop}, return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                await connection
            starting.cancel()  # if it has not finished, nobody was let in
            await asyncio.wait({starting})
            await bot.stop_serving()
            await rooms.aclose()  # while a retrain's message can still be edited
            await bot.close()
        finally:
            for task in (connection, starting, stop):
                task.cancel()
            await asyncio.wait({connection, starting, stop})


async def run_until_signal(settings: Settings) -> None:
    """Run until Ctrl-C or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    say = log.info if settings.log_format == "json" else _say
    say("Waking up …")

    def ready(now: Ready) -> None:
        spare_the_collector()
        say(f"newmon is ready {now.place} (Ctrl-C stops it). Creatures hatch from {now.checkpoint}.")

    await run(settings, stopping, ready)


def _say(text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def spare_the_collector() -> None:
    """Tell Python's garbage collector that what is there now is there to stay.

    Torch and SQLAlchemy bring a million objects. Looking through all of them, as a full collection does every
    now and then, would hold everybody up for a quarter of a second.
    """
    gc.collect()
    gc.freeze()


def show_version(wanted: bool) -> None:
    """Obey `--version`."""
    if wanted:
        typer.echo(f"newmon {VERSION}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    """Run the bot: on Discord with a token in .env, in the local sandbox without one."""
    if context.invoked_subcommand is not None:
        log_to(Console(stderr=True), "WARNING")
        return
    log_to(console, "INFO")
    settings = load_settings()
    logging.getLogger().setLevel(settings.log_level)
    if settings.log_format == "json":
        log_as_json()
    log.info("Settings: %s", describe(settings))
    asyncio.run(run_until_signal(settings))


for command in (backup, restore, move):
    app.command()(command)


@app.command()
def doctor() -> None:
    """Look at all that a start needs, and say what to do where something is wrong. Changes nothing."""
    if not asyncio.run(_examined(load_settings())):
        raise typer.Exit(1)


async def _examined(settings: Settings) -> bool:
    """Tells what was found as it is found; whether nothing is wrong."""
    marks = {"well": "✓", "warning": "!", "wrong": "✗"}
    sound = True
    async for finding in examine(settings):
        sound = sound and finding.verdict != "wrong"
        line = f"{marks[finding.verdict]} {finding.name}: {redact(finding.says)}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return sound


def main(arguments: Sequence[str] | None = None) -> None:
    """Obey the command line. Exit code 0 after a clean stop, 1 with one sentence if the bot cannot run."""
    speak_any_encoding()
    try:
        app(arguments)
    except Exception as error:
        sys.exit(f"newmon: {redact(sentence(error))}")


def sentence(error: Exception) -> str:
    """What is told to whoever started the program. What nobody foresaw goes to the log with its traceback."""
    match error:
        case UserError() | CheckpointError() | SandboxError():
            return str(error)
        case discord.LoginFailure():
            return "Discord does not accept the token. Put the bot's current token in .env as DISCORD_TOKEN."
        case discord.PrivilegedIntentsRequired():
            return "Discord refuses the intents that the bot asks for."
        case discord.DiscordException():  # a token that was reset meanwhile, too
            return f"Discord does not let the bot in, so try again later ({' '.join(str(error).split())})."
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or error}"
    fault = secrets.token_hex(4)
    log.error("Something that nobody foresaw (error %s)", fault, exc_info=error)
    return f"Something went wrong that nobody foresaw (error {fault}): please report what the log says of it."


if __name__ == "__main__":
    main()
