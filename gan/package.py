"""The package itself: its version, and the checkpoint that comes with it. Plain Python, without torch."""

from pathlib import Path

VERSION = "0.2.0"  # the only place: pyproject.toml reads it from here, so that a checkout knows it, too


def _shipped() -> Path:
    here = Path(__file__).resolve().parent
    checkout = here.parent / "checkpoints" / "newmon.safetensors"
    installed = here / "checkpoints" / "newmon.safetensors"  # put there by setup.py
    return installed if installed.is_file() and not checkout.is_file() else checkout


SHIPPED = _shipped()
