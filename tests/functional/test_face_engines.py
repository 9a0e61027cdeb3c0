"""Real pictures through the engines that run a pack: who is found, where, and as whom."""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.faces.insightface_model import InsightFaceModel
from darkroom.adapters.vision.faces.onnx_model import OnnxFaces
from darkroom.adapters.vision.faces.packs import read_pack
from darkroom.adapters.vision.images import ORIENTATION, PillowImages
from darkroom.domain.detection import overlap
from darkroom.domain.faces import Licence
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from darkroom.domain.faces import Face
    from darkroom.ports import FaceModel
    from numpy.typing import NDArray

    from tests.conftest import Material

PICTURES = (
    *("t1.jpg", "astronaut.png", "obama.jpg", "obama2.jpg", "biden.jpg", "no_face_coins.jpg"),
    "../exif/portrait-orientation-6.jpg",
)
FIRST_COMPONENTS = {
    "obama.jpg": (0.1707, -0.0607, -0.0188, -0.0435, -0.0596, 0.0351, 0.1254, 0.0299),
    "astronaut.png": (0.1191, -0.2188, 0.0803, -0.042, -0.0339, -0.0713, -0.0321, 0.1131),
}
"""What InsightFace 2.1 gives for the pack of the material, to a ten-thousandth."""
UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is turned so that a camera held that way could have taken it."""


@pytest.fixture(scope="module")
def expected(testdata: Material) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(testdata("faces/expected_faces.json").read_text())
    return told


@pytest.fixture(scope="module")
def onnx(small_pack: Path) -> OnnxFaces:
    return OnnxFaces(read_pack(small_pack))


@pytest.fixture(scope="module")
def reference(small_pack: Path) -> InsightFaceModel:
    return InsightFaceModel(read_pack(small_pack))


@pytest.fixture(scope="module")
def pixels(testdata: Material) -> dict[str, NDArray[np.uint8]]:
    reader = PillowImages()
    return {name: reader.read(testdata(f"faces/{name}").read_bytes()) for name in PICTURES}


@pytest.fixture(scope="module")
def found(onnx: OnnxFaces, pixels: dict[str, NDArray[np.uint8]]) -> dict[str, Sequence[Face]]:
    return {name: onnx.faces(picture) for name, picture in pixels.items()}


def cosine(one: Face, other: Face) -> float:
    return float(one.embedding @ other.embedding)


def off(model: FaceModel, pixels: dict[str, NDArray[np.uint8]]) -> float:
    """How far the pinned components are missed at the most."""
    return max(
        float(np.abs(model.faces(pixels[name])[0].embedding[: len(pinned)] - pinned).max())
        for name, pinned in FIRST_COMPONENTS.items()
    )


@pytest.mark.parametrize("name", PICTURES)
def test_every_face_is_found_and_nothing_else(
    name: str, found: dict[str, Sequence[Face]], expected: dict[str, Any]
) -> None:
    assert len(found[name]) == expected["faces"][name]
    assert [face.score for face in found[name]] == sorted((face.score for face in found[name]), reverse=True)


def test_the_answer_names_engine_pack_licence_and_size(onnx: OnnxFaces, found: dict[str, Sequence[Face]]) -> None:
    told = onnx.space
    assert (told.engine, told.pack, told.dimensions, told.licence) == ("onnx", "small", 128, Licence.NON_COMMERCIAL)
    for faces in found.values():
        for face in faces:
            assert face.embedding.shape == (128,)
            assert face.embedding.dtype == np.float32
            assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-6)


def test_faces_are_where_they_are_in_the_upright_picture(
    found: dict[str, Sequence[Face]], pixels: dict[str, NDArray[np.uint8]]
) -> None:
    for name, faces in found.items():
        height, width = pixels[name].shape[:2]
        for face in faces:
            x1, y1, x2, y2 = face.bbox
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
            left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
            assert all(x1 < x < x2 and y1 < y < y2 for x, y in face.landmarks), name
            assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1]), name
            assert left_eye[0] < right_eye[0], name
            assert left_mouth[0] < right_mouth[0], name
    woman, man = found["../exif/portrait-orientation-6.jpg"]
    assert overlap(woman.bbox, (269.8, 160.0, 357.5, 275.4)) > 0.95
    assert overlap(man.bbox, (535.8, 95.9, 613.5, 244.2)) > 0.95


def test_people_are_told_apart_as_it_is_written(found: dict[str, Sequence[Face]], expected: dict[str, Any]) -> None:
    for one, other, told in expected["same"] + expected["different"]:
        assert cosine(found[one][0], found[other][0]) == pytest.approx(told, abs=0.01)
    between = max(cosine(one, other) for one, other in combinations(found["t1.jpg"], 2))
    assert between == pytest.approx(expected["t1_max_between_different_faces"], abs=0.01)


def test_vectors_are_the_pinned_ones(onnx: OnnxFaces, pixels: dict[str, NDArray[np.uint8]]) -> None:
    assert off(onnx, pixels) < 0.001


@pytest.mark.parametrize("swapped", ["detector", "recogniser"])
def test_a_swap_of_channels_shows_in_the_pinned_vectors(
    swapped: str, small_pack: Path, pixels: dict[str, NDArray[np.uint8]]
) -> None:
    pack = read_pack(small_pack)
    part = getattr(pack, swapped)
    assert off(OnnxFaces(replace(pack, **{swapped: replace(part, colours="bgr")})), pixels) > 0.001


def test_the_reference_engine_gives_the_same_faces_and_the_same_vectors(
    onnx: OnnxFaces, reference: InsightFaceModel, pixels: dict[str, NDArray[np.uint8]]
) -> None:
    """Whole pictures, parts of them, and small ones, so that every rounding of sizes is met."""
    assert replace(reference.space, engine="onnx") == onnx.space
    compared = 0
    for whole in pixels.values():
        height, width = whole.shape[:2]
        for picture in (whole, whole[: height * 9 // 10, width // 7 :], whole[3:, :-7:2], whole[::5, ::5]):
            ours, theirs = onnx.faces(picture), reference.faces(picture)
            assert len(ours) == len(theirs)
            for one, other in zip(ours, theirs, strict=True):
                assert overlap(one.bbox, other.bbox) >= 0.99
                assert cosine(one, other) >= 0.9999
                assert np.abs(np.subtract(one.landmarks, other.landmarks)).max() < 0.5
                assert one.score == pytest.approx(other.score, abs=0.002)
                compared += 1
    assert compared > 30


def test_a_prepared_pack_gives_what_insightface_makes_of_the_files_it_was_made_of(
    onnx: OnnxFaces, testdata: Material, pixels: dict[str, NDArray[np.uint8]]
) -> None:
    from insightface.app import FaceAnalysis

    folder = testdata("models/insightface_pack/det_500m.onnx").parent
    app = FaceAnalysis(name=str(folder), providers=["CPUExecutionProvider"])
    app.prepare(-1, det_size=(640, 640))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = app.get(np.ascontiguousarray(pixels["t1.jpg"][..., ::-1]))
    ours = onnx.faces(pixels["t1.jpg"])
    assert len(ours) == len(theirs) == 6
    for one, other in zip(ours, sorted(theirs, key=lambda face: -float(face.det_score)), strict=True):
        assert float(one.embedding @ other.normed_embedding) >= 0.9999


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_was_taken_turned_has_the_same_faces_with_the_same_vectors(
    orientation: int, onnx: OnnxFaces, found: dict[str, Sequence[Face]], pixels: dict[str, NDArray[np.uint8]]
) -> None:
    upright = Image.fromarray(pixels["t1.jpg"])
    turn = UNDO[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = io.BytesIO()
    (upright if turn is None else upright.transpose(turn)).save(file, "JPEG", quality=95, exif=exif)
    seen = onnx.faces(PillowImages().read(file.getvalue()))
    assert len(seen) == 6
    for face in found["t1.jpg"]:
        same = max(seen, key=lambda other: overlap(face.bbox, other.bbox))
        assert overlap(face.bbox, same.bbox) > 0.95
        assert cosine(face, same) >= 0.98


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 3), (5, 5, 3), (1, 2_000, 3), (2_000, 1, 3), (64, 3, 3)],
    ids=lambda shape: f"{shape[1]}x{shape[0]}",
)
def test_odd_pictures_have_no_faces_and_break_nothing(shape: tuple[int, ...], onnx: OnnxFaces) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert list(onnx.faces(noise)) == []


def test_half_a_face_at_the_border_is_a_face_within_the_picture(
    onnx: OnnxFaces, found: dict[str, Sequence[Face]], pixels: dict[str, NDArray[np.uint8]]
) -> None:
    x1, _, x2, _ = map(round, found["obama.jpg"][0].bbox)
    half = pixels["obama.jpg"][:, : (x1 + x2) // 2 + (x2 - x1) // 4]
    (face,) = onnx.faces(half)
    assert face.bbox[2] <= half.shape[1]
    assert cosine(face, found["obama.jpg"][0]) > 0.5
