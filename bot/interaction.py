"""What commands, buttons and dialogs know of the bot that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.config import Settings
from bot.engine import Engine
from bot.service import Cooldown, Service
from bot.store import Store

if TYPE_CHECKING:  # what these show in a channel has buttons, which know this module
    from bot.checkpoints import Checkpoints
    from bot.retrain import Retraining


class Bot(discord.AutoShardedClient):
    """A client whose engine is started and whose store is open for as long as its service is."""

    settings: Settings
    engine: Engine
    store: Store
    checkpoints: Checkpoints
    retraining: Retraining
    service: Service
    cooldown: Cooldown


Interaction = discord.Interaction[Bot]
