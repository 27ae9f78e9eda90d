"""A progress display for builds, fit to pass to `train.build`."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def build_progress(console: Console | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a callback (what is going on, files done, files in all or 0) that draws one bar a stage."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as display:
        tasks: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for earlier in tasks.values():
                    display.update(display.task_ids[earlier], visible=False)
                display.add_task(stage, total=None)
                tasks[stage] = len(tasks)
            display.update(display.task_ids[tasks[stage]], completed=done, total=total or None)

        yield show
