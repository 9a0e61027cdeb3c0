"""Shapes compared: which drawing of a collection a mask of ink looks most like.

Each is scaled to fill a square and described twice, by histograms of the directions of its edges in 8 by 8 fields
(Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005, with unsigned directions and
square roots) and by its ink seen from afar. Both are blind to how thick a pen was and to a trembling hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from darkroom.adapters.imaging.trim import box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Planes = NDArray[np.float32]

SIDE: Final = 64
"""Pixels of the square."""
FIELDS: Final = 8
DIRECTIONS: Final = 8
NEAR, FAR = 1.0, 3.0
"""Sigma of the blur under the histograms, and of that under what is seen from afar."""
FAR_STEP: Final = 4
FAR_WEIGHT: Final = 0.6
GROUND: Final = 0.14
"""The lowest share of a drawing, where what sticks out to the sides is the ground it stands on, or its shadow."""


def described(squares: Planes) -> Planes:
    """(n, SIDE, SIDE) ink from 0 to 1 to (n, length); the product of two rows is their likeness, 1 for the same."""
    edges = _directions(_blurred(squares, NEAR))
    afar = _blurred(squares, FAR)[:, FAR_STEP // 2 :: FAR_STEP, FAR_STEP // 2 :: FAR_STEP].reshape(len(squares), -1)
    parts = _unit(edges), _unit(afar) * np.float32(np.sqrt(FAR_WEIGHT))
    return np.asarray(np.concatenate(parts, axis=1) / np.sqrt(1 + FAR_WEIGHT), np.float32)


def likenesses(masks: Sequence[NDArray[np.bool_]], described_shapes: Planes) -> Planes:
    """Of the best of `masks` (views of one subject, with ink in each), upright or mirrored, to each described shape."""
    squares = []
    for mask in masks:
        for region in dict.fromkeys((box(mask), _standing(mask))):
            if region is not None:
                square = _square(mask, region)
                squares += [square, square[:, ::-1]]
    found: Planes = (described(np.stack(squares)) @ described_shapes.T).max(axis=0)
    return found


def _standing(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """The box of what stands there, without the ground that sticks out to its sides."""
    region = box(mask)
    if region is None:
        return None
    x1, y1, x2, y2 = region
    columns = np.nonzero(mask[y1 : round(y2 - GROUND * (y2 - y1)), x1:x2].any(axis=0))[0]
    if not columns.size:
        return region
    left, right = x1 + int(columns[0]), x1 + int(columns[-1]) + 1
    inner = box(mask[:, left:right])
    return None if inner is None else (left + inner[0], inner[1], left + inner[2], inner[3])


def _square(mask: NDArray[np.bool_], region: tuple[int, int, int, int]) -> Planes:
    x1, y1, x2, y2 = region
    scale = (SIDE - 2) / max(x2 - x1, y2 - y1)
    width, height = max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale))
    ink = Image.fromarray(mask[y1:y2, x1:x2].astype(np.uint8) * np.uint8(255))
    square = np.zeros((SIDE, SIDE), np.float32)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    scaled = np.asarray(ink.resize((width, height), Image.Resampling.BOX), np.float32)
    square[top : top + height, left : left + width] = scaled / 255
    return square


def _directions(squares: Planes) -> Planes:
    down, across = np.gradient(squares, axis=(1, 2))
    strength = np.hypot(across, down)
    turn = np.mod(np.arctan2(down, across), np.pi) * (DIRECTIONS / np.pi)
    lower = np.floor(turn)
    share = turn - lower
    first = lower.astype(np.int8) % DIRECTIONS
    pool = _fields()
    found = np.empty((len(squares), DIRECTIONS, FIELDS, FIELDS), np.float32)
    for direction in range(DIRECTIONS):
        part = np.where(first == direction, 1 - share, 0) + np.where((first + 1) % DIRECTIONS == direction, share, 0)
        found[:, direction] = pool @ (part * strength).astype(np.float32) @ pool.T
    return np.sqrt(found).reshape(len(squares), -1)


def _fields() -> Planes:
    """(FIELDS, SIDE): how much each row of pixels counts for each row of fields; between two it counts for both."""
    size = SIDE / FIELDS
    middles = (np.arange(FIELDS) + 0.5) * size - 0.5
    shares = np.clip(1 - np.abs(np.arange(SIDE)[None] - middles[:, None]) / size, 0, None)
    return np.asarray(shares, np.float32)


def _blurred(squares: Planes, sigma: float) -> Planes:
    away = np.arange(SIDE)[:, None] - np.arange(SIDE)[None]
    kernel = np.exp(-(away**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    spread = kernel.astype(np.float32)
    blurred: Planes = spread @ squares @ spread.T
    return blurred


def _unit(rows: Planes) -> Planes:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)
