"""What AWS's refusals mean to the core: one place where botocore's errors become ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name for its own base class
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from darkroom.errors import SettingsError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TRANSIENT: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
NAMESPACE: Final = "AWS.SimpleQueueService."
"""SQS puts it before some codes and not before others."""
DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "AccessDeniedFault"})
MISSING: Final = frozenset(
    {"NoSuchBucket", "ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
)


def code(error: ClientError) -> str:
    """AWS's name of the error, such as `ConditionalCheckFailedException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def reasons(error: ClientError) -> Sequence[dict[str, Any]]:
    """Why a DynamoDB transaction was cancelled, one entry an item in the order of the request; else nothing.

    An entry has `Code` (`None`, `ConditionalCheckFailed`, `TransactionConflict` ...) and, where the request asked
    for it, the `Item` that failed the condition.
    """
    if code(error) != "TransactionCanceledException":
        return ()
    found: Sequence[dict[str, Any]] = error.response.get("CancellationReasons", ())  # type: ignore[assignment]
    return found


def is_transient(error: ClientError) -> bool:
    if any(reason.get("Code") in TRANSIENT for reason in reasons(error)):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code(error).removeprefix(NAMESPACE) in TRANSIENT or status == 429 or status >= 500


def denied(service: str, operation: str) -> SettingsError:
    return SettingsError(
        f"This function's role may not call {service} {operation}",
        fix="Allow it in the function's Policies in template.yaml.",
    )


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Around one AWS call: trouble that may pass is TransientError, a role or a resource that lacks is SettingsError.

    Everything else goes through as it is: a ClientError that no caller expects is a bug of ours. An adapter that
    expects one (a condition that failed, no such key) catches it inside.
    """
    try:
        yield
    except ClientError as error:
        if is_transient(error):
            raise TransientError(f"{service} did not answer {error.operation_name}: {code(error)}") from error
        if code(error) in DENIED:
            raise denied(service, error.operation_name) from error
        if code(error) in MISSING:
            raise SettingsError(
                f"{service} {error.operation_name} found nothing of the configured name",
                fix="Check the function's environment against the stack's outputs.",
            ) from error
        raise
    except (HTTPClientError, ConnectionError, IncompleteReadError, ResponseParserError, UnicodeDecodeError) as error:
        # The last is how botocore fails on an answer whose bytes were damaged on the way.
        raise TransientError(f"{service} could not be reached: {type(error).__name__}") from error
    except NoCredentialsError as error:
        raise SettingsError(
            f"{service} was called without AWS credentials",
            fix="Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the embedded AWS takes any value.",
        ) from error
