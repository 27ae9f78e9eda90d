"""What the readers of pictures refuse, and from what size on."""

from __future__ import annotations

from gan.errors import UserError

MOST_PIXELS = 64_000_000  # larger pictures are refused before they are unpacked, as decompression bombs are


class PictureError(UserError):
    """A file that is no picture to use. Its text says why, without the file's name: "it is empty"."""
