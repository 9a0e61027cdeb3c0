"""The twin of the jobs table: the same rules without a table, for tests and for a process on its own."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from darkroom.domain import limits
from darkroom.domain.cursors import cursor_of
from darkroom.domain.jobs import Attempt, Lease, State, order, position_of
from darkroom.errors import AttemptsExhaustedError, JobEndedError, JobNotFoundError, LeaseLostError, TooLargeError
from darkroom.ports import Page, Pulse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.domain.jobs import Cost, Delivery, Failure, Job, Kind, Result

ROW_BYTES: Final = 400 * limits.KIB
"""What DynamoDB takes. Of a job, the request is all that could come near it."""


class MemoryJobStore:
    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[str, str] = {}  # of each job's newest lease, also when it was given back or the job ended
        self._buried: set[str] = set()
        self._inline: dict[str, str] = {}
        self._attempts: dict[tuple[str, str], Attempt] = {}
        self._attempt_tokens: dict[tuple[str, str], str] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._pulses: dict[Kind, Pulse] = {}
        self._lock = threading.RLock()

    def create(self, job: Job) -> Job:
        if len(json.dumps(job.request, ensure_ascii=False).encode()) > ROW_BYTES:
            raise TooLargeError("The job is larger than a row of DynamoDB")
        with self._lock:
            return self._jobs.setdefault(job.job_id, job)

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def inline_result(self, job_id: str) -> str | None:
        return self._inline.get(job_id)

    def list(
        self, owner: str, *, since: int, state: State | None, kind: Kind | None, cursor: str | None, limit: int
    ) -> Page:
        below = None if cursor is None else position_of(owner, cursor)
        wanted = sorted(
            (
                job
                for job_id, job in self._jobs.items()
                if job.owner == owner
                and job.created_at >= since
                and job_id not in self._buried
                and state in (None, job.state)
                and kind in (None, job.kind)
                and (below is None or order(job) < below)
            ),
            key=order,
            reverse=True,
        )
        page = wanted[:limit]
        return Page(tuple(page), cursor_of(owner, order(page[-1])) if len(wanted) > limit else None)

    def mark_sent(self, job_id: str, *, due_at: int) -> None:
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and job.state is State.PENDING and not job.sent and job.leases == 0:
                self._jobs[job_id] = replace(job, sent=True, due_at=due_at)

    def claim(self, job_id: str, *, token: str, now: int, until: int) -> Job:
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None:
                raise JobNotFoundError
            if job.lease is not None and job.lease.token == token:
                return job
            if not job.may_be_claimed(now):
                raise LeaseLostError(f"The job is {job.state.value} already")
            claimed = replace(
                job,
                state=State.PROCESSING,
                lease=Lease(token, until),
                leases=job.leases + 1,
                losses=job.losses + (job.state is State.PROCESSING),
                updated_at=now,
                due_at=until,
            )
            self._jobs[job_id], self._tokens[job_id] = claimed, token
            return claimed

    def renew(self, job_id: str, *, token: str, until: int, progress: int, cost: Cost, now: int) -> None:
        with self._lock:
            job = self._held(job_id, token)
            self._jobs[job_id] = replace(
                job, lease=Lease(token, until), due_at=until, progress=progress, cost=cost, updated_at=now
            )

    def release(self, job_id: str, *, token: str, now: int, due_at: int, cost: Cost) -> None:
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and job.state is State.PENDING and self._tokens.get(job_id) == token:
                return
            job = self._held(job_id, token)
            self._jobs[job_id] = replace(job, state=State.PENDING, lease=None, due_at=due_at, cost=cost, updated_at=now)

    def end(
        self,
        job_id: str,
        *,
        state: State,
        now: int,
        token: str | None = None,
        result: Result | None = None,
        failure: Failure | None = None,
        cost: Cost | None = None,
        delivery: Delivery | None = None,
        due_at: int | None = None,
    ) -> None:
        with self._lock:
            job = self._jobs.get(job_id)
            if token is None:
                if job is None or job.state.terminal:
                    raise JobEndedError("The job has ended already")
            elif (
                job is not None
                and (job.state, self._tokens.get(job_id)) == (state, token)
                and (job.result and job.result.digest) == (result and result.digest)
            ):
                return
            else:
                job = self._held(job_id, token)
            self._jobs[job_id] = replace(
                job,
                state=state,
                updated_at=now,
                ended_at=now,
                lease=None,
                progress=100 if state is State.COMPLETED else job.progress,
                result=None if result is None else replace(result, inline=None),
                failure=failure,
                cost=job.cost if cost is None else cost,
                due_at=due_at,
            )
            if result is not None and result.inline is not None:
                self._inline[job_id] = result.inline
            if delivery is not None:
                self._deliveries[job_id] = delivery

    def entomb(self, job_id: str) -> None:
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and job.state.terminal:
                self._jobs[job_id] = replace(job, request={}, callback_url=None, result=None, failure=None, due_at=None)
                self._buried.add(job_id)

    def due(self, now: int, limit: int) -> Sequence[str]:
        with self._lock:
            due = sorted(
                (job.due_at, job_id)
                for job_id, job in self._jobs.items()
                if job.due_at is not None and job.due_at <= now
            )
        return [job_id for _, job_id in due[:limit]]

    def postpone(self, job_id: str, *, seen_due_at: int, due_at: int | None) -> bool:
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.due_at != seen_due_at:
                return False
            self._jobs[job_id] = replace(job, due_at=due_at)
            return True

    def begin_attempt(self, job_id: str, step: str, *, token: str, now: int, until: int, cost: Cost) -> Attempt:
        with self._lock:
            before = self._attempts.get((job_id, step), Attempt(job_id, step, 0))
            if before.outcome is not None:
                return before
            if before.attempts >= limits.PAID_ATTEMPTS_PER_STEP:
                raise AttemptsExhaustedError(f"The step {step!r} was interrupted {before.attempts} times")
            job = self._held(job_id, token)
            self._jobs[job_id] = replace(job, lease=Lease(token, until), due_at=until, cost=cost, updated_at=now)
            begun = replace(before, attempts=before.attempts + 1)
            self._attempts[job_id, step], self._attempt_tokens[job_id, step] = begun, token
            return begun

    def finish_attempt(self, job_id: str, step: str, *, token: str, outcome: str) -> None:
        with self._lock:
            begun = self._attempts.get((job_id, step))
            if (
                begun is None
                or self._attempt_tokens.get((job_id, step)) != token
                or begun.outcome not in (None, outcome)
            ):
                raise LeaseLostError(f"Another worker has begun the step {step!r} since")
            self._attempts[job_id, step] = replace(begun, outcome=outcome)

    def cancel_attempt(self, job_id: str, step: str, *, token: str, now: int, cost: Cost) -> None:
        with self._lock:
            job = self._held(job_id, token)
            begun, holder = self._attempts.get((job_id, step)), self._attempt_tokens.get((job_id, step))
            if begun is None or holder not in (None, token) or begun.outcome is not None:
                raise LeaseLostError(f"Another worker has begun the step {step!r} since")
            if holder is None:
                return
            self._jobs[job_id] = replace(job, cost=cost, updated_at=now)
            self._attempts[job_id, step] = replace(begun, attempts=begun.attempts - 1)
            del self._attempt_tokens[job_id, step]

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        with self._lock:
            return [attempt for (of, _), attempt in sorted(self._attempts.items()) if of == job_id]

    def delivery(self, job_id: str) -> Delivery | None:
        return self._deliveries.get(job_id)

    def put_delivery(self, delivery: Delivery, *, seen: Delivery) -> bool:
        with self._lock:
            standing = self._deliveries.get(delivery.job_id)
            if standing is None or (standing.state, standing.message_id, standing.round_tries, standing.log) != (
                seen.state,
                seen.message_id,
                seen.round_tries,
                seen.log,
            ):
                return False
            self._deliveries[delivery.job_id] = delivery
            return True

    def due_deliveries(self, now: int, limit: int) -> Sequence[str]:
        with self._lock:
            due = sorted(
                (delivery.due_at, job_id)
                for job_id, delivery in self._deliveries.items()
                if delivery.due_at is not None and delivery.due_at <= now
            )
        return [job_id for _, job_id in due[:limit]]

    def pulse(self, kind: Kind) -> Pulse | None:
        return self._pulses.get(kind)

    def beat(self, kind: Kind, *, wait: int, per_item: int) -> None:
        with self._lock:
            self._pulses[kind] = self._pulses.get(kind, Pulse()).after(wait=wait, per_item=per_item)

    def note_waiting(self, kind: Kind, *, since: int) -> None:
        with self._lock:
            self._pulses[kind] = replace(self._pulses.get(kind, Pulse()), waiting_since=since)

    def _held(self, job_id: str, token: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None or job.state is not State.PROCESSING or job.lease is None or job.lease.token != token:
            raise LeaseLostError("Another worker holds the job, or it has ended")
        return job
