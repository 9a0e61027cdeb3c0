"""Boxes as models give them: to corners in pixels, and without doubles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from darkroom.domain.detection import OVERLAP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def corners(boxes: Floats, order: str, units: str, height: int, width: int) -> Floats:
    """(x1, y1, x2, y2) in pixels of an input of that size, of boxes (n, 4) in a manifest's `order` and `units`."""
    boxes = boxes.astype(np.float32, copy=False)
    if order == "cxcywh":
        boxes = np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])
    elif order == "yxyx":
        boxes = boxes[:, [1, 0, 3, 2]]
    return boxes * np.array([width, height, width, height], np.float32) if units == "fractions" else boxes


def suppressed(boxes: Floats, scores: Floats, kinds: NDArray[np.intp], overlap: float = OVERLAP) -> list[int]:
    """Indices of the boxes that stay, most confident first: greedy non-maximum suppression within each label, of
    what shares more than `overlap` of its union with a more confident one."""
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    left = np.argsort(-scores, kind="stable")
    kept = []
    while left.size:
        first, left = left[0], left[1:]
        kept.append(int(first))
        corner = np.maximum(boxes[first, :2], boxes[left, :2])
        shared = np.prod(np.maximum(np.minimum(boxes[first, 2:], boxes[left, 2:]) - corner, 0), axis=1)
        same = shared > overlap * (areas[first] + areas[left] - shared)
        left = left[~(same & (kinds[left] == kinds[first]))]
    return kept
