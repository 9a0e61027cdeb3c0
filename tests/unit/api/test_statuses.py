"""A documented status that is never answered is a lie, and so is an answer that is not documented."""

from __future__ import annotations

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

from tests.api import Api, MemoryParts, Reply
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
        if self.route.parameters:
            self.job_id = made_for(self.api, self.route)
        if self.route.operation in {"getWebhook", "replayWebhook"}:
            self.api.complete(self.job_id, DETECTIONS)

    def send(self) -> Reply:
        target = self.route.path.replace("{jobId}", self.job_id) + self.query
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
    if asking.route.request == "detection.ProcessRequest":
        asking.body = {"imageUrls": ["s3://media/uploads/none.jpg"]}


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


RECIPES: dict[int, list[Callable[[Asking], None]]] = {
    200: [well, waiting],
    202: [well, later],
    400: [broken_body],
    401: [no_key],
    403: [other_scope],
    404: [unknown],
    409: [in_flight, ended, not_ended],
    410: [too_old],
    413: [too_large],
    415: [wrong_type],
    422: [unknown_parameter],
    429: [used_up],
    500: [bug],
    503: [trouble],
}
"""By status, the ways to it; a way that does not apply to an operation leads to another status that it documents."""


def answers(route: Route, recipe: Callable[[Asking], None]) -> Reply | None:
    """None where the recipe cannot be followed on this route."""
    asking = Asking(Api(MemoryParts(WorkingClock())), route)
    if recipe in {ended, not_ended, too_old} and not route.parameters:
        return None
    if recipe in {broken_body, too_large, wrong_type, in_flight} and not route.request:
        return None
    if recipe is ended and route.operation != "cancelJob":
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
