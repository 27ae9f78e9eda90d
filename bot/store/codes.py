"""Short codes: what people type to point at a creature that is not theirs.

Crockford's base 32 has no i, l, o and u, so that a code survives being read aloud or copied by hand.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 8  # 32^8 is about a million million: a code that was lost or forgotten does not come again
_LENGTHS = (6, LENGTH)  # those that earlier versions gave have six characters
_LOOKALIKES = str.maketrans("ilo", "110")


def new_code() -> str:
    """A random code. The database's constraint, not chance, makes it unique."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def parse_code(text: str) -> str | None:
    """The code that `text` spells, forgiving case and look-alike characters; None if it cannot be one."""
    code = text.strip().lower().translate(_LOOKALIKES)
    return code if len(code) in _LENGTHS and all(character in ALPHABET for character in code) else None
