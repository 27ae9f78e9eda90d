"""What the driver hands out: messages, buttons, menus and dialogs as a person sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.components import BUTTON, GALLERY, LABEL, STRING_SELECT, TEXT, THUMBNAIL, walk
from sandbox.limits import EPHEMERAL, LOADING


class InteractionFailed(Exception):
    """The bot did not answer in time; the page shows this in red."""


class ActionRefused(Exception):
    """The page would not let a person do this. `fields`: option or input → what is wrong with it."""

    def __init__(self, message: str, fields: dict[str, str]) -> None:
        super().__init__(message)
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    value: str | int | float


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that a person gives to a command or puts beside a message."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, or a picture within an embed or layout (which has no id of its own)."""

    url: str  # path on the sandbox
    filename: str
    id: str | None = None
    size: int | None = None  # bytes
    width: int | None = None  # pixels
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Button:
    custom_id: str  # empty for a link
    label: str
    style: int
    disabled: bool = False
    emoji: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    custom_id: str
    placeholder: str
    options: tuple[tuple[str, str], ...]  # (label, value)
    disabled: bool = False


@dataclass(frozen=True)
class Message:
    """A message as it stood at one moment: a view of Discord's JSON, worked out as far as it is looked at."""

    raw: dict[str, Any]

    @property
    def id(self) -> str:
        return self.raw["id"]

    @property
    def author(self) -> str:
        return self.raw["author"]["global_name"] or self.raw["author"]["username"]

    @property
    def content(self) -> str:
        return self.raw["content"]

    @property
    def private(self) -> bool:
        """Only this person sees it."""
        return bool(self.raw["flags"] & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """It shows "thinking…"."""
        return bool(self.raw["flags"] & LOADING)

    @property
    def failed(self) -> bool:
        """It shows that the application did not respond."""
        return self.raw["failed"]

    @property
    def edited(self) -> bool:
        return self.raw["edited_timestamp"] is not None

    @property
    def embeds(self) -> list[dict[str, Any]]:
        return self.raw["embeds"]

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Files, without those that embeds show."""
        return tuple(
            Attachment(a["url"], a["filename"], a["id"], a["size"], a.get("width"), a.get("height"))
            for a in self.raw["attachments"]
        )

    @cached_property
    def pictures(self) -> tuple[Attachment, ...]:
        """Everything that is shown as a picture, wherever: attachments, then embeds, then layouts."""
        shown = tuple(_pictures(self.raw, self._components))
        addresses = {picture.url for picture in shown}
        return (*(a for a in self.attachments if a.width and a.url not in addresses), *shown)

    @cached_property
    def alts(self) -> tuple[str, ...]:
        """What its pictures show, in the words for those who cannot see them."""
        items = [item for c in self._components if c["type"] == GALLERY for item in c["items"]]
        shown = [*(embed.get("image") or {} for embed in self.embeds), *items]
        if not items:  # or else the attachments are what these show
            shown = [*self.raw["attachments"], *shown]
        return tuple(one["description"] for one in shown if one.get("description"))

    @cached_property
    def buttons(self) -> tuple[Button, ...]:
        return tuple(_button(c) for c in self._components if c["type"] == BUTTON)

    @cached_property
    def menus(self) -> tuple[Menu, ...]:
        return tuple(_menu(c) for c in self._components if c["type"] == STRING_SELECT)

    @cached_property
    def _components(self) -> list[dict[str, Any]]:
        return list(walk(self.raw["components"]))

    @property
    def text(self) -> str:
        """All the words of the message, a line each: content, embeds and layouts."""
        lines: list[str | None] = [self.content]
        for embed in self.embeds:
            lines += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
            lines += [text for field in embed.get("fields", []) for text in (field["name"], field["value"])]
            lines.append((embed.get("footer") or {}).get("text"))
        lines += [c["content"] for c in self._components if c["type"] == TEXT]
        return "\n".join(line for line in lines if line)

    @property
    def title(self) -> str:
        """What it is headed with: its first embed's title, or a layout's first heading; "" for neither."""
        if self.embeds:
            return self.embeds[0].get("title", "")
        texts = (c["content"] for c in self._components if c["type"] == TEXT)
        headings = (line for text in texts for line in text.split("\n") if line.startswith("#"))
        return next(headings, "").lstrip("#").strip()

    def button(self, label_or_id: str) -> Button:
        """Raises LookupError where there is no such button, or a person could not click it."""
        for button in self.buttons:
            if label_or_id in (button.label, button.custom_id, f"{button.emoji} {button.label}".strip()):
                if button.disabled:
                    raise LookupError(f"The button {label_or_id!r} is disabled.")
                return button
        raise LookupError(
            f"No button {label_or_id!r}; there are {[b.label or b.emoji for b in self.buttons]}."
        )

    def menu(self, placeholder_or_id: str) -> Menu:
        """Raises LookupError where there is no such menu, or a person could not open it."""
        for menu in self.menus:
            if placeholder_or_id in (menu.placeholder, menu.custom_id):
                if menu.disabled:
                    raise LookupError(f"The menu {placeholder_or_id!r} is disabled.")
                return menu
        raise LookupError(f"No menu {placeholder_or_id!r}; there are {[m.placeholder for m in self.menus]}.")


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a dialog."""

    custom_id: str
    label: str
    required: bool
    value: str  # what it holds at first
    max_length: int | None


@dataclass(frozen=True, slots=True)
class Modal:
    """A dialog that the bot opened."""

    interaction_id: str
    title: str
    custom_id: str
    fields: tuple[Field, ...]

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Modal:
        modal = event["modal"]
        return cls(event["interaction_id"], modal["title"], modal["custom_id"], tuple(_fields(modal)))

    def field(self, label_or_id: str) -> Field:
        for field in self.fields:
            if label_or_id in (field.label, field.custom_id):
                return field
        raise LookupError(f"No field {label_or_id!r}; there are {[field.label for field in self.fields]}.")


def _pictures(raw: dict[str, Any], everything: list[dict[str, Any]]) -> Iterator[Attachment]:
    media = [embed[key] for embed in raw["embeds"] for key in ("image", "thumbnail") if embed.get(key)]
    for component in everything:
        if component["type"] == GALLERY:
            media += [item["media"] for item in component["items"]]
        elif component["type"] == THUMBNAIL:
            media.append(component["media"])
    for picture in media:
        name = picture["url"].partition("?")[0].rpartition("/")[2]
        yield Attachment(picture["url"], name, width=picture.get("width"), height=picture.get("height"))


def _button(component: dict[str, Any]) -> Button:
    return Button(
        custom_id=component.get("custom_id", ""),
        label=component.get("label") or "",
        style=component["style"],
        disabled=component.get("disabled", False),
        emoji=(component.get("emoji") or {}).get("name") or "",
        url=component.get("url") or "",
    )


def _menu(component: dict[str, Any]) -> Menu:
    options = tuple((option["label"], option["value"]) for option in component["options"])
    return Menu(
        component["custom_id"], component.get("placeholder") or "", options, component.get("disabled", False)
    )


def _fields(modal: dict[str, Any]) -> Iterator[Field]:
    for top in modal["components"]:
        inner = [top["component"]] if top["type"] == LABEL else top.get("components") or []
        for component in inner:
            yield Field(
                custom_id=component["custom_id"],
                label=top.get("label") or component.get("label") or "",
                required=component.get("required", True),
                value=component.get("value") or "",
                max_length=component.get("max_length"),
            )
