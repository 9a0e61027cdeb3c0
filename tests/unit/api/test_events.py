"""The sample events, replayed: each is what it says it is. `sam local invoke` takes the same files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.contracts.routes import ROUTES
from darkroom.entry import direct

from tests.api import OPERATIONS
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.api import Api
    from tests.conftest import Event

JOB_ID = "7d1f0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6"
"""The job that the events are about."""

EXPECTED: dict[str, tuple[int, str]] = {
    "doodle/generate": (200, '"seed": 8'),
    "doodle/animate": (200, "image/gif"),
    "doodle/analyze": (200, "strokeWidth"),
    "doodle/optimize": (200, "bytesAfter"),
    "doodle/several": (200, "INVALID_REQUEST"),
    "doodle/async": (202, "Job created for 1 action(s)"),
    "doodle/provider": (202, "statusUrl"),
    "doodle/unknown-provider": (422, "sketch, studio, openai"),
    "doodle/retired-model": (422, "gpt-image-2.6-flare"),
    "doodle/count-zero": (422, "count"),
    "doodle/right-to-left": (422, "RIGHT_TO_LEFT"),
    "doodle/not-a-description": (422, "NOT_A_DESCRIPTION"),
    "doodle/data-url": (422, "after the comma"),
    "doodle/wrong-method": (405, "METHOD_NOT_ALLOWED"),
    "doodle/direct": (0, "imageData"),
    "doodle/direct-body": (0, "bytesAfter"),
    "doodle/direct-several": (0, "INVALID_REQUEST"),
    "doodle/warmup": (0, "warm"),
    "faces/upload": (202, "Job created for 2 image(s)"),
    "faces/upload-json": (202, "Job created for 2 image(s)"),
    "faces/upload-wait": (202, "PENDING"),
    "faces/upload-without-end": (400, "BROKEN_FORM"),
    "faces/upload-as-text": (400, "BINARY_AS_TEXT"),
    "faces/upload-without-boundary": (400, "NO_BOUNDARY"),
    "faces/upload-foreign-image": (404, "IMAGE_NOT_FOUND"),
    "faces/upload-two-ways": (422, "only one of them"),
    "faces/upload-private-address": (422, "UNACCEPTABLE_URL"),
    "faces/upload-wrong-method": (405, "METHOD_NOT_ALLOWED"),
    "faces/compare": (200, '"same": true'),
    "faces/compare-two-packs": (409, "darkroom faces reembed --model"),
    "faces/compare-wrong-length": (422, "has 2 numbers, and colours makes 3"),
    "faces/create-person": (201, '"personId": "ben"'),
    "faces/create-person-taken": (409, "PERSON_EXISTS"),
    "faces/people": (200, '"faceCount": 1'),
    "faces/person": (200, '"consentVersion": "2026-01"'),
    "faces/person-unknown": (404, "PERSON_NOT_FOUND"),
    "faces/change-person": (200, "Ada Lovelace"),
    "faces/erase-person": (202, "Job created for 1 person(s)"),
    "faces/enrol": (202, "Job created for 1 image(s)"),
    "faces/enrol-form": (202, "Job created for 1 image(s)"),
    "faces/enrol-without-consent": (403, "CONSENT_MISSING"),
    "faces/faces": (200, "cropUrl"),
    "faces/erase-face": (202, "Job created for 1 face(s)"),
    "faces/direct": (0, "Job created for 1 image(s)"),
    "faces/direct-compare": (0, '"same": false'),
    "faces/warmup": (0, "warm"),
    "search/search": (200, '"similarity": 1.0'),
    "search/search-embedding": (200, '"faceId": "ada-1"'),
    "search/search-wrong-length": (422, "BAD_EMBEDDING"),
    "search/search-not-a-number": (400, "NaN and Infinity are not JSON"),
    "search/search-another-pack": (409, "darkroom faces reembed --model another"),
    "search/search-unknown-person": (404, "PERSON_NOT_FOUND"),
    "search/direct": (0, '"matches": []'),
    "search/warmup": (0, "warm"),
    "preview/preview": (422, "HOST_NOT_FOUND"),
    "preview/private-address": (422, "UNACCEPTABLE_URL"),
    "preview/direct": (0, "HOST_NOT_FOUND"),
    "preview/warmup": (0, "warm"),
    "presign/put": (200, "uploads/2026/01/02/"),
    "presign/library": (200, "library/2026/01/02/"),
    "presign/base64": (200, "uploads/2026/01/02/"),
    "presign/broken-json": (400, "BROKEN_JSON"),
    "presign/svg": (415, "UNSUPPORTED_TYPE"),
    "presign/unknown-field": (422, "folder"),
    "presign/nobody": (401, "UNAUTHENTICATED"),
    "presign/wrong-method": (405, "METHOD_NOT_ALLOWED"),
    "presign/preflight": (204, ""),
    "presign/direct": (0, "uploads/2026/01/02/"),
    "presign/direct-body": (0, "uploads/2026/01/02/"),
    "presign/warmup": (0, "warm"),
    "receiver/process": (202, "Job created for 2 image(s)"),
    "receiver/process-callback": (202, "Job created for 2 image(s)"),
    "receiver/process-wait": (202, "PENDING"),
    "receiver/process-idempotent": (202, "Job created for 2 image(s)"),
    "receiver/process-multipart": (400, "NO_BOUNDARY"),
    "receiver/process-private-address": (422, "UNACCEPTABLE_URL"),
    "receiver/process-foreign-image": (404, "IMAGE_NOT_FOUND"),
    "receiver/process-wrong-method": (405, "METHOD_NOT_ALLOWED"),
    "receiver/cancel": (202, "CANCELLED"),
    "receiver/replay": (409, "JOB_NOT_ENDED"),
    "receiver/direct": (0, "Job created for 1 image(s)"),
    "receiver/direct-body": (0, "Job created for 1 image(s)"),
    "receiver/direct-cancel": (0, "CANCELLED"),
    "receiver/generate": (202, "Image generation started"),
    "receiver/generate-private-address": (422, "UNACCEPTABLE_URL"),
    "receiver/direct-generate": (0, "Image generation started"),
    "receiver/warmup": (0, "warm"),
    "status/job": (200, JOB_ID),
    "status/job-wait": (200, JOB_ID),
    "status/job-head": (200, ""),
    "status/job-malformed-id": (404, "JOB_NOT_FOUND"),
    "status/job-wrong-method": (405, "METHOD_NOT_ALLOWED"),
    "status/image-status": (404, "Job not found"),
    "status/image-status-short": (404, "Job not found"),
    "status/jobs": (200, JOB_ID),
    "status/jobs-filtered": (200, JOB_ID),
    "status/jobs-bad-query": (422, "limit"),
    "status/webhook": (404, "WEBHOOK_NOT_FOUND"),
    "status/health": (200, "ok"),
    "status/health-deep-without-key": (401, "UNAUTHENTICATED"),
    "status/openapi": (200, "3.1.0"),
    "status/docs": (200, "SwaggerUIBundle"),
    "status/unknown-path": (404, "ROUTE_NOT_FOUND"),
    "status/direct": (0, JOB_ID),
    "status/direct-list": (0, JOB_ID),
    "status/warmup": (0, "warm"),
}
"""By file: the gateway's status, 0 where the answer is bare, and what the answer holds."""


def make_people_known(api: Api) -> None:
    api.face("demo")
    api.person("demo", "cleo", consent=None)


def begin_the_job(api: Api, owner: str) -> None:
    made = api.parts.job_store.get(api.job(owner, callback_url="https://example.com/hook"))
    assert made is not None
    api.parts.job_store.create(replace(made, job_id=JOB_ID))


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_is_answered_as_its_name_says(api: Api, event: Event, name: str) -> None:
    function, _, case = name.partition("/")
    status, holds = EXPECTED[name]
    begin_the_job(api, direct.OWNER if case.startswith("direct") else "demo")
    make_people_known(api)
    answer = api.invoke(function, event(f"{name}.json"))
    if status:
        assert answer["statusCode"] == status, answer["body"]
        assert holds in answer["body"]
    else:
        assert holds in json.dumps(answer)
        assert "statusCode" not in answer


def test_every_event_file_is_replayed_and_every_expectation_has_its_file() -> None:
    files = {
        f"{path.parent.name}/{path.stem}" for name in OPERATIONS for path in (ROOT / "events" / name).glob("*.json")
    }
    assert files == set(EXPECTED)


def test_every_operation_has_an_event(event: Event) -> None:
    def operations(sent: dict[str, Any], function: str) -> set[str]:
        if "httpMethod" in sent:
            wanted = (sent["httpMethod"], sent["resource"])
            return {route.operation for route in ROUTES if (route.method, route.path) == wanted}
        return {str(sent.get("operation", direct.DEFAULTS[function]))}

    seen = {each for name in EXPECTED for each in operations(event(f"{name}.json"), name.partition("/")[0])}
    assert {route.operation for route in ROUTES} <= seen
