"""One suite for every FaceReader: the one that invokes the function (a stub server) and the twin in memory."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.aws.lambda_faces import LambdaFaceReader
from darkroom.adapters.memory.faces import MemoryFaceReader, MemoryFaces
from darkroom.errors import (
    BadImageError,
    FetchFailedError,
    ImageNotFoundError,
    NoModelError,
    PackMismatchError,
    TooLargeError,
    TransientError,
    UnacceptableUrlError,
)
from darkroom.ports import Fetched

from functions.face_embed import handler
from tests.api import MemoryParts
from tests.face_parts import direction, photograph
from tests.stub_lambda import Fault, lambda_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.ports import FaceModel, FaceReader

MODEL = {"engine": "memory", "pack": "colours", "dimensions": 3, "licence": "commercial", "threshold": 0.5}


def inline(*people: str) -> dict[str, str]:
    return {"imageData": base64.b64encode(photograph(*people)).decode()}


@pytest.fixture
def parts() -> MemoryParts:
    return MemoryParts()


@pytest.fixture(params=["lambda", "memory"])
def reader(request: pytest.FixtureRequest, parts: MemoryParts) -> Iterator[FaceReader]:
    if request.param == "memory":
        yield MemoryFaceReader(parts.face_reading())
        return
    with lambda_service(lambda event: handler.serve(event, "r", parts)) as (client, _):
        yield LambdaFaceReader(client, "darkroom-dev-face_embed:live")


def test_faces_are_told_with_their_vectors_and_a_single_one_with_its_crop(reader: FaceReader) -> None:
    found = reader.read("ann", inline("red"))
    (result,) = found["results"]
    (face,) = result["faces"]
    assert found["model"] == MODEL
    assert (result["imageWidth"], result["imageHeight"], result["faceCount"]) == (120, 80, 1)
    assert face["embedding"] == pytest.approx(direction("red").tolist(), abs=1e-7)
    assert base64.b64decode(face["crop"]).startswith(b"P6\n")
    assert set(face["quality"]) == {
        "size", "sharpness", "yaw", "pitch", "roll", "brightness", "contrast", "inside",
    }  # fmt: skip


def test_several_faces_come_without_crops(reader: FaceReader) -> None:
    (result,) = reader.read("ann", inline("red", "blue"))["results"]
    assert (result["faceCount"], ["crop" in face for face in result["faces"]]) == (2, [False, False])


def test_no_face_is_no_error(reader: FaceReader) -> None:
    (result,) = reader.read("ann", inline())["results"]
    assert (result["faceCount"], result["faces"]) == (0, [])


def test_every_sort_of_source_is_read(reader: FaceReader, parts: MemoryParts) -> None:
    url = "https://example.com/a.png"
    parts.fetcher._pages = {url: Fetched(url, 200, {}, photograph("red"))}  # type: ignore[attr-defined]
    upload = parts.uploads().presign("ann", "a.png")
    for key in (upload.key, "people/0/ada/ada-1/original"):
        parts.objects.write(key, photograph("red"), content_type="image/png")
    for source in ({"s3Uri": f"s3://media/{upload.key}"}, {"key": "people/0/ada/ada-1/original"}, inline("red")):
        assert reader.read("ann", source)["results"][0]["faceCount"] == 1, source


@pytest.mark.parametrize(
    ("source", "kind", "code"),
    [
        ({"imageData": "***"}, BadImageError, "BROKEN_BASE64"),
        ({"imageData": base64.b64encode(b"junk").decode()}, BadImageError, "BAD_IMAGE"),
        ({"s3Uri": "s3://media/uploads/none.jpg"}, ImageNotFoundError, "IMAGE_NOT_FOUND"),
        ({"key": "people/none"}, ImageNotFoundError, "IMAGE_NOT_FOUND"),
        ({"url": "http://10.0.0.1/"}, UnacceptableUrlError, "UNACCEPTABLE_URL"),
        ({"url": "https://example.com/none"}, FetchFailedError, None),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_picture_is_raised(
    reader: FaceReader, source: dict[str, str], kind: type[Exception], code: str | None
) -> None:
    with pytest.raises(kind) as caught:
        reader.read("ann", source)
    assert code in (None, caught.value.exact_code)  # type: ignore[attr-defined]


def test_another_owners_upload_is_not_read(reader: FaceReader, parts: MemoryParts) -> None:
    upload = parts.uploads().presign("ann", "a.png")
    parts.objects.write(upload.key, photograph("red"), content_type="image/png")
    with pytest.raises(ImageNotFoundError):
        reader.read("ben", {"s3Uri": f"s3://media/{upload.key}"})


def test_the_pack_that_is_asked_for_finds_them(reader: FaceReader, parts: MemoryParts) -> None:
    parts.face_models = {"colours": MemoryFaces(), "others": MemoryFaces(pack="others")}
    assert reader.read("ann", inline("red"), pack="others")["model"]["pack"] == "others"
    assert reader.model("others")["pack"] == "others"
    assert reader.model() == MODEL


def test_a_pack_that_is_not_there_is_a_mismatch_with_the_command(reader: FaceReader) -> None:
    with pytest.raises(PackMismatchError) as caught:
        reader.read("ann", inline("red"), pack="others")
    assert "darkroom faces reembed --model" in caught.value.fix
    with pytest.raises(PackMismatchError):
        reader.model("others")


def test_no_weights_is_told_with_the_command(reader: FaceReader, parts: MemoryParts) -> None:
    def nothing(pack: str | None) -> FaceModel:
        raise NoModelError(f"There is no pack {pack}", fix="Run `make models`.")

    parts.face_model = nothing  # type: ignore[method-assign]
    with pytest.raises(NoModelError) as caught:
        reader.read("ann", inline("red"))
    assert caught.value.fix == "Run `make models`."


# --- what only an invocation meets ------------------------------------------------------------------------------------


def invoked(*faults: Fault, function: Any = None, **how: Any) -> Any:
    return lambda_service(function or (lambda event: handler.serve(event, "r", MemoryParts())), *faults, **how)


def test_the_request_names_the_owner_the_picture_and_the_pack_alone() -> None:
    with invoked() as (client, stub):
        LambdaFaceReader(client, "arn:aws:lambda:us-east-1:123456789012:function:f:live").read(
            "ann", inline("red"), pack="colours"
        )
    assert stub.received == [{"owner": "ann", "images": [inline("red")], "crops": True, "pack": "colours"}]
    assert stub.names == ["arn:aws:lambda:us-east-1:123456789012:function:f:live"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(function_error="Unhandled", payload=b'{"errorMessage": "out of memory"}'),
        Fault(429, "TooManyRequestsException"),
        Fault(500, "ServiceException"),
        Fault(502, "EC2ThrottledException"),
        Fault(payload=b""),
        Fault(payload=b"{"),
        Fault(payload=b"[]"),
        Fault(payload=b'{"results": []}'),
        Fault(payload=b'{"model": {}, "results": []}'),
        Fault(payload=b'{"status": 500, "code": "INTERNAL", "detail": "x"}'),
        Fault(hang_up=True),
    ],
    ids=str,
)
def test_a_function_that_fails_says_nothing_about_the_picture(fault: Fault) -> None:
    with invoked(fault) as (client, _), pytest.raises(TransientError) as caught:
        LambdaFaceReader(client, "f").read("ann", inline("red"))
    assert "out of memory" not in caught.value.detail


def test_a_function_that_does_not_answer_is_waited_for_no_longer_than_set() -> None:
    with invoked(Fault(seconds=1.0), read_timeout=0.2) as (client, stub), pytest.raises(TransientError):
        LambdaFaceReader(client, "f").read("ann", inline("red"))
    assert len(stub.received) == 1, "an invocation is paid for: it is made once"


def test_a_payload_that_lambda_would_not_take_is_not_sent() -> None:
    with invoked() as (client, stub), pytest.raises(TooLargeError) as caught:
        LambdaFaceReader(client, "f").read("ann", {"imageData": "A" * 6_291_456})
    assert stub.received == []
    assert "POST /uploads/presign" in caught.value.fix


def test_the_largest_picture_that_a_request_may_bring_is_sent() -> None:
    picture = base64.b64encode(bytes(4 * 1024 * 1024)).decode()
    with invoked() as (client, stub), pytest.raises(BadImageError):
        LambdaFaceReader(client, "f").read("a" * 64, {"imageData": picture}, pack="colours")
    assert len(stub.received) == 1


def test_what_finds_them_is_asked_for_once() -> None:
    with invoked() as (client, stub):
        reader = LambdaFaceReader(client, "f")
        assert reader.model() == reader.model() == MODEL
    assert len(stub.received) == 1
