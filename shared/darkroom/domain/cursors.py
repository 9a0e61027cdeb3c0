"""Where a list goes on: opaque to the caller, and of no use to anybody else.

The check digits guard against mix-ups, not against forgery: a list is always the asking owner's own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re

from darkroom.errors import InvalidRequestError


def cursor_of(owner: str, position: str) -> str:
    """A position in an owner's list as the caller sees it."""
    return base64.urlsafe_b64encode(f"{position}#{_check_digits(owner, position)}".encode()).decode().rstrip("=")


def position_of(owner: str, cursor: str, *, pattern: str, route: str) -> str:
    """Raises InvalidRequestError for a cursor that this owner was never given by `route`."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        text = ""
    found, _, digits = text.rpartition("#")
    if not re.fullmatch(pattern, found) or digits != _check_digits(owner, found):
        raise InvalidRequestError(
            "The cursor is not one of this list's",
            problems=(("cursor", f"is not a cursor that {route} gave to this key"),),
            fix="Take the cursor from the last page's answer, or leave it out to begin at the start.",
        )
    return found


def _check_digits(owner: str, position: str) -> str:
    return hashlib.sha256(json.dumps([owner, position]).encode()).hexdigest()[:16]
