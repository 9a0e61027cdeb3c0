"""Faces by a pack on ONNX Runtime: SCRFD finds them, ArcFace tells them apart."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.vision.faces.arcface import ArcFace
from darkroom.adapters.vision.faces.scrfd import Scrfd
from darkroom.adapters.vision.session import open_session
from darkroom.domain.detection import DETECTIONS_PER_IMAGE, clipped
from darkroom.domain.faces import Face
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.adapters.vision.faces.packs import Pack

    Found = tuple[NDArray[np.float32], float, NDArray[np.float32]]
    """Box (4,), score and landmarks (5, 2)."""

SMALL: Final = 32 << 20
"""Bytes of a recogniser whose steps are too short to be shared among threads: its faces are."""


class OnnxFaces:
    """A FaceModel."""

    def __init__(self, pack: Pack, *, threads: int = 0) -> None:
        """Raises NoModelError for a pack that this engine cannot run."""
        if pack.detector.layout != "scrfd":
            raise NoModelError(
                f"The pack {pack.name} has a {pack.detector.layout} detector, which the engine onnx does not run",
                fix=f"Set FACE_ENGINE to {pack.detector.layout}, or FACE_PACK to a pack with an SCRFD detector.",
            )
        self.space = pack.space("onnx")
        self._pool = ThreadPoolExecutor(threads or len(os.sched_getaffinity(0)), "faces")
        self._detector = Scrfd(open_session(pack.detector_path, threads=threads), pack.detector, self._pool.map)
        small = pack.recogniser_path.stat().st_size < SMALL
        recogniser = open_session(pack.recogniser_path, threads=1 if small else threads)
        self._recogniser = ArcFace(recogniser, pack.recogniser)

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        boxes, scores, landmarks = self._detector.find(pixels)
        found = zip(boxes[:DETECTIONS_PER_IMAGE], map(float, scores), landmarks, strict=False)
        return recognised(pixels, found, self._recogniser, self._pool)


def recognised(
    pixels: NDArray[np.uint8], found: Iterable[Found], recogniser: ArcFace, pool: ThreadPoolExecutor
) -> list[Face]:
    """The faces that lie in the picture and have landmarks, with their vectors.

    A face takes one run of the recogniser, and runs beside each other on as many cores as there are: as fast as one
    run of all together, with models that take a single face as well.
    """

    def face(one: Found) -> Iterator[Face]:
        box, score, points = one
        height, width = pixels.shape[:2]
        x1, y1, x2, y2 = map(float, box)
        bbox = clipped((x1, y1, x2, y2), width, height)
        if bbox is None:
            return
        try:
            vector = recogniser.embedding(pixels, points)
        except ValueError:  # a detector that is shown nonsense may say nonsense
            return
        marks: Any = tuple((float(x), float(y)) for x, y in points)
        yield Face(bbox, min(1.0, score), marks, vector)

    return [made for several in pool.map(lambda one: list(face(one)), found) for made in several]
