"""What can go wrong, in the two languages the sandbox speaks: sentences for people, codes for the bot."""

from __future__ import annotations

from typing import Any


class SandboxError(Exception):
    """Something that cannot be done as asked for. Its text is one sentence for whoever asked."""


class StartupError(SandboxError):
    """The sandbox cannot start; the text says why and what to do."""


class PageError(SandboxError):
    """An action of the person at the page is refused; the text is shown to them."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}  # option or input name → what is wrong with it


class ApiError(Exception):
    """A REST answer outside 2xx, with Discord's own JSON error code."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} ({code}): {message}")
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code}
        if errors:
            self.body["errors"] = errors


_ERRORS = {  # Discord's JSON code: the HTTP status and the message that come with it
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30032: (400, "Maximum number of application commands reached (100)"),
    30034: (400, "Max number of daily application command creates has been reached (200)"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50109: (400, "The request body contains invalid JSON."),
}


def discord_error(code: int) -> ApiError:
    """Discord's error of this JSON code. Raises ValueError for one that the sandbox does not know."""
    if code not in _ERRORS:
        raise ValueError(f"The sandbox knows the codes {', '.join(map(str, _ERRORS))}, not {code}.")
    status, message = _ERRORS[code]
    return ApiError(status, code, message)


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    return ApiError(404, 0, "404: Not Found")


def unknown_channel() -> ApiError:
    return discord_error(10003)


def unknown_guild() -> ApiError:
    return discord_error(10004)


def unknown_message() -> ApiError:
    return discord_error(10008)


def unknown_user() -> ApiError:
    return discord_error(10013)


def unknown_webhook() -> ApiError:
    return discord_error(10015)


def unknown_interaction() -> ApiError:
    return discord_error(10062)


def unknown_command() -> ApiError:
    return discord_error(10063)


def too_large() -> ApiError:
    return discord_error(40005)


def already_acknowledged() -> ApiError:
    return discord_error(40060)


def not_the_author() -> ApiError:
    return discord_error(50005)


def empty_message() -> ApiError:
    return discord_error(50006)


def invalid_token() -> ApiError:
    return discord_error(50027)


def malformed_body() -> ApiError:
    return discord_error(50109)
