"""Faces by dlib, from PyPI alone: the detector of a machine that has no weights and cannot fetch any.

It finds faces and nothing else, so its every label is `face`, and each answer names the engine. Two models:
`hog` (Dalal and Triggs, 2005; inside dlib itself) takes hundredths of a second and sees faces from the front;
`mmod` (King, "Max-Margin Object Detection", 2015; from the package face_recognition_models, CC0) sees turned ones
as well and takes seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from darkroom.domain.detection import Detection, clipped
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Find = Callable[[NDArray[np.uint8]], Iterable[tuple[Any, float]]]

ENLARGED: Final = 4.0
"""So many times at the most is a small picture scaled up."""
SMALLEST_FACE: Final = 80
"""Pixels; both models see none below it, and `mmod` breaks on pictures that are smaller than its filters."""


@dataclass(frozen=True, slots=True)
class Model:
    """How one of dlib's detectors is used.

    Pictures are scaled to `longest_side` before it, and its margin is bent into 0-1 by a logistic curve through
    one half at `even`. For `hog` both were read off pictures with known faces: at 1,600 pixels every face has a margin
    above 0.6 and nothing else one above 0.1, which at 1,000 overlap.
    """

    make: Callable[[Any], Find]
    longest_side: int
    even: float
    steepness: float
    enlarges: bool = False

    def scale(self, width: int, height: int) -> float:
        """What the picture's sides are multiplied by."""
        return min(self.longest_side / max(width, height), ENLARGED if self.enlarges else 1.0)

    def confidence(self, margin: float) -> float:
        return 1 / (1 + math.exp(-self.steepness * (margin - self.even)))


class DlibFaces:
    """An ObjectDetector. `confidence` is dlib's margin, which has no upper end, bent into 0-1: no probability."""

    engine = "dlib"
    paid = False
    usd_per_image = 0.0

    def __init__(self, *, model: str, confidence: float) -> None:
        """Raises NoModelError where dlib or the model's file is not installed, or there is no such model."""
        if model not in MODELS:
            raise NoModelError(
                f"dlib has no model {model!r}", fix=f"Set DETECT_MODEL to {' or '.join(MODELS)}, or leave it out."
            )
        self.model = model
        self._use = MODELS[model]
        self._find = self._use.make(_dlib())
        self._confidence = confidence

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        """The faces in upright RGB pixels of shape (height, width, 3), most confident first."""
        height, width = pixels.shape[:2]
        scale = self._use.scale(width, height)
        small = pixels
        if scale != 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            small = np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
        if min(small.shape[:2]) < SMALLEST_FACE:
            return []
        found = []
        for rectangle, margin in self._find(small):
            confidence = self._use.confidence(margin)
            # dlib's rectangles include their last row and column.
            edges = rectangle.left(), rectangle.top(), rectangle.right() + 1, rectangle.bottom() + 1
            x1, y1, x2, y2 = (edge / scale for edge in edges)
            box = clipped((x1, y1, x2, y2), width, height)
            if box and confidence >= self._confidence:
                found.append(Detection("face", confidence, box))
        return sorted(found, key=lambda face: -face.confidence)


def _dlib() -> Any:
    try:
        import dlib
    except ImportError as error:
        raise NoModelError("dlib is not installed", fix="Run `make models`, or `pip install dlib-bin`.") from error
    return dlib


def _hog(dlib: Any) -> Find:
    detector = dlib.get_frontal_face_detector()

    def find(pixels: NDArray[np.uint8]) -> Iterable[tuple[Any, float]]:
        rectangles, margins, _ = detector.run(pixels, 0, 0.0)
        return zip(rectangles, margins, strict=True)

    return find


def _mmod(dlib: Any) -> Find:
    # The package's own import needs pkg_resources, which setuptools no longer has: so find its files by path.
    spec = find_spec("face_recognition_models")
    weights = Path(spec.origin).parent / "models" / "mmod_human_face_detector.dat" if spec and spec.origin else None
    if weights is None or not weights.is_file():
        raise NoModelError(
            "The package face_recognition_models, which holds the model mmod, is not installed",
            fix="Run `pip install face_recognition_models`, or set DETECT_MODEL to hog.",
        )
    detector = dlib.cnn_face_detection_model_v1(str(weights))

    def find(pixels: NDArray[np.uint8]) -> Iterable[tuple[Any, float]]:
        return [(face.rect, face.confidence) for face in detector(pixels, 0)]

    return find


MODELS: Final[dict[str, Model]] = {
    "hog": Model(_hog, longest_side=1_600, even=0.3, steepness=4, enlarges=True),
    "mmod": Model(_mmod, longest_side=1_000, even=0.0, steepness=2),
}
