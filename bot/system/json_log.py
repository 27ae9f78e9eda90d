"""The log as one JSON object a line, for programs that collect logs (LOG_FORMAT=json)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from bot.system.metrics import interaction_id
from bot.system.redaction import redact


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
