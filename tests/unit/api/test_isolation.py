"""What is another owner's is answered like what never was: every route, by every identity."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.contracts.routes import ROUTES, Route
from darkroom.domain.callers import Scope
from darkroom.domain.jobs import Kind

from tests.unit.api.test_generation_shapes import picture
from tests.unit.api.test_seed_shapes import DETECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api import Api, Reply

ABOUT_A_JOB = [route for route in ROUTES if "jobId" in route.parameters]
OF_PRODUCT_PICTURES = {"getImageStatus", "getImageStatusByShortPath"}
IDENTITIES: dict[str, Callable[[Api], str | None]] = {
    "another owner": lambda api: api.key("ben"),
    "another owner's admin": lambda api: api.key("ben", scopes=list(Scope)),
    "an owner of the same beginning": lambda api: api.key("ann.a"),
    "a key without the scope": lambda api: api.key("ben", scopes=[Scope.UPLOADS_WRITE]),
    "a key whose minute is used up": lambda api: used_up(api, api.key("ben", rate=1)),
    "nobody": lambda _: None,
    "a key that was never made": lambda _: "dk_dev_" + "0" * 49,
}


MODEL = {"engine": "memory", "pack": "colours", "dimensions": 3, "licence": "commercial", "threshold": 0.5}
RESULTS: dict[Kind, dict[str, Any]] = {
    Kind.FACES: {"model": MODEL, "results": []},
    Kind.ENROLMENT: {"personId": "ada", "model": MODEL, "enrolled": 0, "faces": []},
    Kind.ERASURE: {"personId": "ada"},
}


def used_up(api: Api, key: str) -> str:
    api.send("GET", "/jobs", key=key)
    return key


def made_for(api: Api, route: Route) -> str:
    """A job of the kind that the route is about."""
    hook = "https://example.com/hook"
    of_picture = route.operation in OF_PRODUCT_PICTURES
    return api.product_job(callback_url=hook) if of_picture else api.job(callback_url=hook)


def pending(_: Api, job_id: str) -> None:
    pass


def processing(api: Api, job_id: str) -> None:
    api.start(job_id)


def completed(api: Api, job_id: str) -> None:
    kind = api.parts.jobs().get("ann", job_id).kind
    api.complete(job_id, picture(job_id) if kind is Kind.PRODUCT_IMAGE else RESULTS.get(kind, DETECTIONS))


def expired(api: Api, job_id: str) -> None:
    api.parts.clock.advance(24 * 3_600_000)


STATES = [pending, processing, completed, expired]


def without_request(reply: Reply, *own_words: str) -> Any:
    """Everything of an answer but which request it was, and what the caller wrote itself."""
    text = reply.text
    for word in own_words:
        text = text.replace(word, "")
    body = {name: value for name, value in json.loads(text).items() if name != "requestId"}
    return reply.status, {name: value for name, value in reply.headers.items() if name != "x-request-id"}, body


@pytest.mark.parametrize("route", ABOUT_A_JOB, ids=lambda route: route.operation)
@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES.keys())
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_another_owners_job_is_answered_like_one_that_never_was(
    api: Api, route: Route, identity: Callable[[Api], str | None], state: Callable[[Api, str], None]
) -> None:
    job_id = made_for(api, route)
    state(api, job_id)
    key = identity(api)
    before = api.parts.job_store.get(job_id)
    theirs, unknown = (
        api.send(route.method, route.path.replace("{jobId}", each), key=key, body=None)
        for each in (job_id, str(uuid.uuid4()))
    )
    assert theirs.status in {401, 403, 404, 429}
    assert without_request(theirs) == without_request(unknown)
    assert api.parts.job_store.get(job_id) == before


@pytest.mark.parametrize("route", ABOUT_A_JOB, ids=lambda route: route.operation)
def test_its_owner_does_reach_it(api: Api, key: str, route: Route) -> None:
    """So that the matrix above is about owners, and not about a route that finds nothing for anybody."""
    job_id = made_for(api, route)
    if route.method != "DELETE":
        completed(api, job_id)
    assert api.send(route.method, route.path.replace("{jobId}", job_id), key=key).status in route.answers


@pytest.mark.parametrize("route", [route for route in ROUTES if route.operation in OF_PRODUCT_PICTURES], ids=str)
@pytest.mark.parametrize("other", ["detection", "doodle"])
def test_a_job_of_another_kind_is_no_product_picture(api: Api, key: str, route: Route, other: str) -> None:
    job_id = api.job() if other == "detection" else api.doodle_job()
    theirs, unknown = (
        api.send("GET", route.path.replace("{jobId}", each), key=key) for each in (job_id, str(uuid.uuid4()))
    )
    assert theirs.status == 404
    assert without_request(theirs) == without_request(unknown)


def test_what_was_drawn_for_one_owner_is_not_recalled_for_another(api: Api) -> None:
    body = {"action": "generate-doodle", "description": "a cat", "size": 64, "seed": 7}
    replies = [api.send("POST", "/ai", key=api.key(owner), body=body).json for owner in ("ann", "ann", "ben")]
    assert [reply["cached"] for reply in replies] == [False, True, False]
    keys = [reply["doodles"][0]["url"].partition("?")[0] for reply in replies]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("identity", list(IDENTITIES)[:3])
def test_another_owners_upload_is_answered_like_one_that_never_was(api: Api, identity: str) -> None:
    key = IDENTITIES[identity](api)
    theirs, never = api.upload("ann"), "s3://media/uploads/2026/01/02/00000000-0000-4000-8000-000000000000-cat.jpg"
    replies = [
        without_request(
            api.send("POST", "/process", key=key, body={"imageUrls": [url]}), url.removeprefix("s3://media/")
        )
        for url in (theirs, never)
    ]
    assert replies[0] == replies[1]
    assert replies[0][0] == 404


NAMING_AN_UPLOAD: dict[str, Callable[[str], dict[str, Any]]] = {
    "/upload-images": lambda url: {"images": [{"s3Uri": url}]},
    "/faces/compare": lambda url: {"faces": [{"s3Uri": url}, {"embedding": [1, 0, 0]}]},
    "/faces/search": lambda url: {"s3Uri": url},
    "/people/ada/faces": lambda url: {"images": [{"s3Uri": url}]},
}


@pytest.mark.parametrize("target", NAMING_AN_UPLOAD)
@pytest.mark.parametrize("identity", list(IDENTITIES)[:3])
def test_faces_of_another_owners_upload_are_answered_like_those_of_none(api: Api, identity: str, target: str) -> None:
    for owner in ("ben", "ann.a"):
        api.person(owner)
    key = IDENTITIES[identity](api)
    theirs, never = api.upload("ann"), "s3://media/uploads/2026/01/02/00000000-0000-4000-8000-000000000000-cat.jpg"
    replies = [
        without_request(
            api.send("POST", target, key=key, body=NAMING_AN_UPLOAD[target](url)), url.removeprefix("s3://media/")
        )
        for url in (theirs, never)
    ]
    assert replies[0] == replies[1]
    assert replies[0][0] == 404


def test_a_foreign_bucket_is_404(api: Api, key: str) -> None:
    reply = api.send("POST", "/process", key=key, body={"imageUrls": ["s3://someone-elses/uploads/cat.jpg"]})
    assert (reply.status, reply.json["code"]) == (404, "IMAGE_NOT_FOUND")


def test_a_list_holds_the_callers_jobs_alone(api: Api, key: str) -> None:
    api.job("ann")
    bens = [api.job("ben") for _ in range(3)]
    listed = api.send("GET", "/jobs", key=api.key("ben")).json["jobs"]
    assert sorted(job["jobId"] for job in listed) == sorted(bens)


def test_another_owners_cursor_is_refused(api: Api, key: str) -> None:
    for _ in range(3):
        api.job("ann")
        api.job("ben")
    cursor = api.send("GET", "/jobs?limit=1", key=key).json["cursor"]
    reply = api.send("GET", f"/jobs?cursor={cursor}", key=api.key("ben"))
    assert (reply.status, reply.json["errors"][0]["field"]) == (422, "cursor")


def test_a_user_id_in_the_body_opens_nothing(api: Api) -> None:
    url = api.upload("ann")
    reply = api.send("POST", "/process", key=api.key("ben"), body={"imageUrls": [url], "userId": "ann"})
    assert reply.status == 404
