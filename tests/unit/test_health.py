"""The deep health check asks everybody once, says who fails, and answers in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.domain.limits import SECOND
from darkroom.errors import SettingsError, TransientError, UnhealthyError
from darkroom.usecases.health import BUDGET, Health

if TYPE_CHECKING:
    from collections.abc import Callable


def failing(error: Exception) -> Callable[[], object]:
    def probe() -> object:
        raise error

    return probe


def test_every_dependency_is_asked_once_and_timed() -> None:
    clock = MemoryClock()
    asked = []

    def slow() -> None:
        asked.append("slow")
        clock.advance(250)

    checks = Health({"slow": slow, "quick": lambda: asked.append("quick")}, clock).check()
    assert asked == ["slow", "quick"]
    assert checks == {
        "slow": {"status": "ok", "milliseconds": 250},
        "quick": {"status": "ok", "milliseconds": 0},
    }


@pytest.mark.parametrize("error", [TransientError("throttled"), SettingsError("no such table"), KeyError("bug")])
def test_one_that_fails_is_named_and_the_others_are_asked_all_the_same(error: Exception) -> None:
    probes = {"first": failing(error), "second": lambda: None, "third": failing(error)}
    with pytest.raises(UnhealthyError) as found:
        Health(probes, MemoryClock()).check()
    assert {name: check["status"] for name, check in found.value.checks.items()} == {
        "first": "failing",
        "second": "ok",
        "third": "failing",
    }
    assert found.value.detail == "These dependencies do not answer: first, third"


def test_nobody_is_asked_once_the_time_is_up() -> None:
    clock = MemoryClock()
    asked = []
    probes = {
        "stuck": lambda: clock.advance(BUDGET - 1 * SECOND),
        "stuck too": lambda: clock.advance(BUDGET),
        "last": lambda: asked.append("last"),
    }
    with pytest.raises(UnhealthyError) as found:
        Health(probes, clock).check()
    assert [check["status"] for check in found.value.checks.values()] == ["ok", "ok", "failing"]
    assert not asked
