"""One suite for every MessageQueue: SQS and its twin in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from botocore.session import get_session
from darkroom.adapters.aws.clients import config
from darkroom.adapters.aws.queues import SqsQueue
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.messages import MemoryQueue
from darkroom.domain.limits import MINUTE, SECOND
from darkroom.errors import SettingsError, TransientError

if TYPE_CHECKING:
    from darkroom.ports import MessageQueue

    from tests.contract.conftest import Aws


class Reader(Protocol):
    def bodies(self) -> list[str]: ...

    def receipt(self) -> str:
        """Of one message, received now."""
        ...

    def delete(self, receipt: str) -> None: ...

    def waiting(self) -> int: ...


@dataclass
class SqsReader:
    """What a consumer of the queue gets now, and how many messages wait for their time."""

    aws: Aws
    url: str

    def bodies(self) -> list[str]:
        answer = self.aws.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def receipt(self) -> str:
        return str(self.aws.sqs.receive_message(QueueUrl=self.url)["Messages"][0]["ReceiptHandle"])

    def delete(self, receipt: str) -> None:
        self.aws.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    def waiting(self) -> int:
        answer = self.aws.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        return int(answer["Attributes"]["ApproximateNumberOfMessagesDelayed"])


@dataclass
class MemoryReader:
    queue: MemoryQueue

    def bodies(self) -> list[str]:
        return [record["body"] for record in self.queue.receive()["Records"]]

    def receipt(self) -> str:
        return str(self.queue.receive()["Records"][0]["receiptHandle"])

    def delete(self, receipt: str) -> None:
        event = {"Records": [{"messageId": receipt, "receiptHandle": receipt}]}
        self.queue.settle(event, {"batchItemFailures": []})

    def waiting(self) -> int:
        return len(self.queue.bodies) - len(self.queue.receive()["Records"])


@pytest.fixture(params=["memory", "sqs"])
def both(request: pytest.FixtureRequest) -> tuple[MessageQueue, Reader]:
    if request.param == "memory":
        queue = MemoryQueue(MemoryClock())
        return queue, MemoryReader(queue)
    aws: Aws = request.getfixturevalue("aws")
    url = aws.queue()
    return SqsQueue(aws.sqs, url), SqsReader(aws, url)


Both = tuple["MessageQueue", Reader]


def test_what_is_sent_is_received(both: Both) -> None:
    queue, reader = both
    queue.send('{"jobId": "a"}')
    queue.send('{"jobId": "b"}')
    received: Counter[str] = Counter()
    for _ in range(2):
        received.update(reader.bodies())
    assert received == Counter(['{"jobId": "a"}', '{"jobId": "b"}'])


def test_a_received_message_is_hidden_from_others(both: Both) -> None:
    queue, reader = both
    queue.send("x")
    assert reader.bodies() == ["x"]
    assert reader.bodies() == []


@pytest.mark.parametrize("delay", [1, 999, 60 * SECOND, 15 * MINUTE, 60 * MINUTE])
def test_a_delayed_message_waits(both: Both, delay: int) -> None:
    queue, reader = both
    queue.send("later", delay=delay)
    assert reader.waiting() == 1
    assert reader.bodies() == []


def test_what_waits_is_counted_until_somebody_holds_it(both: Both) -> None:
    queue, reader = both
    assert queue.waiting() == 0
    queue.send("a")
    queue.send("b")
    queue.send("later", delay=MINUTE)
    assert queue.waiting() == 2
    held = len(reader.bodies())
    assert held > 0
    assert queue.waiting() == 2 - held


def test_a_received_message_is_handed_out_again_when_its_holder_says(both: Both) -> None:
    queue, reader = both
    queue.send("x")
    receipt = reader.receipt()
    queue.put_off(receipt, delay=60 * SECOND)
    assert reader.bodies() == []
    queue.put_off(receipt, delay=0)
    assert reader.bodies() == ["x"]


def test_a_message_that_was_deleted_stays_deleted(both: Both) -> None:
    queue, reader = both
    queue.send("x")
    receipt = reader.receipt()
    reader.delete(receipt)
    queue.put_off(receipt, delay=0)
    assert reader.bodies() == []


def test_a_queue_that_is_not_there_is_a_fault_of_the_settings(aws: Aws) -> None:
    url = aws.queue()
    aws.sqs.delete_queue(QueueUrl=url)
    with pytest.raises(SettingsError):
        SqsQueue(aws.sqs, url).send("x")


def test_a_queue_that_cannot_be_reached_is_passing_trouble() -> None:
    session = get_session()
    session.set_credentials("test", "test")
    unreachable: Any = session.create_client(
        "sqs",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        config=config("sqs"),
    )
    with pytest.raises(TransientError):
        SqsQueue(unreachable, "http://127.0.0.1:9/000000000000/none").send("x")
