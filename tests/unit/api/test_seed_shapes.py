"""What the first documents promise, held to their literal examples: every field and value of them, field by field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.contracts.models import model

if TYPE_CHECKING:
    from tests.api import Api

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

DETECTIONS: dict[str, Any] = {
    "engine": "onnx",
    "model": "yolox_tiny",
    "detections": [
        {
            "imageUrl": "s3://media/uploads/2026/01/02/1-cat.jpg",
            "imageIndex": 0,
            "detections": [{"label": "cat", "confidence": 0.9731, "bbox": [12.5, 30.0, 220.1, 310.4]}],
            "detectionCount": 1,
            "imageWidth": 640,
            "imageHeight": 480,
        },
        {
            "imageUrl": "https://example.com/broken.jpg",
            "imageIndex": 1,
            "detections": [],
            "detectionCount": 0,
            "error": {"code": "BAD_IMAGE", "message": "The file is no image"},
        },
    ],
}


def fits(name: str, body: Any) -> None:
    """The answer is exactly what its model documents."""
    model(name).model_validate(body)


def test_presign_answers_a_put_and_a_form(api: Api, key: str) -> None:
    body = {"filename": "my cat.jpg", "contentType": "image/jpeg", "size": 204_800}
    reply = api.send("POST", "/uploads/presign", key=key, body=body)
    assert reply.status == 200
    answer = reply.json
    assert answer["key"] == answer["post"]["fields"]["key"]
    assert re.fullmatch(rf"uploads/2026/01/02/{UUID}-my-cat\.jpg", answer["key"])
    assert answer == {
        "url": answer["url"],
        "key": answer["key"],
        "bucket": "media",
        "method": "PUT",
        "headers": {"Content-Type": "image/jpeg", "Content-Length": "204800", "If-None-Match": "*"},
        "expiresAt": "2026-01-02T03:19:05.000Z",
        "post": {
            "url": "https://media.invalid/",
            "fields": {
                "key": answer["key"],
                "Content-Type": "image/jpeg",
                "policy": "smallest=204800&largest=204800&expires=900",
            },
        },
    }
    assert answer["key"] in answer["url"]
    fits("uploads.PresignAnswer", answer)


@pytest.mark.parametrize(("purpose", "prefix"), [("process", "uploads/"), ("library", "library/"), ("faces", "faces/")])
def test_the_key_begins_by_purpose(api: Api, key: str, purpose: str, prefix: str) -> None:
    reply = api.send("POST", "/uploads/presign", key=key, body={"filename": "a.png", "purpose": purpose})
    assert reply.json["key"].startswith(prefix)


def test_presign_without_a_size_leaves_the_length_unsigned(api: Api, key: str) -> None:
    reply = api.send("POST", "/uploads/presign", key=key, body={"filename": "a.png"})
    assert reply.json["headers"] == {"Content-Type": "image/png"}


def test_process_answers_a_pending_job(api: Api, key: str) -> None:
    body = {
        "imageUrls": [api.upload(), "https://example.com/dog.jpg"],
        "userId": "user-7",
        "metadata": {"album": "pets"},
        "callbackUrl": "https://example.com/hook",
    }
    reply = api.send("POST", "/process", key=key, body=body)
    assert reply.status == 202
    answer = reply.json
    promised = {
        "success": True,
        "jobId": answer["jobId"],
        "status": "PENDING",
        "message": "Job created for 2 image(s)",
        "imageCount": 2,
    }
    assert re.fullmatch(UUID, answer["jobId"])
    assert answer == promised | {"estimate": answer["estimate"]}
    assert reply.headers["location"] == f"/dev/jobs/{answer['jobId']}"
    assert int(reply.headers["retry-after"]) >= 1
    fits("detection.ProcessAnswer", answer)


def test_a_pending_job_reads_as_promised(api: Api, key: str) -> None:
    body = {"imageUrls": [api.upload()], "userId": "user-7", "metadata": {"album": None}, "maxCost": 1}
    job_id = api.send("POST", "/process", key=key, body=body).json["jobId"]
    reply = api.send("GET", f"/jobs/{job_id}", key=key)
    assert reply.status == 200
    answer = reply.json
    nothing = {"usd": 0.0, "providerUnits": 0, "gbSeconds": 0.0, "bytesIn": 0, "bytesOut": 0}
    assert answer == {
        "jobId": job_id,
        "status": "PENDING",
        "imageCount": 1,
        "progress": 0,
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:05.678Z",
        # added since
        "kind": "detection",
        "estimatedCompletionAt": answer["estimatedCompletionAt"],
        "userId": "user-7",
        "metadata": {"album": None},
        "estimate": answer["estimate"],
        "cost": nothing,
        "maxCost": 1,
    }
    assert answer["estimate"]["usd"] > 0
    assert answer["estimatedCompletionAt"] > answer["createdAt"]
    assert int(reply.headers["retry-after"]) >= 1
    fits("jobs.JobAnswer", answer)


def test_a_processing_job_is_upper_case_too(api: Api, key: str) -> None:
    job_id = api.job()
    api.start(job_id)
    answer = api.send("GET", f"/jobs/{job_id}", key=key).json
    assert answer["status"] == "PROCESSING"
    fits("jobs.JobAnswer", answer)


def test_a_completed_detection_carries_its_detections(api: Api, key: str) -> None:
    job_id = api.job()
    api.parts.clock.advance(4_000)
    api.complete(job_id, DETECTIONS)
    reply = api.send("GET", f"/jobs/{job_id}", key=key)
    answer = reply.json
    assert answer == {
        "jobId": job_id,
        "status": "COMPLETED",
        "imageCount": 2,
        "progress": 100,
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:09.678Z",
        "detections": [
            {
                "imageUrl": "s3://media/uploads/2026/01/02/1-cat.jpg",
                "imageIndex": 0,
                "detections": [{"label": "cat", "confidence": 0.9731, "bbox": [12.5, 30.0, 220.1, 310.4]}],
                "detectionCount": 1,
                "imageWidth": 640,
                "imageHeight": 480,
            },
            {
                "imageUrl": "https://example.com/broken.jpg",
                "imageIndex": 1,
                "detections": [],
                "detectionCount": 0,
                "error": {"code": "BAD_IMAGE", "message": "The file is no image"},
            },
        ],
        # added since
        "kind": "detection",
        "endedAt": "2026-01-02T03:04:09.678Z",
        "estimate": answer["estimate"],
        "cost": {"usd": 0.002, "providerUnits": 2, "gbSeconds": 0.5, "bytesIn": 1000, "bytesOut": 0},
        "engine": "onnx",
        "model": "yolox_tiny",
    }
    assert "retry-after" not in reply.headers
    fits("jobs.JobAnswer", answer)


def test_a_failed_job_says_why(api: Api, key: str) -> None:
    job_id = api.job()
    api.fail(job_id, "NO_MODEL", "There is no model. Run `make models`.")
    answer = api.send("GET", f"/jobs/{job_id}", key=key).json
    assert answer["status"] == "FAILED"
    assert answer["error"] == {"code": "NO_MODEL", "message": "There is no model. Run `make models`."}
    fits("jobs.JobAnswer", answer)


def test_jobs_are_listed_newest_first_with_an_opaque_cursor(api: Api, key: str) -> None:
    made = []
    for _ in range(5):
        made.append(api.job())
        api.parts.clock.advance(1_000)
    first = api.send("GET", "/jobs?limit=3", key=key)
    assert first.status == 200
    assert set(first.json) == {"jobs", "cursor"}
    fits("jobs.JobPage", first.json)
    second = api.send("GET", f"/jobs?limit=3&cursor={first.json['cursor']}", key=key)
    assert set(second.json) == {"jobs"}
    assert [job["jobId"] for job in first.json["jobs"] + second.json["jobs"]] == made[::-1]
    assert "detections" not in first.json["jobs"][0]


def test_a_list_can_be_filtered_by_status_and_kind(api: Api, key: str) -> None:
    waiting, done = api.job(), api.job()
    api.complete(done, DETECTIONS)
    for status, expected in (("COMPLETED", [done]), ("PENDING", [waiting]), ("EXPIRED", [])):
        listed = api.send("GET", f"/jobs?status={status}&kind=detection", key=key).json["jobs"]
        assert [job["jobId"] for job in listed] == expected


def test_cancelling_answers_the_cancelled_job_and_then_conflicts(api: Api, key: str) -> None:
    job_id = api.job()
    reply = api.send("DELETE", f"/jobs/{job_id}", key=key)
    assert (reply.status, reply.json["status"], reply.json["jobId"]) == (202, "CANCELLED", job_id)
    fits("jobs.JobAnswer", reply.json)
    again = api.send("DELETE", f"/jobs/{job_id}", key=key)
    assert (again.status, again.json["code"]) == (409, "JOB_ENDED")
    assert again.json["message"] == again.json["detail"]


def test_the_log_of_a_webhook_and_its_replay(api: Api, key: str) -> None:
    job_id = api.job(callback_url="https://example.com/hook")
    api.complete(job_id, DETECTIONS)
    api.parts.webhooks().deliver(job_id)
    reply = api.send("GET", f"/jobs/{job_id}/webhook", key=key)
    assert reply.json == {
        "jobId": job_id,
        "url": "https://example.com/hook",
        "status": "PENDING",
        "messageId": f"msg_{job_id}",
        "nextTryAt": "2026-01-02T03:05:05.678Z",
        "tries": [{"at": "2026-01-02T03:04:05.678Z", "durationMs": 0, "note": "There is no such host"}],
    }
    fits("jobs.DeliveryAnswer", reply.json)
    replayed = api.send("POST", f"/jobs/{job_id}/webhook/replay", key=key)
    assert replayed.status == 202
    assert replayed.json["messageId"] != reply.json["messageId"]
    fits("jobs.DeliveryAnswer", replayed.json)


def test_health_is_shallow_and_anonymous(api: Api) -> None:
    reply = api.send("GET", "/health")
    assert (reply.status, reply.json) == (200, {"status": "ok", "stage": "dev"})
    fits("service.HealthAnswer", reply.json)


def test_an_error_is_problem_json_with_a_code_a_request_id_and_a_fix(api: Api, key: str) -> None:
    reply = api.send("GET", "/jobs/00000000-0000-4000-8000-000000000000", key=key)
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json == {
        "type": "urn:darkroom:problem:job-not-found",
        "title": "There is no such thing",
        "status": 404,
        "detail": "Job not found",
        "code": "JOB_NOT_FOUND",
        "requestId": "request-1",
        "fix": "Check the id, and that the key is the one that created the job.",
        "message": "Job not found",
    }
    fits("service.Problem", reply.json)


def test_an_invalid_request_lists_each_field(api: Api, key: str) -> None:
    reply = api.send("POST", "/process", key=key, body={"imageUrls": [], "color": "red"})
    assert reply.status == 422
    assert reply.json["errors"] == [
        {"field": "imageUrls", "message": "has too few entries; 1 is the least"},
        {"field": "color", "message": "is not a known field"},
    ]
    assert reply.json["message"] == reply.json["detail"]
    fits("service.Problem", reply.json)
