"""File names that users send: what people see of them, and what goes into a storage key.

A name is never trusted: it may hold another path, control characters, marks that turn the reading direction, or
look-alikes that only become a slash once they are normalised. Nothing here decides what a file is; the bytes do that.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from darkroom.domain.limits import FILENAME_CHARACTERS
from darkroom.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_CHARACTERS: Final = 100
"""Longest name inside a key, its extension included: keys stay far below S3's 1,024 bytes."""
FALLBACK: Final = "file"

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that are dropped: controls (NUL), format marks (right-to-left), surrogates, unassigned."""


def shown(raw: str) -> str:
    """The name as people may see it: the last part of any path, in NFC, without invisible characters.

    Raises InvalidRequestError for a name that is too long, or of which nothing is left.
    """
    if len(raw) > FILENAME_CHARACTERS:
        raise _refusal(f"is {len(raw)} characters long; {FILENAME_CHARACTERS} is the most")
    visible = "".join(character for character in raw if unicodedata.category(character) not in _INVISIBLE)
    name = _last_part(unicodedata.normalize("NFC", visible))
    if not name.strip("."):
        raise _refusal("has no name in it")
    return name


def extension(name: str) -> str:
    """The part after the last dot, in lower case and without compatibility forms; empty where there is none."""
    _, dot, after = unicodedata.normalize("NFKC", name).rstrip(" .").rpartition(".")
    return after.lower() if dot else ""


def for_key(name: str, extensions: Sequence[str]) -> str:
    """The name for a storage key: letters, digits, dot, dash and underscore of ASCII, ending in one of `extensions`.

    ASCII, because a key travels through URLs, forms and file systems that normalise differently, and a key that
    comes back in another form names nothing. Accents fall off, everything else becomes a dash.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", _last_part(bare)).rstrip(".-")
    stem, dot, ending = plain.rpartition(".")
    if not dot or ending.lower() not in extensions:
        stem, ending = plain, extensions[0]
    stem = re.sub(r"([.-])\1+", r"\1", stem)[: KEY_CHARACTERS - len(ending) - 1].strip(".-")
    return f"{stem or FALLBACK}.{ending}"


def _last_part(name: str) -> str:
    return re.split(r"[/\\]", name)[-1].strip()


def _refusal(problem: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The filename {problem}",
        problems=(("filename", problem),),
        fix=f"Send a plain file name of up to {FILENAME_CHARACTERS} characters, such as cat.jpg.",
    )
