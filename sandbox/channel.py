"""The channels: writes, edits and deletes messages, and tells everyone who listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox import components
from sandbox.errors import empty_message, unknown_message
from sandbox.form import Form, Path
from sandbox.limits import COMPONENTS_V2, EPHEMERAL, LOADING, check_message
from sandbox.render import Links, message_payload
from sandbox.state import State, StoredFile, StoredMessage
from sandbox.uploads import Body, describe, safe_name
from sandbox.world import CHANNEL_ID, JsonObject, Person

log = logging.getLogger(__name__)

_SUPPRESS_EMBEDS = 1 << 2
_FLAGS_OF_A_BOT = EPHEMERAL | COMPONENTS_V2 | _SUPPRESS_EMBEDS | 1 << 12  # 1 << 12: without notification


@dataclass(frozen=True, slots=True)
class Cause:
    """The interaction behind a change, and the page's own mark of it."""

    interaction_id: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a message."""

    kind: Literal["create", "update", "delete"]
    message: StoredMessage
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """How a message of the bot came about."""

    type: int = 0  # Discord's message type: 0 plain, 19 reply, 20 answer to a command
    private_to: int | None = None
    interaction: dict[str, Any] | None = None
    replies_to: int | None = None
    channel_id: int = CHANNEL_ID


class Channel:
    """All changes to messages go through here, one at a time, so that no edit is lost."""

    def __init__(self, state: State, links: Links) -> None:
        self.state = state
        self.links = links
        self.listeners: list[Callable[[Change], None]] = []
        self._changing = asyncio.Lock()

    def payload(self, message: StoredMessage) -> JsonObject:
        """The message as the bot gets it, with full addresses."""
        return message_payload(self.state, message, self.links)

    async def post(
        self,
        author: Person,
        body: Body,
        *,
        origin: Origin = Origin(),
        path: Path = (),
        cause: Cause | None = None,
    ) -> StoredMessage:
        """Writes a new message. Raises ApiError for what Discord refuses; `path` leads to the message in
        the request that carried it, and stands before each fault's own path."""
        message = StoredMessage(
            self.state.snowflakes.next(),
            author.id,
            type=origin.type,
            flags=EPHEMERAL if origin.private_to is not None else 0,
            private_to=origin.private_to,
            interaction=origin.interaction,
            replies_to=origin.replies_to,
            channel_id=origin.channel_id,
        )
        files = self._fill(message, body, path)
        await self.state.put_message(message, files)
        self._tell(Change("create", message, cause))
        return message

    async def post_loading(self, author: Person, origin: Origin, cause: Cause) -> StoredMessage:
        """Writes the "thinking…" that a deferred answer shows until it comes."""
        flags = LOADING | (EPHEMERAL if origin.private_to is not None else 0)
        message = StoredMessage(
            self.state.snowflakes.next(),
            author.id,
            type=origin.type,
            flags=flags,
            private_to=origin.private_to,
            interaction=origin.interaction,
            replies_to=origin.replies_to,
            channel_id=origin.channel_id,
        )
        await self.state.put_message(message)
        self._tell(Change("create", message, cause))
        return message

    async def edit(
        self, message_id: int, body: Body, *, path: Path = (), cause: Cause | None = None
    ) -> StoredMessage:
        """Changes what the body names and keeps the rest. Raises ApiError."""
        async with self._changing:
            message = await self._existing(message_id)
            was_loading = bool(message.flags & LOADING)
            files = self._fill(message, body, path)
            message.flags &= ~LOADING
            message.failed = False
            if not was_loading:
                message.edited_at = datetime.now(UTC).isoformat()
            await self.state.put_message(message, files)
            self._tell(Change("update", message, cause))
            return message

    async def give_up(self, message_id: int, cause: Cause) -> None:
        """Turns a "thinking…" that can no longer be answered into a failure; leaves all else alone."""
        async with self._changing:
            message = await self.state.message(message_id)
            if message is None or not message.flags & LOADING:
                return
            message.flags &= ~LOADING
            message.failed = True
            await self.state.put_message(message)
            self._tell(Change("update", message, cause))

    async def delete(self, message_id: int, *, cause: Cause | None = None) -> None:
        """Raises ApiError (10008) where there is no such message."""
        async with self._changing:
            message = await self._existing(message_id)
            await self.state.delete_message(message_id)
            self._tell(Change("delete", message, cause))

    async def _existing(self, message_id: int) -> StoredMessage:
        message = await self.state.message(message_id)
        if message is None:
            raise unknown_message()
        return message

    def _tell(self, change: Change) -> None:
        for listener in self.listeners:
            listener(change)

    def _fill(self, message: StoredMessage, body: Body, path: Path) -> list[StoredFile]:
        """Puts the body's fields into the message, checks the whole, and returns the files to store."""
        payload = body.payload
        files, attachments = self._attachments(message, body)
        flags = message.flags | int(payload.get("flags") or 0) & _FLAGS_OF_A_BOT
        draft: dict[str, Any] = {
            "content": payload.get("content", message.content) or "",
            "embeds": payload.get("embeds", message.embeds) or [],
            "components": payload.get("components", message.components) or [],
            "attachments": attachments,
        }
        form = Form()
        check_message(form, path, draft, layout=bool(flags & COMPONENTS_V2))
        form.settle()
        something = draft["content"].strip() or draft["embeds"] or draft["attachments"]
        if not something and not flags & COMPONENTS_V2:
            raise empty_message()
        components.number(draft["components"])
        message.content = draft["content"]
        message.embeds = [self._without_address(embed, attachments) for embed in draft["embeds"]]
        message.components = draft["components"]
        message.attachments = attachments
        # Only the beginning of a message decides who sees it.
        message.flags = (flags & ~EPHEMERAL) | (EPHEMERAL if message.private_to is not None else 0)
        return files

    def _attachments(
        self, message: StoredMessage, body: Body
    ) -> tuple[list[StoredFile], list[dict[str, Any]]]:
        """New files, and the message's list of attachments: those that the body keeps, then the new ones."""
        references = body.payload.get("attachments")
        kept = list(message.attachments)
        described: dict[int, dict[str, Any]] = {}
        if isinstance(references, list):
            described = {
                int(reference["id"]): reference for reference in references if reference.get("id") is not None
            }
            kept = [attachment for attachment in kept if int(attachment["id"]) in described]
        files: list[StoredFile] = []
        for index, upload in sorted(body.uploads.items()):
            reference = described.get(index, {})
            content_type, width, height = describe(upload.data)
            name = safe_name(str(reference.get("filename") or upload.name))
            file = StoredFile(self.state.snowflakes.next(), name, content_type, upload.data)
            files.append(file)
            attachment: dict[str, Any] = {
                "id": str(file.id),
                "filename": name,
                "size": len(upload.data),
                "content_type": content_type,
            }
            if width is not None:
                attachment |= {"width": width, "height": height}
            if reference.get("description"):
                attachment["description"] = str(reference["description"])[:1024]
            kept.append(attachment)
        return files, kept

    def _without_address(self, embed: dict[str, Any], attachments: list[dict[str, Any]]) -> dict[str, Any]:
        """Keeps pictures of this channel by their path alone, since the next run may listen elsewhere."""
        cleaned = dict(embed)
        names = {attachment["filename"] for attachment in attachments}
        for key in ("image", "thumbnail"):
            url = str((embed.get(key) or {}).get("url", ""))
            if url.startswith("attachment://") and url.removeprefix("attachment://") not in names:
                log.warning("An embed shows %s, but no such file came with the message.", url)
            if url.startswith(f"{self.links.base_url}/"):
                cleaned[key] = {"url": self.links.path(url)}
        return cleaned
