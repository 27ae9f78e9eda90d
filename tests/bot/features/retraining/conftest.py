"""The bot with a stand-in for training, as the tests of the retrain itself have it."""

from __future__ import annotations

from tests.bot.retrain.conftest import ash, oak, shared, stage

__all__ = ["ash", "oak", "shared", "stage"]
