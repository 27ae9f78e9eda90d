"""The local stand-in for Discord: a gateway, a REST API, a file server, and a page to try the bot on."""

from sandbox.errors import SandboxError, StartupError
from sandbox.server import Sandbox, SandboxSettings, point_discord_at

__all__ = ["Sandbox", "SandboxError", "SandboxSettings", "StartupError", "point_discord_at"]
