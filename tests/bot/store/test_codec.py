"""W+ is kept bit for bit, and once where all layers have the same w."""

from __future__ import annotations

import numpy as np
import pytest

from bot.store.codec import COMPRESSED, RAW, decode_w_plus, encode_w_plus

W = np.random.default_rng(1).standard_normal((3, 512)).astype(np.float32)
ODD = np.array([[0.0, -0.0, np.inf, -np.inf, 1e-45, np.finfo(np.float32).max]], np.float32)
NOT_NUMBERS = np.array([[0x7FC00000, 0x7F800001, 0xFFFFFFFF, 0x00000001]], np.uint32).view(np.float32)
CODES = {
    "a plain hatch": np.repeat(W[:1], 10, axis=0),
    "a mix": W[[0, 0, 0, 1, 1, 1, 1, 2, 2, 0]],
    "all layers different": np.random.default_rng(2).standard_normal((10, 512)).astype(np.float32),
    "one layer": W[:1],
    "one number": W[:1, :1],
    "odd numbers": np.repeat(ODD, 4, axis=0),
    "zeros of both signs": np.stack([ODD[0], -ODD[0]]),
    "not a number, in several ways": np.repeat(NOT_NUMBERS, 3, axis=0),
    "seen from the other side": np.asfortranarray(np.repeat(W[:2], 5, axis=0)),
    "many layers": np.tile(W, (100, 1)),
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES.keys())
def test_every_bit_comes_back(code: np.ndarray) -> None:
    form, data = encode_w_plus(code)
    found = decode_w_plus(form, data, len(code))
    assert (found.shape, found.dtype, found.tobytes()) == (code.shape, np.float32, code.tobytes())
    assert len(data) <= code.nbytes and not found.flags.writeable


def test_a_plain_hatch_takes_less_than_one_w() -> None:
    code = CODES["a plain hatch"]
    form, data = encode_w_plus(code)
    assert form == COMPRESSED and len(data) < W[0].nbytes == code.nbytes // 10


def test_raw_numbers_are_read_as_they_are() -> None:
    assert decode_w_plus(RAW, W.tobytes(), 3).tobytes() == W.tobytes()


@pytest.mark.parametrize(("form", "data"), [(COMPRESSED, b"damaged"), (RAW, b"abc"), (7, W.tobytes())])
def test_what_was_not_encoded_here_is_refused(form: int, data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_w_plus(form, data, 3)
