"""What commands, buttons and dialogs do: ask the engine and the store, and show what comes of it.

Each action acknowledges its interaction before anything that takes time. What a person did wrong is raised as
`UserError` and left to the caller's error path. Importing this package tells every button and dialog what it
does (`on_press`, `on_submit`).
"""

from bot.actions import collecting, hatching, keeping, mixing

__all__ = ["collecting", "hatching", "keeping", "mixing"]
