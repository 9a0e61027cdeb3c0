"""Faces by dlib on real pictures: who is found, and who is who."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain.faces import Licence

pytest.importorskip("dlib", reason="the engine dlib is not installed")

from darkroom.adapters.vision.faces.dlib_model import DlibFaceModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.domain.faces import Face

    from tests.conftest import Material

FRONTAL = ("t1.jpg", "astronaut.png", "obama.jpg", "obama2.jpg", "biden.jpg", "no_face_coins.jpg")
FIRST_COMPONENTS = {
    "obama.jpg": (-0.071, 0.086, -0.002, -0.049, -0.001, 0.017, -0.054, -0.066),
    "astronaut.png": (-0.063, 0.018, 0.012, -0.055, -0.108, -0.017, -0.018, -0.103),
}
"""What dlib 20 gives, to a hundredth: other builds of it round otherwise."""


@pytest.fixture(scope="module")
def expected(testdata: Material) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(testdata("faces/expected_faces.json").read_text())
    return told


@pytest.fixture(scope="module")
def found(testdata: Material) -> dict[str, Sequence[Face]]:
    model, reader = DlibFaceModel(), PillowImages()
    return {name: model.faces(reader.read(testdata(f"faces/{name}").read_bytes())) for name in FRONTAL}


def cosine(one: Face, other: Face) -> float:
    return float(one.embedding @ other.embedding)


@pytest.mark.parametrize("name", FRONTAL)
def test_faces_that_look_at_the_camera_are_found_and_nothing_else(
    name: str, found: dict[str, Sequence[Face]], expected: dict[str, Any]
) -> None:
    assert len(found[name]) == expected["faces"][name]


def test_one_person_is_above_the_threshold_and_all_others_are_below(
    found: dict[str, Sequence[Face]], expected: dict[str, Any]
) -> None:
    threshold = DlibFaceModel.space.threshold
    for one, other, _ in expected["same"]:
        assert cosine(found[one][0], found[other][0]) > threshold + 0.01
    for one, other, _ in expected["different"]:
        assert cosine(found[one][0], found[other][0]) < threshold - 0.01
    others = [face for name in ("t1.jpg", "astronaut.png", "biden.jpg", "obama.jpg") for face in found[name]]
    assert max(cosine(one, other) for one, other in combinations(others, 2)) < threshold


def test_vectors_are_the_pinned_ones(found: dict[str, Sequence[Face]]) -> None:
    for name, pinned in FIRST_COMPONENTS.items():
        assert np.abs(found[name][0].embedding[: len(pinned)] - pinned).max() < 0.01


def test_the_licence_is_that_of_the_strictest_part() -> None:
    space = DlibFaceModel.space
    assert (space.engine, space.dimensions, space.licence) == ("dlib", 128, Licence.NON_COMMERCIAL)


def test_the_nose_of_a_straight_face_is_below_the_middle_of_the_eyes(found: dict[str, Sequence[Face]]) -> None:
    left, right, nose, left_mouth, right_mouth = found["obama.jpg"][0].landmarks
    assert nose[0] == pytest.approx((left[0] + right[0]) / 2, abs=0.1 * (right[0] - left[0]))
    assert left[1] < nose[1] < left_mouth[1]
    assert left_mouth[1] == pytest.approx(right_mouth[1], abs=0.1 * (right[0] - left[0]))
