"""Whether values in a JSON body are of the kinds that their names promise, before anybody relies on it."""

from __future__ import annotations

import json
from typing import Any

from sandbox.form import Form, Path
from sandbox.snowflakes import parse_snowflake

DEPTH_MAX = 24  # of lists and objects in one another

_TEXT = (
    *("content", "title", "description", "url", "name", "label", "custom_id", "placeholder", "filename"),
    *("text", "icon_url", "proxy_url"),
)
_WHOLE = ("flags", "style", "color", "min_values", "max_values", "min_length", "max_length")
_NUMBERS = ("min_value", "max_value")
_PLACES = ("contexts", "integration_types")
_FLAGS = (
    "disabled",
    "required",
    "inline",
    "tts",
    "autocomplete",
    "default",
    "spoiler",
    "nsfw",
    "dm_permission",
)
_LISTS = ("embeds", "components", "attachments", "options", "choices", "fields", "items")
_OBJECTS = (
    *("footer", "author", "image", "thumbnail", "media", "file", "emoji", "accessory", "component", "data"),
    *("message_reference", "allowed_mentions"),
)
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(_TEXT, ((str,), "Must be a string.")),
    **dict.fromkeys(_WHOLE, ((int,), "Must be an integer.")),
    **dict.fromkeys(_NUMBERS, ((int, float), "Must be a number.")),
    **dict.fromkeys(_FLAGS, ((bool,), "Must be either true or false.")),
    **dict.fromkeys(_PLACES, ((list,), "Must be a list of integers.")),
    "type": ((int, str), "Must be an integer."),  # an embed's is a word
    "value": ((str, int, float), "Must be a string or a number."),
    **dict.fromkeys(_LISTS, ((list,), "Must be a list of objects.")),
    **dict.fromkeys(_OBJECTS, ((dict,), "Must be an object.")),
}
_NEVER_NULL = ("type", "style", "min_values", "max_values")  # what is left out has a default, and null none


def parse_json(text: str | bytes) -> Any:
    """Raises ValueError for what is not JSON, or holds what no client can send: NaN, half a character."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("too deep") from None
    json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded: a ValueError too
    return value


def check_shape(form: Form, value: object, path: Path = ()) -> None:
    """Notes every known name whose value is of another kind."""
    if len(path) > DEPTH_MAX:
        form.fail(path, "MAX_DEPTH", "This is nested too deeply.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_shape(form, item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            here = (*path, name)
            if _fits(name, item, form, here):
                check_shape(form, item, here)


def _fits(name: str, item: object, form: Form, path: Path) -> bool:
    """Whether a value may be looked into; notes what is wrong with it."""
    if item is None:
        if name in _NEVER_NULL:
            form.fail(path, "BASE_TYPE_REQUIRED", "This field is required")
        return False
    if name == "id" and parse_snowflake(item) is None:
        form.fail(path, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
        return False
    kinds, message = _KINDS.get(name, ((object,), ""))
    listed = name not in _LISTS or not isinstance(item, list) or all(isinstance(part, dict) for part in item)
    if isinstance(item, kinds) and listed and not (isinstance(item, bool) and bool not in kinds and message):
        return True
    form.fail(path, "BASE_TYPE_CHOICES", message)
    return False
