"""The async front of the network. The only room of the bot that knows `gan` and torch.

Whoever orders creatures needs what is here and no torch: orders and answers are plain values, and `Engine`
says what can be done with them. `bot.engine.local` does it in this process.
"""

from bot.engine.errors import CheckpointGone, DoesNotEvolve, NotRead
from bot.engine.morphing import gif, morph_amounts, morph_orders
from bot.engine.orders import (
    Coded,
    EvolveOrder,
    Hatched,
    HatchedLine,
    MixOrder,
    NearbyOrder,
    Order,
    Picture,
    ProjectionOrder,
    SeedOrder,
    Stored,
    StylesOrder,
    Subject,
    seed_from_text,
)
from bot.engine.protocol import Engine, Health, OnAccepted, OnProgress, OnQueued
from bot.engine.uploads import check_pixels
from gan.config import DEFAULT_PSI
from gan.errors import CheckpointError
from gan.latents import SEED_MAX, Take

__all__ = [
    "DEFAULT_PSI",
    "SEED_MAX",
    "CheckpointError",
    "CheckpointGone",
    "Coded",
    "DoesNotEvolve",
    "Engine",
    "EvolveOrder",
    "Hatched",
    "HatchedLine",
    "Health",
    "MixOrder",
    "NearbyOrder",
    "NotRead",
    "OnAccepted",
    "OnProgress",
    "OnQueued",
    "Order",
    "Picture",
    "ProjectionOrder",
    "SeedOrder",
    "Stored",
    "StylesOrder",
    "Subject",
    "Take",
    "check_pixels",
    "gif",
    "morph_amounts",
    "morph_orders",
    "seed_from_text",
]
