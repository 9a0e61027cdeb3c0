"""Faces by YuNet and a recogniser whose weights may be sold with, on real pictures."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.faces.onnx_model import OnnxFaces
from darkroom.adapters.vision.faces.packs import read_pack
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain.detection import overlap
from darkroom.domain.faces import Licence
from darkroom.errors import NoModelError

pytest.importorskip("cv2", reason="the engine yunet is not installed")

from darkroom.adapters.vision.faces.yunet_model import YunetFaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from darkroom.domain.faces import Face

    from tests.conftest import Material

PICTURES = (
    *("t1.jpg", "astronaut.png", "obama.jpg", "obama2.jpg", "biden.jpg", "no_face_coins.jpg"),
    "../exif/portrait-orientation-6.jpg",
)


@pytest.fixture(scope="module")
def expected(testdata: Material) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(testdata("faces/expected_faces.json").read_text())
    return told


@pytest.fixture(scope="module")
def model(sold_pack: Path) -> YunetFaces:
    return YunetFaces(read_pack(sold_pack))


@pytest.fixture(scope="module")
def found(model: YunetFaces, testdata: Material) -> dict[str, Sequence[Face]]:
    reader = PillowImages()
    return {name: model.faces(reader.read(testdata(f"faces/{name}").read_bytes())) for name in PICTURES}


def cosine(one: Face, other: Face) -> float:
    return float(one.embedding @ other.embedding)


@pytest.mark.parametrize("name", PICTURES)
def test_every_face_is_found_and_nothing_else(
    name: str, found: dict[str, Sequence[Face]], expected: dict[str, Any]
) -> None:
    assert len(found[name]) == expected["faces"][name]


@pytest.mark.parametrize("name", ["detect/chelsea.png", "detect/coffee.png", "detect/japanese-shop.jpg"])
def test_a_cat_a_cup_and_a_shop_are_no_faces(name: str, model: YunetFaces, testdata: Material) -> None:
    assert list(model.faces(PillowImages().read(testdata(name).read_bytes()))) == []


def test_people_are_told_apart(model: YunetFaces, found: dict[str, Sequence[Face]], expected: dict[str, Any]) -> None:
    threshold = model.space.threshold
    for one, other, _ in expected["same"]:
        assert cosine(found[one][0], found[other][0]) > threshold + 0.1
    people = [face for name in ("t1.jpg", "astronaut.png", "biden.jpg", "obama.jpg") for face in found[name]]
    assert max(cosine(one, other) for one, other in combinations(people, 2)) < threshold


def test_faces_and_vectors_are_near_those_of_another_detector_with_the_same_recogniser(
    small_pack: Path, found: dict[str, Sequence[Face]], testdata: Material
) -> None:
    other = OnnxFaces(read_pack(small_pack)).faces(PillowImages().read(testdata("faces/t1.jpg").read_bytes()))
    for face in found["t1.jpg"]:
        same = max(other, key=lambda one: overlap(one.bbox, face.bbox))
        assert overlap(same.bbox, face.bbox) > 0.75
        assert cosine(same, face) > 0.5
        side = face.bbox[2] - face.bbox[0]
        assert np.abs(np.subtract(face.landmarks, same.landmarks)).max() < 0.25 * side


def test_the_chain_may_be_sold_with(model: YunetFaces) -> None:
    space = model.space
    assert (space.engine, space.pack, space.dimensions, space.licence) == ("yunet", "sold", 128, Licence.COMMERCIAL)


def test_a_pack_with_another_detector_is_refused(small_pack: Path) -> None:
    with pytest.raises(NoModelError, match="scrfd") as caught:
        YunetFaces(read_pack(small_pack))
    assert "FACE_ENGINE to onnx" in caught.value.fix
