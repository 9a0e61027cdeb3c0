"""A picture that is uploaded for its faces becomes a job by itself: storage tells a queue, and that a function."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from local.stack import Stack
    from tests.conftest import Material

SECONDS = 60


def upload(api: httpx.Client, storage: httpx.Client, name: str, content: bytes) -> dict[str, Any]:
    asked = {"filename": name, "contentType": "image/jpeg", "purpose": "faces", "size": len(content)}
    signed = api.post("/uploads/presign", json=asked)
    assert signed.status_code == 200, signed.text
    told: dict[str, Any] = signed.json()
    assert storage.put(told["url"], content=content, headers=told["headers"]).status_code == 200
    return told


def face_jobs(api: httpx.Client, least: int) -> list[dict[str, Any]]:
    """The caller's jobs of kind faces once there are so many and all have ended."""
    deadline = time.monotonic() + SECONDS
    while True:
        answer = api.get("/jobs", params={"kind": "faces"})
        assert answer.status_code == 200, answer.text
        jobs: list[dict[str, Any]] = answer.json()["jobs"]
        if len(jobs) >= least and all(job["status"] in ("COMPLETED", "FAILED") for job in jobs):
            return jobs
        assert time.monotonic() < deadline, jobs
        time.sleep(0.5)


def test_an_upload_for_faces_becomes_a_job_of_its_owner_with_the_faces_that_are_on_it(
    api_with_key: Any, stack: Stack, stranger: httpx.Client, storage: httpx.Client, testdata: Material
) -> None:
    with api_with_key(stack.make_key("depicted")) as owner:
        upload(owner, storage, "obama (1) ü.jpg", testdata("faces/obama.jpg").read_bytes())
        (ended,) = face_jobs(owner, 1)
        job = owner.get(f"/jobs/{ended['jobId']}").json()
    assert job["status"] == "COMPLETED", job
    (result,) = job["result"]["results"]
    assert result["faceCount"] == 1
    assert result["name"] == "obama (1) ü.jpg"
    assert len(result["faces"][0]["embedding"]) == job["result"]["model"]["dimensions"]
    assert stranger.get(f"/jobs/{ended['jobId']}").status_code == 404
    assert ended["jobId"] not in {job["jobId"] for job in stranger.get("/jobs").json()["jobs"]}


def test_what_storage_holds_below_other_prefixes_becomes_no_job(
    api_with_key: Any, stack: Stack, storage: httpx.Client, testdata: Material
) -> None:
    with api_with_key(stack.make_key("another")) as other:
        asked = {"filename": "obama.jpg", "contentType": "image/jpeg"}
        signed = other.post("/uploads/presign", json=asked).json()
        content = testdata("faces/obama.jpg").read_bytes()
        assert storage.put(signed["url"], content=content, headers=signed["headers"]).status_code == 200
        upload(other, storage, "biden.jpg", testdata("faces/biden.jpg").read_bytes())
        (job,) = face_jobs(other, 1)
        assert other.get(f"/jobs/{job['jobId']}").json()["result"]["results"][0]["name"] == "biden.jpg"


def test_nothing_that_storage_told_ends_among_dead_letters(stack: Stack) -> None:
    sqs = stack.client("sqs")
    for output in ("FaceUploadsDeadLetterQueueUrl", "FaceDeadLetterQueueUrl"):
        told = sqs.get_queue_attributes(QueueUrl=stack.outputs[output], AttributeNames=["ApproximateNumberOfMessages"])
        assert told["Attributes"]["ApproximateNumberOfMessages"] == "0"
