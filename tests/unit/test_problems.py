"""One table from errors to HTTP; whatever is not in it shows nothing of itself."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from darkroom import errors
from darkroom.contracts.models import model
from darkroom.entry.errors import FIXES, TABLE, problem

WORKERS_OWN = {
    errors.LeaseLostError,
    errors.AttemptsExhaustedError,
    errors.NoProductError,
    errors.ProviderAnswerError,
    errors.ProviderRefusedError,
    errors.SettingsError,
}
"""Raised where no caller waits for the answer, or about what no caller can mend."""


def made(kind: type[errors.DarkroomError]) -> errors.DarkroomError:
    special: dict[type[errors.DarkroomError], Any] = {
        errors.JobNotFoundError: errors.JobNotFoundError,
        errors.PersonNotFoundError: errors.PersonNotFoundError,
        errors.FaceNotFoundError: errors.FaceNotFoundError,
        errors.MethodNotAllowedError: lambda: errors.MethodNotAllowedError(("GET",)),
        errors.TooManyRequestsError: lambda: errors.TooManyRequestsError("Too many", retry_after=7),
        errors.UnhealthyError: lambda: errors.UnhealthyError({"jobs": {"status": "failing", "milliseconds": 3}}),
    }
    error: errors.DarkroomError = special.get(kind, lambda: kind("What went wrong"))()
    return error


KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.DarkroomError) and kind is not errors.DarkroomError
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_and_says_what_to_do(kind: type[errors.DarkroomError]) -> None:
    status, headers, body = problem(made(kind), "r-1", seed=False)
    model("service.Problem").model_validate(body)
    assert body["requestId"] == "r-1"
    assert body["fix"]
    if kind in WORKERS_OWN:
        assert (status, body["code"]) == (500, "INTERNAL")
        assert "What went wrong" not in str(body)
    else:
        assert any(ancestor in TABLE for ancestor in kind.__mro__)
        assert body["code"] == kind.code
    assert ("Retry-After" in headers) == (status in {429, 503} or kind is errors.RequestInFlightError)


@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), errors.DarkroomError("secret"), errors.SettingsError("secret")]
)
def test_an_unexpected_error_shows_nothing_of_itself(error: Exception) -> None:
    status, _, body = problem(error, "r-1", seed=True)
    assert status == 500
    assert "secret" not in str(body)
    assert body["message"] == body["detail"]


def test_an_exact_code_wins_over_the_classs_and_a_fix_of_its_own_over_the_tables() -> None:
    error = errors.MalformedRequestError("Bad", code="NO_BOUNDARY", fix="Do this.")
    _, _, body = problem(error, "r-1", seed=False)
    assert (body["code"], body["fix"]) == ("NO_BOUNDARY", "Do this.")
    assert body["type"] == "urn:darkroom:problem:no-boundary"


def test_every_status_of_refusal_has_a_fix_to_fall_back_on() -> None:
    without_own = {TABLE[kind][0] for kind in TABLE if not kind.default_fix and kind is not errors.TooManyRequestsError}
    assert without_own <= set(FIXES)
