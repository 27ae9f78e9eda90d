"""python -m bot doctor: looks at all that a start needs, and says what to do where something is wrong."""

from __future__ import annotations

import asyncio
import importlib.metadata
import shutil
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import aiohttp
import discord

from bot.checkpoints.files import CheckpointFiles
from bot.config import Settings
from bot.core.discord_internals import discord_url
from bot.engine import CheckpointError
from bot.engine.models import check_checkpoint
from bot.errors import UserError
from bot.store import Store
from bot.store.inspection import inspect_database
from bot.system.background import ROOT
from bot.system.proxy import proxy_for, unreachable

Verdict = Literal["well", "warning", "wrong"]

PYTHON = (3, 11)
FREE_BYTES = 1_000_000_000  # less gets a bot with a busy collection into trouble within weeks
SKEW_S = 5.0  # Discord refuses nothing for it, but cool-downs and the ages of creatures look wrong
DISCORD_S = 10.0
# Where an answer takes longer than 15 minutes, or a retrain is told of, the bot posts a message of its own.
NEEDED = discord.Permissions(view_channel=True, send_messages=True, embed_links=True, attach_files=True)


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing."""

    name: str
    verdict: Verdict
    says: str


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Everything, one after another. Changes nothing."""
    for finding in versions():
        yield finding
    yield disk(settings)
    yield await asyncio.to_thread(checkpoint, settings)
    yield await database(settings)
    async for finding in on_discord(settings):
        yield finding


def versions() -> Iterator[Finding]:
    """Python, and each pinned package that the bot needs."""
    there = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON:
        yield Finding("Python", "wrong", f"{there}: install Python {PYTHON[0]}.{PYTHON[1]} or newer.")
    else:
        yield Finding("Python", "well", there)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = dict(
        line.partition("==")[::2] for line in known["dependencies"] + known["optional-dependencies"]["bot"]
    )
    wrong = []
    for name, version in pinned.items():
        bare = name.partition("[")[0]
        try:
            installed = importlib.metadata.version(bare)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{bare} is missing")
            continue
        if _numbers(installed) != _numbers(version):
            wrong.append(f"{bare} is {installed}, not {version}")
    if wrong:
        yield Finding("packages", "wrong", f"{', '.join(wrong)}: `make run` installs them.")
    else:
        yield Finding("packages", "well", f"{len(pinned)} as pinned")


def _numbers(version: str) -> list[str]:
    """A version's numbers, however they are written; torch says after a + what it was built for."""
    return [part.lstrip("0") or "0" for part in version.partition("+")[0].split(".")]


def disk(settings: Settings) -> Finding:
    """Whether the data folder can be written, and has room."""
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding("disk", "wrong", f"{folder} cannot be written ({error.strerror}): check who may.")
    said = f"{free / 1e9:.1f} GB are free for {folder}"
    return (
        Finding("disk", "well", said) if free >= FREE_BYTES else Finding("disk", "warning", f"{said}: few.")
    )


def checkpoint(settings: Settings) -> Finding:
    """Whether the configured checkpoint can be hatched from. Blocking."""
    try:
        checkpoint_id, metadata = check_checkpoint(settings.checkpoint)
    except CheckpointError as error:
        return Finding("checkpoint", "wrong", f"{error} Set CHECKPOINT to one that is whole.")
    kimg = metadata.get("kimg")
    trained = f", {kimg:,.0f} kimg" if isinstance(kimg, int | float) else ""
    return Finding("checkpoint", "well", f"{settings.checkpoint} ({checkpoint_id[:8]}{trained})")


async def database(settings: Settings) -> Finding:
    """Whether a start can use the database, and whether the checkpoint that it names last is there."""
    try:
        state = await inspect_database(settings.database)
    except UserError as error:
        return Finding("database", "wrong", str(error))
    if state.revision is None:
        return Finding("database", "well", f"{state.where}: the first start fills it.")
    if not state.current:
        said = f"{state.where}: the next start brings it from revision {state.revision} to {state.newest}"
        return Finding("database", "warning", f"{said}, so take a backup first.")
    store = await Store.open(settings.database)
    try:
        active = await store.checkpoints.active()
    finally:
        await store.close()
    files = CheckpointFiles(settings.data_dir / "checkpoints")
    said = f"{state.where}: {state.saved} saved creatures"
    if active is not None and not await asyncio.to_thread(files.usable, active.checkpoint_id):
        lost = f"the file of checkpoint {active.checkpoint_id[:8]}, which is in use, is missing or damaged"
        return Finding("database", "warning", f"{said}, but {lost}: restore {files.folder}.")
    return Finding("database", "well", said)


async def on_discord(settings: Settings) -> AsyncIterator[Finding]:
    """Whether Discord lets the bot in, what it may do in its servers, and whether the clocks agree."""
    if settings.discord_token is None:
        yield Finding("token", "warning", "No DISCORD_TOKEN: the bot starts in the local sandbox.")
        return
    proxy = proxy_for(settings.proxy_url, discord_url())
    timeout = aiohttp.ClientTimeout(total=DISCORD_S)
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value().strip()}"}
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:

            async def get(path: str) -> tuple[int, Any, Mapping[str, str]]:
                url = f"{discord_url()}{path}"
                async with session.get(url, proxy=None if proxy is None else proxy.url) as answer:
                    return answer.status, await answer.json(content_type=None), answer.headers

            status, me, answered = await get("/users/@me")
            if status == 401:
                yield Finding(
                    "token",
                    "wrong",
                    "Discord does not accept it: put the bot's current token in .env as DISCORD_TOKEN.",
                )
                return
            if status != 200:
                yield Finding("token", "warning", f"Discord answered {status}: try again later.")
                return
            yield Finding("token", "well", f"the bot is {me.get('username')}")
            yield _clock(answered.get("Date"))
            yield Finding("intents", "well", "none is asked for that Discord would have to allow")
            status, guilds, _ = await get("/users/@me/guilds?limit=200")
            yield _permissions(guilds if status == 200 and isinstance(guilds, list) else [])
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        yield Finding("Discord", "wrong", unreachable(error, proxy))


def _clock(date: str | None) -> Finding:
    try:
        skew_s = (datetime.now(UTC) - parsedate_to_datetime(date or "")).total_seconds()
    except ValueError:
        return Finding("clock", "warning", "Discord did not say what time it is.")
    if abs(skew_s) > SKEW_S:
        way = "ahead" if skew_s > 0 else "behind"
        said = f"This machine's clock is {abs(skew_s):.0f} s {way} of Discord's: let NTP set it."
        return Finding("clock", "warning", said)
    return Finding("clock", "well", "agrees with Discord's")


def _permissions(guilds: list[Any]) -> Finding:
    missing: list[str] = []
    for guild in guilds:
        granted = discord.Permissions(int(guild.get("permissions", 0)))
        lacks = [name for name, needed in NEEDED if needed and not getattr(granted, name)]
        if lacks and not granted.administrator:
            missing.append(f"{guild.get('name')} ({', '.join(name.replace('_', ' ') for name in lacks)})")
    if missing:
        said = f"Commands work everywhere, but late answers cannot be posted in: {'; '.join(missing[:5])}."
        return Finding("permissions", "warning", said)
    return Finding("permissions", "well", f"all that is needed, in {len(guilds)} servers")
