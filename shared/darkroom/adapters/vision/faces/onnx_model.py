"""Faces by a pack on ONNX Runtime: SCRFD finds them, ArcFace tells them apart."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.vision.faces.arcface import ArcFace
from darkroom.adapters.vision.faces.scrfd import Scrfd
from darkroom.adapters.vision.session import open_session
from darkroom.domain import limits
from darkroom.domain.detection import clipped
from darkroom.domain.faces import Face
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.adapters.vision.faces.packs import Network, Pack
    from darkroom.adapters.vision.session import Session

    Found = tuple[NDArray[np.float32], float, NDArray[np.float32]]
    """Box (4,), score and landmarks (5, 2)."""

LARGE: Final = 32 << 20
"""Bytes of a model above which opening it counts for more than a run of it (docs/benchmarks.md)."""


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
        self._detector = Scrfd(opened(pack, pack.detector, threads), pack.detector)
        self._recogniser = recogniser(pack, threads)

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        boxes, scores, landmarks = self._detector.find(pixels)
        found = zip(boxes[: limits.FACES_PER_IMAGE], map(float, scores), landmarks, strict=False)
        return recognised(pixels, found, self._recogniser, self._pool)


def recogniser(pack: Pack, threads: int) -> ArcFace:
    """A pack's recogniser, loaded. Raises NoModelError."""
    # The steps of a small one are too short to be shared among threads, which have a face each instead.
    return ArcFace(opened(pack, pack.recogniser, threads if _large(pack, pack.recogniser) else 1), pack.recogniser)


def opened(pack: Pack, network: Network, threads: int) -> Session:
    """A session of one of a pack's models, as its size asks. Raises NoModelError."""
    return open_session(pack.folder / network.file, threads=threads, mapped=_large(pack, network))


def _large(pack: Pack, network: Network) -> bool:
    stem = Path(network.file).stem
    return sum(facts.size for name, facts in pack.files.items() if Path(name).stem == stem) > LARGE


def recognised(
    pixels: NDArray[np.uint8], found: Iterable[Found], recogniser: ArcFace, pool: ThreadPoolExecutor
) -> list[Face]:
    """The faces that lie in the picture and have landmarks, with their vectors.

    A face takes one run of the recogniser, and runs go beside each other on as many cores as there are: as fast as one
    run of all together, with models that take a single face as well.
    """
    height, width = pixels.shape[:2]
    seen, fed = [], []
    for box, score, points in found:
        x1, y1, x2, y2 = map(float, box)
        bbox = clipped((x1, y1, x2, y2), width, height)
        with suppress(ValueError):  # a detector that is shown nonsense may say nonsense
            if bbox is not None:
                fed.append(pool.submit(recogniser.vector, recogniser.fed(pixels, points)))
                seen.append((bbox, min(1.0, score), points))
    made = []
    for (bbox, score, points), run in zip(seen, fed, strict=True):
        marks: Any = tuple((float(x), float(y)) for x, y in points)
        vector = run.result()
        if vector is not None:
            made.append(Face(bbox, score, marks, vector))
    return made
