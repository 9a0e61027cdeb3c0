"""When a job will end, from how its kind has gone lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from darkroom.domain.jobs import State
from darkroom.domain.limits import JOB_DEADLINE, MINUTE, SECOND

if TYPE_CHECKING:
    from darkroom.domain.jobs import Job

FIRST_WAIT: Final = 2 * SECOND
FIRST_PER_ITEM: Final = 1_500
"""What is assumed of a kind of which nothing has ended yet."""
LONGEST_RETRY: Final = 1 * MINUTE
"""Nobody is told to stay away longer than this, so that a job which ends early is seen to."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`ends_at` is epoch milliseconds, None for a job that has ended; `retry_after_seconds` is for Retry-After."""

    ends_at: int | None
    retry_after_seconds: int


def forecast(
    job: Job, *, wait: int | None, per_item: int | None, now: int, waiting_since: int | None = None
) -> Forecast:
    """`wait` and `per_item` are the kind's moving averages in milliseconds, None where there are none yet;
    `waiting_since` is when the oldest job of the kind was created that is known to wait.

    A queue in which a job has waited longer than usual is behind, and is expected to be so for as long again: the
    averages, which are of jobs that were begun, say nothing of a queue that stands still.
    """
    if job.state.terminal:
        return Forecast(None, 0)
    each = FIRST_PER_ITEM if per_item is None else per_item
    if job.state is State.PENDING:
        usual = FIRST_WAIT if wait is None else wait
        oldest = job.created_at
        if waiting_since is not None and waiting_since > now - JOB_DEADLINE:  # else it has ended, and nobody noted
            oldest = min(oldest, waiting_since)
        behind = now - oldest - usual
        starts_at = max(job.created_at + usual, now + max(behind, 0))
        ends_at = min(starts_at + each * job.items, max(job.deadline, now))
    else:
        ends_at = now + each * job.items * (100 - job.progress) // 100
    seconds = -(-(ends_at - now) // SECOND)
    return Forecast(ends_at, max(1, min(seconds, LONGEST_RETRY // SECOND)))
