"""The small world that the sandbox shows: one server, its roles, one bot, and a few people.

Ids are constants, so that what the bot remembers about its people outlives a deleted sandbox folder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]

_BORN = (1_704_067_200_000 - 1_420_070_400_000) << 22  # 1 January 2024 as a snowflake

APPLICATION_ID = _BORN + 1  # also the bot's user id, as with every recent Discord application
GUILD_ID = _BORN + 2  # also the id of the role @everyone
CHANNEL_ID = _BORN + 3
BOT_ROLE_ID = _BORN + 4
ADMIN_ROLE_ID = _BORN + 5
MANAGER_ROLE_ID = _BORN + 6
BREEDER_ROLE_ID = _BORN + 7
GROUP_ID = _BORN + 8  # a group chat that the bot is not part of

ATTACHMENT_SIZE_LIMIT = 10 * 1024 * 1024  # bytes a file
LOCALE = "en-GB"
LOCALES = (LOCALE, "en-US", "zh-CN", "de", "fr", "ja")  # some of those that Discord's apps speak

VIEW_CHANNEL, SEND_MESSAGES, EMBED_LINKS, ATTACH_FILES, _HISTORY = 1 << 10, 1 << 11, 1 << 14, 1 << 15, 1 << 16
_REACT, _EXTERNAL_EMOJI, _USE_COMMANDS = 1 << 6, 1 << 18, 1 << 31
MEMBER_PERMISSIONS = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | _HISTORY
    | _REACT
    | _EXTERNAL_EMOJI
    | _USE_COMMANDS
)
ADMIN_PERMISSIONS = (1 << 53) - 1  # Discord sets every bit for someone who has Administrator
# What an invitation may leave out, by the names that Discord's documentation has.
DENIABLE = {
    "view_channel": VIEW_CHANNEL,
    "send_messages": SEND_MESSAGES,
    "embed_links": EMBED_LINKS,
    "attach_files": ATTACH_FILES,
}
_ADMINISTRATOR, MANAGE_SERVER = 1 << 3, 1 << 5


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the server, lowest first in `ROLES`."""

    id: int
    name: str
    permissions: int = 0  # beside those of @everyone
    about: str = ""  # what the page says of someone who has it


ROLES = (
    Role(GUILD_ID, "@everyone", MEMBER_PERMISSIONS),
    Role(BOT_ROLE_ID, "newmon", MEMBER_PERMISSIONS),
    Role(BREEDER_ROLE_ID, "Breeder", about="member with a role"),
    Role(MANAGER_ROLE_ID, "Gym leader", MANAGE_SERVER, about="manager"),
    Role(ADMIN_ROLE_ID, "Professor", _ADMINISTRATOR, about="owner and admin"),
)
_ROLES = {role.id: role for role in ROLES}


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in the server."""

    id: int
    name: str  # as shown
    role_ids: tuple[int, ...] = ()  # without @everyone, which everyone has
    bot: bool = False

    @property
    def roles(self) -> list[Role]:
        return [_ROLES[role_id] for role_id in self.role_ids]

    @property
    def admin(self) -> bool:
        """Has Administrator, and with it every permission."""
        return any(role.permissions & _ADMINISTRATOR for role in self.roles)

    @property
    def permissions(self) -> int:
        if self.admin:
            return ADMIN_PERMISSIONS
        granted = MEMBER_PERMISSIONS
        for role in self.roles:
            granted |= role.permissions
        return granted


BOT = Person(APPLICATION_ID, "newmon", (BOT_ROLE_ID,), bot=True)
RESIDENTS = (
    Person(_BORN + 101, "Ash"),
    Person(_BORN + 102, "Misty"),
    Person(_BORN + 103, "Oak", (ADMIN_ROLE_ID,)),
    Person(_BORN + 104, "Sabrina", (MANAGER_ROLE_ID,)),
    Person(_BORN + 105, "Bill", (BREEDER_ROLE_ID,)),
)


def user_payload(person: Person) -> JsonObject:
    return {
        "id": str(person.id),
        "username": person.name.casefold().replace(" ", "_"),
        "discriminator": "0",
        "global_name": None if person.bot else person.name,
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "public_flags": 0,
        "flags": 0,
        "bot": person.bot,
        "avatar_decoration_data": None,
        "clan": None,
        "primary_guild": None,
        "collectibles": None,
    }


def member_payload(person: Person, *, with_user: bool = True, with_permissions: bool = False) -> JsonObject:
    member: JsonObject = {
        "roles": [str(role) for role in person.role_ids],
        "joined_at": "2024-01-01T00:00:00.000000+00:00",
        "premium_since": None,
        "communication_disabled_until": None,
        "nick": None,
        "avatar": None,
        "banner": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }
    if with_user:
        member["user"] = user_payload(person)
    if with_permissions:
        member["permissions"] = str(person.permissions)
    return member


def bot_user_payload() -> JsonObject:
    return user_payload(BOT) | {"verified": True, "mfa_enabled": True, "email": None, "locale": LOCALE}


def role_payloads() -> list[JsonObject]:
    return [
        {
            "id": str(role.id),
            "name": role.name,
            "permissions": str(role.permissions),
            "position": position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "managed": role.id == BOT_ROLE_ID,
            "mentionable": False,
            "flags": 0,
        }
        for position, role in enumerate(ROLES)
    ]


def channel_payload(last_message_id: int | None = None, denied: int = 0) -> JsonObject:
    """The channel; `denied` are the permissions that it takes from the bot."""
    overwrites = [{"id": str(APPLICATION_ID), "type": 1, "allow": "0", "deny": str(denied)}] if denied else []
    return {
        "id": str(CHANNEL_ID),
        "type": 0,
        "guild_id": str(GUILD_ID),
        "name": "hatchery",
        "topic": "Hatch, mix and keep creatures that never existed.",
        "position": 0,
        "permission_overwrites": overwrites,
        "parent_id": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "last_message_id": None if last_message_id is None else str(last_message_id),
        "flags": 0,
    }


def guild_payload(
    people: Iterable[Person], last_message_id: int | None = None, denied: int = 0
) -> JsonObject:
    """A GUILD_CREATE's data. Only the bot is listed: on Discord the others need a privileged intent."""
    return {
        "id": str(GUILD_ID),
        "name": "Newmon sandbox",
        "icon": None,
        "owner_id": str(RESIDENTS[2].id),
        "roles": role_payloads(),
        "channels": [channel_payload(last_message_id, denied)],
        "members": [member_payload(BOT)],
        "member_count": 1 + sum(1 for _ in people),
        "threads": [],
        "emojis": [],
        "stickers": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "features": [],
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": LOCALE,
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "large": False,
        "unavailable": False,
    }


def application_payload() -> JsonObject:
    return {
        "id": str(APPLICATION_ID),
        "name": BOT.name,
        "icon": None,
        "description": "The sandbox's own application.",
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "owner": user_payload(RESIDENTS[2]),
        "team": None,
        "bot": bot_user_payload(),
        "approximate_guild_count": 1,
    }
