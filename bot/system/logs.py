"""Where the log goes and in which form: for people, or an object of JSON a line (LOG_FORMAT=json)."""

from __future__ import annotations

import io
import json
import logging
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.logging import RichHandler

from bot.system.metrics import interaction_id
from bot.system.redaction import RedactingFormatter, redact


class JsonFormatter(logging.Formatter):
    """Time, level, logger and message, and where there are such: interaction id, error id, traceback.

    What is secret is left out, as everywhere.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if (served := interaction_id()) is not None:
            entry["interaction_id"] = str(served)  # more digits than JavaScript's numbers have
        if (error_id := getattr(record, "error_id", None)) is not None:
            entry["error_id"] = error_id
        if record.exc_info:
            entry["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def log_to(where: Console, level: str) -> None:
    """Print what is logged from this level on, without what is secret."""
    handler = RichHandler(console=where, show_path=False)
    handler.setFormatter(RedactingFormatter("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    for talkative in ("discord", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def log_as_json() -> None:
    """Print the log for programs from now on, a line of JSON each."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().handlers[:] = [handler]


def speak_any_encoding() -> None:
    """A terminal that cannot show a character gets a question mark: no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
