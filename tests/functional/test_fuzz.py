"""Schemathesis over the API in process: whatever it sends, no answer is a 5xx and every answer is the documented one.

DARKROOM_FUZZ_REQUESTS says how many requests the shards send together; each shard asserts that it sent its part.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from darkroom.contracts.openapi import DOCUMENT
from darkroom.contracts.routes import ROUTES
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from tests.api import Api
from tests.unit.api.test_seed_shapes import DETECTIONS

if TYPE_CHECKING:
    from schemathesis import Case

    AnyCase = Case[Any]

REQUESTS: Final = int(os.environ.get("DARKROOM_FUZZ_REQUESTS", "20000"))
SEED: Final = int(os.environ.get("DARKROOM_FUZZ_SEED", "2"))
WEIGHTS: Final = {
    "presignUpload": 4,
    "detectObjects": 4,
    "listJobs": 3,
    "getJob": 2,
    "cancelJob": 2,
    "getWebhook": 1,
    "replayWebhook": 1,
}
"""Shares of the operations that have much to vary; the others are sent all there is."""
SMALL: Final = {"getHealth", "getOpenapi", "getDocs"}
UNTOUCHED: Final = 8
"""One in so many requests goes without a key, as it was generated."""
load_all_checks()
CHECKED: Final[list[Any]] = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "missing_required_header",
        "unsupported_method",
        "allow_header_conformance",
    )
]
"""All of schemathesis's but `positive_data_acceptance` (a schema cannot say which cursors, uploads and public hosts
there are) and those that judge a sequence of requests or send more by themselves, over a network."""


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    """The sender adds a key or leaves it out: a generated one would make invalid what is meant to be valid."""
    for path in document["paths"].values():
        for operation in path.values():
            del operation["security"]
    return document


SCHEMA: Final = schemathesis.openapi.from_dict(_without_security(json.loads(DOCUMENT.read_text())))
SCHEMA.config.phases.fuzzing.enabled = False
SCHEMA.config.phases.stateful.enabled = False

SHARDS: Final = {
    (operation, mode): math.ceil(REQUESTS * weight / sum(WEIGHTS.values()) / 2)
    for operation, weight in WEIGHTS.items()
    for mode in GenerationMode
}


class Wire:
    """Sends generated cases through the stand-in for the gateway, most of them so that they reach something."""

    def __init__(self) -> None:
        self.api = Api()
        self.key = self.api.key()
        self.sent: Counter[int] = Counter()
        self._turn = count()
        self._jobs = [job_id for _ in range(20) for job_id in (self._waiting(), self._done(), self._waiting(hook=True))]
        self._uploads = [self.api.upload() for _ in range(10)]

    def send(self, case: AnyCase) -> Response:
        turn = next(self._turn)
        keyed = turn % UNTOUCHED != 0
        if keyed:
            self._aim(case, turn)
        prepared = requests.Request(**case.as_transport_kwargs(base_url="http://api")).prepare()
        headers = {name: _text(value) for name, value in prepared.headers.items()}
        url = urlsplit(str(prepared.url))
        target = url.path + (f"?{url.query}" if url.query else "")
        reply = self.api.send(
            str(prepared.method), target, key=self.key if keyed else None, body=_body(prepared.body), headers=headers
        )
        self.sent[reply.status] += 1
        answered = {name: [value] for name, value in reply.headers.items()}
        return Response(reply.status, answered, reply.text.encode(), prepared, 0.0, verify=False)

    def _waiting(self, *, hook: bool = False) -> str:
        return self.api.job(images=1, callback_url="https://example.com/hook" if hook else None)

    def _done(self) -> str:
        return self.api.complete(self._waiting(hook=True), DETECTIONS).job_id

    def _aim(self, case: AnyCase, turn: int) -> None:
        """Every second id, URL and name is one that there is; the case stays as valid, or as invalid, as it was."""
        if turn % 2 == 0:
            return
        if case.path_parameters and _is_valid(case, "path"):
            case.path_parameters["jobId"] = self._jobs[turn // 2 % len(self._jobs)]
        body = case.body
        if isinstance(body, dict) and _is_valid(case, "body"):
            if "imageUrls" in body:
                body["imageUrls"] = [self._uploads[turn // 2 % len(self._uploads)]]
                body.pop("callbackUrl", None)
            if "filename" in body:
                body["filename"] = f"{str(body['filename'])[:200]}.png"
                body.pop("contentType", None)


def _is_valid(case: AnyCase, location: str) -> bool:
    components = case.meta.components if case.meta else {}
    return all(info.mode.is_positive for name, info in components.items() if name.value == location)


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
    assert set(WEIGHTS) | SMALL == {route.operation for route in ROUTES}


@pytest.mark.parametrize(("operation", "mode"), SHARDS, ids=lambda value: getattr(value, "value", value))
@pytest.mark.timeout(600)
def test_no_generated_request_breaks_its_operation(operation: str, mode: GenerationMode) -> None:
    wire = Wire()
    wanted = SHARDS[operation, mode]

    @seed(SEED)
    @settings(
        max_examples=wanted,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA.find_operation_by_id(operation).as_strategy(generation_mode=mode))
    def answers(case: AnyCase) -> None:
        case.validate_response(wire.send(case), checks=CHECKED)

    answers()
    assert wire.sent.total() >= wanted
    if mode is GenerationMode.POSITIVE:
        assert any(status < 300 for status in wire.sent), f"nothing was reached: {wire.sent}"


@SCHEMA.parametrize()
@settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_no_boundary_case_breaks_its_operation(case: AnyCase) -> None:
    """Schemathesis's systematic cases: each boundary, each wrong type, missing headers, methods that are not there."""
    case.validate_response(Wire().send(case), checks=CHECKED)
