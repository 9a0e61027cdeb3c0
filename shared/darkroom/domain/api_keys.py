"""The form of an API key: `dk_<stage>_<43 characters of secret><6 of checksum>`, all of it one word to a double-click.

The secret is 32 random bytes in base 62. The checksum (CRC-32 of everything before it) proves nothing about the key;
it tells a typing error from a key that was revoked, without asking a store. What is stored is the sha256 alone.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import Final

from darkroom.errors import UnauthenticatedError

ENTROPY_BYTES: Final = 32
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET: Final = 43
_CHECKSUM: Final = 6
_FORM: Final = rf"dk_[a-z0-9-]{{1,32}}_[A-Za-z0-9]{{{_SECRET + _CHECKSUM}}}"


def mint(stage: str, entropy: bytes) -> str:
    """A key from ENTROPY_BYTES of randomness."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a key takes {ENTROPY_BYTES} random bytes, not {len(entropy)}")
    body = f"dk_{stage}_{_base62(int.from_bytes(entropy), _SECRET)}"
    return body + _checksum(body)


def digest(key: str) -> str:
    """What is stored of a key: its hex sha256. A fast hash suffices, since there are 256 random bits to guess."""
    return hashlib.sha256(key.encode()).hexdigest()


def check_form(key: str) -> None:
    """Raises UnauthenticatedError for what cannot be a key of ours, saying which of its parts is wrong."""
    if not re.fullmatch(_FORM, key):
        raise UnauthenticatedError("This is not the form of a Darkroom key")
    if _checksum(key[:-_CHECKSUM]) != key[-_CHECKSUM:]:
        raise UnauthenticatedError("The key was mistyped or cut off: its checksum is wrong")


def stage_of(key: str) -> str:
    """The stage that a well-formed key was made for."""
    return key.split("_")[1]


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM)


def _base62(number: int, width: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits.rjust(width, _ALPHABET[0])
