"""Each invariant catches the bug it is there for: every one of these is put in on purpose, and found."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest
from darkroom.adapters.aws.idempotency import DynamoIdempotencyStore
from darkroom.adapters.aws.jobs import DynamoJobStore
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.aws.rows import Row, job_key
from darkroom.domain.jobs import Attempt, Job, Lease, State
from darkroom.domain.limits import CLOCK_SKEW, SECOND
from darkroom.errors import JobEndedError, LeaseLostError, TransientError
from darkroom.usecases.idempotency import Idempotency
from darkroom.usecases.running import JobRunner
from darkroom.usecases.submission import Submissions
from darkroom.usecases.sweeping import Sweeper
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.schedules.invariants import INVARIANTS, BrokenInvariantError, check
from tests.schedules.plans import outages, schedules
from tests.schedules.world import JobPlan, Parts, Schedule, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.ports import Clock, JobStore, ObjectStore, StoredAnswer
    from darkroom.usecases.running import Disposition
    from darkroom.usecases.submission import Submission
    from hypothesis.strategies import SearchStrategy

    from tests.schedules.world import Aws

SCHEDULES = 600
"""In so many, at the most, every one of the bugs is met; the suite itself runs more than three times as many."""


class Bug(Parts):
    """A part with a mistake in it, and the schedules that it is looked for in."""

    schedules: ClassVar[SearchStrategy[Schedule]] = schedules()


class LostLeasesAreNeverTakenUp(Bug):
    schedules = schedules(
        duplicates=st.just({1: 3 * SECOND})
    )  # the copy finds the job held, and takes the message along

    def sweeper(self, **parts: Any) -> Sweeper:
        class Blind(Sweeper):
            def _hand_over(self, job: Job, seen_due_at: int, now: int) -> None:
                self._store.postpone(job.job_id, seen_due_at=seen_due_at, due_at=None)

        return Blind(**parts)


class UnsentMessagesAreNeverSent(Bug):
    def sweeper(self, **parts: Any) -> Sweeper:
        class Blind(Sweeper):
            def _send_again(self, job: Job, seen_due_at: int, *, next_look: int, delay: int = 0) -> None:
                self._store.postpone(job.job_id, seen_due_at=seen_due_at, due_at=None)

        return Blind(**parts)


class JobsEndWithoutACondition(Bug):
    cancelled = st.builds(
        JobPlan,
        steps=st.sampled_from([(900,), (50, 20 * SECOND)]),
        cancelled_at=st.sampled_from([40, 300, 10 * SECOND]),
    )
    schedules = schedules(jobs=st.tuples(cancelled))

    def store(self, client: Any, table: str) -> JobStore:
        class Careless(DynamoJobStore):
            def end(self, job_id: str, *, state: State, now: int, **outcome: Any) -> None:
                with suppress(JobEndedError, LeaseLostError):
                    super().end(job_id, state=state, now=now, **outcome)
                    return
                self._client.update_item(
                    TableName=self._table,
                    Key=job_key(job_id),
                    UpdateExpression="SET #state = :state, ended_at = :now",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={":state": {"S": state}, ":now": {"N": str(now)}},
                )

        return Careless(client, table)


class ClaimsIgnoreWhoHoldsTheJob(Bug):
    def store(self, client: Any, table: str) -> JobStore:
        class Greedy(DynamoJobStore):
            def claim(self, job_id: str, *, token: str, now: int, until: int) -> Job:
                with suppress(LeaseLostError):
                    return super().claim(job_id, token=token, now=now, until=until)
                held = self.get(job_id)
                if held is None or held.state is not State.PROCESSING:
                    raise LeaseLostError("It has ended")
                self._client.update_item(
                    TableName=self._table,
                    Key=job_key(job_id),
                    UpdateExpression="SET lease_token = :token",
                    ExpressionAttributeValues={":token": {"S": token}},
                )
                return replace(held, lease=Lease(token, until))

        return Greedy(client, table)


class PaymentsAreNotWrittenDownFirst(Bug):
    def store(self, client: Any, table: str) -> JobStore:
        class Spendthrift(DynamoJobStore):
            def begin_attempt(self, job_id: str, step: str, **_: Any) -> Attempt:
                return Attempt(job_id, step, 1)

            def finish_attempt(self, job_id: str, step: str, *, token: str, outcome: str) -> None: ...

        return Spendthrift(client, table)


class InterruptedPaymentsAreRepeatedForEver(Bug):
    def store(self, client: Any, table: str) -> JobStore:
        class Forgetful(DynamoJobStore):
            def begin_attempt(self, job_id: str, step: str, **given: Any) -> Attempt:
                row = self._get(job_key(job_id, f"step#{step}"))
                if row is not None and "outcome" not in row and row["attempts"]["N"] == "3":
                    return Attempt(job_id, step, 3)
                return super().begin_attempt(job_id, step, **given)

        return Forgetful(client, table)


class OutcomesAreNotKept(Bug):
    """So that a worker which takes over pays for every step again, and not only for the one that was cut short."""

    def store(self, client: Any, table: str) -> JobStore:
        class Forgetful(DynamoJobStore):
            def finish_attempt(self, job_id: str, step: str, *, token: str, outcome: str) -> None: ...

        return Forgetful(client, table)


class ThrottledCallsStayCounted(Bug):
    def store(self, client: Any, table: str) -> JobStore:
        class Strict(DynamoJobStore):
            def cancel_attempt(self, job_id: str, step: str, **_: Any) -> None: ...

        return Strict(client, table)


class HeartsDoNotBeat(Bug):
    schedules = schedules(jobs=st.just((JobPlan(steps=(150 * SECOND,)),)))

    def runner(self, **parts: Any) -> JobRunner:
        return JobRunner(**{**parts, "heartbeat": lambda _: nullcontext()})


class LeasesRunOutByOnesOwnClock(Bug):
    schedules = schedules(
        skew=st.just(CLOCK_SKEW), skewed=st.just((False, False, True)), duplicates=st.just({1: 3 * SECOND})
    )

    def store(self, client: Any, table: str) -> JobStore:
        class Hasty(DynamoJobStore):
            def claim(self, job_id: str, *, token: str, now: int, until: int) -> Job:
                return super().claim(job_id, token=token, now=now + CLOCK_SKEW, until=until)

        return Hasty(client, table)


class KeysDoNotNameTheirJob(Bug):
    schedules = schedules(jobs=st.just((JobPlan(again=61 * SECOND),)))

    def submissions(self, **parts: Any) -> Submissions:
        class Nameless(Submissions):
            def submit(self, submission: Submission) -> Job:
                return super().submit(replace(submission, idempotency_key=None))

        return Nameless(**parts)


class AnswersAreNotKept(Bug):
    def idempotency(self, client: Any, table: str, clock: Clock) -> Idempotency:
        class Forgetful(DynamoIdempotencyStore):
            def finish(self, owner: str, key: str, *, digest: str, answer: StoredAnswer) -> None: ...

        return Idempotency(Forgetful(client, table), clock)


class LostWorkersLeaveTheirResults(Bug):
    schedules = schedules(jobs=st.just((JobPlan(large=True, cancelled_at=300), JobPlan(large=True))))

    def objects(self, client: Any, bucket: str) -> ObjectStore:
        class Hoarder(S3ObjectStore):
            def delete(self, keys: Sequence[str]) -> None: ...

        return Hoarder(client, bucket)


class ResultsAreNotStoredWithTheEnd(Bug):
    def store(self, client: Any, table: str) -> JobStore:
        class Absent(DynamoJobStore):
            def _transact(self, writes: Sequence[dict[str, dict[str, Any]]], **how: Any) -> None:
                kept = [write for write in writes if write.get("Put", {}).get("Item", {}).get("sk") != RESULT]
                super()._transact(kept, **how)

        return Absent(client, table)


RESULT = {"S": "result"}


class MessagesAreNotAcknowledged(Bug):
    def acknowledges(self, disposition: Disposition) -> bool:
        return False


class PoisonIsAcknowledged(Bug):
    def acknowledges(self, disposition: Disposition) -> bool:
        return True


class TroubleIsMetWithMoreOfTheSame(Bug):
    schedules = schedules(outage=outages)

    def store(self, client: Any, table: str) -> JobStore:
        class Stubborn(DynamoJobStore):
            def _update(self, key: Row, expression: str, **rest: Any) -> Row:
                for _ in range(1_000):
                    with suppress(TransientError):
                        return super()._update(key, expression, **rest)
                raise TransientError("It will not go")

        return Stubborn(client, table)


PLANTED: Final = [
    (LostLeasesAreNeverTakenUp, 1),
    (UnsentMessagesAreNeverSent, 1),
    (JobsEndWithoutACondition, 1),
    (JobsEndWithoutACondition, 2),
    (ResultsAreNotStoredWithTheEnd, 3),
    (LostWorkersLeaveTheirResults, 3),
    (PaymentsAreNotWrittenDownFirst, 4),
    (InterruptedPaymentsAreRepeatedForEver, 4),
    (ClaimsIgnoreWhoHoldsTheJob, 4),
    (OutcomesAreNotKept, 4),
    (ThrottledCallsStayCounted, 4),
    (HeartsDoNotBeat, 4),
    (MessagesAreNotAcknowledged, 5),
    (PoisonIsAcknowledged, 5),
    (TroubleIsMetWithMoreOfTheSame, 6),
    (HeartsDoNotBeat, 7),
    (LeasesRunOutByOnesOwnClock, 7),
    (AnswersAreNotKept, 7),
    (KeysDoNotNameTheirJob, 8),
]
"""Each with the invariant that catches it, by itself."""


@pytest.mark.schedules
@pytest.mark.parametrize(
    ("bug", "invariant"),
    PLANTED,
)
def test_a_planted_bug_is_caught(simulated_aws: Aws, bug: type[Bug], invariant: int) -> None:
    @seed(0)
    @settings(
        max_examples=SCHEDULES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(schedule=bug.schedules)
    def holds(schedule: Schedule) -> None:
        world = World(simulated_aws, schedule, bug())
        world.run()
        check(world, {invariant})

    with pytest.raises(BrokenInvariantError):
        holds()


def test_every_invariant_catches_a_bug() -> None:
    assert {invariant for _, invariant in PLANTED} == INVARIANTS.keys()
