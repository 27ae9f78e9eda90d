"""The Discord client: takes interactions to what they are for, and knows when commands must be synced."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
from discord import InteractionType, app_commands

from bot.checkpoints.switching import Checkpoints
from bot.config import Settings
from bot.core.discord_internals import Tree, guard, retry_broken_connections
from bot.core.errors import note, serve
from bot.core.features import load
from bot.core.interaction import Bot
from bot.core.language import CommandTranslator
from bot.core.limits import Cooldown, OneEach, Service
from bot.core.rights import owners_of
from bot.engine import Engine
from bot.features import FEATURES
from bot.features.helping import greet
from bot.retrain import Retraining
from bot.store import Store, StoreError
from bot.system.proxy import Proxy

log = logging.getLogger(__name__)

UPKEEP_INTERVAL_S = 6 * 3600
LIMITS_INTERVAL_S = 5.0  # what people hatched in them is forgiven if the process is killed
SYNC_TIMEOUT_S = 20.0  # for Discord to take the commands; then people are served with those that it has
LAST_WORDS_S = 2.0  # for telling those who were not served in time

# The bot never speaks, so discord.py need not warn that packages for voice are missing.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


class NewmonBot(Bot):
    """The bot. It can connect before it is serving, and tells people so; closes neither engine nor store."""

    def __init__(self, settings: Settings, proxy: Proxy | None = None) -> None:
        self.proxy_url = None if proxy is None else proxy.url
        super().__init__(
            proxy=self.proxy_url,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,  # commands bring all that is needed
        )
        guard(self)
        self.features = load(FEATURES)
        self.commands, self.menus = self.features.commands, self.features.context_menus
        self.offers = self.features.offers
        self.settings = settings
        self.owners = frozenset()  # until it has logged in
        self.service = Service()
        self.cooldown = Cooldown(settings.cooldown_burst, settings.cooldown_per_minute)
        self.drawing = OneEach()
        self.tree = Tree(
            self,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self._upkeep_task: asyncio.Task[None] | None = None
        self._sync_task: asyncio.Task[None] | None = None
        self._limits_task: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Runs once, after login and before the gateway connects."""
        assert self.application is not None  # fetched at the login
        retry_broken_connections()
        self.owners = owners_of(self.application)
        known_otherwise = self.settings.admin_ids or self.settings.admin_roles
        self.features.add_commands(self.tree, hide_from_members=not known_otherwise)
        await self.tree.set_translator(CommandTranslator())
        noted = self.settings.data_dir / "synced-commands.json"
        self._sync_task = asyncio.create_task(self._sync_commands(noted), name="sync")
        await asyncio.wait({self._sync_task}, timeout=SYNC_TIMEOUT_S)

    def start_serving(
        self, engine: Engine, store: Store, checkpoints: Checkpoints, retraining: Retraining
    ) -> None:
        """Serve people from now on, with an engine that is started and a store that is open."""
        self.engine, self.store = engine, store
        self.checkpoints, self.retraining = checkpoints, retraining
        self._upkeep_task = asyncio.create_task(self._upkeep(), name="upkeep")
        self._limits_task = asyncio.create_task(self._keep_limits(), name="limits")
        self.service.open()

    async def stop_serving(self) -> None:
        """Serve those who came so far, within the configured time, and nobody else any more.

        Those whose creatures are not drawn by then are told so.
        """
        self.service.close()
        serving = self._upkeep_task is not None
        if serving:
            # Before anything that takes time: whoever stops the bot may have stopped a retrain with it, and
            # that is for the next start to find, not for this one to call a failure.
            await self.retraining.close()
        if await self.service.drained(self.settings.drain_timeout_s):
            if serving:
                await self.engine.drain()
            if unserved := await self.service.drained(LAST_WORDS_S):
                log.warning("%d requests were not answered in time before the bot stopped.", unserved)
        if serving:
            await self._keep_changed_limits()

    async def close(self) -> None:
        tasks = {task for task in (self._upkeep_task, self._sync_task, self._limits_task) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)  # what they use is closed next
        await super().close()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """A button, a menu or a dialog; commands are the tree's."""
        if interaction.type in (InteractionType.component, InteractionType.modal_submit):
            await serve(interaction, lambda: self.features.use(interaction))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server that the bot has left: what people are called there goes, their creatures stay theirs."""
        if self.service.closed is None:
            await self.store.personal.forget_server(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server has invited the bot: it says what to try."""
        await greet(guild, self.offers)

    async def on_ready(self) -> None:
        """Also called after a reconnection that could not resume."""
        log.info("Connected as %s, in %d servers.", self.user, len(self.guilds))

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """For whatever is raised in an event such as `on_ready`."""
        if (error := sys.exception()) is not None:
            note(error, f"in {event_method}")

    async def _sync_commands(self, noted: Path) -> None:
        """Send the commands to Discord if they changed since last time, or if Discord lost them.

        Discord allows few of these a day, so it is not done at every start. A bot whose commands were not
        taken still has those that Discord knows, and tries again when it starts next.
        """
        try:
            await self._send_commands(noted)
        except Exception as error:  # of whatever kind: people can be served all the same
            if not self.is_closed():
                note(error, "the commands could not be sent to Discord")

    async def _send_commands(self, noted: Path) -> None:
        commands, translator = self.tree.get_commands(), self.tree.translator or CommandTranslator()
        definition = [await command.get_translated_payload(self.tree, translator) for command in commands]
        digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
        current = f"{self.application_id} {digest}"
        names = {command.name for command in await self.tree.fetch_commands()}
        known = await asyncio.to_thread(_read_text, noted)
        if known == current and names == {command.name for command in self.tree.get_commands()}:
            return
        await self.tree.sync()
        await asyncio.to_thread(_write_text, noted, current)
        log.info("Sent %d commands to Discord.", len(definition))

    async def _keep_limits(self) -> None:
        """Note every now and then who has hatched how much, so that a restart forgives nobody."""
        while True:
            await asyncio.sleep(LIMITS_INTERVAL_S)
            await self._keep_changed_limits()

    async def _keep_changed_limits(self) -> None:
        changed = self.cooldown.changes()
        if changed:
            try:
                await self.store.cooldowns.keep(changed)
            except StoreError as error:  # what is lost by it is a little patience
                log.warning("Who has to wait could not be noted: %s", error)

    async def _upkeep(self) -> None:
        """Now and then: forget what nobody saved, once it is old, and see whom the bot belongs to."""
        while True:
            try:
                gone = await self.store.creatures.prune(timedelta(days=self.settings.keep_unsaved_days))
                if gone:
                    log.info("Forgot %d creatures that nobody saved.", gone)
                await self.store.personal.forget_names(timedelta(days=self.settings.keep_names_days))
            except Exception as error:  # of whatever kind: it is tried again
                note(error, "what nobody saved could not be forgotten")
            await asyncio.sleep(UPKEEP_INTERVAL_S)
            try:
                self.owners = owners_of(await self.application_info())
            except Exception as error:  # of whatever kind: those that were known stay
                note(error, "Discord did not say whom the bot belongs to")


def _read_text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):  # then the commands are sent once more than needed
        return ""


def _write_text(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    except OSError as error:
        log.warning("Could not note that the commands were sent: %s", error)
