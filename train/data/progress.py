"""What a build shows of itself: a progress display, fit to pass to `train.data.build`, and a summary."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from train.data.build import BuildResult
from train.data.folder import groups

FEW_IMAGES = 300
LISTED = 5  # files that could not be used


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


def summary(result: BuildResult) -> Iterator[str]:
    """Lines that tell a person what a build did, and what to know of the result."""
    what = f"{result.images} images of {result.species} species from {result.files} files"
    yield f"{'Built' if result.rebuilt else 'There already, unchanged:'} {result.path}: {what}."
    if result.resumed:
        yield f"An interrupted build had decoded {result.resumed} of the files already."
    left_out = ", ".join(f"{count} {why}" for why, count in _reasons(result) if count)
    if left_out:
        yield f"Left out: {left_out}."
    yield from (f"Not looked at: {group}." for group in groups(result.left_out))
    if result.skipped:
        yield f"{len(result.skipped)} files could not be used:"
        yield from (f"  {file}: {why}" for file, why in result.skipped[:LISTED])
        if len(result.skipped) > LISTED:
            yield f"  … and {len(result.skipped) - LISTED} more; index.json in {result.path} lists them all."
    if result.labelled is not None:
        yield f"Labels: {result.labelled} of {result.species} species."
    if result.without_labels:
        yield f"Without labels. {result.without_labels} The same command adds them later."
    if result.images < FEW_IMAGES:
        yield f"{result.images} images are few to learn from: some hundreds to thousands train well."


def _reasons(result: BuildResult) -> Iterator[tuple[str, int]]:
    yield "identical to another", result.removed["identical"]
    yield "near-duplicates", result.removed["similar"]
    yield "beyond the limit of a species", result.removed["surplus"]
    yield "of which nothing was left to see", result.removed.get("invisible", 0)
