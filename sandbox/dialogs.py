"""Dialogs (modals): what a person filled in → an interaction's data."""

from __future__ import annotations

from typing import Any

from sandbox.components import LABEL, ROW, SELECTS, TEXT, check_values
from sandbox.errors import PageError
from sandbox.world import JsonObject


def submission(modal: JsonObject, values: dict[str, Any]) -> JsonObject:
    """The data of a modal submit. Raises PageError, with the faults by custom_id, for what Discord's own
    client would not send."""
    wrong: dict[str, str] = {}
    filled: list[JsonObject] = []
    for component in modal["components"]:
        kept: JsonObject = {"type": component["type"], "id": component["id"]}
        if component["type"] == LABEL:
            kept["component"] = _input(component["component"], values, wrong)
        elif component["type"] == ROW:
            kept["components"] = [_input(child, values, wrong) for child in component["components"]]
        elif component["type"] == TEXT:
            kept["content"] = component["content"]
        filled.append(kept)
    if wrong:
        raise PageError("Please check what you filled in.", wrong)
    return {"custom_id": modal["custom_id"], "components": filled}


def _input(component: JsonObject, values: dict[str, Any], wrong: dict[str, str]) -> JsonObject:
    custom_id = component["custom_id"]
    kept: JsonObject = {"type": component["type"], "id": component["id"], "custom_id": custom_id}
    if component["type"] in SELECTS:
        try:
            kept["values"] = check_values(component, values.get(custom_id) or [])
        except PageError as error:
            wrong[custom_id] = str(error)
        return kept
    text = str(values.get(custom_id, component.get("value")) or "")
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    if not text and component.get("required", True):
        wrong[custom_id] = "This field is required."
    elif text and not low <= len(text) <= high:
        wrong[custom_id] = f"Between {low} and {high} characters, please."
    kept["value"] = text
    return kept
