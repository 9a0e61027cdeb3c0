"""Webhooks: told about at least once, under one id, with bounded doubles, whatever is killed or delivered twice."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from darkroom.domain import webhooks
from darkroom.domain.jobs import DeliveryState
from darkroom.domain.limits import RESEND_AFTER, WEBHOOK_TIMEOUT
from darkroom.domain.messages import message
from darkroom.domain.redaction import redacted
from darkroom.errors import (
    ConflictError,
    FetchFailedError,
    NotFoundError,
    TooLargeError,
    UnacceptableUrlError,
)
from darkroom.usecases.jobs import owned

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.domain.jobs import Delivery
    from darkroom.ports import Clock, Fetcher, JobStore, MessageQueue, Meter

log = logging.getLogger(__name__)


class Webhooks:
    def __init__(
        self,
        *,
        jobs: JobStore,
        fetcher: Fetcher,
        queue: MessageQueue,
        master: Callable[[], str],
        clock: Clock,
        meter: Meter,
    ) -> None:
        """`master` gives the secret that each owner's is derived from; only a delivery asks for it."""
        self._jobs = jobs
        self._fetcher = fetcher
        self._queue = queue
        self._master = master
        self._clock = clock
        self._meter = meter

    def secret(self, owner: str) -> str:
        """The `whsec_` that this owner verifies signatures with."""
        return webhooks.secret(self._master(), owner)

    def deliver(self, job_id: str) -> None:
        """Make the job's next try, if one is due and nobody else is making it; record how it went.

        Returns where there is nothing to do. Raises TransientError (or SettingsError) before the try is counted;
        after that, whatever cuts it short leaves a row that the sweeper sends again.
        """
        seen = self._jobs.delivery(job_id)
        now = self._clock.now()
        if seen is None or seen.state is not DeliveryState.PENDING or webhooks.next_try_at(seen) > now:
            return
        job = self._jobs.get(job_id)
        if job is None or webhooks.spent(seen):
            why = "The job's record is gone" if job is None else "The sender was interrupted at the last try"
            if self._jobs.put_delivery(webhooks.given_up(seen, now, why), seen=seen):
                self._meter.webhook_tried("failed")
            return
        body = webhooks.payload(job)
        secret = self.secret(seen.owner)
        begun = webhooks.begun(seen, now, uuid.uuid4().hex[:8])
        if not self._jobs.put_delivery(begun, seen=seen):
            return
        settled = self._post(begun, body, secret)
        if not self._jobs.put_delivery(settled, seen=begun):
            log.warning("A webhook's answer was not recorded: it was replayed meanwhile")
        outcome = {DeliveryState.PENDING: "retried"}.get(settled.state, settled.state.value)
        self._meter.webhook_tried(outcome)
        last = settled.log[-1]
        log.info("Webhook %s", outcome, extra={"status": last.status, "duration": last.duration})

    def replay(self, owner: str, job_id: str) -> Delivery:
        """Deliver once more from the beginning, under a new id.

        Raises JobNotFoundError and JobExpiredError as `Jobs.get` does, ConflictError for a job with nothing to send.
        """
        job = owned(self._jobs, owner, job_id, self._clock.now())
        if job.callback_url is None:
            raise ConflictError(
                "The job was created without a callbackUrl", code="NO_WEBHOOK", fix="Send callbackUrl with the request."
            )
        if not job.state.terminal:
            raise ConflictError(
                "The job has not ended, so there is nothing to deliver yet",
                code="JOB_NOT_ENDED",
                fix="Wait until the job ends; its webhook is then sent by itself.",
            )
        for _ in range(3):  # a try that ends meanwhile changes the row once, rarely twice
            seen = self._jobs.delivery(job_id)
            if seen is None:
                raise NotFoundError(
                    "The webhook's record is no longer kept", code="WEBHOOK_NOT_FOUND", fix="Read the job itself."
                )
            again = webhooks.replayed(seen, message_id=f"msg_{uuid.uuid4().hex}", now=self._clock.now())
            if self._jobs.put_delivery(again, seen=seen):
                self._queue.send(message(job_id))
                return again
        raise ConflictError("The webhook is being delivered right now", fix="Send the request again in a few seconds.")

    def resend(self, job_id: str) -> bool:
        """For the sweeper: send the delivery's message, if it is due; whether it was."""
        seen = self._jobs.delivery(job_id)
        now = self._clock.now()
        if seen is None or seen.due_at is None or seen.due_at > now:
            return False  # the index lags behind
        self._queue.send(message(job_id))
        # A worker that is down for hours finds one message a delivery and RESEND_AFTER, not one a minute.
        self._jobs.put_delivery(webhooks.postponed(seen, now + RESEND_AFTER), seen=seen)
        return True

    def _post(self, begun: Delivery, body: bytes, secret: str) -> Delivery:
        began = self._clock.now()
        status, note = None, ""
        headers = {
            "content-type": "application/json",
            **webhooks.signed_headers(secret, message_id=begun.message_id, now=began, body=body),
        }
        try:
            # Only the status counts, so a body is not even read: an endless one is no reason to try again.
            status = self._fetcher.post(begun.url, body=body, headers=headers, limit=0, timeout=WEBHOOK_TIMEOUT).status
        except (FetchFailedError, UnacceptableUrlError, TooLargeError) as error:
            note = redacted(error.detail)
        return webhooks.answered(begun, duration=max(0, self._clock.now() - began), status=status, note=note)
