"""The largest answers that there can be fit into what Lambda passes on, which the embedded AWS does not hold to."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from darkroom.domain import limits
from darkroom.domain.detection import DETECTIONS_PER_IMAGE
from darkroom.entry.views import ANSWERED_RESULT_BYTES

from tests.api import Api

LAMBDA_PAYLOAD: Final = 6 * 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, of the JSON that a function returns."""
DEAREST: Final = '"\\\u2028é'
"""Characters that grow most when they are written as JSON, and again when that is put into JSON as text."""


def payload(api: Api, target: str, key: str) -> tuple[dict[str, Any], int]:
    """What is answered, and its size as Lambda counts it: the body as a text within the function's JSON."""
    reply = api.send("GET", target, key=key)
    assert reply.status == 200, reply.text
    return reply.json, len(json.dumps({"headers": dict(reply.headers), "body": reply.text}).encode())


@pytest.fixture
def api() -> Api:
    return Api()


def test_a_full_page_of_the_largest_jobs_fits(api: Api) -> None:
    key = api.key()
    metadata = {"m": ""}
    while len(json.dumps(metadata, ensure_ascii=False).encode()) < limits.METADATA_BYTES - 16:
        metadata["m"] += DEAREST
    for _ in range(limits.PAGE_MAXIMUM):
        job = api.parts.detection_requests().submit(
            "ann",
            [api.upload() for _ in range(2)],
            user_id='"' * 255,
            metadata=metadata,
            callback_url="https://example.com/" + "x" * (limits.URL_CHARACTERS - 20),
        )
        api.fail(job.job_id, "BAD_IMAGE", '"' * 2_000)
    page, size = payload(api, f"/jobs?limit={limits.PAGE_MAXIMUM}", key)
    assert len(page["jobs"]) == limits.PAGE_MAXIMUM
    assert size < LAMBDA_PAYLOAD


def test_the_largest_result_that_is_answered_in_place_fits(api: Api) -> None:
    key = api.key()
    job = api.job(images=limits.IMAGES_PER_JOB)
    found = {"label": "dining table", "confidence": 0.1234, "bbox": [1234.5, 1234.5, 1234.5, 1234.5]}
    images: list[dict[str, Any]] = []
    result = {"engine": "onnx", "model": "yolox_s", "detections": images}
    for index in range(limits.IMAGES_PER_JOB):
        images.append(
            {
                "imageUrl": "https://example.com/" + "%22" * 600,
                "imageIndex": index,
                "detections": [found] * DETECTIONS_PER_IMAGE,
                "detectionCount": DETECTIONS_PER_IMAGE,
                "imageWidth": 7_000,
                "imageHeight": 7_000,
            }
        )
        if len(json.dumps(result)) > ANSWERED_RESULT_BYTES:
            images.pop()
            break
    api.complete(job, result)
    answer, size = payload(api, f"/jobs/{job}", key)
    assert answer["detections"] == images
    assert ANSWERED_RESULT_BYTES < size < LAMBDA_PAYLOAD


def test_a_larger_result_is_answered_as_a_url(api: Api) -> None:
    key = api.key()
    job = api.job()
    api.complete(job, {"engine": "x", "model": "y", "detections": [], "filling": "x" * ANSWERED_RESULT_BYTES})
    answer, size = payload(api, f"/jobs/{job}", key)
    assert "detections" not in answer
    assert answer["resultUrl"]
    assert size < LAMBDA_PAYLOAD // 100
