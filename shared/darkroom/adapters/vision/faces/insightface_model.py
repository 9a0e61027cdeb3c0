"""Faces by the `insightface` package itself: the reference that the engine `onnx` is measured by."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from darkroom.domain import limits
from darkroom.domain.detection import clipped
from darkroom.domain.faces import Face
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.vision.faces.packs import Pack


class InsightFaceModel:
    """A FaceModel."""

    def __init__(self, pack: Pack, *, threads: int = 0) -> None:
        """`threads` 0 leaves their number to ONNX Runtime. Raises NoModelError where the package is not installed or
        the pack is none of InsightFace's."""
        if pack.detector.layout != "scrfd":
            raise NoModelError(
                f"The pack {pack.name} has a {pack.detector.layout} detector, which insightface does not run",
                fix=f"Set FACE_ENGINE to {pack.detector.layout}, or FACE_PACK to a pack with an SCRFD detector.",
            )
        self.space = pack.space("insightface")
        self._pack = pack
        self._app = _analysis(pack, threads)

    def faces(self, pixels: NDArray[np.uint8]) -> Sequence[Face]:
        height, width = pixels.shape[:2]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it calls what scikit-image is about to drop
            seen = self._app.get(np.ascontiguousarray(pixels[..., ::-1]))
        found = []
        for face in sorted(seen, key=lambda face: -float(face.det_score))[: limits.FACES_PER_IMAGE]:
            x1, y1, x2, y2 = map(float, face.bbox)
            box = clipped((x1, y1, x2, y2), width, height)
            vector = np.asarray(face.normed_embedding, np.float32)
            if box and np.isfinite(vector).all():
                marks: Any = tuple((float(x), float(y)) for x, y in face.kps)
                found.append(Face(box, min(1.0, float(face.det_score)), marks, vector))
        return found


def _analysis(pack: Pack, threads: int) -> Any:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        from insightface.app import FaceAnalysis
    except ImportError as error:
        raise NoModelError(
            "The package insightface is not installed", fix="Run `pip install 'darkroom[insightface]'`, or use onnx."
        ) from error
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        app = FaceAnalysis(name=str(pack.folder), providers=["CPUExecutionProvider"], sess_options=options)
    except Exception as error:  # the package has no errors of its own
        raise NoModelError(f"insightface cannot load the pack {pack.name}: {error}") from error
    side = pack.detector.side
    app.prepare(-1, det_thresh=pack.detector.score, det_size=(side, side))
    app.models["detection"].nms_thresh = pack.detector.overlap
    # It guesses them by the names of the graph's first nodes, which an optimised graph has no more.
    recogniser = app.models["recognition"]
    recogniser.input_mean, recogniser.input_std = pack.recogniser.mean, pack.recogniser.std
    return app
