"""`python -m train retrain`: from a checkpoint to one that has seen more, measured and ready to compare.

Every stage can be repeated, so that the same command goes on after any interruption: data that are there are
not built again, the run resumes from its state, and measuring starts afresh.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image
from rich.console import Console

from gan.checkpoint import Checkpoint, load
from gan.cli.program import CommandError
from gan.files import locked, whole_file
from gan.pictures.sheet import table
from gan.sampler import Sampler
from train.data.build import build_from_folder, build_from_package
from train.data.build_options import OWN_OPTIONS, SPRITE_OPTIONS, at_least
from train.data.dataset import SpriteDataset
from train.errors import DataError, StateError
from train.eval.candidates import best_of
from train.eval.evaluate import Evaluation, evaluate
from train.eval.reference import FeatureExtractor, Reference, build_reference
from train.eval.significance import compare
from train.protocol import (
    CHECKPOINT_SUFFIX,
    COMPARISON_FILE,
    GRIDS,
    INDEX_FILE,
    PACKAGE_SOURCE,
    STATE_FILE,
    Journal,
    Judgement,
)
from train.run.changes import Changes
from train.run.continuation import read_continuation
from train.run.export import export
from train.run.kid_tracker import SAMPLES as KID_SAMPLES
from train.run.launch import launch
from train.run.loop import TICK_IMAGES, stored_state
from train.run.progress import sample_grid, write_grid
from train.schedule import Phase
from train.state import read
from train.stored_names import ema
from train.traits.at_export import give_traits

PARENT_FILE = "parent.json"
IN_WORDS: dict[Judgement, str] = {"better": "better", "same": "about the same", "worse": "worse"}
FEWEST_TICKS = 8  # of a run, however short
KID_SHARE = 0.2  # of the run, between two measurements on the way
LEAST_KID_KIMG = 10.0
COMPARED_SEEDS = range(12)
COMPARED_COLUMNS = 6
COMPARED_PSI = 0.7
COMPARED_SIDE = 128  # pixels of a creature
NO_MEMORY = ("allocate memory", "out of memory", "bad_alloc")  # what torch, CUDA, the system and C++ say
# oneDNN's words for a lack of memory, though not for that alone.
NO_PRIMITIVE = ("could not create a primitive", "could not create a memory", "could not execute a primitive")


@dataclass(frozen=True)
class Request:
    """What to train further, on what, and for how long."""

    checkpoint: Path  # with its NAME.training.safetensors beside it
    data: Path  # the data set
    run: Path  # where everything goes
    kimg: float  # thousands of images beyond those that the checkpoint has seen
    source: str | None = None  # what to build the data set from: "pokeapi", or a folder or zip of images
    cache: Path = Path("data/cache")  # where the sprite package is kept
    samples: int = 2000  # that a checkpoint is measured with
    traits: bool = True  # whether what comes out learns to say what its creatures are


class UnwrittenError(Exception):
    """How a retrain ended, which could not be written down: the disk is full, as a rule."""


def retrain(request: Request, console: Console) -> bool:
    """Carry out a request; whatever it comes to is written down for whoever watches (`train.protocol`).

    Returns whether it got to the end; False if a signal stopped it. Raises what its stages raise, mostly with
    a sentence for users, and `UnwrittenError`.
    """
    request.run.mkdir(parents=True, exist_ok=True)
    busy = CommandError(f"Another process is retraining in {request.run}: wait for it.")
    with locked(request.run / ".retrain.lock", busy):
        journal = Journal(request.run)
        try:
            with interruptible():
                return _retrain(request, journal, console)
        except KeyboardInterrupt:
            journal.end("stopped")
            return False
        except BaseException as error:
            try:
                journal.end("failed", reason=describe(error))
            except OSError as full:
                raise UnwrittenError(f"{describe(error)} {describe(full)}") from error
            raise


def _retrain(request: Request, journal: Journal, console: Console) -> bool:
    parent = load(request.checkpoint)
    start = read_continuation(request.checkpoint)
    _claim(request, parent.id)
    journal.begin("data")
    _show_first(request.run, parent, start.images_seen)
    dataset = prepared_data(request, start.config.network.resolution, journal)

    journal.begin("measuring")  # before anything is trained: what cannot be measured is known at once
    extractor = FeatureExtractor()
    side = start.config.network.resolution  # which the data set's may be a multiple of
    reference = build_reference(dataset, extractor, dataset.path, side, journal.progress)
    before = _measured(request.checkpoint, reference, extractor, request.samples, journal)

    journal.begin("training")
    if not _trained(request, start.images_seen, journal, console):
        journal.end("stopped")
        return False

    journal.begin("evaluating")
    exported = _exported(request.run, parent)
    found: dict[str, Evaluation] = {}
    for number, (name, path) in enumerate(exported.items(), 1):
        which = f"Average {number} of {len(exported)}: " if len(exported) > 1 else ""
        found[name] = _measured(path, reference, extractor, request.samples, journal, which)
    best = best_of({name: evaluation.report for name, evaluation in found.items()})
    verdict = compare(before, found[best], reference, len(found))

    journal.begin("comparing")
    identity = _with_traits(exported[best], journal, console) if request.traits else None
    identity = identity or found[best].report.checkpoint
    read_continuation(exported[best])  # the next retrain will go on from it: it had better be whole
    comparison = request.run / COMPARISON_FILE
    old_above_new(request.checkpoint, exported[best]).save(comparison)
    journal.end(
        "done",
        checkpoint=exported[best].name,
        id=identity,
        comparison=comparison.name,
        # The same networks were measured, before they had what the id depends on, too.
        metrics=replace(found[best].report, checkpoint=identity).to_dict(),
        parent_metrics=before.report.to_dict(),
        **verdict.to_dict(),
        worse=verdict.judgement == "worse",  # what bots that know no verdict look at
    )
    kids = f"KID {before.report.kid.mean:.1f} → {found[best].report.kid.mean:.1f}"
    console.print(f"{kids} ({IN_WORDS[verdict.judgement]}): {exported[best]}")
    return True


def prepared_data(request: Request, resolution: int, journal: Journal) -> SpriteDataset:
    """The data set, built first where there is a source to build it from. Raises `DataError`."""

    def progress(what: str, done: int, total: int) -> None:
        journal.progress(what, done, total)

    workers = os.cpu_count() or 1
    if request.source == PACKAGE_SOURCE:
        options = at_least(SPRITE_OPTIONS, resolution)
        if not (request.data / INDEX_FILE).is_file():
            build_from_package(request.data, request.cache, options, workers, progress)
    elif request.source is not None:
        options = at_least(OWN_OPTIONS, resolution)
        source = Path(request.source)
        build_from_folder(source, request.data, options, workers, progress, request.cache)
    return SpriteDataset.open(request.data)


def _show_first(run: Path, parent: Checkpoint, images_seen: int) -> None:
    """Draw the creatures that are drawn all along as they are now: there is something to see at once.

    A run that goes on has pictures already, and where none can be written there are reasons to stop later.
    """
    if any((run / GRIDS).glob("*.png")):
        return
    whole = Phase(0, parent.config.resolution, 1.0)
    with contextlib.suppress(OSError):
        write_grid(run, images_seen / 1000, sample_grid(parent.generator, whole))


def _claim(request: Request, parent_id: str) -> None:
    """Note which checkpoint this run goes on from. Raises `CommandError` if it was another one."""
    path = request.run / PARENT_FILE
    parent = {"checkpoint": parent_id}
    if path.is_file() and json.loads(path.read_text()) != parent:
        raise CommandError(f"{request.run} was begun from another checkpoint: choose another --run.")
    with whole_file(path) as part:  # half a note would keep the run from ever going on
        part.write_text(json.dumps(parent))


def _trained(request: Request, images_before: int, journal: Journal, console: Console) -> bool:
    """Train, or go on with it. Returns whether the end was reached."""
    _set_damaged_aside(request.run / STATE_FILE, console)
    begun = stored_state(request.run) is not None

    def on_step(images_seen: int) -> None:
        journal.progress("", round((images_seen - images_before) / 1000, 3), request.kimg)

    return launch(
        request.data,
        request.run,
        Changes(holdout=0),  # an admin wants all of the images learned
        until_kimg=images_before / 1000 + request.kimg,
        source=None if begun else request.checkpoint,
        kid_kimg=max(request.kimg * KID_SHARE, LEAST_KID_KIMG),
        kid_samples=min(request.samples, KID_SAMPLES),
        tick_images=min(TICK_IMAGES, max(round(request.kimg * 1000 / FEWEST_TICKS), 1)),
        on_step=on_step,
    )


def _set_damaged_aside(path: Path, console: Console) -> None:
    """A state that cannot be read is no reason never to train again: the run then begins afresh."""
    if not path.exists():
        return
    try:
        read(path)
    except StateError as error:
        console.print(f"{error} Beginning afresh.")
        path.replace(path.with_suffix(".damaged"))


def _exported(run: Path, parent: Checkpoint) -> dict[str, Path]:
    """All averages of the run as checkpoints, by name, with the last stages of the one they come from."""
    half_lives = read(run / STATE_FILE).config.ema_half_lives_kimg
    paths = {ema(h): run / f"{ema(h)}{CHECKPOINT_SUFFIX}" for h in half_lives}
    for half_life, path in zip(half_lives, paths.values(), strict=True):
        export(run, path, half_life, allow_unfinished=True, finish=parent.finish, enlarger=parent.enlarger)
    return paths


def _with_traits(checkpoint: Path, journal: Journal, console: Console) -> str | None:
    """The checkpoint's id once it has heads; None where it got none, which is no reason to keep it back."""
    try:
        return give_traits(checkpoint, on_progress=journal.progress).checkpoint_id
    except DataError as error:
        console.print(f"{checkpoint.name} says nothing of its creatures' traits. {error}")
        return None


def _measured(
    checkpoint: Path,
    reference: Reference,
    extractor: FeatureExtractor,
    samples: int,
    journal: Journal,
    which: str = "",
) -> Evaluation:
    """Measure a checkpoint; `which` says in front of all progress which one."""

    def progress(what: str, done: int, total: int) -> None:
        journal.progress(f"{which}{what[:1].lower()}{what[1:]}" if which else what, done, total)

    loaded = load(checkpoint)
    return evaluate(loaded.id, loaded.generator, reference, extractor, samples, progress=progress)


def old_above_new(before: Path, after: Path) -> Image.Image:
    """The same seeds on both checkpoints, one above the other, drawn as the bot draws them."""
    drawn = []
    for path in (before, after):
        sampler = Sampler(load(path))
        # Nothing is picked: the new one has no scorer yet, and it is the networks that are compared.
        codes = sampler.w_from_seeds(COMPARED_SEEDS, COMPARED_PSI, pick=False)
        sprites = sampler.render(codes, COMPARED_SEEDS)
        drawn.append(sampler.shown(sprites, max(COMPARED_SIDE // sampler.resolution, 1)))
    starts = range(0, len(COMPARED_SEEDS), COMPARED_COLUMNS)
    rows = [list(pictures[i : i + COMPARED_COLUMNS]) for i in starts for pictures in drawn]
    return table(rows, 1, row_names=["before", "after"] * len(starts)).convert("RGB")


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt, as Ctrl-C does; while training it asks to stop and save."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def describe(error: BaseException) -> str:
    """One sentence on what went wrong."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError) or any(words in text.lower() for words in NO_MEMORY):
        return "The memory ran out."
    if any(words in text for words in NO_PRIMITIVE):
        return f"Most likely the memory ran out: {text}."
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    return text
