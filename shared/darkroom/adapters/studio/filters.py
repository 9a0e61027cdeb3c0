"""Masks and floods of pictures in numpy: runs along whole rows and columns at a time, no picture library needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.imaging.regions import labelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

SWEEPS: Final = 160


def flooded(open_: Mask, source: Mask, *, width: int) -> Mask:
    """What a flood from the source reaches through ways at least about 2 `width` + 1 pixels wide."""
    # The picture's edge is no bank: there the way is as open as just inside.
    wide = eroded(open_, width)
    return dilated(spread(source & wide, wide), width) & open_


class _Runs:
    """The runs of open pixels along the rows of a mask: one number for all of a run in one step."""

    def __init__(self, open_: Mask) -> None:
        self.padded = open_.shape[0], open_.shape[1] + 1
        padded = np.pad(open_, ((0, 0), (1, 0))).ravel()
        begins = padded[1:] & ~padded[:-1]
        self.open = padded
        self.begins = np.flatnonzero(begins) + 1
        self.run = np.concatenate(([0], np.cumsum(begins, dtype=np.int32))) - 1

    def all_of(self, reached: Mask) -> Mask:
        flat = np.pad(reached, ((0, 0), (1, 0))).ravel()
        hit = np.logical_or.reduceat(flat & self.open, self.begins)
        return np.asarray((hit[self.run] & self.open).reshape(self.padded)[:, 1:])


def spread(source: Mask, open_: Mask) -> Mask:
    """The open pixels that hang together with the source's, over sides."""
    reached = source & open_
    if not reached.any():
        return reached
    rows, columns = _Runs(open_), _Runs(np.ascontiguousarray(open_.T))
    count = -1
    for _ in range(SWEEPS):
        reached = rows.all_of(reached)
        reached = columns.all_of(np.ascontiguousarray(reached.T)).T
        now = int(reached.sum())
        if now == count:
            break
        count = now
    return np.ascontiguousarray(reached)


def smooth(mask: Mask) -> Mask:
    """Without nicks and burrs: each pixel as most of those around it."""
    for _ in range(2):
        mask = box(mask.astype(np.float32), 2) > 0.5
    return mask


def dilated(mask: Mask, reach: int) -> Mask:
    """Grown by a square of 2 `reach` + 1 pixels."""
    grown = mask.copy()
    for step in range(1, reach + 1):
        grown[step:] |= mask[:-step]
        grown[:-step] |= mask[step:]
    wide = grown.copy()
    for step in range(1, reach + 1):
        wide[:, step:] |= grown[:, :-step]
        wide[:, :-step] |= grown[:, step:]
    return wide


def eroded(mask: Mask, reach: int) -> Mask:
    return ~dilated(~mask, reach)


def blurred(values: Floats, sigma: float) -> Floats:
    """A small Gaussian blur in 32-bit floats, edges repeated."""
    size = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-size, size + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    height, width = values.shape
    padded = np.pad(values, ((size, size), (0, 0)), mode="edge")
    down = sum(weight * padded[index : index + height] for index, weight in enumerate(kernel))
    padded = np.pad(np.asarray(down, np.float32), ((0, 0), (size, size)), mode="edge")
    across = sum(weight * padded[:, index : index + width] for index, weight in enumerate(kernel))
    return np.asarray(across, np.float32)


def box(values: Floats, reach: int) -> Floats:
    """The mean over a square of 2 `reach` + 1 pixels, with nothing beyond the edges."""
    size = 2 * reach + 1
    padded = np.pad(values.astype(np.float64), ((reach + 1, reach), (0, 0)))
    total = np.cumsum(padded, axis=0)
    down = total[size:] - total[:-size]
    padded = np.pad(down, ((0, 0), (reach + 1, reach)))
    total = np.cumsum(padded, axis=1)
    return ((total[:, size:] - total[:, :-size]) / (size * size)).astype(np.float32)


def slope(values: Floats) -> Floats:
    """Its steepness, in units a pixel."""
    return np.hypot(np.gradient(values, axis=0), np.gradient(values, axis=1))


def curvature(values: Floats) -> Floats:
    """The discrete Laplacian over four neighbours, with its sign."""
    around = np.pad(values, 1, mode="edge")
    return around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:] - 4 * values


def pieces(mask: Mask) -> Mask | None:
    """The parts that count: specks of dust and grain go, both shoes of a pair stay."""
    names, found = labelled(mask, corners=False)
    if not found:
        return None
    counts = np.bincount(names.ravel())
    counts[0] = 0  # what is outside
    return np.asarray((counts >= max(0.02 * float(counts.max()), 0.0005 * mask.size))[names])


def spread_colour(picture: Floats, mask: Mask, reach: int) -> tuple[Floats, Mask]:
    """The mean colour of the masked pixels around each pixel, and where there are any: a normalised convolution."""
    weight = box(mask.astype(np.float32), reach)
    total = np.stack([box(np.where(mask, picture[..., channel], 0), reach) for channel in range(3)], axis=-1)
    return np.asarray(total / np.maximum(weight, 1e-6)[..., None], np.float32), weight > 1e-3
