"""What the sweeper mends, how soon, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from darkroom.domain import limits
from darkroom.domain.jobs import Failure, Kind, State
from darkroom.domain.messages import message
from darkroom.errors import JobExpiredError, TransientError
from darkroom.ports import Pulse
from darkroom.usecases.jobs import Jobs
from darkroom.usecases.running import WORKER_LOST
from darkroom.usecases.submission import LOOK_AFTER
from darkroom.usecases.sweeping import PATIENCE, SILENCE, WEBHOOKS_TIME, Swept

from tests.memory_platform import HOOK, OWNER, FlakyJobStore, Platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.domain.jobs import Delivery, Job
    from darkroom.usecases.running import Run

LARGE = "x" * (limits.INLINE_RESULT_BYTES + 1)
EACH_MINUTE = limits.MINUTE


def dies(platform: Platform, job: Job) -> int:
    """A worker claims the job and is never heard of again; when its lease runs out."""
    now = platform.clock.now()
    platform.store.claim(job.job_id, token=str(now), now=now, until=now + limits.LEASE)
    return now + limits.LEASE


def until_worked_on(platform: Platform, job: Job, *, within: int) -> int:
    """Sweeps each minute, works off what is there; how long it took until the job completed."""
    began = platform.clock.now()
    next_sweep = -(-began // EACH_MINUTE) * EACH_MINUTE
    while platform.clock.now() - began <= within:
        if platform.clock.now() >= next_sweep:
            platform.sweep()
            next_sweep += EACH_MINUTE
        platform.work_off(lambda _: {})
        if platform.read(job).state is State.COMPLETED:
            return platform.clock.now() - began
        platform.clock.advance(500)
    pytest.fail(f"not mended within {within} ms")


# --- within 120 s -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("into_the_minute", range(0, 60_000, 7_000))
def test_a_row_whose_message_was_not_sent_is_mended_within_two_minutes(into_the_minute: int) -> None:
    platform = Platform()
    platform.clock.advance(-platform.clock.now() % limits.MINUTE + into_the_minute)
    platform.queue.failing = 1
    job = platform.submit()
    assert until_worked_on(platform, job, within=120_000) >= limits.SUBMISSION_GRACE


@pytest.mark.parametrize("into_the_minute", range(0, 60_000, 7_000))
def test_a_lease_that_ran_out_is_mended_within_two_minutes(into_the_minute: int) -> None:
    platform = Platform()
    platform.clock.advance(-platform.clock.now() % limits.MINUTE + into_the_minute)
    job = platform.submit()
    platform.queue.receive()  # by the worker that dies; it is not seen again for half an hour
    ran_out = dies(platform, job)
    platform.clock.advance(ran_out - platform.clock.now())
    assert until_worked_on(platform, job, within=120_000) >= limits.CLOCK_SKEW
    assert platform.read(job).losses == 1


# --- jobs that have not ended -----------------------------------------------------------------------------------------


def test_what_is_not_due_is_left_alone() -> None:
    platform = Platform()
    job = platform.submit()
    platform.clock.advance(LOOK_AFTER - 1)
    before = platform.read(job)
    assert platform.sweep() == Swept(0, 0, 0)
    assert platform.read(job) == before


def test_a_message_that_found_no_worker_is_sent_again_after_a_while_and_not_each_minute() -> None:
    platform = Platform()
    job = platform.submit()
    for minute in range(1, 26):
        platform.clock.advance(limits.MINUTE)
        platform.sweep()
        assert len(platform.queue.bodies) == 1 + minute // 10
    assert set(platform.queue.bodies) == {message(job.job_id)}


def test_a_released_job_is_sent_when_its_wait_is_over() -> None:
    platform = Platform()
    job = platform.submit()
    platform.queue.receive()

    def stumbles(_: Run) -> object:
        raise TransientError("slow")

    platform.run(job, stumbles)
    platform.clock.advance(limits.SETBACK_BACKOFF[0])
    assert platform.sweep().mended == 1
    assert platform.work_off(lambda _: {}) == 1
    assert platform.read(job).state is State.COMPLETED


def test_a_held_lease_is_guarded_and_not_disturbed() -> None:
    platform = Platform()
    job = platform.submit()

    def work(run: Run) -> object:
        for _ in range(10):
            platform.clock.advance(30_000)
            run.check()
            platform.sweep()
        return {}

    platform.run(job, work)
    assert platform.read(job).leases == 1
    assert len(platform.queue.bodies) == 1


def test_a_worker_whose_clock_is_slow_gets_no_rival_while_its_heart_beats() -> None:
    platform = Platform()
    job = platform.submit()
    slow = limits.CLOCK_SKEW
    platform.store.claim(job.job_id, token="t", now=platform.clock.now() - slow, until=platform.clock.now())
    for _ in range(40):
        platform.clock.advance(limits.HEARTBEAT)
        platform.sweep()
        now = platform.clock.now() - slow
        platform.store.renew(job.job_id, token="t", until=now + limits.LEASE, progress=0, cost=job.cost, now=now)
    assert len(platform.queue.bodies) == 1


def test_a_message_about_a_lost_lease_arrives_when_everybodys_clock_agrees() -> None:
    platform = Platform()
    job = platform.submit()
    platform.queue.receive()
    platform.clock.advance(dies(platform, job) + SILENCE - platform.clock.now())
    platform.sweep()
    platform.clock.advance(limits.CLOCK_SKEW - SILENCE - limits.SECOND)
    assert platform.queue.waiting() == 0
    platform.clock.advance(limits.SECOND)
    assert platform.queue.waiting() == 1


def test_a_job_on_which_the_fifth_worker_died_fails_without_another() -> None:
    platform = Platform()
    job = platform.submit()
    for _ in range(limits.LEASES_PER_JOB):
        platform.clock.advance(dies(platform, job) + limits.CLOCK_SKEW - platform.clock.now())
    platform.sweep()
    ended = platform.read(job)
    assert (ended.state, ended.failure) == (State.FAILED, WORKER_LOST)


def test_the_fifth_worker_has_the_time_that_clocks_may_differ() -> None:
    platform = Platform()
    job = platform.submit()
    for _ in range(limits.LEASES_PER_JOB - 1):
        platform.clock.advance(dies(platform, job) + limits.CLOCK_SKEW - platform.clock.now())
    platform.clock.advance(dies(platform, job) - platform.clock.now())
    platform.sweep()
    assert platform.read(job).state is State.PROCESSING
    platform.clock.advance(limits.CLOCK_SKEW)
    platform.sweep()
    assert platform.read(job).failure == WORKER_LOST


@pytest.mark.parametrize("held", [True, False])
def test_a_job_past_its_deadline_expires_with_its_webhook(held: bool) -> None:
    platform = Platform()
    job = platform.submit(callback_url=HOOK)
    if held:
        dies(platform, job)
    platform.clock.advance(limits.JOB_DEADLINE + limits.CLOCK_SKEW - 1)
    platform.sweep()
    assert not platform.read(job).state.terminal
    platform.clock.advance(limits.MINUTE + 1)
    platform.sweep()
    assert platform.read(job).state is State.EXPIRED
    assert platform.store.delivery(job.job_id) is not None


# --- a queue that stands still ----------------------------------------------------------------------------------------


def minutes(platform: Platform, count: int) -> None:
    for _ in range(count):
        platform.clock.advance(limits.MINUTE)
        platform.sweep()


def left(platform: Platform, job: Job) -> int:
    """For how long the job is expected to go on, in the words of a process that has just begun."""
    asked = Jobs(
        store=platform.store, objects=lambda: platform.objects, endings=lambda: platform.endings, clock=platform.clock
    )
    return (asked.forecast(platform.read(job)).ends_at or 0) - platform.clock.now()


def test_a_queue_that_stands_still_shows_in_every_forecast_within_two_minutes() -> None:
    platform = Platform()
    platform.run(platform.submit(), lambda _: {})
    usual = left(platform, platform.submit())
    minutes(platform, 2)
    for minute in range(2, 30):
        age = minute * limits.MINUTE
        assert left(platform, platform.submit()) >= age - usual
        minutes(platform, 1)


def test_a_queue_that_moves_again_is_as_quick_as_its_averages() -> None:
    platform = Platform()
    stuck = platform.submit()
    minutes(platform, 10)
    assert left(platform, platform.submit()) > 9 * limits.MINUTE
    platform.run(stuck, lambda _: {})
    pulse = platform.store.pulse(stuck.kind)
    assert pulse is not None
    assert pulse.waiting_since is None


def test_jobs_that_were_given_back_or_not_sent_say_nothing_of_the_queue() -> None:
    platform = Platform()
    platform.queue.failing = 1
    platform.submit()

    def stumbles(_: Run) -> object:
        raise TransientError("slow")

    platform.run(platform.submit(), stumbles)
    minutes(platform, 1)
    assert platform.store.pulse(Kind.DETECTION) is None


def test_the_oldest_job_that_waits_is_noted_whatever_the_order_in_which_they_are_seen() -> None:
    platform = Platform()
    first = platform.submit()
    for _ in range(5):
        platform.clock.advance(30 * limits.SECOND)
        platform.submit()
    for _ in range(20):
        minutes(platform, 1)
        assert platform.store.pulse(first.kind) == Pulse(waiting_since=first.created_at)


def test_a_note_of_a_job_that_cannot_wait_any_more_gives_way() -> None:
    platform = Platform()
    old = platform.submit()
    minutes(platform, 1)
    platform.jobs.cancel(OWNER, old.job_id)
    platform.clock.advance(limits.JOB_DEADLINE)
    new = platform.submit()
    minutes(platform, 1)
    assert platform.store.pulse(new.kind) == Pulse(waiting_since=new.created_at)


@pytest.mark.parametrize("call", ["pulse", "note_waiting"])
def test_a_note_that_cannot_be_made_fails_nothing(call: str) -> None:
    platform = Platform()
    platform.submit()
    platform.store.trouble[call] = 1
    platform.clock.advance(limits.MINUTE)
    assert platform.sweep() == Swept(mended=1, failed=0, webhooks=0)


# --- jobs that have ended ---------------------------------------------------------------------------------------------


def test_what_lost_workers_stored_is_removed_and_the_result_stays() -> None:
    platform = Platform()
    job = platform.submit()
    platform.clock.advance(dies(platform, job) + limits.CLOCK_SKEW - platform.clock.now())
    platform.objects.write(f"results/{job.job_id}/1.json", b"{}", content_type="application/json")
    platform.run(job, lambda _: {"padding": LARGE})
    platform.clock.advance(limits.TIDY_AFTER - 1)
    platform.sweep()
    assert len(list(platform.objects.list("results/"))) == 2
    platform.clock.advance(1)
    platform.sweep()
    assert list(platform.objects.list("results/")) == [f"results/{job.job_id}/2.json"]
    assert platform.jobs.result(platform.read(job)) == {"padding": LARGE}


def test_a_cancelled_job_keeps_nothing_that_its_worker_stored() -> None:
    platform = Platform()
    job = platform.submit()
    dies(platform, job)
    platform.jobs.cancel(OWNER, job.job_id)
    platform.objects.write(f"results/{job.job_id}/1.json", b"{}", content_type="application/json")
    platform.clock.advance(limits.TIDY_AFTER)
    platform.sweep()
    assert list(platform.objects.list("results/")) == []


def test_after_a_day_only_a_tombstone_is_left() -> None:
    platform = Platform()
    job = platform.submit(callback_url=HOOK)
    platform.run(job, lambda _: {"padding": LARGE})
    platform.clock.advance(limits.JOB_KEPT)
    platform.sweep()
    tombstone = platform.read(job)
    assert (tombstone.request, tombstone.result, tombstone.callback_url) == ({}, None, None)
    assert (tombstone.owner, tombstone.state, tombstone.due_at) == (OWNER, State.COMPLETED, None)
    assert list(platform.objects.list("results/")) == []
    with pytest.raises(JobExpiredError):
        platform.jobs.get(OWNER, job.job_id)


def test_a_webhook_that_is_due_is_sent_again() -> None:
    platform = Platform()
    platform.hooks.failing = 1
    job = platform.submit(callback_url=HOOK)
    platform.jobs.cancel(OWNER, job.job_id)
    platform.clock.advance(limits.MINUTE)
    assert platform.sweep().webhooks == 1
    assert platform.hooks.bodies == [message(job.job_id)]


# --- the sweep itself -------------------------------------------------------------------------------------------------


def unsent(platform: Platform, count: int) -> list[Job]:
    platform.queue.failing = count
    jobs = [platform.submit() for _ in range(count)]
    platform.clock.advance(limits.SUBMISSION_GRACE)
    return jobs


def test_more_than_one_batch_is_mended_in_one_sweep() -> None:
    platform = Platform()
    unsent(platform, 250)
    assert platform.sweep().mended == 250
    assert len(platform.queue.bodies) == 250


def test_a_sweep_that_has_seen_everything_does_not_ask_again() -> None:
    platform = Platform()
    unsent(platform, 3)
    owed(platform, 3)
    asked: list[str] = []

    class Counted(FlakyJobStore):
        def due(self, now: int, limit: int) -> Sequence[str]:
            asked.append("jobs")
            return super().due(now, limit)

        def due_deliveries(self, now: int, limit: int) -> Sequence[str]:
            asked.append("webhooks")
            return super().due_deliveries(now, limit)

    platform.store.__class__ = Counted
    assert platform.sweep() == Swept(mended=3, failed=0, webhooks=3)
    assert asked == ["jobs", "webhooks"]


def test_a_sweep_ends_in_time_and_the_next_goes_on() -> None:
    platform = Platform()
    unsent(platform, 3)

    class Slow(FlakyJobStore):
        def get(self, job_id: str) -> Job | None:
            platform.clock.advance(20_000)
            return super().get(job_id)

    platform.store.__class__ = Slow
    assert platform.sweep().mended == 2
    assert platform.sweep().mended == 1


def test_one_row_that_nobody_foresaw_keeps_no_other_waiting() -> None:
    platform = Platform()
    bad, *good = unsent(platform, 4)

    class Cursed(FlakyJobStore):
        def get(self, job_id: str) -> Job | None:
            if job_id == bad.job_id:
                raise KeyError("a column is missing")
            return super().get(job_id)

    platform.store.__class__ = Cursed
    assert platform.sweep() == Swept(mended=3, failed=1, webhooks=0)
    assert sorted(platform.queue.bodies) == sorted(message(job.job_id) for job in good)


def owed(platform: Platform, count: int) -> list[Job]:
    """So many jobs have ended, and none of their webhooks has been sent."""
    platform.hooks.failing = count
    jobs = [platform.submit(callback_url=HOOK) for _ in range(count)]
    for job in jobs:
        platform.jobs.cancel(OWNER, job.job_id)
    platform.clock.advance(limits.MINUTE)
    return jobs


@pytest.mark.parametrize("place", range(4))
def test_one_webhook_that_nobody_foresaw_keeps_no_other_waiting(place: int, caplog: pytest.LogCaptureFixture) -> None:
    platform = Platform()
    good = owed(platform, 4)
    bad = good.pop(place)

    class Cursed(FlakyJobStore):
        def delivery(self, job_id: str) -> Delivery | None:
            if job_id == bad.job_id:
                raise KeyError("a column is missing")
            return super().delivery(job_id)

    platform.store.__class__ = Cursed
    assert platform.sweep() == Swept(mended=0, failed=1, webhooks=3)
    assert [vars(record)["jobId"] for record in caplog.records if record.exc_info] == [bad.job_id]
    assert sorted(platform.hooks.bodies) == sorted(message(job.job_id) for job in good)


def test_a_webhook_that_meets_passing_trouble_keeps_no_other_waiting() -> None:
    platform = Platform()
    owed(platform, 4)
    platform.hooks.failing = 1
    assert platform.sweep() == Swept(mended=0, failed=1, webhooks=3)
    assert platform.sweep() == Swept(mended=0, failed=0, webhooks=1)


def test_a_queue_of_webhooks_that_is_gone_is_asked_a_few_times_a_sweep_and_no_more() -> None:
    platform = Platform()
    owed(platform, 20)
    platform.hooks.failing = 1_000
    assert platform.sweep() == Swept(mended=0, failed=PATIENCE, webhooks=0)
    assert platform.hooks.failing == 1_000 - PATIENCE


class Lagging(FlakyJobStore):
    """The index of webhooks shows what it showed at first before anything new."""

    _shown: Sequence[str] = ()

    def due_deliveries(self, now: int, limit: int) -> Sequence[str]:
        self._shown = [*self._shown, *super().due_deliveries(now, limit)][:limit]
        return self._shown


@pytest.mark.parametrize("kind", [FlakyJobStore, Lagging])
def test_after_an_outage_each_webhook_is_sent_once_in_one_sweep(kind: type[FlakyJobStore]) -> None:
    platform = Platform()
    jobs = owed(platform, 450)
    platform.store.__class__ = kind
    assert platform.sweep().webhooks == 450
    assert sorted(platform.hooks.bodies) == sorted(message(job.job_id) for job in jobs)


def test_a_sweep_whose_time_went_into_jobs_still_sends_webhooks() -> None:
    platform = Platform()
    owed(platform, 3)
    unsent(platform, 3)

    class Slow(FlakyJobStore):
        def get(self, job_id: str) -> Job | None:
            platform.clock.advance(20_000)
            return super().get(job_id)

        def delivery(self, job_id: str) -> Delivery | None:
            platform.clock.advance(WEBHOOKS_TIME // 2)
            return super().delivery(job_id)

    platform.store.__class__ = Slow
    assert platform.sweep() == Swept(mended=2, failed=0, webhooks=2)


def test_a_service_that_is_gone_is_asked_a_few_times_a_sweep_and_no_more() -> None:
    platform = Platform()
    unsent(platform, 20)
    platform.queue.failing = 1_000
    assert platform.sweep() == Swept(mended=0, failed=PATIENCE, webhooks=0)
    assert platform.queue.failing == 1_000 - PATIENCE
    platform.store.trouble["due"] = 1_000
    assert platform.sweep().failed == PATIENCE
    assert platform.store.trouble["due"] == 1_000 - PATIENCE


def test_two_sweepers_at_once_end_a_job_once() -> None:
    platform = Platform()
    job = platform.submit()
    platform.clock.advance(limits.JOB_DEADLINE + limits.CLOCK_SKEW)
    platform.store.unheard["end"] = 1
    platform.sweep()
    platform.sweep()
    ended = platform.read(job)
    assert ended.state is State.EXPIRED
    assert ended.failure is None


def test_a_job_that_a_worker_ends_meanwhile_stays_as_it_ended() -> None:
    platform = Platform()
    job = platform.submit()
    platform.clock.advance(limits.JOB_DEADLINE + limits.CLOCK_SKEW)

    class Racing(FlakyJobStore):
        def get(self, job_id: str) -> Job | None:
            found = super().get(job_id)
            if found is not None and not found.state.terminal:
                self.end(job_id, state=State.FAILED, now=platform.clock.now(), failure=Failure("A", "b"))
            return found

    platform.store.__class__ = Racing
    assert platform.sweep().failed == 0
    assert platform.read(job).failure == Failure("A", "b")
