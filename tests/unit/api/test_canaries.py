"""Secrets, addresses and signatures that pass through the API reach neither its log nor its errors."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from darkroom import observability
from darkroom.errors import TransientError

from tests.api import Api, MemoryParts
from tests.face_parts import direction, photograph
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


def doodles() -> list[dict[str, Any]]:
    """Bad ones: of a good one the description is nobody's but the engine's."""
    said = f"{ADDRESS} {TOKEN} {SIGNED}"
    sound = {"action": "generate-doodle", "description": said}
    return [
        sound | {"count": 0},
        sound | {"style": said},
        sound | {"provider": f"{ADDRESS} {SIGNED}"},
        sound | {"model": f"{ADDRESS} {SIGNED}"},
        sound | {f"{SIGNED}": 1, ADDRESS: 2},
        sound | {"callbackUrl": f"http://127.0.0.1/?{SIGNED}"},
        {"action": said},
        {"action": "analyze-doodle", "imageData": f"data:{said}"},
        {"action": "analyze-doodle", "imageData": f"{ADDRESS}{SIGNATURE}", "mimeType": "image/png"},
        {"actions": [], ADDRESS: said},
    ]


def products() -> list[tuple[str, dict[str, Any]]]:
    urls = [
        f"https://shop.example/{ADDRESS}?{SIGNED}",  # a host that is not there
        f"http://127.0.0.1/?{SIGNED}",
        f"https://u:{PASSWORD}@shop.example/",
        f"mailto:{ADDRESS}",
    ]
    bad = [("/generative-ai-images/preview", {"productUrl": url}) for url in urls]
    bad += [("/generative-ai-images/generate", {"productUrl": url}) for url in urls[1:]]
    return [*bad, ("/generative-ai-images/generate", {"productUrl": urls[0], "provider": ADDRESS, SIGNED: 1})]


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
        *(api.send("POST", "/ai", key=key, body=body) for body in doodles()),
        *(api.send("POST", path, key=key, body=body) for path, body in products()),
        api.send("GET", f"/api/status/{ADDRESS}?{SIGNED}", key=key),
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


def test_no_canary_of_a_generation_reaches_the_log_or_a_queue(written: pytest.CaptureFixture[str]) -> None:
    api = Api(MemoryParts())
    key = api.key()
    doodle = {"action": "generate-doodle", "description": f"{ADDRESS} {TOKEN} {SIGNED}", "size": 64}
    product = {"productUrl": f"https://shop.example/{ADDRESS}?{SIGNED}", "callbackUrl": BODY["callbackUrl"]}
    replies = [
        api.send("POST", "/ai", key=key, body=doodle),
        api.send("POST", "/ai", key=key, body=doodle | {"fresh": True}, headers={"Prefer": "respond-async"}),
        api.send("POST", "/generative-ai-images/generate", key=key, body=product),
    ]
    assert [reply.status for reply in replies] == [200, 202, 202]
    jobs = [reply.json["jobId"] for reply in replies[1:]]
    assert api.parts.generation_queue.bodies == [json.dumps({"jobId": job_id}) for job_id in jobs]
    api.work_off()
    failed = api.send("GET", f"/api/status/{jobs[1]}", key=key)
    assert failed.json["status"] == "failed"
    captured = written.readouterr()
    log = captured.out + captured.err
    assert jobs[1] in log, "the test itself must see the log"
    for canary in (SIGNATURE, ADDRESS, "jane.doe", TOKEN, key):
        assert canary not in log + failed.text


def test_no_canary_reaches_a_queue(written: pytest.CaptureFixture[str]) -> None:
    api = Api(MemoryParts())
    job_id = api.send("POST", "/process", key=api.key(), body=BODY).json["jobId"]
    assert api.parts.detect_queue.bodies == [json.dumps({"jobId": job_id})]


def test_no_vector_and_no_picture_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Biometric data: what is found, compared, looked for and enrolled leaves no number of it in any line."""
    observability.configure()
    api = Api()
    key = api.key()
    api.face()
    picture = base64.b64encode(photograph("red")).decode()
    numbers = [0.123456789012, -0.5432109876, 0.333333333333]
    embedding = {"embedding": numbers}
    told = []
    for target, body in (
        ("/upload-images", {"images": [{"imageData": picture}]}),
        ("/faces/compare", {"faces": [embedding, {"imageData": picture}]}),
        ("/faces/compare", {"faces": [embedding, {"embedding": numbers[:2]}]}),
        ("/faces/search", embedding),
        ("/faces/search", {"embedding": [*numbers, 1e999]}),
        ("/people/ada/faces", {"images": [{"imageData": picture}]}),
    ):
        reply = api.send("POST", target, key=key, body=body, headers={"Prefer": "respond-async"})
        assert reply.status < 500
        told.append(reply.text)
    api.find_faces()
    api.change_index()
    written = capsys.readouterr()
    log = written.out + written.err
    assert '"Answered"' in log
    for secret in (
        picture[:60],
        *(str(number)[:9] for number in numbers),
        *(f"{part:.7f}"[:8] for part in direction("red")),
    ):
        assert secret not in log, secret
    assert all(str(numbers[0]) not in text for text in told)
