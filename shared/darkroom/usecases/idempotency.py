"""One answer for a request that is sent again with its Idempotency-Key."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from darkroom.domain.limits import IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_KEPT
from darkroom.errors import DarkroomError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from darkroom.ports import Clock, IdempotencyStore, StoredAnswer

log = logging.getLogger(__name__)


class Idempotency:
    def __init__(self, store: IdempotencyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def answer(self, owner: str, key: str, digest: str, produce: Callable[[], StoredAnswer]) -> StoredAnswer:
        """What was answered to this owner's key, or what `produce` answers now. `digest` stands for the body.

        `produce` must recognise its own earlier work: after an outage it may be called again for the same body.
        A refusal (any DarkroomError that is not transient) is not kept, so a corrected body may use the same key.
        Raises RequestInFlightError and IdempotencyMismatchError as the store does.
        """
        now = self._clock.now()
        stored = self._store.begin(
            owner,
            key,
            digest=digest,
            now=now,
            until=now + IDEMPOTENCY_IN_FLIGHT,
            expires_at=now + IDEMPOTENCY_KEPT,
        )
        if stored is not None:
            return stored
        try:
            answer = produce()
        except DarkroomError as error:
            with _best_effort():
                if isinstance(error, TransientError):
                    self._store.lapse(owner, key, digest=digest)
                else:
                    self._store.abandon(owner, key, digest=digest)
            raise
        except Exception:
            with _best_effort():
                self._store.lapse(owner, key, digest=digest)
            raise
        with _best_effort():
            self._store.finish(owner, key, digest=digest, answer=answer)
        return answer


@contextmanager
def _best_effort() -> Iterator[None]:
    """The work is done or refused by now; a key that stays open for its minute is better than another answer."""
    try:
        yield
    except TransientError:
        log.warning("An Idempotency-Key was left open", exc_info=True)
