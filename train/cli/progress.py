"""What commands show of long work: one bar at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def one_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Yields a callback (what is going on, how much of it is done, how much there is or 0).

    Shown on a terminal only: elsewhere not even its last line break, so that a refusal is one line.
    """
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as display:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                for task in tasks.values():
                    display.update(task, visible=False)
                tasks[what] = display.add_task(what)
            display.update(tasks[what], completed=done, total=total or None)

        yield tell
