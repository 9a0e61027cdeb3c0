"""Whatever schemathesis sends through the API in process, no answer is a 5xx and every answer is the documented one.

DARKROOM_FUZZ_REQUESTS says how many requests the shards send together; each shard asserts that it sent its part.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
import requests
from darkroom.contracts.routes import ROUTES
from hypothesis import HealthCheck, settings
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from tests import fuzzing
from tests.api import Api
from tests.unit.api.test_generation_shapes import PAGE, SHOP, page, picture
from tests.unit.api.test_seed_shapes import DETECTIONS

if TYPE_CHECKING:
    from tests.fuzzing import AnyCase

REQUESTS: Final = int(os.environ.get("DARKROOM_FUZZ_REQUESTS", "20000"))
SHARDS: Final = fuzzing.shards(REQUESTS)
WITHOUT_KEY: Final = 8
"""One in so many requests goes without a key, as it was generated."""


class Wire:
    """Sends generated cases through the stand-in for the gateway, most of them so that they reach something."""

    def __init__(self) -> None:
        self.api = Api()
        self.key = self.api.key()
        self.sent: Counter[int] = Counter()
        self._turn = count()
        self.api.parts.web({SHOP: page(PAGE)})
        self._targets = fuzzing.Targets(
            jobs=[job_id for _ in range(20) for job_id in (self._waiting(), self._done(), self._waiting(hook=True))],
            pictures=[job_id for _ in range(5) for job_id in (self.api.product_job(), self._picture())],
            uploads=[self.api.upload() for _ in range(10)],
            page=SHOP,
            people=[(person, self.api.face("ann", person, "face")) for person in ("ada", "ben")],
            doomed=[(f"p{n}", self.api.face("ann", f"p{n}", "face")) for n in range(20)],
        )

    def send(self, case: AnyCase) -> Response:
        turn = next(self._turn)
        key = self.key if turn % WITHOUT_KEY else None
        if key is not None:
            fuzzing.aim(case, turn, self._targets)
        prepared = requests.Request(**case.as_transport_kwargs(base_url="http://api")).prepare()
        headers = {name: _text(value) for name, value in prepared.headers.items()}
        url = urlsplit(str(prepared.url))
        target = url.path + (f"?{url.query}" if url.query else "")
        reply = self.api.send(str(prepared.method), target, key=key, body=_body(prepared.body), headers=headers)
        self.sent[reply.status] += 1
        answered = {name: [value] for name, value in reply.headers.items()}
        return Response(reply.status, answered, reply.text.encode(), prepared, 0.0, verify=False)

    def _waiting(self, *, hook: bool = False) -> str:
        return self.api.job(images=1, callback_url="https://example.com/hook" if hook else None)

    def _picture(self) -> str:
        job_id = self.api.product_job()
        return self.api.complete(job_id, picture(job_id)).job_id

    def _done(self) -> str:
        return self.api.complete(self._waiting(hook=True), DETECTIONS).job_id


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _body(body: Any) -> str | bytes | None:
    """As the gateway hands it on: text where it is text, else base64."""
    sent: str | bytes | None = body
    if isinstance(sent, bytes):
        with suppress(UnicodeDecodeError):
            return sent.decode()
    return sent


def test_the_shards_make_up_what_was_asked_for() -> None:
    assert sum(SHARDS.values()) >= REQUESTS
    assert set(fuzzing.WEIGHTS) | fuzzing.SMALL == {route.operation for route in ROUTES}


@pytest.mark.parametrize(("operation", "mode"), SHARDS, ids=lambda value: getattr(value, "value", value))
@pytest.mark.timeout(600)
def test_no_generated_request_breaks_its_operation(operation: str, mode: GenerationMode) -> None:
    wire = Wire()
    wanted = SHARDS[operation, mode]
    fuzzing.run(
        operation, mode, wanted, lambda case: case.validate_response(wire.send(case), checks=fuzzing.checks(case))
    )
    assert wire.sent.total() >= wanted
    if mode is GenerationMode.POSITIVE:
        assert any(status < 300 for status in wire.sent), f"nothing was reached: {wire.sent}"


@fuzzing.SCHEMA.parametrize()
@settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_no_boundary_case_breaks_its_operation(case: AnyCase) -> None:
    """Schemathesis's systematic cases: each boundary, each wrong type, missing headers, methods that are not there."""
    case.validate_response(Wire().send(case), checks=fuzzing.checks(case))
