"""People are told apart by variations of their pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.adapters.memory.vision import MemoryImages, written
from darkroom.errors import InvalidRequestError
from darkroom.usecases.calibration import FaceCalibration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.domain.faces import Face
    from numpy.typing import NDArray

    Colour = tuple[int, int, int]

RED, ORANGE, BLUE, GREEN = (255, 0, 0), (255, 60, 0), (0, 0, 255), (0, 255, 0)


def picture(*colours: Colour) -> bytes:
    pixels = np.full((40, 40 * len(colours), 3), 128, np.uint8)
    for place, colour in enumerate(colours):
        pixels[10:30, 40 * place + 10 : 40 * place + 30] = colour
    return written(pixels)


def vary(pixels: NDArray[np.uint8], face: Face) -> Iterator[NDArray[np.uint8]]:
    """The face alone, once as it is, once with a neighbour at the side, and once gone."""
    x1, y1, x2, y2 = map(int, face.bbox)
    part = pixels[y1 - 10 : y2 + 10, x1 - 10 : x2 + 10].copy()
    yield part
    part = part.copy()
    part[:5, :5] = GREEN
    yield part
    yield np.full((40, 40, 3), 128, np.uint8)


def test_each_picture_is_somebody_and_a_name_that_comes_twice_is_one_person() -> None:
    told: list[str] = []
    done = FaceCalibration(MemoryFaces(), MemoryImages(), vary).measure(
        [("ada", picture(RED)), ("bob", picture(BLUE)), ("ada", picture(ORANGE)), ("notes", b"no picture")], told.append
    )
    assert (done.people, done.faces, done.missed) == (2, 6, 3)
    assert len(done.curve.same) == 6 + 1
    assert len(done.curve.different) == 4 * 2
    assert done.curve.area == 1
    assert told[:3] == ["ada: 1 face", "bob: 1 face", "ada: 1 face"]
    assert told[3].startswith("notes: left out")


def test_several_faces_on_a_picture_are_several_people() -> None:
    done = FaceCalibration(MemoryFaces(), MemoryImages(), vary).measure([("all", picture(RED, BLUE, GREEN))])
    assert done.people == 3
    assert done.curve.different[-1] < 0.5


def test_one_person_alone_is_refused_with_what_it_takes() -> None:
    with pytest.raises(InvalidRequestError, match="show 1 people") as caught:
        FaceCalibration(MemoryFaces(), MemoryImages(), vary).measure([("ada", picture(RED)), ("ada", picture(ORANGE))])
    assert "several people" in caught.value.fix


def test_no_more_is_read_than_can_be_compared() -> None:
    told: list[str] = []
    pictures = [("ada", picture(RED)), ("bob", picture(BLUE)), ("cid", picture(GREEN))]
    done = FaceCalibration(MemoryFaces(), MemoryImages(), vary, most=4).measure(pictures, told.append)
    assert done.people == 2
    assert told[-1].startswith("The rest is left out")
