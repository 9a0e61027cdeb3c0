"""A clock that moves only when it is told to."""

from __future__ import annotations


class MemoryClock:
    """Twin of SystemClock; `sleep` returns at once, that much later."""

    def __init__(self, now: int = 1_767_323_045_678) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def sleep(self, milliseconds: int) -> None:
        self.advance(milliseconds)

    def advance(self, milliseconds: int) -> None:
        self._now += milliseconds
