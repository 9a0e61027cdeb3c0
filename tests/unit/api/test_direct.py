"""`aws lambda invoke`: the bare request, the body apart, and a warmup."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.contracts.models import model
from darkroom.domain.callers import Scope
from darkroom.entry import direct
from darkroom.usecases.access import OWNER_PATTERN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api import OPERATIONS, Context, envelope
from tests.unit.api.test_bad_input import JSON_VALUES
from tests.unit.api.test_seed_shapes import DETECTIONS

if TYPE_CHECKING:
    from tests.api import Api


def test_presign_takes_and_gives_the_bare_thing(api: Api) -> None:
    answer = api.invoke("presign", {"filename": "cat.jpg", "size": 12})
    model("uploads.PresignAnswer").model_validate(answer)
    assert api.parts.upload_store.get([answer["key"]])[answer["key"]].owner == direct.OWNER


def test_a_job_is_begun_read_listed_and_cancelled(api: Api) -> None:
    url = f"s3://media/{api.invoke('presign', {'filename': 'cat.jpg'})['key']}"
    job_id = api.invoke("receiver", {"imageUrls": [url]})["jobId"]
    assert api.invoke("status", {"jobId": job_id})["status"] == "PENDING"
    assert [job["jobId"] for job in api.invoke("status", {"operation": "listJobs", "limit": 5})["jobs"]] == [job_id]
    assert api.invoke("receiver", {"operation": "cancelJob", "jobId": job_id})["status"] == "CANCELLED"
    assert api.invoke("receiver", {"operation": "cancelJob", "jobId": job_id})["code"] == "JOB_ENDED"


def test_the_body_may_stand_apart_as_text_or_as_an_object(api: Api) -> None:
    wanted = {"imageUrls": ["https://example.com/a.jpg"]}
    for body in (json.dumps(wanted), wanted):
        event = {"body": body, "headers": {"Idempotency-Key": "one"}}
        assert api.invoke("receiver", event)["success"] is True
    assert len(api.parts.detect_queue.bodies) == 1


def test_the_gateways_envelope_gives_the_gateways_answer(api: Api) -> None:
    answer = api.invoke("status", envelope("GET", "/health"))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert json.loads(answer["body"])["status"] == "ok"


@pytest.mark.parametrize("function", OPERATIONS)
def test_a_warmup_is_answered_at_once(api: Api, function: str) -> None:
    assert api.invoke(function, {"warmup": True}) == {"warm": True}


@pytest.mark.parametrize("function", OPERATIONS)
def test_a_warmup_touches_nothing(api: Api, function: str) -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"a warmup touched {name}")

    api.parts = Untouchable()  # type: ignore[assignment]
    assert api.invoke(function, {"warmup": True}) == {"warm": True}


@pytest.mark.parametrize("function", OPERATIONS)
def test_a_warmup_of_the_real_handler_loads_no_sdk(function: str) -> None:
    program = (
        "import sys; from importlib import import_module;"
        f"handler = import_module('functions.{function}.handler').handler;"
        "assert handler({'warmup': True}, None) == {'warm': True};"
        "print([name for name in ('botocore', 'boto3', 'pydantic', 'httpx', 'jwt') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("function", "event", "status", "code"),
    [
        ("presign", {}, 422, "INVALID_REQUEST"),
        ("presign", {"filename": "a.jpg", "color": "red"}, 422, "INVALID_REQUEST"),
        ("presign", {"operation": "getJob", "jobId": "x"}, 422, "INVALID_REQUEST"),
        ("presign", {"operation": ["presignUpload"]}, 422, "INVALID_REQUEST"),
        ("receiver", {"jobId": "x"}, 422, "INVALID_REQUEST"),
        ("receiver", {"operation": "cancelJob"}, 422, "INVALID_REQUEST"),
        ("receiver", {"body": "{"}, 400, "BROKEN_JSON"),
        ("receiver", {"body": None}, 400, "EMPTY_BODY"),
        ("receiver", {"body": "*", "isBase64Encoded": True}, 400, "BROKEN_ENCODING"),
        ("receiver", {"imageUrls": [float("nan")]}, 400, "BAD_NUMBER"),
        ("status", {}, 422, "INVALID_REQUEST"),
        ("status", {"jobId": 7}, 404, "JOB_NOT_FOUND"),
        ("status", {"jobId": ["x"]}, 404, "JOB_NOT_FOUND"),
        ("status", {"operation": "listJobs", "limit": 1_000}, 422, "INVALID_REQUEST"),
        ("status", {"operation": "listJobs", "page": 2}, 422, "INVALID_REQUEST"),
        ("status", [], 400, "MALFORMED_REQUEST"),
        ("status", "text", 400, "MALFORMED_REQUEST"),
        ("status", None, 400, "MALFORMED_REQUEST"),
        ("status", {"warmup": "true"}, 422, "INVALID_REQUEST"),
    ],
)
def test_a_bad_event_is_answered_with_a_problem(api: Api, function: str, event: object, status: int, code: str) -> None:
    answer = api.invoke(function, event)
    model("service.Problem").model_validate(answer)
    assert (answer["status"], answer["code"]) == (status, code)
    assert answer["requestId"] == "invocation-1"


def test_an_unknown_operation_is_told_the_known_ones(api: Api) -> None:
    fix = api.invoke("status", {"operation": "deleteEverything"})["fix"]
    assert all(name in fix for name in OPERATIONS["status"])


def test_a_direct_invoke_does_its_own_owners_work_only(api: Api, key: str) -> None:
    job_id = api.job("ann")
    assert api.invoke("status", {"jobId": job_id})["code"] == "JOB_NOT_FOUND"
    assert api.invoke("status", {"operation": "listJobs"})["jobs"] == []


def test_no_key_can_be_made_for_the_owner_of_direct_invokes() -> None:
    assert not re.fullmatch(OWNER_PATTERN, direct.OWNER)
    assert set(direct.CALLER["scopes"].split()) == set(Scope)


def test_an_authorizer_context_in_a_bare_event_is_nothing(api: Api) -> None:
    event = {"jobId": api.job("ann"), "requestContext": {"authorizer": {"owner": "ann", "keyId": "k", "rate": "1"}}}
    assert api.invoke("status", event)["status"] == 422


def test_a_direct_invoke_is_not_counted(api: Api) -> None:
    for _ in range(200):
        assert "jobs" in api.invoke("status", {"operation": "listJobs"})


def test_the_deep_check_needs_no_key_of_whom_iam_let_in(api: Api) -> None:
    assert set(api.invoke("status", {"operation": "getHealth", "deep": 1})["checks"]) == {"jobs", "detectQueue"}


def test_documents_come_as_what_they_are(api: Api) -> None:
    assert api.invoke("status", {"operation": "getOpenapi"})["openapi"] == "3.1.0"
    assert api.invoke("status", {"operation": "getDocs"}).startswith("<!doctype html>")


def test_a_completed_job_comes_whole(api: Api) -> None:
    job_id = api.job(direct.OWNER)
    api.complete(job_id, DETECTIONS)
    assert api.invoke("status", {"jobId": job_id})["detections"] == DETECTIONS["detections"]


FIELDS = [
    "operation",
    "body",
    "headers",
    "isBase64Encoded",
    "pathParameters",
    "queryStringParameters",
    "jobId",
    "limit",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    event=st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES | st.just("listJobs"), max_size=5) | JSON_VALUES,
    function=st.sampled_from(list(OPERATIONS)),
)
def test_no_bare_event_is_a_5xx(api: Api, event: object, function: str) -> None:
    answer = api.invoke(function, event, Context())
    assert "jobs" in answer or answer["status"] in range(400, 500)
