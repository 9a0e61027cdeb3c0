"""Every AWS call of a job's life, struck once by every fault; and the world itself keeps AWS's rules."""

from __future__ import annotations

import pytest
from darkroom.domain.limits import MINUTE, SECOND

from tests.schedules.invariants import check
from tests.schedules.world import RECEIVES, Aws, Blow, Fault, JobPlan, Message, Queue, Schedule, World

LIVES = {
    "inline": JobPlan(steps=(50, 20 * SECOND), callback=True),
    "stored": JobPlan(steps=(50, 20 * SECOND), large=True, key=False),
    "cancelled": JobPlan(steps=(20 * SECOND, 20 * SECOND), large=True, cancelled_at=30 * SECOND),
    "poison": JobPlan(steps=(50,), poison=True),
}


@pytest.mark.schedules
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("life", list(LIVES))
def test_each_call_may_be_struck(simulated_aws: Aws, life: str, fault: Fault) -> None:
    plan = LIVES[life]
    quiet = World(simulated_aws, Schedule(jobs=(plan,)))
    quiet.run()
    check(quiet)
    blow = Blow(fault, 3 * MINUTE if fault in {Fault.STOPPED_BEFORE, Fault.STOPPED_AFTER} else 0)
    for number in range(1, quiet.calls.total() + 1):
        world = World(simulated_aws, Schedule(jobs=(plan,), blows={number: blow}))
        world.run()
        check(world)


def test_a_schedule_is_played_the_same_each_time(simulated_aws: Aws) -> None:
    schedule = Schedule(
        jobs=(LIVES["stored"], LIVES["poison"]),
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
