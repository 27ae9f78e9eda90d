"""Checkpoints in memory: the one in use, and the few older ones that were asked for last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.engine.reading import read_without_rarity
from bot.engine.reading_many import reader_of
from gan import checkpoint
from gan.checkpoint import Checkpoint
from gan.errors import CheckpointError
from gan.sampler import Sampler
from gan.sections import BESIDE, path_beside

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Model:
    """A checkpoint that is ready to draw with. Whoever holds it can draw, whatever comes into use next."""

    sampler: Sampler
    metadata: dict[str, Any]
    path: Path
    first_pass_s: float  # how long drawing took for the first time, which is slow
    reader: str = ""  # which heads read its creatures; "" where it has none

    @property
    def id(self) -> str:
        """The checkpoint's id."""
        return self.sampler.checkpoint_id


def check_checkpoint(path: Path, expected_id: str | None = None) -> tuple[str, dict[str, Any]]:
    """The id and the metadata of a checkpoint that can be hatched from. Blocking.

    Raises `CheckpointError` for a file that is missing, damaged, another one than `expected_id`, or whose
    weights are not finite.
    """
    loaded = _load(path, expected_id)
    return loaded.id, loaded.metadata


def section_paths(checkpoint: Path) -> dict[str, Path]:
    """Where the sections of a checkpoint lie that are not in its own file, by name; some, or all, may not."""
    return {name: path_beside(checkpoint, name) for name in BESIDE}


def load_model(path: Path, expected_id: str | None = None) -> Model:
    """Load and warm up: the first pass is slow, and not for a user to wait on. Blocking.

    Raises `CheckpointError` like `check_checkpoint`.
    """
    loaded = _load(path, expected_id)
    sampler = Sampler(loaded)
    for problem in sampler.problems:
        log.warning("%s It is left out.", problem)
    began = time.perf_counter()
    w_plus = sampler.w_from_seeds([0], 1.0)
    sampler.render(w_plus, [0])
    first_pass_s = time.perf_counter() - began
    read_without_rarity(sampler, w_plus[0])  # this, too, is slow for the first time
    return Model(sampler, loaded.metadata, path.resolve(), first_pass_s, reader_of(loaded, sampler))


def _load(path: Path, expected_id: str | None) -> Checkpoint:
    loaded = checkpoint.load(path)
    if expected_id is not None and loaded.id != expected_id:
        raise CheckpointError(f"{path} holds checkpoint {loaded.id}, not {expected_id}.")
    if not all(bool(t.isfinite().all()) for t in loaded.generator.state_dict().values()):
        raise CheckpointError(f"{path} holds weights that are not finite numbers.")
    return loaded


class Models:
    """Loads checkpoints by id, from `folder`/ID.safetensors, and keeps the `kept` used last.

    Loading has a thread of its own, so that nobody's hatching waits for it. A checkpoint that is dropped is
    freed once the last order that holds it is drawn.
    """

    def __init__(self, folder: Path | None, kept: int) -> None:
        self.folder = folder
        self.kept = kept
        self._models: OrderedDict[str, Model] = OrderedDict()  # used last at the end
        self._loading: dict[str, asyncio.Task[Model]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="loader")

    @property
    def ids(self) -> list[str]:
        """Those in memory, the one used last at the end."""
        return list(self._models)

    @property
    def loading(self) -> list[str]:
        """Those that are being read."""
        return list(self._loading)

    async def get(self, checkpoint_id: str) -> Model:
        """The model, loaded first if need be, once for all who ask. Raises `CheckpointError`."""
        if (model := self._models.get(checkpoint_id)) is not None:
            self._models.move_to_end(checkpoint_id)
            return model
        if (loading := self._loading.get(checkpoint_id)) is None:
            loading = asyncio.create_task(self._load(checkpoint_id), name=f"load {checkpoint_id}")
            self._loading[checkpoint_id] = loading
            loading.add_done_callback(lambda _: self._loading.pop(checkpoint_id, None))
        return await asyncio.shield(loading)  # who stops waiting does not stop it for the others

    async def _load(self, checkpoint_id: str) -> Model:
        if self.folder is None:
            raise CheckpointError(f"There is no folder to look for checkpoint {checkpoint_id} in.")
        path = self.folder / f"{checkpoint_id}.safetensors"
        loop = asyncio.get_running_loop()
        model = await loop.run_in_executor(self._thread, load_model, path, checkpoint_id)
        self.put(model)
        return model

    def put(self, model: Model) -> None:
        """Keep it as the one used last, and drop the one that was not used for longest."""
        self._models[model.id] = model
        self._models.move_to_end(model.id)
        while len(self._models) > self.kept:
            self._models.popitem(last=False)

    def remove(self, checkpoint_id: str) -> None:
        """Keep it no longer: it has come into use, where it does not count."""
        self._models.pop(checkpoint_id, None)

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False)
