"""Which faces are good enough to be enrolled, and what is said of the others: real pictures, whole and spoilt."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.vision.faces.alignment import POINTS
from darkroom.adapters.vision.faces.meter import PixelFaceMeter
from darkroom.adapters.vision.faces.onnx_model import OnnxFaces
from darkroom.adapters.vision.faces.packs import read_pack
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain.faces import Face, Quality, reasons
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.conftest import Material

    Pixels = NDArray[np.uint8]

GOOD = Quality(size=120.0, sharpness=20.0, yaw=5.0, pitch=5.0, roll=5.0, brightness=0.5, contrast=0.2, inside=1.0)
ALONE = ("astronaut.png", "obama.jpg", "obama2.jpg", "biden.jpg")
# One of six looks aside by 57 degrees, one of two shows a profile.
PASSING = dict.fromkeys(ALONE, 1) | {"t1.jpg": 5, "../exif/portrait-orientation-6.jpg": 1}


@pytest.fixture(scope="module")
def model(small_pack: Path) -> OnnxFaces:
    return OnnxFaces(read_pack(small_pack))


@pytest.fixture(scope="module")
def picture(testdata: Material) -> Callable[[str], Pixels]:
    return lambda name: PillowImages().read(testdata(f"faces/{name}").read_bytes())


def said(model: OnnxFaces, pixels: Pixels) -> list[tuple[str, ...]]:
    """What is said of each face."""
    meter = PixelFaceMeter()
    return [reasons(meter.measure(pixels, face), face.score) for face in model.faces(pixels)]


def begins(told: list[tuple[str, ...]], *starts: str) -> bool:
    (only,) = told
    return len(only) >= 1 and all(any(text.startswith(start) for text in only) for start in starts)


def test_a_good_face_passes() -> None:
    assert reasons(GOOD, 0.9) == ()


@pytest.mark.parametrize(
    ("worse", "score", "told"),
    [
        ({"size": 32.4}, 0.9, "The face is 32 pixels wide; 64 is the least: send a larger picture"),
        ({"inside": 0.5}, 0.9, "50% of the face is seen; 80% is the least: send a picture with it all"),
        ({"sharpness": 0.41}, 0.9, "The face is blurred, its sharpness is 0.4; 2 is the least: send a sharper picture"),
        (
            {"yaw": -71.2},
            0.9,
            "The face is turned aside by 71 degrees; 50 is the most: send one that looks at the camera",
        ),
        ({"pitch": 55.0}, 0.9, "The face looks down by 55 degrees; 50 is the most: send one that looks at the camera"),
        ({"pitch": -55.0}, 0.9, "The face looks up by 55 degrees; 50 is the most: send one that looks at the camera"),
        ({"roll": 92.7}, 0.9, "The face leans by 93 degrees; 60 is the most: turn the picture upright"),
        ({"brightness": 0.05}, 0.9, "The face is too dark, its brightness is 0.05; 0.12 is the least: use more light"),
        ({"brightness": 0.95}, 0.9, "The face is overexposed, its brightness is 0.95; 0.9 is the most: use less light"),
        (
            {"contrast": 0.02},
            0.9,
            "The face is pale, its contrast is 0.02; 0.04 is the least: clean the lens, or use other light",
        ),
        ({}, 0.55, "The detector is 55% sure that it is a face; 60% is the least: send a clearer picture"),
    ],
)
def test_each_reason_says_how_much_how_much_it_takes_and_what_to_do(
    worse: dict[str, float], score: float, told: str
) -> None:
    assert reasons(replace(GOOD, **worse), score) == (told,)


def test_a_face_that_is_bad_in_many_ways_is_told_all_of_them() -> None:
    assert len(reasons(Quality(8, 0.1, 80, 70, 90, 0.02, 0.01, 0.3), 0.5)) == 8


@pytest.mark.parametrize("name", PASSING)
def test_faces_on_real_pictures_pass_unless_they_are_turned_away(
    name: str, model: OnnxFaces, picture: Callable[[str], Pixels], testdata: Material
) -> None:
    told = said(model, picture(name))
    assert len(told) == json.loads(testdata("faces/expected_faces.json").read_text())["faces"][name]
    assert sum(not one for one in told) == PASSING[name]
    assert all(len(one) == 1 and "turned aside" in one[0] for one in told if one)


@pytest.mark.parametrize("name", ["astronaut.png", "obama.jpg", "biden.jpg"])
def test_what_is_blurred_dark_pale_or_tiny_is_refused_for_that(
    name: str, model: OnnxFaces, picture: Callable[[str], Pixels]
) -> None:
    pixels = picture(name)
    (face,) = model.faces(pixels)
    side = face.bbox[2] - face.bbox[0]
    whole = Image.fromarray(pixels)
    assert begins(said(model, np.array(whole.filter(ImageFilter.GaussianBlur(side / 40)))), "The face is blurred")
    assert begins(said(model, (pixels * 0.1).astype(np.uint8)), "The face is too dark")
    assert begins(said(model, (pixels * 0.08 + 110).astype(np.uint8)), "The face is pale")
    small = whole.resize((round(whole.width * 30 / side), round(whole.height * 30 / side)), Image.Resampling.LANCZOS)
    (told,) = said(model, np.array(small))
    assert re.match("The face is (29|3.) pixels wide; 64 is the least", told[0])


@pytest.mark.parametrize("name", ["astronaut.png", "obama.jpg", "biden.jpg"])
def test_what_is_a_little_smaller_softer_or_darker_still_passes(
    name: str, model: OnnxFaces, picture: Callable[[str], Pixels]
) -> None:
    pixels = picture(name)
    (face,) = model.faces(pixels)
    side = face.bbox[2] - face.bbox[0]
    whole = Image.fromarray(pixels)
    assert said(model, np.array(whole.filter(ImageFilter.GaussianBlur(side / 150)))) == [()]
    assert said(model, (pixels * 0.5).astype(np.uint8)) == [()]
    small = whole.resize((round(whole.width * 70 / side), round(whole.height * 70 / side)), Image.Resampling.LANCZOS)
    assert said(model, np.array(small)) == [()]


@pytest.mark.parametrize("side", ["left", "bottom", "top"])
def test_a_face_that_the_border_cuts_is_not_whole(
    side: str, model: OnnxFaces, picture: Callable[[str], Pixels]
) -> None:
    pixels = picture("astronaut.png")
    cut = {"left": pixels[:, 205:], "bottom": pixels[:132], "top": pixels[100:]}[side]
    told = said(model, cut)
    assert len(told) == 1
    assert any("of the face is seen" in text for text in told[0])


def test_a_picture_on_its_side_is_told_to_be_turned(model: OnnxFaces, picture: Callable[[str], Pixels]) -> None:
    assert any(text.startswith("The face leans by 9") for text in said(model, np.rot90(picture("astronaut.png")))[0])


def test_darkness_is_no_blur(model: OnnxFaces, picture: Callable[[str], Pixels]) -> None:
    pixels = picture("obama.jpg")
    meter = PixelFaceMeter()
    (face,) = model.faces(pixels)
    bright, dark = (meter.measure((pixels * factor).astype(np.uint8), face) for factor in (1.0, 0.3))
    assert dark.sharpness == pytest.approx(bright.sharpness, rel=0.1)
    assert dark.brightness == pytest.approx(0.3 * bright.brightness, rel=0.05)
    assert dark.contrast == pytest.approx(0.3 * bright.contrast, rel=0.05)


# --- what the landmarks tell ------------------------------------------------------------------------------------------


def looking(*, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Face:
    """The template's face turned in space by degrees, seen from far away, in a picture of 400 pixels."""
    depths = np.array([0.0, 0.0, 17.0, 4.0, 4.0])  # as DEPTHS has them: what is tested is the way back
    solid = np.column_stack([POINTS - 56, depths])
    a, b, c = np.radians([yaw, -pitch, roll])
    across = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    down = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    lean = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    one, two, three, four, five = ((float(x), float(y)) for x, y, _ in solid @ (lean @ across @ down).T * 2 + 200)
    return Face((100, 100, 300, 300), 0.9, (one, two, three, four, five), np.ones(1, np.float32))


@pytest.mark.parametrize("yaw", [-60, -30, 0, 30, 60])
def test_yaw_is_positive_to_the_right_of_the_picture(yaw: int) -> None:
    quality = PixelFaceMeter().measure(np.zeros((400, 400, 3), np.uint8), looking(yaw=yaw))
    assert (quality.yaw, quality.pitch, quality.roll) == pytest.approx((yaw, 0, 0), abs=1)


@pytest.mark.parametrize("pitch", [-40, -20, 20, 40])
def test_pitch_is_positive_downward(pitch: int) -> None:
    quality = PixelFaceMeter().measure(np.zeros((400, 400, 3), np.uint8), looking(pitch=pitch))
    assert (quality.yaw, quality.pitch, quality.roll) == pytest.approx((0, pitch, 0), abs=1)


@pytest.mark.parametrize("roll", [-170, -90, 30, 90])
def test_roll_is_positive_clockwise_and_changes_nothing_else(roll: int) -> None:
    quality = PixelFaceMeter().measure(np.zeros((400, 400, 3), np.uint8), looking(roll=roll, yaw=20))
    assert (quality.yaw, quality.pitch, quality.roll) == pytest.approx((20, 0, roll), abs=1)


def test_landmarks_in_one_point_are_measured_as_nothing() -> None:
    face = Face((10, 10, 30, 40), 0.9, ((5.0, 5.0),) * 5, np.ones(1, np.float32))
    assert PixelFaceMeter().measure(np.zeros((50, 50, 3), np.uint8), face) == Quality(20, 0, 0, 0, 0, 0, 0, 0)
