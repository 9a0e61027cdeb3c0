"""A documented status that is never answered is a lie, and so is an answer that is not documented."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.access import MemoryKeyStore
from darkroom.contracts.openapi import DOCUMENT
from darkroom.contracts.routes import ROUTES, Route
from darkroom.domain import limits
from darkroom.domain.callers import Scope
from darkroom.errors import TransientError
from jsonschema_rs import Draft202012Validator

from tests.api import Api, MemoryParts, Reply, path
from tests.face_parts import photograph
from tests.unit.api.test_generation_shapes import PAGE, SHOP, page
from tests.unit.api.test_http import BrokenJobStore, WorkingClock
from tests.unit.api.test_isolation import completed, made_for
from tests.unit.api.test_seed_shapes import DETECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable


UNKNOWN = "00000000-0000-4000-8000-000000000000"
DOCUMENTED = json.loads(DOCUMENT.read_text())


class BrokenKeyStore(MemoryKeyStore):
    """Knows its keys and cannot count."""

    def __init__(self, error: Exception, whole: MemoryKeyStore) -> None:
        super().__init__()
        self._error = error
        for key in whole.list():
            self.put(key)

    def count(self, key_id: str, *, window: int, now: int) -> int:
        raise self._error


IMAGE = {"imageData": base64.b64encode(photograph("red")).decode()}
OF_FACES: dict[str, Any] = {
    "findFaces": {"images": [IMAGE]},
    "compareFaces": {"faces": [IMAGE, {"embedding": [1, 0, 0]}]},
    "searchFaces": IMAGE,
    "createPerson": {"personId": "ben"},
    "changePerson": {"name": "Ada"},
    "enrolFaces": {"images": [IMAGE]},
}
"""What each operation about faces and people is asked well with."""


@dataclass
class Asking:
    """One operation, asked in the way that it answers well, but for what a recipe changes."""

    api: Api
    route: Route

    def __post_init__(self) -> None:
        self.key: str | None = self.api.key()
        self.query = ""
        self.headers: dict[str, str] = {}
        self.body: object = None
        self.job_id = UNKNOWN
        if self.route.request == "uploads.PresignRequest":
            self.body = {"filename": "cat.jpg"}
        if self.route.request == "detection.ProcessRequest":
            self.body = {"imageUrls": [self.api.upload()]}
        if self.route.request == "doodles.AiRequest":
            self.body = {"action": "generate-doodle", "description": "a cat", "size": 64}
        if self.route.request in {"product_images.GenerateRequest", "product_images.PreviewRequest"}:
            self.body = {"productUrl": SHOP}
            self.api.parts.web({SHOP: page(PAGE)})
        if "jobId" in self.route.parameters:
            self.job_id = made_for(self.api, self.route)
        self.person_id = "ada"
        if self.route.function in {"faces", "search"}:
            self.api.face()
            self.body = OF_FACES.get(self.route.operation)
        if self.route.operation in {"getWebhook", "replayWebhook"}:
            self.api.complete(self.job_id, DETECTIONS)

    def send(self) -> Reply:
        target = path(self.route, job_id=self.job_id, person_id=self.person_id) + self.query
        return self.api.send(self.route.method, target, key=self.key, body=self.body, headers=self.headers)


def well(_: Asking) -> None:
    pass


def waiting(asking: Asking) -> None:
    clock = asking.api.parts.clock
    assert isinstance(clock, WorkingClock)
    jobs = asking.api.parts.jobs()
    clock.on_sleep = lambda: completed(asking.api, jobs.list("ann").jobs[0].job_id)
    asking.headers = {"Prefer": "wait=5"}


def later(asking: Asking) -> None:
    asking.headers = {"Prefer": "respond-async"}


def broken_body(asking: Asking) -> None:
    asking.body = "{"


def no_key(asking: Asking) -> None:
    asking.key = None
    asking.query = "?deep=1" if asking.route.operation == "getHealth" else ""


def other_scope(asking: Asking) -> None:
    asking.key = asking.api.key(scopes=[scope for scope in Scope if scope != asking.route.scope])


def unknown(asking: Asking) -> None:
    asking.job_id = UNKNOWN
    asking.person_id = "nobody"
    if asking.route.request == "detection.ProcessRequest":
        asking.body = {"imageUrls": ["s3://media/uploads/none.jpg"]}
    missing = {"s3Uri": "s3://media/uploads/none.jpg"}
    if asking.route.operation == "findFaces":
        asking.body = {"images": [missing]}
    if asking.route.operation == "compareFaces":
        asking.body = {"faces": [missing, missing]}
    if asking.route.operation == "searchFaces":
        asking.body = missing


def in_flight(asking: Asking) -> None:
    asking.headers = {"Idempotency-Key": "k"}
    store = asking.api.parts.idempotency_store
    begin = store.begin

    def begun_by_another(owner: str, key: str, *, digest: str, now: int, until: int, expires_at: int) -> Any:
        begin(owner, key, digest=digest, now=now, until=until, expires_at=expires_at)
        return begin(owner, key, digest=digest, now=now, until=until, expires_at=expires_at)

    store.begin = begun_by_another  # type: ignore[method-assign]


def ended(asking: Asking) -> None:
    asking.api.parts.jobs().cancel("ann", asking.job_id)


def not_ended(asking: Asking) -> None:
    asking.job_id = asking.api.job(callback_url="https://example.com/hook")


def too_old(asking: Asking) -> None:
    asking.api.parts.clock.advance(limits.JOB_KEPT)


def too_large(asking: Asking) -> None:
    asking.body = " " * limits.BODY_BYTES + "{}"


def wrong_type(asking: Asking) -> None:
    asking.headers = {"content-type": "text/plain"}


def unknown_parameter(asking: Asking) -> None:
    asking.query = "?unknown=1"


def used_up(asking: Asking) -> None:
    asking.key = asking.api.key(rate=1)
    asking.query = "?deep=1" if asking.route.operation == "getHealth" else ""
    asking.send()


def bug(asking: Asking) -> None:
    parts = asking.api.parts
    parts.key_store = BrokenKeyStore(RuntimeError("bug"), parts.key_store)
    asking.query = "?deep=1" if asking.route.operation == "getHealth" else ""


def trouble(asking: Asking) -> None:
    parts = asking.api.parts
    if asking.route.operation == "getHealth":
        parts.job_store = BrokenJobStore(TransientError("throttled"))
        asking.query = "?deep=1"
    else:
        parts.key_store = BrokenKeyStore(TransientError("throttled"), parts.key_store)


def other_pack(asking: Asking) -> None:
    embedding = {"embedding": [1, 0, 0], "pack": "another"}
    asking.body = {"compareFaces": {"faces": [IMAGE, embedding]}, "searchFaces": embedding}.get(asking.route.operation)


def taken(asking: Asking) -> None:
    asking.body = {"personId": "ada", "name": "Another"}


def contended(asking: Asking) -> None:
    asking.api.parts.people_store.update = lambda *_, **__: False  # type: ignore[method-assign]


RECIPES: dict[int, list[Callable[[Asking], None]]] = {
    200: [well, waiting],
    201: [well],
    202: [well, later],
    400: [broken_body],
    401: [no_key],
    403: [other_scope],
    404: [unknown],
    409: [in_flight, ended, not_ended, other_pack, taken, contended],
    410: [too_old],
    413: [too_large],
    415: [wrong_type],
    422: [unknown_parameter],
    429: [used_up],
    500: [bug],
    503: [trouble],
}
"""By status, the ways to it; a way that does not apply to an operation leads to another status that it documents."""


ONLY: dict[Callable[[Asking], None], set[str]] = {
    ended: {"cancelJob"},
    other_pack: {"compareFaces", "searchFaces"},
    taken: {"createPerson"},
    contended: {"changePerson"},
}
"""Recipes that mean something to these operations alone."""


def answers(route: Route, recipe: Callable[[Asking], None]) -> Reply | None:
    """None where the recipe cannot be followed on this route."""
    asking = Asking(Api(MemoryParts(WorkingClock())), route)
    needs_a_job = recipe in {ended, not_ended, too_old} and "jobId" not in route.parameters
    needs_a_body = recipe in {broken_body, too_large, wrong_type, in_flight} and not route.request
    needs_a_key = recipe is in_flight and not route.idempotent
    if needs_a_job or needs_a_body or needs_a_key or route.operation not in ONLY.get(recipe, {route.operation}):
        return None
    recipe(asking)
    return asking.send()


def fits_the_document(route: Route, reply: Reply) -> None:
    response = DOCUMENTED["paths"][route.path][route.method.lower()]["responses"][str(reply.status)]
    if "$ref" in response:
        response = DOCUMENTED["components"]["responses"][response["$ref"].rpartition("/")[2]]
    ((content_type, content),) = response["content"].items()
    assert reply.headers["content-type"] == content_type
    body = reply.text if content_type == "text/html" else reply.json
    Draft202012Validator({**content["schema"], "components": DOCUMENTED["components"]}).validate(body)
    documented = {name.lower() for name in response.get("headers", ())}
    assert {"location", "retry-after", "preference-applied", "www-authenticate"} & set(reply.headers) <= documented


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_an_operation_answers_every_status_it_documents_and_no_other(route: Route) -> None:
    seen = set()
    for recipes in RECIPES.values():
        for recipe in recipes:
            reply = answers(route, recipe)
            if reply is not None:
                fits_the_document(route, reply)
                seen.add(reply.status)
    documented = {int(status) for status in DOCUMENTED["paths"][route.path][route.method.lower()]["responses"]}
    assert seen == documented == set(route.statuses)
