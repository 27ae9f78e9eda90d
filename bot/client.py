"""The Discord client: wires the rooms together, and knows when commands must be synced."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from datetime import timedelta
from pathlib import Path

import discord
from discord import app_commands

from bot.commands import add_all
from bot.config import Settings
from bot.engine import Engine
from bot.interaction import Bot
from bot.store import Store, StoreError
from bot.ui.buttons import ITEMS
from bot.ui.dialogs import answer_dialog
from bot.ui.reports import report

log = logging.getLogger(__name__)

PRUNE_INTERVAL_S = 6 * 3600

# The bot never speaks, so discord.py need not warn that packages for voice are missing.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


class Tree(app_commands.CommandTree["NewmonBot"]):
    """The command tree, with the one error path that everything else uses too."""

    async def on_error(
        self, interaction: discord.Interaction[NewmonBot], error: app_commands.AppCommandError, /
    ) -> None:
        await report(interaction, getattr(error, "original", error))


class NewmonBot(Bot):
    """The bot. Needs an engine that is started and a store that is open; closes neither."""

    def __init__(self, settings: Settings, engine: Engine, store: Store) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,  # commands bring all that is needed
        )
        self.settings = settings
        self.engine = engine
        self.store = store
        self.tree = Tree(
            self,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self._prune_task: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Runs once, after login and before the gateway connects."""
        add_all(self.tree)
        self.add_dynamic_items(*ITEMS)
        await self._sync_commands(self.settings.data_dir / "synced-commands.json")
        self._prune_task = asyncio.create_task(self._prune_now_and_then(), name="prune")

    async def close(self) -> None:
        if self._prune_task is not None:
            self._prune_task.cancel()
        await super().close()

    async def on_ready(self) -> None:
        """Also called after a reconnection that could not resume."""
        log.info("Connected as %s, in %d servers.", self.user, len(self.guilds))

    async def on_interaction(self, interaction: discord.Interaction[NewmonBot]) -> None:
        """Dialogs are answered here and not by `Modal.on_submit`, which would not survive a restart."""
        if interaction.type is discord.InteractionType.modal_submit:
            try:
                await answer_dialog(interaction)
            except Exception as error:
                await report(interaction, error)

    async def _sync_commands(self, noted: Path) -> None:
        """Send the commands to Discord if they changed since last time, or if Discord lost them.

        Discord allows few of these a day, so it is not done at every start.
        """
        definition = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
        note = f"{self.application_id} {digest}"
        names = {command.name for command in await self.tree.fetch_commands()}
        known = await asyncio.to_thread(_read_text, noted)
        if known == note and names == {command.name for command in self.tree.get_commands()}:
            return
        await self.tree.sync()
        await asyncio.to_thread(_write_text, noted, note)
        log.info("Sent %d commands to Discord.", len(definition))

    async def _prune_now_and_then(self) -> None:
        """Forget what nobody saved, once it is old."""
        while True:
            try:
                gone = await self.store.prune_unsaved(timedelta(days=self.settings.keep_unsaved_days))
                if gone:
                    log.info("Forgot %d creatures that nobody saved.", gone)
            except StoreError:
                log.exception("could not prune")
            await asyncio.sleep(PRUNE_INTERVAL_S)


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
