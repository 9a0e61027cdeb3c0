"""The heartbeat beside the work: what ends it, what does not, and what it says."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.heartbeat import ThreadedHeartbeat
from darkroom.errors import LeaseLostError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 10.0


class Beats:
    """Raises one of `troubles` a beat, then none; `over` is set once `wanted` beats were heard."""

    def __init__(self, *troubles: Exception, wanted: int) -> None:
        self.troubles = list(troubles)
        self.wanted = wanted
        self.count = 0
        self.thread = threading.main_thread()
        self.over = threading.Event()

    def __call__(self) -> None:
        self.count += 1
        self.thread = threading.current_thread()
        if self.count >= self.wanted:
            self.over.set()
        if self.troubles:
            raise self.troubles.pop(0)


def beating(beat: Callable[[], None], over: threading.Event) -> bool:
    with ThreadedHeartbeat(1)(beat):
        return over.wait(PATIENCE)


@pytest.mark.parametrize("trouble", [TransientError("throttled"), RuntimeError("a bug"), KeyError("another")])
def test_trouble_of_one_beat_does_not_keep_the_next_from_coming(trouble: Exception) -> None:
    beats = Beats(trouble, wanted=3)
    assert beating(beats, beats.over)


def test_a_beat_that_fails_for_no_reason_we_know_is_logged_by_us(caplog: pytest.LogCaptureFixture) -> None:
    beats = Beats(RuntimeError("a bug"), wanted=2)
    with caplog.at_level(logging.ERROR):
        assert beating(beats, beats.over)
    (record,) = caplog.records
    assert record.name == "darkroom.adapters.heartbeat"
    assert record.exc_info is not None


def test_a_lost_lease_ends_it() -> None:
    beats = Beats(LeaseLostError("taken"), wanted=1)
    with ThreadedHeartbeat(1)(beats):
        assert beats.over.wait(PATIENCE)
        beats.thread.join(PATIENCE)
        assert not beats.thread.is_alive()
    assert beats.count == 1
