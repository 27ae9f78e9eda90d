"""What commands, buttons and dialogs know of the bot that runs them."""

from __future__ import annotations

import discord

from bot.checkpoints.switching import Checkpoints
from bot.config import Settings
from bot.core.limits import Cooldown, Service
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
    owners: frozenset[int]  # ids of the people whom the bot belongs to, as Discord says


Interaction = discord.Interaction[Bot]
