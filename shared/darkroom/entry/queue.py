"""Batches from SQS: each message names one job, and one that fails is reported alone (ReportBatchItemFailures).

A loop of our own: Powertools' batch processor costs a third of a cold start and would log whole records.
"""

from __future__ import annotations

import contextvars
import hashlib
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from darkroom.domain.limits import SETBACK_BACKOFF
from darkroom.domain.messages import job_id_of
from darkroom.entry.errors import problem
from darkroom.errors import DarkroomError, MalformedRequestError
from darkroom.observability import bound, emit, function_name, request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.ports import MessageQueue

log = logging.getLogger(__name__)


def consume(
    event: object,
    handle: Callable[[Any, int], bool],
    *,
    read: Callable[[object], Any] = job_id_of,
    at_once: int = 1,
    queue: Callable[[], MessageQueue] | None = None,
) -> dict[str, Any]:
    """Call `handle(job id, receive count)` for each message, `at_once` of them in parallel, and answer to SQS.

    `read` is for messages of another sort: what it makes of a body takes the job id's place. It raises
    MalformedRequestError for a body that is none of them.

    True acknowledges the message. False, or an exception (which is logged), reports it, so that SQS sends it again
    and moves it to the dead-letter queue after maxReceiveCount. A body that is not one of ours names no job, so there
    is nothing to retry: it is counted, logged by its digest and acknowledged, and never reaches a dead-letter queue.

    `queue` is where the messages came from, made on first need: what is reported is then handed out again after
    SETBACK_BACKOFF rather than after the visibility timeout, which is many times longer than a quick failure.

    An event without records was never SQS's: who invoked the function is answered in problem+json. Raises
    MalformedRequestError for records that are none of SQS: the whole of them is then delivered again.
    """
    if not (isinstance(event, dict) and "Records" in event):
        return _no_batch()
    records = _records(event["Records"])

    def settle(record: dict[str, Any]) -> bool:
        message_id = record["messageId"]
        body = record.get("body")
        try:
            named = read(body)
        except MalformedRequestError as error:
            digest = hashlib.sha256(str(body).encode("utf-8", "surrogatepass")).hexdigest()
            log.error("A message was dropped: %s", error.detail, extra={"messageId": message_id, "digest": digest})
            emit({"UnreadableMessages": (1, "Count")}, {"function": function_name()})
            return True
        with bound(jobId=named if isinstance(named, str) else None):
            try:
                return handle(named, _receive_count(record))
            except Exception:
                log.exception("A message failed", extra={"messageId": message_id})
                return False

    if at_once > 1 and len(records) > 1:
        with ThreadPoolExecutor(max_workers=min(at_once, len(records))) as pool:
            futures = [pool.submit(contextvars.copy_context().run, settle, record) for record in records]
            settled = [future.result() for future in futures]
    else:
        settled = [settle(record) for record in records]
    if queue is not None:
        for record, done in zip(records, settled, strict=True):
            if not done:
                _put_off(queue, record)
    return {
        "batchItemFailures": [
            {"itemIdentifier": record["messageId"]} for record, done in zip(records, settled, strict=True) if not done
        ]
    }


def _put_off(queue: Callable[[], MessageQueue], record: dict[str, Any]) -> None:
    receipt = record.get("receiptHandle")
    if isinstance(receipt, str) and receipt:
        wait = SETBACK_BACKOFF[min(_receive_count(record), len(SETBACK_BACKOFF)) - 1]
        try:
            queue().put_off(receipt, delay=wait)
        except DarkroomError as error:
            log.warning("A message comes again only after its visibility timeout: %s", error.detail)


def _no_batch() -> dict[str, Any]:
    log.warning("Invoked without messages")
    error = MalformedRequestError(
        f"The event holds no messages: {function_name()} works off its queue",
        fix="Invoke the function that takes such requests, receiver or doodle; it sends the message. Or send the event"
        ' that SQS would: {"Records": [{"messageId": "1", "body": "{\\"jobId\\": \\"...\\"}"}]}.',
        code="NO_MESSAGES",
    )
    _, _, body = problem(error, request_id(), seed=False)
    return body


def _records(records: object) -> list[dict[str, Any]]:
    if not isinstance(records, list) or not all(
        isinstance(record, dict) and isinstance(record.get("messageId"), str) and record["messageId"]
        for record in records
    ):
        raise MalformedRequestError("The event is no batch of SQS messages")
    return records


def _receive_count(record: dict[str, Any]) -> int:
    """How often SQS has handed this message out, this time included; 1 where it does not say."""
    attributes = record.get("attributes")
    raw = attributes.get("ApproximateReceiveCount") if isinstance(attributes, dict) else None
    return int(raw) if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,6}", raw) and int(raw) > 0 else 1
