"""What S3 tells of objects, by way of a queue: each message holds a notification of one or more of them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import unquote_plus

from darkroom.domain.uploads import Arrival
from darkroom.errors import MalformedRequestError

TEST: Final = "s3:TestEvent"
"""Sent once, when the bucket is told to notify; it names no object."""
CREATED: Final = "ObjectCreated:"


def are_arrivals(event: object) -> bool:
    """Whether a batch of SQS comes from a queue that S3 tells: all of a batch come from one queue."""
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    told = _parsed(first.get("body")) if isinstance(first, dict) else None
    return isinstance(told, dict) and ("Records" in told or told.get("Event") == TEST)


def arrivals(body: object) -> list[Arrival]:
    """The objects that a message says were written; nothing of S3's test message. Keys are decoded.

    `version` is the ETag with the sequencer, which is another for each writing of a key and the same each time that one
    of them is told. Raises MalformedRequestError for what is no notification.
    """
    told = _parsed(body)
    if isinstance(told, dict) and told.get("Event") == TEST:
        return []
    records = told.get("Records") if isinstance(told, dict) else None
    if not isinstance(records, list):
        raise MalformedRequestError("The message is no notification of S3")
    return [_arrival(record) for record in records if str(_within(record, "eventName")).startswith(CREATED)]


def _arrival(record: Any) -> Arrival:
    bucket, key = _within(record, "s3", "bucket", "name"), _within(record, "s3", "object", "key")
    if not (isinstance(bucket, str) and isinstance(key, str) and key):
        raise MalformedRequestError("The notification names no object")
    marks = (_within(record, "s3", "object", name) for name in ("eTag", "sequencer"))
    return Arrival(bucket, unquote_plus(key), " ".join(str(mark) for mark in marks if mark))


def _within(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _parsed(body: object) -> Any:
    try:
        return json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return None
