"""Every AWS call of a job's life, struck once by every fault; and the world itself keeps AWS's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from darkroom.domain.limits import CLOCK_SKEW, HEARTBEAT, LEASE, MINUTE, SECOND

from tests.schedules.invariants import BrokenInvariantError, Ending, check
from tests.schedules.world import RECEIVES, START, Aws, Blow, Fault, JobPlan, Message, Queue, Schedule, World

LIVES = {
    "inline": Schedule(jobs=(JobPlan(steps=(50, 70 * SECOND), callback=True, again=8),)),
    "stored": Schedule(jobs=(JobPlan(steps=(20 * SECOND,), large=True, key=False),), throttled=frozenset({1})),
    "cancelled": Schedule(
        jobs=(JobPlan(steps=(20 * SECOND, 20 * SECOND), large=True, again=70 * SECOND, cancelled_at=30 * SECOND),)
    ),
    "poison": Schedule(jobs=(JobPlan(steps=(50,), poison=True),)),
}


@pytest.mark.schedules
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("life", list(LIVES))
def test_each_call_may_be_struck(simulated_aws: Aws, life: str, fault: Fault) -> None:
    schedule = LIVES[life]
    quiet = World(simulated_aws, schedule)
    quiet.run()
    check(quiet)
    blow = Blow(fault, 3 * MINUTE if fault in {Fault.STOPPED_BEFORE, Fault.STOPPED_AFTER} else 0)
    for number in range(1, quiet.calls.total() + 1):
        world = World(simulated_aws, replace(schedule, blows={number: blow}))
        world.run()
        check(world)


def test_a_schedule_is_played_the_same_each_time(simulated_aws: Aws) -> None:
    schedule = Schedule(
        jobs=LIVES["stored"].jobs + LIVES["poison"].jobs,
        blows={9: Blow(Fault.KILLED_AFTER), 15: Blow(Fault.STOPPED_BEFORE, 130 * SECOND), 22: Blow(Fault.UNHEARD)},
        skew=-MINUTE,
        skewed=(True, False),
        duplicates={2: 30},
        delays=(0, 4 * SECOND),
    )
    worlds = [World(simulated_aws, schedule) for _ in range(2)]
    for world in worlds:
        world.run()
    first, second = ((world.time, world.calls, sorted(world.paid.values())) for world in worlds)
    assert first == second


# --- hearts and requests ----------------------------------------------------------------------------------------------

LONG = JobPlan(steps=(150 * SECOND,))


def ended(world: World) -> dict[str, Any]:
    """The row of the world's only job, after everything."""
    world.run()
    (row,) = Ending(world).jobs.values()
    return row


def test_a_heart_that_beats_within_a_paid_call_keeps_the_lease(simulated_aws: Aws) -> None:
    row = ended(World(simulated_aws, Schedule(jobs=(LONG,))))
    assert (row["state"]["S"], row["leases"]["N"], row["losses"]["N"]) == ("completed", "1", "0")


def test_a_heart_that_beats_too_seldom_loses_it(simulated_aws: Aws) -> None:
    world = World(simulated_aws, Schedule(jobs=(LONG,), beats=(5 * MINUTE,)))
    assert int(ended(world)["losses"]["N"]) >= 1
    with pytest.raises(BrokenInvariantError, match="was cut short 0 times"):
        check(world)


def test_a_heart_beats_between_two_steps(simulated_aws: Aws) -> None:
    world = World(simulated_aws, Schedule(jobs=(JobPlan(steps=(0, 0)),), beats=(1,)))
    ended(world)
    within_first, between, within_second = world.beats
    assert within_first < between < within_second


def test_a_killed_worker_is_not_kept_alive_by_its_heart(simulated_aws: Aws) -> None:
    quiet = World(simulated_aws, Schedule(jobs=(LONG,)))
    ended(quiet)
    first_beat = quiet.beats[0]
    for fault in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER):
        world = World(simulated_aws, Schedule(jobs=(LONG,), blows={first_beat: Blow(fault)}))
        row = ended(world)
        check(world)
        assert (row["state"]["S"], row["leases"]["N"], row["losses"]["N"]) == ("completed", "2", "1")
        taken_over = int(row["ended_at"]["N"]) - LONG.steps[0] - START
        assert taken_over <= HEARTBEAT + LEASE + CLOCK_SKEW + MINUTE + SECOND


def test_a_client_may_hear_that_its_first_request_is_in_flight_and_hears_of_one_job(simulated_aws: Aws) -> None:
    plan = JobPlan(steps=(), again=8)
    stopped = World(simulated_aws, Schedule(jobs=(plan,), blows={2: Blow(Fault.STOPPED_BEFORE, 2 * SECOND)}))
    ended(stopped)
    assert [status for status, _ in stopped.answers[0]] == [409, 202]
    killed = World(simulated_aws, Schedule(jobs=(replace(plan, again=None),), blows={3: Blow(Fault.KILLED_AFTER)}))
    ended(killed)
    assert [status for status, _ in killed.answers[0]] == [409, 409, 202]
    replayed = World(simulated_aws, Schedule(jobs=(replace(plan, again=3 * SECOND),)))
    ended(replayed)
    first, second = replayed.answers[0]
    assert first == second
    for world in (stopped, killed, replayed):
        check(world)


# --- AWS's rules for queues -------------------------------------------------------------------------------------------


def a_queue(count: int = 1) -> Queue:
    queue = Queue(visibility=30 * MINUTE)
    queue.messages = [Message(f"m{n}", '{"jobId": "j"}', visible_at=n) for n in range(count)]
    return queue


def taken(queue: Queue, now: int, limit: int = 10) -> list[tuple[Message, int]]:
    return [(message, message.receives) for message in queue.receive(now, limit, newest_first=False)]


def test_a_received_message_is_hidden_for_the_visibility_timeout() -> None:
    queue = a_queue()
    assert [receives for _, receives in taken(queue, 0)] == [1]
    assert taken(queue, queue.visibility - 1) == []
    assert [receives for _, receives in taken(queue, queue.visibility)] == [2]


def test_a_message_is_dead_when_it_would_be_received_once_too_often() -> None:
    queue = a_queue()
    for turn in range(RECEIVES):
        assert len(taken(queue, turn * queue.visibility)) == 1
    assert queue.dead == []
    assert taken(queue, RECEIVES * queue.visibility) == []
    assert [message.message_id for message in queue.dead] == ["m0"]
    assert queue.messages == []


def test_only_reported_messages_stay() -> None:
    queue = a_queue(3)
    queue.settle(taken(queue, 9), {"batchItemFailures": [{"itemIdentifier": "m1"}]})
    assert [message.message_id for message in queue.messages] == ["m1"]


def test_an_unknown_identifier_fails_the_whole_batch() -> None:
    queue = a_queue(3)
    queue.settle(taken(queue, 9), {"batchItemFailures": [{"itemIdentifier": "m7"}]})
    assert len(queue.messages) == 3


def test_a_killed_function_acknowledges_nothing() -> None:
    queue = a_queue(2)
    queue.settle(taken(queue, 9), None)
    assert len(queue.messages) == 2


def test_a_message_that_is_put_off_is_visible_when_it_says() -> None:
    queue = a_queue()
    message, _ = taken(queue, 0)[0]
    queue.put_off("another receipt", 5)
    assert taken(queue, 10) == []
    queue.put_off(message.receipt, 15)
    assert len(taken(queue, 15)) == 1
