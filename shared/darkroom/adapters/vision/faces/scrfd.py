"""Faces with five landmarks by SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face
Detection", 2021), as InsightFace exports it: nine outputs, for strides 8, 16 and 32 each the scores, the distances
to the box's sides and those to the landmarks, from two anchors a cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.vision.boxes import suppressed
from darkroom.adapters.vision.inputs import picture_input, sample
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.vision.faces.packs import Detector
    from darkroom.adapters.vision.session import Session

    Floats = NDArray[np.float32]

STRIDES: Final = (8, 16, 32)
ANCHORS: Final = 2
COLUMNS: Final = (1, 4, 10)
"""What the outputs of a stride have for each anchor: a score, a box, five landmarks."""


def fits(outputs: Sequence[Any]) -> bool:
    """Whether a model gives what a detector of this layout gives."""
    return [output.shape[-1] for output in outputs] == [columns for columns in COLUMNS for _ in STRIDES]


class Scrfd:
    """The detector of a pack, loaded. Raises NoModelError for a model that is not in this layout."""

    def __init__(self, session: Session, pack: Detector) -> None:
        self._session = session
        self._pack = pack
        self._input = picture_input(pack.file, session.get_inputs(), (pack.side, pack.side))
        if self._input.channels_last or not fits(session.get_outputs()):
            raise NoModelError(
                f"{pack.file} is no SCRFD detector with landmarks",
                fix="Take one with landmarks (its name ends in `_bnkps` or `_kps`), or FACE_ENGINE=yunet for YuNet.",
            )

    def find(self, pixels: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
        """Boxes (n, 4), scores (n,) and landmarks (n, 5, 2) in pixels of RGB pixels (height, width, 3), most
        confident first. The boxes may reach out of the picture."""
        planes, scale = self.fed(pixels)
        outputs = self._session.run(None, {self._input.name: self._input.shaped(planes)})
        boxes, scores, landmarks = self._read(outputs, planes.shape[3])
        kept = suppressed(boxes, scores, np.zeros(len(scores), np.intp), self._pack.overlap)
        return boxes[kept] / scale, scores[kept], landmarks[kept] / scale

    def fed(self, pixels: NDArray[np.uint8]) -> tuple[Floats, float]:
        """What the detector is fed, (1, 3, height, width), and how much smaller it is: the picture in the upper left
        corner, on black.

        Sizes and the one scale of both axes are rounded as InsightFace rounds them, so that both see the same faces.
        """
        rows, columns = pixels.shape[:2]
        height, width = self._input.height, self._input.width
        if rows / columns > height / width:
            fitted_height, fitted_width = height, max(1, int(height / (rows / columns)))
        else:
            fitted_height, fitted_width = max(1, int(width * (rows / columns))), width
        planes = np.full((1, 3, height, width), (0 - self._pack.mean) / self._pack.std, np.float32)
        inside = planes[0, :, :fitted_height, :fitted_width]
        ordered = inside if self._pack.colours == "rgb" else inside[::-1]
        sample(pixels, ordered, mean=self._pack.mean, std=self._pack.std)
        return planes, fitted_height / rows

    def _read(self, outputs: Sequence[Any], width: int) -> tuple[Floats, Floats, Floats]:
        boxes, scores, landmarks = [], [], []
        for level, stride in enumerate(STRIDES):
            score, box, points = (
                np.asarray(outputs[level + len(STRIDES) * kind], np.float32).reshape(-1, columns)
                for kind, columns in enumerate(COLUMNS)
            )
            (sure,) = np.nonzero(score[:, 0] >= self._pack.score)
            cell = sure // ANCHORS
            across = width // stride
            centre = np.stack([cell % across, cell // across], axis=1).astype(np.float32) * stride
            box, points = box[sure] * stride, points[sure] * stride
            boxes.append(np.hstack([centre - box[:, :2], centre + box[:, 2:]]))
            scores.append(score[sure, 0])
            landmarks.append(centre[:, None] + points.reshape(-1, 5, 2))
        return np.concatenate(boxes), np.concatenate(scores), np.concatenate(landmarks)
