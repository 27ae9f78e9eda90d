"""Retraining: plans, supervises and reports on a training process, which goes its own way beside the bot."""

from bot.retrain.jobs import Retraining
from bot.retrain.plan import DataSource, plan

__all__ = ["DataSource", "Retraining", "plan"]
