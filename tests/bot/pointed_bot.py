"""`python -m bot` that takes a sandbox for Discord."""

from __future__ import annotations

from bot.__main__ import main as bot
from sandbox.server import point_discord_at


def main(sandbox_url: str) -> None:
    point_discord_at(sandbox_url)
    bot([])
