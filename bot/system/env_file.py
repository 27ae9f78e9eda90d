"""The file `.env`, however an editor saved it, and what in it does nothing."""

from __future__ import annotations

import codecs
import difflib
import io
import logging
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic_settings import DotEnvSettingsSource

from bot.errors import UserError

log = logging.getLogger(__name__)
logging.getLogger("dotenv").setLevel(logging.ERROR)  # what it would say of a line is said here

# By their first bytes: notepads and shells of Windows write all of these.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LIKE_IN_FILE, LIKE_OUTSIDE = (
    0.6,
    0.85,
)  # how alike a name must be: of the environment little is meant for the bot

# Names that are no settings, but that somebody may well write into `.env`, and what to do instead.
INSTEAD = {
    "ADMIN_BY_PERMISSION": "list the servers whose managers may retrain in ADMIN_SERVERS",
    "HTTPS_PROXY": "in this file the setting is called PROXY_URL",
    "HTTP_PROXY": "in this file the setting is called PROXY_URL",
    "ALL_PROXY": "in this file the setting is called PROXY_URL",
}


class EnvFile(DotEnvSettingsSource):
    """The values in `.env`; warns of each line that does nothing, with the name that may have been meant."""

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        text = read_text(file_path)
        known = [name.upper() for name in self.settings_cls.model_fields]
        for warning in idle_lines(text, known, file_path):
            log.warning(warning)
        values = dotenv_values(stream=io.StringIO(text))
        return {name.lower(): value for name, value in values.items() if value}  # an empty one is not set


def read_text(path: Path) -> str:
    """What stands in the file, in UTF-8 or in UTF-16 that says so. Raises `UserError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check who may read it.") from error
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"Line {line} of {path} has a character that is not in UTF-8: save the file in UTF-8."
        ) from None
    if "\0" in text:
        raise UserError(f"{path} is not a text in UTF-8: save the file in UTF-8.")
    return text


def idle_lines(text: str, known: Collection[str], path: Path) -> Iterable[str]:
    """A sentence for each line of the file that does nothing; never with a value, which may be secret."""
    for line in parse_stream(io.StringIO(text)):
        where = f"Line {line.original.line} of {path}"
        if line.error:
            yield f"{where} is left out, because it is not NAME=value."
        elif line.key is not None and line.key.upper() not in known:
            yield f"{where}: {_not_a_setting(line.key, known, LIKE_IN_FILE)}"


def idle_variables(names: Iterable[str], known: Collection[str]) -> Iterable[str]:
    """A sentence for each variable of the environment that is nearly a setting, and does nothing."""
    for name in sorted(names):
        if name.upper() not in known and (name.upper() in INSTEAD or _nearest(name, known, LIKE_OUTSIDE)):
            if name.upper().endswith("_PROXY"):
                continue  # there it counts
            yield f"In the environment: {_not_a_setting(name, known, LIKE_OUTSIDE)}"


def _not_a_setting(name: str, known: Collection[str], like: float) -> str:
    if instead := INSTEAD.get(name.upper()):
        return f"{name} does nothing: {instead}."
    if nearest := _nearest(name, known, like):
        return f"{name} is not a setting and does nothing: did you mean {nearest}?"
    return f"{name} is not a setting and does nothing: .env.example lists all of them."


def _nearest(name: str, known: Collection[str], like: float) -> str | None:
    return next(iter(difflib.get_close_matches(name.upper(), known, 1, like)), None)
