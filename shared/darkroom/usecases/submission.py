"""A request becomes a job: one row, then one message. What fails between the two, the sweeper mends."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import cost, limits
from darkroom.domain.jobs import Job, derived_job_id
from darkroom.domain.messages import message
from darkroom.errors import (
    IdempotencyMismatchError,
    InvalidRequestError,
    TooLargeError,
    TransientError,
    UnacceptableUrlError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.domain.jobs import Cost, Kind
    from darkroom.ports import Clock, Fetcher, JobStore, MessageQueue

LOOK_AFTER: Final = 1 * limits.MINUTE
"""How long a sent job waits until the sweeper sees it and knows that the queue is behind."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """Work that was asked for. `request` is what its worker needs: plain JSON data, already validated."""

    owner: str
    kind: Kind
    request: Mapping[str, Any]
    items: int
    estimate: Cost
    max_cost: float | None = None
    callback_url: str | None = None
    idempotency_key: str | None = None


def check_url(fetcher: Fetcher, url: str, field: str, *, fix: str | None = None) -> None:
    """Raises UnacceptableUrlError, naming the request's field, for a URL that must not be fetched."""
    try:
        fetcher.check(url)
    except UnacceptableUrlError as error:
        raise UnacceptableUrlError(f"{field}: {error.detail}", fix=fix or error.fix, code=error.exact_code) from error


def check_request(request: Mapping[str, Any]) -> None:
    """Raises TooLargeError for a request that has no room in its job's row."""
    size = json_bytes(request)
    if size > limits.REQUEST_BYTES:
        raise TooLargeError(
            f"The request has {size} bytes; {limits.REQUEST_BYTES} is the most",
            fix="Split the images over several jobs.",
        )


def check_metadata(metadata: Mapping[str, Any] | None) -> None:
    """Raises InvalidRequestError for more than METADATA_BYTES of the caller's own."""
    size = 0 if metadata is None else json_bytes(metadata)
    if size > limits.METADATA_BYTES:
        raise InvalidRequestError(
            f"The metadata has more than {limits.METADATA_BYTES} bytes as JSON",
            problems=(("metadata", f"has {size} bytes"),),
            fix="Keep the rest on your side, and put its id here.",
        )


def json_bytes(data: object) -> int:
    return len(json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass"))


class Submissions:
    def __init__(self, *, store: JobStore, queues: Mapping[Kind, MessageQueue], clock: Clock) -> None:
        self._store = store
        self._queues = queues
        self._clock = clock

    def submit(self, submission: Submission) -> Job:
        """The job of this submission: a new one, or the one that the same owner and Idempotency-Key made before.

        Raises CostLimitError for an estimate above `max_cost`, IdempotencyMismatchError for a key that was used with
        another request, TransientError where nothing may have been stored. A message that could not be sent is no
        error: the row is there, so the sweeper sends it.
        """
        cost.cap(submission.estimate, submission.max_cost, "The work is estimated at")
        job = self._new(submission)
        stored = self._stored(job, submission.idempotency_key)
        if not stored.sent and not stored.state.terminal and stored.leases == 0:
            self._send(stored)
        return stored

    def _new(self, submission: Submission) -> Job:
        now = self._clock.now()
        return Job(
            job_id=str(uuid.uuid4()),
            owner=submission.owner,
            kind=submission.kind,
            request=submission.request,
            created_at=now,
            updated_at=now,
            deadline=now + limits.JOB_DEADLINE,
            write_id=uuid.uuid4().hex,
            due_at=now + limits.SUBMISSION_GRACE,
            items=submission.items,
            estimate=submission.estimate,
            max_cost=submission.max_cost,
            callback_url=submission.callback_url,
        )

    def _stored(self, job: Job, key: str | None) -> Job:
        if key is None:
            return self._store.create(job)
        # A key may be used anew once its record is no longer kept, but the old job's tombstone still stands then.
        for turn in range(limits.TOMBSTONE_KEPT // limits.JOB_KEPT + 2):
            wanted = replace(job, job_id=derived_job_id(job.owner, key, turn))
            stored = self._store.create(wanted)
            if stored.write_id == wanted.write_id:
                return stored
            if job.created_at < stored.kept_until:
                if (stored.kind, _plain(stored.request)) != (wanted.kind, _plain(wanted.request)):
                    raise IdempotencyMismatchError("This Idempotency-Key was used with another request")
                return stored
        raise TransientError("Every id of this Idempotency-Key is taken by a record that is about to go")

    def _send(self, job: Job) -> None:
        try:
            self._queues[job.kind].send(message(job.job_id))
            self._store.mark_sent(job.job_id, due_at=self._clock.now() + LOOK_AFTER)
        except TransientError as error:
            log.warning("A job's message was not sent; the sweeper will: %s", error.detail, extra={"jobId": job.job_id})


def _plain(request: Mapping[str, Any]) -> str:
    return json.dumps(request, sort_keys=True)
