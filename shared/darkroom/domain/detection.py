"""What an object detector finds, and what a paid one charges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Box = tuple[float, float, float, float]
"""(x1, y1, x2, y2), in pixels of the upright image."""

OVERLAP: Final = 0.45
"""Two boxes of one label that share more than this part of their union (IoU) are one object."""
USD_PER_IMAGE: Final = {"rekognition": 0.001}
"""What the paid engines charge; the others cost compute alone. Rekognition DetectLabels, first million images a month,
us-east-1: https://aws.amazon.com/rekognition/pricing/ has what holds today."""
FUNCTION_GIGABYTES: Final = 3_008 / 1_024
"""Memory of the detect function, which the estimate of a job is made with; a test holds it to the template."""
DETECTIONS_PER_IMAGE: Final = 300
"""The most confident ones are kept; COCO's own evaluation looks at 100."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One object. `bbox` is (x1, y1, x2, y2) in pixels of the upright image, clipped to it; confidence 0-1."""

    label: str
    confidence: float
    bbox: Box


def clipped(box: Box, width: int, height: int) -> Box | None:
    """The part of a box that lies in the image; None where none does, or a corner is not a number."""
    x1, y1, x2, y2 = box
    if not (x1 < x2 and y1 < y2):
        return None
    inside = max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)
    return inside if inside[0] < inside[2] and inside[1] < inside[3] else None


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0-1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return shared / (areas - shared) if areas > shared else 0.0
