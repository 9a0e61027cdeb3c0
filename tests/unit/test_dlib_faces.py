"""dlib finds faces, and calls them that."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.vision.dlib_faces import DlibFaces
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain.detection import overlap
from darkroom.errors import NoModelError
from PIL import Image

if TYPE_CHECKING:
    from tests.conftest import Material


@pytest.fixture(scope="module")
def hog() -> DlibFaces:
    return DlibFaces(model="hog", confidence=0.4)


@pytest.mark.parametrize(
    "name", ["t1.jpg", "astronaut.png", "obama.jpg", "obama2.jpg", "biden.jpg", "no_face_coins.jpg"]
)
def test_as_many_faces_as_there_are(name: str, hog: DlibFaces, testdata: Material) -> None:
    expected = json.loads(testdata("faces/expected_faces.json").read_text())["faces"][name]
    found = hog.detect(PillowImages().read(testdata(f"faces/{name}").read_bytes()))
    assert [each.label for each in found] == ["face"] * expected


@pytest.mark.parametrize("name", ["detect/chelsea.png", "detect/coffee.png"])
def test_a_cat_and_a_cup_are_no_faces(name: str, hog: DlibFaces, testdata: Material) -> None:
    assert hog.detect(PillowImages().read(testdata(name).read_bytes())) == []


@pytest.mark.parametrize("quality", [60, 80, 90, 95])
def test_a_badge_on_a_space_suit_is_no_face_at_any_quality(quality: int, hog: DlibFaces, testdata: Material) -> None:
    jpeg = io.BytesIO()
    Image.open(testdata("faces/astronaut.png")).save(jpeg, "JPEG", quality=quality)
    assert len(hog.detect(PillowImages().read(jpeg.getvalue()))) == 1


def test_boxes_of_a_scaled_picture_are_in_pixels_of_the_whole_one(hog: DlibFaces, testdata: Material) -> None:
    pixels = PillowImages().read(testdata("faces/biden.jpg").read_bytes())  # 2204 pixels high
    (face,) = hog.detect(pixels)
    left, top, right, bottom = (int(edge) for edge in face.bbox)
    left, top = left - 100, top - 100
    (again,) = hog.detect(pixels[top : bottom + 100, left : right + 100])
    a1, b1, a2, b2 = again.bbox
    shifted = (a1 + left, b1 + top, a2 + left, b2 + top)
    assert overlap(face.bbox, shifted) > 0.7


def test_a_turned_away_face_takes_the_slow_model(hog: DlibFaces, testdata: Material) -> None:
    pixels = PillowImages().read(testdata("exif/portrait-orientation-6.jpg").read_bytes())
    assert len(hog.detect(pixels)) == 1
    assert len(DlibFaces(model="mmod", confidence=0.4).detect(pixels)) == 2


def test_small_faces_on_a_large_picture_are_seen(hog: DlibFaces, testdata: Material) -> None:
    pixels = PillowImages().read(testdata("faces/t1.jpg").read_bytes())
    assert len(hog.detect(np.tile(pixels, (2, 2, 1)))) == 24  # 2,560 pixels wide, each face a twenty-fifth of that


def test_only_what_is_sure_enough_counts(testdata: Material) -> None:
    pixels = PillowImages().read(testdata("faces/t1.jpg").read_bytes())
    found = DlibFaces(model="hog", confidence=0.9).detect(pixels)
    assert 0 < len(found) < 6
    assert all(each.confidence >= 0.9 for each in found)


def test_an_unknown_model_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(NoModelError) as caught:
        DlibFaces(model="yolox_tiny", confidence=0.4)
    assert "hog or mmod" in caught.value.fix
