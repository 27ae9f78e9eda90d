"""The async front of the network. The only room of the bot that knows `gan` and torch."""

from bot.engine.engine import Engine, Hatched, seed_from_text
from bot.engine.models import check_checkpoint, section_paths
from bot.engine.pictures import Picture
from bot.engine.projection import OnProgress
from gan.checkpoint import CheckpointError
from gan.config import DEFAULT_PSI
from gan.latents import SEED_MAX, Take

__all__ = [
    "DEFAULT_PSI",
    "SEED_MAX",
    "CheckpointError",
    "Engine",
    "Hatched",
    "OnProgress",
    "Picture",
    "Take",
    "check_checkpoint",
    "section_paths",
    "seed_from_text",
]
