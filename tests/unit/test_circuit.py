"""A provider that fails in a row is left alone, and asked once after a rest."""

from __future__ import annotations

import pytest
from darkroom.adapters.ai.circuit import Circuit, CircuitOpenError
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.domain.limits import SECOND


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def circuit(clock: MemoryClock) -> Circuit:
    return Circuit("openai", clock, failures=3, rest=30 * SECOND)


def fail(circuit: Circuit, times: int) -> None:
    for _ in range(times):
        circuit.enter()
        circuit.failed()


def test_failures_in_a_row_open_it(circuit: Circuit) -> None:
    fail(circuit, 2)
    circuit.check()
    fail(circuit, 1)
    for refuse in (circuit.check, circuit.enter):
        with pytest.raises(CircuitOpenError, match="openai failed 3 times") as raised:
            refuse()
        assert raised.value.retry_after == 30


def test_an_answer_in_between_begins_the_count_anew(circuit: Circuit) -> None:
    for _ in range(5):
        fail(circuit, 2)
        circuit.enter()
        circuit.passed()
    circuit.check()


def test_after_the_rest_one_call_probes_while_the_others_wait(circuit: Circuit, clock: MemoryClock) -> None:
    fail(circuit, 3)
    clock.advance(30 * SECOND - 1)
    with pytest.raises(CircuitOpenError) as raised:
        circuit.enter()
    assert raised.value.retry_after == 1
    clock.advance(1)
    circuit.check()
    circuit.enter()
    with pytest.raises(CircuitOpenError):
        circuit.enter()
    circuit.passed()
    circuit.enter()
    circuit.enter()


def test_a_probe_that_fails_opens_it_again_for_the_whole_rest(circuit: Circuit, clock: MemoryClock) -> None:
    fail(circuit, 3)
    clock.advance(30 * SECOND)
    fail(circuit, 1)
    clock.advance(29 * SECOND)
    with pytest.raises(CircuitOpenError):
        circuit.check()
    clock.advance(SECOND)
    circuit.check()
