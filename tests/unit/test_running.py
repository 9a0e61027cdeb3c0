"""A worker at a job: what it may do, when it stops, how the job ends, and what becomes of its message."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.domain import limits
from darkroom.domain.jobs import Attempt, Cost, Failure, State, result_key
from darkroom.errors import (
    BadImageError,
    JobEndedError,
    LeaseLostError,
    NotChargedError,
    SettingsError,
    TransientError,
)
from darkroom.ports import Pulse
from darkroom.usecases.running import INTERNAL, WORKER_LOST, Disposition, JobRunner

from tests.memory_platform import HOOK, OWNER, Doing, Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from darkroom.usecases.running import Run

PRICE = Cost(usd=0.001, provider_units=1)
LARGE = "x" * (limits.INLINE_RESULT_BYTES + 1)


def raising(error: Exception) -> Callable[[Run], object]:
    def do(_: Run) -> object:
        raise error

    return do


def lose(platform: Platform, run: Run) -> None:
    """Another worker takes the job over, as from one that stood still for too long."""
    platform.clock.advance(limits.LEASE + limits.CLOCK_SKEW)
    platform.store.claim(
        run.job.job_id, token="another", now=platform.clock.now(), until=platform.clock.now() + limits.LEASE
    )


# --- how a job ends ---------------------------------------------------------------------------------------------------


def test_work_that_ends_completes_the_job_with_its_result() -> None:
    platform = Platform()
    job = platform.submit()
    assert platform.run(job, lambda run: {"seen": run.job.request["imageUrls"], "name": "Zoë"}) is Disposition.DONE
    ended = platform.read(job)
    assert (ended.state, ended.progress, ended.leases, ended.lease) == (State.COMPLETED, 100, 1, None)
    assert platform.jobs.result(ended) == {"seen": ["s3://media/a.jpg"], "name": "Zoë"}
    stored = platform.store.inline_result(job.job_id)
    assert stored is not None
    assert ended.result is not None
    assert ended.result.digest == hashlib.sha256(stored.encode()).hexdigest()
    assert ended.result.size == len(stored.encode())


def test_a_large_result_is_an_object_of_its_lease() -> None:
    platform = Platform()
    job = platform.submit()
    platform.run(job, lambda _: {"padding": LARGE})
    ended = platform.read(job)
    assert ended.result is not None
    assert ended.result.key == result_key(job.job_id, 1)
    body = platform.objects.read(ended.result.key, limit=ended.result.size)
    assert hashlib.sha256(body).hexdigest() == ended.result.digest
    assert platform.jobs.result(ended) == {"padding": LARGE}
    assert ended.cost.bytes_out == len(body)


@pytest.mark.parametrize("length", [limits.INLINE_RESULT_BYTES - 2, limits.INLINE_RESULT_BYTES - 1])
def test_a_result_goes_to_storage_from_the_first_byte_above_the_limit(length: int) -> None:
    platform = Platform()
    job = platform.submit()
    platform.run(job, lambda _: "x" * length)  # two quotes more as JSON
    result = platform.read(job).result
    assert result is not None
    assert (result.key is not None) == (length + 2 > limits.INLINE_RESULT_BYTES)


def test_work_that_fails_for_a_reason_fails_the_job_with_it() -> None:
    platform = Platform()
    job = platform.submit()
    assert platform.run(job, raising(BadImageError("It is a poem"))) is Disposition.DONE
    ended = platform.read(job)
    assert (ended.state, ended.failure, ended.result) == (State.FAILED, Failure("BAD_IMAGE", "It is a poem"), None)


def test_the_more_exact_code_of_an_error_is_the_jobs() -> None:
    platform = Platform()
    job = platform.submit()
    platform.run(job, raising(BadImageError("Much", code="TOO_MANY_PIXELS")))
    assert platform.read(job).failure == Failure("TOO_MANY_PIXELS", "Much")


def test_a_missing_setting_fails_the_job_without_telling_our_names() -> None:
    platform = Platform()
    job = platform.submit()
    assert platform.run(job, raising(SettingsError("The role detect-prod may not call S3"))) is Disposition.DONE
    failure = platform.read(job).failure
    assert failure is not None
    assert failure.code == "SETTINGS"
    assert "detect-prod" not in failure.message


def test_the_end_of_a_job_with_a_callback_is_told() -> None:
    platform = Platform()
    job = platform.submit(callback_url=HOOK)
    platform.run(job, lambda _: {})
    delivery = platform.store.delivery(job.job_id)
    assert delivery is not None
    assert delivery.url == HOOK
    assert len(platform.hooks.bodies) == 1


def test_a_webhook_whose_message_was_not_sent_fails_nothing() -> None:
    platform = Platform()
    platform.hooks.failing = 1
    job = platform.submit(callback_url=HOOK)
    assert platform.run(job, lambda _: {}) is Disposition.DONE
    assert platform.read(job).state is State.COMPLETED
    assert platform.store.delivery(job.job_id) is not None


def test_how_it_went_is_folded_into_the_pulse_once_in_a_while() -> None:
    platform = Platform()
    runner = platform.runner()

    def takes(seconds: int) -> Doing:
        return Doing(lambda _: platform.clock.advance(seconds * limits.SECOND))

    first = platform.submit(items=2)
    platform.clock.advance(3_000)
    runner.run(first.job_id, takes(4), 1)
    assert platform.store.pulse(first.kind) == Pulse(3_000, 2_000)
    runner.run(platform.submit().job_id, takes(1), 1)
    assert platform.store.pulse(first.kind) == Pulse(3_000, 2_000)
    runner.run(platform.submit().job_id, takes(10), 1)
    assert platform.store.pulse(first.kind) == Pulse(3_000, 2_000).after(wait=0, per_item=10_000)


def test_a_pulse_that_cannot_be_recorded_fails_nothing() -> None:
    platform = Platform()
    platform.store.trouble["beat"] = 1
    job = platform.submit()
    platform.run(job, lambda _: {})
    assert platform.read(job).state is State.COMPLETED


# --- messages that find nothing to do ---------------------------------------------------------------------------------


def test_a_message_of_a_job_that_is_held_ended_or_unknown_is_done() -> None:
    platform = Platform()
    held, ended = platform.submit(), platform.submit()
    platform.store.claim(held.job_id, token="t", now=platform.clock.now(), until=platform.clock.now() + limits.LEASE)
    platform.jobs.cancel(OWNER, ended.job_id)
    unknown = replace(held, job_id="00000000-0000-4000-8000-000000000000")
    for job in (held, ended, unknown):
        assert platform.run(job, raising(AssertionError("it was worked on"))) is Disposition.DONE


def test_a_duplicate_of_a_message_changes_nothing() -> None:
    platform = Platform()
    job = platform.submit()
    calls = []

    def work(run: Run) -> object:
        calls.append(run.job.leases)
        if len(calls) == 1:
            assert platform.run(job, work) is Disposition.DONE
        return {}

    platform.run(job, work)
    platform.run(job, work, receive_count=2)
    assert calls == [1]


# --- stopping ---------------------------------------------------------------------------------------------------------


def test_a_cancelled_job_is_stopped_at_its_next_step() -> None:
    platform = Platform()
    job = platform.submit()
    steps = []

    def work(run: Run) -> object:
        for step in range(9):
            run.check()
            steps.append(step)
            if step == 2:
                platform.jobs.cancel(OWNER, job.job_id)
            platform.clock.advance(2_000)
        return {}

    assert platform.run(job, work) is Disposition.DONE
    assert steps == [0, 1, 2]
    assert platform.read(job).state is State.CANCELLED


def test_a_job_past_its_deadline_expires_before_or_between_steps() -> None:
    platform = Platform()
    late, slow = platform.submit(), platform.submit()

    def work(run: Run) -> object:
        platform.clock.advance(limits.JOB_DEADLINE)
        run.check()
        raise AssertionError("it went on")

    platform.run(slow, work)
    platform.run(late, raising(AssertionError("it was begun")))
    assert [platform.read(job).state for job in (slow, late)] == [State.EXPIRED, State.EXPIRED]


def test_work_that_grows_dearer_than_its_cap_fails_between_steps() -> None:
    platform = Platform()
    job = platform.submit(max_cost=0.002)
    done = []

    def work(run: Run) -> object:
        for step in range(9):
            run.check()
            done.append(step)
            run.spend(Cost(usd=0.0015))
        return {}

    platform.run(job, work)
    ended = platform.read(job)
    assert done == [0, 1]
    assert ended.failure is not None
    assert ended.failure.code == "COST_LIMIT"
    assert ended.cost.usd == pytest.approx(0.003)


def test_a_worker_that_was_replaced_stops_and_leaves_no_trace() -> None:
    platform = Platform()
    job = platform.submit()

    def work(run: Run) -> object:
        lose(platform, run)
        return {"padding": LARGE}

    assert platform.run(job, work) is Disposition.DONE
    standing = platform.read(job)
    assert (standing.state, standing.lease and standing.lease.token) == (State.PROCESSING, "another")
    assert list(platform.objects.list("results/")) == []


def test_time_in_the_function_is_on_the_bill() -> None:
    platform = Platform()
    job = platform.submit()
    platform.run(job, lambda _: platform.clock.advance(10_000))
    assert platform.read(job).cost.gb_seconds == 10.0


# --- the lease --------------------------------------------------------------------------------------------------------


def test_a_check_renews_the_lease_and_stores_progress_and_cost_once_a_second_at_most() -> None:
    platform = Platform()
    job = platform.submit(items=4)
    seen = []

    def work(run: Run) -> object:
        for step in range(4):
            run.progress(step + 1)
            run.spend(Cost(bytes_in=5))
            platform.clock.advance(600)
            run.check()
            standing = platform.read(job)
            assert standing.lease is not None
            seen.append((standing.progress, standing.cost.bytes_in, standing.lease.until - platform.clock.now()))
        return {}

    platform.run(job, work)
    assert seen == [(0, 0, 59_400), (50, 10, 60_000), (50, 10, 59_400), (99, 20, 60_000)]


def test_progress_never_goes_back() -> None:
    platform = Platform()
    job = platform.submit(items=2)

    def work(run: Run) -> object:
        for done in (1, 0):
            run.progress(done)
            platform.clock.advance(2_000)
            run.check()
        return {"progress": platform.read(job).progress}

    platform.run(job, work)
    assert platform.jobs.result(platform.read(job)) == {"progress": 50}


def test_the_heartbeat_renews_beside_a_long_step() -> None:
    platform = Platform()
    job = platform.submit()
    leases = []

    @contextmanager
    def heartbeat(beat: Callable[[], None]) -> Iterator[None]:
        for _ in range(3):
            platform.clock.advance(limits.HEARTBEAT)
            beat()
            standing = platform.read(job).lease
            assert standing is not None
            leases.append(standing.until - platform.clock.now())
        yield

    runner = JobRunner(
        store=platform.store,
        objects=platform.objects,
        endings=platform.endings,
        clock=platform.clock,
        heartbeat=heartbeat,
        gigabytes=1.0,
    )
    runner.run(job.job_id, Doing(lambda _: {}), 1)
    assert leases == [limits.LEASE] * 3


def test_a_lease_that_the_heartbeat_found_lost_stops_the_next_step_without_asking_again() -> None:
    platform = Platform()
    job = platform.submit()

    def work(run: Run) -> object:
        lose(platform, run)
        with pytest.raises(LeaseLostError):
            run.renew(every=0)
        platform.store.trouble["renew"] = 1
        run.check()
        raise AssertionError("it went on")

    platform.run(job, work)
    assert platform.store.trouble["renew"] == 1


def test_a_renewal_that_fails_is_borne_until_the_lease_has_run_out() -> None:
    platform = Platform()
    job = platform.submit()
    platform.store.trouble["renew"] = 99
    checks = []

    def work(run: Run) -> object:
        for _ in range(9):
            platform.clock.advance(15_000)
            run.check()
            checks.append(platform.clock.now())
        return {}

    assert platform.run(job, work) is Disposition.DONE
    assert len(checks) == 3
    assert platform.read(job).state is State.PENDING


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_passing_trouble_gives_the_job_back_for_a_little_later() -> None:
    platform = Platform()
    job = platform.submit()
    waits = []
    for _ in range(4):
        assert platform.run(job, raising(TransientError("slow"))) is Disposition.DONE
        standing = platform.read(job)
        assert standing.state is State.PENDING
        assert standing.due_at is not None
        waits.append(standing.due_at - platform.clock.now())
    assert tuple(waits) == limits.SETBACK_BACKOFF


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [(None, limits.SETBACK_BACKOFF[0]), (3, limits.SETBACK_BACKOFF[0]), (600, 600_000), (10**8, limits.JOB_DEADLINE)],
)
def test_who_says_when_to_come_again_is_asked_no_sooner_but_before_the_deadline(
    retry_after: int | None, wait: int
) -> None:
    platform = Platform()
    job = platform.submit()
    platform.run(job, raising(NotChargedError("busy", retry_after=retry_after)))
    due_at = platform.read(job).due_at
    assert due_at is not None
    assert due_at - platform.clock.now() == wait


def test_trouble_that_does_not_pass_fails_the_job_in_the_end() -> None:
    platform = Platform()
    job = platform.submit()
    for _ in range(limits.LEASES_PER_JOB):
        platform.run(job, raising(TransientError("slow")))
    assert platform.read(job).failure == Failure("TEMPORARILY_UNAVAILABLE", "slow")


def test_a_job_that_cannot_be_claimed_is_tried_again_but_is_no_poison() -> None:
    platform = Platform()
    job = platform.submit()
    platform.store.trouble["claim"] = 2
    assert platform.run(job, lambda _: {}, receive_count=4) is Disposition.RETRY
    assert platform.run(job, lambda _: {}, receive_count=5) is Disposition.DONE
    assert platform.read(job).state is State.PENDING


def test_a_job_that_cannot_even_be_given_back_is_left_to_its_lease() -> None:
    platform = Platform()
    job = platform.submit()
    platform.store.trouble["release"] = 1
    assert platform.run(job, raising(TransientError("slow"))) is Disposition.DONE
    assert platform.read(job).state is State.PROCESSING


def test_an_end_whose_answer_was_lost_is_an_end_and_keeps_its_result() -> None:
    platform = Platform()
    job = platform.submit()
    platform.store.unheard["end"] = 1
    assert platform.run(job, lambda _: {"padding": LARGE}) is Disposition.DONE
    ended = platform.read(job)
    assert ended.state is State.COMPLETED
    assert platform.jobs.result(ended) == {"padding": LARGE}


def test_an_end_that_was_not_written_is_reached_by_the_next_worker() -> None:
    platform = Platform()
    job = platform.submit()
    platform.store.trouble["end"] = 1
    platform.run(job, lambda _: {"turn": 1})
    platform.run(job, lambda run: {"turn": run.job.leases})
    assert platform.jobs.result(platform.read(job)) == {"turn": 2}


# --- poison -----------------------------------------------------------------------------------------------------------


def test_a_bug_is_tried_again_and_fails_the_job_on_the_messages_last_receive() -> None:
    platform = Platform()
    job = platform.submit()
    for receive in range(1, 5):
        assert platform.run(job, raising(ZeroDivisionError()), receive) is Disposition.RETRY
        assert platform.read(job).state is State.PENDING
    assert platform.run(job, raising(ZeroDivisionError()), 5) is Disposition.RETRY
    ended = platform.read(job)
    assert (ended.state, ended.failure) == (State.FAILED, INTERNAL)


def test_poison_reaches_the_dead_letters_once_within_minutes() -> None:
    platform = Platform()
    job = platform.submit()
    began = platform.clock.now()
    while not platform.read(job).state.terminal:
        platform.work_off(raising(ZeroDivisionError()))
        platform.sweep()
        platform.clock.advance(5_000)
    assert platform.clock.now() - began < 5 * limits.MINUTE
    platform.clock.advance(limits.HOUR)
    platform.work_off(raising(ZeroDivisionError()))
    assert len(platform.queue.dead) == 1
    assert platform.queue.bodies == []


@pytest.mark.parametrize("outcome", [float("nan"), "\ud800", {1, 2}])
def test_a_result_that_is_no_json_is_a_bug(outcome: object) -> None:
    platform = Platform()
    job = platform.submit()
    assert platform.run(job, lambda _: outcome, 5) is Disposition.RETRY
    assert platform.read(job).failure == INTERNAL


def test_a_poisons_end_that_may_not_have_been_written_still_leaves_the_evidence() -> None:
    platform = Platform()
    for trouble in (platform.store.trouble, platform.store.unheard):
        job = platform.submit()
        trouble["end"] = 1
        assert platform.run(job, raising(ZeroDivisionError()), 5) is Disposition.RETRY


def test_a_job_on_which_five_workers_died_fails() -> None:
    platform = Platform()
    job = platform.submit()
    for _ in range(limits.LEASES_PER_JOB):
        now = platform.clock.now()
        platform.store.claim(job.job_id, token=str(now), now=now, until=now + limits.LEASE)
        platform.clock.advance(limits.LEASE + limits.CLOCK_SKEW)
    assert platform.run(job, raising(AssertionError("it was begun"))) is Disposition.DONE
    assert platform.read(job).failure == WORKER_LOST


# --- the ledger -------------------------------------------------------------------------------------------------------


def buys(calls: list[str], *steps: str, then: Callable[[], Any] = lambda: None) -> Callable[[Run], object]:
    """A work that pays for each step, and does something before it ends."""

    def call(step: str) -> str:
        calls.append(step)
        return f"{step} bought"

    def work(run: Run) -> object:
        bought = [run.pay(step, partial(call, step), price=PRICE) for step in steps]
        then()
        return bought

    return work


def test_a_paid_step_is_written_down_before_it_is_called() -> None:
    platform = Platform()
    job = platform.submit()
    seen: list[Any] = []

    def work(run: Run) -> object:
        return run.pay(
            "a",
            lambda: seen.extend([*platform.store.attempts(job.job_id), platform.read(job).cost.usd]),
            price=PRICE,
        )

    platform.run(job, work)
    assert seen == [Attempt(job.job_id, "a", 1), PRICE.usd]
    assert platform.store.attempts(job.job_id) == [Attempt(job.job_id, "a", 1, "null")]
    assert platform.read(job).cost.provider_units == 1


def test_what_an_earlier_worker_bought_is_not_bought_again() -> None:
    platform = Platform()
    job = platform.submit()
    calls: list[str] = []
    trouble = iter([TransientError("slow")])

    def stumble() -> None:
        for error in trouble:
            raise error

    work = buys(calls, "a", "b", then=stumble)
    platform.run(job, work)
    platform.run(job, work)
    assert calls == ["a", "b"]
    ended = platform.read(job)
    assert platform.jobs.result(ended) == ["a bought", "b bought"]
    assert ended.cost.provider_units == 2


def test_an_interrupted_step_is_bought_three_times_at_most() -> None:
    platform = Platform()
    job = platform.submit()
    calls = []

    def dies() -> Any:
        calls.append(platform.clock.now())
        raise TransientError("the answer was lost")

    for _ in range(9):
        platform.run(job, lambda run: run.pay("a", dies, price=PRICE))
    ended = platform.read(job)
    assert len(calls) == limits.PAID_ATTEMPTS_PER_STEP
    assert ended.failure is not None
    assert ended.failure.code == "ATTEMPTS_EXHAUSTED"
    assert ended.cost.provider_units == len(calls)


def test_a_call_that_was_not_charged_is_no_attempt() -> None:
    platform = Platform()
    job = platform.submit()

    def refused() -> Any:
        raise NotChargedError("throttled")

    platform.run(job, lambda run: run.pay("a", refused, price=PRICE))
    assert [attempt.attempts for attempt in platform.store.attempts(job.job_id)] in ([], [0])
    assert platform.read(job).cost.provider_units == 0


def test_a_step_that_would_cost_more_than_the_cap_is_not_called() -> None:
    platform = Platform()
    job = platform.submit(max_cost=0.0025)
    calls: list[str] = []
    platform.run(job, buys(calls, "a", "b", "c"))
    ended = platform.read(job)
    assert calls == ["a", "b"]
    assert ended.failure is not None
    assert ended.failure.code == "COST_LIMIT"
    assert ended.cost.usd == pytest.approx(0.002)


def test_an_outcome_that_was_not_recorded_does_not_stop_the_work() -> None:
    platform = Platform()
    job = platform.submit()
    platform.store.trouble["finish_attempt"] = 1
    calls: list[str] = []
    platform.run(job, buys(calls, "a"))
    assert platform.jobs.result(platform.read(job)) == ["a bought"]
    assert calls == ["a"]


def test_a_replaced_worker_records_what_it_paid_for_and_stops() -> None:
    platform = Platform()
    job = platform.submit()

    def slow(run: Run) -> str:
        lose(platform, run)
        return "late"

    platform.run(job, lambda run: run.pay("a", lambda: slow(run), price=PRICE))
    assert platform.store.attempts(job.job_id) == [Attempt(job.job_id, "a", 1, json.dumps("late"))]
    assert platform.read(job).state is State.PROCESSING


def test_a_step_of_a_cancelled_job_is_not_called() -> None:
    platform = Platform()
    job = platform.submit()
    calls: list[str] = []

    def work(run: Run) -> object:
        platform.jobs.cancel(OWNER, job.job_id)
        return buys(calls, "a")(run)

    platform.run(job, work)
    assert calls == []
    with pytest.raises(JobEndedError):
        platform.jobs.cancel(OWNER, job.job_id)
