"""Object detection with a model of the YOLOX family on ONNX Runtime.

The algorithm is that of Ge et al., "YOLOX: Exceeding YOLO Series in 2021" (arXiv:2107.08430): the picture is scaled to
fit the model's input and stands in its top left corner on grey; each cell of three (or four) grids predicts one box.
Everything about a model - its input size, its grids, its number of labels - is read from the model itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from darkroom.domain.detection import DETECTIONS_PER_IMAGE, OVERLAP, Detection, clipped
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

GREY: Final = 114
"""What surrounds the picture in the model's input; the models were trained with it."""
STRIDES: Final = ((8, 16, 32), (8, 16, 32, 64))
"""Pixels of the input per grid cell: the family's usual three grids, and its P6 models' four."""
SIDE: Final = 640
"""Input of a model that takes any size: what the larger YOLOX models were trained at."""
CANDIDATES: Final = 1_000
"""Boxes that go into the suppression of doubles, the most confident ones."""
LARGEST_LOG: Final = 12.0
"""Box sizes are predicted as logarithms; beyond this they mean nothing, and would overflow."""


class Session(Protocol):
    """What is used of `onnxruntime.InferenceSession`."""

    def get_inputs(self) -> Sequence[Any]: ...

    def run(self, outputs: None, feed: dict[str, Floats]) -> Sequence[Any]: ...


def open_session(weights: Path, *, threads: int) -> Session:
    """A session on the CPU; `threads` 0 leaves their number to ONNX Runtime. Raises NoModelError if it refuses."""
    # Read while the library is loaded: without it, ONNX Runtime writes a device id to disk and reports to Microsoft.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from the decoding of the next picture.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session: Session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a class of exception per status, with no base of their own
        raise NoModelError(f"ONNX Runtime cannot load {weights.name}: {error}") from error
    return session


class YoloxDetector:
    """An ObjectDetector. `confidence` is the lowest that counts: objectness times the probability of the label."""

    engine = "onnx"
    paid = False
    usd_per_image = 0.0

    def __init__(self, session: Session, labels: Sequence[str], *, model: str, confidence: float) -> None:
        """Raises NoModelError for a model that is not of the family, or whose labels are not these."""
        self.model = model
        self._session = session
        self._labels = tuple(labels)
        self._confidence = confidence
        (given,) = session.get_inputs()[:1]
        self._input = given.name
        self._height, self._width = _input_size(model, given)
        # One run on plain grey shows what the model gives, and warms it up for the first picture.
        blank = np.full((1, 3, self._height, self._width), GREY, np.float32)
        sample = np.asarray(session.run(None, {self._input: blank})[0])
        self._cells, self._strides = self._grid(sample.shape)
        # Some exports do the last step themselves: their centres then run over the input, not around each cell.
        self._decoded = float(np.abs(sample[0, :, :2]).mean()) > min(self._height, self._width) / 4

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        """The objects in upright RGB pixels of shape (height, width, 3), most confident first."""
        height, width = pixels.shape[:2]
        letter, (scale_x, scale_y) = letterbox(pixels, self._width, self._height)
        rows = np.asarray(self._session.run(None, {self._input: letter})[0])[0]
        boxes, scores, kinds = self._candidates(rows)
        boxes *= np.array([scale_x, scale_y, scale_x, scale_y], np.float32)
        found = []
        for index in suppressed(boxes, scores, kinds)[:DETECTIONS_PER_IMAGE]:
            x1, y1, x2, y2 = (float(value) for value in boxes[index])
            box = clipped((x1, y1, x2, y2), width, height)
            if box:
                found.append(Detection(self._labels[kinds[index]], min(1.0, float(scores[index])), box))
        return found

    def _candidates(self, rows: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """Boxes (x1, y1, x2, y2 in pixels of the input), scores and labels of the cells that are confident enough."""
        # A label's probability is at most 1, so objectness alone rules most cells out.
        likely = np.flatnonzero(rows[:, 4] >= self._confidence)
        classes = rows[likely, 5:]
        kinds = classes.argmax(axis=1)
        scores = rows[likely, 4] * classes[np.arange(len(likely)), kinds]
        best = np.argsort(-scores, kind="stable")[:CANDIDATES]
        best = best[scores[best] >= self._confidence]
        chosen = likely[best]
        centres, sizes = rows[chosen, 0:2], rows[chosen, 2:4]
        if not self._decoded:
            stride = self._strides[chosen]
            centres = (centres + self._cells[chosen]) * stride
            sizes = np.exp(np.minimum(sizes, LARGEST_LOG)) * stride
        return np.hstack([centres - sizes / 2, centres + sizes / 2]), scores[best], kinds[best]

    def _grid(self, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Column and row of each cell, shape (cells, 2), and its stride, shape (cells, 1)."""
        expected = len(self._labels) + 5
        for strides in STRIDES:
            sizes = [(self._height // stride, self._width // stride) for stride in strides]
            if shape == (1, sum(rows * columns for rows, columns in sizes), expected):
                cells = [np.indices(size)[::-1].reshape(2, -1).T for size in sizes]
                counts = [rows * columns for rows, columns in sizes]
                return np.concatenate(cells).astype(np.float32), np.repeat(strides, counts)[:, None].astype(np.float32)
        raise NoModelError(
            f"{self.model} gives {shape}, which is not what a YOLOX model with {len(self._labels)} labels gives",
            fix="Use a YOLOX model exported to ONNX, and beside it a text file with its labels, one a line.",
        )


def _input_size(model: str, given: Any) -> tuple[int, int]:
    """Height and width of what the model takes: (1, 3, height, width) of 32-bit floats, sizes left open being SIDE."""
    shape = list(given.shape)
    if given.type != "tensor(float)" or len(shape) != 4 or shape[1] != 3:
        raise NoModelError(
            f"{model} takes {given.type} of shape {shape}, not float pictures of shape [1, 3, height, width]",
            fix="Use a YOLOX model exported to ONNX in 32-bit floats.",
        )
    height, width = (side if isinstance(side, int) and side > 0 else SIDE for side in shape[2:])
    return height, width


def letterbox(pixels: NDArray[np.uint8], width: int, height: int) -> tuple[Floats, tuple[float, float]]:
    """RGB pixels as the model takes them, and what its pixels measure in those of the picture (x, y).

    The answer has shape (1, 3, height, width), in the order blue, green, red, values 0-255. Scaled by bilinear
    samples without smoothing, as in training, and taken at the wanted points only: a large picture costs no more.
    """
    rows, columns = pixels.shape[:2]
    ratio = min(width / columns, height / rows)
    fitted_width, fitted_height = max(1, int(columns * ratio)), max(1, int(rows * ratio))
    left, right, across = _samples(columns, fitted_width)
    upper, lower, down = _samples(rows, fitted_height)
    upper, lower, down = upper[:, None] * columns, lower[:, None] * columns, down[:, None]
    corners = upper + left, upper + right, lower + left, lower + right
    letter = np.full((1, 3, height, width), GREY, np.float32)
    colours = pixels.reshape(-1, 3)
    for channel in range(3):
        # Plane by plane: four times as fast as all three at once, because each plane fits the cache.
        one, two, three, four = (colours[:, 2 - channel][corner].astype(np.float32) for corner in corners)
        one += (two - one) * across
        three += (four - three) * across
        one += (three - one) * down
        letter[0, channel, :fitted_height, :fitted_width] = one
    return letter, (columns / fitted_width, rows / fitted_height)


def _samples(length: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Evenly spaced samples between `length` pixels: the two neighbours of each, and how far it is to the second."""
    position = np.clip((np.arange(wanted) + 0.5) * (length / wanted) - 0.5, 0, length - 1)
    first = position.astype(np.intp)
    return first, np.minimum(first + 1, length - 1), (position - first).astype(np.float32)


def suppressed(boxes: Floats, scores: Floats, kinds: NDArray[np.intp]) -> list[int]:
    """Indices of the boxes that stay, most confident first: greedy non-maximum suppression within each label."""
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    left = np.argsort(-scores, kind="stable")
    kept = []
    while left.size:
        first, left = left[0], left[1:]
        kept.append(int(first))
        corner = np.maximum(boxes[first, :2], boxes[left, :2])
        shared = np.prod(np.maximum(np.minimum(boxes[first, 2:], boxes[left, 2:]) - corner, 0), axis=1)
        same = shared > OVERLAP * (areas[first] + areas[left] - shared)
        left = left[~(same & (kinds[left] == kinds[first]))]
    return kept
