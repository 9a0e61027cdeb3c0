"""Shapes with known measures, drawn exactly: each pixel is inked for the share of it that the shape covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Shape = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.bool_]]
    Colour = tuple[int, int, int, int]

BLACK, WHITE, CLEAR = (0, 0, 0, 255), (255, 255, 255, 255), (0, 0, 0, 0)
FINE = 4
"""Samples of a pixel's side."""


def drawn(
    shape: Shape,
    *,
    size: int = 400,
    ink: tuple[int, int, int, int] = BLACK,
    paper: tuple[int, int, int, int] = CLEAR,
    smooth: bool = True,
) -> NDArray[np.uint8]:
    """(size, size, 4) RGBA. `shape` is true where x and y, in pixels from the top left corner, are in it."""
    y, x = (np.mgrid[0 : size * FINE, 0 : size * FINE] + 0.5) / FINE
    share = shape(x, y).reshape(size, FINE, size, FINE).mean(axis=(1, 3))[..., None]
    if not smooth:
        share = (share >= 0.5).astype(np.float64)
    if paper[3] == 0:
        colour = np.broadcast_to(np.array(ink[:3], np.float64), (size, size, 3))
        made = np.concatenate([colour, share * ink[3]], axis=2)
        made = np.where(made[..., 3:] == 0, 0, made)
    else:
        made = np.array(ink, np.float64) * share + np.array(paper, np.float64) * (1 - share)
    return np.asarray(np.rint(made), np.uint8)


def ring(radius: float, stroke: float, *, x: float = 200, y: float = 200) -> Shape:
    return lambda across, down: np.abs(np.hypot(across - x, down - y) - radius) <= stroke / 2


def disc(radius: float, *, x: float = 200, y: float = 200) -> Shape:
    return lambda across, down: np.hypot(across - x, down - y) <= radius


def box(x1: float, y1: float, x2: float, y2: float) -> Shape:
    return lambda across, down: (across >= x1) & (across < x2) & (down >= y1) & (down < y2)


def both(*shapes: Shape) -> Shape:
    return lambda across, down: np.logical_or.reduce([shape(across, down) for shape in shapes])
