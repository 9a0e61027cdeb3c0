"""What an owner can ask about its jobs, and cancel."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from darkroom.domain import limits
from darkroom.domain.forecast import forecast
from darkroom.domain.jobs import State, is_job_id
from darkroom.errors import (
    ImageNotFoundError,
    JobEndedError,
    JobExpiredError,
    JobNotFoundError,
    NotFoundError,
    TooLargeError,
    TransientError,
)
from darkroom.ports import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.domain.forecast import Forecast
    from darkroom.domain.jobs import Delivery, Job, Kind, Result
    from darkroom.ports import Clock, JobStore, ObjectStore, Page
    from darkroom.usecases.endings import Endings

log = logging.getLogger(__name__)

FIRST_PAUSE = 200
LONGEST_PAUSE = 1_000
"""Between two looks at a job that is waited for; each is half as long again as the one before."""


def owned(store: JobStore, owner: str, job_id: str, now: int) -> Job:
    """Raises JobNotFoundError for an unknown job and another owner's alike, JobExpiredError after its keeping time."""
    job = store.get(job_id) if is_job_id(job_id) else None
    if job is None or job.owner != owner or job.forgotten_at <= now:
        raise JobNotFoundError
    if job.kept_until <= now:
        raise JobExpiredError("The job's record is no longer kept")
    return job


class Jobs:
    """Every method raises JobNotFoundError for an unknown job and another owner's alike, and JobExpiredError for one
    whose keeping time is over."""

    def __init__(
        self, *, store: JobStore, objects: Callable[[], ObjectStore], endings: Callable[[], Endings], clock: Clock
    ) -> None:
        """`objects` and `endings` are made on their first use: most questions need neither, and both need clients."""
        self._store = store
        self._objects = objects
        self._endings = endings
        self._clock = clock
        self._pulses: dict[Kind, tuple[Pulse | None, int]] = {}

    def get(self, owner: str, job_id: str) -> Job:
        return owned(self._store, owner, job_id, self._clock.now())

    def list(
        self,
        owner: str,
        *,
        state: State | None = None,
        kind: Kind | None = None,
        cursor: str | None = None,
        limit: int = limits.PAGE_DEFAULT,
    ) -> Page:
        """The owner's jobs, newest first, as long as they are kept in full.

        With a filter a page may be short and still have a cursor. Raises InvalidRequestError for a foreign cursor.
        """
        since = self._clock.now() - limits.JOB_KEPT + 1
        return self._store.list(owner, since=since, state=state, kind=kind, cursor=cursor, limit=limit)

    def cancel(self, owner: str, job_id: str) -> Job:
        """The job, cancelled; its worker stops at its next step. Raises JobEndedError for one that has ended."""
        job = self.get(owner, job_id)
        if job.state.terminal:
            raise JobEndedError(f"The job is {job.state.value} already")
        return self._endings().end(job, State.CANCELLED)

    def wait(self, owner: str, job_id: str, seconds: int) -> Job:
        """The job once it has ended, or as it stands after `seconds`, of which WAIT_SECONDS at most are waited."""
        job = self.get(owner, job_id)
        until = self._clock.now() + min(seconds, limits.WAIT_SECONDS) * limits.SECOND
        pause = FIRST_PAUSE
        while not job.state.terminal and (left := until - self._clock.now()) > 0:
            self._clock.sleep(min(pause, left))
            pause = min(pause * 3 // 2, LONGEST_PAUSE)
            try:
                job = self.get(owner, job_id)
            except TransientError:
                continue  # what is known of the job is still a true answer
        return job

    def result(self, job: Job) -> Any:
        """The parsed JSON that a completed job made. Raises JobExpiredError where it is gone or damaged."""
        found = job.result
        if found is None:
            raise NotFoundError("The job has no result", fix="Ask again when its status is completed.")
        if found.key is None:
            text = self._store.inline_result(job.job_id) if found.inline is None else found.inline
            body = None if text is None else text.encode()
        else:
            body = self._stored(found.key, found)
        if body is None:
            raise JobExpiredError("The job's result is no longer kept")
        # Not a byte is believed but by its digest, whoever had his hands in the table or the bucket.
        if hashlib.sha256(body).hexdigest() != found.digest:
            log.error("A stored result is not what its worker wrote", extra={"jobId": job.job_id, "key": found.key})
            raise JobExpiredError("The job's result was damaged in storage", code="RESULT_DAMAGED")
        return json.loads(body)

    def _stored(self, key: str, result: Result) -> bytes | None:
        """The object of a large result, None where there is none; nothing of one that is larger than it should be."""
        try:
            return self._objects().read(key, limit=result.size)
        except ImageNotFoundError:
            return None
        except TooLargeError:
            return b""

    def forecast(self, job: Job) -> Forecast:
        """When the job will end and how long to wait before asking, from how its kind has gone lately.

        Never raises TransientError: a job that was accepted is answered, if need be with a poorer guess.
        """
        now = self._clock.now()
        pulse = (None if job.state.terminal else self._pulse(job.kind, now)) or Pulse()
        return forecast(job, wait=pulse.wait, per_item=pulse.per_item, waiting_since=pulse.waiting_since, now=now)

    def _pulse(self, kind: Kind, now: int) -> Pulse | None:
        """Looked up no oftener than workers report it; None where there is none or it could not be had."""
        known, looked_up = self._pulses.get(kind, (None, -limits.PULSE_EVERY))
        if not 0 <= now - looked_up < limits.PULSE_EVERY:
            with suppress(TransientError):
                known = self._store.pulse(kind)
            self._pulses[kind] = known, now
        return known

    def delivery(self, owner: str, job_id: str) -> Delivery:
        """The job's webhook and the log of its tries. Raises NotFoundError for a job that has none yet."""
        self.get(owner, job_id)
        delivery = self._store.delivery(job_id)
        if delivery is None:
            raise NotFoundError(
                "The job has no webhook, or has not ended yet",
                code="WEBHOOK_NOT_FOUND",
                fix="Send callbackUrl with the request; its webhook is made when the job ends.",
            )
        return delivery
