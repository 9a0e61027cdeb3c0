"""Geometry of masks, against what a slow and obvious way gives."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.ai.sketch.masks import REACH, components, contours, distances, fill_holes
from darkroom.adapters.ai.sketch.styles import extent
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

MASKS = arrays(np.bool_, st.tuples(st.integers(3, 14), st.integers(3, 14)))


@settings(max_examples=50, deadline=None)
@given(MASKS)
def test_distances_are_those_to_the_nearest_pixel(mask: np.ndarray) -> None:
    rows, columns = np.indices(mask.shape)
    expected = np.full(mask.shape, float(REACH))
    for row, column in zip(*np.nonzero(mask), strict=True):
        expected = np.minimum(expected, np.hypot(rows - row, columns - column))
    assert np.allclose(distances(mask), expected)


def test_pieces_that_touch_by_a_corner_only_are_two() -> None:
    assert len(components(np.eye(2, dtype=bool))) == 2


def test_a_ring_is_filled_and_a_horseshoe_is_not() -> None:
    ring = np.zeros((7, 7), dtype=bool)
    ring[1:6, 1:6] = True
    ring[2:5, 2:5] = False
    assert fill_holes(ring).sum() == 25
    ring[1, 3] = False
    assert fill_holes(ring).sum() == ring.sum()


@pytest.mark.parametrize("radius", [8, 15, 25])
def test_the_outline_of_a_disc_encloses_its_area(radius: int) -> None:
    rows, columns = np.indices((64, 64))
    outlines = contours(radius - np.hypot(rows - 31.5, columns - 31.5), 0.0)
    assert len(outlines) == 1
    assert extent(outlines) == pytest.approx(np.pi * radius**2, rel=0.03)
    assert np.allclose(outlines[0].mean(axis=0), 31.5, atol=0.3)


def test_a_hole_has_an_outline_of_its_own() -> None:
    rows, columns = np.indices((64, 64))
    away = np.hypot(rows - 31.5, columns - 31.5)
    outlines = contours(np.minimum(26 - away, away - 12), 0.0)
    assert len(outlines) == 2
    assert extent(outlines) == pytest.approx(np.pi * (26**2 - 12**2), rel=0.04)
