"""Geometry of small masks: distances, connected pieces, outlines. numpy alone: a layer has no room for scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.imaging import regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Field = NDArray[np.float64]
    Points = NDArray[np.float64]

REACH: Final = 24
"""Distances are exact up to here and stay at it beyond."""


def distances(mask: Mask, reach: int = REACH) -> Field:
    """(rows, columns): how far each pixel is from the nearest True one, in pixels, `reach` at most."""
    beyond = np.pad(~mask, reach, constant_values=True)  # what lies outside is not in the mask
    return regions.distances(beyond, most=reach)[reach:-reach, reach:-reach].astype(np.float64)


def components(mask: Mask) -> list[Mask]:
    numbered, count = regions.labelled(mask, corners=False)
    return [numbered == number for number in range(1, count + 1)]


def fill_holes(mask: Mask) -> Mask:
    """The mask and all that it encloses."""
    padded = np.pad(~mask, 1, constant_values=True)
    numbered, _ = regions.labelled(padded, corners=False)
    filled: Mask = (numbered != numbered[0, 0])[1:-1, 1:-1]
    return filled


def contours(field: Field, level: float) -> list[Points]:
    """Closed outlines of where `field` exceeds `level`, (n, 2) of x and y in pixels, pixel centres at whole numbers.

    Marching squares (Lorensen and Cline's idea in the plane), saddles cut so that pieces stay apart; edges of the array
    count as outside.
    """
    values = np.pad(field, 1, constant_values=min(float(field.min()), level) - 1.0) - level
    inside = values > 0
    corners = inside[:-1, :-1].astype(np.int8) + 2 * inside[:-1, 1:] + 4 * inside[1:, 1:] + 8 * inside[1:, :-1]
    rows, columns = np.nonzero((corners > 0) & (corners < 15))
    follows: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for row, column, case in zip(rows.tolist(), columns.tolist(), corners[rows, columns].tolist(), strict=True):
        # An edge is (row, column, 0) along the top of a cell or (row, column, 1) along its left side.
        sides = ((row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1))
        for come, go in SEGMENTS[case]:
            follows[sides[come]] = sides[go]
    outlines = []
    while follows:
        first, edge = follows.popitem()
        chain = [first]
        while edge != first:
            chain.append(edge)
            edge = follows.pop(edge)
        along = np.array(chain)
        here = values[along[:, 0], along[:, 1]]
        there = values[along[:, 0] + along[:, 2], along[:, 1] + 1 - along[:, 2]]
        share = here / (here - there)
        x = along[:, 1] + np.where(along[:, 2] == 0, share, 0.0)
        y = along[:, 0] + np.where(along[:, 2] == 1, share, 0.0)
        outlines.append(_relaxed(np.stack([x, y], axis=1) - 1.0))
    return outlines


SEGMENTS: Final[dict[int, tuple[tuple[int, int], ...]]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 0), (1, 2)), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((2, 0),), 10: ((0, 1), (2, 3)), 11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip
"""By which corners are inside (1 top left, 2 top right, 4 bottom right, 8 bottom left): from which side of the cell to
which (0 top, 1 right, 2 bottom, 3 left) the outline runs."""


def _relaxed(points: Points) -> Points:
    """Without the staircase of the grid: two passes of averaging with both neighbours, every second point kept."""
    for _ in range(2):
        points = (np.roll(points, 1, axis=0) + 2 * points + np.roll(points, -1, axis=0)) / 4
    return points[::2] if len(points) > 16 else points
