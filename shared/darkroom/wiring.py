"""The one composition root: which adapter stands behind which port in a deployed function.

Everything is made on first use and kept for the life of the process, so a warm function pays nothing and a cold one
only for what its first request touches. Adapters are imported inside the functions for the same reason.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from darkroom.settings import settings

if TYPE_CHECKING:
    from pathlib import Path

    from darkroom import ports
    from darkroom.usecases.access import Access, Keys
    from darkroom.usecases.idempotency import Idempotency
    from darkroom.usecases.uploads import Uploads


@cache
def clock() -> ports.Clock:
    from darkroom.adapters.clock import SystemClock

    return SystemClock()


# --- callers and uploads ----------------------------------------------------------------------------------------------


@cache
def keys() -> ports.KeyStore:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.keys import DynamoKeyStore

    return DynamoKeyStore(client("dynamodb"), settings().need("keys_table"))


@cache
def tokens() -> ports.TokenVerifier | None:
    """None where no issuer is set: then bearer tokens are refused."""
    if not settings().oidc_issuer:
        return None
    from darkroom.adapters.web.tokens import OidcVerifier

    return OidcVerifier(
        issuer=settings().oidc_issuer,
        audiences=settings().oidc_audience.replace(",", " ").split(),
        keys_url=settings().oidc_jwks_url,
        requests_per_minute=settings().requests_per_minute,
        clock=clock(),
    )


@cache
def access() -> Access:
    from darkroom.usecases.access import Access

    return Access(
        keys(),
        clock(),
        stage=settings().stage,
        requests_per_minute=settings().requests_per_minute,
        tokens=tokens(),
    )


def operated_keys(stack_name: str | None, region: str | None, endpoint_url: str | None, folder: Path) -> Keys:
    """The keys of a stack that an operator names: a terminal has no settings of a function."""
    from darkroom.adapters.aws import stacks
    from darkroom.adapters.aws.keys import DynamoKeyStore
    from darkroom.usecases.access import Keys

    stack = stacks.find(stack_name, region=region, endpoint_url=endpoint_url, folder=folder)
    store = DynamoKeyStore(stack.client("dynamodb"), stack.need(stack.outputs, "KeysTableName"))
    return Keys(store, clock(), stage=stack.need(stack.parameters, "Stage"))


@cache
def objects() -> ports.ObjectStore:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.objects import S3ObjectStore

    return S3ObjectStore(client("s3"), settings().need("bucket"))


@cache
def uploads() -> Uploads:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.uploads import DynamoUploadStore
    from darkroom.usecases.uploads import Uploads

    store = DynamoUploadStore(client("dynamodb"), settings().need("uploads_table"))
    return Uploads(objects(), store, clock())


# --- messages, secrets, metrics ---------------------------------------------------------------------------------------


@cache
def detect_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("detect_queue_url"))


@cache
def webhook_queue() -> ports.MessageQueue:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.queues import SqsQueue

    return SqsQueue(client("sqs"), settings().need("webhook_queue_url"))


@cache
def secrets() -> ports.Secrets:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.secrets import SecretsManager

    return SecretsManager(client("secretsmanager"), clock())


@cache
def meter() -> ports.Meter:
    from darkroom.observability import EmfMeter

    return EmfMeter()


@cache
def idempotency() -> Idempotency:
    from darkroom.adapters.aws.clients import client
    from darkroom.adapters.aws.idempotency import DynamoIdempotencyStore
    from darkroom.usecases.idempotency import Idempotency

    return Idempotency(DynamoIdempotencyStore(client("dynamodb"), settings().need("jobs_table")), clock())
