"""The way in: who may, how often, from where, how long to wait, and what a refusal looks like."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryIdempotencyStore
from darkroom.contracts.routes import ROUTES, Route
from darkroom.domain import limits
from darkroom.domain.callers import Scope
from darkroom.domain.jobs import result_key
from darkroom.entry import http
from darkroom.errors import TransientError

from tests.api import OPERATIONS, Api, Context, MemoryParts, Reply, envelope
from tests.unit.api.test_seed_shapes import DETECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.domain.jobs import Job, Kind
    from darkroom.ports import Pulse

ORIGIN = "https://app.example"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class WorkingClock(MemoryClock):
    """A clock by which somebody works while somebody else waits."""

    def __init__(self) -> None:
        super().__init__()
        self.on_sleep: Callable[[], object] | None = None

    def sleep(self, milliseconds: int) -> None:
        super().sleep(milliseconds)
        work, self.on_sleep = self.on_sleep, None
        if work is not None:
            work()


class BrokenJobStore(MemoryJobStore):
    """Raises what it was given, whatever it is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def get(self, job_id: str) -> Job | None:
        raise self._error


# --- routing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "", "/nowhere", "/jobs/a/b/c", "/process/x", "//process", "/%00", "/\u202e", "/\ud800"]
)
def test_an_unknown_path_is_404_and_names_the_document_that_lists_them(api: Api, key: str, path: str) -> None:
    reply = api.send("GET", path, key=key)
    assert (reply.status, reply.json["code"]) == (404, "ROUTE_NOT_FOUND")
    assert "/openapi.json" in reply.json["fix"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/process", "OPTIONS, POST"),
        ("PUT", "/uploads/presign", "OPTIONS, POST"),
        ("POST", "/jobs", "GET, HEAD, OPTIONS"),
        ("PATCH", f"/jobs/{UNKNOWN}", "DELETE, GET, HEAD, OPTIONS"),
        ("DELETE", "/health", "GET, HEAD, OPTIONS"),
        ("GET", f"/jobs/{UNKNOWN}/webhook/replay", "OPTIONS, POST"),
        ("BREW", "/docs", "GET, HEAD, OPTIONS"),
        ("", "/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_405_with_what_is_allowed(api: Api, key: str, method: str, path: str, allowed: str) -> None:
    reply = api.send(method, path, key=key)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)
    assert reply.json["code"] == "METHOD_NOT_ALLOWED"


def test_every_route_has_an_operation_in_its_function_and_no_function_has_another() -> None:
    for function, operations in OPERATIONS.items():
        assert set(operations) == {route.operation for route in ROUTES if route.function == function}


def test_head_is_get_without_a_body(api: Api, key: str) -> None:
    job_id = api.job()
    for path, with_key in (("/health", None), (f"/jobs/{job_id}", key), (f"/jobs/{UNKNOWN}", key)):
        got, headed = api.send("GET", path, key=with_key), api.send("HEAD", path, key=with_key)
        assert (headed.status, headed.headers, headed.text) == (got.status, got.headers, "")


def test_a_trailing_slash_changes_nothing(api: Api, key: str) -> None:
    assert api.send("GET", "/jobs/", key=key).status == 200


def test_links_carry_the_base_path_of_a_custom_domain(api: Api, key: str) -> None:
    sent = envelope("POST", "/process", key=key, body={"imageUrls": [api.upload()]})
    sent["path"] = sent["requestContext"]["path"] = "/v1/images/process"
    api.authorize(sent)
    answer = http.serve("receiver", OPERATIONS["receiver"], sent, Context(), api.parts)
    assert answer["headers"]["Location"].startswith("/v1/images/jobs/")


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scope], ids=lambda route: route.operation)
def test_a_route_that_is_not_open_needs_a_caller_and_its_scope(api: Api, route: Route) -> None:
    path = route.path.replace("{jobId}", UNKNOWN)
    nobody = api.send(route.method, path)
    assert (nobody.status, nobody.json["code"]) == (401, "UNAUTHENTICATED")
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    others = [scope for scope in Scope if scope != route.scope]
    without = api.send(route.method, path, key=api.key(scopes=others))
    assert (without.status, without.json["code"]) == (403, "FORBIDDEN")
    assert str(route.scope) in without.json["detail"]


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.scope], ids=lambda route: route.operation)
def test_an_open_route_needs_no_key(api: Api, route: Route) -> None:
    assert api.send(route.method, route.path).status == 200


@pytest.mark.parametrize(
    "context",
    [None, {}, {"owner": "ann"}, {"owner": "ann", "keyId": "k"}, {"owner": "", "keyId": "k", "rate": "1"}]
    + [{"owner": "ann", "keyId": "k", "scopes": "jobs:read", "rate": rate} for rate in ("", "-1", "many", "1" * 30)],
)
def test_an_incomplete_authorizer_context_is_nobody(api: Api, context: dict[str, str] | None) -> None:
    sent = envelope("GET", "/jobs")
    sent["requestContext"]["authorizer"] = context
    assert http.serve("status", OPERATIONS["status"], sent, Context(), api.parts)["statusCode"] == 401


def test_a_key_is_counted_and_told_when_to_come_back(api: Api) -> None:
    key = api.key(rate=2)
    assert [api.send("GET", "/jobs", key=key).status for _ in range(3)] == [200, 200, 429]
    reply = api.send("GET", "/jobs", key=key)
    assert reply.json["code"] == "TOO_MANY_REQUESTS"
    wait = int(reply.headers["retry-after"])
    assert 1 <= wait <= 60
    assert f"Wait {wait} s" in reply.json["fix"]
    assert api.send("GET", "/jobs", key=api.key("ben", rate=2)).status == 200
    api.parts.clock.advance(wait * limits.SECOND)
    assert api.send("GET", "/jobs", key=key).status == 200


def test_open_routes_and_preflights_are_not_counted(api: Api) -> None:
    key = api.key(rate=1)
    for _ in range(3):
        assert api.send("GET", "/health", key=key).status == 200
        assert api.send("OPTIONS", "/jobs", key=key).status == 204
    assert api.send("GET", "/jobs", key=key).status == 200


# --- browsers --------------------------------------------------------------------------------------------------------


def test_a_configured_origin_may_read_the_answer_and_no_other(api: Api, key: str) -> None:
    ours = api.send("GET", "/jobs", key=key, headers={"Origin": ORIGIN})
    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-Id" in ours.headers["access-control-expose-headers"]
    for origin in ("https://evil.example", "null", "https://app.example.evil", "HTTPS://APP.EXAMPLE", ""):
        theirs = api.send("GET", "/jobs", key=key, headers={"Origin": origin})
        assert "access-control-allow-origin" not in theirs.headers
    for reply in (ours, theirs, api.send("GET", "/jobs", key=key)):
        assert reply.headers["vary"] == "Origin"


def test_a_refusal_is_readable_across_origins_too(api: Api) -> None:
    reply = api.send("POST", "/process", body="{", headers={"Origin": ORIGIN})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (401, ORIGIN)


def test_a_stage_may_be_open_to_any_origin() -> None:
    reply = Api(MemoryParts(ALLOWED_ORIGINS="*")).send("GET", "/health", headers={"origin": "https://x.example"})
    assert reply.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_a_preflight_is_answered_without_a_key(api: Api, route: Route) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": route.method}
    reply = api.send("OPTIONS", route.path.replace("{jobId}", "x"), headers=asked)
    assert (reply.status, reply.text) == (204, "")
    assert "content-type" not in reply.headers
    assert route.method in reply.headers["access-control-allow-methods"].split(", ")
    assert "Idempotency-Key" in reply.headers["access-control-allow-headers"]
    stranger = api.send("OPTIONS", route.path, headers={"Origin": "https://evil.example"})
    assert not [name for name in stranger.headers if name.startswith("access-control")]


# --- Prefer ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting() -> Api:
    return Api(MemoryParts(WorkingClock()))


def work_while_waiting(api: Api, work: Callable[[], object]) -> None:
    assert isinstance(api.parts.clock, WorkingClock)
    api.parts.clock.on_sleep = work


def complete_the_only_job(api: Api, key: str) -> Callable[[], object]:
    return lambda: api.complete(api.send("GET", "/jobs", key=key).json["jobs"][0]["jobId"], DETECTIONS)


def test_a_read_is_held_until_the_job_ends(waiting: Api) -> None:
    key, job_id = waiting.key(), waiting.job()
    work_while_waiting(waiting, lambda: waiting.complete(job_id, DETECTIONS))
    reply = waiting.send("GET", f"/jobs/{job_id}", key=key, headers={"Prefer": "wait=10"})
    assert (reply.status, reply.json["status"]) == (200, "COMPLETED")
    assert reply.json["detections"] == DETECTIONS["detections"]
    assert reply.headers["preference-applied"] == "wait=10"


def test_a_read_is_answered_as_it_stands_when_the_wait_is_over(waiting: Api) -> None:
    key, job_id = waiting.key(), waiting.job()
    began = waiting.parts.clock.now()
    reply = waiting.send("GET", f"/jobs/{job_id}", key=key, headers={"Prefer": "wait=10"})
    assert (reply.status, reply.json["status"]) == (200, "PENDING")
    assert reply.headers["preference-applied"] == "wait=10"
    assert waiting.parts.clock.now() - began == 10 * limits.SECOND


def test_a_submission_whose_result_is_gone_at_once_is_answered_as_accepted(waiting: Api) -> None:
    key = waiting.key()
    large = {"engine": "x", "model": "y", "detections": [], "filling": "x" * limits.INLINE_RESULT_BYTES}

    def work() -> None:
        job_id = waiting.send("GET", "/jobs", key=key).json["jobs"][0]["jobId"]
        waiting.complete(job_id, large)
        waiting.parts.objects.delete([result_key(job_id, 1)])

    work_while_waiting(waiting, work)
    body = {"imageUrls": [waiting.upload()]}
    reply = waiting.send("POST", "/process", key=key, body=body, headers={"Prefer": "wait=10"})
    assert reply.status == 202
    assert waiting.send("GET", f"/jobs/{reply.json['jobId']}", key=key).status == 410


def test_a_submission_is_held_until_the_job_ends(waiting: Api) -> None:
    key = waiting.key()
    work_while_waiting(waiting, complete_the_only_job(waiting, key))
    body = {"imageUrls": [waiting.upload()]}
    reply = waiting.send("POST", "/process", key=key, body=body, headers={"Prefer": "wait=25"})
    assert (reply.status, reply.json["status"]) == (200, "COMPLETED")
    assert reply.headers["location"] == f"/dev/jobs/{reply.json['jobId']}"
    assert reply.headers["preference-applied"] == "wait=25"
    assert "retry-after" not in reply.headers


def test_a_submission_is_202_when_the_wait_is_over(waiting: Api) -> None:
    body = {"imageUrls": [waiting.upload()]}
    reply = waiting.send("POST", "/process", key=waiting.key(), body=body, headers={"Prefer": "wait=3"})
    assert (reply.status, reply.json["status"]) == (202, "PENDING")
    assert reply.headers["preference-applied"] == "wait=3"
    assert int(reply.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=5", 5),
        ("Wait = 5", 5),
        ('wait="5"', 5),
        ("respond-async, wait=5", 5),
        ("handling=lenient; x=y, wait=5; z", 5),
        ("wait=999999999", limits.WAIT_SECONDS),
        ("wait=0", 0),
        ("wait=-5", 0),
        ("wait=5s", 0),
        ("wait=1e1", 0),
        ("wait=", 0),
        ("await=5", 0),
        ("wait=99999999999999999999", 0),
        ("\x00\ud800wait", 0),
        ("", 0),
    ],
)
def test_only_a_number_of_seconds_is_waited(waiting: Api, prefer: str, seconds: int) -> None:
    began = waiting.parts.clock.now()
    reply = waiting.send("GET", f"/jobs/{waiting.job()}", key=waiting.key(), headers={"Prefer": prefer})
    assert waiting.parts.clock.now() - began == seconds * limits.SECOND
    assert reply.headers.get("preference-applied") == (f"wait={seconds}" if seconds else None)


def test_a_wait_ends_before_the_invocation_does(waiting: Api) -> None:
    key, job_id = waiting.key(), waiting.job()
    for left, seconds in ((10_000, 8), (2_500, 0), (100, 0)):
        began = waiting.parts.clock.now()
        context = Context(milliseconds=left)
        waiting.send("GET", f"/jobs/{job_id}", key=key, headers={"Prefer": "wait=20"}, context=context)
        assert waiting.parts.clock.now() - began == seconds * limits.SECOND


class ForgetfulJobStore(MemoryJobStore):
    """Takes jobs and cannot read them back, nor say how their kind has gone."""

    def get(self, job_id: str) -> Job | None:
        raise TransientError("throttled")

    def pulse(self, kind: Kind) -> Pulse | None:
        raise TransientError("throttled")


def test_an_accepted_job_is_answered_202_whatever_fails_after_it(waiting: Api) -> None:
    waiting.parts.job_store = ForgetfulJobStore()
    body = {"imageUrls": ["https://example.com/a.jpg"]}
    reply = waiting.send("POST", "/process", key=waiting.key(), body=body, headers={"Prefer": "wait=5"})
    assert (reply.status, reply.json["status"]) == (202, "PENDING")
    assert int(reply.headers["retry-after"]) >= 1


# --- Idempotency-Key -------------------------------------------------------------------------------------------------


def test_a_submission_sent_again_with_its_key_gives_the_first_answer(api: Api, key: str) -> None:
    body = {"imageUrls": [api.upload()]}
    headers = {"Idempotency-Key": "order-1"}
    first = api.send("POST", "/process", key=key, body=body, headers=headers)
    api.parts.clock.advance(limits.MINUTE)
    again = api.send("POST", "/process", key=key, body=body, headers=headers)
    assert (again.status, again.json, again.headers) == (first.status, first.json, first.headers)
    assert len(api.parts.detect_queue.bodies) == 1


def test_the_order_and_spacing_of_a_body_make_no_other_request(api: Api, key: str) -> None:
    url = api.upload()
    texts = (
        json.dumps({"imageUrls": [url], "userId": "u"}),
        json.dumps({"userId": "u", "metadata": None, "imageUrls": [url]}, indent=4),
    )
    replies = [api.send("POST", "/process", key=key, body=text, headers={"idempotency-key": "k"}) for text in texts]
    assert replies[0].json == replies[1].json


def test_a_key_used_with_another_body_is_422(api: Api, key: str) -> None:
    headers = {"Idempotency-Key": "order-1"}
    api.send("POST", "/process", key=key, body={"imageUrls": [api.upload()]}, headers=headers)
    reply = api.send("POST", "/process", key=key, body={"imageUrls": [api.upload()]}, headers=headers)
    assert (reply.status, reply.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")


def test_the_same_key_of_two_owners_is_two_keys(api: Api, key: str) -> None:
    headers = {"Idempotency-Key": "order-1"}
    body = {"imageUrls": ["https://example.com/a.jpg"]}
    ann = api.send("POST", "/process", key=key, body=body, headers=headers)
    ben = api.send("POST", "/process", key=api.key("ben"), body=body, headers=headers)
    assert ann.json["jobId"] != ben.json["jobId"]


def test_a_key_is_409_while_its_first_request_has_not_answered(api: Api, key: str) -> None:
    body = {"imageUrls": [api.upload()]}
    replies: list[Reply | None] = []

    class Reentrant(MemoryIdempotencyStore):
        """Lets the second request in while the first is at its work."""

        def begin(self, *arguments: Any, **named: Any) -> Any:
            opened = super().begin(*arguments, **named)
            if not replies:
                replies.append(None)
                replies.append(api.send("POST", "/process", key=key, body=body, headers={"Idempotency-Key": "k"}))
            return opened

    api.parts.idempotency_store = Reentrant()
    first = api.send("POST", "/process", key=key, body=body, headers={"Idempotency-Key": "k"})
    assert first.status == 202
    second = replies[1]
    assert second is not None
    assert (second.status, second.json["code"]) == (409, "REQUEST_IN_FLIGHT")
    assert second.headers["retry-after"] == "1"


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip"])
def test_a_body_that_says_it_is_encoded_is_415(api: Api, key: str, coding: str) -> None:
    headers = {"Content-Encoding": coding}
    for body in ({"filename": "a.jpg"}, b"\x1f\x8b\x08"):
        reply = api.send("POST", "/uploads/presign", key=key, body=body, headers=headers)
        assert (reply.status, reply.json["fix"]) == (415, "Send the body unencoded, without Content-Encoding.")


def test_a_body_that_says_it_is_not_encoded_is_read(api: Api, key: str) -> None:
    headers = {"Content-Encoding": "identity"}
    assert api.send("POST", "/uploads/presign", key=key, body={"filename": "a.jpg"}, headers=headers).status == 200


def test_the_log_says_with_which_code_a_request_was_refused(
    api: Api, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        api.send("GET", "/jobs?limit=0", key=key)
        api.send("GET", "/jobs", key=key)
    refused, answered = [record for record in caplog.records if record.getMessage() == "Answered"]
    assert (refused.__dict__["status"], refused.__dict__["code"]) == (422, "INVALID_REQUEST")
    assert answered.__dict__["status"] == 200
    assert "code" not in answered.__dict__


def test_a_refused_request_leaves_its_key_free(api: Api, key: str) -> None:
    headers = {"Idempotency-Key": "k"}
    refused = api.send("POST", "/process", key=key, body={"imageUrls": ["s3://media/none"]}, headers=headers)
    assert refused.status == 404
    assert api.send("POST", "/process", key=key, body={"imageUrls": [api.upload()]}, headers=headers).status == 202


@pytest.mark.parametrize("sent", ["", " ", "two words", "\u00e9", "x" * 256, "a\x00b", "\ud800"])
def test_a_key_that_is_no_token_is_422(api: Api, key: str, sent: str) -> None:
    body = {"imageUrls": [api.upload()]}
    reply = api.send("POST", "/process", key=key, body=body, headers={"Idempotency-Key": sent})
    assert (reply.status, reply.json["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_two_keys_in_one_request_are_422(api: Api, key: str) -> None:
    sent = envelope("POST", "/process", key=key, body={"imageUrls": [api.upload()]})
    sent["multiValueHeaders"]["Idempotency-Key"] = ["a", "b"]
    api.authorize(sent)
    assert http.serve("receiver", OPERATIONS["receiver"], sent, Context(), api.parts)["statusCode"] == 422


def test_waiting_belongs_to_a_sending_and_not_to_the_stored_answer(waiting: Api) -> None:
    key = waiting.key()
    body, token = {"imageUrls": [waiting.upload()]}, {"Idempotency-Key": "k"}
    work_while_waiting(waiting, complete_the_only_job(waiting, key))
    waited = waiting.send("POST", "/process", key=key, body=body, headers=token | {"Prefer": "wait=5"})
    assert (waited.status, waited.json["status"]) == (200, "COMPLETED")
    plain = waiting.send("POST", "/process", key=key, body=body, headers=token)
    assert (plain.status, plain.json["status"]) == (202, "PENDING")


# --- results and time ------------------------------------------------------------------------------------------------


def big(images: int, boxes: int) -> dict[str, Any]:
    entry = DETECTIONS["detections"][0]
    found = entry["detections"] * boxes
    entries = [entry | {"imageIndex": n, "detections": found, "detectionCount": boxes} for n in range(images)]
    return DETECTIONS | {"detections": entries}


def test_a_result_that_is_too_large_for_a_row_is_still_answered_whole(api: Api, key: str) -> None:
    job_id = api.job()
    result = big(100, 100)
    assert api.complete(job_id, result).result is not None
    assert list(api.parts.objects.list(f"results/{job_id}/"))
    reply = api.send("GET", f"/jobs/{job_id}", key=key)
    assert reply.json["detections"] == result["detections"]


def test_a_result_that_is_too_large_for_an_answer_comes_as_a_url(api: Api, key: str) -> None:
    job_id = api.job()
    api.complete(job_id, big(100, 400))
    reply = api.send("GET", f"/jobs/{job_id}", key=key)
    assert "detections" not in reply.json
    assert f"results/{job_id}/" in reply.json["resultUrl"]
    assert reply.json["resultUrlExpiresAt"] == "2026-01-02T03:19:05.000Z"


def test_the_largest_result_that_is_answered_whole_fits_lambdas_payload(api: Api, key: str) -> None:
    job_id = api.job()
    api.complete(job_id, big(100, 250))
    reply = api.send("GET", f"/jobs/{job_id}", key=key)
    assert len(reply.text) > 1.5 * limits.MIB
    assert len(json.dumps({"body": reply.text})) < limits.BODY_BYTES


def test_a_job_past_its_keeping_time_is_410_and_later_404(api: Api, key: str) -> None:
    job_id = api.job()
    api.parts.clock.advance(limits.JOB_KEPT)
    gone = api.send("GET", f"/jobs/{job_id}", key=key)
    assert (gone.status, gone.json["code"]) == (410, "JOB_EXPIRED")
    api.parts.clock.advance(limits.TOMBSTONE_KEPT)
    assert api.send("GET", f"/jobs/{job_id}", key=key).status == 404


# --- health ----------------------------------------------------------------------------------------------------------


def test_the_deep_check_needs_a_key_and_counts_it(api: Api) -> None:
    key = api.key(rate=1)
    for headers in ({}, {"Authorization": "Bearer a.b.c"}, {"x-api-key": ""}):
        refused = api.send("GET", "/health?deep=1", headers=headers)
        assert (refused.status, refused.json["detail"]) == (401, "The deep check needs a key in the x-api-key header")
        assert refused.json["fix"] == "Send a valid key in the x-api-key header."
    assert api.send("GET", "/health?deep=1", key="dk_dev_wrong").status == 401
    reply = api.send("GET", "/health?deep=1", key=key)
    assert (reply.status, set(reply.json["checks"])) == (200, {"jobs", "detectQueue"})
    assert api.send("GET", "/health?deep=1", key=key).status == 429


def test_the_deep_check_is_503_and_names_what_fails(api: Api, key: str) -> None:
    api.parts.job_store = BrokenJobStore(TransientError("throttled"))
    reply = api.send("GET", "/health?deep=1", key=key)
    assert (reply.status, reply.json["code"]) == (503, "DEPENDENCY_FAILING")
    assert {name: check["status"] for name, check in reply.json["checks"].items()} == {
        "jobs": "failing",
        "detectQueue": "ok",
    }
    assert api.send("GET", "/health", key=key).status == 200


# --- our own faults --------------------------------------------------------------------------------------------------


def test_passing_trouble_is_503_and_says_when_to_come_back(api: Api, key: str) -> None:
    api.parts.job_store = BrokenJobStore(TransientError("DynamoDB did not answer GetItem: ThrottlingException"))
    reply = api.send("GET", f"/jobs/{UNKNOWN}", key=key)
    assert (reply.status, reply.json["code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert int(reply.headers["retry-after"]) >= 1


@pytest.mark.parametrize("error", [RuntimeError("canary-7f3a"), KeyError("canary-7f3a"), RecursionError("canary-7f3a")])
def test_a_bug_is_500_with_its_traceback_in_the_log_and_nothing_of_it_in_the_answer(
    api: Api, key: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    api.parts.job_store = BrokenJobStore(error)
    with caplog.at_level(logging.ERROR):
        reply = api.send("GET", f"/jobs/{UNKNOWN}", key=key)
    assert (reply.status, reply.json["code"], reply.json["requestId"]) == (500, "INTERNAL", "request-1")
    assert "canary" not in reply.text
    assert reply.json["fix"]
    assert any(record.exc_info and record.exc_info[1] is error for record in caplog.records)


def test_a_missing_setting_is_500_and_shows_no_name_of_it(key: str) -> None:
    parts = MemoryParts(S3_BUCKET="one", BUCKET_NAME="another")
    reply = Api(parts).send("GET", "/health")
    assert reply.status == 500
    assert "BUCKET" not in reply.text


def test_answers_are_not_cached_nor_sniffed(api: Api, key: str) -> None:
    for path in ("/jobs", f"/jobs/{UNKNOWN}", "/health"):
        reply = api.send("GET", path, key=key)
        assert (reply.headers["cache-control"], reply.headers["x-content-type-options"]) == ("no-store", "nosniff")
        assert reply.headers["x-request-id"] == "request-1"
