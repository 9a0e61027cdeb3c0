"""Faces by YuNet in OpenCV and a pack's recogniser on ONNX Runtime: the chain whose weights may be sold with.

YuNet: Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023; its five landmarks are ArcFace's.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.vision.faces.onnx_model import recognised, recogniser
from darkroom.domain import limits
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.vision.faces.packs import Pack
    from darkroom.domain.faces import Face

CANDIDATES: Final = 5_000
"""Boxes that the doubles are taken out of; OpenCV's own number."""


class YunetFaces:
    """A FaceModel, for one thread at a time."""

    def __init__(self, pack: Pack, *, threads: int = 0) -> None:
        """`threads` 0 leaves their number to OpenCV and ONNX Runtime. Raises NoModelError where OpenCV is not
        installed, or the pack has another detector, or one that this OpenCV cannot read."""
        if pack.detector.layout != "yunet":
            raise NoModelError(
                f"The pack {pack.name} has a {pack.detector.layout} detector, which the engine yunet does not run",
                fix="Set FACE_ENGINE to onnx, or FACE_PACK to a pack with a YuNet detector.",
            )
        try:
            import cv2
        except ImportError as error:
            raise NoModelError(
                "OpenCV is not installed",
                fix="Run `pip install 'darkroom[yunet]'`, or set FACE_ENGINE to onnx or dlib.",
            ) from error
        if threads:
            cv2.setNumThreads(threads)
        self.space = pack.space("yunet")
        self._cv2 = cv2
        self._side = pack.detector.side
        self._detector = _detector(cv2, pack)
        self._pool = ThreadPoolExecutor(threads or len(os.sched_getaffinity(0)), "faces")
        self._recogniser = recogniser(pack, threads)

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        placed, scale = self._placed(pixels)
        _, rows = self._detector.detect(placed)
        if rows is None:
            return []
        ordered = rows[np.argsort(-rows[:, 14], kind="stable")][: limits.FACES_PER_IMAGE]
        boxes, landmarks = ordered[:, :4] / scale, ordered[:, 4:14].reshape(-1, 5, 2) / scale
        boxes[:, 2:] += boxes[:, :2]
        found = zip(boxes, map(float, ordered[:, 14]), landmarks, strict=True)
        return recognised(pixels, found, self._recogniser, self._pool)

    def _placed(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """The picture in the upper left corner of the detector's square, BGR on black, and how much smaller it is."""
        rows, columns = pixels.shape[:2]
        scale = self._side / max(rows, columns)
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        smooth = self._cv2.INTER_AREA if scale < 1 else self._cv2.INTER_LINEAR
        placed = np.zeros((self._side, self._side, 3), np.uint8)
        placed[: size[1], : size[0]] = self._cv2.resize(pixels, size, interpolation=smooth)[..., ::-1]
        return placed, scale


def _detector(cv2: Any, pack: Pack) -> Any:
    use = pack.detector
    # Version 5 warns at each model that it runs on the CPU, which is what it is asked for.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        return cv2.FaceDetectorYN.create(
            str(pack.detector_path), "", (use.side, use.side), use.score, use.overlap, CANDIDATES
        )
    except cv2.error as error:
        raise NoModelError(
            f"OpenCV {cv2.__version__} cannot load {use.file}: {error.err}",
            fix="Use OpenCV 5 or later for a YuNet model that takes pictures of any size, or one of 640 x 640 pixels.",
        ) from error
