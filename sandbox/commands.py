"""Commands: registering them, and turning what a person filled in or chose into an interaction's data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.errors import PageError
from sandbox.form import Form, Path
from sandbox.places import SERVER, Place
from sandbox.snowflakes import parse_snowflake
from sandbox.state import State
from sandbox.world import (
    APPLICATION_ID,
    CHANNEL_ID,
    GUILD_ID,
    JsonObject,
    Person,
    channel_payload,
    member_payload,
    role_payloads,
    user_payload,
)

CHAT_INPUT, USER_MENU, MESSAGE_MENU = range(1, 4)
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER = range(1, 11)
ATTACHMENT = 11

GLOBAL = 0  # the scope of commands that belong to no server
COMMANDS_MAX, MENUS_MAX = 100, 5  # slash commands, and context menus of each kind
OPTIONS_MAX = 25
_NAME = re.compile(r"[-_'\w]{1,32}")
_MENU_NAME = re.compile(r"[-_'\w ]{1,32}")
_SAFE_INTEGER = 2**53

Attach = Callable[[object], JsonObject]  # the attachment that a value names; raises PageError


@dataclass(frozen=True, slots=True)
class Leaf:
    """A command as a person types it: `retrain start` is the leaf `start` of the command `retrain`."""

    name: str  # with spaces between its parts
    command: JsonObject
    options: list[JsonObject]
    node: JsonObject  # the command itself, or the subcommand
    parents: tuple[tuple[int, str], ...]  # (option type, name), outermost first, without the command itself

    def public(self, locale: str) -> JsonObject:
        """What the page needs to draw the command, in a language where the bot has words in it."""
        options = [
            option
            | {"description": _in(locale, option, "description")}
            | ({"choices": _choices(locale, option["choices"])} if option.get("choices") else {})
            for option in self.options
        ]
        description = _in(locale, self.node, "description")
        return {"name": self.name, "description": description, "options": options}


def _in(locale: str, thing: JsonObject, what: str) -> str:
    """A text of a command, an option or a choice as people with this language see it."""
    return (thing.get(f"{what}_localizations") or {}).get(locale) or thing.get(what, "")


def _choices(locale: str, choices: list[JsonObject]) -> list[JsonObject]:
    return [choice | {"name": _in(locale, choice, "name")} for choice in choices]


def check_commands(form: Form, commands: list[JsonObject]) -> None:
    """Notes what Discord would refuse in a list of commands to register."""
    names = [key_of(command) for command in commands]
    for index, command in enumerate(commands):
        at: Path = (index,)
        if not str(command.get("default_member_permissions") or "0").isdecimal():
            form.fail((*at, "default_member_permissions"), "NUMBER_TYPE_COERCE", "Must be a number.")
        if command.get("type", CHAT_INPUT) == CHAT_INPUT:
            _check_name(form, at, command)
            form.text((*at, "description"), command.get("description"), low=1, high=100)
            _check_options(form, at, command)
        else:
            _check_menu(form, at, command)
        if names.count(key_of(command)) > 1:
            form.fail(
                (*at, "name"),
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            )


def _check_name(form: Form, at: Path, named: JsonObject) -> None:
    name = str(named.get("name", ""))
    if not _NAME.fullmatch(name) or name != name.lower():
        form.fail((*at, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_menu(form: Form, at: Path, menu: JsonObject) -> None:
    """Notes what Discord would refuse in a context menu."""
    if menu["type"] not in (USER_MENU, MESSAGE_MENU):
        form.fail((*at, "type"), "BASE_TYPE_CHOICES", "This is no type of command.")
    name = str(menu.get("name", ""))
    if not _MENU_NAME.fullmatch(name) or name != name.strip():
        form.fail((*at, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if menu.get("description"):
        message = "Context menu commands cannot have description"
        form.fail((*at, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID", message)
    if menu.get("options"):
        message = "Context menu commands cannot have options"
        form.fail((*at, "options"), "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_INVALID", message)


def key_of(command: JsonObject) -> tuple[int, str]:
    """What tells a command from others: a slash command and a menu may have the same name."""
    return command.get("type", CHAT_INPUT), str(command.get("name"))


def _check_options(form: Form, at: Path, owner: JsonObject) -> None:
    optional_seen = False
    for index, option in enumerate(form.count((*at, "options"), owner.get("options"), high=OPTIONS_MAX)):
        here = (*at, "options", index)
        _check_name(form, here, option)
        form.text((*here, "description"), option.get("description"), low=1, high=100)
        if option.get("type") not in range(SUBCOMMAND, ATTACHMENT + 1):
            form.fail((*here, "type"), "BASE_TYPE_CHOICES", "This is no type of option.")
        if option.get("type") in (SUBCOMMAND, GROUP):
            _check_options(form, here, option)
            continue
        if option.get("required") and optional_seen:
            message = "Required options must be placed before non-required options"
            form.fail(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_seen = optional_seen or not option.get("required")
        choices = form.count((*here, "choices"), option.get("choices"), high=25)
        for i, choice in enumerate(choices):
            form.text((*here, "choices", i, "name"), choice.get("name"), low=1, high=100)
            if not isinstance(choice.get("value"), str | int | float):
                form.fail((*here, "choices", i, "value"), "BASE_TYPE_REQUIRED", "This field is required")
        if choices and option.get("autocomplete"):
            message = "Autocomplete cannot be combined with choices"
            form.fail((*here, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", message)


def registered(state: State, scope: int, command: JsonObject, known: JsonObject | None) -> JsonObject:
    """The command as Discord keeps and returns it; it keeps its id when it replaces one of that name."""
    command_id = known["id"] if known else str(state.snowflakes.next())
    kept: JsonObject = {
        "type": CHAT_INPUT,
        "default_member_permissions": None,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        "options": [],
        "description": "",
        **command,
        "id": command_id,
        "application_id": str(APPLICATION_ID),
        "version": str(state.snowflakes.next()),
    }
    return kept | {"guild_id": str(GUILD_ID)} if scope else kept


async def leaves(state: State, person: Person, place: Place = SERVER) -> list[Leaf]:
    """The commands that this person sees there, in the order in which the bot registered them. One of the
    server's own hides a global one.
    """
    return [leaf for command in await _seen(state, person, place, CHAT_INPUT) for leaf in _descend(command)]


async def menus(state: State, person: Person, place: Place = SERVER) -> list[JsonObject]:
    """The commands that this person finds in the context menu of a message there; see `leaves`."""
    return await _seen(state, person, place, MESSAGE_MENU)


async def _seen(state: State, person: Person, place: Place, kind: int) -> list[JsonObject]:
    by_name: dict[str, JsonObject] = {}
    for scope in (GLOBAL, GUILD_ID) if place.in_server else (GLOBAL,):
        for command in await state.commands(scope):
            # Outside of servers there are no permissions that a command could ask for.
            allowed = place.allows(command) and (not place.in_server or _may_use(person, command))
            if command["type"] == kind and allowed:
                by_name[command["name"]] = command
    return list(by_name.values())


def _may_use(person: Person, command: JsonObject) -> bool:
    needed = command.get("default_member_permissions")
    if needed is None or person.admin:
        return True
    return int(needed) != 0 and int(needed) & ~person.permissions == 0


def _descend(
    command: JsonObject, node: JsonObject | None = None, parents: tuple[tuple[int, str], ...] = ()
) -> list[Leaf]:
    node = command if node is None else node
    options: list[JsonObject] = node.get("options") or []
    inner = [option for option in options if option["type"] in (SUBCOMMAND, GROUP)]
    if not inner:
        name = " ".join((command["name"], *(parent for _, parent in parents)))
        return [Leaf(name, command, options, node, parents)]
    return [
        leaf
        for option in inner
        for leaf in _descend(command, option, (*parents, (option["type"], option["name"])))
    ]


def command_data(
    state: State,
    leaf: Leaf,
    values: dict[str, Any],
    *,
    focused: str | None = None,
    place: Place = SERVER,
    attach: Attach | None = None,
) -> JsonObject:
    """An interaction's data for a command with these option values; `attach` knows those that are files.

    With `focused` it is for autocomplete: that option's text is taken as it is, and none is required.
    Raises PageError for what Discord's own client would not send.
    """
    wrong: dict[str, str] = {}
    filled: list[JsonObject] = []
    people: list[Person] = []
    attachments: dict[str, JsonObject] = {}
    known = {option["name"] for option in leaf.options}
    for name in values.keys() - known:
        wrong[name] = f"/{leaf.name} has no option of this name."
    for option in leaf.options:
        name, value = option["name"], values.get(option["name"])
        if name == focused:
            filled.append({"name": name, "type": option["type"], "value": str(value or ""), "focused": True})
            continue
        if value is None or value == "":
            if option.get("required") and focused is None:
                wrong[name] = "This option is required."
            continue
        try:
            if option["type"] == ATTACHMENT and attach is not None:
                attachment = attach(value)
                value = attachment["id"]
                attachments[value] = attachment
            else:
                value = _convert(state, option, value)
        except (ValueError, PageError) as error:
            if focused is None:
                wrong[name] = str(error)
            continue
        filled.append({"name": name, "type": option["type"], "value": value})
        if option["type"] in (USER, MENTIONABLE) and (person := state.person(int(value))):
            people.append(person)
    if wrong:
        raise PageError("Please check the options: " + " ".join(f"{k}: {v}" for k, v in wrong.items()), wrong)
    for kind, name in reversed(leaf.parents):
        filled = [{"name": name, "type": kind, "options": filled}]
    data: JsonObject = {
        "id": leaf.command["id"],
        "name": leaf.command["name"],
        "type": CHAT_INPUT,
        "options": filled,
    }
    if "guild_id" in leaf.command:
        data["guild_id"] = leaf.command["guild_id"]
    resolved = _resolved(leaf, people, place) | ({"attachments": attachments} if attachments else {})
    return data | {"resolved": resolved} if resolved else data


def menu_data(menu: JsonObject, message: JsonObject) -> JsonObject:
    """An interaction's data for a command in the context menu of a message, which is given as the bot gets
    it.
    """
    data: JsonObject = {
        "id": menu["id"],
        "name": menu["name"],
        "type": MESSAGE_MENU,
        "target_id": message["id"],
        "resolved": {"messages": {message["id"]: message}},
    }
    return data | {"guild_id": menu["guild_id"]} if "guild_id" in menu else data


def _convert(state: State, option: JsonObject, value: object) -> str | int | float | bool:
    """The value in the option's type. Raises ValueError with a sentence for the person."""
    choices = option.get("choices") or []
    if choices:
        for choice in choices:
            if str(value) in (str(choice["value"]), choice["name"]):
                return choice["value"]
        raise ValueError("Choose one of: " + ", ".join(choice["name"] for choice in choices) + ".")
    kind = option["type"]
    if kind == STRING:
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(str(value)) <= high:
            raise ValueError(f"Between {low} and {high} characters, please.")
        return str(value)
    if kind in (INTEGER, NUMBER):
        return _number(option, value)
    if kind == BOOLEAN:
        if str(value).lower() not in ("true", "false"):
            raise ValueError("True or False, please.")
        return str(value).lower() == "true"
    return _entity(state, kind, str(value))


def _number(option: JsonObject, value: object) -> int | float:
    try:
        parsed = int(str(value)) if option["type"] == INTEGER else float(str(value))
    except ValueError:
        raise ValueError(
            "A whole number, please." if option["type"] == INTEGER else "A number, please."
        ) from None
    low, high = option.get("min_value"), option.get("max_value")
    low, high = -_SAFE_INTEGER if low is None else low, _SAFE_INTEGER if high is None else high
    if not low <= parsed <= high:
        raise ValueError(f"A number between {low} and {high}, please.")
    return parsed


def _entity(state: State, kind: int, value: str) -> str:
    """The id of a person, role or channel given by id, mention or name."""
    text = value.strip("<@&#!> ")
    if kind in (USER, MENTIONABLE):
        person_id = parse_snowflake(text)
        person = state.person_named(text) if person_id is None else state.person(person_id)
        if person is not None:
            return str(person.id)
    if kind in (ROLE, MENTIONABLE):
        for role in role_payloads():
            if text in (role["id"], role["name"]):
                return role["id"]
    if kind == CHANNEL and text in (str(CHANNEL_ID), channel_payload()["name"]):
        return str(CHANNEL_ID)
    raise ValueError("There is nobody and nothing of this name here.")


def resolved_people(people: list[Person], place: Place) -> JsonObject:
    """People whom an option or a menu names; outside of servers they are nobody's members."""
    resolved: JsonObject = {"users": {str(p.id): user_payload(p) for p in people}}
    if place.in_server:
        resolved["members"] = {
            str(p.id): member_payload(p, with_user=False, with_permissions=True) for p in people
        }
    return resolved


def _resolved(leaf: Leaf, people: list[Person], place: Place) -> JsonObject:
    resolved: JsonObject = {}
    if people:
        resolved |= resolved_people(people, place)
    kinds = {option["type"] for option in leaf.options}
    if CHANNEL in kinds:
        resolved["channels"] = {str(CHANNEL_ID): channel_payload() | {"permissions": "0"}}
    if kinds & {ROLE, MENTIONABLE}:
        resolved["roles"] = {role["id"]: role for role in role_payloads()}
    return resolved
