"""What columns hold: W+ as bytes, and text that every database takes.

W+ is kept bit for bit and small: most creatures have one w in all layers, and floats compress well.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

W_DTYPE = np.dtype("<f4")  # little-endian float32, whatever the machine
_LAYER_DTYPE = np.dtype("<u2")
_LEVEL = 9  # of zlib; 2 KiB take a tenth of a millisecond

# How a row's bytes are to be read. Rows older than migration 0006 are RAW.
RAW = 0  # [L, w_dim]
COMPRESSED = 1  # zlib of: which of the different w each layer has [L], and these w [N, w_dim] byte by byte


def encode_w_plus(w_plus: npt.NDArray[np.float32]) -> tuple[int, bytes]:
    """float32 [L, w_dim] → how it is written, and the bytes. Loses nothing, not even the sign of a zero.

    The first bytes of all numbers come first, then the second ones: sign and exponent are alike from number
    to number and compress, the rest does not.
    """
    layers = [layer.tobytes() for layer in w_plus.astype(W_DTYPE)]
    different = list(dict.fromkeys(layers))
    which = np.array([different.index(layer) for layer in layers], _LAYER_DTYPE)
    numbers = np.frombuffer(b"".join(different), np.uint8).reshape(-1, W_DTYPE.itemsize)
    compressed = zlib.compress(which.tobytes() + numbers.T.tobytes(), _LEVEL)
    raw = b"".join(layers)
    return (COMPRESSED, compressed) if len(compressed) < len(raw) else (RAW, raw)


def decode_w_plus(form: int, data: bytes, layers: int) -> npt.NDArray[np.float32]:
    """Read-only float32 [L, w_dim]. Raises ValueError for what `encode_w_plus` did not write."""
    if form == RAW:
        return np.frombuffer(data, W_DTYPE).reshape(layers, -1)
    if form != COMPRESSED:
        raise ValueError(f"W+ of the unknown form {form}")
    try:
        decompressed = zlib.decompress(data)
    except zlib.error as error:
        raise ValueError("W+ is damaged") from error
    start = layers * _LAYER_DTYPE.itemsize
    which = np.frombuffer(decompressed[:start], _LAYER_DTYPE)
    planes = np.frombuffer(decompressed, np.uint8, offset=start).reshape(W_DTYPE.itemsize, -1)
    different = np.frombuffer(planes.T.tobytes(), W_DTYPE).reshape(int(which.max()) + 1, -1)
    w_plus = different[which]
    w_plus.flags.writeable = False
    return w_plus


def storable(text: str) -> str:
    """Text without what no database takes: lone surrogates and NUL, which can arrive in JSON."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
