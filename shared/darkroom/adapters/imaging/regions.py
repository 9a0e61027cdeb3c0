"""What masks tell: connected parts and distances. Masks are (height, width) bool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def labelled(mask: NDArray[np.bool_], *, corners: bool) -> tuple[NDArray[np.int32], int]:
    """Parts that touch over a side or, with `corners`, a corner: 1, 2 ... in the order of their first pixels, else 0.

    Runs of each row are joined with those of the row above by union-find, all rows at once: a run takes the smallest
    name of those that it touches, and names are followed to their roots, until nothing changes.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    if not rows.size:
        return np.zeros(mask.shape, np.int32), 0
    # Runs in one long line, rows a gap apart, so that one search finds those of the row above that each one touches.
    pitch = width + 2
    first = np.searchsorted((rows + 1) * pitch + ends, rows * pitch + starts, side="left" if corners else "right")
    last = np.searchsorted((rows + 1) * pitch + starts, rows * pitch + ends, side="right" if corners else "left")
    counts = np.maximum(last - first, 0)
    below = np.repeat(np.arange(len(rows)), counts)
    above = np.repeat(first, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    names = np.arange(len(rows))
    while True:
        one, other = names[below], names[above]
        if np.array_equal(one, other):
            break
        low = np.minimum(one, other)
        np.minimum.at(names, one, low)
        np.minimum.at(names, other, low)
        while not np.array_equal(names, names[names]):
            names = names[names]
    roots, order = np.unique(names, return_inverse=True)
    labels = np.zeros((height, width + 1), np.int32)
    # Each run as a step up and a step down, summed along the row.
    np.add.at(labels, (rows, starts), order + 1)
    np.add.at(labels, (rows, ends), -(order + 1))
    return np.cumsum(labels, axis=1, dtype=np.int32)[:, :-1], len(roots)


def distances(mask: NDArray[np.bool_], *, most: int) -> NDArray[np.float32]:
    """From the middle of each pixel to that of the nearest one outside the mask, 0 there; exact up to `most`.

    Along the columns first, then the least of the parabolas of a row (Felzenszwalb and Huttenlocher, "Distance
    transforms of sampled functions", 2012), which are tried one offset after the other, as none further than the
    largest distance counts. Beyond the edge of the picture is outside the mask.
    """
    down = np.zeros(mask.shape, np.float32)
    run = np.zeros(mask.shape[1], np.float32)
    for row in range(mask.shape[0]):
        run = np.where(mask[row], run + 1, 0).astype(np.float32)
        down[row] = run
    run = np.zeros(mask.shape[1], np.float32)
    for row in range(mask.shape[0] - 1, -1, -1):
        run = np.where(mask[row], run + 1, 0).astype(np.float32)
        np.minimum(down[row], run, out=down[row])
    np.minimum(down, most, out=down)
    squares = np.pad(down**2, ((0, 0), (most, most)))
    found = squares[:, most:-most].copy()
    width = mask.shape[1]
    for offset in range(1, most + 1):
        if offset * offset >= found.max(initial=0.0):
            break
        left, right = squares[:, most - offset :][:, :width], squares[:, most + offset :][:, :width]
        np.minimum(found, np.minimum(left, right) + offset * offset, out=found)
    return np.sqrt(found)
