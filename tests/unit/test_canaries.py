"""Canary secrets, addresses and signatures, put wherever a caller, a far host or AWS can put text: none of them reaches
a log line, an error's answer, a webhook, a message or a dead letter."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from darkroom import observability
from darkroom.adapters.aws.calls import translated
from darkroom.adapters.heartbeat import ThreadedHeartbeat
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.vision import MemoryDetector
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.domain import api_keys, limits, webhooks
from darkroom.domain.messages import message
from darkroom.entry.queue import consume
from darkroom.errors import BadImageError, DarkroomError, FetchFailedError
from darkroom.observability import HiddenError, observed
from darkroom.ports import Fetched
from darkroom.usecases.detection import DetectionWork
from darkroom.usecases.running import Disposition, JobRunner

from tests.api import Api, MemoryParts

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from darkroom.domain.jobs import Job
    from darkroom.usecases.running import Run
    from numpy.typing import NDArray

SIGNATURE = "6f1d0c2b9e7a4d3f8b5c0a1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a"
CANARIES = {
    "jane.canary@mail.example.com": "jane.canary",
    webhooks.secret("canary", "canary"): webhooks.secret("canary", "canary")[6:],
    api_keys.mint("dev", bytes(range(100, 132))): api_keys.mint("dev", bytes(range(100, 132))),
    "Bearer canary.abcdefgh.ijklmnop": "canary.abcdefgh",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5": "eyJzdWIiOiJjYW5hcnkifQ",
    f"https://media.s3.amazonaws.com/a?X-Amz-Credential=AKIACANARYCANARY1234&X-Amz-Signature={SIGNATURE}": SIGNATURE,
    f"X-Amz-Signature={SIGNATURE}&X-Amz-Expires=900": SIGNATURE,
}
"""What is put somewhere, and the part of it that must not be found anywhere."""


def post(api: Api, key: str, path: str, body: object, **headers: str) -> Any:
    return api.send("POST", path, key=key, body=body, headers=headers)


PLACES: dict[str, Callable[[Api, str, str], Any]] = {
    "a header": lambda api, key, canary: api.send("GET", "/jobs", key=key, headers={"X-Extra": canary}),
    "the key": lambda api, _, canary: api.send("GET", "/jobs", key=canary),
    "the bearer token": lambda api, _, canary: api.send("GET", "/jobs", headers={"Authorization": canary}),
    "the content type": lambda api, key, canary: post(api, key, "/process", {}, **{"Content-Type": canary}),
    "Prefer": lambda api, key, canary: post(api, key, "/process", {}, Prefer=canary),
    "Idempotency-Key": lambda api, key, canary: post(
        api, key, "/process", {"imageUrls": ["https://example.com/a.jpg"]}, **{"Idempotency-Key": canary}
    ),
    "Origin": lambda api, key, canary: api.send("GET", "/jobs", key=key, headers={"Origin": canary}),
    "the path": lambda api, key, canary: api.send("GET", f"/{quote(canary, safe='')}", key=key),
    "a job's id": lambda api, key, canary: api.send("GET", f"/jobs/{quote(canary, safe='')}", key=key),
    "a query's value": lambda api, key, canary: api.send("GET", f"/jobs?status={quote(canary)}", key=key),
    "a query's name": lambda api, key, canary: api.send("GET", f"/jobs?{quote(canary, safe='')}=1", key=key),
    "a cursor": lambda api, key, canary: api.send("GET", f"/jobs?cursor={quote(canary, safe='')}", key=key),
    "the method": lambda api, key, canary: api.send(canary, "/jobs", key=key),
    "a broken body": lambda api, key, canary: post(api, key, "/process", f'{{"imageUrls": ["{canary}", '),
    "a body of bytes": lambda api, key, canary: post(api, key, "/process", b"\xff" + canary.encode()),
    "a bare body": lambda api, key, canary: post(api, key, "/process", json.dumps(canary)),
    "an image's URL": lambda api, key, canary: post(api, key, "/process", {"imageUrls": [canary]}),
    "a bucket": lambda api, key, canary: post(api, key, "/process", {"imageUrls": [f"s3://{canary}/a"]}),
    "an object's key": lambda api, key, canary: post(api, key, "/process", {"imageUrls": [f"s3://media/{canary}"]}),
    "a URL's credentials": lambda api, key, canary: post(
        api, key, "/process", {"imageUrls": [f"https://u:{canary}@example.com/a.jpg"]}
    ),
    "a callback": lambda api, key, canary: post(
        api, key, "/process", {"imageUrls": ["https://example.com/a"], "callbackUrl": f"ftp://{canary}"}
    ),
    "an unknown field": lambda api, key, canary: post(
        api, key, "/process", {"imageUrls": ["https://e.com/"], canary: 1}
    ),
    "a name twice": lambda api, key, canary: post(
        api, key, "/process", f"{{{json.dumps(canary)}: 1, {json.dumps(canary)}: 2}}"
    ),
    "a field of another type": lambda api, key, canary: post(api, key, "/process", {"imageUrls": canary}),
    "maxCost": lambda api, key, canary: post(
        api, key, "/process", {"imageUrls": ["https://e.com/"], "maxCost": canary}
    ),
    "the user's label": lambda api, key, canary: post(
        api, key, "/process", {"imageUrls": ["https://example.com/a"], "userId": canary}
    ),
    "the metadata": lambda api, key, canary: post(
        api, key, "/process", {"imageUrls": ["https://example.com/a"], "metadata": {canary: canary}}
    ),
    "a file's name": lambda api, key, canary: post(api, key, "/uploads/presign", {"filename": canary}),
    "a file's type": lambda api, key, canary: post(
        api, key, "/uploads/presign", {"filename": "a.jpg", "contentType": canary}
    ),
    "a purpose": lambda api, key, canary: post(api, key, "/uploads/presign", {"filename": "a.jpg", "purpose": canary}),
    "a direct invoke": lambda api, _, canary: api.invoke("receiver", {"operation": canary}),
    "a direct invoke's field": lambda api, _, canary: api.invoke("receiver", {canary: canary}),
}


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Everything that this process logged or printed."""
    observability.configure()
    logging.getLogger(observability.ROOT).setLevel(logging.DEBUG)

    def read() -> str:
        captured = capsys.readouterr()
        return captured.out + captured.err

    return read


@pytest.mark.parametrize("place", PLACES)
def test_what_a_caller_sends_reaches_no_log_and_no_error(place: str, written: Callable[[], str]) -> None:
    api = Api()
    key = api.key()
    for canary, part in CANARIES.items():
        answer = PLACES[place](api, key, canary)
        status = answer["status"] if isinstance(answer, dict) and "status" in answer else answer.status
        assert isinstance(status, str) or status < 500
        if isinstance(status, int) and status >= 400:
            told = json.dumps(answer) if isinstance(answer, dict) else answer.text + json.dumps(dict(answer.headers))
            assert part not in told, f"{canary} in {place} is told back"
        log = written()
        assert '"Answered"' in log, "the request was logged at all"
        assert part not in log, f"{canary} in {place} is logged"
        for queue in (api.parts.detect_queue, api.parts.webhook_queue):
            assert part not in "".join(queue.bodies)


def text_of_all() -> str:
    return " and ".join(CANARIES)


def runner(parts: MemoryParts) -> JobRunner:
    return JobRunner(
        store=parts.job_store,
        objects=parts.objects,
        endings=parts.endings(),
        clock=parts.clock,
        heartbeat=ThreadedHeartbeat(limits.HEARTBEAT),
        gigabytes=3.0,
    )


class Raises:
    """A work that fails with everything in its message."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self, run: Run) -> object:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(text_of_all()),
        BadImageError(text_of_all()),
        FetchFailedError(text_of_all()),
        KeyError(text_of_all()),
        UnicodeDecodeError("utf-8", text_of_all().encode(), 0, 1, text_of_all()),
    ],
)
def test_what_a_work_raises_reaches_no_log_no_webhook_and_no_dead_letter(
    error: Exception, written: Callable[[], str]
) -> None:
    parts = MemoryParts()
    callback = "https://hooks.example.com/in"
    parts.fetcher = MemoryFetcher({callback: Fetched(callback, 200, {}, b"")})
    api = Api(parts)
    job_id = api.job(callback_url=callback)
    run, work = runner(parts), Raises(error)

    def handle(job_id: str, receives: int) -> bool:
        return run.run(job_id, work, receives) is Disposition.DONE

    for _ in range(8):
        parts.detect_queue.pump(lambda event: consume(event, handle))
        parts.clock.advance(10 * limits.MINUTE)
    parts.webhook_queue.pump(lambda event: consume(event, lambda job_id, _: _delivered(parts, job_id)))
    (sent,) = parts.fetcher.sent
    assert parts.detect_queue.dead == ([] if isinstance(error, DarkroomError) else [message(job_id)])
    assert json.loads(sent.body)["data"]["status"] == "FAILED"
    shown = api.send("GET", f"/jobs/{job_id}", key=api.key())
    assert shown.json["error"]["code"]
    log = written()
    assert job_id in log
    for part in CANARIES.values():
        assert part not in log
        assert part not in sent.body.decode()
        assert part not in shown.text


def _delivered(parts: MemoryParts, job_id: str) -> bool:
    parts.webhooks().deliver(job_id)
    return True


@pytest.mark.parametrize("canary", CANARIES)
def test_a_callbacks_own_secret_reaches_its_receiver_only(canary: str, written: Callable[[], str]) -> None:
    callback = f"https://hooks.example.com/in?token={quote(canary, safe='')}"
    for answer in (Fetched(callback, 500, {"x-echo": canary}, b""), FetchFailedError(f"refused by {canary}")):
        parts = MemoryParts()
        parts.fetcher = MemoryFetcher({callback: answer})
        api = Api(parts)
        job_id = api.job(callback_url=callback)
        api.fail(job_id, "BAD_IMAGE", "No image")
        parts.webhook_queue.pump(lambda event: consume(event, lambda job_id, _: _delivered(parts, job_id)))  # noqa: B023
        (sent,) = parts.fetcher.sent
        assert quote(canary, safe="") in sent.url
        log = written()
        assert "Webhook retried" in log
        assert CANARIES[canary] not in log
        assert quote(CANARIES[canary], safe="") not in log
        assert CANARIES[canary] not in sent.body.decode()
        tries = api.send("GET", f"/jobs/{job_id}/webhook", key=api.key()).json["tries"]
        assert len(tries) == 1
        assert CANARIES[canary] not in str(tries)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ValidationException"])
def test_what_aws_says_reaches_no_log_and_no_error(code: str, written: Callable[[], str]) -> None:
    class Refusing(MemoryJobStore):
        def get(self, job_id: str) -> Job | None:
            with translated("DynamoDB"):
                raise ClientError({"Error": {"Code": code, "Message": text_of_all()}}, "GetItem")

    api = Api()
    job_id = api.job()
    api.parts.job_store = Refusing()
    answer = api.send("GET", f"/jobs/{job_id}", key=api.key())
    assert answer.status >= 500
    log = written()
    assert "GetItem" in log
    for part in CANARIES.values():
        assert part not in log
        assert part not in answer.text


def test_what_leaves_a_handler_says_nothing(written: Callable[[], str]) -> None:
    @observed
    def handler(event: object, context: object) -> None:
        raise RuntimeError(text_of_all())

    with pytest.raises(HiddenError) as hidden:
        handler({"Records": [text_of_all()]}, None)
    log = written()
    assert "RuntimeError" in log
    for part in CANARIES.values():
        assert part not in log
        assert part not in str(hidden.value)


def test_what_is_wrong_with_one_image_is_told_without_what_came_along() -> None:
    class Refuses:
        def read(self, data: bytes) -> NDArray[np.uint8]:
            raise BadImageError(text_of_all())

    parts = MemoryParts()
    api = Api(parts)
    job_id = api.job(images=2)
    work = DetectionWork(
        MemoryDetector,
        Refuses(),
        objects=parts.objects,
        uploads=parts.upload_store,
        fetcher=parts.fetcher,
        clock=parts.clock,
    )
    assert runner(parts).run(job_id, work, 1) is Disposition.DONE
    shown = api.send("GET", f"/jobs/{job_id}", key=api.key())
    assert [image["error"]["code"] for image in shown.json["detections"]] == ["BAD_IMAGE"] * 2
    for part in CANARIES.values():
        assert part not in shown.text
