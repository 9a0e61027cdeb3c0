"""Pictures of every sort through `POST /upload-images` to a real engine: each is answered, and none is lost."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.vision.faces.dlib_model import DlibFaceModel
from darkroom.adapters.vision.faces.meter import PixelFaceMeter
from darkroom.adapters.vision.faces.onnx_model import OnnxFaces
from darkroom.adapters.vision.faces.packs import read_pack
from darkroom.adapters.vision.faces.pictures import PillowFacePictures
from darkroom.contracts.models import model
from PIL import Image

from tests.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from darkroom.ports import FaceModel

    from tests.conftest import Material


@pytest.fixture(scope="module")
def onnx(small_pack: Path) -> FaceModel:
    return OnnxFaces(read_pack(small_pack), threads=1)


@pytest.fixture(scope="module")
def dlib() -> FaceModel:
    return DlibFaceModel()


@pytest.fixture(params=["onnx", "dlib"])
def api(request: pytest.FixtureRequest) -> Api:
    """The platform with this engine."""
    made = Api()
    engine: FaceModel = request.getfixturevalue(request.param)
    made.parts.face_models = {engine.space.pack: engine}
    made.parts.face_meter, made.parts.face_pictures = PixelFaceMeter(), PillowFacePictures()
    return made


def find(api: Api, *pictures: bytes, **fields: Any) -> list[dict[str, Any]]:
    """The results of pictures that are stored first, as they are too large to be sent along."""
    urls = []
    for picture in pictures:
        upload = api.parts.uploads().presign("ann", "picture.jpg")
        api.parts.objects.write(upload.key, picture, content_type="image/jpeg")
        urls.append(f"s3://media/{upload.key}")
    key = api.key()
    body = {"images": [{"s3Uri": url} for url in urls], **fields}
    reply = api.send("POST", "/upload-images", key=key, body=body, headers={"Prefer": "respond-async"})
    assert reply.status == 202, reply.text
    api.find_faces()
    job = api.send("GET", f"/jobs/{reply.json['jobId']}", key=key).json
    assert job["status"] == "COMPLETED", job
    model("faces.FacesAnswer").model_validate(job["result"])
    results: list[dict[str, Any]] = job["result"]["results"]
    assert [each["imageIndex"] for each in results] == list(range(len(pictures)))
    for each in results:
        for face in each.get("faces", ()):
            x1, y1, x2, y2 = face["bbox"]
            assert 0 <= x1 < x2 <= each["imageWidth"]
            assert 0 <= y1 < y2 <= each["imageHeight"]
    return results


def written(picture: Image.Image, kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def heic(picture: Image.Image) -> bytes:
    from pillow_heif import from_pillow

    buffer = io.BytesIO()
    from_pillow(picture).save(buffer, quality=95)
    return buffer.getvalue()


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


FORMS: dict[str, Callable[[Image.Image], bytes]] = {
    "PNG": lambda picture: written(picture, "PNG"),
    "progressive JPEG": lambda picture: written(picture, "JPEG", quality=95, progressive=True),
    "CMYK": lambda picture: written(picture.convert("CMYK"), "JPEG", quality=95),
    "alpha": lambda picture: written(picture.convert("RGBA"), "PNG"),
    "a palette": lambda picture: written(picture.quantize(256), "PNG"),
    "grey": lambda picture: written(picture.convert("L"), "PNG"),
    "grey with alpha": lambda picture: written(picture.convert("LA"), "PNG"),
    "16 bits": lambda picture: written(
        picture.convert("L").convert("I").point(lambda level: level * 257).convert("I;16"), "PNG"
    ),
    "animated": lambda picture: written(picture, "WEBP", quality=95, save_all=True, append_images=[picture.rotate(90)]),
    "TIFF": lambda picture: written(picture, "TIFF"),
    "AVIF": lambda picture: written(picture, "AVIF", quality=95),
    "HEIC": heic,
}
LOSSLESS = {"PNG", "alpha", "TIFF"}


def test_a_face_is_the_same_in_every_form(api: Api, testdata: Material) -> None:
    picture = Image.open(testdata("faces/obama.jpg")).convert("RGB")
    picture.thumbnail((700, 700))
    plain, *others = find(api, FORMS["PNG"](picture), *(form(picture) for form in FORMS.values()))
    assert plain["faceCount"] == 1
    for name, result in zip(FORMS, others, strict=True):
        assert result["faceCount"] == 1, name
        likeness = cosine(plain["faces"][0]["embedding"], result["faces"][0]["embedding"])
        assert likeness > (0.999 if name in LOSSLESS else 0.85), name


def on_grey(picture: Image.Image, size: tuple[int, int], at: tuple[int, int]) -> bytes:
    canvas = Image.new("RGB", size, (128, 128, 128))
    canvas.paste(picture, at)
    return written(canvas, "PNG")


def test_odd_pictures_are_answered_beside_broken_ones(api: Api, testdata: Material) -> None:
    """One job of all of them: what is wrong with one is its own error, and the last is found as well as the first."""
    head = Image.open(testdata("faces/obama.jpg")).convert("RGB").crop((250, 60, 650, 560))
    small = head.resize((96, 120))
    crowd = Image.new("RGB", (4 * 96, 3 * 120), (128, 128, 128))
    for n in range(12):
        crowd.paste(small, (n % 4 * 96, n // 4 * 120))
    whole = testdata("faces/obama.jpg").read_bytes()
    good = {
        "the first": whole,
        "no face": testdata("faces/no_face_coins.jpg").read_bytes(),
        "12 faces": written(crowd, "JPEG", quality=95),
        "a face of five pixels": on_grey(head.resize((7, 9)), (300, 300), (150, 150)),
        "half a face at the border": on_grey(head, (400, 500), (-200, 0)),
        "a pixel": written(Image.new("RGB", (1, 1)), "PNG"),
        "a line": written(Image.new("RGB", (5_000, 1)), "PNG"),
        "all black": written(Image.new("RGB", (640, 480)), "PNG"),
        "polyglot": testdata("hostile/jpeg_zip_polyglot.jpg").read_bytes(),
        "the last": whole,
    }
    broken = {
        "400 megapixels": testdata("hostile/bomb_20000x20000_1bit.png").read_bytes(),
        "a header that claims 4 gigapixels": testdata("hostile/jpeg_claims_65500.jpg").read_bytes(),
        "truncated": whole[: len(whole) // 3],
        "HTML": testdata("hostile/html_named.jpg").read_bytes(),
        "SVG": testdata("hostile/script.svg").read_bytes(),
        "no bytes": b"",
        "junk": bytes(range(256)) * 10,
    }
    names = ["the first", *broken, *(name for name in good if name != "the first")]
    results = dict(zip(names, find(api, *((good | broken)[name] for name in names)), strict=True))
    for name in broken:
        assert set(results[name]) == {"imageIndex", "name", "error"}, name
        assert results[name]["error"]["message"], name
    for name in good:
        assert "error" not in results[name], name
    assert results["the first"]["faceCount"] == results["the last"]["faceCount"] == 1
    assert results["no face"]["faceCount"] == 0
    assert results["no face"]["faces"] == []
    assert results["a face of five pixels"]["faceCount"] <= 1
    assert results["12 faces"]["faceCount"] == len(results["12 faces"]["faces"]) <= 14
    for face in results["half a face at the border"]["faces"]:
        assert face["quality"]["inside"] < 1


def test_a_crowd_is_found_face_by_face(onnx: FaceModel, testdata: Material) -> None:
    api = Api()
    api.parts.face_models = {"small": onnx}
    head = Image.open(testdata("faces/obama.jpg")).convert("RGB").crop((250, 60, 650, 560)).resize((96, 120))
    crowd = Image.new("RGB", (20 * 96, 10 * 120), (128, 128, 128))
    for n in range(200):
        crowd.paste(head, (n % 20 * 96, n // 20 * 120))
    (result,) = find(api, written(crowd, "JPEG", quality=95), draw=True)
    assert result["faceCount"] >= 190
    scores = [face["score"] for face in result["faces"]]
    assert scores == sorted(scores, reverse=True)
    assert all(face["cropUrl"] for face in result["faces"])


def test_two_pictures_of_one_person_are_the_same_and_of_two_are_not(api: Api, testdata: Material) -> None:
    sent = {
        name: {"imageData": base64.b64encode(testdata(f"faces/{name}.jpg").read_bytes()).decode()}
        for name in ("obama", "obama2", "biden")
    }
    key = api.key()
    same, other = (
        api.send("POST", "/faces/compare", key=key, body={"faces": [sent["obama"], sent[who]]})
        for who in ("obama2", "biden")
    )
    assert (same.status, other.status) == (200, 200), same.text
    assert (same.json["same"], other.json["same"]) == (True, False)
    assert same.json["model"]["threshold"] == same.json["threshold"]
