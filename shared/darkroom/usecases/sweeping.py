"""Each minute: mend what was left half done. Rows whose message was never sent, leases whose worker died, jobs past
their deadline, results of workers that lost, webhooks that are due, records whose keeping time is over.

Every mend is a conditional write of its own, so two sweepers at once, or one that is killed, do no harm.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from darkroom.domain import limits
from darkroom.domain.jobs import State, result_folder, results_prefix
from darkroom.domain.messages import message
from darkroom.errors import DarkroomError, JobEndedError, LeaseLostError, TransientError
from darkroom.usecases.running import WORKER_LOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from darkroom.domain.jobs import Job, Kind
    from darkroom.ports import Clock, JobStore, MessageQueue, ObjectStore
    from darkroom.usecases.endings import Endings
    from darkroom.usecases.webhooks import Webhooks

BATCH: Final = 100
PATIENCE: Final = 3
"""How many mends in a row may fail on passing trouble before the sweep is left to the next minute."""
SILENCE: Final = 2 * limits.HEARTBEAT + 10 * limits.SECOND
"""How long after its lease ran out a worker may still be alive: one that beats, late, and by a clock that is slow."""
WEBHOOKS_TIME: Final = 5 * limits.SECOND

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows were looked at and settled, how many failed to be, and how many webhooks were sent again."""

    mended: int
    failed: int
    webhooks: int


@dataclass(slots=True)
class _Tally:
    settled: int = 0
    failed: int = 0
    in_a_row: int = 0
    """How many failed on what may be passing trouble since the last that did not."""

    def stumbled(self) -> None:
        self.failed += 1
        self.in_a_row += 1


class Sweeper:
    def __init__(
        self,
        *,
        store: JobStore,
        objects: ObjectStore,
        queues: Mapping[Kind, MessageQueue],
        endings: Endings,
        webhooks: Webhooks,
        clock: Clock,
    ) -> None:
        self._store = store
        self._objects = objects
        self._queues = queues
        self._endings = endings
        self._webhooks = webhooks
        self._clock = clock
        self._waiting: dict[Kind, int] = {}
        """When the oldest job was created that this sweep has found waiting for its first worker."""

    def sweep(self, *, until: int) -> Swept:
        """Mend what is due, oldest first, until nothing is or the clock says `until`; then send webhooks that are due,
        for which WEBHOOKS_TIME is left however much there was to mend."""
        self._waiting.clear()
        jobs = self._work_off("job", self._store.due, self._mend, until)
        if jobs.in_a_row >= PATIENCE:
            return Swept(jobs.settled, jobs.failed, 0)
        self._tell_who_waits()
        latest = max(until, self._clock.now() + WEBHOOKS_TIME)
        hooks = self._work_off("webhook", self._store.due_deliveries, self._webhooks.resend, latest)
        return Swept(jobs.settled, jobs.failed + hooks.failed, hooks.settled)

    def _work_off(
        self, what: str, due: Callable[[int, int], Sequence[str]], settle: Callable[[str], bool], until: int
    ) -> _Tally:
        """Settle each row that is due, once; `settle` says whether there was anything to do."""
        tally = _Tally()
        seen: set[str] = set()
        while self._clock.now() < until and tally.in_a_row < PATIENCE:
            limit = BATCH + len(seen)  # the index may still show what was settled
            try:
                shown = due(self._clock.now(), limit)
            except TransientError as error:
                log.warning("Which %ss are due could not be read: %s", what, error.detail)
                tally.stumbled()
                continue
            fresh = [job_id for job_id in shown if job_id not in seen]
            for job_id in fresh:
                if self._clock.now() >= until or tally.in_a_row >= PATIENCE:
                    break
                seen.add(job_id)
                try:
                    tally.settled += settle(job_id)
                except DarkroomError as error:
                    log.warning("A %s was not mended: %s", what, error.detail, extra={"jobId": job_id})
                    tally.stumbled()
                except Exception:
                    # One row that nobody foresaw must not keep the others waiting.
                    log.exception("A %s was not mended", what, extra={"jobId": job_id})
                    tally.failed += 1
                else:
                    tally.in_a_row = 0
            if not fresh or len(shown) < limit:
                break  # that was all
        return tally

    def _mend(self, job_id: str) -> bool:
        job = self._store.get(job_id)
        now = self._clock.now()
        if job is None or job.due_at is None or job.due_at > now:
            return False  # the index lags behind
        try:
            if job.state.terminal:
                self._tidy(job, now)
            elif job.is_overdue(now):
                self._endings.end(job, State.EXPIRED)
            elif job.state is State.PENDING:
                self._wait_on(job, job.due_at, now)
            elif job.losses + 1 < limits.LEASES_PER_JOB:
                self._hand_over(job, job.due_at, now)
            elif job.was_lost(now):
                self._give_up(job, now)
            else:
                self._store.postpone(job_id, seen_due_at=job.due_at, due_at=now + limits.CLOCK_SKEW)
        except (JobEndedError, LeaseLostError) as error:
            log.info("Somebody was faster: %s", error.detail, extra={"jobId": job_id})
        return True

    def _wait_on(self, job: Job, seen_due_at: int, now: int) -> None:
        """A job that no worker has: what is known of its message decides whether it gets another."""
        resend_at = job.created_at + limits.RESEND_AFTER
        if job.sent and job.leases == 0:
            self._waiting[job.kind] = min(self._waiting.get(job.kind, job.created_at), job.created_at)
            if now < resend_at:
                self._store.postpone(job.job_id, seen_due_at=seen_due_at, due_at=resend_at)
                return
        self._send_again(job, seen_due_at, next_look=now + limits.RESEND_AFTER)

    def _tell_who_waits(self) -> None:
        """Put the oldest job that waits into its kind's pulse, for forecasts; one that is older stands there already,
        unless no job waits so long."""
        for kind, since in self._waiting.items():
            try:
                pulse = self._store.pulse(kind)
                known = None if pulse is None else pulse.waiting_since
                if known is None or not self._clock.now() - limits.JOB_DEADLINE < known <= since:
                    self._store.note_waiting(kind, since=since)
            except TransientError as error:
                log.info("That jobs wait was not noted: %s", error.detail)

    def _send_again(self, job: Job, seen_due_at: int, *, next_look: int, delay: int = 0) -> None:
        # In this order: killed in between, the message is sent twice, which is harmless, and never not at all.
        self._queues[job.kind].send(message(job.job_id), delay=delay)
        look = min(next_look, job.deadline + limits.CLOCK_SKEW)
        self._store.postpone(job.job_id, seen_due_at=seen_due_at, due_at=look)

    def _hand_over(self, job: Job, seen_due_at: int, now: int) -> None:
        """The lease ran out by our clock: a message that arrives when it has run out by everybody's.

        None for a worker whose clock is slow and which renews in time by that: its job's own message would find the job
        held or done by ours, and be lost to the count that makes poison of it.
        """
        ran_out = now - limits.CLOCK_SKEW if job.lease is None else job.lease.until
        if now < ran_out + SILENCE:
            self._store.postpone(job.job_id, seen_due_at=seen_due_at, due_at=ran_out + SILENCE)
            return
        delay = max(0, ran_out + limits.CLOCK_SKEW - now)
        self._send_again(job, seen_due_at, next_look=now + delay + limits.TAKEOVER_RESEND, delay=delay)

    def _give_up(self, job: Job, now: int) -> None:
        """Fail a job on which too many workers died; claimed first, so that no worker is at it."""
        token = uuid.uuid4().hex
        held = self._store.claim(job.job_id, token=token, now=now, until=now + limits.LEASE)
        self._endings.end(held, State.FAILED, token=token, failure=WORKER_LOST)

    def _tidy(self, job: Job, now: int) -> None:
        """Remove what lost workers stored; once the keeping time is over, everything but the tombstone.

        The pictures that a result names are left to storage, which forgets them after a week.
        """
        over = job.kept_until <= now
        keep = None if over or job.result is None else job.result.key
        if job.leases > 0 and (job.result is None or job.result.key is not None or job.leases > 1):
            pictures = result_folder(job.job_id, job.leases) if job.state is State.COMPLETED else None
            stray = [
                key
                for key in self._objects.list(results_prefix(job.job_id))
                if key != keep and not (pictures and key.startswith(pictures))
            ]
            if stray:
                self._objects.delete(stray)
        if over:
            self._store.entomb(job.job_id)
        elif job.due_at is not None:
            self._store.postpone(job.job_id, seen_due_at=job.due_at, due_at=job.kept_until)
