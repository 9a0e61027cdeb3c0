"""One worker at one job: claim it, do its work step by step, end it. Killed at any point, nothing is wrong but time.

A worker holds a job by a lease with a token of its own (a fencing token: every write is conditional on it), so one that
was thought dead and comes back can change nothing. Money is spent through a ledger that is written before each call.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from darkroom.domain import cost, limits
from darkroom.domain.jobs import Cost, Failure, Result, State, result_key
from darkroom.domain.redaction import redacted
from darkroom.errors import (
    DarkroomError,
    JobExpiredError,
    JobNotFoundError,
    LeaseLostError,
    NotChargedError,
    SettingsError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from darkroom.domain.jobs import Job, Kind
    from darkroom.ports import Clock, JobStore, ObjectStore
    from darkroom.usecases.endings import Endings

CHECK_EVERY: Final = 1 * limits.SECOND
"""How old a worker's knowledge of its job may be between two steps: one write a second, however quick the steps."""

log = logging.getLogger(__name__)


class Disposition(StrEnum):
    """What becomes of the message that brought the job."""

    DONE = "done"
    RETRY = "retry"


class Work(Protocol):
    """What a kind of job does. Its author calls `check` between steps and `pay` around whatever costs money."""

    def run(self, run: Run) -> object:
        """The result, as plain JSON data.

        A DarkroomError that it raises fails the job with that error's code, except TransientError, which has the job
        tried again, and LeaseLostError, which stops this worker. A SettingsError's words stay with us. Any other
        exception is taken for a bug of ours.
        """
        ...


class Run:
    """A work's view of the job it does: what it was asked, whether to go on, how far it is, what it spends."""

    def __init__(
        self, job: Job, *, token: str, until: int, store: JobStore, clock: Clock, gigabytes: float, claimed_at: int
    ) -> None:
        self.job = job
        self.token = token
        self._store = store
        self._clock = clock
        self._gigabytes = gigabytes
        self._claimed_at = claimed_at
        self._until = until
        self._renewed_at = claimed_at
        self._spent = Cost()
        self._progress = job.progress
        self._known: dict[str, str] | None = None
        self._lost: LeaseLostError | None = None
        self._lock = threading.Lock()  # the heartbeat's thread renews too

    @property
    def cost(self) -> Cost:
        """Everything the job has taken: earlier workers' share, what was spent since, and this function's time."""
        return self.job.cost + self._spent + cost.compute(self._gigabytes, self._clock.now() - self._claimed_at)

    def check(self) -> None:
        """Between two steps: go on? Renews the lease and stores progress and cost where that is a while ago.

        Raises LeaseLostError when the job was cancelled or taken over, JobExpiredError past its deadline,
        CostLimitError above its maxCost, TransientError when the lease ran out and cannot be renewed.
        """
        if self._clock.now() >= self.job.deadline:
            raise JobExpiredError("The job did not end before its deadline")
        cost.cap(self.cost, self.job.max_cost, "The work has cost")
        self.renew(every=CHECK_EVERY)

    def progress(self, done: float) -> None:
        """So many of the job's items are done; stored with the next check. The full hundred is the end's to say."""
        self._progress = max(self._progress, min(99, int(100 * done / max(self.job.items, 1))))

    def spend(self, cost: Cost) -> None:
        """Put on the bill what was used without the ledger, such as bytes read."""
        with self._lock:
            self._spent += cost

    def pay(self, step: str, call: Callable[[], Any], *, price: Cost) -> Any:
        """What `call` returns (JSON data), paid for at most once unless a worker was interrupted in it.

        `step` names the call within the job, the same in each worker. It is counted, and its price put on the bill,
        before it is made; a step that has an outcome gives that one without a call. Raises CostLimitError before a
        call that would exceed maxCost, AttemptsExhaustedError after PAID_ATTEMPTS_PER_STEP interruptions, and
        whatever `check` and `call` raise. A `call` that raises NotChargedError is no attempt and costs nothing.
        """
        self.check()
        known = self._outcomes().get(step)
        if known is not None:
            return json.loads(known)
        with self._lock:  # the bill and the ledger change together
            total = self.cost + price
            cost.cap(total, self.job.max_cost, "With the next step the work would cost")
            now = self._clock.now()
            until = now + limits.LEASE
            attempt = self._store.begin_attempt(
                self.job.job_id, step, token=self.token, now=now, until=until, cost=total
            )
            if attempt.outcome is not None:
                return json.loads(attempt.outcome)
            self._spent += price
            self._until = until
        try:
            outcome = call()
        except NotChargedError:
            self._take_back(step, price)
            raise
        try:
            self._store.finish_attempt(self.job.job_id, step, token=self.token, outcome=json.dumps(outcome))
        except TransientError as error:
            # It was paid and is at hand: go on. Only a worker that dies before the end has it paid again.
            log.warning("The outcome of a paid step was not recorded: %s", error.detail, extra={"step": step})
        return outcome

    def _take_back(self, step: str, price: Cost) -> None:
        with self._lock:
            self._spent -= price
            try:
                self._store.cancel_attempt(
                    self.job.job_id, step, token=self.token, now=self._clock.now(), cost=self.cost
                )
            except TransientError as error:
                # The bill is right with the next write; the ledger may allow the step one attempt less.
                log.warning("An attempt that cost nothing stays counted: %s", error.detail, extra={"step": step})

    def _outcomes(self) -> dict[str, str]:
        """What earlier workers paid for, by step; read once, and by the first worker not at all."""
        if self._known is None:
            past = () if self.job.leases == 1 else self._store.attempts(self.job.job_id)
            self._known = {attempt.step: attempt.outcome for attempt in past if attempt.outcome is not None}
        return self._known

    def renew(self, *, every: int) -> None:
        """Renew the lease unless that was less than `every` milliseconds ago; also the heartbeat's call.

        Raises LeaseLostError, and TransientError when it could not be renewed and has run out.
        """
        with self._lock:
            if self._lost is not None:
                raise self._lost
            now = self._clock.now()
            if now - self._renewed_at < every:
                return
            until = now + limits.LEASE
            try:
                self._store.renew(
                    self.job.job_id, token=self.token, until=until, progress=self._progress, cost=self.cost, now=now
                )
            except LeaseLostError as error:
                self._lost = error
                raise
            except TransientError:
                if now >= self._until:
                    raise
                return
            self._renewed_at, self._until = now, until


class ByKind:
    """The Work of a worker that serves several kinds of job; each is made on its first job."""

    def __init__(self, works: Mapping[Kind, Callable[[], Work]]) -> None:
        self._works = works

    def run(self, run: Run) -> object:
        return self._works[run.job.kind]().run(run)


class JobRunner:
    def __init__(
        self,
        *,
        store: JobStore,
        objects: ObjectStore,
        endings: Endings,
        clock: Clock,
        heartbeat: Callable[[Callable[[], None]], AbstractContextManager[None]],
        gigabytes: float,
    ) -> None:
        """`heartbeat` calls what it is given now and then while its block runs; `gigabytes` is the function's size."""
        self._store = store
        self._objects = objects
        self._endings = endings
        self._clock = clock
        self._heartbeat = heartbeat
        self._gigabytes = gigabytes
        self._pulsed_at = 0

    def run(self, job_id: str, work: Work, receive_count: int) -> Disposition:
        """Do the job that a message names, as far as it may be done now.

        A job that is held, ended or unknown is DONE: the message was a hint, and the sweeper guards every lease.
        RETRY is for a job that could not be looked at, and for one whose work raised what it should not: SQS brings
        those again, and moves the poison to the dead-letter queue on the receive that fails the job.
        """
        last_receive = receive_count >= limits.RECEIVES_PER_MESSAGE
        token = uuid.uuid4().hex
        now = self._clock.now()
        until = now + limits.LEASE
        try:
            job = self._store.claim(job_id, token=token, now=now, until=until)
        except (LeaseLostError, JobNotFoundError) as error:
            log.info("Nothing to do: %s", error.detail)
            return Disposition.DONE
        except TransientError as error:
            # Nothing says that the job is poison, so its message does not belong into the dead-letter queue.
            log.warning("The job could not be claimed: %s", error.detail)
            return Disposition.DONE if last_receive else Disposition.RETRY
        run = Run(
            job,
            token=token,
            until=until,
            store=self._store,
            clock=self._clock,
            gigabytes=self._gigabytes,
            claimed_at=now,
        )
        try:
            return self._run(run, work, last_receive=last_receive)
        except LeaseLostError as error:
            log.info("The job is no longer this worker's: %s", error.detail)
        except TransientError as error:
            # Even giving it back failed. The lease runs out, and the sweeper takes it from there.
            log.warning("The job could not be settled: %s", error.detail)
        return Disposition.DONE

    def _run(self, run: Run, work: Work, *, last_receive: bool) -> Disposition:
        if run.job.losses >= limits.LEASES_PER_JOB:
            self._fail(run, WORKER_LOST)
            return Disposition.DONE
        try:
            run.check()
            with self._heartbeat(lambda: run.renew(every=limits.HEARTBEAT)):
                outcome = work.run(run)
            self._complete(run, outcome)
        except LeaseLostError:
            raise
        except JobExpiredError:
            self._endings.end(run.job, State.EXPIRED, token=run.token, cost=run.cost)
        except TransientError as error:
            self._set_back(run, error)
        except SettingsError:
            # No retry mends a setting, and what was wrong is for our log: it may name roles and resources of ours.
            log.exception("The work failed for want of a setting")
            self._fail(run, MISCONFIGURED)
        except DarkroomError as error:
            self._fail(run, Failure(error.exact_code, redacted(error.detail)))
        except Exception:
            log.exception("The work failed unexpectedly")
            return self._blunder(run, last_receive=last_receive)
        return Disposition.DONE

    def _complete(self, run: Run, outcome: object) -> None:
        body = json.dumps(outcome, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        digest = hashlib.sha256(body).hexdigest()
        if len(body) <= limits.INLINE_RESULT_BYTES:
            result = Result(digest, len(body), inline=body.decode())
            self._endings.end(run.job, State.COMPLETED, token=run.token, result=result, cost=run.cost)
        else:
            key = result_key(run.job.job_id, run.job.leases)
            result = Result(digest, len(body), key=key)
            self._objects.write(key, body, content_type="application/json")
            run.spend(Cost(bytes_out=len(body)))
            try:
                self._endings.end(run.job, State.COMPLETED, token=run.token, result=result, cost=run.cost)
            except LeaseLostError:
                self._withdraw(run, key)
                raise
        self._pulse(run)

    def _withdraw(self, run: Run, key: str) -> None:
        """Remove what this worker stored, unless it is the job's result after all: an end whose answer was lost is an
        end. What cannot be removed now, the sweeper removes."""
        try:
            job = self._store.get(run.job.job_id)
            if job is None or job.result is None or job.result.key != key:
                self._objects.delete([key])
        except (TransientError, SettingsError) as error:
            log.warning("A withdrawn result was not removed; the sweeper will: %s", error.detail, extra={"key": key})

    def _set_back(self, run: Run, error: TransientError) -> None:
        """Give the job back for later, or fail it when that was done often enough."""
        setbacks = run.job.leases - run.job.losses
        if setbacks >= limits.LEASES_PER_JOB:
            self._fail(run, Failure(error.exact_code, redacted(error.detail)))
            return
        log.warning("The job is put back: %s", error.detail, extra={"setbacks": setbacks})
        wait = limits.SETBACK_BACKOFF[min(setbacks, len(limits.SETBACK_BACKOFF)) - 1]
        if error.retry_after is not None:
            # Sooner would be refused as well. The deadline is not slept through: somebody has to say that it passed.
            left = run.job.deadline - self._clock.now()
            wait = max(wait, min(error.retry_after * limits.SECOND, left))
        self._release(run, wait)

    def _blunder(self, run: Run, *, last_receive: bool) -> Disposition:
        """The work raised what it never should. The message is tried again, and is evidence once that is over."""
        try:
            if last_receive:
                self._fail(run, INTERNAL)
            else:
                self._release(run, limits.RESEND_AFTER)  # SQS is sooner; this is for a message that got lost
        except TransientError as error:
            # It may have been written all the same: then without this message nobody would ever be told.
            log.warning("The job could not be settled: %s", error.detail)
        return Disposition.RETRY

    def _release(self, run: Run, wait: int) -> None:
        now = self._clock.now()
        self._store.release(run.job.job_id, token=run.token, now=now, due_at=now + wait, cost=run.cost)

    def _fail(self, run: Run, failure: Failure) -> None:
        self._endings.end(run.job, State.FAILED, token=run.token, failure=failure, cost=run.cost)

    def _pulse(self, run: Run) -> None:
        now = self._clock.now()
        if run.job.leases > 1 or now - self._pulsed_at < limits.PULSE_EVERY:
            return
        self._pulsed_at = now
        claimed_at = run.job.updated_at
        try:
            self._store.beat(
                run.job.kind,
                wait=max(0, claimed_at - run.job.created_at),
                per_item=max(0, now - claimed_at) // max(run.job.items, 1),
            )
        except TransientError as error:
            log.info("The pulse was not recorded: %s", error.detail)


WORKER_LOST: Final = Failure("WORKER_LOST", "The work was interrupted too often to be tried again")
INTERNAL: Final = Failure("INTERNAL", "The work failed for a reason that is ours; we were told")
MISCONFIGURED: Final = Failure(
    SettingsError.code, "The work failed because something on our side is set up wrongly; we were told. Try it later"
)
