"""A circuit breaker: a provider that failed several times in a row is left alone for a while, then asked once."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

from darkroom.domain.limits import SECOND
from darkroom.errors import NotChargedError

if TYPE_CHECKING:
    from darkroom.ports import Clock

FAILURES: Final = 5
REST: Final = 30 * SECOND


class CircuitOpenError(NotChargedError):
    """Nothing was sent. Within this call the provider is not asked again."""


class Circuit:
    """Of one provider, for all calls of a process. Closed: calls pass, failures in a row are counted. Open: none passes
    until `rest` milliseconds are over. Half open: one call probes; it closes the circuit or opens it again."""

    def __init__(self, provider: str, clock: Clock, *, failures: int = FAILURES, rest: int = REST) -> None:
        self._provider = provider
        self._clock = clock
        self._most = failures
        self._rest = rest
        self._failed = 0
        self._opened_at: int | None = None
        self._probing = False
        self._lock = Lock()

    def check(self) -> None:
        """Raises CircuitOpenError where a call would be refused now; takes no place."""
        with self._lock:
            self._refuse_while_open()

    def enter(self) -> None:
        """Before a call, which `passed` or `failed` must end. Raises CircuitOpenError."""
        with self._lock:
            self._refuse_while_open()
            self._probing = self._opened_at is not None

    def passed(self) -> None:
        """The provider answered, be it with a refusal."""
        with self._lock:
            self._failed = 0
            self._opened_at = None
            self._probing = False

    def failed(self) -> None:
        with self._lock:
            self._failed += 1
            if self._probing or self._failed >= self._most:
                self._opened_at = self._clock.now()
            self._probing = False

    def _refuse_while_open(self) -> None:
        if self._opened_at is None:
            return
        left = self._opened_at + self._rest - self._clock.now()
        if left > 0 or self._probing:
            raise CircuitOpenError(
                f"{self._provider} failed {self._failed} times in a row and is left alone for now",
                retry_after=max(1, -(-left // SECOND)),
            )
