"""Boxes: what is left of one in its image, and how far two overlap."""

from __future__ import annotations

import math

import pytest
from darkroom.domain.detection import clipped, overlap
from hypothesis import given
from hypothesis import strategies as st

edge = st.floats(-500, 500)
sized = st.tuples(edge, edge, st.floats(1, 400), st.floats(1, 400)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def test_a_box_inside_stays_as_it_is() -> None:
    assert clipped((1, 2, 30, 40), 100, 50) == (1, 2, 30, 40)


def test_a_box_that_reaches_outside_is_cut_at_the_edges() -> None:
    assert clipped((-13, -16, 463, 316), 451, 300) == (0, 0, 451, 300)


@pytest.mark.parametrize(
    "box",
    [
        (-9, 0, -1, 10),
        (0, 51, 10, 60),
        (100, 0, 120, 10),
        (5, 5, 5, 9),
        (9, 9, 5, 5),
        (math.nan, 0, 9, 9),
        (0, 0, 9, math.nan),
    ],
)
def test_a_box_without_a_part_in_the_image_is_none(box: tuple[float, float, float, float]) -> None:
    assert clipped(box, 100, 50) is None


@given(sized)
def test_what_is_left_lies_inside_and_is_not_empty(box: tuple[float, float, float, float]) -> None:
    inside = clipped(box, 100, 50)
    if inside is not None:
        x1, y1, x2, y2 = inside
        assert 0 <= x1 < x2 <= 100
        assert 0 <= y1 < y2 <= 50


def test_the_overlap_of_halves_is_a_third() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


@given(sized, sized)
def test_overlap_is_symmetric_and_between_nothing_and_all(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> None:
    assert overlap(one, other) == overlap(other, one)
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, one) == pytest.approx(1)
