"""Addresses of files as Discord's CDN gives them out: signed, and good for a day."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from sandbox.clock import Clock

LIFETIME_S = 24 * 3600
_ISSUED_EVERY_S = 3600  # so that a message that is drawn again keeps its pictures


class Signer:
    """Signs paths with `ex` (when it ends), `is` (when it was issued; both in hexadecimal seconds since 1970)
    and `hm` (HMAC-SHA256 over the three)."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def sign(self, path: str) -> str:
        issued = int(self._clock.time()) // _ISSUED_EVERY_S * _ISSUED_EVERY_S
        ex, is_ = f"{issued + LIFETIME_S:x}", f"{issued:x}"
        return f"{path}?ex={ex}&is={is_}&hm={self._hm(path, ex, is_)}&"

    def remaining_s(self, path: str, query: Mapping[str, str]) -> float:
        """For how long the address is still good; 0 or less: it is not (any more)."""
        ex, is_, hm = (query.get(key, "") for key in ("ex", "is", "hm"))
        if not hmac.compare_digest(self._hm(path, ex, is_).encode(), hm.encode()):
            return 0
        return int(ex, 16) - self._clock.time()

    def _hm(self, path: str, ex: str, is_: str) -> str:
        return hmac.new(self._secret, f"{path} {ex} {is_}".encode(), hashlib.sha256).hexdigest()
