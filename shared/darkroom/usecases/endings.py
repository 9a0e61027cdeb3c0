"""The one way in which a job ends, whoever ends it: its worker, its owner or the sweeper."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from darkroom.domain import limits, webhooks
from darkroom.domain.jobs import State
from darkroom.domain.messages import message
from darkroom.errors import TransientError

if TYPE_CHECKING:
    from darkroom.domain.jobs import Cost, Failure, Job, Result
    from darkroom.ports import Clock, JobStore, MessageQueue, Meter

log = logging.getLogger(__name__)


class Endings:
    """Ends jobs: the terminal state and the webhook's row in one write, then the webhook's message."""

    def __init__(self, *, store: JobStore, webhooks: MessageQueue, clock: Clock, meter: Meter) -> None:
        self._store = store
        self._webhooks = webhooks
        self._clock = clock
        self._meter = meter

    def end(
        self,
        job: Job,
        state: State,
        *,
        token: str | None = None,
        result: Result | None = None,
        failure: Failure | None = None,
        cost: Cost | None = None,
    ) -> Job:
        """The job as it ended. Raises what `JobStore.end` raises; an unsent message is left to the sweeper."""
        now = self._clock.now()
        ended = replace(
            job,
            state=state,
            updated_at=now,
            ended_at=now,
            lease=None,
            result=result,
            failure=failure,
            cost=job.cost if cost is None else cost,
            progress=100 if state is State.COMPLETED else job.progress,
            due_at=_tidied_at(job, state, now),
        )
        delivery = webhooks.first_delivery(ended, now)
        self._store.end(
            job.job_id,
            state=state,
            now=now,
            token=token,
            result=result,
            failure=failure,
            cost=cost,
            delivery=delivery,
            due_at=ended.due_at,
        )
        if delivery is not None:
            try:
                self._webhooks.send(message(job.job_id))
            except TransientError as error:
                log.warning("A webhook's message was not sent; the sweeper will: %s", error.detail)
        self._meter.job_ended(ended)
        log.info("The job ended", extra={"jobId": job.job_id, "state": state.value, "leases": job.leases})
        return ended


def _tidied_at(job: Job, state: State, now: int) -> int:
    """When the sweeper has something to do: soon where another worker may have left a result, else when the keeping
    time is over."""
    undisturbed = job.leases == 0 or (job.leases == 1 and state is State.COMPLETED)
    return job.kept_until if undisturbed else min(now + limits.TIDY_AFTER, job.kept_until)
