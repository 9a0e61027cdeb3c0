"""A request sent again with its key is answered once, and a key is never lost to a refusal or an outage."""

from __future__ import annotations

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.messages import MemoryIdempotencyStore
from darkroom.domain.limits import DAY, MINUTE
from darkroom.errors import (
    CostLimitError,
    IdempotencyMismatchError,
    InvalidRequestError,
    RequestInFlightError,
    TransientError,
)
from darkroom.ports import StoredAnswer
from darkroom.usecases.idempotency import Idempotency

ANSWER = StoredAnswer(202, {"Location": "/jobs/1"}, "{}")


class Produces:
    """Counts how often it was asked; raises what it is given instead of answering."""

    def __init__(self, *errors: Exception | None) -> None:
        self._errors = list(errors)
        self.calls = 0

    def __call__(self) -> StoredAnswer:
        self.calls += 1
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return ANSWER


class Unreachable(MemoryIdempotencyStore):
    """Opens keys, and fails whatever comes after."""

    def finish(self, owner: str, key: str, *, digest: str, answer: StoredAnswer) -> None:
        raise TransientError("throttled")

    def abandon(self, owner: str, key: str, *, digest: str) -> None:
        raise TransientError("throttled")

    def lapse(self, owner: str, key: str, *, digest: str) -> None:
        raise TransientError("throttled")


def test_the_work_is_done_once() -> None:
    clock, produce = MemoryClock(), Produces()
    idempotency = Idempotency(MemoryIdempotencyStore(), clock)
    for _ in range(3):
        assert idempotency.answer("acme", "k", "d", produce) == ANSWER
        clock.advance(MINUTE)
    assert produce.calls == 1
    clock.advance(DAY)
    idempotency.answer("acme", "k", "d", produce)
    assert produce.calls == 2


def test_a_second_request_during_the_first_is_turned_away() -> None:
    idempotency = Idempotency(MemoryIdempotencyStore(), MemoryClock())

    def produce() -> StoredAnswer:
        with pytest.raises(RequestInFlightError):
            idempotency.answer("acme", "k", "d", Produces())
        with pytest.raises(IdempotencyMismatchError):
            idempotency.answer("acme", "k", "e", Produces())
        return ANSWER

    assert idempotency.answer("acme", "k", "d", produce) == ANSWER


@pytest.mark.parametrize("refusal", [InvalidRequestError("no"), CostLimitError("too much")])
def test_a_refused_request_may_be_corrected_under_its_key(refusal: Exception) -> None:
    idempotency = Idempotency(MemoryIdempotencyStore(), MemoryClock())
    with pytest.raises(type(refusal)):
        idempotency.answer("acme", "k", "d", Produces(refusal))
    assert idempotency.answer("acme", "k", "corrected", Produces()) == ANSWER


@pytest.mark.parametrize("trouble", [TransientError("throttled"), RuntimeError("a bug")])
def test_after_trouble_the_same_request_may_come_again_at_once_and_another_may_not(trouble: Exception) -> None:
    idempotency = Idempotency(MemoryIdempotencyStore(), MemoryClock())
    with pytest.raises(type(trouble)):
        idempotency.answer("acme", "k", "d", Produces(trouble))
    with pytest.raises(IdempotencyMismatchError):
        idempotency.answer("acme", "k", "e", Produces())
    assert idempotency.answer("acme", "k", "d", Produces()) == ANSWER


@pytest.mark.parametrize("raised", [None, InvalidRequestError("no"), TransientError("throttled")])
def test_a_store_that_fails_after_the_work_changes_no_answer(raised: Exception | None) -> None:
    clock = MemoryClock()
    idempotency = Idempotency(Unreachable(), clock)
    if raised is None:
        assert idempotency.answer("acme", "k", "d", Produces()) == ANSWER
    else:
        with pytest.raises(type(raised), match=str(raised)):
            idempotency.answer("acme", "k", "d", Produces(raised))
    with pytest.raises(RequestInFlightError):
        idempotency.answer("acme", "k", "d", Produces())
    clock.advance(MINUTE)
    assert idempotency.answer("acme", "k", "d", Produces()) == ANSWER


def test_a_store_that_cannot_be_asked_lets_no_work_be_done() -> None:
    class Down(MemoryIdempotencyStore):
        def begin(self, *args: object, **more: object) -> StoredAnswer | None:
            raise TransientError("throttled")

    produce = Produces()
    with pytest.raises(TransientError):
        Idempotency(Down(), MemoryClock()).answer("acme", "k", "d", produce)
    assert produce.calls == 0
