"""W+ as bytes, bit for bit and small: most creatures have one w in all layers, and floats compress well."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

W_DTYPE = np.dtype("<f4")  # little-endian float32, whatever the machine
_LAYER_DTYPE = np.dtype("<u2")
_LEVEL = 9  # of zlib; 2 KiB take a tenth of a millisecond

# How a row's bytes are to be read. Rows of versions before packing are RAW.
RAW = 0  # [L, w_dim]
PACKED = 1  # zlib of: which of the different w each layer has [L], and these w [N, w_dim] byte by byte


def pack(w_plus: npt.NDArray[np.float32]) -> tuple[int, bytes]:
    """float32 [L, w_dim] → how it is written, and the bytes. Loses nothing, not even the sign of a zero.

    The first bytes of all numbers come first, then the second ones: sign and exponent are alike from number
    to number and compress, the rest does not.
    """
    layers = [layer.tobytes() for layer in w_plus.astype(W_DTYPE)]
    different = list(dict.fromkeys(layers))
    which = np.array([different.index(layer) for layer in layers], _LAYER_DTYPE)
    numbers = np.frombuffer(b"".join(different), np.uint8).reshape(-1, W_DTYPE.itemsize)
    packed = zlib.compress(which.tobytes() + numbers.T.tobytes(), _LEVEL)
    raw = b"".join(layers)
    return (PACKED, packed) if len(packed) < len(raw) else (RAW, raw)


def unpack(form: int, data: bytes, layers: int) -> npt.NDArray[np.float32]:
    """Read-only float32 [L, w_dim]. Raises ValueError for what `pack` did not write."""
    if form == RAW:
        return np.frombuffer(data, W_DTYPE).reshape(layers, -1)
    if form != PACKED:
        raise ValueError(f"W+ of the unknown form {form}")
    try:
        unpacked = zlib.decompress(data)
    except zlib.error as error:
        raise ValueError("W+ is damaged") from error
    start = layers * _LAYER_DTYPE.itemsize
    which = np.frombuffer(unpacked[:start], _LAYER_DTYPE)
    planes = np.frombuffer(unpacked, np.uint8, offset=start).reshape(W_DTYPE.itemsize, -1)
    different = np.frombuffer(planes.T.tobytes(), W_DTYPE).reshape(int(which.max()) + 1, -1)
    w_plus = different[which]
    w_plus.flags.writeable = False
    return w_plus
