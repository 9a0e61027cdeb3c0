"""The one job model: what a job is, which states it may move between, and who may move it.

Pure rules. The stores write them as conditional updates; nothing here does I/O or asks for the time.
Every time is epoch milliseconds, every duration milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import cursors, limits

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def terminal(self) -> bool:
        return self not in (State.PENDING, State.PROCESSING)


class Kind(StrEnum):
    """What sort of work a job is; each kind has one queue and one worker."""

    DETECTION = "detection"
    DOODLE = "doodle"
    PRODUCT_IMAGE = "product-image"
    FACES = "faces"
    ENROLMENT = "enrolment"
    ERASURE = "erasure"
    REEMBEDDING = "re-embedding"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job takes: US dollars of providers, GB-seconds of compute, and bytes read and written.

    `usd` is the sum that `maxCost` caps: provider charges plus compute at the list price.
    """

    usd: float = 0.0
    provider_units: int = 0
    gb_seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            round(self.usd + other.usd, 9),
            self.provider_units + other.provider_units,
            round(self.gb_seconds + other.gb_seconds, 6),
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
        )

    def __sub__(self, other: Cost) -> Cost:
        return self + Cost(*(-part for part in astuple(other)))


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's claim on a job. `token` is new with each claim, so a claim that was lost can write nothing."""

    token: str
    until: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a completed job made: inline while small, else the key of the object that holds it.

    `digest` is the hex sha256 of the JSON bytes, wherever they are. A job that was read back has the digest, the
    size and the key; an inline result is a row of its own, asked for by `JobStore.inline_result`.
    """

    digest: str
    size: int
    inline: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of accepted work.

    `request` is what was accepted, already validated. `leases` counts the claims so far, the current one
    included; `losses` those of them that ran out because their worker died. `due_at` is when the sweeper looks
    at it next, None once there is nothing left to mend.
    `write_id` names the write that created the row, so that a sender recognises its own write after a
    retried put.
    """

    job_id: str
    owner: str
    kind: Kind
    request: Mapping[str, Any]
    created_at: int
    deadline: int
    write_id: str
    state: State = State.PENDING
    updated_at: int = 0
    due_at: int | None = None
    sent: bool = False
    items: int = 1
    progress: int = 0
    leases: int = 0
    losses: int = 0
    lease: Lease | None = None
    ended_at: int | None = None
    result: Result | None = None
    failure: Failure | None = None
    estimate: Cost = field(default_factory=Cost)
    cost: Cost = field(default_factory=Cost)
    max_cost: float | None = None
    callback_url: str | None = None

    @property
    def kept_until(self) -> int:
        """The record is answered in full until then, and as gone from then on."""
        return self.created_at + limits.JOB_KEPT

    @property
    def forgotten_at(self) -> int:
        return self.created_at + limits.TOMBSTONE_KEPT

    def was_lost(self, now: int) -> bool:
        """Its worker has not renewed the lease in time, even if its clock or ours is off by CLOCK_SKEW."""
        return self.state is State.PROCESSING and (self.lease is None or self.lease.until + limits.CLOCK_SKEW <= now)

    def may_be_claimed(self, now: int) -> bool:
        return self.state is State.PENDING or self.was_lost(now)

    def is_overdue(self, now: int) -> bool:
        """Past its deadline by anybody's clock."""
        return not self.state.terminal and self.deadline + limits.CLOCK_SKEW <= now


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the attempt ledger: a paid step, how often it was begun, and what it gave once it ended.

    `outcome` is the JSON that the step returned; it is None while no call of the step has come back, so an
    `attempts` above one with no outcome is the record of interruptions.
    """

    job_id: str
    step: str
    attempts: int
    outcome: str | None = None


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryTry:
    """One HTTP call of a webhook. `status` is None where no answer came; `note` says why in plain words."""

    at: int
    duration: int
    status: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """The webhook of one ended job: where it goes, how it stands, and the log of tries (newest last).

    `message_id` is the Standard Webhooks id: the same for each retry, new with each replay.
    """

    job_id: str
    owner: str
    url: str
    message_id: str
    state: DeliveryState = DeliveryState.PENDING
    due_at: int | None = None
    round_tries: int = 0
    log: tuple[DeliveryTry, ...] = ()


JOB_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_job_id(text: str) -> bool:
    """Whether it can be one of ours; what cannot is unknown, without a look into any table."""
    return JOB_ID.fullmatch(text) is not None


def derived_job_id(owner: str, idempotency_key: str, turn: int) -> str:
    """The id that a repeated submission finds again. `turn` counts the keeping times that the key has outlived.

    Laid out as a UUID of version 8 (RFC 9562, section 5.8: custom).
    """
    digest = hashlib.sha256(json.dumps([owner, idempotency_key, turn]).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def result_key(job_id: str, lease: int) -> str:
    """Where the worker of the job's nth lease stores a result that is too large for a row."""
    return f"{results_prefix(job_id)}{lease}.json"


def result_folder(job_id: str, lease: int) -> str:
    """Where the worker of the job's nth lease stores the pictures that its result names."""
    return f"{results_prefix(job_id)}{lease}/"


def results_prefix(job_id: str) -> str:
    return f"results/{job_id}/"


def order(job: Job) -> str:
    """Sorts an owner's jobs by age; the id keeps two of one millisecond apart."""
    return f"{job.created_at:013d}#{job.job_id}"


ORDER: Final = rf"\d{{13}}#{JOB_ID.pattern}"


def position_of(owner: str, cursor: str) -> str:
    """Raises InvalidRequestError for a cursor that this owner was never given."""
    return cursors.position_of(owner, cursor, pattern=ORDER, route="GET /jobs")
