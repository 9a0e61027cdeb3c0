"""What an object detector finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detection:
    """One object. `bbox` is (x1, y1, x2, y2) in pixels of the upright image, clipped to it; confidence 0-1."""

    label: str
    confidence: float
    bbox: tuple[float, float, float, float]
