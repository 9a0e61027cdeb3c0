"""One message that fails is reported alone; one that names no job is dropped; none takes the batch along."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from darkroom import observability
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.messages import MemoryQueue
from darkroom.contracts.models import model
from darkroom.domain.limits import MINUTE, SECOND
from darkroom.domain.messages import message
from darkroom.entry.queue import consume
from darkroom.errors import MalformedRequestError, TransientError
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

CANARIES = ("jane@example.com", "whsec_c2VjcmV0LW9mLWFuLW93bmVy", "6f1d0c2b9e7a4d3f8b5c0a1e2d3c4b5a")
POISON = json.dumps(
    {
        "jobId": "x",
        "email": CANARIES[0],
        "secret": CANARIES[1],
        "imageUrls": [f"https://media.s3.amazonaws.com/a?X-Amz-Signature={CANARIES[2]}"],
    }
)


def job_id(n: int) -> str:
    return f"00000000-0000-4000-8000-{n:012d}"


def batch(*bodies: object, receives: str = "1") -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{n}", "body": body, "attributes": {"ApproximateReceiveCount": receives}}
            for n, body in enumerate(bodies)
        ]
    }


def noting(seen: list[tuple[str, int]]) -> Callable[[str, int], bool]:
    def handle(job_id: str, receives: int) -> bool:
        seen.append((job_id, receives))
        return True

    return handle


def reported(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_each_message_is_handled_with_its_receive_count() -> None:
    seen: list[tuple[str, int]] = []
    answer = consume(batch(message(job_id(1)), message(job_id(2)), receives="4"), noting(seen))
    assert seen == [(job_id(1), 4), (job_id(2), 4)]
    assert answer == {"batchItemFailures": []}


@pytest.mark.parametrize("receives", [None, "", "0", "-1", "many", "٣", 3, "9" * 400])
def test_a_receive_count_that_is_none_counts_as_the_first(receives: Any) -> None:
    event = batch(message(job_id(1)))
    event["Records"][0]["attributes"] = {"ApproximateReceiveCount": receives}
    seen: list[tuple[str, int]] = []
    consume(event, noting(seen))
    assert seen == [(job_id(1), 1)]


@pytest.mark.parametrize("at_once", [1, 4])
def test_what_fails_is_reported_and_the_rest_is_not(at_once: int) -> None:
    def handle(job_id: str, receives: int) -> bool:
        if job_id.endswith("1"):
            raise RuntimeError("a bug")
        return not job_id.endswith("2")

    assert reported(consume(batch(*(message(job_id(n)) for n in range(4))), handle, at_once=at_once)) == ["m1", "m2"]


def test_messages_are_handled_in_parallel_where_that_is_asked_for() -> None:
    together = threading.Barrier(4, timeout=10)

    def handle(job_id: str, receives: int) -> bool:
        together.wait()
        return True

    assert reported(consume(batch(*(message(job_id(n)) for n in range(4))), handle, at_once=4)) == []


@pytest.mark.parametrize("body", [POISON, "", "{", "[" * 100_000, None, 7, "\ud800", {"jobId": job_id(1)}])
def test_a_body_that_names_no_job_is_dropped_counted_and_not_repeated(
    body: object, capsys: pytest.CaptureFixture[str]
) -> None:
    observability.configure()
    handled: list[tuple[str, int]] = []
    answer = consume(batch(body, message(job_id(2))), noting(handled))
    assert answer == {"batchItemFailures": []}
    assert handled == [(job_id(2), 1)]
    dropped, counted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert dropped["level"] == "ERROR"
    assert len(dropped["digest"]) == 64
    assert counted["UnreadableMessages"] == [1.0]
    assert not any(canary in str(dropped) + str(counted) for canary in CANARIES)


def test_what_a_handler_raises_is_logged_with_its_job_and_without_its_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observability.configure()

    def handle(job_id: str, receives: int) -> bool:
        raise ValueError(POISON)

    consume(batch(message(job_id(7))), handle)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["jobId"] == job_id(7)
    assert line["exception_name"] == "ValueError"
    assert not any(canary in str(line) for canary in CANARIES)


@pytest.mark.parametrize(
    "event",
    [None, [], "text", {}, {"jobId": job_id(1)}, {"action": "generate-doodle", "description": "a cat"}],
    ids=str,
)
def test_who_invokes_it_without_messages_is_told_where_to_go(event: object) -> None:
    handled: list[tuple[str, int]] = []
    with observability.bound(requestId="invocation-7"):
        answer = consume(event, noting(handled))
    model("service.Problem").model_validate(answer)
    assert (answer["status"], answer["code"], answer["requestId"]) == (400, "NO_MESSAGES", "invocation-7")
    assert "receiver or doodle" in answer["fix"]
    assert "batchItemFailures" not in answer
    assert handled == []


@pytest.mark.parametrize(
    "event",
    [
        {"Records": None},
        {"Records": {"0": {}}},
        {"Records": [None]},
        {"Records": [{}]},
        {"Records": [{"messageId": ""}]},
        {"Records": [{"messageId": 1}]},
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(event: object) -> None:
    with pytest.raises(MalformedRequestError):
        consume(event, lambda _, __: True)


@settings(deadline=None)  # the first message of a process loads what writes metrics
@given(st.lists(st.one_of(st.none(), st.integers(), st.text(), st.dictionaries(st.text(), st.text()))))
def test_no_body_takes_the_others_along(bodies: list[object]) -> None:
    handled: list[tuple[str, int]] = []
    answer = consume(batch(*bodies, message(job_id(1))), noting(handled))
    assert handled == [(job_id(1), 1)]
    assert answer == {"batchItemFailures": []}


def test_poison_reaches_the_dead_letter_queue_once_and_garbage_never() -> None:
    clock = MemoryClock()
    queue = MemoryQueue(clock)
    for body in (message(job_id(1)), POISON, message(job_id(2))):
        queue.send(body)
    receives: list[int] = []

    def handle(job_id: str, count: int) -> bool:
        if job_id.endswith("1"):
            receives.append(count)
            raise RuntimeError("poison")
        return True

    for _ in range(10):
        queue.pump(lambda event: consume(event, handle))
        clock.advance(6 * MINUTE)
    assert receives == [1, 2, 3, 4, 5]
    assert queue.dead == [message(job_id(1))]
    assert queue.bodies == []


def test_a_failed_message_comes_again_sooner_than_its_visibility_timeout() -> None:
    clock = MemoryClock()
    queue = MemoryQueue(clock, visibility=30 * MINUTE)
    queue.send(message(job_id(1)))
    receives: list[int] = []

    def fail(_job_id: str, receive_count: int) -> bool:
        receives.append(receive_count)
        return False

    for wait in (0, 15, 30, 60, 120):
        clock.advance(wait * SECOND)
        assert queue.waiting() == 1
        queue.pump(lambda event: consume(event, fail, queue=lambda: queue))
    clock.advance(120 * SECOND)
    queue.receive()
    assert receives == [1, 2, 3, 4, 5]
    assert queue.dead == [message(job_id(1))]


def test_a_message_that_cannot_be_put_off_is_reported_all_the_same() -> None:
    class Unreachable(MemoryQueue):
        def put_off(self, receipt: str, *, delay: int) -> None:
            raise TransientError("The queue did not answer")

    queue = Unreachable(MemoryClock())
    queue.send(message(job_id(1)))
    event = queue.receive()
    assert reported(consume(event, lambda *_: False, queue=lambda: queue)) == ["message-1"]
