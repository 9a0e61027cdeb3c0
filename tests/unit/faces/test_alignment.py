"""Faces are brought upright by the transform that fits their landmarks best."""

from __future__ import annotations

import cmath

import numpy as np
import pytest
from darkroom.adapters.vision.faces.alignment import POINTS, SIDE, aligned, similarity

PICTURE = np.random.default_rng(3).integers(0, 256, (300, 400, 3), np.uint8)


def moved(turn: complex, shift: complex) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The template as it lies in a picture."""
    points = turn * (POINTS[:, 0] + 1j * POINTS[:, 1]) + shift
    return np.stack([points.real, points.imag], axis=1)


@pytest.mark.parametrize("degrees", [0, 17, 90, -140, 180])
@pytest.mark.parametrize("scale", [0.05, 1.0, 7.5])
def test_a_turned_and_scaled_template_is_found_exactly(degrees: float, scale: float) -> None:
    turn, shift = cmath.rect(scale, np.radians(degrees)), 40 - 12.5j
    assert np.allclose(similarity(moved(turn, shift)), (turn, shift))


def test_of_landmarks_that_fit_no_turned_template_the_squares_of_what_is_left_are_least() -> None:
    """Against what numpy finds as least squares of the same four unknowns."""
    found = moved(1.3 + 0.4j, 80 + 60j) + np.random.default_rng(5).normal(0, 3, (5, 2))
    x, y = found.T
    zero, one = np.zeros(5), np.ones(5)
    rows = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    (a, b, c, d), *_ = np.linalg.lstsq(rows, np.concatenate([POINTS[:, 0], POINTS[:, 1]]))
    forward, shift = complex(a, b), complex(c, d)
    assert np.allclose(similarity(found), (1 / forward, -shift / forward))


@pytest.mark.parametrize(
    "landmarks", [np.zeros((5, 2)), np.full((5, 2), 7.0), np.full((5, 2), np.nan), np.full((5, 2), np.inf)]
)
def test_landmarks_that_are_no_face_are_refused(landmarks: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    with pytest.raises(ValueError, match="These landmarks are"):
        similarity(landmarks)


def test_a_face_that_lies_as_the_template_is_cut_out_as_it_is() -> None:
    assert np.array_equal(aligned(PICTURE, moved(1, 30 + 20j)), PICTURE[20 : 20 + SIDE, 30 : 30 + SIDE])


def test_a_face_upside_down_is_turned() -> None:
    assert np.array_equal(
        aligned(PICTURE, moved(-1, 200 + 150j)), PICTURE[150 - SIDE + 1 : 151, 200 - SIDE + 1 : 201][::-1, ::-1]
    )


def test_between_pixels_the_four_neighbours_are_weighed() -> None:
    found = aligned(PICTURE, moved(1, 30.25 + 20.5j))
    wide = PICTURE.astype(float)
    one, two, three, four = (
        wide[20 + down : 20 + down + SIDE, 30 + right : 30 + right + SIDE]
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1))
    )
    wanted = (one * 0.75 + two * 0.25 + three * 0.75 + four * 0.25) / 2
    assert np.abs(found - wanted).max() <= 0.51


@pytest.mark.parametrize("shift", [-50 - 40j, 350 + 260j, 350 - 40j])
def test_what_lies_out_of_the_picture_is_black(shift: complex) -> None:
    found = aligned(PICTURE, moved(1, shift))
    framed = np.zeros((300 + 2 * SIDE, 400 + 2 * SIDE, 3), np.uint8)
    framed[SIDE:-SIDE, SIDE:-SIDE] = PICTURE
    row, column = int(shift.imag) + SIDE, int(shift.real) + SIDE
    assert np.array_equal(found, framed[row : row + SIDE, column : column + SIDE])


@pytest.mark.parametrize("shift", [1e9 + 0j, -1e30j, 400 + 0j, -112 - 112j])
def test_a_face_out_of_the_picture_is_all_black(shift: complex) -> None:
    assert not aligned(PICTURE, moved(1 if abs(shift) < 1e9 else 1e8, shift)).any()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 50, 3), (50, 1, 3)])
def test_a_picture_of_one_row_or_column_is_enough(shape: tuple[int, ...]) -> None:
    assert aligned(np.full(shape, 255, np.uint8), moved(1, 0j)).max() == 255


def test_a_larger_side_shows_the_same_face_finer() -> None:
    once, twice = (aligned(PICTURE, moved(0.8 + 0.2j, 100 + 90j), side) for side in (SIDE, 2 * SIDE))
    assert np.array_equal(twice[::2, ::2], once)
