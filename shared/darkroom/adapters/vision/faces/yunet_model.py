"""Faces by YuNet in OpenCV and a pack's recogniser on ONNX Runtime: the chain whose weights may be sold with.

YuNet: Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023; its five landmarks are ArcFace's.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.vision.faces.alignment import SIDE, similarity
from darkroom.adapters.vision.faces.onnx_model import recognised, recogniser
from darkroom.domain import limits
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.vision.faces.packs import Pack
    from darkroom.domain.faces import Face

    Floats = NDArray[np.float32]

CANDIDATES: Final = 5_000
"""Boxes that the doubles are taken out of; OpenCV's own number."""
NEAR: Final = 192
REACH: Final = 1.5 * SIDE
"""A face is looked at anew on so many pixels, which are so many of an aligned face's. Over seventeen pairs, leaning
faces too, the cosine to what another detector's landmarks give rises from 0.82 to 0.90 on the average."""
SMALL: Final = 24
"""Pixels of a face that is looked for once more, at twice the size, in a picture that is larger yet: one of 12 pixels
is missed as often as not, and 100 of 200 on one picture. The second look takes four times the first."""


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
        self._detectors = {side: _detector(cv2, pack, side) for side in (NEAR, self._side, 2 * self._side)}
        self._pool = ThreadPoolExecutor(threads or len(os.sched_getaffinity(0)), "faces")
        self._recogniser = recogniser(pack, threads)

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        rows = self._seen(pixels, self._side)
        if max(pixels.shape[:2]) > 2 * self._side:
            rows = np.vstack([rows, self._small(pixels, rows)])
        rows = rows[np.argsort(-rows[:, 14], kind="stable")][: limits.FACES_PER_IMAGE]
        landmarks = (self._refined(pixels, points) for points in rows[:, 4:14].reshape(-1, 5, 2))
        found = zip(rows[:, :4], map(float, rows[:, 14]), landmarks, strict=True)
        return recognised(pixels, found, self._recogniser, self._pool)

    def _small(self, pixels: NDArray[np.uint8], known: Floats) -> Floats:
        """The faces that are too small for the first look, outside of those that are known: to the second look, the
        parts of a large face are faces."""
        rows = self._seen(pixels, 2 * self._side)
        small = (rows[:, 2:4] - rows[:, :2]).max(axis=1, initial=0) < SMALL * max(pixels.shape[:2]) / self._side
        middle = (rows[:, None, :2] + rows[:, None, 2:4]) / 2
        within = np.any(np.all((middle > known[:, :2]) & (middle < known[:, 2:4]), axis=2), axis=1)
        left: Floats = rows[small & ~within]
        return left

    def _refined(self, pixels: NDArray[np.uint8], landmarks: Floats) -> Floats:
        """The landmarks (5, 2) of a face as they are seen once it is upright and near: YuNet gives the eyes of a face
        that leans by 40 degrees half of that, and recognisers are sensitive to it."""
        try:
            turn, shift = similarity(landmarks)
        except ValueError:
            return landmarks
        corner = (SIDE - REACH) / 2 * complex(1, 1)
        turn, shift = turn * (REACH / NEAR), turn * corner + shift
        there = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
        how = self._cv2.INTER_LINEAR | self._cv2.WARP_INVERSE_MAP
        near = self._cv2.warpAffine(pixels, there, (NEAR, NEAR), flags=how)
        _, found = self._detectors[NEAR].detect(np.ascontiguousarray(near[..., ::-1]))
        if found is None:
            return landmarks
        off = np.abs(found[:, :2] + found[:, 2:4] / 2 - NEAR / 2).max(axis=1)
        if off.min() > NEAR / 4:  # a neighbour
            return landmarks
        refined: Floats = found[off.argmin(), 4:14].reshape(5, 2) @ there[:, :2].T + there[:, 2]
        return refined.astype(np.float32)

    def _seen(self, pixels: NDArray[np.uint8], side: int) -> Floats:
        """What the detector sees in the picture on a square of `side` pixels, as rows of corners, five landmarks and
        score (n, 15), in pixels of the picture."""
        rows, columns = pixels.shape[:2]
        scale = side / max(rows, columns)
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        smooth = self._cv2.INTER_AREA if scale < 1 else self._cv2.INTER_LINEAR
        placed = np.zeros((side, side, 3), np.uint8)
        placed[: size[1], : size[0]] = self._cv2.resize(pixels, size, interpolation=smooth)[..., ::-1]
        _, found = self._detectors[side].detect(placed)
        if found is None:
            return np.empty((0, 15), np.float32)
        seen: Floats = found.copy()
        seen[:, 2:4] += seen[:, :2]
        seen[:, :14] /= scale
        return seen


def _detector(cv2: Any, pack: Pack, side: int) -> Any:
    use = pack.detector
    # Version 5 warns at each model that it runs on the CPU, which is what it is asked for.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        return cv2.FaceDetectorYN.create(str(pack.detector_path), "", (side, side), use.score, use.overlap, CANDIDATES)
    except cv2.error as error:
        raise NoModelError(
            f"OpenCV {cv2.__version__} cannot load {use.file}: {error.err}",
            fix="Use OpenCV 5 or later: older ones cannot read a YuNet model that takes pictures of any size.",
        ) from error
