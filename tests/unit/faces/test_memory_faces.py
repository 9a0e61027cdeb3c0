"""The faces of the twin: pure colours, told apart by what they are."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.errors import BadImageError

if TYPE_CHECKING:
    from darkroom.domain.faces import Face


def faces(*colours: tuple[int, int, int]) -> list[Face]:
    pixels = np.full((40, 30 * len(colours), 3), 128, np.uint8)
    for place, colour in enumerate(colours):
        pixels[5:25, 30 * place + 5 : 30 * place + 20] = colour
    return list(MemoryFaces().faces(pixels))


def test_pure_colours_are_faces_and_others_are_not() -> None:
    assert [face.bbox for face in faces((255, 0, 0), (255, 1, 1), (0, 77, 255), (255, 255, 255), (0, 0, 0))] == [
        (5, 5, 20, 25),
        (65, 5, 80, 25),
    ]


def test_like_colours_are_one_person_and_the_corners_of_the_cube_are_six() -> None:
    threshold = MemoryFaces().space.threshold
    red, orange = faces((255, 0, 0), (255, 128, 0))
    assert float(red.embedding @ orange.embedding) > threshold
    people = faces((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255))
    assert all(float(one.embedding @ other.embedding) < threshold for one, other in combinations(people, 2))


def test_faces_that_touch_are_two_and_what_is_tiny_is_none() -> None:
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[2:12, 2:12] = (255, 0, 0)
    pixels[2:12, 12:30] = (0, 255, 0)
    pixels[15:18, 2:5] = (0, 0, 255)
    assert sorted(face.bbox for face in MemoryFaces().faces(pixels)) == [(2, 2, 12, 12), (12, 2, 30, 12)]


def test_trouble_comes_when_it_was_ordered() -> None:
    model = MemoryFaces(trouble=[None, BadImageError("as ordered")])
    pixels = np.zeros((8, 8, 3), np.uint8)
    assert list(model.faces(pixels)) == []
    with pytest.raises(BadImageError, match="as ordered"):
        model.faces(pixels)
    assert list(model.faces(pixels)) == []
    assert model.calls == 3
