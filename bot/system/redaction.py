"""What may be printed: addresses and messages without passwords and tokens, whatever their form."""

from __future__ import annotations

import logging
import re

HIDDEN = "…"
_WORDS = r"pass(?:word|wd|phrase|code)?|pwd|secret|token|credential|api[_-]?key|auth(?:orization)?"

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(\S+)|[^\s:/@'\"=]+:[^\s@]+@(?=[\w\[])")
_NOT_A_USER = re.compile(r"/@(?:me|original)\b")  # in Discord's paths an @ that nobody logs in before
_AT = "\0"  # stands for such an @ meanwhile
_PATH_TOKEN = re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/\s?]+")
_PAIR = re.compile(
    rf"""([\w.-]*(?:{_WORDS})[\w.-]*["']?\s*=\s*|["'][\w.-]*(?:{_WORDS})[\w.-]*["']\s*:\s*)"""
    r"""("[^"]*"|'[^']*'|[^\s&;,]+)""",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(authorization[\"']?\s*:\s*[\"']?)(?:(?:bot|bearer|basic)\s+)?[^\s\"',]+", re.IGNORECASE
)
_DISCORD_TOKEN = re.compile(r"\b[\w-]{20,30}\.[\w-]{5,8}\.[\w-]{25,}")


def redact(text: str) -> str:
    """The text without what somebody could log in with.

    Of an address stay scheme, host, port and path: who logs in there and every parameter go. So does the
    value of `name=value` where the name speaks of a password, a token or the like, and whatever is a bot's
    token.
    """
    text = _ADDRESS.sub(_without_login, text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _PAIR.sub(rf"\1{HIDDEN}", text)
    return _DISCORD_TOKEN.sub(HIDDEN, text)


def _without_login(found: re.Match[str]) -> str:
    scheme, rest = found.groups()
    if scheme is None:  # user:password@host
        return f"{HIDDEN}@"
    rest = _NOT_A_USER.sub(lambda found: found[0].replace("@", _AT), rest)
    login, _, rest = rest.rpartition("@")  # a password may hold anything, an @ and a / too
    address, question, _ = rest.partition("?")
    address = _PATH_TOKEN.sub(rf"\1{HIDDEN}", address.replace(_AT, "@"))
    return f"{scheme}{f'{HIDDEN}@' if login else ''}{address}{f'?{HIDDEN}' if question else ''}"


class RedactingFormatter(logging.Formatter):
    """Keeps what is secret out of the log: of messages, and of the tracebacks below them."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
