"""Where made pictures stand, each under a key of its own content, and what was answered to a request before.

A picture's key is its owner's and its bytes' digest: two equal ones are one object, and no later one can take its
place. Storage forgets both after a week, so an answer is believed for a little less.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.domain.generation import SUFFIXES
from darkroom.errors import ImageNotFoundError, TooLargeError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.ports import Clock, ObjectStore

BELIEVED: Final = 6 * limits.DAY

log = logging.getLogger(__name__)


class Shelf:
    def __init__(self, objects: ObjectStore, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock

    def keep(self, owner: str, data: bytes, media_type: str) -> str:
        """The key under which the bytes are stored."""
        key = f"{_folder(owner)}{hashlib.sha256(data).hexdigest()}.{SUFFIXES[media_type]}"
        self._objects.write(key, data, content_type=media_type)
        return key

    def take(self, owner: str, data: bytes) -> str:
        """The same for bytes of which nothing is known yet, as somebody sent them."""
        key = f"{_folder(owner)}sent/{hashlib.sha256(data).hexdigest()}"
        self._objects.write(key, data, content_type="application/octet-stream")
        return key

    def read(self, key: str) -> bytes:
        """Raises ImageNotFoundError for what was never kept, or no longer is."""
        return self._objects.read(key, limit=limits.IMAGE_BYTES)

    def link(self, key: str) -> tuple[str, int]:
        """A URL of what stands under the key, signed now, and when it stops working."""
        now = self._clock.now()
        url = self._objects.presign_get(key, lifetime=limits.PRESIGN_LIFETIME)
        return url, now // limits.SECOND * limits.SECOND + limits.PRESIGN_LIFETIME

    def recall(self, owner: str, digest: str) -> dict[str, Any] | None:
        """What was made for an equal request, None where that is unknown or too long ago. Never raises for trouble:
        the work can be done again."""
        try:
            body = self._objects.read(_answer(owner, digest), limit=limits.INLINE_RESULT_BYTES)
            stored = json.loads(body)
            age, made = self._clock.now() - stored["at"], stored["made"]
        except (ImageNotFoundError, TooLargeError, TransientError, ValueError, KeyError, TypeError):
            return None
        return made if isinstance(made, dict) and age <= BELIEVED else None

    def remember(self, owner: str, digest: str, made: Mapping[str, Any]) -> None:
        """Best effort: an answer that cannot be remembered is as good."""
        body = json.dumps({"at": self._clock.now(), "made": made}, ensure_ascii=False).encode()
        if len(body) > limits.INLINE_RESULT_BYTES:
            return
        try:
            self._objects.write(_answer(owner, digest), body, content_type="application/json")
        except TransientError as error:
            log.warning("An answer was not remembered: %s", error.detail)


def _folder(owner: str) -> str:
    """An owner's name may hold anything, and says who it is: its digest does neither."""
    return f"results/ai/{hashlib.sha256(owner.encode()).hexdigest()[:32]}/"


def _answer(owner: str, digest: str) -> str:
    return f"{_folder(owner)}answers/{digest}.json"
