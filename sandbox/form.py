"""Collects what is wrong with a request, in the nested shape of Discord's "Invalid Form Body" (50035)."""

from __future__ import annotations

from typing import Any

from sandbox.errors import ApiError

Path = tuple[str | int, ...]


class Form:
    """Notes every fault with its path; `settle` raises them all at once."""

    def __init__(self) -> None:
        self._errors: dict[str, Any] = {}

    def fail(self, path: Path, code: str, message: str) -> None:
        node = self._errors
        for step in path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def text(self, path: Path, value: object, *, low: int = 0, high: int) -> int:
        """Checks a string's length in characters and returns it (0 for a missing one that may be missing)."""
        if value is None and low == 0:
            return 0
        if not isinstance(value, str):
            self.fail(path, "BASE_TYPE_REQUIRED", "This field is required")
            return 0
        if not low <= len(value) <= high:
            self.fail(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        return len(value)

    def count(self, path: Path, value: object, *, low: int = 0, high: int) -> list[dict[str, Any]]:
        """Checks a list's length and returns it (empty when it is not a list of objects)."""
        if value is None:
            value = []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(path, "LIST_TYPE_CONVERT", "Must be a list of objects.")
            return []
        if not low <= len(value) <= high:
            self.fail(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        return value

    def settle(self) -> None:
        if self._errors:
            raise ApiError(400, 50035, "Invalid Form Body", self._errors)
