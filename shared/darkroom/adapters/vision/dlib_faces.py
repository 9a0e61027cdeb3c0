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

    from darkroom.domain.detection import Box

    Find = Callable[[NDArray[np.uint8]], Iterable[tuple[Any, float]]]

ENLARGED: Final = 4.0
"""So many times at the most is a small picture scaled up."""
SMALLEST_FACE: Final = 80
"""Pixels; both models see none below it, and `mmod` breaks on pictures that are smaller than its filters."""


@dataclass(frozen=True, slots=True)
class Model:
    """How one of dlib's detectors is used.

    A picture's longer side is multiplied by `enlarged`, and brought to `smallest` to `largest` pixels. The margin is
    bent into 0-1 by a logistic curve through one half at `even`.

    For `hog` all were read off pictures with known faces: enlarged to 1,600 pixels, every face has a margin above 0.6
    and nothing else one above 0.1, which at 1,000 overlap, and faces of 20 pixels are seen. A quarter larger, a face of
    64 pixels, which is large enough to be enrolled, can be seen. A picture of 3,840 pixels with 54 faces shows none of
    them at 1,600 pixels (0.14 s), 45 at 2,400 (0.3 s), 53 at 3,200 (0.6 s) and all at 4,000 (0.9 s).
    """

    make: Callable[[Any], Find]
    smallest: int
    largest: int
    even: float
    steepness: float
    enlarged: float = 1.0

    def scale(self, width: int, height: int) -> float:
        """What the picture's sides are multiplied by."""
        side = max(width, height)
        return min(max(side * self.enlarged, self.smallest), self.largest, side * ENLARGED) / side

    def confidence(self, margin: float) -> float:
        return 1 / (1 + math.exp(-self.steepness * (margin - self.even)))


class Finder:
    """One of MODELS, loaded. Raises NoModelError where dlib or the model's file is not installed."""

    def __init__(self, model: str) -> None:
        self._use = MODELS[model]
        self._find = self._use.make(package())

    def find(self, pixels: NDArray[np.uint8], least: float) -> list[tuple[Box, float]]:
        """(box, confidence of at least `least`) of each face in RGB pixels (height, width, 3), most confident first.

        The boxes may reach out of the picture.
        """
        height, width = pixels.shape[:2]
        scale = self._use.scale(width, height)
        small = np.ascontiguousarray(pixels)  # dlib takes no views
        if scale != 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            small = np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
        if min(small.shape[:2]) < SMALLEST_FACE:
            return []
        found: list[tuple[Box, float]] = []
        for rectangle, margin in self._find(small):
            confidence = self._use.confidence(margin)
            if confidence >= least:
                # dlib's rectangles include their last row and column.
                edges = rectangle.left(), rectangle.top(), rectangle.right() + 1, rectangle.bottom() + 1
                x1, y1, x2, y2 = (edge / scale for edge in edges)
                found.append(((x1, y1, x2, y2), confidence))
        return sorted(found, key=lambda face: -face[1])


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
        self._finder = Finder(model)
        self._confidence = confidence

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        """The faces in upright RGB pixels of shape (height, width, 3), most confident first."""
        height, width = pixels.shape[:2]
        found = self._finder.find(pixels, self._confidence)
        inside = ((clipped(box, width, height), confidence) for box, confidence in found)
        return [Detection("face", confidence, box) for box, confidence in inside if box]


def package() -> Any:
    """dlib. Raises NoModelError."""
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


def weights(file: str) -> Path:
    """A file of the package face_recognition_models. Raises NoModelError."""
    # The package's own import needs pkg_resources, which setuptools no longer has: so find its files by path.
    spec = find_spec("face_recognition_models")
    path = Path(spec.origin).parent / "models" / file if spec and spec.origin else None
    if path is None or not path.is_file():
        raise NoModelError(
            f"The package face_recognition_models, which holds {file}, is not installed",
            fix="Run `pip install face_recognition_models`.",
        )
    return path


def _mmod(dlib: Any) -> Find:
    detector = dlib.cnn_face_detection_model_v1(str(weights("mmod_human_face_detector.dat")))

    def find(pixels: NDArray[np.uint8]) -> Iterable[tuple[Any, float]]:
        return [(face.rect, face.confidence) for face in detector(pixels, 0)]

    return find


MODELS: Final[dict[str, Model]] = {
    "hog": Model(_hog, smallest=1_600, largest=3_200, even=0.3, steepness=4, enlarged=1.25),
    "mmod": Model(_mmod, smallest=0, largest=1_000, even=0.0, steepness=2),
}
