"""The function that finds faces: its sample events, and whoever invokes it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.domain import limits
from darkroom.domain.jobs import Kind, State
from darkroom.domain.uploads import Purpose, Upload
from darkroom.entry import face_reading
from darkroom.errors import TransientError

from functions.face_embed import handler
from tests.conftest import ROOT
from tests.face_parts import direction, photograph

if TYPE_CHECKING:
    from darkroom.domain.jobs import Job
    from darkroom.ports import FaceModel

    from tests.api import Api
    from tests.conftest import Event

JOB_ID = "7d1f0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6"
KEY = "faces/2026/01/02/9b2f7c1e-5a4d-4e3f-8b6a-0c1d2e3f4a5b-ada.png"
"""Of the events."""
ADA = {"imageData": base64.b64encode(photograph("red")).decode()}


def upload(api: Api, key: str = KEY, *, owner: str = "ann", purpose: Purpose = Purpose.FACES) -> None:
    """What presign and the client did before storage tells of it."""
    now = api.parts.clock.now()
    row = Upload(key, owner, purpose, "ada.png", "image/png", None, now, now + limits.UPLOAD_KEPT)
    api.parts.upload_store.put(row)
    api.parts.objects.write(key, photograph("red"), content_type="image/png")


def send(api: Api, event: object) -> dict[str, Any]:
    return handler.serve(event, "invocation-1", api.parts)


def jobs(api: Api, owner: str = "ann") -> list[Job]:
    return list(api.parts.jobs().list(owner).jobs)


def begin_the_job(api: Api) -> None:
    made = api.parts.job_store.get(api.faces_job(photograph("red")))
    assert made is not None
    api.parts.job_store.create(replace(made, job_id=JOB_ID))


EXPECTED = {
    "job": '{"batchItemFailures": []}',
    "last-receive": '{"batchItemFailures": []}',
    "unreadable": '{"batchItemFailures": []}',
    "arrival": '{"batchItemFailures": []}',
    "arrival-twice": '{"batchItemFailures": []}',
    "arrival-overwritten": '{"batchItemFailures": []}',
    "arrival-encoded": '{"batchItemFailures": []}',
    "arrival-of-nobody": '{"batchItemFailures": []}',
    "test-event": '{"batchItemFailures": []}',
    "direct": '"embedding": [',
    "direct-draw": '"annotatedUrl": "https://',
    "direct-several": "BAD_IMAGE",
    "direct-another-pack": "PACK_MISMATCH",
    "direct-unknown-field": "is not a known field",
    "warmup": "warm",
}
"""By file: what the answer holds."""
JOBS = {"arrival": 1, "arrival-twice": 1, "arrival-overwritten": 2, "arrival-encoded": 1, "arrival-of-nobody": 0}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_is_answered_as_its_name_says(api: Api, event: Event, name: str) -> None:
    upload(api)
    begin_the_job(api)
    sent = event(f"face_embed/{name}.json")
    answered = handler.handler(sent, None) if name == "warmup" else send(api, sent)
    assert EXPECTED[name] in json.dumps(answered)
    assert len([job for job in jobs(api) if "s3Uri" in job.request["images"][0]]) == JOBS.get(name, 0)


def test_every_event_file_is_replayed() -> None:
    assert {path.stem for path in (ROOT / "events" / "face_embed").glob("*.json")} == set(EXPECTED)


# --- uploads that arrive ----------------------------------------------------------------------------------------------


def test_an_upload_becomes_faces_of_its_owners(api: Api, event: Event) -> None:
    upload(api)
    send(api, event("face_embed/arrival.json"))
    api.find_faces()
    (job,) = jobs(api)
    assert (job.kind, job.owner, job.state) == (Kind.FACES, "ann", State.COMPLETED)
    reply = api.send("GET", f"/jobs/{job.job_id}", key=api.key("ann")).json
    (result,) = reply["result"]["results"]
    assert (result["name"], result["faceCount"]) == ("ada.png", 1)
    assert api.send("GET", f"/jobs/{job.job_id}", key=api.key("ben")).status == 404


def test_an_upload_that_is_told_of_again_later_is_still_one_job(api: Api, event: Event) -> None:
    upload(api)
    send(api, event("face_embed/arrival.json"))
    api.find_faces()
    api.parts.clock.advance(limits.HOUR)
    send(api, event("face_embed/arrival-twice.json"))
    assert [job.state for job in jobs(api)] == [State.COMPLETED]


@pytest.mark.parametrize("purpose", [Purpose.PROCESS, Purpose.LIBRARY])
def test_an_upload_for_another_purpose_is_left_alone(api: Api, event: Event, purpose: Purpose) -> None:
    upload(api, purpose=purpose)
    assert send(api, event("face_embed/arrival.json")) == {"batchItemFailures": []}
    assert jobs(api) == []
    assert api.parts.objects.head(KEY) is not None


def test_an_upload_whose_row_is_past_its_time_is_left_alone(api: Api, event: Event) -> None:
    upload(api)
    api.parts.clock.advance(limits.UPLOAD_KEPT)
    send(api, event("face_embed/arrival.json"))
    assert jobs(api) == []


def test_an_object_of_another_bucket_is_left_alone(api: Api, event: Event) -> None:
    upload(api)
    sent = event("face_embed/arrival.json")
    sent["Records"][0]["body"] = sent["Records"][0]["body"].replace('"name": "media"', '"name": "theirs"')
    send(api, sent)
    assert jobs(api) == []


def test_an_arrival_that_cannot_be_stored_comes_again(api: Api, event: Event) -> None:
    upload(api)
    sent = event("face_embed/arrival.json")
    whole = api.parts.job_store.create

    def throttled(job: Job) -> Job:
        raise TransientError(f"{job.kind} was throttled")

    api.parts.job_store.create = throttled  # type: ignore[method-assign]
    assert send(api, sent) == {"batchItemFailures": [{"itemIdentifier": sent["Records"][0]["messageId"]}]}
    api.parts.job_store.create = whole  # type: ignore[method-assign]
    send(api, sent)
    assert len(jobs(api)) == 1


def test_a_picture_that_is_overwritten_with_junk_is_that_jobs_error(api: Api, event: Event) -> None:
    upload(api)
    api.parts.objects.write(KEY, b"junk", content_type="image/png")
    send(api, event("face_embed/arrival.json"))
    api.find_faces()
    (job,) = jobs(api)
    (result,) = api.parts.jobs().result(job)["results"]
    assert (job.state, result["error"]["code"]) == (State.COMPLETED, "BAD_IMAGE")


# --- whoever invokes --------------------------------------------------------------------------------------------------


def test_faces_are_answered_at_once(api: Api) -> None:
    answered = send(api, {"images": [ADA | {"name": "ada.png"}, {"imageData": "!"}]})
    assert answered["model"] == {
        "engine": "memory", "pack": "colours", "dimensions": 3, "licence": "commercial", "threshold": 0.5,
    }  # fmt: skip
    found, broken = answered["results"]
    (face,) = found.pop("faces")
    assert found == {"imageIndex": 0, "name": "ada.png", "imageWidth": 120, "imageHeight": 80, "faceCount": 1}
    assert face["bbox"] == [10.0, 20.0, 35.0, 50.0]
    assert face["embedding"] == pytest.approx(direction("red").tolist(), abs=1e-7)
    assert "crop" not in face
    assert broken == {
        "imageIndex": 1,
        "name": "image-1",
        "error": {"code": "BROKEN_BASE64", "message": "The picture is not valid base64"},
    }


def test_a_single_face_comes_with_its_crop_where_it_is_asked_for(api: Api) -> None:
    two = {"imageData": base64.b64encode(photograph("red", "blue")).decode()}
    one, several = send(api, {"images": [ADA, two], "crops": True})["results"]
    assert base64.b64decode(one["faces"][0]["crop"]).startswith(b"P6\n")
    assert [set(face) & {"crop"} for face in several["faces"]] == [set(), set()]


def test_an_owner_is_believed_and_so_is_a_key(api: Api) -> None:
    upload(api)
    for image in ({"s3Uri": f"s3://media/{KEY}"}, {"key": KEY}):
        assert send(api, {"images": [image], "owner": "ann"})["results"][0]["faceCount"] == 1
    assert send(api, {"images": [{"s3Uri": f"s3://media/{KEY}"}], "owner": "ben"})["results"][0]["error"]["code"] == (
        "IMAGE_NOT_FOUND"
    )


def test_no_image_gives_the_model(api: Api) -> None:
    answered = send(api, {"images": [], "pack": "colours"})
    assert (answered["model"]["pack"], answered["results"]) == ("colours", [])


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (None, "body"),
        ([], "body"),
        ({}, "images"),
        ({"images": None}, "images"),
        ({"images": {}}, "images"),
        ({"images": [7]}, "images[0]"),
        ({"images": [{}]}, "images[0]"),
        ({"images": [{"imageData": 7}]}, "images[0]"),
        ({"images": [{"imageData": ""}]}, "images[0]"),
        ({"images": [{"imageData": "a", "url": "b"}]}, "images[0]"),
        ({"images": [{"url": "https://example.com", "x": "y"}]}, "images[0]"),
        ({"images": [{"key": "a"}] * (limits.IMAGES_PER_JOB + 1)}, "images"),
        ({"images": [], "draw": 1}, "draw"),
        ({"images": [], "embeddings": None}, "embeddings"),
        ({"images": [], "owner": ""}, "owner"),
        ({"images": [], "owner": 7}, "owner"),
        ({"images": [], "pack": []}, "pack"),
        ({"images": [], "x" * 200: 1}, "x" * 80),
    ],
)
def test_what_is_no_request_is_refused(api: Api, event: object, field: str) -> None:
    answered = send(api, event)
    assert (answered["status"], answered["errors"][0]["field"]) == (422, field)
    assert answered["requestId"] == "invocation-1"
    assert answered["fix"]


def test_an_answer_that_lambda_would_not_carry_is_refused_with_what_helps(api: Api) -> None:
    answered = face_reading.answer({"images": [ADA] * 3}, api.parts.face_reading, api.parts.shelf, "r", most=500)
    assert (answered["status"], answered["code"]) == (413, "TOO_LARGE")
    assert "embeddings" in answered["fix"]


def test_a_bug_is_told_without_its_words(api: Api) -> None:
    def broken(pack: str | None) -> FaceModel:
        raise RuntimeError(f"a secret of {pack}")

    api.parts.face_model = broken  # type: ignore[method-assign]
    answered = send(api, {"images": [ADA]})
    assert (answered["status"], answered["code"]) == (500, "INTERNAL")
    assert "secret" not in json.dumps(answered)
