"""Dead letters of SQS, moved back by SQS itself, or one by one where it cannot (the embedded AWS)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import code, translated
from darkroom.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef

UNSUPPORTED: Final = frozenset(
    {"AWS.SimpleQueueService.UnsupportedOperation", "InvalidAction", "NotImplemented", "UnsupportedOperation"}
)
HELD_SECONDS: Final = 60
"""How long a letter is hidden from others while it is copied."""
POLL_SECONDS: Final = 2


class SqsDeadLetters:
    def __init__(self, client: SQSClient, *, dead_url: str, queue_url: str, poll_seconds: float = POLL_SECONDS) -> None:
        self._client = client
        self._dead_url = dead_url
        self._queue_url = queue_url
        self._poll_seconds = poll_seconds

    def waiting(self) -> int:
        with translated("SQS"):
            found = self._client.get_queue_attributes(
                QueueUrl=self._dead_url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def move_back(self, progress: Callable[[int], None]) -> int:
        """Raises TransientError when SQS breaks it off. A move that runs already is watched to its end."""
        source = self._arn(self._dead_url)
        try:
            before = self._newest_task(source)
        except ClientError as error:
            if code(error) not in UNSUPPORTED:
                raise
            return self._copy(progress)
        if before.get("Status") == "RUNNING":
            return self._watch(source, None, progress)
        with translated("SQS"):
            self._client.start_message_move_task(SourceArn=source, DestinationArn=self._arn(self._queue_url))
        return self._watch(source, before.get("StartedTimestamp"), progress)

    def _watch(self, source: str, before: int | None, progress: Callable[[int], None]) -> int:
        """Follow the newest task, which is not the one that was started at `before`, to its end."""
        while True:
            task = self._newest_task(source)
            if task.get("StartedTimestamp") == before:
                time.sleep(self._poll_seconds)
                continue
            moved = task.get("ApproximateNumberOfMessagesMoved", 0)
            progress(moved)
            if task.get("Status") == "RUNNING":
                time.sleep(self._poll_seconds)
                continue
            if task.get("Status") == "COMPLETED":
                return moved
            raise TransientError(
                f"SQS stopped after {moved} messages: {task.get('FailureReason') or task.get('Status')}",
                fix="Run the command again; what was moved stays moved.",
            )

    def _newest_task(self, source: str) -> ListMessageMoveTasksResultEntryTypeDef:
        with translated("SQS"):
            tasks = self._client.list_message_move_tasks(SourceArn=source, MaxResults=1).get("Results", [])
        return tasks[0] if tasks else {}

    def _copy(self, progress: Callable[[int], None]) -> int:
        """Send first, delete then: killed in between, a letter is in both queues, and never in neither."""
        moved = 0
        while True:
            with translated("SQS"):
                letters = self._client.receive_message(
                    QueueUrl=self._dead_url,
                    MaxNumberOfMessages=10,
                    WaitTimeSeconds=1,  # asks all of SQS's hosts, so that nothing means nothing
                    VisibilityTimeout=HELD_SECONDS,
                ).get("Messages", [])
                for letter in letters:
                    self._client.send_message(QueueUrl=self._queue_url, MessageBody=letter["Body"])
                    self._client.delete_message(QueueUrl=self._dead_url, ReceiptHandle=letter["ReceiptHandle"])
            if not letters:
                return moved
            moved += len(letters)
            progress(moved)

    def _arn(self, url: str) -> str:
        with translated("SQS"):
            return self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
                "QueueArn"
            ]
