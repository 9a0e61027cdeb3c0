"""Object detection with any detector that was exported to ONNX in one of the layouts of layouts.py.

Everything about a model is read from the model itself, or from its manifest: a single run on plain grey shows what
it gives, and which layout that is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from darkroom.adapters.vision.boxes import suppressed
from darkroom.adapters.vision.inputs import GREY, Preparation, picture_input, sizes
from darkroom.adapters.vision.layouts import Sample, recognised
from darkroom.adapters.vision.manifests import NOTHING_TOLD
from darkroom.domain.detection import DETECTIONS_PER_IMAGE, Detection, clipped
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.vision.manifests import Manifest
    from darkroom.adapters.vision.session import Session


class OnnxDetector:
    """An ObjectDetector. `confidence` is the lowest that counts."""

    engine = "onnx"
    paid = False
    usd_per_image = 0.0

    def __init__(
        self,
        session: Session,
        labels: Sequence[str],
        *,
        model: str,
        confidence: float,
        manifest: Manifest = NOTHING_TOLD,
    ) -> None:
        """Raises NoModelError for a model that no layout fits, or whose labels are not these."""
        if not labels:
            raise NoModelError(f"{model} has no labels", fix="Put them into the text file beside it, one a line.")
        self.model = model
        self._session = session
        self._labels = tuple(labels)
        self._confidence = confidence
        inputs = session.get_inputs()
        picture = picture_input(model, inputs, manifest.size)
        self._input = picture.name
        self._beside = sizes(inputs, picture.height, picture.width)
        if picture.of_bytes and manifest.scaling is None:
            manifest = replace(manifest, scaling="0-255")
        # Grey to a model that takes 0-1, near black to one that takes 0-255: no model is shown what it never saw.
        grey = np.full((1, 3, picture.height, picture.width), GREY / (1 if picture.of_bytes else 255), np.float32)
        try:
            outputs = session.run(None, {self._input: picture.shaped(grey), **self._beside})
        except Exception as error:  # ONNX Runtime has a class of exception per status, with no base of their own
            raise NoModelError(
                f"{model} cannot be run on a picture of {picture.width} x {picture.height}: {error}",
                fix="Where it takes pictures of any size, say in its manifest which `size` is right.",
            ) from error
        names = tuple(output.name for output in session.get_outputs())
        sample = Sample(names, tuple(map(np.asarray, outputs)), picture.height, picture.width, len(self._labels))
        self._layout, filled, self._read = recognised(model, sample, manifest)
        self._prepare = Preparation(picture, filled)

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        """The objects in upright RGB pixels of shape (height, width, 3), most confident first."""
        height, width = pixels.shape[:2]
        picture, (across, down, left, top) = self._prepare(pixels)
        outputs = self._session.run(None, {self._input: picture, **self._beside})
        boxes, scores, labels = self._read(outputs, self._confidence)
        boxes = (boxes - np.array([left, top] * 2, np.float32)) * np.array([across, down] * 2, np.float32)
        kept = suppressed(boxes, scores, labels) if self._layout.doubles else range(len(scores))
        found = []
        for index in kept[:DETECTIONS_PER_IMAGE]:
            x1, y1, x2, y2 = (float(value) for value in boxes[index])
            box = clipped((x1, y1, x2, y2), width, height)
            if box:
                found.append(Detection(self._labels[labels[index]], min(1.0, float(scores[index])), box))
        return found
