"""Secrets, addresses and signatures that pass through the API reach neither its log nor its errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from darkroom import observability
from darkroom.errors import TransientError

from tests.api import Api, MemoryParts
from tests.unit.api.test_http import UNKNOWN, BrokenJobStore

if TYPE_CHECKING:
    from tests.api import Reply

SIGNATURE = "6f1d0c2b9e7a4d3f8b5c0a1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a"
ADDRESS = "jane.doe@example.com"
TOKEN = "abracadabra-7f3a"
PASSWORD = "hunter2hunter2"
SIGNED = f"X-Amz-Signature={SIGNATURE}"
BODY = {
    "imageUrls": ["https://example.com/a.jpg"],
    "userId": ADDRESS,
    "metadata": {"password": PASSWORD, "mail": ADDRESS},
    "callbackUrl": f"https://hooks.example.com/in?token={TOKEN}",
}


def requests(api: Api, key: str) -> list[Reply]:
    """Good and bad ones, with a canary wherever a caller can put one."""
    url = api.upload()
    mistyped = key[:-1] + ("y" if key.endswith("x") else "x")
    replies = [
        api.send("POST", "/process", key=key, body=BODY),
        api.send("POST", "/process", key=key, body=BODY | {"imageUrls": [f"{url}?{SIGNED}"]}),
        api.send("POST", "/process", key=key, body=BODY | {"imageUrls": [f"https://u:{PASSWORD}@example.com/a"]}),
        api.send("POST", "/process", key=key, body=BODY | {"imageUrls": [f"http://127.0.0.1/?{SIGNED}"]}),
        api.send("POST", "/process", key=key, body=BODY | {"imageUrls": [f"s3://media/a/{ADDRESS}"]}),
        api.send("POST", "/process", key=key, body=BODY | {f"{SIGNED}": 1, ADDRESS: 2}),
        api.send("POST", "/process", key=key, body=json.dumps(BODY)[:-1]),
        api.send("POST", "/process", key=key, body=BODY, headers={"Idempotency-Key": f"{ADDRESS} {TOKEN}"}),
        api.send("POST", "/process", key=mistyped, body=BODY, headers={"Authorization": f"Bearer {TOKEN}"}),
        api.send("POST", "/uploads/presign", key=key, body={"filename": f"{ADDRESS}.exe"}),
        api.send("POST", "/uploads/presign", key=key, body={"filename": "a", "contentType": ADDRESS}),
        api.send("GET", f"/jobs?cursor={ADDRESS}&{SIGNED}", key=key),
        api.send("GET", f"/jobs/{ADDRESS}?{SIGNED}", key=key),
        api.send("GET", f"/{ADDRESS}?{SIGNED}", key=key),
    ]
    for error in (TransientError(f"S3 said {SIGNED}"), RuntimeError(f"{ADDRESS} {SIGNED} {key}")):
        api.parts.job_store = BrokenJobStore(error)
        replies.append(api.send("GET", f"/jobs/{UNKNOWN}", key=key))
    return replies


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    observability.configure()
    return capsys


def test_no_canary_reaches_a_log_line_or_an_error(written: pytest.CaptureFixture[str]) -> None:
    api = Api(MemoryParts())
    key = api.key()
    replies = requests(api, key)
    captured = written.readouterr()
    log = captured.out + captured.err
    assert len(log.splitlines()) >= len(replies), "the test itself must see the log"
    assert "Traceback" in log
    refusals = "".join(reply.text for reply in replies if reply.status >= 400)
    assert len([reply for reply in replies if reply.status >= 400]) == len(replies) - 1
    for canary in (SIGNATURE, ADDRESS, "jane.doe", PASSWORD, TOKEN, key):
        assert canary not in log
        assert canary not in refusals


def test_no_canary_reaches_a_queue(written: pytest.CaptureFixture[str]) -> None:
    api = Api(MemoryParts())
    job_id = api.send("POST", "/process", key=api.key(), body=BODY).json["jobId"]
    assert api.parts.detect_queue.bodies == [json.dumps({"jobId": job_id})]
