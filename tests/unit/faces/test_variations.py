"""Variations of a face keep it in the middle, and are the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.adapters.vision.faces.variations import SIDE, variations


@pytest.mark.parametrize("place", [(200, 150, 100), (0, 0, 80), (520, 320, 80), (300, 200, 12)])
def test_every_one_shows_the_face_and_no_two_are_alike(place: tuple[int, int, int]) -> None:
    x, y, side = place
    pixels = np.full((400, 600, 3), 60, np.uint8)
    pixels[y : y + side, x : x + side] = (255, 0, 0)
    pixels[y : y + side // 2, x : x + side // 2] = (255, 90, 0)  # else its mirror would be itself
    face = max(MemoryFaces().faces(pixels), key=lambda one: one.bbox[2] - one.bbox[0])
    made, again = list(variations(pixels, face)), list(variations(pixels.copy(), face))
    assert len(made) == 15
    assert all(np.array_equal(one, other) for one, other in zip(made, again, strict=True))
    assert len({one.tobytes() for one in made}) == 15
    for one in made:
        assert one.dtype == np.uint8
        assert max(one.shape[:2]) <= SIDE
        reds = one[..., 0].astype(int) - one[..., 2]
        assert (reds > 60).mean() > 0.02
