"""The grids of YOLOX: Ge et al., "YOLOX: Exceeding YOLO Series in 2021" (arXiv:2107.08430).

Each cell of three (or four) grids over the input predicts one box, as an offset in cells and a logarithm of its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

STRIDES: Final = ((8, 16, 32), (8, 16, 32, 64))
"""Pixels of the input per grid cell: the family's usual three grids, and its P6 models' four."""
LARGEST_LOG: Final = 12.0
"""Beyond it a size means nothing, and would overflow."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Column and row of each cell, shape (cells, 2), and its stride, shape (cells, 1)."""

    cells: Floats
    strides: Floats

    def boxes(self, raw: Floats, chosen: NDArray[np.intp]) -> Floats:
        """Centre and size in pixels of the input, shape (n, 4), of the boxes that the chosen cells predict."""
        stride = self.strides[chosen]
        own = raw[chosen].astype(np.float32, copy=False)  # half floats would overflow long before LARGEST_LOG
        centres = (own[:, :2] + self.cells[chosen]) * stride
        return np.hstack([centres, np.exp(np.minimum(own[:, 2:], LARGEST_LOG)) * stride])


def grid(height: int, width: int, cells: int) -> Grid | None:
    """The grid over an input of that size which has so many cells; None where there is none."""
    for strides in STRIDES:
        sizes = [(height // stride, width // stride) for stride in strides]
        counts = [rows * columns for rows, columns in sizes]
        if sum(counts) == cells:
            places = [np.indices(size)[::-1].reshape(2, -1).T for size in sizes]
            return Grid(
                np.concatenate(places).astype(np.float32), np.repeat(strides, counts)[:, None].astype(np.float32)
            )
    return None
