"""Faces by dlib, from PyPI alone: the engine of a machine that has no pack and cannot fetch one.

`hog` finds faces that look at the camera, turned ones it misses. The recogniser is dlib's ResNet of 29 layers, which
was trained to be compared by Euclidean distance, 0.6 and less being one person, and whose vectors are about 1.4 long.
Scaled to unit length, as every embedding here, |a - b|^2 = 2 - 2 cos(a, b), so both order pairs alike; but the vectors
lie in a narrow cone, and two people have a cosine of 0.9. Hence a threshold far above those of ArcFace models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.vision.dlib_faces import Finder, package, weights
from darkroom.domain import limits
from darkroom.domain.detection import clipped
from darkroom.domain.faces import Face, FaceSpace, Licence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

THRESHOLD: Final = 0.936
"""By `darkroom faces calibrate --engine dlib`."""
LEAST_SCORE: Final = 0.4
"""A margin of 0.2, between what faces have and what else has (`dlib_faces.Model`)."""
PARTS: Final = (range(36, 42), range(42, 48), (30,), (48,), (54,))
"""Of the 68 points (iBUG 300-W), the ones in whose middle each landmark lies: the eye that is left in the picture, the
other one, the tip of the nose, the corners of the mouth."""


class DlibFaceModel:
    """A FaceModel.

    The points are dlib's 68, because its 5 have no mouth. They were learnt from iBUG 300-W, whose licence leaves
    commercial use out, though the recogniser itself is CC0: hence the class of licence.
    """

    space = FaceSpace("dlib", "dlib-resnet-v1", 128, Licence.NON_COMMERCIAL, THRESHOLD)

    def __init__(self) -> None:
        """Raises NoModelError where dlib-bin or face_recognition_models is not installed."""
        self._dlib = package()
        self._finder = Finder("hog")
        self._points = self._dlib.shape_predictor(str(weights("shape_predictor_68_face_landmarks.dat")))
        self._recogniser = self._dlib.face_recognition_model_v1(
            str(weights("dlib_face_recognition_resnet_model_v1.dat"))
        )

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        height, width = pixels.shape[:2]
        whole = np.ascontiguousarray(pixels)  # dlib takes no views
        faces = []
        for box, score in self._finder.find(whole, LEAST_SCORE)[: limits.FACES_PER_IMAGE]:
            bbox = clipped(box, width, height)
            if bbox is None:
                continue
            x1, y1, x2, y2 = map(round, box)
            shape = self._points(whole, self._dlib.rectangle(x1, y1, x2 - 1, y2 - 1))
            vector = np.array(self._recogniser.compute_face_descriptor(whole, shape), np.float32)
            faces.append(Face(bbox, score, _landmarks(shape), vector / np.linalg.norm(vector)))
        return faces


def _landmarks(shape: Any) -> Any:
    """The five of Face.landmarks; dlib's points are pixels, whose middle is half a pixel further."""
    parts = [[shape.part(number) for number in part] for part in PARTS]
    return tuple(
        (sum(point.x for point in part) / len(part) + 0.5, sum(point.y for point in part) / len(part) + 0.5)
        for part in parts
    )
