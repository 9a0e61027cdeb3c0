"""Sheets of sprites with wandering gutters, ruled lines and figures that do not stand still, cut apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.imaging.measure import ink_mask
from darkroom.adapters.imaging.sprites import cut
from darkroom.adapters.imaging.trim import box
from darkroom.errors import BadImageError
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS, COLUMNS, CELL = 3, 4, 160
FRAMES = ROWS * COLUMNS


def waving(draw: ImageDraw.ImageDraw, x: float, y: float, number: int) -> None:
    """A figure with its hip at x and y, whose arm goes down from above its head."""
    turn = -1.5 + number * 0.25
    draw.ellipse((x - 12, y - 60, x + 12, y - 36), outline="black", width=4)
    for end in ((x, y - 36), (x - 15, y + 35), (x + 15, y + 35)):
        draw.line((x, y, *end), fill="black", width=4)
    draw.line((x, y - 25, x + 35 * np.cos(turn), y - 25 + 35 * np.sin(turn)), fill="black", width=4)


def sheet(*, wobble: int = 0, ruled: bool = False, paper: str = "white") -> NDArray[np.uint8]:
    image = Image.new("RGBA", (COLUMNS * CELL, ROWS * CELL), paper)
    draw = ImageDraw.Draw(image)
    chance = np.random.default_rng(2)
    for number in range(FRAMES):
        row, column = divmod(number, COLUMNS)
        x, y = chance.integers(-wobble, wobble + 1, 2)
        waving(draw, column * CELL + 80 + int(x), row * CELL + 90 + int(y), number)
    if ruled:
        for column in range(COLUMNS + 1):
            # As from a hand: not quite upright.
            place = min(column * CELL, image.width - 1)
            draw.line((place + column % 2, 0, place - column % 2, image.height), fill="#222", width=2)
        for row in range(ROWS + 1):
            place = min(row * CELL, image.height - 1)
            draw.line((0, place, image.width, place), fill="#222", width=2)
    return np.asarray(image)


def frames(pixels: NDArray[np.uint8], side: int = CELL) -> list[NDArray[np.uint8]]:
    return cut(pixels, rows=ROWS, columns=COLUMNS, frames=FRAMES, width=side, height=side)


def common(found: list[NDArray[np.uint8]]) -> float:
    """The share of each figure's ink that all of them have: body and legs, where they stand still."""
    masks = np.stack([ink_mask(frame, (255, 255, 255, 255)) for frame in found])
    return float(masks.all(axis=0).sum() / masks.sum(axis=(1, 2)).mean())


def test_an_even_sheet_gives_its_cells_in_reading_order() -> None:
    pixels = sheet()
    found = frames(pixels)
    assert len(found) == FRAMES
    for number, frame in enumerate(found):
        row, column = divmod(number, COLUMNS)
        cell = pixels[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
        # Room around the figure may be shared out differently; the figure itself is the same.
        one, other = (ink_mask(part, (255, 255, 255, 255)) for part in (cell, frame))
        assert int(other.sum()) == pytest.approx(int(one.sum()), rel=0.02)


def test_a_figure_that_is_drawn_a_little_elsewhere_each_time_stands_still() -> None:
    steady, shaken = common(frames(sheet())), common(frames(sheet(wobble=14)))
    assert steady > 0.6
    assert shaken == pytest.approx(steady, abs=0.05)
    # The cells as they were cut have hardly a pixel in common.
    pixels = sheet(wobble=14)
    cells = [
        pixels[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]
    assert common(cells) < 0.1


def test_lines_between_cells_and_a_frame_around_them_are_taken_out() -> None:
    found = frames(sheet(wobble=14, ruled=True))
    assert common(found) > 0.6
    clean = frames(sheet(wobble=14))
    for one, other in zip(found, clean, strict=True):
        inked = [int(ink_mask(part, (255, 255, 255, 255)).sum()) for part in (one, other)]
        assert inked[0] == pytest.approx(inked[1], rel=0.06)


def test_gutters_that_wander_cut_no_figure() -> None:
    widths = [180, 140, 150, 170]
    image = Image.new("RGBA", (640, 160), "white")
    draw = ImageDraw.Draw(image)
    for number in range(4):
        # A square that nearly fills its cell, so that an even cut would take a slice of the next.
        left, right = sum(widths[:number]), sum(widths[: number + 1])
        draw.rectangle((left + 5, 40, right - 6, 120), fill="black")
    found = cut(np.asarray(image), rows=1, columns=4, frames=4, width=200, height=200)
    areas = [int(ink_mask(frame, (255, 255, 255, 255)).sum()) for frame in found]
    assert [area / areas[0] for area in areas] == pytest.approx([(width - 10) / 170 for width in widths], rel=0.04)


def test_a_transparent_sheet_gives_transparent_frames() -> None:
    for frame in frames(sheet(wobble=10, paper="#00000000")):
        assert frame[0, 0, 3] == 0
        assert frame[..., 3].max() == 255


@pytest.mark.parametrize(("width", "height"), [(64, 64), (300, 100), (100, 300)])
def test_frames_have_the_size_that_was_asked_for_and_nothing_is_cut_off(width: int, height: int) -> None:
    found = cut(sheet(wobble=14), rows=ROWS, columns=COLUMNS, frames=FRAMES, width=width, height=height)
    for frame in found:
        assert frame.shape == (height, width, 4)
        region = box(ink_mask(frame, (255, 255, 255, 255)))
        assert region is not None
        assert region[0] > 0
        assert region[1] > 0
        assert region[2] < width
        assert region[3] < height


def test_fewer_frames_than_cells_are_the_first_ones() -> None:
    found = cut(sheet(), rows=ROWS, columns=COLUMNS, frames=5, width=CELL, height=CELL)
    assert len(found) == 5
    for one, other in zip(found, frames(sheet()), strict=False):
        inked = [int(ink_mask(part, (255, 255, 255, 255)).sum()) for part in (one, other)]
        assert inked[0] == pytest.approx(inked[1], rel=0.02)


def test_an_empty_sheet_gives_empty_frames() -> None:
    found = cut(np.full((90, 120, 4), 255, np.uint8), rows=3, columns=4, frames=12, width=30, height=30)
    assert all((frame == 255).all() for frame in found)


def test_a_sheet_of_too_few_pixels_is_refused() -> None:
    with pytest.raises(BadImageError) as caught:
        cut(np.zeros((20, 20, 4), np.uint8), rows=4, columns=4, frames=16, width=64, height=64)
    assert caught.value.fix
