"""Stored messages → the JSON that Discord would send."""

from __future__ import annotations

import copy
import re
from typing import Any

from sandbox.components import TEXT, walk
from sandbox.limits import COMPONENTS_V2, EPHEMERAL
from sandbox.places import place_with
from sandbox.signatures import Signer
from sandbox.snowflakes import created_at
from sandbox.state import State, StoredMessage
from sandbox.world import APPLICATION_ID, GUILD_ID, JsonObject, Person, user_payload

_MENTION = re.compile(r"<@!?(\d+)>")
_UNKNOWN = "unknown"


class Links:
    """Addresses of files: signed, and absolute unless `base_url` is empty."""

    def __init__(self, base_url: str, signer: Signer) -> None:
        self.base_url = base_url
        self._signer = signer

    def to(self, path: str) -> str:
        return self.base_url + self._signer.sign(path)

    def path(self, url: str) -> str:
        """The address as it is kept: without host and signature, since the next run has others."""
        return url.removeprefix(self.base_url).partition("?")[0]


def attachment_path(attachment: dict[str, Any], message: StoredMessage) -> str:
    """Where on the server a file lies, from the root."""
    private = message.flags & EPHEMERAL
    root = f"/ephemeral-attachments/{APPLICATION_ID}" if private else f"/attachments/{message.channel_id}"
    return f"{root}/{attachment['id']}/{attachment['filename']}"


def iso(snowflake: int) -> str:
    return created_at(snowflake).isoformat()


def message_payload(state: State, message: StoredMessage, links: Links) -> JsonObject:
    """Discord's message object, with addresses that are fresh."""
    attachments = [_attachment(a, links, message) for a in message.attachments]
    files = {attachment["filename"]: attachment for attachment in attachments}
    embeds, embedded = _embeds(message, files, links)
    payload: JsonObject = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "type": message.type,
        "content": message.content,
        "author": user_payload(_person(state, message.author_id)),
        "timestamp": iso(message.id),
        "edited_timestamp": message.edited_at,
        "tts": False,
        "mention_everyone": False,
        "mentions": [user_payload(p) for p in mentioned(state, _words(message))],
        "mention_roles": [],
        # Discord takes a file that an embed shows out of the list of attachments.
        "attachments": [a for a in attachments if a["filename"] not in embedded],
        "embeds": embeds,
        "components": _components(message, files, links),
        "pinned": False,
        "flags": message.flags,
    }
    if message.author_id == APPLICATION_ID:
        payload["application_id"] = str(APPLICATION_ID)
    if message.interaction:
        payload |= _interaction_fields(state, message.interaction, message.channel_id)
        payload["webhook_id"] = str(APPLICATION_ID)
    if message.replies_to:
        payload["message_reference"] = {
            "type": 0,
            "message_id": str(message.replies_to),
            "channel_id": str(message.channel_id),
        }
        if place_with(message.channel_id).in_server:
            payload["message_reference"]["guild_id"] = str(GUILD_ID)
    return payload


def mentioned(state: State, content: str) -> list[Person]:
    people = (state.person(int(match[1])) for match in _MENTION.finditer(content))
    return [person for person in dict.fromkeys(people) if person is not None]


def _words(message: StoredMessage) -> str:
    """Where people may be mentioned: embeds count for nothing, and a layout's texts as content does."""
    texts = [str(c.get("content") or "") for c in walk(message.components) if c.get("type") == TEXT]
    return "\n".join([message.content, *texts])


def _person(state: State, person_id: int) -> Person:
    return state.person(person_id) or Person(person_id, _UNKNOWN)


def _attachment(attachment: dict[str, Any], links: Links, message: StoredMessage) -> JsonObject:
    url = links.to(attachment_path(attachment, message))
    rendered = attachment | {"id": str(attachment["id"]), "url": url, "proxy_url": url}
    if message.flags & EPHEMERAL:
        rendered["ephemeral"] = True
    return rendered


def _media(reference: dict[str, Any], files: dict[str, JsonObject], links: Links) -> JsonObject | None:
    """A picture with its address and size; None when it names a file that the message does not have."""
    url = str(reference.get("url", ""))
    if url.startswith("attachment://"):
        file = files.get(url.removeprefix("attachment://"))
        if file is None:
            return None
        keys = ("url", "proxy_url", "width", "height", "content_type", "description")
        return reference | {key: file[key] for key in keys if file.get(key) is not None}
    if url.startswith("/"):
        url = links.to(url)
    return reference | {"url": url, "proxy_url": url}


def _embeds(
    message: StoredMessage, files: dict[str, JsonObject], links: Links
) -> tuple[list[JsonObject], set[str]]:
    """The embeds with their pictures' addresses, and the names of the files that they show."""
    rendered: list[JsonObject] = []
    shown: set[str] = set()
    for stored in message.embeds:
        embed: JsonObject = {"type": "rich", **stored}
        for key in ("image", "thumbnail"):
            picture = embed.pop(key, None)
            if picture:
                shown.add(str(picture.get("url", "")).removeprefix("attachment://"))
                if media := _media(picture, files, links):
                    embed[key] = media
        rendered.append(embed)
    return rendered, shown


def _components(message: StoredMessage, files: dict[str, JsonObject], links: Links) -> list[JsonObject]:
    if not message.flags & COMPONENTS_V2:
        return message.components  # no pictures in these
    components = copy.deepcopy(message.components)
    for component in walk(components):
        holders = [component, *(component.get("items") or [])]
        for holder in holders:
            for key in ("media", "file"):
                if isinstance(holder.get(key), dict):
                    holder[key] = _media(holder[key], files, links) or holder[key]
    return components


def _interaction_fields(state: State, interaction: dict[str, Any], channel_id: int) -> JsonObject:
    user = user_payload(_person(state, interaction["user_id"]))
    metadata: JsonObject = {
        "id": str(interaction["id"]),
        "type": interaction["type"],
        "user": user,
        "authorizing_integration_owners": place_with(channel_id).integration_owners(interaction["user_id"]),
    }
    if interaction["type"] == 2:
        if "target_id" in interaction:
            metadata["target_message_id"] = interaction["target_id"]
        return {
            "interaction_metadata": metadata | {"name": interaction["name"]},
            "interaction": {"id": metadata["id"], "type": 2, "name": interaction["name"], "user": user},
        }
    if interaction["type"] == 3:
        metadata["interacted_message_id"] = str(interaction["message_id"])
    if interaction["type"] == 5:
        metadata["triggering_interaction_metadata"] = metadata | {"type": 2}
    return {"interaction_metadata": metadata}
