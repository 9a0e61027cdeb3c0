"""One suite for every DeadLetters: SQS's, which moves them itself or has them copied, and the twin in memory."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.aws.dead_letters import SqsDeadLetters
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.messages import MemoryDeadLetters, MemoryQueue
from darkroom.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.ports import DeadLetters
    from mypy_boto3_sqs.client import SQSClient

    from tests.contract.conftest import Aws

BODIES = [json.dumps({"jobId": f"00000000-0000-4000-8000-{n:012d}"}) for n in range(23)]


@dataclass
class Movers:
    """SQS's own mover, in front of a client that has none: it answers the two actions as SQS documents them."""

    client: SQSClient
    statuses: list[str]
    tasks: list[dict[str, Any]] = field(default_factory=list)
    started: int = 0

    def __post_init__(self) -> None:
        hooks: Any = self.client.meta.events
        hooks.register("before-call.sqs.ListMessageMoveTasks", self._list)
        hooks.register("before-call.sqs.StartMessageMoveTask", self._start)

    def _start(self, params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
        self.started += 1
        request = json.loads(params["body"])
        urls = [
            self.client.get_queue_url(QueueName=request[arn].rpartition(":")[2])["QueueUrl"]
            for arn in ("SourceArn", "DestinationArn")
        ]
        moved = _copy(self.client, *urls)
        self.tasks.insert(
            0, {"Status": "RUNNING", "StartedTimestamp": self.started, "ApproximateNumberOfMessagesMoved": moved}
        )
        return SimpleNamespace(status_code=200), {"TaskHandle": "handle"}

    def _list(self, **_: object) -> tuple[Any, dict[str, Any]]:
        answer = [dict(task) for task in self.tasks[:1]]
        if self.tasks and self.tasks[0]["Status"] == "RUNNING":
            self.tasks[0]["Status"] = self.statuses.pop(0)
        return SimpleNamespace(status_code=200), {"Results": answer}


def _copy(client: SQSClient, source: str, target: str) -> int:
    moved = 0
    while letters := client.receive_message(QueueUrl=source, MaxNumberOfMessages=10).get("Messages", []):
        for letter in letters:
            client.send_message(QueueUrl=target, MessageBody=letter["Body"])
            client.delete_message(QueueUrl=source, ReceiptHandle=letter["ReceiptHandle"])
        moved += len(letters)
    return moved


def unsupported(client: SQSClient) -> None:
    """As the embedded AWS answers."""

    def refuse(**_: object) -> tuple[Any, dict[str, Any]]:
        return SimpleNamespace(status_code=400), {"Error": {"Code": "InvalidAction", "Message": "no such action"}}

    hooks: Any = client.meta.events
    for action in ("ListMessageMoveTasks", "StartMessageMoveTask"):
        hooks.register(f"before-call.sqs.{action}", refuse)


@dataclass
class Setting:
    letters: DeadLetters
    bodies: Callable[[], Counter[str]]


@pytest.fixture(params=["memory", "copied", "moved by SQS"])
def setting(request: pytest.FixtureRequest) -> Setting:
    if request.param == "memory":
        queue = MemoryQueue(MemoryClock())
        queue.dead = list(BODIES)
        return Setting(MemoryDeadLetters(queue), lambda: Counter(queue.bodies))
    aws: Aws = request.getfixturevalue("aws")
    dead, url = aws.queue(), aws.queue()
    for body in BODIES:
        aws.sqs.send_message(QueueUrl=dead, MessageBody=body)
    if request.param == "copied":
        unsupported(aws.sqs)
    else:
        Movers(aws.sqs, ["RUNNING", "COMPLETED"])
    letters = SqsDeadLetters(aws.sqs, dead_url=dead, queue_url=url, poll_seconds=0)
    return Setting(letters, lambda: received(aws, url))


def received(aws: Aws, url: str) -> Counter[str]:
    found: Counter[str] = Counter()
    while messages := aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found.update(message["Body"] for message in messages)
    return found


def test_every_letter_goes_back_to_its_queue_and_is_counted(setting: Setting) -> None:
    told: list[int] = []
    assert setting.letters.waiting() == len(BODIES)
    assert setting.letters.move_back(told.append) == len(BODIES)
    assert setting.letters.waiting() == 0
    assert setting.bodies() == Counter(BODIES)
    assert told[-1] == len(BODIES)
    assert all(before <= after for before, after in itertools.pairwise(told))


def test_a_second_time_there_is_nothing_to_move(setting: Setting) -> None:
    setting.letters.move_back(lambda _: None)
    assert setting.letters.waiting() == 0


# --- SQS alone -------------------------------------------------------------------------------------------------------


def test_a_copy_that_is_cut_short_loses_nothing(aws: Aws) -> None:
    dead, url = aws.queue(), aws.queue()
    for body in BODIES:
        aws.sqs.send_message(QueueUrl=dead, MessageBody=body)
    unsupported(aws.sqs)
    letters = SqsDeadLetters(aws.sqs, dead_url=dead, queue_url=url)

    class Interrupted(BaseException):
        pass

    def interrupt(so_far: int) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        letters.move_back(interrupt)
    letters.move_back(lambda _: None)
    assert received(aws, url) == Counter(BODIES)


def test_a_move_that_runs_already_is_watched_and_none_is_started(aws: Aws) -> None:
    dead, url = aws.queue(), aws.queue()
    movers = Movers(aws.sqs, ["COMPLETED"])
    movers.tasks.append({"Status": "RUNNING", "StartedTimestamp": 7, "ApproximateNumberOfMessagesMoved": 4})
    assert SqsDeadLetters(aws.sqs, dead_url=dead, queue_url=url, poll_seconds=0).move_back(lambda _: None) == 4
    assert movers.started == 0


def test_the_task_of_an_earlier_redrive_is_not_taken_for_this_one(aws: Aws) -> None:
    dead, url = aws.queue(), aws.queue()
    aws.sqs.send_message(QueueUrl=dead, MessageBody=BODIES[0])
    movers = Movers(aws.sqs, ["COMPLETED"])
    movers.tasks.append({"Status": "COMPLETED", "StartedTimestamp": -7, "ApproximateNumberOfMessagesMoved": 99})
    assert SqsDeadLetters(aws.sqs, dead_url=dead, queue_url=url, poll_seconds=0).move_back(lambda _: None) == 1
    assert movers.started == 1


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "CANCELLING"])
def test_a_move_that_sqs_stops_is_told(aws: Aws, status: str) -> None:
    dead, url = aws.queue(), aws.queue()
    Movers(aws.sqs, [status])
    with pytest.raises(TransientError, match="SQS stopped after 0 messages"):
        SqsDeadLetters(aws.sqs, dead_url=dead, queue_url=url, poll_seconds=0).move_back(lambda _: None)
