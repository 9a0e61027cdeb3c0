"""Where a drawing ends and its paper begins."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.imaging.encode import jpeg
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.imaging.trim import box as region
from darkroom.adapters.imaging.trim import commonest, inked, paper, trimmed

from tests.drawn import CLEAR, WHITE, box, disc, drawn

CREAM = (253, 250, 243, 255)


@pytest.mark.parametrize("colour", [CLEAR, WHITE, CREAM, (0, 0, 0, 255), (200, 220, 255, 128)])
def test_the_edge_tells_the_paper(colour: tuple[int, int, int, int]) -> None:
    pixels = drawn(disc(50), ink=(214, 40, 40, 255), paper=colour)
    assert paper(pixels) == colour
    assert region(inked(pixels)) == (150, 150, 250, 250)
    assert trimmed(pixels).shape == (100, 100, 4)


def test_a_drawing_that_runs_off_one_side_is_trimmed_on_the_others() -> None:
    pixels = drawn(box(300, 150, 400, 200), paper=WHITE)
    assert region(inked(pixels)) == (300, 150, 400, 200)


def test_the_smear_of_a_lossy_file_is_paper() -> None:
    data = jpeg(drawn(disc(50), ink=(214, 40, 40, 255), paper=CREAM), quality=60)
    found = region(inked(PillowPictures().frames(data).pixels[0]))
    assert found is not None
    np.testing.assert_allclose(found, (150, 150, 250, 250), atol=8)


def test_a_photo_has_no_paper_and_loses_nothing() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (50, 60, 4), np.uint8)
    noise[..., 3] = 255
    assert paper(noise) is None
    assert inked(noise).all()
    assert trimmed(noise).shape == noise.shape


@pytest.mark.parametrize("colour", [CLEAR, WHITE])
def test_an_empty_sheet_stays_as_it_is(colour: tuple[int, int, int, int]) -> None:
    sheet = np.full((30, 40, 4), colour, np.uint8)
    assert region(inked(sheet)) is None
    np.testing.assert_array_equal(trimmed(sheet), sheet)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2)])
def test_pictures_of_few_pixels_have_an_edge_too(shape: tuple[int, int]) -> None:
    assert trimmed(np.full((*shape, 4), WHITE, np.uint8)).shape == (*shape, 4)


def test_the_commonest_colour_is_counted_over_all() -> None:
    pixels = drawn(disc(190), ink=(214, 40, 40, 255), paper=WHITE)
    assert commonest(pixels) == (214, 40, 40, 255)
