"""Empty margins: where a drawing ends and its paper begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Colour = tuple[int, int, int, int]
"""Red, green, blue and opacity, 0 to 255."""

FAINT: Final = 8
"""Opacity up to which a pixel counts as nothing."""
GRAIN: Final = 12
"""How far a channel may be off the paper's colour: as much as the smear of a lossy file around its lines."""
MOSTLY: Final = 0.5
"""The share of the picture's edge that must have one colour for it to be called paper."""


def paper(pixels: NDArray[np.uint8]) -> Colour | None:
    """The colour that a drawing is on, RGBA; (0, 0, 0, 0) for none at all. None where the edge has no one colour."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    if (edge[:, 3] <= FAINT).mean() >= MOSTLY:
        return 0, 0, 0, 0
    colour = commonest(edge)
    if (np.abs(edge.astype(np.int16) - np.array(colour)) <= GRAIN).all(axis=1).mean() < MOSTLY:
        return None
    return colour


def commonest(pixels: NDArray[np.uint8]) -> Colour:
    """The colour that most of the pixels, (..., 4), have."""
    words, counts = np.unique(np.ascontiguousarray(pixels).view(np.uint32), return_counts=True)
    red, green, blue, alpha = words[counts.argmax() :][:1].view(np.uint8).tolist()
    return red, green, blue, alpha


def inked(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(height, width): where something is drawn. All of it, where there is no paper."""
    colour = paper(pixels)
    if colour is None:
        return np.ones(pixels.shape[:2], np.bool_)
    if colour[3] == 0:
        return np.asarray(pixels[..., 3] > FAINT)
    off = np.zeros(pixels.shape[:2], np.bool_)
    for channel in range(4):
        plane = pixels[..., channel]
        low, high = max(colour[channel] - GRAIN, 0), min(colour[channel] + GRAIN, 255)
        off |= (plane < low) | (plane > high)
    return off


def box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """[x1, y1, x2, y2] around all that is true, the end exclusive; None for nothing."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def trimmed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without its empty margins. An empty sheet stays as it is."""
    found = box(inked(pixels))
    if found is None:
        return pixels
    x1, y1, x2, y2 = found
    return np.ascontiguousarray(pixels[y1:y2, x1:x2])
