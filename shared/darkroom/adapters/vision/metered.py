"""A detector that reports each use of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.detection import Detection
    from darkroom.ports import Meter, ObjectDetector


class MeteredDetector:
    """Any engine, each of whose answers is told to the meter; a call that fails is not, since it is not charged."""

    def __init__(self, detector: ObjectDetector, meter: Meter) -> None:
        self._detector = detector
        self._meter = meter
        self.engine = detector.engine
        self.model = detector.model
        self.paid = detector.paid
        self.usd_per_image = detector.usd_per_image

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        detections = self._detector.detect(pixels)
        self._meter.engine_used(self.engine, items=1, usd=self.usd_per_image if self.paid else 0.0)
        return detections
