"""Where people meet the bot: in the server, in direct messages, and in a group that it is not part of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sandbox.world import (
    BOT,
    CHANNEL_ID,
    GROUP_ID,
    GUILD_ID,
    RESIDENTS,
    JsonObject,
    Person,
    channel_payload,
    member_payload,
    user_payload,
)

Kind = Literal["server", "direct", "group"]
KINDS = get_args(Kind)

_DIRECT = 1 << 21  # marks the channel of someone's direct messages; counters of ids never come this far
_CONTEXTS = {"server": 0, "direct": 1, "group": 2}
# What Discord grants an app outside of servers: to attach files, embed links and mention everyone, and in its
# own direct messages also foreign emoji.
_PERMISSIONS = {"direct": 1 << 15 | 1 << 14 | 1 << 17 | 1 << 18, "group": 1 << 15 | 1 << 14 | 1 << 17}


@dataclass(frozen=True, slots=True)
class Place:
    """A channel as one person sees it."""

    kind: Kind
    channel_id: int

    @property
    def context(self) -> int:
        """Discord's name for it: 0 server, 1 the bot's direct messages, 2 any other private channel."""
        return _CONTEXTS[self.kind]

    @property
    def in_server(self) -> bool:
        return self.kind == "server"

    @property
    def open_to_bot(self) -> bool:
        """May the bot read and write here on its own?"""
        return self.kind != "group"

    @property
    def owner_id(self) -> int | None:
        """Whose direct messages these are."""
        return self.channel_id ^ _DIRECT if self.kind == "direct" else None

    def channel(self, person: Person, last_message_id: int | None = None) -> JsonObject:
        """The channel as Discord describes it; `person` is whom the bot talks with in a direct message."""
        if self.in_server:
            return channel_payload(last_message_id)
        payload: JsonObject = {"id": str(self.channel_id), "last_message_id": None, "flags": 0}
        if self.kind == "direct":
            return payload | {"type": 1, "recipients": [user_payload(person)]}
        members = [user_payload(resident) for resident in RESIDENTS]
        return payload | {
            "type": 3,
            "name": "Friends",
            "icon": None,
            "owner_id": members[0]["id"],
            "recipients": members,
        }

    def interaction_fields(
        self, person: Person, last_message_id: int | None, locale: str, denied: int = 0
    ) -> JsonObject:
        """What says of an interaction where it comes from and whose it is.

        `locale`: the server's. `denied`: permissions that the server takes from the bot.
        """
        channel = self.channel(person, last_message_id)
        fields: JsonObject = {
            "channel_id": str(self.channel_id),
            "context": self.context,
            "authorizing_integration_owners": self.integration_owners(person.id),
        }
        if not self.in_server:
            granted = str(_PERMISSIONS[self.kind])
            return fields | {
                "channel": channel | {"permissions": granted},
                "user": user_payload(person),
                "app_permissions": granted,
            }
        return fields | {
            "channel": channel | {"permissions": str(person.permissions)},
            "guild_id": str(GUILD_ID),
            "guild": {"id": str(GUILD_ID), "locale": locale, "features": []},
            "guild_locale": locale,
            "member": member_payload(person, with_permissions=True),
            "app_permissions": str(BOT.permissions & ~denied),
        }

    def integration_owners(self, person_id: int) -> dict[str, str]:
        """Who installed the bot for this place: the server (0), the person (1), or both."""
        if self.in_server:
            return {"0": str(GUILD_ID)}
        by_person = {"1": str(person_id)}
        return {"0": "0"} | by_person if self.kind == "direct" else by_person

    def allows(self, command: JsonObject) -> bool:
        """Does a command show up here, as far as its definition goes?"""
        contexts = command.get("contexts")
        if contexts is not None and self.context not in contexts:
            return False
        # A command that only servers install reaches the bot's direct messages, but no further.
        return self.kind != "group" or 1 in (command.get("integration_types") or [0])

    def public(self) -> JsonObject:
        """What the page shows of it."""
        return {"kind": self.kind, "id": str(self.channel_id)} | _SHOWN[self.kind]


_SHOWN: dict[Kind, dict[str, str]] = {
    "server": {"name": "hatchery", "topic": str(channel_payload()["topic"])},
    "direct": {"name": BOT.name, "topic": "Direct messages: nobody else sees what is written here."},
    "group": {
        "name": "Friends",
        "topic": "A group without the bot: who installed it for themselves can use its commands here too.",
    },
}

SERVER = Place("server", CHANNEL_ID)
GROUP = Place("group", GROUP_ID)


def direct_messages(person_id: int) -> Place:
    return Place("direct", person_id | _DIRECT)


def place_of(kind: str, person: Person) -> Place | None:
    """The place of this kind as `person` finds it; None for an unknown kind."""
    return {"server": SERVER, "direct": direct_messages(person.id), "group": GROUP}.get(kind)


def place_with(channel_id: int) -> Place:
    """The place of a channel; what is neither the server's nor the group's is someone's direct messages."""
    known = {SERVER.channel_id: SERVER, GROUP.channel_id: GROUP}
    return known.get(channel_id) or Place("direct", channel_id)
