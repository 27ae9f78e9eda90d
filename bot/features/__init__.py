"""What people can do with the bot, one module a capability. A new one is a file here and a line below.

A feature holds its commands, its buttons with what a press does, its dialogs, its sentences, and what it
offers under the messages of others (`bot.core.slots`). docs/architecture.md says how they fit together.
"""

from __future__ import annotations

from bot.features import (
    about,
    checkpoints,
    choosing,
    collection,
    drawing,
    evolving,
    family,
    hatching,
    helping,
    keeping,
    looking,
    mixing,
    privacy,
    retraining,
)

FEATURES = (
    hatching,  # in the order in which people need their commands
    choosing,
    keeping,
    mixing,
    evolving,
    drawing,
    collection,
    looking,
    family,
    helping,
    about,
    privacy,
    retraining,
    checkpoints,
)
