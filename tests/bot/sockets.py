"""A TCP proxy on the loopback address whose connections can be left half-open, as a failover leaves them."""

from __future__ import annotations

import asyncio
from types import TracebackType


class TcpProxy:
    """Passes what comes to a port on. Use it as a context manager."""

    def __init__(self, target: int) -> None:
        self.target = target  # of connections that are made from now on
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> TcpProxy:
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
    def port(self) -> int:
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    def fall_silent(self) -> None:
        """Whoever is connected hears nothing any more, and is not told; new connections are well."""
        self._silent |= self._tasks

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back = None
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            pipes = {
                asyncio.create_task(self._pipe(task, reader, back)),
                asyncio.create_task(self._pipe(task, there, writer)),
            }
            await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
            for pipe in pipes:
                pipe.cancel()
        except ConnectionError:
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, back):
                if end is not None:
                    end.close()

    async def _pipe(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            if task not in self._silent:
                writer.write(data)
                await writer.drain()
