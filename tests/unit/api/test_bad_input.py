"""Whatever a caller sends costs it a 4xx in problem+json with a fix, and costs us nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.contracts.models import model
from darkroom.contracts.routes import ROUTES, Route
from darkroom.domain import limits
from darkroom.entry import http
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api import OPERATIONS, Api, Context, envelope, function_of, path

if TYPE_CHECKING:
    from tests.api import Reply

TAKES_A_BODY = [route for route in ROUTES if route.request]

NOTHING_IS_NEEDED = {"people.PersonRequest", "people.PersonChange"}
BODIES: dict[str, tuple[object, dict[str, str], int]] = {
    "none": (None, {}, 400),
    "empty": ("", {}, 400),
    "broken": ("{", {}, 400),
    "100,000 levels": ("[" * 100_000, {}, 400),
    "100,000 levels of objects, in base64": (b'{"a":' * 100_000, {}, 400),
    "a number of 5,000 digits": ('{"size": ' + "1" * 5_000 + "}", {}, 400),
    "NaN": ('{"size": NaN}', {}, 400),
    "a lone surrogate": ('{"filename": "\\ud800.jpg"}', {}, 400),
    "a duplicate key": ('{"filename": "a.jpg", "filename": "b.jpg"}', {}, 400),
    "bytes that are no UTF-8": (b"\xff\xfe", {}, 400),
    "multipart without a boundary": ("--", {"content-type": "multipart/form-data"}, 400),
    "multipart": ("--x", {"content-type": "multipart/form-data; boundary=x"}, 415),
    "a form": ("filename=a.jpg", {"content-type": "application/x-www-form-urlencoded"}, 415),
    "oversize": ('"' + "a" * limits.BODY_BYTES + '"', {}, 413),
    "a list": ("[]", {}, 422),
    "a string": ('"text"', {}, 422),
    "null": ("null", {}, 422),
    "nothing that is needed": ("{}", {}, 422),
    "an unknown field": ({"filename": "a.jpg", "imageUrls": ["https://example.com/a"], "x": 1}, {}, 422),
    "a prototype": ('{"__proto__": {}, "constructor": 1}', {}, 422),
}


def is_a_helpful_refusal(reply: Reply) -> None:
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json
    model("service.Problem").model_validate(body)
    assert body["status"] == reply.status
    assert body["fix"].strip()
    assert body["detail"].strip()
    assert len(reply.text) < 10_000


@pytest.mark.parametrize("route", TAKES_A_BODY, ids=lambda route: route.operation)
@pytest.mark.parametrize("sent", BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_gets_the_right_4xx(
    api: Api, key: str, route: Route, sent: tuple[object, dict[str, str], int]
) -> None:
    body, headers, status = sent
    api.person()
    if route.form and headers.get("content-type", "").endswith("boundary=x"):
        status = 400  # forms are taken here, and this is none
    if body == "{}" and route.request in NOTHING_IS_NEEDED:
        return
    reply = api.send(route.method, path(route), key=key, body=body, headers=headers)
    assert reply.status == status
    is_a_helpful_refusal(reply)


def test_junk_that_claims_to_be_base64_is_400(api: Api, key: str) -> None:
    sent = envelope("POST", "/process", key=key, body="*** junk ***") | {"isBase64Encoded": True}
    api.authorize(sent)
    assert http.serve("receiver", OPERATIONS["receiver"], sent, Context(), api.parts)["statusCode"] == 400


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.request], ids=lambda route: route.operation)
def test_a_body_where_none_is_taken_is_422(api: Api, key: str, route: Route) -> None:
    api.face()
    reply = api.send(route.method, path(route, job_id=api.job()), key=key, body={"a": 1})
    assert (reply.status, reply.json["errors"]) == (422, [{"field": "body", "message": "is not taken by this path"}])
    is_a_helpful_refusal(reply)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_a_query_parameter_that_is_not_the_routes_is_422(api: Api, key: str, route: Route) -> None:
    body = {"filename": "a.jpg"} if route.request == "uploads.PresignRequest" else None
    api.face()
    reply = api.send(route.method, path(route, job_id=api.job()) + "?colour=red", key=key, body=body)
    assert (reply.status, reply.json["errors"][0]["field"]) == (422, "colour")


FILENAMES = {
    "a path out of the folder": ("../../etc/passwd.jpg", 200),
    "a path of Windows": ("..\\..\\windows\\cat.jpg", 200),
    "an absolute path": ("/etc/passwd.png", 200),
    "NUL": ("cat\x00.jpg", 200),
    "right-to-left marks": ("cat\u202egpj.jpg", 200),
    "an emoji": ("\U0001f408.jpg", 200),
    "only dots": ("....jpg", 200),
    "5,000 characters": ("a" * 5_000 + ".jpg", 422),
    "nothing": ("", 422),
    "no extension": ("cat", 422),
    "SVG": ("cat.svg", 415),
    "HTML": ("cat.html", 415),
}


@pytest.mark.parametrize(("filename", "status"), FILENAMES.values(), ids=FILENAMES.keys())
def test_a_filename_is_made_safe_or_refused(api: Api, key: str, filename: str, status: int) -> None:
    reply = api.send("POST", "/uploads/presign", key=key, body={"filename": filename})
    assert reply.status == status, reply.text
    if status == 200:
        folder, name = reply.json["key"].rsplit("/", 1)
        assert folder == "uploads/2026/01/02"
        assert name.isascii()
        assert ".." not in name
        assert name[37:].replace("-", "").replace(".", "").replace("_", "").isalnum()
    else:
        is_a_helpful_refusal(reply)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"contentType": "image/svg+xml"}, 415),
        ({"contentType": "text/html"}, 415),
        ({"filename": "cat.html", "contentType": "image/jpeg"}, 415),
        ({"filename": "cat.svg", "contentType": "image/png"}, 415),
        ({"contentType": "image/jpeg\r\nX-Evil: 1"}, 422),
        ({"contentType": ""}, 422),
        ({"size": 0}, 422),
        ({"size": -1}, 422),
        ({"size": 1.5}, 422),
        ({"size": "12"}, 422),
        ({"size": True}, 422),
        ({"size": 10**39}, 422),
        ({"size": limits.IMAGE_BYTES + 1}, 413),
        ({"purpose": "originals"}, 422),
        ({"purpose": "../library"}, 422),
        ({"owner": "ben"}, 422),
    ],
)
def test_an_upload_that_is_not_taken_is_refused_before_it_is_signed(
    api: Api, key: str, fields: dict[str, Any], status: int
) -> None:
    reply = api.send("POST", "/uploads/presign", key=key, body={"filename": "a.jpg"} | fields)
    assert reply.status == status, reply.text
    is_a_helpful_refusal(reply)


URLS = [
    ("", 422),
    ("cat.jpg", 422),
    ("file:///etc/passwd", 422),
    ("gopher://example.com/", 422),
    ("http://169.254.169.254/latest/meta-data", 422),
    ("https://[::1]/", 422),
    ("https://user:pw@example.com/", 422),
    ("https://example.com:22/", 422),
    ("javascript:alert(1)", 422),
    ("https://example.com/" + "a" * 3_000, 422),
    ("https://exa\x00mple.com/", 422),
    ("\ud83d\ude00", 422),
    ("s3://", 422),
    ("s3://media", 422),
    ("s3://media/", 422),
    ("s3://media/uploads/../library/x", 404),
    ("s3://media/results/x.json", 404),
    ("s3://media/\x00", 404),
    ("S3://media/uploads/x", 404),
]


@pytest.mark.parametrize(("url", "status"), URLS, ids=lambda value: ascii(value)[:40])
def test_a_url_that_must_not_be_fetched_is_refused(api: Api, key: str, url: str, status: int) -> None:
    reply = api.send("POST", "/process", key=key, body={"imageUrls": [url]})
    assert reply.status == status, reply.text
    is_a_helpful_refusal(reply)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"imageUrls": ["https://example.com/a.jpg"] * (limits.IMAGES_PER_JOB + 1)}, 422),
        ({"metadata": {"a": "x" * limits.METADATA_BYTES}}, 422),
        ({"metadata": []}, 422),
        ({"userId": "x" * 256}, 422),
        ({"callbackUrl": "http://127.0.0.1/"}, 422),
        ({"callbackUrl": "s3://media/x"}, 422),
        ({"maxCost": 0}, 422),
        ({"maxCost": -1}, 422),
        ({"maxCost": 1e300}, 422),
    ],
)
def test_a_submission_beyond_the_limits_is_refused(api: Api, key: str, fields: dict[str, Any], status: int) -> None:
    body = {"imageUrls": ["https://example.com/a.jpg"]} | fields
    reply = api.send("POST", "/process", key=key, body=body)
    assert reply.status == status, reply.text
    is_a_helpful_refusal(reply)
    assert not api.parts.detect_queue.bodies


IDS = [
    "x",
    "..",
    "%2e%2e",
    "%00",
    "\x00",
    "\u202e",
    "\ud800",
    "a" * 5_000,
    "job#1",
    "{jobId}",
    "null",
    "0" * 36,
    "\n",
]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.parameters], ids=lambda route: route.operation)
@pytest.mark.parametrize("made_up", IDS, ids=lambda value: ascii(value)[:20])
def test_what_cannot_be_an_id_is_of_nothing_that_is_known(api: Api, key: str, route: Route, made_up: str) -> None:
    for wrong in route.parameters:
        api.face()
        known = {"jobId": api.job(), "personId": "ada", "faceId": "ada-1"}
        parameters = {name: made_up if name == wrong else known[name] for name in route.parameters}
        body = WELL.get(route.operation)
        sent = envelope(route.method, route.path, key=key, body=body) | {"pathParameters": parameters}
        api.authorize(sent)
        function = function_of(route.method, route.path)
        answer = http.serve(function, OPERATIONS[function], sent, Context(), api.parts)
        code = json.loads(answer["body"])["code"]
        assert (answer["statusCode"], code) == (404, f"{wrong.removesuffix('Id').upper()}_NOT_FOUND")


WELL = {
    "changePerson": {"name": "Ada"},
    "enrolFaces": {"images": [{"url": "https://example.com/a.jpg"}]},
}
"""Bodies of routes that have ids on their path."""


@pytest.mark.parametrize(
    "name", ["prefer", "origin", "content-type", "idempotency-key", "x-api-key", "authorization", "accept"]
)
@pytest.mark.parametrize(
    "value", ["", "\x00", "\ud800", "x" * 100_000, ",;=" * 1_000, "\r\nSet-Cookie: a=b", "wait=" + "9" * 99]
)
def test_no_header_breaks_anything(api: Api, key: str, name: str, value: str) -> None:
    for method, target in (
        ("POST", "/process"),
        ("GET", "/jobs"),
        ("GET", f"/jobs/{api.job()}"),
        ("GET", "/health?deep=1"),
    ):
        body = {"imageUrls": [api.upload()]} if method == "POST" else None
        sent = envelope(method, target, key=key, body=body)
        api.authorize(sent)
        sent["multiValueHeaders"][name] = [value]
        function = function_of(method, sent["resource"])
        answer = http.serve(function, OPERATIONS[function], sent, Context(), api.parts)
        assert answer["statusCode"] < 500
        assert not any("\r" in each or "\n" in each for each in answer["headers"].values())
        json.dumps(answer).encode()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
PARTS_OF_AN_EVENT = st.sampled_from(list(envelope("GET", "/x")))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(PARTS_OF_AN_EVENT, JSON_VALUES, max_size=4), route=st.sampled_from(ROUTES))
def test_no_event_of_any_form_is_a_5xx(api: Api, key: str, changes: dict[str, Any], route: Route) -> None:
    sent = envelope(route.method, path(route, job_id="x"), key=key, body={})
    api.authorize(sent)
    answer = http.serve(route.function, OPERATIONS[route.function], sent | changes, Context(), api.parts)
    assert answer["statusCode"] < 500, answer
    json.dumps(answer).encode()
