"""The layouts of what detectors give, one line of LAYOUTS each: how it is recognised, prepared for and read.

A new one is a function from a Sample to a Reading, and its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from darkroom.adapters.vision import yolox
from darkroom.adapters.vision.boxes import corners
from darkroom.adapters.vision.manifests import Manifest
from darkroom.adapters.vision.numbering import columns, labelled, numbers, usual_numbering
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Columns = slice | NDArray[np.intp]

CANDIDATES: Final = 1_000
"""Boxes that go into the suppression of doubles, the most confident ones."""
FEW: Final = 1_000
"""Rows of a model that has suppressed doubles itself; one that has not gives a row a cell, and has thousands."""
LARGEST_FRACTION: Final = 2.0
"""Boxes of all cells that stay below this are fractions of the input: in pixels they would reach across it."""
STEEP: Final = 80.0
"""A logit beyond it is certain, and its exponential would overflow."""


class Candidates(NamedTuple):
    """Boxes (n, 4) as x1, y1, x2, y2 in pixels of the input; of each its score and its place in the list of labels.

    Most confident first, none below the confidence that was asked for, none that is not a number.
    """

    boxes: Floats
    scores: Floats
    labels: NDArray[np.intp]


class Reading(Protocol):
    """What a model gave for one picture, in the order of its outputs, to the candidates of at least that confidence."""

    def __call__(self, outputs: Sequence[NDArray[Any]], confidence: float, /) -> Candidates: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run on plain grey gave, by which a layout is recognised; `height` and `width` are the input's."""

    names: tuple[str, ...]
    outputs: tuple[NDArray[Any], ...]
    height: int
    width: int
    labels: int

    def __str__(self) -> str:
        each = zip(self.names, self.outputs, strict=True)
        return ", ".join(f"{name}: {output.dtype} {list(output.shape)}" for name, output in each)

    def floats(self, rank: int) -> list[int]:
        """The outputs of that rank that hold floats, of one picture."""
        return [
            place
            for place, output in enumerate(self.outputs)
            if output.dtype.kind == "f" and output.ndim == rank and (rank < 3 or output.shape[0] == 1)
        ]

    def pixels(self, boxes: NDArray[Any], order: str, units: str) -> Floats:
        return corners(boxes, order, units, self.height, self.width)


@dataclass(frozen=True, slots=True)
class Layout:
    """`gives` says in words what it is. `usual` is how its models want pictures and give boxes, unless a manifest
    differs; `doubles`, whether they leave the suppression of doubles to us. `read` answers None for a sample of
    another layout; where the manifest names this one it looks at shapes alone.
    """

    gives: str
    usual: Manifest
    doubles: bool
    read: Callable[[Sample, Manifest], Reading | None]


class Recognised(NamedTuple):
    """A model's layout, and its manifest with every gap filled."""

    layout: Layout
    manifest: Manifest
    read: Reading


def recognised(model: str, sample: Sample, manifest: Manifest) -> Recognised:
    """The layout that the manifest names, else the first that fits. Raises NoModelError where none does."""
    if manifest.layout is not None and manifest.layout not in LAYOUTS:
        raise NoModelError(
            f"There is no layout {manifest.layout!r}",
            fix=f"Set DETECT_LAYOUT, or `layout` in the model's manifest, to one of: {', '.join(LAYOUTS)}.",
        )
    for name in [manifest.layout] if manifest.layout else LAYOUTS:
        layout = LAYOUTS[name]
        filled = manifest.over(layout.usual)
        reading = layout.read(sample, filled)
        if reading:
            return Recognised(layout, filled, reading)
    wanted = f"which is not {manifest.layout}" if manifest.layout else "which is no layout that is known"
    known = "; ".join(f"{name}: {layout.gives}" for name, layout in LAYOUTS.items())
    raise NoModelError(
        f"{model} gives {sample} for {sample.labels} labels, {wanted}",
        fix="Put the model's labels beside it, one a line in its own order; or export it as one of these (C labels, N "
        f"boxes), and name that in DETECT_LAYOUT where it is not recognised. {known}.",
    )


# --- a row or column of scores for each label -------------------------------------------------------------------------


def _confident(
    values: NDArray[Any], scores: str, of_labels: Columns, confidence: float, objectness: NDArray[Any] | None = None
) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp]]:
    """The rows that are confident enough, surest first, their scores and labels, of values (rows, columns)."""
    # A label's probability is at most 1, so objectness alone rules most rows out.
    if objectness is not None:
        rows = np.flatnonzero(objectness >= confidence)
    elif scores == "probabilities":
        rows = np.flatnonzero(values[:, of_labels].max(axis=1) >= confidence)
    else:
        rows = np.arange(len(values))
    values = values[rows].astype(np.float32, copy=False)
    if scores == "softmax":
        values = np.exp(values - values.max(axis=1, keepdims=True))
        values /= values.sum(axis=1, keepdims=True)
    values = values[:, of_labels]
    labels = values.argmax(axis=1)
    best = values[np.arange(len(rows)), labels]
    if scores == "sigmoid":
        best = 1 / (1 + np.exp(-np.clip(best, -STEEP, STEEP)))
    if objectness is not None:
        best = best * objectness[rows]
    first = np.argsort(-best, kind="stable")[:CANDIDATES]
    first = first[best[first] >= confidence]
    return rows[first], best[first], labels[first]


def _units(boxes: NDArray[Any], manifest: Manifest) -> str:
    small = boxes.size > 0 and float(np.abs(boxes).max()) <= LARGEST_FRACTION
    return manifest.units or ("fractions" if small else "pixels")


def _yolox(sample: Sample, manifest: Manifest) -> Reading | None:
    place, of_labels = _rows(sample, manifest, 5)
    if of_labels is None:
        return None
    rows = sample.outputs[place][0]
    grid = yolox.grid(sample.height, sample.width, len(rows))
    # YOLOv6 has the same cells; it has no objectness, and writes 1 there.
    if grid is None or (manifest.layout is None and (rows[:, 4] == 1).all()):
        return None
    # Some exports do the last step themselves: their centres then run over the input, not around each cell.
    decoded = float(np.abs(rows[:, :2]).mean()) > min(sample.height, sample.width) / 4

    def read(outputs: Sequence[NDArray[Any]], confidence: float) -> Candidates:
        rows = outputs[place][0]
        chosen, scores, labels = _confident(rows[:, 5:], "probabilities", of_labels, confidence, rows[:, 4])
        boxes = rows[chosen, :4] if decoded else grid.boxes(rows[:, :4], chosen)
        return Candidates(sample.pixels(boxes, "cxcywh", "pixels"), scores, labels)

    return read


def _rows(sample: Sample, manifest: Manifest, before: int) -> tuple[int, Columns | None]:
    """The output [1, N, before + C], and which of its columns after the first ones are the labels'."""
    for place in sample.floats(3):
        found = columns(manifest.numbering, sample.labels, sample.outputs[place].shape[2] - before)
        if found is not None:
            return place, found
    return 0, None


def _yolov5(sample: Sample, manifest: Manifest) -> Reading | None:
    place, of_labels = _rows(sample, manifest, 5)
    if of_labels is None:
        return None
    units = _units(sample.outputs[place][0, :, :4], manifest)

    def read(outputs: Sequence[NDArray[Any]], confidence: float) -> Candidates:
        rows = outputs[place][0]
        chosen, scores, labels = _confident(rows[:, 5:], str(manifest.scores), of_labels, confidence, rows[:, 4])
        return Candidates(sample.pixels(rows[chosen, :4], str(manifest.order), units), scores, labels)

    return read


def _yolov8(sample: Sample, manifest: Manifest) -> Reading | None:
    for place in sample.floats(3):
        shape = sample.outputs[place].shape
        more = manifest.layout is not None
        # Its cells are thousands and its columns are not, which tells apart what both axes would fit.
        for axis in sorted((1, 2), key=lambda axis: shape[axis]):
            of_labels = columns(manifest.numbering, sample.labels, shape[axis] - 4, more=more)
            if of_labels is not None:
                return _yolov8_of(sample, manifest, place, axis, of_labels)
    return None


def _yolov8_of(sample: Sample, manifest: Manifest, place: int, axis: int, of_labels: Columns) -> Reading:
    def rows_of(outputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
        rows: NDArray[Any] = outputs[place][0]
        return rows if axis == 2 else rows.T

    units = _units(rows_of(sample.outputs)[:, :4], manifest)

    def read(outputs: Sequence[NDArray[Any]], confidence: float) -> Candidates:
        rows = rows_of(outputs)
        chosen, scores, labels = _confident(rows[:, 4:], str(manifest.scores), of_labels, confidence)
        return Candidates(sample.pixels(rows[chosen, :4], str(manifest.order), units), scores, labels)

    return read


def _pairs(sample: Sample) -> list[tuple[int, int]]:
    """Outputs [1, N, 4] and [1, N, C] that belong together, those with telling names first."""
    places = sample.floats(3)
    named = sorted(places, key=lambda place: not any(word in sample.names[place] for word in ("box", "det")))
    return [
        (boxes, values)
        for boxes in named
        for values in places
        if boxes != values
        and sample.outputs[boxes].shape[2] == 4
        and sample.outputs[boxes].shape[1] == sample.outputs[values].shape[1]
    ]


def _boxes_scores(sample: Sample, manifest: Manifest) -> Reading | None:
    for boxes, values in _pairs(sample):
        given = sample.outputs[values][0]
        of_labels = columns(manifest.numbering, sample.labels, given.shape[1], more=manifest.layout is not None)
        if of_labels is None or (manifest.layout is None and not ((given >= 0) & (given <= 1)).all()):
            continue
        return _pair(sample, manifest, (boxes, values), of_labels, _units(sample.outputs[boxes], manifest))
    return None


def _pair(sample: Sample, manifest: Manifest, places: tuple[int, int], of_labels: Columns, units: str) -> Reading:
    boxes, values = places

    def read(outputs: Sequence[NDArray[Any]], confidence: float) -> Candidates:
        chosen, scores, labels = _confident(outputs[values][0], str(manifest.scores), of_labels, confidence)
        return Candidates(sample.pixels(outputs[boxes][0, chosen], str(manifest.order), units), scores, labels)

    return read


def _rt_detr(sample: Sample, manifest: Manifest) -> Reading | None:
    for boxes, values in _pairs(sample):
        if sample.outputs[values].shape[2] == sample.labels:
            of_labels = slice(0, sample.labels)
            return _pair(sample, manifest, (boxes, values), of_labels, str(manifest.units))
    return None


def _detr(sample: Sample, manifest: Manifest) -> Reading | None:
    for boxes, values in _pairs(sample):
        found = sample.outputs[values].shape[2]
        more = manifest.scores is not None
        # A last column for "no object" goes with softmax.
        for scores, spare in (("softmax", 1), ("sigmoid", 0)):
            of_labels = columns(manifest.numbering, sample.labels, found - spare, more=more)
            if of_labels is not None and manifest.scores in (None, scores):
                filled = manifest.over(Manifest(scores=scores))
                return _pair(sample, filled, (boxes, values), of_labels, str(manifest.units))
    return None


# --- a row for each detection -----------------------------------------------------------------------------------------


def _detections(
    sample: Sample, manifest: Manifest, numbered: NDArray[np.intp], given: tuple[NDArray[Any], ...], confidence: float
) -> Candidates:
    """Of boxes (n, 4), scores (n) and the model's numbers of the labels (n)."""
    boxes, scores, kinds = given
    chosen = np.flatnonzero(scores >= confidence)
    labels = labelled(np.rint(np.nan_to_num(kinds[chosen], nan=-1)).astype(np.intp), numbered)
    chosen, labels = chosen[labels >= 0], labels[labels >= 0]
    first = np.argsort(-scores[chosen], kind="stable")
    chosen, labels = chosen[first], labels[first]
    corner = sample.pixels(boxes[chosen], str(manifest.order), str(manifest.units))
    return Candidates(corner, scores[chosen].astype(np.float32), labels)


def _table(rank: int, usual: str) -> Callable[[Sample, Manifest], Reading | None]:
    """Of one output with a row for each detection: [1, N, columns] or [N, columns], in their usual order."""

    def make(sample: Sample, manifest: Manifest) -> Reading | None:
        names = manifest.columns or tuple(usual.split())
        numbered = numbers(str(manifest.numbering), sample.labels)
        fitting = [
            place
            for place in sample.floats(rank)
            if sample.outputs[place].shape[-1] == len(names) and sample.outputs[place].shape[-2] <= FEW
        ]
        if not fitting:
            return None
        corner = [names.index(name) for name in ("x1", "y1", "x2", "y2")]

        def read(outputs: Sequence[NDArray[Any]], confidence: float) -> Candidates:
            rows = outputs[fitting[0]].reshape(-1, len(names))
            given = rows[:, corner], rows[:, names.index("score")], rows[:, names.index("label")]
            return _detections(sample, manifest, numbered, given, confidence)

        return read

    return make


class Three(NamedTuple):
    """Places of the outputs for boxes [.., N, 4], scores and labels [.., N], and of how many there are, if any."""

    boxes: int
    scores: int
    labels: int
    number: int | None


def _three(sample: Sample) -> Three | None:
    each = list(enumerate(zip(sample.names, sample.outputs, strict=True)))
    count = next((place for place, (name, output) in each if output.size == 1 and name.startswith("num")), None)
    for boxes in sample.floats(3) + sample.floats(2):
        beside = sample.outputs[boxes].shape[:-1]
        if sample.outputs[boxes].shape[-1] != 4:
            continue
        lists = [(place, name, output) for place, (name, output) in each if output.shape == beside and place != count]
        labels = [
            place
            for place, name, output in lists
            if output.dtype.kind in "iu" or "label" in name.lower() or "class" in name.lower()
        ]
        scores = [place for place, _, output in lists if output.dtype.kind == "f" and place not in labels]
        if labels and scores:
            return Three(boxes, scores[0], labels[0], count)
    return None


def _lists(recognises: Callable[[Sample, Three], bool]) -> Callable[[Sample, Manifest], Reading | None]:
    """Of three outputs with boxes, scores and labels; `recognises` tells the layouts of that shape apart."""

    def make(sample: Sample, manifest: Manifest) -> Reading | None:
        three = _three(sample)
        if three is None or (manifest.layout is None and not recognises(sample, three)):
            return None
        numbered = numbers(manifest.numbering or usual_numbering(sample.labels), sample.labels)

        def read(outputs: Sequence[NDArray[Any]], confidence: float) -> Candidates:
            boxes = outputs[three.boxes].reshape(-1, 4)
            scores, kinds = outputs[three.scores].reshape(-1), outputs[three.labels].reshape(-1)
            there = len(boxes) if three.number is None else int(outputs[three.number].reshape(-1)[0])
            return _detections(sample, manifest, numbered, (boxes[:there], scores[:there], kinds[:there]), confidence)

        return read

    return make


# --- the table --------------------------------------------------------------------------------------------------------


LAYOUTS: Final[dict[str, Layout]] = {
    "yolox": Layout(
        "[1, N, 5 + C], a row for each cell of YOLOX's grids, decoded or not",
        Manifest(colours="bgr", scaling="0-255", fit="corner"),
        True,
        _yolox,
    ),
    "yolov10": Layout(
        "[1, N, 6] of x1 y1 x2 y2 score label, as YOLOv10, YOLO26 and Ultralytics' nms=True give",
        Manifest(colours="rgb", scaling="0-1", fit="centre", order="xyxy", units="pixels", numbering="zero"),
        False,
        _table(3, "x1 y1 x2 y2 score label"),
    ),
    "yolov5": Layout(
        "[1, N, 5 + C] of centre, size, objectness and labels, as YOLOv5, v6 and v7 give",
        Manifest(colours="rgb", scaling="0-1", fit="centre", order="cxcywh", scores="probabilities"),
        True,
        _yolov5,
    ),
    "yolov8": Layout(
        "[1, 4 + C, N] or [1, N, 4 + C] of centre, size and labels, as YOLOv8 to 12 and Ultralytics' RT-DETR give",
        Manifest(colours="rgb", scaling="0-1", fit="centre", order="cxcywh", scores="probabilities"),
        True,
        _yolov8,
    ),
    "boxes-scores": Layout(
        "boxes [1, N, 4] and probabilities [1, N, C], as YOLO-NAS gives",
        Manifest(colours="rgb", scaling="0-1", fit="centre", order="xyxy", scores="probabilities"),
        True,
        _boxes_scores,
    ),
    "rt-detr": Layout(
        "boxes [1, N, 4] and logits [1, N, C], as RT-DETR and D-FINE of transformers give",
        Manifest(
            colours="rgb",
            scaling="0-1",
            fit="stretch",
            order="cxcywh",
            units="fractions",
            scores="sigmoid",
            numbering="zero",
        ),
        False,
        _rt_detr,
    ),
    "detr": Layout(
        "boxes [1, N, 4] and logits [1, N, C + 1] or [1, N, 91 or 92], as DETR, YOLOS and RF-DETR give",
        Manifest(colours="rgb", scaling="imagenet", fit="stretch", order="cxcywh", units="fractions"),
        False,
        _detr,
    ),
    "tensorflow": Layout(
        "detection_boxes [1, N, 4], detection_scores and detection_classes [1, N] of TensorFlow's models",
        Manifest(colours="rgb", scaling="0-255", fit="stretch", order="yxyx", units="fractions"),
        False,
        _lists(lambda sample, three: "detection_boxes" in sample.names[three.boxes]),
    ),
    "d-fine": Layout(
        "boxes [1, N, 4], scores [1, N] and labels [1, N], as D-FINE, RT-DETR and NMS plug-ins give",
        Manifest(colours="rgb", scaling="0-1", fit="stretch", order="xyxy", units="pixels", numbering="zero"),
        False,
        _lists(lambda sample, three: sample.outputs[three.boxes].ndim == 3),
    ),
    "torchvision": Layout(
        "boxes [N, 4], scores [N] and labels [N] of torchvision's detectors",
        Manifest(colours="rgb", scaling="0-1", fit="corner", order="xyxy", units="pixels"),
        False,
        _lists(lambda sample, three: sample.outputs[three.boxes].ndim == 2),
    ),
    "yolov7": Layout(
        "[N, 7] of image x1 y1 x2 y2 label score, as YOLOv7's end-to-end export gives",
        Manifest(colours="rgb", scaling="0-1", fit="centre", order="xyxy", units="pixels", numbering="zero"),
        False,
        _table(2, "image x1 y1 x2 y2 label score"),
    ),
    "paddle": Layout(
        "[N, 6] of label score x1 y1 x2 y2, as PaddleDetection gives",
        Manifest(colours="rgb", scaling="0-1", fit="stretch", order="xyxy", units="pixels", numbering="zero"),
        False,
        _table(2, "label score x1 y1 x2 y2"),
    ),
}
"""In the order in which they are tried."""
