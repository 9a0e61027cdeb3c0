"""What holds at the end of every schedule, whatever happened in it: six invariants, one for harmless events, and one
for requests that were sent again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.aws.rows import SHARDS
from darkroom.domain.jobs import State
from darkroom.domain.limits import HEARTBEAT, JOB_DEADLINE, PAID_ATTEMPTS_PER_STEP

from tests.schedules.world import RECEIVES, START, Schedule, World, expected_result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tests.schedules.world import JobPlan

FEW: Final = 3
"""Interruptions after which poison may still be told from bad luck before its job's deadline."""
SWEEP: Final = 2 * SHARDS
"""Calls of a sweep that finds nothing."""
TERMINAL: Final = {state.value for state in State if state.terminal}


class BrokenInvariantError(AssertionError):
    def __init__(self, number: int, what: str, schedule: Schedule) -> None:
        super().__init__(f"invariant {number}: {what}, by {schedule!r}")
        self.number = number


class Ending:
    """A world that has come to rest, seen through its table, bucket and queues."""

    def __init__(self, world: World) -> None:
        self.world = world
        rows = world.aws.rows()
        self.jobs = {job_id(row): row for row in rows if row["sk"]["S"] == "job"}
        self.inline = {job_id(row): row["json"]["S"] for row in rows if row["sk"]["S"] == "result"}
        self.steps = [row for row in rows if row["sk"]["S"].startswith("step#")]
        self.objects = world.aws.object_keys()
        self.dead = Counter(message.job_id for message in world.queues["detect"].dead)

    def number(self, of: str) -> int:
        request: dict[str, Any] = json.loads(self.jobs[of]["request"]["S"])
        return int(request["metadata"]["plan"])

    def plan(self, of: str) -> JobPlan:
        return self.world.schedule.jobs[self.number(of)]


def job_id(row: dict[str, Any]) -> str:
    return str(row["pk"]["S"].partition("#")[2])


def check(world: World, only: Collection[int] = ()) -> None:
    """Raises BrokenInvariantError for the first that does not hold, of those numbers or of all."""
    end = Ending(world)
    gone = world.schedule.outage[0] if world.schedule.outage else None
    for number, (invariant, needs) in INVARIANTS.items():
        if gone not in needs and (not only or number in only):
            for what in invariant(end):
                raise BrokenInvariantError(number, what, world.schedule)


def exactly_one_terminal_state(end: Ending) -> Iterator[str]:
    for of, row in end.jobs.items():
        state = row["state"]["S"]
        if state not in TERMINAL:
            yield f"job {of} is {state} and nothing will ever move it"
        elif len({seen for seen, _, _ in end.world.history[of] if seen in TERMINAL}) != 1:
            yield f"job {of} was in several terminal states: {end.world.history[of]}"


def terminal_states_never_change(end: Ending) -> Iterator[str]:
    for of, history in end.world.history.items():
        first = next((place for place, (state, _, _) in enumerate(history) if state in TERMINAL), None)
        if first is not None and history[first + 1 :]:
            yield f"job {of} ended and went on: {history}"


def one_result_or_none(end: Ending) -> Iterator[str]:
    for of, row in end.jobs.items():
        stored = [key for key in end.objects if key.startswith(f"results/{of}/")]
        bodies = [end.world.aws.object_body(key) for key in stored]
        if of in end.inline:
            bodies.append(end.inline[of].encode())
        if row["state"]["S"] != State.COMPLETED:
            if bodies:
                yield f"job {of} is {row['state']['S']} and has {len(bodies)} results: {stored}"
            continue
        if len(bodies) != 1:
            yield f"job {of} is completed and has {len(bodies)} results: {stored}"
        elif hashlib.sha256(bodies[0]).hexdigest() != row["result_digest"]["S"]:
            yield f"job {of} has another result than its digest says"
        elif json.loads(bodies[0]) != expected_result(end.plan(of)):
            yield f"job {of} has a result that its work did not make"


def payments_are_bounded(end: Ending) -> Iterator[str]:
    """Of each step of each job: once, and once more for each time that this very step was cut short, three at most."""
    attempts = {(job_id(row), row["sk"]["S"].partition("#")[2]): int(row["attempts"]["N"]) for row in end.steps}
    for step, paid in end.world.paid.items():
        if paid > attempts.get(step, 0):
            yield f"step {step} was paid {paid} times, and the ledger knows of {attempts.get(step, 0)}"
    for step in attempts.keys() | end.world.paid.keys():
        times = max(attempts.get(step, 0), end.world.paid[step])
        if times > PAID_ATTEMPTS_PER_STEP:
            yield f"step {step} was begun {times} times"
        if times > 1 + end.world.interrupted[step]:
            yield f"step {step} was begun {times} times, and was cut short {end.world.interrupted[step]} times"
    for of, row in end.jobs.items():
        paid, cut_short = (
            sum(count for (job, _), count in counted.items() if job == of)
            for counted in (end.world.paid, end.world.interrupted)
        )
        billed = json.loads(row["cost"]["S"])[1]
        settled = row["state"]["S"] in {State.COMPLETED, State.FAILED} and not cut_short
        if paid > billed or (settled and paid < billed):
            yield f"job {of} paid for {paid} calls and was billed for {billed}"


def queues_are_settled(end: Ending) -> Iterator[str]:
    for name, queue in end.world.queues.items():
        if queue.messages:
            yield f"queue {name} still holds {len(queue.messages)} messages"
    if end.world.queues["webhook"].dead:
        yield "a webhook's message is in the dead-letter queue"
    for of, row in end.jobs.items():
        dead, failed = end.dead[of], row.get("failure_code", {}).get("S")
        # What is killed at a message's last receive, or cannot say then that the job failed, takes the message along to
        # the dead letters by SQS's own rule; the job is tried once more by another.
        taken_along = sum(RECEIVES in message.disturbed for message in end.world.queues["detect"].dead)
        if failed == "INTERNAL" and not 1 <= dead <= 1 + taken_along:
            yield f"job {of} is poison and has {dead} dead letters"
        if failed != "INTERNAL" and dead > taken_along:
            yield f"job {of} is no poison and has {dead} dead letters"
        plan = end.plan(of)
        if plan.poison and row["state"]["S"] == State.COMPLETED:
            yield f"job {of} is poison and completed"
        disturbances = end.world.interruptions + end.world.setbacks
        tries = sum(plan.steps) * RECEIVES * (1 + disturbances)  # a message that is lost takes its count along
        told = disturbances < FEW and tries < JOB_DEADLINE // 2
        if plan.poison and plan.cancelled_at is None and told and failed is None:
            yield f"job {of} is poison and {row['state']['S']}"


def requests_are_bounded(end: Ending) -> Iterator[str]:
    budget = request_budget(end.world.schedule, (end.world.time - START) // 60_000)
    if end.world.calls.total() > budget:
        yield f"{end.world.calls.total()} calls of AWS, and the budget is {budget}: {dict(end.world.calls)}"


def request_budget(schedule: Schedule, minutes: int) -> int:
    """Calls for the life of each job with four sweeps, as much again for what one blow may undo, and for a service that
    is gone for good a fixed number a minute. A call that is refused is three requests, by botocore's setting."""
    once = sum(24 + 8 * len(plan.steps) + sum(plan.steps) // HEARTBEAT + 4 * SWEEP for plan in schedule.jobs)
    again = len(schedule.blows) + len(schedule.duplicates) + len(schedule.unpaid_answers | schedule.throttled)
    again += schedule.curse.times if schedule.curse else 0
    again += sum(RECEIVES for plan in schedule.jobs if plan.poison)
    return once * (1 + again) + (minutes * (SWEEP + 4 * len(schedule.jobs)) if schedule.outage else 0)


def harmless_events_change_nothing(end: Ending) -> Iterator[str]:
    """Duplicates, reordering, short stops, lost answers that were retried, clocks that are off, work that is long."""
    if end.world.interruptions or end.world.setbacks:
        return
    for number, answers in end.world.answers.items():
        final = {answer for answer in answers if answer[0] != 409}  # that is for as long as the first is in flight
        if [status for status, _ in final] != [202]:
            yield f"request {number} was not interrupted, and had the answers {answers}"
    for of, row in end.jobs.items():
        plan = end.plan(of)
        if plan.poison or plan.cancelled_at is not None:
            continue
        if (row["state"]["S"], row["leases"]["N"]) != (State.COMPLETED, "1"):
            yield f"job {of} was not interrupted, and is {row['state']['S']} after {row['leases']['N']} leases"


def a_request_is_one_job(end: Ending) -> Iterator[str]:
    """However often its client sends it with its key, and wherever that was cut short."""
    for number, answers in end.world.answers.items():
        made = {of for of in end.jobs if end.number(of) == number}
        named = {json.loads(text)["jobId"] for status, text in answers if status == 202}
        if len(made | named) > 1:
            yield f"request {number} made the jobs {made} and was answered with {named}"
        if odd := [answer for answer in answers if answer[0] not in {202, 409, 503}]:
            yield f"request {number} was answered {odd}"


INVARIANTS: Final[dict[int, tuple[Callable[[Ending], Iterator[str]], frozenset[str]]]] = {
    1: (exactly_one_terminal_state, frozenset({"dynamodb"})),
    2: (terminal_states_never_change, frozenset()),
    3: (one_result_or_none, frozenset({"dynamodb", "s3"})),
    4: (payments_are_bounded, frozenset()),
    5: (queues_are_settled, frozenset({"dynamodb", "s3", "sqs"})),
    6: (requests_are_bounded, frozenset()),
    7: (harmless_events_change_nothing, frozenset()),
    8: (a_request_is_one_job, frozenset()),
}
"""Each by its number, with the services that it needs: where one is gone for good, it cannot hold."""
