"""`/upload-images` and `/faces`, from a request to what is found."""

from __future__ import annotations

import base64
import io
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.contracts.models import model
from darkroom.domain import limits
from darkroom.domain.jobs import Kind, State
from darkroom.domain.uploads import Purpose
from darkroom.errors import NoModelError, TransientError
from darkroom.ports import Fetched
from PIL import Image

from tests.api import BUCKET, Api, MemoryParts
from tests.face_parts import direction, photograph
from tests.unit.api.test_bad_input import is_a_helpful_refusal
from tests.unit.api.test_http import WorkingClock

if TYPE_CHECKING:
    from tests.api import Reply

WEB = "https://example.com/photos/b%C3%BCro.png?size=2"


def inline(*people: str, scale: int = 1, **more: Any) -> dict[str, Any]:
    return {"imageData": base64.b64encode(photograph(*people, scale=scale)).decode(), **more}


def form(*files: tuple[str, bytes], **fields: str) -> tuple[bytes, str]:
    """(body, Content-Type), as a client library writes them."""
    parts: list[tuple[str, Any]] = [("files", (name, data, "image/png")) for name, data in files]
    request = httpx.Request("POST", "https://x.invalid", files=parts, data=fields)
    return request.read(), request.headers["content-type"]


@pytest.fixture
def working() -> Api:
    """A platform on which faces are found while a request waits."""
    api = Api(MemoryParts(WorkingClock()))
    assert isinstance(api.parts.clock, WorkingClock)
    api.parts.clock.on_sleep = api.find_faces
    return api


def post(api: Api, body: object, *, key: str | None = None, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send("POST", "/upload-images", key=key or api.key(), body=body, headers=sent)


def result_of(api: Api, reply: Reply) -> Any:
    """What became of a job that was answered with 202."""
    assert reply.status == 202, reply.text
    api.find_faces()
    shown = api.send("GET", f"/jobs/{reply.json['jobId']}", key=api.key()).json
    assert shown["status"] == "COMPLETED", shown
    return shown["result"]


# --- finding faces ----------------------------------------------------------------------------------------------------


def test_a_form_is_answered_with_its_faces(working: Api) -> None:
    body, content_type = form(("ada.png", photograph("red")), ("both.png", photograph("red", "blue")))
    reply = post(working, body, content_type=content_type)
    assert reply.status == 200, reply.text
    model("faces.FacesAnswer").model_validate(reply.json)
    one, both = reply.json["results"]
    assert (one["name"], one["faceCount"], both["name"], both["faceCount"]) == ("ada.png", 1, "both.png", 2)
    assert one["faces"][0]["embedding"] == pytest.approx(direction("red").tolist(), abs=1e-7)
    assert reply.json["model"]["pack"] == "colours"
    assert "preference-applied" not in reply.headers
    assert reply.headers["location"].startswith("/dev/jobs/")


def test_json_is_answered_with_its_faces(working: Api) -> None:
    working.parts.web({WEB: Fetched(WEB, 200, {}, photograph("green"))})
    upload = working.parts.uploads().presign("ann", "upload.png", purpose=Purpose.FACES)
    working.parts.objects.write(upload.key, photograph("blue"), content_type="image/png")
    images = [inline("red", name="../ada.png"), {"url": WEB}, {"s3Uri": f"s3://{BUCKET}/{upload.key}"}, inline("red")]
    reply = post(working, {"images": images})
    assert reply.status == 200, reply.text
    results = reply.json["results"]
    assert [each["name"] for each in results] == ["ada.png", "büro.png", "upload.png", "image-3"]
    embeddings = [each["faces"][0]["embedding"] for each in results]
    for embedding, who in zip(embeddings, ("red", "green", "blue", "red"), strict=True):
        assert embedding == pytest.approx(direction(who).tolist(), abs=1e-7)


def test_what_does_not_end_in_time_goes_on_as_a_job() -> None:
    api = Api()
    began = api.parts.clock.now()
    reply = post(api, {"images": [inline("red")]})
    assert reply.status == 202
    assert api.parts.clock.now() - began == limits.FACES_WAIT_SECONDS * limits.SECOND
    assert reply.json["statusUrl"] == f"/jobs/{reply.json['jobId']}"
    assert reply.json["message"] == "Job created for 1 image(s)"
    assert int(reply.headers["retry-after"]) >= 1
    assert result_of(api, reply)["results"][0]["faceCount"] == 1


@pytest.mark.parametrize(
    ("prefer", "seconds", "applied"),
    [
        ("respond-async", 0, "respond-async"),
        ("wait=3", 3, "wait=3"),
        ("wait=0", 0, None),
        ("respond-async, wait=2", 2, "wait=2, respond-async"),
        ("wait=900", limits.WAIT_SECONDS, f"wait={limits.WAIT_SECONDS}"),
        ("handling=lenient", limits.FACES_WAIT_SECONDS, None),
    ],
)
def test_prefer_says_how_long_the_answer_is_held(prefer: str, seconds: int, applied: str | None) -> None:
    api = Api()
    began = api.parts.clock.now()
    reply = post(api, {"images": [inline("red")]}, prefer=prefer)
    assert (reply.status, api.parts.clock.now() - began) == (202, seconds * limits.SECOND)
    assert reply.headers.get("preference-applied") == applied


def test_vectors_are_left_out_where_nobody_wants_them(working: Api) -> None:
    reply = post(working, {"images": [inline("red")], "embeddings": False})
    assert "embedding" not in reply.text
    assert reply.json["results"][0]["faceCount"] == 1


def test_what_is_drawn_is_signed_at_each_reading(working: Api) -> None:
    key = working.key()
    body, content_type = form(("both.png", photograph("red", "blue")), draw="true", embeddings="false")
    reply = post(working, body, key=key, content_type=content_type)
    assert reply.status == 200, reply.text
    model("faces.FacesAnswer").model_validate(reply.json)
    (result,) = reply.json["results"]
    urls = [result["annotatedUrl"], *(face["cropUrl"] for face in result["faces"])]
    assert len(set(urls)) == 3
    for url in urls:
        place = urlsplit(url).path.removeprefix("/")
        assert place.startswith("results/")
        assert working.parts.objects.read(place, limit=limits.IMAGE_BYTES).startswith(b"P6")
    assert "embedding" not in reply.text
    working.parts.clock.advance(limits.HOUR)
    again = working.send("GET", reply.headers["location"].removeprefix("/dev"), key=key).json["result"]
    assert again["urlsExpireAt"] > reply.json["urlsExpireAt"]


def test_a_jobs_row_holds_keys_and_no_pictures() -> None:
    api = Api()
    reply = post(api, {"images": [inline("red")]}, prefer="respond-async")
    job = api.parts.jobs().get("ann", reply.json["jobId"])
    (image,) = job.request["images"]
    assert set(image) == {"key"}
    assert api.parts.objects.read(image["key"], limit=limits.IMAGE_BYTES) == photograph("red")
    assert image["key"].startswith("results/")
    assert "ann" not in image["key"]
    assert job.request == {"images": [image], "embeddings": True, "draw": False}


def test_one_bad_picture_fails_alone(working: Api) -> None:
    images = [inline("red"), {"imageData": base64.b64encode(b"junk").decode()}, inline("blue")]
    reply = post(working, {"images": images})
    assert reply.status == 200
    good, bad, other = reply.json["results"]
    assert (good["faceCount"], other["faceCount"]) == (1, 1)
    assert set(bad) == {"imageIndex", "name", "error"}
    assert bad["error"]["code"] == "BAD_IMAGE"


def test_a_result_that_is_too_large_to_be_answered_comes_as_a_url(working: Api) -> None:
    class Many(MemoryFaces):
        def faces(self, pixels: Any) -> Any:
            return list(super().faces(pixels)) * 10_000

    working.parts.face_models = {"colours": Many()}
    images = [inline("red", name=f"{n}.png") for n in range(20)]
    reply = post(working, {"images": images})
    assert (reply.status, reply.json["status"]) == (200, "COMPLETED")
    stored = working.parts.objects.read(urlsplit(reply.json["resultUrl"]).path.lstrip("/"), limit=2**30)
    results = json.loads(stored)["results"]
    assert [each["faceCount"] for each in results] == [10_000] * 20
    assert [len(each["faces"]) for each in results] == [limits.FACES_PER_IMAGE] * 20


def test_a_request_that_is_sent_again_is_one_job(working: Api) -> None:
    key = working.key()
    body, content_type = form(("ada.png", photograph("red")))
    first, again = (
        post(working, body, key=key, content_type=content_type, idempotency_key="k", prefer="wait=20") for _ in range(2)
    )
    assert first.status == again.status == 200
    assert len(working.parts.jobs().list("ann").jobs) == 1
    for other in (form(("ada.png", photograph("blue"))), form(("ben.png", photograph("red")))):
        reply = post(working, other[0], key=key, content_type=other[1], idempotency_key="k")
        assert (reply.status, reply.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")


def test_an_engine_without_weights_fails_the_job_with_the_command() -> None:
    def nothing(pack: str | None) -> Any:
        raise NoModelError(f"There is no pack {pack}", fix="Run `make models PACK=antelopev2`.")

    api = Api()
    api.parts.face_model = nothing  # type: ignore[method-assign]
    reply = post(api, {"images": [inline("red")]}, prefer="respond-async")
    api.find_faces()
    job = api.send("GET", f"/jobs/{reply.json['jobId']}", key=api.key()).json
    assert (job["status"], job["error"]["code"]) == ("FAILED", "NO_MODEL")
    assert "make models PACK=antelopev2" in job["error"]["message"]


# --- what is not taken ------------------------------------------------------------------------------------------------


def test_more_than_four_megabytes_inline_name_the_way_around() -> None:
    api = Api()
    half = bytes(limits.INLINE_IMAGE_BYTES // 2 + 1)
    body, content_type = form(("a.png", half), ("b.png", half))
    large = {"imageData": base64.b64encode(half).decode()}
    for reply in (
        post(api, body, content_type=content_type),
        post(api, {"images": [large, large]}),
        post(api, {"images": [{"imageData": "A" * limits.BODY_BYTES}]}),
    ):
        assert (reply.status, reply.json["code"]) == (413, "TOO_LARGE")
        assert "POST /uploads/presign" in reply.json["fix"]
        is_a_helpful_refusal(reply)
    assert not list(api.parts.objects.list(""))


def test_four_megabytes_are_taken() -> None:
    body, content_type = form(("a.png", bytes(limits.INLINE_IMAGE_BYTES)))
    assert post(Api(), body, content_type=content_type, prefer="respond-async").status == 202


FORMS: dict[str, tuple[dict[str, str], int, str]] = {
    "no files": ({}, 422, "images"),
    "draw that is neither": ({"draw": "maybe"}, 422, "draw"),
    "a cost in words": ({"maxCost": "much"}, 422, "maxCost"),
    "a cost that is no number": ({"maxCost": "nan"}, 422, "maxCost"),
    "an unknown field": ({"colour": "red"}, 422, "colour"),
    "JSON's field": ({"images": "[]"}, 422, "images"),
    "a callback into the house": ({"callbackUrl": "http://127.0.0.1/"}, 422, "callbackUrl"),
}


@pytest.mark.parametrize(("fields", "status", "names"), FORMS.values(), ids=FORMS.keys())
def test_a_form_that_is_not_taken_says_why(fields: dict[str, str], status: int, names: str) -> None:
    api = Api()
    files = [] if not fields else [("a.png", photograph("red"))]
    body, content_type = form(*files, **(fields or {"draw": "true"}))
    if not files:
        content_type, body = "multipart/form-data; boundary=x", b"--x--\r\n"
    reply = post(api, body, content_type=content_type)
    assert reply.status == status
    assert names in reply.json["detail"]
    is_a_helpful_refusal(reply)
    assert api.parts.jobs().list("ann").jobs == ()


def test_a_single_field_that_stands_twice_is_refused() -> None:
    body, content_type = form(("a.png", photograph("red")), draw="true")
    twice = body.replace(b"\r\n--" + content_type.partition("=")[2].encode() + b"--", b"").rstrip(b"\r\n")
    boundary = content_type.partition("=")[2].encode()
    more = (
        b"\r\n--"
        + boundary
        + b'\r\nContent-Disposition: form-data; name="draw"\r\n\r\nfalse\r\n--'
        + boundary
        + b"--\r\n"
    )
    reply = post(Api(), twice + more, content_type=content_type)
    assert (reply.status, reply.json["errors"]) == (422, [{"field": "draw", "message": "stands more than once"}])


IMAGES: dict[str, tuple[Any, int]] = {
    "none": ([], 422),
    "too many": ([{"url": WEB}] * (limits.IMAGES_PER_JOB + 1), 422),
    "one that names nothing": ([{}], 422),
    "one that names two": ([{"url": WEB, "s3Uri": "s3://media/uploads/x"}], 422),
    "no base64": ([{"imageData": "***"}], 422),
    "a data URL": ([{"imageData": "data:image/png;base64,AAAA"}], 422),
    "a key of ours": ([{"key": "people/x"}], 422),
    "a bare key": ([{"s3Uri": "uploads/2026/01/02/x.png"}], 422),
    "a foreign bucket": ([{"s3Uri": "s3://theirs/uploads/x"}], 404),
    "a person's picture": ([{"s3Uri": "s3://media/people/0/ada/ada-1/original"}], 404),
    "an address in the house": ([{"url": "http://169.254.169.254/"}], 422),
    "s3 as a URL": ([{"url": "s3://media/uploads/x"}], 422),
    "text": ("ada.png", 422),
}


@pytest.mark.parametrize(("images", "status"), IMAGES.values(), ids=IMAGES.keys())
def test_images_that_are_not_taken_are_refused(images: Any, status: int) -> None:
    api = Api()
    reply = post(api, {"images": images})
    assert reply.status == status, reply.text
    is_a_helpful_refusal(reply)
    assert api.parts.jobs().list("ann").jobs == ()


def test_an_upload_for_the_library_is_not_for_this() -> None:
    api = Api()
    upload = api.parts.uploads().presign("ann", "a.png", purpose=Purpose.LIBRARY)
    reply = post(api, {"images": [{"s3Uri": f"s3://{BUCKET}/{upload.key}"}]})
    assert (reply.status, reply.json["errors"][0]["field"]) == (422, "images[0]")


# --- comparing --------------------------------------------------------------------------------------------------------


def compare(api: Api, *faces: dict[str, Any], **more: Any) -> Reply:
    return api.send("POST", "/faces/compare", key=api.key(), body={"faces": list(faces), **more})


def vector(who: str) -> dict[str, Any]:
    return {"embedding": direction(who).tolist()}


def test_two_pictures_of_one_person_are_the_same() -> None:
    reply = compare(Api(), inline("red"), inline("red"))
    assert reply.status == 200, reply.text
    model("faces.CompareAnswer").model_validate(reply.json)
    assert (reply.json["similarity"], reply.json["same"], reply.json["threshold"]) == (1.0, True, 0.5)
    assert reply.json["faces"][0] == {
        "bbox": [10.0, 20.0, 35.0, 50.0],
        "score": pytest.approx(25 / 26, abs=1e-4),
        "faceCount": 1,
    }


def test_pictures_and_embeddings_may_be_mixed() -> None:
    for one, other in pairwise([inline("red"), vector("red"), vector("red"), inline("red")]):
        assert compare(Api(), one, other).json["same"] is True
    assert compare(Api(), inline("red"), vector("blue")).json["same"] is False


def test_the_threshold_may_be_the_callers() -> None:
    reply = compare(Api(), vector("red"), vector("blue"), threshold=-0.9)
    assert (reply.json["same"], reply.json["threshold"]) == (True, -0.9)


def test_an_embedding_of_any_length_but_none_has_a_direction() -> None:
    for scale in (1e-3, 7.0, 1e150):
        scaled = {"embedding": (direction("red").astype(float) * scale).tolist()}
        assert compare(Api(), scaled, vector("red")).json["similarity"] == 1.0


def test_the_largest_face_of_a_picture_counts() -> None:
    picture = Image.new("RGB", (200, 100), (20, 20, 20))
    picture.paste((255, 0, 0), (5, 5, 25, 25))
    picture.paste((0, 0, 255), (60, 5, 140, 95))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    sent = {"imageData": base64.b64encode(buffer.getvalue()).decode()}
    reply = compare(Api(), sent, vector("blue"))
    assert (reply.json["same"], reply.json["faces"][0]["faceCount"]) == (True, 2)


@pytest.mark.parametrize(
    ("side", "status", "code"),
    [
        ({"embedding": [1.0, 0.0]}, 422, "BAD_EMBEDDING"),
        ({"embedding": [1.0] * 512}, 422, "BAD_EMBEDDING"),
        ({"embedding": [0.0, 0.0, 0.0]}, 422, "BAD_EMBEDDING"),
        ({"embedding": [1.7e308, 1.7e308, 1.7e308]}, 422, "BAD_EMBEDDING"),
        ({"embedding": []}, 422, "INVALID_REQUEST"),
        ({"embedding": [None, 0, 0]}, 422, "INVALID_REQUEST"),
        ({"embedding": ["1", 0, 0]}, 422, "INVALID_REQUEST"),
        ({"embedding": [True, 0, 0]}, 422, "INVALID_REQUEST"),
        ({"embedding": [1.0] * (limits.EMBEDDING_MOST + 1)}, 422, "INVALID_REQUEST"),
        ({"embedding": "1,0,0"}, 422, "INVALID_REQUEST"),
        ({}, 422, "INVALID_REQUEST"),
        ({"pack": "colours"}, 422, "INVALID_REQUEST"),
        ({**vector("red"), "url": WEB}, 422, "INVALID_REQUEST"),
        ({**vector("red"), "pack": "others"}, 409, "PACK_MISMATCH"),
        ({"imageData": base64.b64encode(photograph()).decode()}, 422, "NO_FACE"),
        ({"imageData": base64.b64encode(b"junk").decode()}, 422, "BAD_IMAGE"),
        ({"imageData": "***"}, 422, "BROKEN_BASE64"),
        ({"url": "http://10.0.0.1/"}, 422, "UNACCEPTABLE_URL"),
        ({"s3Uri": "s3://media/uploads/none.jpg"}, 404, "IMAGE_NOT_FOUND"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_side_that_is_none_is_refused(side: dict[str, Any], status: int, code: str) -> None:
    for sides in ((side, vector("red")), (inline("red"), side)):
        reply = compare(Api(), *sides)
        assert (reply.status, reply.json["code"]) == (status, code), reply.text
        is_a_helpful_refusal(reply)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_an_embedding_that_holds_no_number_is_no_json(text: str) -> None:
    body = f'{{"faces": [{{"embedding": [{text}, 0, 0]}}, {{"embedding": [1, 0, 0]}}]}}'
    api = Api()
    reply = api.send("POST", "/faces/compare", key=api.key(), body=body)
    assert (reply.status, reply.json["code"]) == (400, "BAD_NUMBER")


def test_vectors_of_two_packs_are_refused_together_with_the_command() -> None:
    reply = compare(Api(), {**vector("red"), "pack": "colours"}, {**vector("red"), "pack": "others"})
    assert (reply.status, reply.json["code"]) == (409, "PACK_MISMATCH")
    assert "darkroom faces reembed --model" in reply.json["fix"]
    assert "colours" in reply.json["detail"]
    assert "others" in reply.json["detail"]


def test_a_pack_that_is_named_is_what_pictures_are_read_with() -> None:
    api = Api()
    api.parts.face_models = {"colours": MemoryFaces(), "others": MemoryFaces(pack="others")}
    reply = compare(api, inline("red"), {**vector("red"), "pack": "others"})
    assert (reply.status, reply.json["model"]["pack"]) == (200, "others")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TransientError("The model is not there yet"), 503, "TEMPORARILY_UNAVAILABLE"),
        (NoModelError("There is no pack", fix="Run `make models PACK=antelopev2`."), 503, "NO_MODEL"),
    ],
)
def test_a_function_that_cannot_find_faces_is_no_fault_of_the_caller(error: Exception, status: int, code: str) -> None:
    def failing(pack: str | None) -> Any:
        raise error

    api = Api()
    api.parts.face_model = failing  # type: ignore[method-assign]
    reply = compare(api, inline("red"), inline("red"))
    assert (reply.status, reply.json["code"]) == (status, code)
    assert int(reply.headers["retry-after"]) >= 1


# --- looking for ------------------------------------------------------------------------------------------------------


def search(api: Api, side: dict[str, Any], **more: Any) -> Reply:
    return api.send("POST", "/faces/search", key=api.key(), body={**side, **more})


@pytest.fixture
def known() -> Api:
    """Ann knows Ada, who is red in two pictures, and Ben, who is blue."""
    api = Api()
    api.face("ann", "ada", "ada-1", "red")
    api.face("ann", "ada", "ada-2", "red")
    api.face("ann", "ben", "ben-1", "blue")
    api.face("cleo", "eve", "eve-1", "red")
    return api


@pytest.mark.parametrize("side", [inline("red"), vector("red")], ids=["picture", "embedding"])
def test_faces_that_are_like_it_are_found(known: Api, side: dict[str, Any]) -> None:
    reply = search(known, side)
    assert reply.status == 200, reply.text
    model("faces.SearchAnswer").model_validate(reply.json)
    assert reply.json["matches"] == [
        {"personId": "ada", "faceId": f"ada-{n}", "similarity": 1.0, "name": "Ada"} for n in (1, 2)
    ]
    assert reply.json["threshold"] == 0.5
    assert ("face" in reply.json) == ("imageData" in side)


def test_threshold_limit_and_people_narrow_it(known: Api) -> None:
    def found(**how: Any) -> list[str]:
        return [match["faceId"] for match in search(known, vector("red"), **how).json["matches"]]

    assert found(threshold=-1.0) == ["ada-1", "ada-2", "ben-1"]
    assert found(threshold=-1.0, limit=1) == ["ada-1"]
    assert found(threshold=-1.0, personIds=["ben"]) == ["ben-1"]
    assert found(personIds=["ben"]) == []


@pytest.mark.parametrize("person", ["nobody", "eve"])
def test_a_person_who_is_not_the_owners_is_unknown(known: Api, person: str) -> None:
    reply = search(known, vector("red"), personIds=["ada", person])
    assert (reply.status, reply.json["code"]) == (404, "PERSON_NOT_FOUND")


def test_who_is_being_erased_is_not_found_any_more(known: Api) -> None:
    known.parts.people().erase("ann", "ada")
    assert search(known, vector("red")).json["matches"] == []
    assert search(known, vector("red"), personIds=["ada"]).status == 404


def test_where_nobody_is_enrolled_nobody_is_found() -> None:
    reply = search(Api(), vector("red"))
    assert (reply.status, reply.json["matches"]) == (200, [])


def test_a_query_of_another_pack_than_the_enrolled_is_refused_with_the_command(known: Api) -> None:
    reply = search(known, {**vector("red"), "pack": "others"})
    assert (reply.status, reply.json["code"]) == (409, "PACK_MISMATCH")
    assert "darkroom faces reembed --model others" in reply.json["fix"]
    known.parts.face_models = {"others": MemoryFaces(pack="others")}
    for side in (inline("red"), vector("red")):
        reply = search(known, side)
        assert (reply.status, reply.json["code"]) == (409, "PACK_MISMATCH")
        assert "darkroom faces reembed --model" in reply.json["fix"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({**vector("red"), "limit": 0}, 422),
        ({**vector("red"), "limit": limits.FACES_FOUND_MOST + 1}, 422),
        ({**vector("red"), "threshold": 1.5}, 422),
        ({**vector("red"), "personIds": []}, 422),
        ({**vector("red"), "personIds": ["../x"]}, 422),
        ({**vector("red"), "owner": "cleo"}, 422),
        ({"embedding": [1, 0]}, 422),
        ({"embedding": [0, 0, 0]}, 422),
        ({"s3Uri": "s3://media/uploads/none.jpg"}, 404),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_search_that_is_none_is_refused(known: Api, body: dict[str, Any], status: int) -> None:
    reply = search(known, body)
    assert reply.status == status
    is_a_helpful_refusal(reply)


def test_jobs_of_faces_are_listed_by_their_kind() -> None:
    api = Api()
    post(api, {"images": [inline("red")]}, prefer="respond-async")
    (job,) = api.send("GET", "/jobs?kind=faces", key=api.key()).json["jobs"]
    assert (job["kind"], job["imageCount"]) == (Kind.FACES, 1)
    assert api.parts.jobs().get("ann", job["jobId"]).state is State.PENDING
