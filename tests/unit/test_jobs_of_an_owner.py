"""What an owner is told of its jobs as time goes by, and of everybody else's: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from darkroom.domain import limits
from darkroom.domain.jobs import State
from darkroom.errors import JobEndedError, JobExpiredError, JobNotFoundError, NotFoundError

from tests.memory_platform import HOOK, OWNER, FlakyJobStore, Platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.domain.jobs import Job

QUESTIONS: list[Callable[[Platform, str, str], Any]] = [
    lambda platform, owner, job_id: platform.jobs.get(owner, job_id),
    lambda platform, owner, job_id: platform.jobs.cancel(owner, job_id),
    lambda platform, owner, job_id: platform.jobs.wait(owner, job_id, 5),
    lambda platform, owner, job_id: platform.jobs.delivery(owner, job_id),
]


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize("job_id", ["", "x", "00000000-0000-4000-8000-000000000000", "\x00" * 9_000, "job#1"])
def test_an_unknown_job_is_not_found(ask: Callable[[Platform, str, str], Any], job_id: str) -> None:
    with pytest.raises(JobNotFoundError):
        ask(Platform(), OWNER, job_id)


@pytest.mark.parametrize("ask", QUESTIONS)
def test_another_owners_job_is_not_found_and_not_touched(ask: Callable[[Platform, str, str], Any]) -> None:
    platform = Platform()
    job = platform.submit(callback_url=HOOK)
    with pytest.raises(JobNotFoundError):
        ask(platform, "another", job.job_id)
    assert platform.read(job).state is State.PENDING


@pytest.mark.parametrize("ask", QUESTIONS)
def test_a_job_is_told_for_a_day_then_gone_and_after_a_week_unknown(ask: Callable[[Platform, str, str], Any]) -> None:
    platform = Platform()
    job = platform.submit()
    platform.clock.advance(limits.JOB_KEPT - 1)
    platform.jobs.get(OWNER, job.job_id)
    platform.clock.advance(1)
    with pytest.raises(JobExpiredError):
        ask(platform, OWNER, job.job_id)
    platform.clock.advance(limits.TOMBSTONE_KEPT - limits.JOB_KEPT)
    with pytest.raises(JobNotFoundError):
        ask(platform, OWNER, job.job_id)


def test_a_list_ends_where_the_keeping_time_does() -> None:
    platform = Platform()
    platform.submit()
    platform.clock.advance(limits.JOB_KEPT // 2)
    young = platform.submit()
    platform.clock.advance(limits.JOB_KEPT // 2)
    assert [job.job_id for job in platform.jobs.list(OWNER).jobs] == [young.job_id]


def test_a_job_is_cancelled_once_with_its_webhook() -> None:
    platform = Platform()
    job = platform.submit(callback_url=HOOK)
    cancelled = platform.jobs.cancel(OWNER, job.job_id)
    assert cancelled == platform.read(job)
    assert cancelled.state is State.CANCELLED
    assert platform.jobs.delivery(OWNER, job.job_id).url == HOOK
    with pytest.raises(JobEndedError):
        platform.jobs.cancel(OWNER, job.job_id)
    assert len(platform.hooks.bodies) == 1


def test_a_job_that_ends_while_it_is_cancelled_stays_as_it_ended() -> None:
    platform = Platform()
    job = platform.submit()

    class Racing(FlakyJobStore):
        def end(self, job_id: str, **outcome: Any) -> None:
            super().end(job_id, state=State.EXPIRED, now=platform.clock.now())
            super().end(job_id, **outcome)

    platform.store.__class__ = Racing
    with pytest.raises(JobEndedError):
        platform.jobs.cancel(OWNER, job.job_id)
    assert platform.read(job).state is State.EXPIRED


def test_waiting_ends_with_the_job() -> None:
    platform = Platform()
    job = platform.submit()
    began = platform.clock.now()

    class Busy(FlakyJobStore):
        def get(self, job_id: str) -> Job | None:
            if platform.clock.now() - began >= 3_000:
                platform.run(job, lambda _: {})
            return super().get(job_id)

    platform.store.__class__ = Busy
    assert platform.jobs.wait(OWNER, job.job_id, 25).state is State.COMPLETED
    assert 3_000 <= platform.clock.now() - began <= 4_000


@pytest.mark.parametrize(("asked", "waited"), [(0, 0), (3, 3), (25, 25), (9_999, limits.WAIT_SECONDS), (-1, 0)])
def test_waiting_ends_in_time(asked: int, waited: int) -> None:
    platform = Platform()
    job = platform.submit()
    began = platform.clock.now()
    assert platform.jobs.wait(OWNER, job.job_id, asked).state is State.PENDING
    assert platform.clock.now() - began == waited * limits.SECOND


def test_trouble_while_waiting_leaves_what_is_known() -> None:
    platform = Platform()
    job = platform.submit()

    class Failing(FlakyJobStore):
        def get(self, job_id: str) -> Job | None:
            found = super().get(job_id)
            self.trouble["get"] = 99
            return found

    platform.store.__class__ = Failing
    assert platform.jobs.wait(OWNER, job.job_id, 3).job_id == job.job_id


def test_a_job_without_a_result_has_none() -> None:
    platform = Platform()
    with pytest.raises(NotFoundError):
        platform.jobs.result(platform.submit())


def test_a_result_that_storage_no_longer_keeps_is_gone() -> None:
    platform = Platform()
    job = platform.submit()
    platform.run(job, lambda _: "x" * limits.INLINE_RESULT_BYTES)
    platform.objects.delete(list(platform.objects.list("results/")))
    with pytest.raises(JobExpiredError):
        platform.jobs.result(platform.read(job))


def test_a_job_without_a_webhook_has_no_delivery() -> None:
    platform = Platform()
    job = platform.submit()
    platform.jobs.cancel(OWNER, job.job_id)
    with pytest.raises(NotFoundError):
        platform.jobs.delivery(OWNER, job.job_id)


def test_a_forecast_follows_the_pulse_of_the_kind() -> None:
    platform = Platform()
    job = platform.submit(items=10)
    platform.store.beat(job.kind, wait=4_000, per_item=500)
    ahead = platform.jobs.forecast(job)
    assert (ahead.ends_at, ahead.retry_after_seconds) == (platform.clock.now() + 9_000, 9)
