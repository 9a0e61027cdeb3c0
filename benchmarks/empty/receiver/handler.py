"""The request becomes a message, unread."""

import os
from typing import Any

import boto3

sqs = boto3.client("sqs")
queue_url = os.environ["QUEUE_URL"]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    sqs.send_message(QueueUrl=queue_url, MessageBody=event["body"])
    return {"statusCode": 202, "body": "{}"}
