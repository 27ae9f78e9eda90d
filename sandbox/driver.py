"""A person at the page, for tests and benchmarks: speaks to the page API exactly as the page does.

    async with SandboxUser(sandbox.url, "Ash") as ash:
        shown = await (await ash.command("newmon", seed="Ash")).message()
        await ash.click(shown, "Save")

`place="direct"` opens the direct messages with the bot, "group" a group that the bot is not part of.
Unknown names become ordinary members, so a benchmark may have as many people as it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import aiohttp

from sandbox.driver_types import (
    ActionRefused,
    Attachment,
    Choice,
    Field,
    InteractionFailed,
    LocalFile,
    Message,
    Modal,
)
from sandbox.places import Kind

EVENTS_MAX = 200  # events that a user remembers, for looking back in tests
_TIMEOUT_S = 120.0
_T = TypeVar("_T")


class InteractionHandle:
    """What has become of one command, click or dialog."""

    def __init__(self, user: SandboxUser, nonce: str) -> None:
        self._user = user
        self.nonce = nonce
        self.id = ""
        self.status = "sent"  # then acknowledged, failed or expired
        self.sent_at = time.perf_counter()
        self.acknowledged_at: float | None = None
        self.updates: list[Message] = []  # every state of every message that came of it
        self._response_id: str | None = None
        self._modal: Modal | None = None

    async def acknowledged(self, timeout_s: float = _TIMEOUT_S) -> InteractionHandle:
        """Waits for the bot's first response. Raises InteractionFailed when there is none in time."""
        await self._user.wait(lambda: self._checked() and self.status == "acknowledged", timeout_s)
        return self

    async def message(
        self, timeout_s: float = _TIMEOUT_S, *, until: Callable[[Message], bool] | None = None
    ) -> Message:
        """The message that answers, once it is no longer "thinking…" and `until` holds for it."""

        def found() -> Message | None:
            self._checked()
            for message in reversed(self.updates):
                if self._response_id not in (None, message.id):
                    continue
                if message.failed:
                    raise InteractionFailed("The bot acknowledged, but its answer never came.")
                if not message.loading and (until is None or until(message)):
                    return message
            return None

        return await self._user.wait(found, timeout_s)

    async def followup(self, timeout_s: float = _TIMEOUT_S) -> Message:
        """The first message that came of it beside the answer itself."""

        def found() -> Message | None:
            self._checked()
            answered = self.status == "acknowledged"
            return next((m for m in self.updates if answered and m.id != self._response_id), None)

        return await self._user.wait(found, timeout_s)

    async def modal(self, timeout_s: float = _TIMEOUT_S) -> Modal:
        """The dialog that it opened."""
        return await self._user.wait(lambda: self._modal if self._checked() else None, timeout_s)

    def _checked(self) -> bool:
        if self.status == "failed":
            raise InteractionFailed("The application did not respond.")
        return True

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "interaction":
            self.id, self.status = event["interaction_id"], event["status"]
            self._response_id = event["message_id"]
            if self.status == "acknowledged":
                self.acknowledged_at = time.perf_counter()
        elif event["event"] == "modal":
            self._modal = Modal.from_event(event)
        elif "message" in event:
            self.updates.append(Message(event["message"]))


class SandboxUser:
    """One person with the page open. Use it as a context manager, or `connect` and `close` it."""

    def __init__(self, url: str, user: str = "Ash", place: Kind = "server", locale: str = "en-GB") -> None:
        self.url = url.rstrip("/")
        self.name = user
        self.place: Kind = place
        self.locale = locale
        self.id = ""
        self.online = False  # is the bot connected?
        self.commands: list[dict[str, Any]] = []
        self.menus: list[str] = []  # the commands in the context menu of a message
        self.history: dict[str, Message] = {}  # by id, oldest first, as the page shows it
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_MAX)
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._handles: dict[str, InteractionHandle] = {}
        self._news = asyncio.Condition()

    async def __aenter__(self) -> SandboxUser:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Opens the page and waits until it is drawn."""
        self._session = aiohttp.ClientSession(self.url, connector=aiohttp.TCPConnector(limit=0))
        try:
            self.id = (await self._post("people", {"name": self.name}))["id"]
            self._socket = await self._session.ws_connect(
                f"/sandbox/events?user={self.id}&place={self.place}&locale={self.locale}", max_msg_size=0
            )
        except BaseException:
            await self._session.close()
            raise
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.wait(lambda: any(event["event"] == "ready" for event in self.events))

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._session is not None:
            await self._session.close()

    # what a person does

    async def command(self, name: str, /, **options: object) -> InteractionHandle:
        """Runs `/name`; a subcommand is `"retrain start"`. Raises ActionRefused for what the page would.

        An option may be a `LocalFile`, which is uploaded first.
        """
        filled = {
            option: await self.upload(value) if isinstance(value, LocalFile) else value
            for option, value in options.items()
        }
        return await self._begin("command", {"name": name, "options": filled})

    async def upload(self, file: LocalFile) -> str:
        """The id of a file that a command or a message may name now."""
        assert self._session is not None, "connect first"
        headers = {"Content-Type": "application/octet-stream"}
        query = self._me | {"name": file.name}
        upload = self._session.post("/sandbox/upload", params=query, data=file.data, headers=headers)
        async with upload as response:
            return _accepted(await response.json())["id"]

    async def invite(self, *, without: Sequence[str] = ()) -> None:
        """Takes the bot out of the server and invites it anew, without these permissions of the channel, such
        as "attach_files"."""
        await self._post("invite", {"without": list(without)})

    async def menu(self, message: Message, name: str) -> InteractionHandle:
        """Runs this command of a message's context menu."""
        return await self._begin("menu", {"message_id": message.id, "name": name})

    async def autocomplete(self, name: str, focused: str, text: str, /, **options: object) -> list[Choice]:
        """What the bot offers for the option `focused` after `text` is typed into it."""
        body = {"name": name, "focused": focused, "options": {**options, focused: text}}
        answer = await self._post("autocomplete", body)
        if not answer["answered"]:
            raise InteractionFailed("Loading options failed.")
        return [Choice(choice["name"], choice["value"]) for choice in answer["choices"]]

    async def click(self, message: Message, button: str) -> InteractionHandle:
        """Clicks the button with this label or custom_id."""
        return await self._begin(
            "component", {"message_id": message.id, "custom_id": message.button(button).custom_id}
        )

    async def select(self, message: Message, menu: str, *values: str) -> InteractionHandle:
        """Chooses these values (or labels) in the menu with this placeholder or custom_id."""
        chosen = message.menu(menu)
        by_label = {label: value for label, value in chosen.options}
        body = {"message_id": message.id, "custom_id": chosen.custom_id}
        return await self._begin("component", body | {"values": [by_label.get(v, v) for v in values]})

    async def submit(self, modal: Modal, values: Mapping[str, str | list[str]]) -> InteractionHandle:
        """Sends a dialog filled in with values by label or custom_id."""
        filled = {modal.field(name).custom_id: value for name, value in values.items()}
        return await self._begin("modal", {"interaction_id": modal.interaction_id, "values": filled})

    async def say(self, text: str, *files: LocalFile) -> Message:
        """Writes a message, and returns it as the page shows it."""
        named = [await self.upload(file) for file in files]
        said = await self._post("say", {"content": text, "files": named})
        return await self.wait(lambda: self.history.get(said["id"]))

    async def dismiss(self, message: Message) -> None:
        await self._post("dismiss", {"message_id": message.id})

    async def fault(self, action: str, /, **arguments: object) -> None:
        """Sets up a fault in a sandbox of another process that was started with `remote_faults`."""
        await self._post("faults", {"do": action, "with": arguments})

    # what a person sees

    def messages(self) -> list[Message]:
        """The channel as this person's page shows it, oldest first."""
        return list(self.history.values())

    def current(self, message: Message) -> Message:
        """The message as it stands now."""
        return self.history[message.id]

    async def older(self) -> list[Message]:
        """Loads the messages before the oldest one shown, as scrolling up does."""
        oldest = next(iter(self.history), "")
        assert self._session is not None
        query = {"user": self.id, "place": self.place, "before": oldest}
        async with self._session.get("/sandbox/messages", params=query) as response:
            page = await response.json()
        messages = [Message(message) for message in page["messages"]]
        self.history = {m.id: m for m in messages} | self.history
        return messages

    async def download(self, attachment: Attachment | str) -> bytes:
        """The bytes behind a picture or an address of the channel."""
        assert self._session is not None
        path = attachment if isinstance(attachment, str) else attachment.url
        async with self._session.get(path.removeprefix(self.url)) as response:
            response.raise_for_status()
            return await response.read()

    async def wait(self, condition: Callable[[], _T | None], timeout_s: float = _TIMEOUT_S) -> _T:
        """Waits until `condition` returns something true, asking again after each event; returns that."""
        async with asyncio.timeout(timeout_s), self._news:
            while not (result := condition()):
                if self._reader is not None and self._reader.done():
                    raise ConnectionError("The sandbox closed the connection.")
                await self._news.wait()
            return result

    async def wait_for_message(
        self, condition: Callable[[Message], bool], timeout_s: float = _TIMEOUT_S
    ) -> Message:
        """The newest message for which `condition` holds, as soon as there is one."""
        return await self.wait(
            lambda: next((m for m in reversed(self.history.values()) if condition(m)), None), timeout_s
        )

    # plumbing

    async def _begin(self, action: str, body: dict[str, Any]) -> InteractionHandle:
        handle = InteractionHandle(self, uuid.uuid4().hex)
        self._handles[handle.nonce] = handle
        answer = await self._post(action, body | {"nonce": handle.nonce})
        handle.id = answer["interaction_id"]
        return handle

    async def _post(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        assert self._session is not None, "connect first"
        async with self._session.post(f"/sandbox/{action}", json=body | self._me) as response:
            return _accepted(await response.json())

    @property
    def _me(self) -> dict[str, str]:
        return {"user": self.id, "place": self.place}

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    for event in frame.json():
                        self._on_event(event)
                    async with self._news:
                        self._news.notify_all()
        finally:
            async with self._news:
                self._news.notify_all()

    def _on_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        for message in _messages(event):
            self.history[message.id] = message
        if event["event"] == "message_delete":
            self.history.pop(event["id"], None)
        if event["event"] in ("ready", "commands"):
            self.commands, self.menus = event["commands"], event["menus"]
        if event["event"] == "ready":
            self.online = event["bot"]["online"]
        if event["event"] == "bot":
            self.online = event["online"]
        if handle := self._handles.get(event.get("nonce", "")):
            handle._on_event(event)


def _accepted(answer: dict[str, Any]) -> dict[str, Any]:
    """The sandbox's answer. Raises ActionRefused."""
    if "error" in answer:
        raise ActionRefused(answer["error"], answer.get("fields", {}))
    return answer


def _messages(event: dict[str, Any]) -> Iterator[Message]:
    for message in event.get("messages", []) + ([event["message"]] if "message" in event else []):
        yield Message(message)


__all__ = [
    "ActionRefused",
    "Attachment",
    "Choice",
    "Field",
    "InteractionFailed",
    "InteractionHandle",
    "LocalFile",
    "Message",
    "Modal",
    "SandboxUser",
]
