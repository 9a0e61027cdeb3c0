"""Messages through SQS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import code, translated

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

NOT_HELD: Final = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)
"""How SQS says of a message that it was deleted, or is held by nobody: differently in its two protocols."""


class SqsQueue:
    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str, *, delay: int = 0) -> None:
        """`delay` is milliseconds until a consumer may see it; SQS counts whole seconds, 15 minutes at most."""
        seconds = min(-(-delay // 1000), 900)
        with translated("SQS"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=seconds)

    def put_off(self, receipt: str, *, delay: int) -> None:
        with translated("SQS"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=-(-delay // 1000)
                )
            except ClientError as error:
                if code(error) not in NOT_HELD:
                    raise

    def waiting(self) -> int:
        with translated("SQS"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])
