"""Sheets of frames: how a grid is chosen, and how it is cut apart."""

from __future__ import annotations

import io

import numpy as np
import pytest
from darkroom.adapters.ai.pictures import SHEET_SIDE, Sheet, fitted, small_jpeg
from darkroom.adapters.imaging.encode import quick_png
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.memory.generation import png
from darkroom.errors import ProviderAnswerError
from PIL import Image


@pytest.mark.parametrize("frames", [2, 3, 6, 9, 16, 24, 25, 60])
@pytest.mark.parametrize("size", [(512, 512), (1024, 256), (64, 128)])
def test_a_grid_holds_all_frames_and_wastes_less_than_a_row(frames: int, size: tuple[int, int]) -> None:
    sheet = Sheet.of(frames, *size)
    assert frames <= sheet.rows * sheet.columns < frames + sheet.columns
    assert max(sheet.width, sheet.height) <= SHEET_SIDE
    cell = sheet.width / sheet.columns, sheet.height / sheet.rows
    assert cell[0] / cell[1] == pytest.approx(size[0] / size[1], rel=0.05)


def test_frames_are_cut_in_reading_order_each_of_the_size_that_was_asked_for() -> None:
    sheet = Sheet.of(5, 40, 40)
    pixels = np.full((sheet.height, sheet.width, 4), 255, np.uint8)
    for place in range(5):
        row, column = divmod(place, sheet.columns)
        pixels[row * 40 + 10 : row * 40 + 30, column * 40 + 10 : column * 40 + 30, :3] = place * 20
    frames = sheet.cut(pixels, 5, 64, 32)
    assert [frame.shape for frame in frames] == [(32, 64, 4)] * 5
    assert [int(frame[16, 32, 0]) for frame in frames] == pytest.approx([0, 20, 40, 60, 80], abs=2)


def test_a_sheet_of_a_few_pixels_cannot_be_cut() -> None:
    with pytest.raises(ProviderAnswerError):
        Sheet.of(25, 64, 64).cut(np.zeros((4, 4, 4), np.uint8), 25, 64, 64)


def test_pixels_that_are_not_too_many_are_left_as_they_are() -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    assert fitted(pixels, 10, 10) is pixels
    assert fitted(pixels, 9, 10).shape == (9, 9, 4)


def test_a_quick_png_keeps_the_pixels_and_no_colour_under_full_transparency() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 4), np.uint8)
    pixels[:5, :, 3] = 0
    (read,) = PillowPictures().frames(quick_png(pixels)).pixels
    assert (read[:5] == 0).all()
    np.testing.assert_array_equal(read[5:], pixels[5:])
    pixels[:, :, 3] = 255
    np.testing.assert_array_equal(PillowPictures().frames(quick_png(pixels)).pixels[0], pixels)


def test_a_reference_becomes_small_enough_to_go_along() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (900, 1400, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    small = small_jpeg(buffer.getvalue(), longest=1024, most_bytes=50_000)
    assert len(small) <= 50_000
    assert small.startswith(b"\xff\xd8\xff")
    with Image.open(io.BytesIO(small_jpeg(png(30, 20, 7), longest=1024, most_bytes=50_000))) as image:
        assert image.size == (30, 20)
