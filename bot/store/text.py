"""Words as every database takes them."""

from __future__ import annotations


def storable(text: str) -> str:
    """Lone surrogates and NUL can arrive in JSON, and no database takes them."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
