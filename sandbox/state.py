"""What the sandbox remembers between runs: one SQLite file, owned by one thread.

Messages are kept as the JSON that made them, without addresses, because the port may differ next time.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from sandbox.errors import StartupError
from sandbox.snowflakes import Snowflakes
from sandbox.world import BOT, CHANNEL_ID, LOCALE, RESIDENTS, Person

FORMAT = 1
_SCHEMA = f"""
BEGIN;
CREATE TABLE secret (token TEXT NOT NULL);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);
CREATE TABLE commands (scope INTEGER NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE messages (id INTEGER PRIMARY KEY, private_to INTEGER, body TEXT NOT NULL);
CREATE TABLE files (id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
                    name TEXT NOT NULL, content_type TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX files_by_message ON files (message_id);
PRAGMA user_version = {FORMAT};
COMMIT;
"""

RECENT_MAX = 500  # messages that are kept in memory too, because most changes are to the latest

Statement = tuple[str, Sequence[tuple[Any, ...]]]  # a query, and a row of parameters for each time it runs
_T = TypeVar("_T")


@dataclass(slots=True)
class StoredMessage:
    """A message as the bot or a person wrote it; `attachments` and `embeds` name files, not addresses."""

    id: int
    author_id: int
    type: int = 0
    content: str = ""
    flags: int = 0
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    edited_at: str | None = None
    private_to: int | None = None  # the one person who sees an ephemeral message
    interaction: dict[str, Any] | None = None  # id, type, name and user of what it answers
    replies_to: int | None = None
    failed: bool = False  # "thinking…" that never became an answer
    channel_id: int = CHANNEL_ID

    def to_json(self) -> str:
        return json.dumps({f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def from_json(cls, text: str) -> StoredMessage:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An uploaded file with its bytes."""

    id: int
    name: str
    content_type: str
    data: bytes


class State:
    """The open history. A method that has returned has written."""

    def __init__(self, db: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._db = db
        self._thread = thread
        self._recent: dict[int, str] = {}  # message id → its JSON
        self._unwritten: list[tuple[tuple[Statement, ...], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.locale = LOCALE  # of the server
        self.locales: dict[int, str] = {}  # of people's apps, where they have chosen one
        self.token: str = db.execute("SELECT token FROM secret").fetchone()[0]
        self.people = {person.id: person for person in RESIDENTS}  # by id, without the bot
        for person_id, name in db.execute("SELECT id, name FROM people ORDER BY id"):
            self.people[person_id] = Person(person_id, name)
        self.last_message_id: int | None = db.execute("SELECT max(id) FROM messages").fetchone()[0]
        self.denied_to_bot = 0  # permissions that the server's channel takes from it, until the next run
        self.snowflakes = Snowflakes(self.last_message_id or 0)

    def locale_of(self, person: Person) -> str:
        """What this person's app is set to."""
        return self.locales.get(person.id, LOCALE)

    @classmethod
    async def open(cls, folder: Path) -> State:
        """Opens or makes the history in `folder`. Raises StartupError where that is not possible."""
        thread = ThreadPoolExecutor(1, "sandbox-state")
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, cls._open, folder, thread)
        except BaseException:
            thread.shutdown(wait=False)
            raise

    @classmethod
    def _open(cls, folder: Path, thread: ThreadPoolExecutor) -> State:
        path = folder / "sandbox.sqlite3"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, isolation_level="IMMEDIATE", check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StartupError(f"The sandbox cannot write to {folder} ({error}).") from error
        try:
            _prepare(db, path)
            return cls(db, thread)
        except sqlite3.Error as error:
            db.close()
            raise StartupError(f"The sandbox cannot use its history in {path} ({error}).") from error
        except BaseException:
            db.close()
            raise

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer
        await self._run(self._db.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _write(self, *statements: Statement) -> None:
        """Executes each statement once a row of parameters, all or nothing.

        Writes that come while the thread is busy share its next transaction, so that a crowd costs a few
        commits and not one each.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unwritten.append((statements, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._unwritten:
            batch, self._unwritten = self._unwritten, []
            error: Exception | None = None
            try:
                await self._run(
                    lambda batch=batch: self._commit([s for statements, _ in batch for s in statements])
                )
            except Exception as raised:
                error = raised
            for _, done in batch:
                if done.done():  # whoever waited was cancelled
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _commit(self, statements: Sequence[Statement]) -> None:
        with self._db:
            for query, rows in statements:
                self._db.executemany(query, rows)

    async def _read(
        self, query: str, parameters: Sequence[Any] | dict[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        return await self._run(lambda: self._db.execute(query, parameters).fetchall())

    # people

    def person(self, person_id: int) -> Person | None:
        return BOT if person_id == BOT.id else self.people.get(person_id)

    def person_named(self, name: str) -> Person | None:
        return next((p for p in self.people.values() if p.name.casefold() == name.casefold()), None)

    async def add_person(self, name: str) -> Person:
        """An ordinary member of that name, the same one each time."""
        if known := self.person_named(name):
            return known
        person = Person(self.snowflakes.next(), name)
        self.people[person.id] = person
        await self._write(("INSERT INTO people VALUES (?, ?)", [(person.id, person.name)]))
        return person

    # commands

    async def commands(self, scope: int) -> list[dict[str, Any]]:
        """The registered commands of a scope: 0 for the global ones, else the server's id."""
        rows = await self._read("SELECT body FROM commands WHERE scope = ? ORDER BY position", (scope,))
        return [json.loads(body) for (body,) in rows]

    async def set_commands(self, scope: int, commands: Sequence[dict[str, Any]]) -> None:
        rows = [(scope, position, json.dumps(command)) for position, command in enumerate(commands)]
        await self._write(
            ("DELETE FROM commands WHERE scope = ?", [(scope,)]),
            ("INSERT INTO commands VALUES (?, ?, ?)", rows),
        )

    # messages and files

    async def put_message(self, message: StoredMessage, files: Sequence[StoredFile] = ()) -> None:
        """Writes a message and its new files, and drops the files that it no longer names."""
        kept = json.dumps([int(attachment["id"]) for attachment in message.attachments])
        body = message.to_json()
        await self._write(
            (
                "INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                [(message.id, message.private_to, body)],
            ),
            (
                "INSERT INTO files VALUES (?, ?, ?, ?, ?)",
                [(file.id, message.id, file.name, file.content_type, file.data) for file in files],
            ),
            (
                "DELETE FROM files WHERE message_id = ? AND id NOT IN (SELECT value FROM json_each(?))",
                [(message.id, kept)],
            ),
        )
        self.last_message_id = max(self.last_message_id or 0, message.id)
        self._recent[message.id] = body
        while len(self._recent) > RECENT_MAX:
            del self._recent[next(iter(self._recent))]

    async def message(self, message_id: int) -> StoredMessage | None:
        body = self._recent.get(message_id)
        if body is None:
            rows = await self._read("SELECT body FROM messages WHERE id = ?", (message_id,))
            body = rows[0][0] if rows else None
        return None if body is None else StoredMessage.from_json(body)

    async def messages(
        self,
        viewer_id: int | None,
        *,
        channel_id: int = CHANNEL_ID,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> list[StoredMessage]:
        """The newest `limit` messages of a channel that `viewer_id` may see between the two ids, oldest
        first."""
        query = f"""SELECT body FROM messages WHERE (private_to IS NULL OR private_to = :viewer)
                   AND coalesce(body ->> '$.channel_id', {CHANNEL_ID}) = :channel
                   AND id < coalesce(:before, 9223372036854775807) AND id > coalesce(:after, 0)
                   ORDER BY id DESC LIMIT :limit"""
        bounds = {
            "viewer": viewer_id,
            "channel": channel_id,
            "before": before,
            "after": after,
            "limit": limit,
        }
        return [StoredMessage.from_json(body) for (body,) in reversed(await self._read(query, bounds))]

    async def delete_message(self, message_id: int) -> None:
        self._recent.pop(message_id, None)
        await self._write(("DELETE FROM messages WHERE id = ?", [(message_id,)]))

    async def file(self, file_id: int) -> StoredFile | None:
        rows = await self._read("SELECT id, name, content_type, data FROM files WHERE id = ?", (file_id,))
        return StoredFile(*rows[0]) if rows else None


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, FORMAT):
        raise StartupError(
            f"The sandbox history in {path} comes from another version of this program. "
            "Move that file away to start with an empty channel."
        )
    # WAL with NORMAL never corrupts, and does not wait for the disk at every message.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 5000"):
        db.execute(f"PRAGMA {pragma}")
    if version == 0:
        db.executescript(_SCHEMA)
        with db:
            db.execute("INSERT INTO secret VALUES (?)", (f"sandbox.{secrets.token_urlsafe(32)}",))
    with db:
        # As on Discord, what only one person could see does not outlive the session, and whatever was
        # still "thinking…" will never be answered: its token is gone.
        db.execute("DELETE FROM messages WHERE private_to IS NOT NULL")
        db.execute(
            """UPDATE messages SET body = json_set(body, '$.failed', json('true'),
               '$.flags', json_extract(body, '$.flags') & ~128) WHERE json_extract(body, '$.flags') & 128"""
        )
