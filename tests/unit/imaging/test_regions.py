"""Parts and distances of masks, against slow and plain ways of finding them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.imaging.regions import distances, labelled

if TYPE_CHECKING:
    from numpy.typing import NDArray


def masks() -> list[NDArray[np.bool_]]:
    chance = np.random.default_rng(5)
    shapes = [(1, 1), (1, 9), (9, 1), (12, 17), (25, 25), (40, 31)]
    return [chance.random(shape) < share for shape in shapes for share in (0.0, 0.2, 0.5, 0.8, 1.0)]


def flooded(mask: NDArray[np.bool_], *, corners: bool) -> NDArray[np.int32]:
    labels = np.zeros(mask.shape, np.int32)
    count = 0
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        count += 1
        waiting = [start]
        labels[start] = count
        while waiting:
            y, x = waiting.pop()
            for row in range(max(y - 1, 0), min(y + 2, mask.shape[0])):
                for column in range(max(x - 1, 0), min(x + 2, mask.shape[1])):
                    beside = corners or row == y or column == x
                    if beside and mask[row, column] and not labels[row, column]:
                        labels[row, column] = count
                        waiting.append((row, column))
    return labels


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("mask", masks())
def test_parts_are_those_that_flooding_finds(mask: NDArray[np.bool_], corners: bool) -> None:
    labels, count = labelled(mask, corners=corners)
    expected = flooded(mask, corners=corners)
    np.testing.assert_array_equal(labels, expected)
    assert count == expected.max()


@pytest.mark.parametrize("mask", masks())
def test_distances_are_to_the_nearest_pixel_outside(mask: NDArray[np.bool_]) -> None:
    height, width = mask.shape
    outside = np.argwhere(~np.pad(mask, 1)) - 1
    y, x = np.mgrid[0:height, 0:width]
    gaps = (outside[:, 0, None, None] - y) ** 2 + (outside[:, 1, None, None] - x) ** 2
    np.testing.assert_allclose(distances(mask, most=64), np.sqrt(gaps.min(axis=0)), atol=1e-4)


def test_distances_stop_at_the_most_that_is_asked_for() -> None:
    assert distances(np.ones((41, 41), np.bool_), most=5).max() == 5
