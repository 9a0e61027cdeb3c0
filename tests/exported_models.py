"""Real models in every layout: YOLOX-Nano, with nodes around it that take and give what another family's export does.

What goes in is turned into what YOLOX takes, and what comes out is decoded, suppressed and written anew inside of the
graph, so that each model sees on a picture what YOLOX-Nano sees there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from darkroom.adapters.vision.numbering import COCO_NUMBERS
from darkroom.adapters.vision.yolox import grid
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SIDE: Final = 416
ROWS: Final = 300
"""What models give that answer with a fixed number of detections."""
FLOAT, BYTES, HALF, INT64, INT32 = (
    TensorProto.FLOAT,
    TensorProto.UINT8,
    TensorProto.FLOAT16,
    TensorProto.INT64,
    TensorProto.INT32,
)
IMAGENET: Final = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


class Wrapping:
    """The graph of YOLOX-Nano (opset 11), to which nodes are added. Every method answers a tensor's name."""

    def __init__(self, weights: Path) -> None:
        self.model = onnx.load(weights)
        self._graph = self.model.graph
        self._core = list(self._graph.node)
        self._before: list[Any] = []
        self._after: list[Any] = []
        self._adding = self._before
        self._count = 0
        del self._graph.input[:], self._graph.output[:]

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        self._count += 1
        name = f"added_{self._count}"
        self._adding.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        self._count += 1
        name = f"constant_{self._count}"
        self._graph.initializer.append(numpy_helper.from_array(np.array(values, kind), name))
        return name

    def columns(self, tensor: str, first: int, last: int, axis: int = 2) -> str:
        bounds = (self.constant([value], np.int64) for value in (first, last, axis))
        return self.add("Slice", tensor, *bounds)

    def takes(self, name: str, shape: Sequence[Any], kind: int = FLOAT) -> str:
        self._graph.input.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def gives(self, name: str, tensor: str, kind: int = FLOAT) -> None:
        self._after.append(helper.make_node("Cast", [tensor], [name], to=kind))
        self._graph.output.append(helper.make_tensor_value_info(name, kind, None))

    def picture(
        self,
        name: str = "images",
        shape: Sequence[Any] = (1, 3, SIDE, SIDE),
        kind: int = FLOAT,
        *,
        colours: str = "rgb",
        scaling: tuple[Sequence[float], Sequence[float]] = ((0, 0, 0), (255, 255, 255)),
    ) -> None:
        """An input of that kind, as planes of blue, green and red with values 0-255."""
        given = self.add("Cast", self.takes(name, shape, kind), to=FLOAT)
        if len(shape) == 3:
            given = self.add("Unsqueeze", given, axes=[0])
        if shape[-1] == 3:
            given = self.add("Transpose", given, perm=[0, 3, 1, 2])
        mean, std = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in scaling)
        given = self.add("Add", self.add("Mul", given, self.constant(std)), self.constant(mean))
        order = [2, 1, 0] if colours == "rgb" else [0, 1, 2]
        taken = self.add("Gather", given, self.constant(order, np.int64), axis=1)
        self._before.append(
            helper.make_node("Reshape", [taken, self.constant([1, 3, SIDE, SIDE], np.int64)], ["images_"])
        )
        for node in self._core:
            node.input[:] = ["images_" if one == "images" else one for one in node.input]
        self._adding = self._after

    # What the picture shows, in the shapes that layouts are made of.

    def boxes(self) -> str:
        """[1, N, 4] of centre and size in pixels."""
        cells = grid(SIDE, SIDE, 3549)
        assert cells is not None
        strides = self.constant(cells.strides[None])
        centres = self.add("Add", self.columns("output", 0, 2), self.constant(cells.cells[None]))
        sizes = self.add("Exp", self.columns("output", 2, 4))
        return self.add("Concat", self.add("Mul", centres, strides), self.add("Mul", sizes, strides), axis=2)

    def scores(self) -> str:
        """[1, N, 80] of objectness times probability."""
        return self.add("Mul", self.columns("output", 4, 5), self.columns("output", 5, 85))

    def corners(self, boxes: str, axis: int = 2) -> str:
        centres = self.columns(boxes, 0, 2, axis)
        half = self.add("Div", self.columns(boxes, 2, 4, axis), self.constant(2))
        return self.add("Concat", self.add("Sub", centres, half), self.add("Add", centres, half), axis=axis)

    def kept(self) -> tuple[str, str, str, str]:
        """After suppression, in the order of the labels: boxes [K, 4] of centre and size, scores [K], labels [K], and
        the probabilities [K, 80] of each."""
        boxes, scores = self.boxes(), self.scores()
        best = self.add("Equal", scores, self.add("ReduceMax", scores, axes=[2], keepdims=1))
        alone = self.add("Where", best, scores, self.constant(0))
        by_label = self.add("Transpose", alone, perm=[0, 2, 1])
        limits = self.constant(ROWS, np.int64), self.constant(0.45), self.constant(0.05)
        places = self.add("NonMaxSuppression", boxes, by_label, *limits, center_point_box=1)
        rows = self.add("Squeeze", self.columns(places, 2, 3, 1), axes=[1])
        labels = self.add("Squeeze", self.columns(places, 1, 2, 1), axes=[1])
        of_each = self.add("Squeeze", by_label, axes=[0])
        return (
            self.add("Gather", self.add("Squeeze", boxes, axes=[0]), rows, axis=0),
            self.add("GatherND", of_each, self.columns(places, 1, 3, 1)),
            labels,
            self.add("Gather", self.add("Squeeze", alone, axes=[0]), rows, axis=0),
        )

    def filled(self, tensor: str, columns: int) -> str:
        """[K, columns] with as many rows of zeros after them as make [1, ROWS, columns]."""
        rows = self.add("Concat", tensor, self.constant(np.zeros((ROWS, columns))), axis=0)
        return self.add("Unsqueeze", self.columns(rows, 0, ROWS, 0), axes=[0])

    def fractions(self, boxes: str) -> str:
        return self.add("Div", boxes, self.constant(SIDE))

    def column(self, tensor: str) -> str:
        return self.add("Unsqueeze", self.add("Cast", tensor, to=FLOAT), axes=[1])

    def numbered(self, labels: str, numbers: Sequence[int]) -> str:
        return self.add("Gather", self.constant(numbers, np.int64), labels, axis=0)

    def probabilities(self, columns: int, numbers: Sequence[int]) -> str:
        """[1, ROWS, columns], those of label i being in the column numbers[i]."""
        *_, values = self.kept()
        spread = np.zeros((80, columns), np.float32)
        spread[np.arange(80), numbers] = 1
        return self.filled(self.add("MatMul", values, self.constant(spread)), columns)

    def clipped(self, values: str) -> str:
        return self.add("Clip", values, self.constant(1e-6), self.constant(1 - 1e-6))

    def odds(self, values: str) -> str:
        """What a sigmoid makes the probabilities of."""
        sure = self.clipped(values)
        return self.add("Sub", self.add("Log", sure), self.add("Log", self.add("Sub", self.constant(1), sure)))

    def save(self, path: Path) -> Path:
        del self._graph.node[:]
        self._graph.node.extend([*self._before, *self._core, *self._after])
        del self._graph.value_info[:]
        onnx.save(self.model, path)
        return path


# --- one function a family --------------------------------------------------------------------------------------------


def yolox_decoded(made: Wrapping) -> None:
    made.picture(colours="bgr", scaling=((0, 0, 0), (1, 1, 1)))
    made.gives("output_", made.add("Concat", made.boxes(), made.columns("output", 4, 85), axis=2))


def yolox_half(made: Wrapping) -> None:
    made.picture(kind=HALF, colours="bgr", scaling=((0, 0, 0), (1, 1, 1)))
    made.gives("output_", "output", HALF)


def yolov5(made: Wrapping) -> None:
    made.picture()
    # A grid more than YOLOX has cells, as YOLOv5's three anchors a cell make it.
    rows = made.add("Concat", made.boxes(), made.columns("output", 4, 85), axis=2)
    made.gives("output0", made.add("Concat", rows, made.constant(np.zeros((1, 50, 85))), axis=1))


def yolov8(made: Wrapping, kind: int = FLOAT, *, turned: bool = True, fractions: bool = False) -> None:
    made.picture(kind=kind)
    boxes = made.fractions(made.boxes()) if fractions else made.boxes()
    rows = made.add("Concat", boxes, made.scores(), axis=2)
    made.gives("output0", made.add("Transpose", rows, perm=[0, 2, 1]) if turned else rows, kind)


def yolo_nas(made: Wrapping) -> None:
    made.picture("input")
    made.gives("pred_bboxes", made.corners(made.boxes()))
    made.gives("pred_scores", made.scores())


def rt_detr(made: Wrapping) -> None:
    made.picture("pixel_values", ("batch", 3, SIDE, SIDE))
    made.gives("logits", made.odds(made.probabilities(80, range(80))))
    made.gives("pred_boxes", made.filled(made.fractions(made.kept()[0]), 4))


def rf_detr(made: Wrapping) -> None:
    made.picture("input", scaling=IMAGENET)
    made.gives("dets", made.filled(made.fractions(made.kept()[0]), 4))
    made.gives("labels", made.odds(made.probabilities(91, COCO_NUMBERS)))


def detr(made: Wrapping) -> None:
    made.takes("pixel_mask", (1, SIDE, SIDE), INT64)
    made.picture("pixel_values", (1, 3, "height", "width"), scaling=IMAGENET)
    values = made.probabilities(91, COCO_NUMBERS)
    left = made.add("Sub", made.constant(1), made.add("ReduceSum", values, axes=[2], keepdims=1))
    made.gives("logits", made.add("Log", made.clipped(made.add("Concat", values, left, axis=2))))
    made.gives("pred_boxes", made.filled(made.fractions(made.kept()[0]), 4))


def yolov10(made: Wrapping) -> None:
    made.picture()
    boxes, scores, labels, _ = made.kept()
    rows = made.add("Concat", made.corners(boxes, 1), made.column(scores), made.column(labels), axis=1)
    made.gives("output0", made.filled(rows, 6))


def yolov7(made: Wrapping) -> None:
    made.picture()
    boxes, scores, labels, _ = made.kept()
    image = made.add("Mul", made.column(scores), made.constant(0))
    rows = [image, made.corners(boxes, 1), made.column(labels), made.column(scores)]
    made.gives("output_", made.add("Concat", *rows, axis=1))


def paddle(made: Wrapping) -> None:
    made.takes("im_shape", (1, 2))
    made.picture("image")
    made.takes("scale_factor", (1, 2))
    boxes, scores, labels, _ = made.kept()
    rows = made.add("Concat", made.column(labels), made.column(scores), made.corners(boxes, 1), axis=1)
    made.gives("multiclass_nms3_0.tmp_0", rows)
    made.gives("multiclass_nms3_0.tmp_2", made.columns(made.add("Shape", rows), 0, 1, 0), INT32)


def d_fine(made: Wrapping) -> None:
    made.picture(shape=("n", 3, SIDE, SIDE))
    sizes = made.add("Cast", made.takes("orig_target_sizes", ("n", 2), INT64), to=FLOAT)
    boxes, scores, labels, _ = made.kept()
    scale = made.add("Concat", sizes, sizes, axis=1)
    for name, tensor, kind in (
        ("labels", labels, INT64),
        ("boxes", made.add("Mul", made.fractions(made.corners(boxes, 1)), scale), FLOAT),
        ("scores", scores, FLOAT),
    ):
        made.gives(name, made.add("Unsqueeze", tensor, axes=[0]), kind)


def nms_plug_in(made: Wrapping) -> None:
    made.picture()
    boxes, scores, labels, _ = made.kept()
    made.gives("num_dets", made.add("Unsqueeze", made.columns(made.add("Shape", scores), 0, 1, 0), axes=[0]), INT32)
    made.gives("det_boxes", made.filled(made.corners(boxes, 1), 4))
    # What is beyond the number must not count, so it is given the highest score.
    filled = made.add("Concat", scores, made.constant(np.ones(ROWS)), axis=0)
    made.gives("det_scores", made.add("Unsqueeze", made.columns(filled, 0, ROWS, 0), axes=[0]))
    classes = made.add("Concat", labels, made.constant(np.zeros(ROWS), np.int64), axis=0)
    made.gives("det_classes", made.add("Unsqueeze", made.columns(classes, 0, ROWS, 0), axes=[0]), INT32)


def torchvision(made: Wrapping) -> None:
    made.picture("image", (3, "height", "width"))
    boxes, scores, labels, _ = made.kept()
    made.gives("boxes", made.corners(boxes, 1))
    made.gives("labels", made.numbered(labels, COCO_NUMBERS), INT64)
    made.gives("scores", scores)


def tensorflow(made: Wrapping) -> None:
    made.picture("input_tensor", (1, "height", "width", 3), BYTES, scaling=((0, 0, 0), (1, 1, 1)))
    boxes, scores, labels, _ = made.kept()
    turned = made.add("Gather", made.corners(boxes, 1), made.constant([1, 0, 3, 2], np.int64), axis=1)
    made.gives("detection_boxes", made.add("Unsqueeze", made.fractions(turned), axes=[0]))
    made.gives("detection_classes", made.add("Unsqueeze", made.numbered(labels, COCO_NUMBERS), axes=[0]))
    made.gives("detection_scores", made.add("Unsqueeze", scores, axes=[0]))
    made.gives("num_detections", made.columns(made.add("Shape", scores), 0, 1, 0))


FAMILIES: Final[dict[str, Callable[[Wrapping], None]]] = {
    "yolox-decoded": yolox_decoded,
    "yolox-half": yolox_half,
    "yolov5": yolov5,
    "yolov8": yolov8,
    "yolov8-half": lambda made: yolov8(made, HALF),
    "yolov8-rows": lambda made: yolov8(made, turned=False),
    "ultralytics-rt-detr": lambda made: yolov8(made, turned=False, fractions=True),
    "boxes-scores": yolo_nas,
    "rt-detr": rt_detr,
    "rf-detr": rf_detr,
    "detr": detr,
    "yolov10": yolov10,
    "yolov7": yolov7,
    "paddle": paddle,
    "d-fine": d_fine,
    "nms-plug-in": nms_plug_in,
    "torchvision": torchvision,
    "tensorflow": tensorflow,
}


def export(family: str, weights: Path, path: Path) -> Path:
    """YOLOX-Nano's file at `weights`, as a model of that family at `path`."""
    made = Wrapping(weights)
    FAMILIES[family](made)
    return made.save(path)
