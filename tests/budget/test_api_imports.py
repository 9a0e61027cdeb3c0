"""A cold start of the API pays for what its request uses, and for nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.conftest import ROOT

FORBIDDEN = {
    "pydantic",
    "boto3",
    "PIL",
    "numpy",
    "cv2",
    "onnxruntime",
    "openai",
    "replicate",
    "google",
    "aws_xray_sdk",
    "httpx",
    "jwt",
    "dlib",
    "insightface",
    "lancedb",
    "pyarrow",
    "fontTools",
    "lxml",
    "resvg_py",
}
REQUESTS: dict[str, int | str | None] = {
    "presign/put": 200,
    "presign/direct": None,
    "receiver/process": 202,
    "receiver/process-idempotent": 202,
    "receiver/process-foreign-image": 404,
    "receiver/cancel": 404,
    "receiver/generate": 202,
    "receiver/generate-private-address": 422,
    "doodle/async": 202,
    "doodle/provider": 202,
    "doodle/count-zero": 422,
    "doodle/retired-model": 422,
    "preview/private-address": 422,
    "faces/upload": 202,
    "faces/upload-json": 202,
    "faces/upload-private-address": 422,
    "faces/upload-foreign-image": 404,
    "faces/compare-two-packs": 409,
    "faces/create-person": 201,
    "faces/people": 200,
    "faces/person-unknown": 404,
    "faces/upload-without-end": 400,
    "faces/person": 404,
    "faces/enrol": 404,
    "faces/faces": 404,
    "status/job": 404,
    "status/image-status": 404,
    "status/image-status-short": 404,
    "status/health": 200,
    "status/openapi": 200,
    "status/docs": 200,
    "authorizer/key": "Unauthorized",
}
"""One request for each way through an API function, and what it answers; None where that is bare."""
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "BUCKET_NAME": "media",
    "TABLE_NAME": "jobs",
    "UPLOADS_TABLE_NAME": "uploads",
    "KEYS_TABLE_NAME": "keys",
    "PEOPLE_TABLE_NAME": "people",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/detect",
    "GENERATION_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/generation",
    "FACE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/faces",
    "INDEX_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/index",
    "FACE_FUNCTION_NAME": "face_embed",
    "WEBHOOK_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/webhooks",
    "ALLOWED_ORIGINS": "https://app.example",
    "STAGE": "dev",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
}


@cache
def cold(name: str) -> dict[str, Any]:
    program = ROOT / "tests" / "budget" / "cold_request.py"
    ran = subprocess.run(
        [sys.executable, program, name.partition("/")[0], ROOT / "events" / f"{name}.json"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    seen: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return seen


def packages(modules: list[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("name", REQUESTS)
def test_one_request_loads_none_of_what_it_does_not_use(name: str) -> None:
    seen = cold(name)
    answer, expected = seen["answer"], REQUESTS[name]
    assert expected in (None, answer if isinstance(answer, str) else answer.get("statusCode")), answer
    assert packages(seen["modules"]) & FORBIDDEN == set()


@pytest.mark.parametrize("name", ["status/health", "status/openapi", "status/docs"])
def test_a_request_that_asks_nothing_of_aws_loads_no_client(name: str) -> None:
    ours = {module for module in cold(name)["modules"] if module.startswith("darkroom.adapters.aws.")}
    itself = {"darkroom.adapters.aws.clients", "darkroom.adapters.aws.sessions"}
    assert ours <= itself, "the program of this test loads these itself"


@pytest.mark.parametrize(
    "function",
    ["authorizer", "doodle", "faces", "face_embed", "presign", "preview", "receiver", "search", "status", "worker"],
)
def test_a_warmup_loads_neither_an_engine_nor_a_client(function: str) -> None:
    seen = cold(f"{function}/warmup")
    assert seen["answer"] == {"warm": True}
    assert packages(seen["modules"]) & FORBIDDEN == set()
    loaded = {module for module in seen["modules"] if module.startswith("darkroom.adapters.")}
    assert loaded <= {"darkroom.adapters.aws", "darkroom.adapters.aws.clients", "darkroom.adapters.aws.sessions"}


@pytest.mark.parametrize("name", ["status/job", "status/image-status", "receiver/cancel", "authorizer/key"])
def test_a_route_that_checks_no_content_loads_no_validator(name: str) -> None:
    assert "pydantic_core" not in packages(cold(name)["modules"])


@pytest.mark.parametrize(
    "function",
    ["presign", "receiver", "status", "authorizer", "doodle", "preview", "worker", "faces", "face_embed", "search"],
)
def test_importing_a_handler_makes_nothing(function: str) -> None:
    """Nothing happens at import: no client, no settings, no logger of Powertools."""
    name = next((name for name in REQUESTS if name.startswith(function)), f"{function}/warmup")
    assert packages(cold(name)["at_import"]) & (FORBIDDEN | {"botocore", "aws_lambda_powertools"}) == set()
