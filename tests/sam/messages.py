"""Messages of the stack's queues, taken out of them as Lambda's poller does, for a container to be called with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.stack import Stack


def message_of(stack: Stack, job_id: str, queue: str = "") -> dict[str, Any]:
    """The job's message, among those of the sample events' jobs."""
    sqs, queue = stack.client("sqs"), queue or stack.outputs["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages"):
        for message in messages:
            if json.loads(message["Body"])["jobId"] == job_id:
                found: dict[str, Any] = message
                return found
    raise AssertionError(f"no message of {job_id} in the queue")


def sqs_event(message: dict[str, Any], queue: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue,
                "awsRegion": "us-east-1",
            }
        ]
    }
