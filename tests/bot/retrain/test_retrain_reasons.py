"""What is told of a failure in a channel names no place of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.retrain.reasons import without_paths


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("There is no data set at /srv/pictures/x: build it.", "There is no data set at x: build it."),
        ("[Errno 2] No such file: '/srv/my data/a b.png'", "[Errno 2] No such file: 'a b.png'"),
        ("/bot/data/retrain/0001/state.safetensors: No space.", "retrain/0001/state.safetensors: No space."),
        ("/bot/database/x is another folder", "x is another folder"),
        ('File "/usr/lib/x.py", line 3', 'File "x.py", line 3'),
        (r"C:\Users\Oak\a.png is damaged", "a.png is damaged"),
        ("~/pictures/a.png, (/srv/b.png) and file:///srv/c.png", "a.png, (b.png) and c.png"),
        ("/tmp is full", "tmp is full"),
    ],
)
def test_of_a_path_only_what_is_harmless_is_left(text: str, told: str) -> None:
    assert without_paths(text, [Path("/bot/data"), Path("/srv/my data")]) == told


@pytest.mark.parametrize(
    "text",
    [
        "Begin one with /retrain start, or choose with `/checkpoint use`.",
        "40 images/s and/or 3/4 of retrain/0001/log.txt",
        "https://example.org/help",
        "RuntimeError: the shapes do not fit",
    ],
)
def test_what_is_no_absolute_path_stays(text: str) -> None:
    assert without_paths(text) == text
