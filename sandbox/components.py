"""Buttons, menus, layouts and dialogs: their limits, and walking through them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from sandbox.errors import PageError
from sandbox.form import Form, Path

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18

SELECTS = {STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT}
LINK_STYLE, PREMIUM_STYLE = 5, 6
LAYOUT_COMPONENTS_MAX = 40
LAYOUT_TEXT_MAX = 4000

_TOP_LEVEL_LAYOUT = {ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER}


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, parents before children, in the order they are shown."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                yield from walk([component[key]])


def number(components: list[dict[str, Any]]) -> None:
    """Gives each component without an id the next free one, as Discord does."""
    taken = {component["id"] for component in walk(components) if component.get("id")}
    following = (n for n in count(1) if n not in taken)
    for component in walk(components):
        if not component.get("id"):
            component["id"] = next(following)


def find(components: list[dict[str, Any]], custom_id: str) -> dict[str, Any] | None:
    """The component that a person can use under this custom_id."""
    return next((c for c in walk(components) if c.get("custom_id") == custom_id), None)


def check_values(select: dict[str, Any], values: object) -> list[str]:
    """What a person chose in a menu. Raises PageError where the menu does not offer it."""
    chosen = [str(value) for value in values] if isinstance(values, list) else []
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not low <= len(chosen) <= high or len(set(chosen)) < len(chosen):
        raise PageError(f"Choose {low} to {high}, please." if low < high else f"Choose {low}, please.")
    if select["type"] == STRING_SELECT:
        offered = {option["value"] for option in select["options"]}
        if not offered.issuperset(chosen):
            raise PageError("This menu does not offer that.")
    return chosen


def check_rows(form: Form, path: Path, components: list[dict[str, Any]]) -> None:
    """The components of an ordinary message: up to five rows of five buttons or one menu."""
    for index, row in enumerate(components):
        if row.get("type") != ROW:
            form.fail(
                (*path, index, "type"), "BASE_TYPE_CHOICES", 'Value of field "type" must be one of (1,).'
            )
            continue
        _check_row(form, (*path, index), row)
    _check_ids(form, path, components)


def check_layout(form: Form, path: Path, components: list[dict[str, Any]], filenames: set[str]) -> None:
    """The components of a V2 message: at most 40 in all, 4,000 characters, pictures by name."""
    everything = list(walk(components))
    if len(everything) > LAYOUT_COMPONENTS_MAX:
        form.fail(
            path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The total number of components exceeds 40."
        )
    if sum(len(str(c.get("content", ""))) for c in everything) > LAYOUT_TEXT_MAX:
        form.fail(
            path,
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"The total text size of all components exceeds {LAYOUT_TEXT_MAX}",
        )
    _check_layout_level(form, path, components, filenames, _TOP_LEVEL_LAYOUT)
    _check_ids(form, path, components)


def _check_layout_level(
    form: Form, path: Path, components: list[dict[str, Any]], filenames: set[str], allowed: set[int]
) -> None:
    for index, component in enumerate(components):
        at = (*path, index)
        kind = component.get("type")
        if kind not in allowed:
            form.fail(
                (*at, "type"),
                "UNION_TYPE_CHOICES",
                f'Value of field "type" must be one of {sorted(allowed)}.',
            )
        elif kind == ROW:
            _check_row(form, at, component)
        elif kind == TEXT:
            form.text((*at, "content"), component.get("content"), low=1, high=LAYOUT_TEXT_MAX)
        elif kind == SECTION:
            lines = form.count((*at, "components"), component.get("components"), low=1, high=3)
            _check_layout_level(form, (*at, "components"), lines, filenames, {TEXT})
            accessory = component.get("accessory") or {}
            if accessory.get("type") == BUTTON:
                _check_button(form, (*at, "accessory"), accessory)
            else:
                _check_media(form, (*at, "accessory", "media"), accessory.get("media"), filenames)
        elif kind == GALLERY:
            for i, item in enumerate(form.count((*at, "items"), component.get("items"), low=1, high=10)):
                _check_media(form, (*at, "items", i, "media"), item.get("media"), filenames)
        elif kind == FILE:
            _check_media(form, (*at, "file"), component.get("file"), filenames)
        elif kind == CONTAINER:
            inner = form.count((*at, "components"), component.get("components"), low=1, high=40)
            _check_layout_level(form, (*at, "components"), inner, filenames, _TOP_LEVEL_LAYOUT - {CONTAINER})


def _check_media(form: Form, path: Path, media: object, filenames: set[str]) -> None:
    url = str(media.get("url", "")) if isinstance(media, dict) else ""
    if url.startswith("attachment://"):
        if url.removeprefix("attachment://") not in filenames:
            form.fail(
                (*path, "url"),
                "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                f"The referenced attachment '{url}' was not found",
            )
    elif not url.startswith(("http://", "https://")):
        form.fail((*path, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _check_row(form: Form, path: Path, row: dict[str, Any]) -> None:
    children = form.count((*path, "components"), row.get("components"), low=1, high=5)
    if any(child.get("type") in SELECTS for child in children) and len(children) > 1:
        form.fail((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A menu fills its row.")
    for index, child in enumerate(children):
        at = (*path, "components", index)
        if child.get("type") == BUTTON:
            _check_button(form, at, child)
        elif child.get("type") in SELECTS:
            _check_select(form, at, child)
        else:
            form.fail(
                (*at, "type"), "UNION_TYPE_CHOICES", "Only buttons and menus fit into a row of a message."
            )


def _check_button(form: Form, path: Path, button: dict[str, Any]) -> None:
    style = button.get("style")
    if style not in range(1, 7):
        form.fail(
            (*path, "style"), "BASE_TYPE_CHOICES", 'Value of field "style" must be one of (1, 2, 3, 4, 5, 6).'
        )
    form.text((*path, "label"), button.get("label"), high=80)
    if not button.get("label") and not button.get("emoji") and style != PREMIUM_STYLE:
        form.fail((*path, "label"), "BUTTON_COMPONENT_MISSING_LABEL", "A button needs a label or an emoji.")
    if style == LINK_STYLE:
        form.text((*path, "url"), button.get("url"), low=1, high=512)
    elif style != PREMIUM_STYLE:
        form.text((*path, "custom_id"), button.get("custom_id"), low=1, high=100)


def _check_select(form: Form, path: Path, select: dict[str, Any]) -> None:
    form.text((*path, "custom_id"), select.get("custom_id"), low=1, high=100)
    form.text((*path, "placeholder"), select.get("placeholder"), high=150)
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not 0 <= low <= 25 or not 1 <= high <= 25 or low > high:
        form.fail((*path, "min_values"), "NUMBER_TYPE_MAX", "min_values and max_values do not fit together.")
    if select.get("type") != STRING_SELECT:
        return
    options = form.count((*path, "options"), select.get("options"), low=1, high=25)
    if high > len(options):
        form.fail(
            (*path, "max_values"), "SELECT_COMPONENT_MAX_VALUES", "max_values exceeds the number of options."
        )
    seen: set[str] = set()
    for index, option in enumerate(options):
        at = (*path, "options", index)
        form.text((*at, "label"), option.get("label"), low=1, high=100)
        form.text((*at, "value"), option.get("value"), low=1, high=100)
        form.text((*at, "description"), option.get("description"), high=100)
        if option.get("value") in seen:
            form.fail(
                (*at, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The option value is used twice."
            )
        seen.add(str(option.get("value")))


def _check_ids(form: Form, path: Path, components: list[dict[str, Any]]) -> None:
    ids = [c["custom_id"] for c in walk(components) if c.get("custom_id")]
    for custom_id in sorted({i for i in ids if ids.count(i) > 1}):
        form.fail(
            path, "COMPONENT_CUSTOM_ID_DUPLICATED", f"Component custom id {custom_id!r} cannot be duplicated"
        )


def check_modal(form: Form, path: Path, modal: dict[str, Any]) -> None:
    """A dialog: a title, and one to five inputs, each in a row of its own or under a label."""
    form.text((*path, "title"), modal.get("title"), low=1, high=45)
    form.text((*path, "custom_id"), modal.get("custom_id"), low=1, high=100)
    children = form.count((*path, "components"), modal.get("components"), low=1, high=5)
    for index, child in enumerate(children):
        at = (*path, "components", index)
        if child.get("type") == LABEL:
            form.text((*at, "label"), child.get("label"), low=1, high=45)
            form.text((*at, "description"), child.get("description"), high=100)
            _check_modal_input(form, (*at, "component"), child.get("component") or {})
        elif child.get("type") == ROW:
            for i, text_input in enumerate(
                form.count((*at, "components"), child.get("components"), low=1, high=1)
            ):
                form.text((*at, "components", i, "label"), text_input.get("label"), low=1, high=45)
                _check_modal_input(form, (*at, "components", i), text_input)
        elif child.get("type") == TEXT:
            form.text((*at, "content"), child.get("content"), low=1, high=LAYOUT_TEXT_MAX)
        else:
            form.fail((*at, "type"), "UNION_TYPE_CHOICES", "Only inputs, labels and text fit into a dialog.")
    _check_ids(form, path, children)


def _check_modal_input(form: Form, path: Path, component: dict[str, Any]) -> None:
    if component.get("type") in SELECTS:
        _check_select(form, path, component)
        return
    if component.get("type") != TEXT_INPUT:
        form.fail(
            (*path, "type"), "UNION_TYPE_CHOICES", "The sandbox knows text inputs and menus in dialogs."
        )
        return
    form.text((*path, "custom_id"), component.get("custom_id"), low=1, high=100)
    form.text((*path, "placeholder"), component.get("placeholder"), high=100)
    form.text((*path, "value"), component.get("value"), high=4000)
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    if not 0 <= low <= 4000 or not 1 <= high <= 4000 or low > high:
        form.fail((*path, "min_length"), "NUMBER_TYPE_MAX", "min_length and max_length do not fit together.")
