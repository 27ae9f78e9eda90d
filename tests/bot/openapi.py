"""Discord's own description of its REST API: every body that the bot sends in a test is checked against it.

The description is not part of this repository: where it is missing, nothing is checked. It lies in
`../shared/discord/openapi.json`, or where DISCORD_OPENAPI says.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from sandbox.transcript import Sent

DESCRIPTION = Path(
    os.environ.get("DISCORD_OPENAPI")
    or Path(__file__).resolve().parents[3] / "shared" / "discord" / "openapi.json"
)
BODIES_OF_A_KIND = 50  # that are looked at in one life of a bot: a storm brings thousands that are alike


class Description:
    """The paths of the API, and what may be sent to each."""

    def __init__(self, specification: dict[str, Any]) -> None:
        self._components = specification["components"]
        # Described as text alone, but Discord takes numbers too, and discord.py numbers new files so.
        snowflake = self._components["schemas"]["SnowflakeType"]
        snowflake["type"] = ["string", "integer"]
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path, operations)
            for path, operations in specification["paths"].items()
        ]
        self._paths.sort(key=lambda entry: entry[1].count("{"))  # @original is also a {message_id}
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}
        self._problems: dict[str, str | None] = {}  # by request: each start sends the same commands again

    def operation(self, sent: Sent) -> str | None:
        """`METHOD /path/{with}/names`, or None for a request that Discord does not know."""
        for pattern, path, operations in self._paths:
            if pattern.fullmatch(sent.path) and sent.method.lower() in operations:
                return f"{sent.method} {path}"
        return None

    def problem(self, sent: Sent) -> str | None:
        """What is wrong with a request's body; None if nothing is."""
        request = json.dumps([sent.method, sent.path, sent.payload])
        if request not in self._problems:
            self._problems[request] = self._find_problem(sent)
        return self._problems[request]

    def _find_problem(self, sent: Sent) -> str | None:
        operation = self.operation(sent)
        if operation is None:
            return f"{sent} is not in Discord's description."
        method, path = operation.split()
        wanted = next(ops for _, known, ops in self._paths if known == path)[method.lower()].get(
            "requestBody"
        )
        if wanted is None or sent.payload is None:
            required = wanted is not None and wanted.get("required", False)
            return f"{operation} needs a body." if required else None
        key = (method, path)
        if key not in self._validators:
            schema = wanted["content"]["application/json"]["schema"]
            whole = {"components": self._components, "allOf": [schema]}
            self._validators[key] = Draft202012Validator(whole)
        payload: Any = sent.payload
        error = best_match(self._validators[key].iter_errors(payload))
        return None if error is None else f"{operation}: at {error.json_path}: {error.message[:300]}"


@cache
def description() -> Description | None:
    """Discord's description, if it is here."""
    return Description(json.loads(DESCRIPTION.read_text())) if DESCRIPTION.is_file() else None


class Checker:
    """Listens to what a bot sends (`Sandbox.transcript`) and keeps what was wrong with it."""

    def __init__(self, known: Description) -> None:
        self.known = known
        self.problems: list[str] = []
        self.seen: Counter[str] = Counter()  # bodies looked at, by operation, and by callback type

    def __call__(self, sent: Sent) -> None:
        if sent.path.startswith(("/attachments/", "/ephemeral-attachments/")):
            return
        if sent.payload is None and not 200 <= sent.status < 300:
            return  # a fault answered before anybody read the body
        kind = self.known.operation(sent) or str(sent)
        if isinstance(sent.payload, dict) and kind.endswith("/callback"):
            kind += f" type {sent.payload.get('type')}"
        self.seen[kind] += 1
        if self.seen[kind] <= BODIES_OF_A_KIND and (problem := self.known.problem(sent)):
            self.problems.append(problem)
