"""Programs of ours in processes of their own that need not import torch and the like anew each time.

They are forked from a process that has imported what others have made, and nothing of ours: that saves each
some seconds. A test of how a program is started gives it a fresh interpreter instead.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib
import multiprocessing
import os
import runpy
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import IO

# What takes long to import.
OTHERS = (
    *("numpy", "torch", "torch.nn.functional", "torch.utils.data", "safetensors.torch", "PIL.Image"),
    *("aiohttp.web", "discord.ext.commands", "alembic.command", "sqlalchemy.ext.asyncio", "sqlalchemy.orm"),
    *("aiosqlite", "sqlalchemy.dialects.sqlite.aiosqlite", "pydantic_settings", "rich.logging", "typer"),
)


def context() -> ForkServerContext:
    """Starts processes that are forked from one which has imported all that."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(list(OTHERS))
    return forkserver


class ForkedProgram:
    """A running program. What it writes, to whichever stream, comes out of `stdout`."""

    def __init__(
        self, function: str, arguments: Sequence[object], environment: dict[str, str], folder: Path
    ) -> None:
        """`function` is its "module:function", imported in the process once all else is in place."""
        self.stdout = asyncio.StreamReader()
        ours, theirs = context().Pipe(duplex=False)
        self._process = context().Process(target=_be, args=(function, arguments, environment, folder, theirs))
        self._process.start()
        theirs.close()
        self._words = os.fdopen(os.dup(ours.fileno()), "rb")
        ours.close()

    @classmethod
    async def start(
        cls, function: str, *arguments: object, environment: dict[str, str], folder: Path
    ) -> ForkedProgram:
        started = cls(function, arguments, environment, folder)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(started.stdout), started._words)
        return started

    async def __aenter__(self) -> ForkedProgram:
        return self

    async def __aexit__(self, *_: object) -> None:
        """It ends here, if it has not."""
        self.kill()
        await self.wait()

    @property
    def returncode(self) -> int | None:
        """As the system has it; -9 after SIGKILL. None as long as it runs."""
        return self._process.exitcode

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        """Its exit code, once it has one."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        assert self.returncode is not None
        return self.returncode


def _be(
    function: str, arguments: Sequence[object], environment: dict[str, str], folder: Path, words: Connection
) -> None:
    """In the new process: be that program."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number in (1, 2):
        os.dup2(words.fileno(), number)
    words.close()
    sys.stdout, sys.stderr = _stream(1), _stream(2)
    sys.argv = [function]
    module, name = function.split(":")
    try:
        getattr(importlib.import_module(module), name)(*arguments)
    finally:
        atexit._run_exitfuncs()


def run_module(module: str, *arguments: object) -> None:
    """`python -m MODULE ARGUMENTS`, as a function to start."""
    sys.argv = [module, *map(str, arguments)]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _stream(number: int) -> IO[str]:
    return open(number, "w", buffering=1, encoding="utf-8", closefd=False)
