"""From a request to a row and a message, whatever fails in between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from darkroom.domain import limits
from darkroom.domain.jobs import Cost, State, derived_job_id
from darkroom.domain.messages import message
from darkroom.errors import CostLimitError, IdempotencyMismatchError, TransientError
from darkroom.usecases.submission import LOOK_AFTER

from tests.memory_platform import OWNER, Platform


def test_a_submission_is_a_row_and_a_message() -> None:
    platform = Platform()
    job = platform.submit(callback_url="https://hooks.example/", max_cost=1.0, items=3)
    assert job.state is State.PENDING
    assert job.deadline == platform.clock.now() + limits.JOB_DEADLINE
    assert platform.read(job) == replace(job, sent=True, due_at=platform.clock.now() + LOOK_AFTER)
    assert platform.queue.bodies == [message(job.job_id)]


def test_an_estimate_above_the_cap_makes_no_job() -> None:
    platform = Platform()
    with pytest.raises(CostLimitError):
        platform.submit(estimate=Cost(usd=0.02), max_cost=0.01)
    assert platform.queue.bodies == []
    assert platform.jobs.list(OWNER).jobs == ()


def test_two_submissions_without_a_key_are_two_jobs() -> None:
    platform = Platform()
    assert platform.submit().job_id != platform.submit().job_id


def test_a_repeated_key_finds_its_own_job_and_sends_nothing() -> None:
    platform = Platform()
    first = platform.submit(idempotency_key="k")
    platform.clock.advance(limits.HOUR)
    assert platform.submit(idempotency_key="k").job_id == first.job_id
    assert len(platform.queue.bodies) == 1


def test_a_key_of_another_owner_is_another_key() -> None:
    platform = Platform()
    assert platform.submit(idempotency_key="k").job_id != platform.submit(idempotency_key="k", owner="another").job_id


def test_a_key_with_another_request_is_refused() -> None:
    platform = Platform()
    platform.submit(idempotency_key="k")
    with pytest.raises(IdempotencyMismatchError):
        platform.submit(idempotency_key="k", request={"imageUrls": ["s3://media/b.jpg"]})


def test_a_key_may_be_used_anew_once_its_record_is_no_longer_kept() -> None:
    platform = Platform()
    days = []
    for _ in range(9):
        days.append(platform.submit(idempotency_key="k").job_id)
        platform.clock.advance(limits.JOB_KEPT)
    assert days == [derived_job_id(OWNER, "k", turn) for turn in range(9)]


def test_a_sender_recognises_its_own_write_after_a_retried_put() -> None:
    platform = Platform()
    written = platform.submit(idempotency_key="k")
    again = platform.store.create(written)
    assert again.write_id == written.write_id


@pytest.mark.parametrize("key", [None, "k"])
def test_a_message_that_was_not_sent_is_no_error(key: str | None) -> None:
    platform = Platform()
    platform.queue.failing = 1
    job = platform.submit(idempotency_key=key)
    stored = platform.read(job)
    assert (stored.sent, stored.due_at) == (False, platform.clock.now() + limits.SUBMISSION_GRACE)


def test_a_repeated_key_sends_the_message_that_was_not_sent() -> None:
    platform = Platform()
    platform.queue.failing = 1
    job = platform.submit(idempotency_key="k")
    platform.submit(idempotency_key="k")
    assert platform.queue.bodies == [message(job.job_id)]
    assert platform.read(job).sent


def test_a_row_that_may_not_be_stored_is_told_to_the_caller() -> None:
    platform = Platform()
    platform.store.trouble["create"] = 1
    with pytest.raises(TransientError):
        platform.submit()
    assert platform.queue.bodies == []


def test_a_stored_row_whose_answer_was_lost_is_found_by_its_key() -> None:
    platform = Platform()
    platform.store.unheard["create"] = 1
    with pytest.raises(TransientError):
        platform.submit(idempotency_key="k")
    job = platform.submit(idempotency_key="k")
    assert [listed.job_id for listed in platform.jobs.list(OWNER).jobs] == [job.job_id]
    assert platform.queue.bodies == [message(job.job_id)]
