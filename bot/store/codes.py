"""Short codes: what people type to point at a creature that is not theirs.

Crockford's base 32 has no i, l, o and u, so that a code survives being read aloud or copied by hand.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 6  # 32^6 is about a thousand million
_LOOKALIKES = str.maketrans("ilo", "110")


def new_code() -> str:
    """A random code. The database's constraint, not chance, makes it unique."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def parse_code(text: str) -> str | None:
    """The code that `text` spells, forgiving case and look-alike characters; None if it cannot be one."""
    code = text.strip().lower().translate(_LOOKALIKES)
    return code if len(code) == LENGTH and all(character in ALPHABET for character in code) else None
