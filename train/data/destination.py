"""Where a data set goes: what may be replaced there, and how it is replaced so that a kill does no harm."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gan.files import whole_file
from train.data.dataset import FORMAT, LABELS_FILE, SpriteDataset, read_index
from train.errors import DataError
from train.protocol import INDEX_FILE

FILES = {"images.npy", "species.npy", INDEX_FILE, LABELS_FILE}


@dataclass(frozen=True, slots=True)
class Destination:
    """The folder of a data set and its hidden siblings."""

    out: Path
    replaces: bool = True  # whether a sound data set there may be replaced by another

    @property
    def lock(self) -> Path:
        return self._sibling("lock")

    @property
    def decoded(self) -> Path:
        """What is decoded, for a build that goes on after an interruption."""
        return self._sibling("decoded")

    def claim(self) -> None:
        """Make the parent folder. Raises DataError where something else than a data set is in the place."""
        if self.out.exists() and not self._replaceable():
            raise DataError(
                f"{self.out} exists and is no data set: choose another place, nothing was changed."
            )
        if not self.replaces and self._is_sound():
            raise DataError(
                f"{self.out} holds a data set of other pictures or options: choose another --out, or replace "
                "it with --force."
            )
        self.out.parent.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def building(self) -> Iterator[Path]:
        """An empty folder to write into, gone afterwards unless `swap` has put it in place."""
        folder = self._sibling("building")
        shutil.rmtree(folder, ignore_errors=True)  # what a killed build left
        try:
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def swap(self) -> None:
        """Put the finished folder in the place of the old one, which stays recoverable until that is done."""
        previous = self._sibling("previous")
        shutil.rmtree(previous, ignore_errors=True)
        if self.out.exists():
            self.out.rename(previous)
        try:
            self._sibling("building").rename(self.out)
        except BaseException:
            self.recover()
            raise
        shutil.rmtree(previous, ignore_errors=True)

    def recover(self) -> None:
        """Bring back the old data set where a kill hit between the two renames of `swap`."""
        previous = self._sibling("previous")
        if previous.is_dir() and not self.out.exists():
            previous.rename(self.out)

    def replace_file(self, name: str, text: str) -> None:
        """Write one file of the data set, whole or not at all."""
        with whole_file(self.out / name) as part:
            part.write_text(text, encoding="utf-8")

    def _replaceable(self) -> bool:
        """Whether `out` is a data set, the ruins of one, or empty: nothing else is ever overwritten."""
        if not self.out.is_dir():
            return False
        if {path.name for path in self.out.iterdir()} <= FILES:
            return True
        try:
            return read_index(self.out)["format"] == FORMAT
        except DataError:
            return False

    def _is_sound(self) -> bool:
        try:
            SpriteDataset.open(self.out)
        except DataError:
            return False
        return True

    def _sibling(self, role: str) -> Path:
        return self.out.with_name(f".{self.out.name}.{role}")
