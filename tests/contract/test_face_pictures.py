"""One suite for every FacePictures and every FaceMeter: Pillow's and numpy's, and the twins in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.memory.faces import MemoryFaceMeter, MemoryFacePictures, MemoryFaces
from darkroom.adapters.memory.vision import MemoryImages
from darkroom.adapters.vision.faces.meter import PixelFaceMeter
from darkroom.adapters.vision.faces.pictures import PillowFacePictures
from darkroom.adapters.vision.images import PillowImages

if TYPE_CHECKING:
    from darkroom.domain.faces import Face
    from darkroom.ports import FaceMeter, FacePictures, ImageReader
    from numpy.typing import NDArray


@pytest.fixture(params=["memory", "pillow"])
def pictures(request: pytest.FixtureRequest) -> FacePictures:
    return MemoryFacePictures() if request.param == "memory" else PillowFacePictures()


@pytest.fixture
def reader(pictures: FacePictures) -> ImageReader:
    """Of what they write."""
    return MemoryImages() if isinstance(pictures, MemoryFacePictures) else PillowImages()


@pytest.fixture(params=["memory", "pixels"])
def meter(request: pytest.FixtureRequest) -> FaceMeter:
    return MemoryFaceMeter() if request.param == "memory" else PixelFaceMeter()


def shown(*places: tuple[int, int, int]) -> tuple[NDArray[np.uint8], list[Face]]:
    """A picture of 900 x 700 pixels with faces at (x, y) of so many pixels, and those faces."""
    pixels = np.full((700, 900, 3), 60, np.uint8)
    for x, y, side in places:
        pixels[y : y + side, x : x + side] = (255, 0, 0)
    return pixels, list(MemoryFaces().faces(pixels))


@pytest.mark.parametrize("place", [(300, 200, 200), (0, 0, 120), (780, 580, 120), (450, 350, 5), (100, 0, 700)])
def test_a_crop_shows_the_face_with_what_is_around_it(
    place: tuple[int, int, int], pictures: FacePictures, reader: ImageReader
) -> None:
    pixels, (face,) = shown(place)
    crop = reader.read(pictures.crop(pixels, face))
    height, width = crop.shape[:2]
    red = (crop[..., 0] > 200) & (crop[..., 1] < 60)
    assert 0.25 < red.mean() <= 1
    assert red.mean() < 1 or place[2] == 700
    assert max(height, width) <= 1_000


def test_a_drawn_picture_marks_the_faces_and_leaves_the_pixels_alone(
    pictures: FacePictures, reader: ImageReader
) -> None:
    pixels, faces = shown((200, 200, 150), (500, 300, 100))
    before = pixels.copy()
    plain, marked = (reader.read(pictures.drawn(pixels, found)) for found in ([], faces))
    np.testing.assert_array_equal(pixels, before)
    assert plain.shape == marked.shape
    changed = np.abs(plain.astype(int) - marked).max(axis=2) > 60
    assert changed[190:360, 190:360].any()
    assert changed[290:410, 490:610].any()
    assert not changed[500:, :].any()


def test_the_same_faces_give_the_same_bytes(pictures: FacePictures) -> None:
    pixels, faces = shown((200, 200, 150))
    assert pictures.drawn(pixels, faces) == pictures.drawn(pixels.copy(), faces)
    assert pictures.crop(pixels, faces[0]) == pictures.crop(pixels.copy(), faces[0])


def test_a_face_is_measured_in_pixels_of_the_picture(meter: FaceMeter) -> None:
    pixels, (face,) = shown((300, 200, 150))
    quality = meter.measure(pixels, face)
    assert quality.size == 150
    assert quality.inside == 1
    assert abs(quality.roll) < 1
    assert abs(quality.yaw) < 1


def test_a_face_at_the_edge_is_not_whole(meter: FaceMeter) -> None:
    pixels, (face,) = shown((0, 200, 150))
    assert meter.measure(pixels, face).inside < 1
