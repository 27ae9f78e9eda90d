"""What features know of the bot that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.checkpoints.switching import Checkpoints
from bot.config import Settings
from bot.core.limits import Cooldown, OneEach, Service
from bot.core.slots import Offer
from bot.engine import Engine
from bot.retrain import Retraining
from bot.store import Store


class Bot(discord.AutoShardedClient):
    """A client whose engine is started and whose store is open for as long as its service is."""

    settings: Settings
    engine: Engine
    store: Store
    checkpoints: Checkpoints
    retraining: Retraining
    service: Service
    cooldown: Cooldown
    drawing: OneEach  # who has a picture of theirs drawn
    proxy_url: str | None  # what Discord is reached through, with its password
    commands: Sequence[app_commands.Command[Any, Any, Any] | app_commands.Group]  # of all features
    menus: Sequence[app_commands.ContextMenu]
    offers: Sequence[Offer[Any]]  # of all features, for the slots under messages
    owners: frozenset[int]  # ids of the people whom the bot belongs to, as Discord says


Interaction = discord.Interaction[Bot]
