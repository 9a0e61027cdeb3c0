"""The one composition root: which adapter stands behind which port in a deployed function.

Everything is made on first use and kept for the life of the process, so a warm function pays nothing and a cold one
only for what its first request touches. Adapters are imported inside the functions for the same reason.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from darkroom.settings import settings

if TYPE_CHECKING:
    from darkroom import ports
    from darkroom.usecases.idempotency import Idempotency


@cache
def clock() -> ports.Clock:
    from darkroom.adapters.clock import SystemClock

    return SystemClock()


# --- messages, secrets, metrics ---------------------------------------------------------------------------------------


@cache
def detect_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(settings().need("detect_queue_url"))


@cache
def webhook_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(settings().need("webhook_queue_url"))


@cache
def secrets() -> ports.Secrets:
    from darkroom.adapters.aws.secrets import SecretsManager

    return SecretsManager(clock())


@cache
def meter() -> ports.Meter:
    from darkroom.observability import EmfMeter

    return EmfMeter()


@cache
def idempotency() -> Idempotency:
    from darkroom.adapters.aws.idempotency import DynamoIdempotencyStore
    from darkroom.usecases.idempotency import Idempotency

    return Idempotency(DynamoIdempotencyStore(settings().need("jobs_table")), clock())
