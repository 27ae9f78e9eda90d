"""What commands, buttons and dialogs know of the bot that runs them."""

from __future__ import annotations

import discord

from bot.engine import Engine
from bot.store import Store


class Bot(discord.AutoShardedClient):
    """A client with an engine that is started and a store that is open."""

    engine: Engine
    store: Store


Interaction = discord.Interaction[Bot]
