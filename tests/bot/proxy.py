"""A real HTTP proxy on the loopback address, which notes what it is asked for."""

from __future__ import annotations

import asyncio
import re
from types import TracebackType
from urllib.parse import urlsplit

# A request may follow the body of the one before without a line's end between them.
REQUEST = re.compile(r"((?:CONNECT|GET|POST|PUT|PATCH|DELETE) (?:\w+://)?[\w.-]+:\d+\S* HTTP/1\.1)\r\n")
LOGIN = re.compile(r"\r\nProxy-Authorization: (.*)\r\n")


class LoopbackProxy:
    """Passes requests on to where they want to go; with `refuse`, answers everything with that status line.

    A client connects to one server a connection, as aiohttp does.
    """

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self._heard: list[bytearray] = []  # from the client, by connection
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> LoopbackProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def asked(self) -> list[str]:
        """The request lines that came."""
        return [line for heard in self._heard for line in REQUEST.findall(heard.decode(errors="replace"))]

    @property
    def logins(self) -> list[str]:
        """What stood in Proxy-Authorization, each time."""
        return [name for heard in self._heard for name in LOGIN.findall(heard.decode(errors="replace"))]

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._pass_on(reader, writer)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().splitlines()
        self._heard.append(heard := bytearray(head))
        if self.refuse:
            writer.write(f"HTTP/1.1 {self.refuse}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return
        target = urlsplit(lines[0].split()[1])
        there, back = await asyncio.open_connection(target.hostname, target.port)
        back.write(head)  # with the whole address in its first line, which every server must understand
        await asyncio.wait(
            {
                asyncio.create_task(pipe(reader, back, heard)),
                asyncio.create_task(pipe(there, writer, bytearray())),
            },
            return_when=asyncio.FIRST_COMPLETED,
        )
        back.close()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, noted: bytearray) -> None:
    """Everything that comes, until nothing more does."""
    while data := await reader.read(65536):
        noted += data
        writer.write(data)
        await writer.drain()
