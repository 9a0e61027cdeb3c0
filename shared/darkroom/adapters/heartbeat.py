"""A pulse beside the work: a thread that calls back at an interval while a block runs."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from darkroom.errors import LeaseLostError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)


class ThreadedHeartbeat:
    def __init__(self, interval: int) -> None:
        """`interval` in milliseconds."""
        self._seconds = interval / 1000

    @contextmanager
    def __call__(self, beat: Callable[[], None]) -> Iterator[None]:
        """Beats until the block ends or the lease is lost, which the work then learns from its own next check."""
        over = threading.Event()

        def pulse() -> None:
            while not over.wait(self._seconds):
                try:
                    beat()
                except LeaseLostError:
                    return
                except TransientError:
                    continue  # the next beat may get through; the work's own check decides when it is too late
                except Exception:
                    log.exception("A heartbeat failed unexpectedly")  # not left to threading: our log redacts

        thread = threading.Thread(target=pulse, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
