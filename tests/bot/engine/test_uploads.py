"""Pictures that people upload are read in a process that keeps nothing, and takes nobody with it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from bot.engine import check_pixels, uploads
from bot.engine.uploads import SENTENCES, VALUES, Uploads
from bot.errors import UserError
from gan.pictures.sprite import from_png
from gan.pictures.subject import SIDE, Reason, read_subject
from tests.doodles import doodle, encoded, moving


async def test_what_comes_back_is_the_subject_and_the_disk_saw_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    data = encoded(doodle())
    read, again = await asyncio.gather(Uploads().read(data), Uploads().read(moving()))
    assert np.array_equal(from_png(read.png), read_subject(data).pixels) and not read.animated
    assert from_png(again.png).shape == (SIDE, SIDE, 4) and again.animated
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))


@pytest.mark.parametrize(
    ("data", "reason"), [(b"words", "unknown"), (encoded(doodle())[:3000], "damaged"), (b"", "unknown")]
)
async def test_what_cannot_be_read_is_one_sentence(data: bytes, reason: Reason) -> None:
    with pytest.raises(UserError) as refused:
        await Uploads().read(data)
    assert refused.value.sentence == SENTENCES[reason]


@pytest.mark.parametrize(
    "program",
    ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)", "import time; time.sleep(600)"],
)
async def test_a_helper_that_dies_or_never_ends_is_one_sentence(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "WORKER", ("-c", program))
    monkeypatch.setattr(Uploads, "timeout_s", 0.5 if "sleep" in program else 60)
    with pytest.raises(UserError, match="could not be read"):
        await Uploads().read(encoded(doodle()))


async def test_few_are_read_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import os, pathlib, sys; here = pathlib.Path(sys.argv[1]); mine = here / str(os.getpid());"
        "mine.touch(); n = len(list(here.iterdir())); sys.stdin.buffer.read(); mine.unlink();"
        "print('{\"png\": \"\", \"animated\": ' + ('true' if n > 2 else 'false') + '}')"
    )
    monkeypatch.setattr(uploads, "WORKER", ("-c", program, str(tmp_path)))
    one = Uploads()
    assert not any(read.animated for read in await asyncio.gather(*(one.read(b"x") for _ in range(5))))


def test_every_sentence_has_its_numbers() -> None:
    for sentence in SENTENCES.values():
        assert "{" not in sentence.format(**VALUES)
    check_pixels(4000, 6000)
    with pytest.raises(UserError, match="at most 25 million"):
        check_pixels(10_000, 5_000)
