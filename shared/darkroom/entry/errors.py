"""The one table from errors to HTTP, and the one shape that every error has: RFC 9457 problem details."""

from __future__ import annotations

from typing import Any, Final

from darkroom import errors
from darkroom.domain.redaction import redacted

TABLE: Final[dict[type[errors.DarkroomError], tuple[int, str]]] = {
    errors.MalformedRequestError: (400, "The request cannot be read"),
    errors.UnauthenticatedError: (401, "Nobody we know is asking"),
    errors.ForbiddenError: (403, "The key may not do this"),
    errors.NotFoundError: (404, "There is no such thing"),
    errors.MethodNotAllowedError: (405, "The path has no such method"),
    errors.ConflictError: (409, "The state of things forbids it"),
    errors.JobExpiredError: (410, "The job is past its time"),
    errors.TooLargeError: (413, "The request is too large"),
    errors.UnsupportedTypeError: (415, "The type is not supported"),
    errors.InvalidRequestError: (422, "The request is not valid"),
    errors.IdempotencyMismatchError: (422, "The Idempotency-Key belongs to another request"),
    errors.UnacceptableUrlError: (422, "The URL is not acceptable"),
    errors.FetchFailedError: (422, "The URL cannot be fetched"),
    errors.BadImageError: (422, "The picture is not acceptable"),
    errors.CostLimitError: (422, "The request would cost too much"),
    errors.TooManyRequestsError: (429, "Too many requests"),
    errors.UnhealthyError: (503, "A dependency does not answer"),
    errors.NoModelError: (503, "The engine has no weights"),
    errors.TransientError: (503, "Temporarily unavailable"),
}
"""What only workers raise has no row: it never reaches a caller but as the error of a job."""
FIXES: Final = {
    400: "Send a JSON object in UTF-8, as GET /openapi.json describes it.",
    404: "GET /openapi.json lists every path.",
    405: "Use one of the methods in the Allow header.",
    409: "Read the thing again and decide anew.",
    413: "Send less at once.",
    415: "Send a type that GET /openapi.json names for this path.",
    422: "Correct the request; GET /openapi.json has its schema.",
}
"""By status, for an error that was raised without one of its own."""
UNEXPECTED: Final = (500, "Something went wrong on our side")
RETRY_AFTER_TROUBLE: Final = 5
"""Seconds, where nobody who is asked says more."""
RETRY_AFTER_IN_FLIGHT: Final = 1
"""Seconds: a request takes less."""


def row(error: Exception) -> tuple[int, str]:
    """(status, title) of an error; its nearest ancestor's where the table has no row of its own."""
    return next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), UNEXPECTED)


def problem(error: Exception, request_id: str, *, seed: bool) -> tuple[int, dict[str, str], dict[str, Any]]:
    """(status, headers, body). What is no DarkroomError, or is one without a row, shows nothing of itself."""
    status, title = row(error)
    if status == UNEXPECTED[0] or not isinstance(error, errors.DarkroomError):
        code, detail = errors.DarkroomError.code, "The request failed through no fault of yours"
        fix = "Send the request again; if it keeps failing, report this requestId."
    else:
        # What the caller wrote may be quoted in it; its secrets are not.
        code, detail, fix = error.exact_code, redacted(error.detail), error.fix or FIXES[status]
    body: dict[str, Any] = {
        "type": f"urn:darkroom:problem:{code.lower().replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": request_id,
        "fix": fix,
    }
    if seed:
        body["message"] = detail
    headers: dict[str, str] = {}
    match error:
        case errors.InvalidRequestError(problems=problems) if problems:
            body["errors"] = [{"field": redacted(field), "message": redacted(message)} for field, message in problems]
        case errors.UnhealthyError(checks=checks):
            body["checks"] = checks
        case errors.MethodNotAllowedError(allowed=allowed):
            headers["Allow"] = ", ".join(allowed)
        case errors.TooManyRequestsError(retry_after=seconds):
            headers["Retry-After"] = str(seconds)
        case errors.RequestInFlightError():
            headers["Retry-After"] = str(RETRY_AFTER_IN_FLIGHT)
        case errors.UnauthenticatedError():
            headers["WWW-Authenticate"] = 'Bearer realm="darkroom"'
        case _:
            pass
    if status == 503:
        said = error.retry_after if isinstance(error, errors.TransientError) else None
        headers["Retry-After"] = str(RETRY_AFTER_TROUBLE if said is None else max(1, said))
    return status, headers, body
