"""Each layout on tensors made by hand: recognised by itself or by name, and read to the same detections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from darkroom.adapters.vision.layouts import LAYOUTS
from darkroom.adapters.vision.manifests import NOTHING_TOLD, Manifest
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.errors import NoModelError

from tests.made_up_models import MadeUpSession, Value, blank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.domain.detection import Detection
    from numpy.typing import NDArray

LABELS: Final = ("cat", "dog", "cup")
COCO: Final = tuple(f"label {number}" for number in range(80))
HEIGHT, WIDTH = 64, 128
FOUND: Final = (("cup", 0.9, (64.0, 16.0, 96.0, 48.0)), ("cat", 0.7, (8.0, 8.0, 24.0, 56.0)))
"""What every layout below says, of an input of 64 by 128 pixels: label, score, corners."""


def detector(
    outputs: dict[str, NDArray[Any]],
    *inputs: Value,
    labels: Sequence[str] = LABELS,
    manifest: Manifest = NOTHING_TOLD,
) -> OnnxDetector:
    session = MadeUpSession(outputs, *(inputs or (Value("images", [1, 3, HEIGHT, WIDTH]),)))
    return OnnxDetector(session, labels, model="made-up", confidence=0.4, manifest=manifest)


def seen(made: OnnxDetector) -> list[tuple[str, float, tuple[float, ...]]]:
    """On a picture of the input's size, so that one's pixels are the other's."""
    found: Sequence[Detection] = made.detect(blank(HEIGHT, WIDTH))
    return [(each.label, round(each.confidence, 4), tuple(round(x, 3) for x in each.bbox)) for each in found]


def floats(rows: Any) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def centred(box: Sequence[float], scale: tuple[float, float] = (1, 1)) -> list[float]:
    x1, y1, x2, y2 = box
    return [(x1 + x2) / 2 * scale[0], (y1 + y2) / 2 * scale[1], (x2 - x1) * scale[0], (y2 - y1) * scale[1]]


FRACTIONS: Final = (1 / WIDTH, 1 / HEIGHT)


def cells(*before: float, labels: Sequence[str] = LABELS, fractions: bool = False) -> NDArray[np.float32]:
    """Rows of centre, size, what comes before, and a probability a label: 97 that see nothing, the two, a double."""
    rows = np.zeros((100, 4 + len(before) + len(labels)), np.float32)
    rows[:, :4] = centred((32, 0, 96, 64), FRACTIONS if fractions else (1, 1))
    rows[:, 4 : 4 + len(before)] = before
    for place, (label, score, box) in zip((90, 3, 55), (*FOUND, ("cup", 0.6, (65, 16, 97, 48))), strict=True):
        rows[place, :4] = centred(box, FRACTIONS if fractions else (1, 1))
        rows[place, 4 + len(before) + labels.index(label)] = score
    return rows


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def queries(columns: int, shown: Sequence[int], *, softmax: bool) -> dict[str, NDArray[Any]]:
    """DETR's outputs for ten queries, two of which see something, in the given columns."""
    boxes, logits = floats([centred((32, 0, 96, 64), FRACTIONS)] * 10), np.full((10, columns), -9, np.float32)
    if softmax:
        logits[:, -1] = 9
    for place, column, (_, score, box) in zip((7, 2), shown, FOUND, strict=True):
        boxes[place] = centred(box, FRACTIONS)
        logits[place] = -30
        logits[place, column] = np.log(score) if softmax else logit(score)
        if softmax:
            logits[place, -1] = np.log(1 - score)
    return {"logits": logits[None], "pred_boxes": boxes[None]}


def three(numbers: Sequence[int], scale: tuple[float, float] = (1, 1), order: str = "xyxy") -> list[NDArray[Any]]:
    """Boxes, scores and labels; the surest comes second, and a third is too unsure to count."""
    boxes = floats([FOUND[1][2], FOUND[0][2], (0, 0, 9, 9)]) * floats([*scale, *scale])
    if order == "yxyx":
        boxes = boxes[:, [1, 0, 3, 2]]
    return [boxes, floats([0.7, 0.9, 0.3]), np.array([numbers[1], numbers[0], numbers[1]])]


# --- a score for each label -------------------------------------------------------------------------------------------


def test_yolov5_has_objectness() -> None:
    rows = cells(1.0)
    rows[:, 4] = 0
    rows[[90, 3, 55], 4] = 0.9
    rows[[90, 3, 55], 5:] /= 0.9
    assert seen(detector({"output0": rows[None]})) == list(FOUND)


def test_yolov6_has_the_cells_of_yolox_and_an_objectness_of_one() -> None:
    """Its boxes are decoded, and it wants red first and values up to 1."""
    rows = np.concatenate([cells(1.0), cells(1.0)[:1].repeat(68, axis=0)])  # 8 x 16 + 4 x 8 + 2 x 4 cells
    session = MadeUpSession({"outputs": rows[None]}, Value("images", [1, 3, HEIGHT, WIDTH]))
    made = OnnxDetector(session, LABELS, model="made-up", confidence=0.4)
    assert seen(made) == list(FOUND)
    made.detect(np.full((HEIGHT, WIDTH, 3), 255, np.uint8))
    assert session.shown.max() == 1


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("fractions", [True, False])
def test_yolov8_has_none_and_may_have_its_axes_either_way(turned: bool, fractions: bool) -> None:
    rows = cells(fractions=fractions)
    assert seen(detector({"output0": (rows.T if turned else rows)[None]})) == list(FOUND)


def test_what_follows_the_labels_is_left_alone_where_the_layout_is_named() -> None:
    """The segmenting variant has 32 columns for its masks, and a second output."""
    rows = np.hstack([cells(), np.full((100, 32), 7, np.float32)])
    outputs = {"output0": rows.T[None], "output1": np.zeros((1, 32, 16, 16), np.float32)}
    assert seen(detector(outputs, manifest=Manifest(layout="yolov8"))) == list(FOUND)
    with pytest.raises(NoModelError):
        detector(outputs)


def test_one_label_is_told_from_six_columns() -> None:
    rows = np.zeros((2_000, 6), np.float32)
    rows[:, :4] = centred(FOUND[0][2])
    rows[7, 4:] = (1, 0.9)
    assert seen(detector({"output0": rows[None]}, labels=["cup"])) == [FOUND[0]]


@pytest.mark.parametrize("last", [True, False])
def test_boxes_and_probabilities_may_be_two_outputs(last: bool) -> None:
    rows = cells()
    corners = np.hstack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2])
    outputs: dict[str, NDArray[Any]] = {"pred_bboxes": corners[None], "pred_scores": rows[None, :, 4:]}
    assert seen(detector(dict(reversed(list(outputs.items()))) if last else outputs)) == list(FOUND)


@pytest.mark.parametrize(
    ("columns", "shown", "softmax", "labels"),
    [
        (3, (2, 0), False, LABELS),
        (4, (2, 0), True, LABELS),
        (80, (46, 15), False, COCO),
        (81, (46, 15), True, COCO),
        (91, (52, 17), False, COCO),
        (92, (52, 17), True, COCO),
    ],
)
def test_logits_are_read_in_every_numbering(
    columns: int, shown: tuple[int, int], softmax: bool, labels: tuple[str, ...]
) -> None:
    """COCO's 52 is its 47th label and its 17 the 16th."""
    names = ("cup", "cat") if labels is LABELS else ("label 46", "label 15")
    expected = [(name, *found[1:]) for name, found in zip(names, FOUND, strict=True)]
    assert seen(detector(queries(columns, shown, softmax=softmax), labels=labels)) == expected


def test_the_background_and_the_unused_numbers_are_never_a_label() -> None:
    outputs = queries(91, (0, 12), softmax=False)
    outputs["logits"][0, 2, 17] = logit(0.5)
    ((label, score, _),) = seen(detector(outputs, labels=COCO))
    assert (label, score) == ("label 15", 0.5)


def test_queries_for_two_objects_in_one_place_both_stay() -> None:
    outputs = queries(3, (2, 2), softmax=False)
    outputs["pred_boxes"][0, 2] = outputs["pred_boxes"][0, 7]
    assert [each[1] for each in seen(detector(outputs))] == [0.9, 0.7]


def test_the_names_of_another_export_do_as_well() -> None:
    outputs = queries(91, (52, 17), softmax=False)
    states = np.zeros((1, 10, 256), np.float32)
    made = detector({"state": states, "dets": outputs["pred_boxes"], "labels": outputs["logits"]}, labels=COCO)
    assert [each[0] for each in seen(made)] == ["label 46", "label 15"]


def test_a_column_too_many_is_allowed_where_the_scores_are_named() -> None:
    """RF-DETR trained anew: a sigmoid, and a column more than labels."""
    outputs = queries(4, (2, 0), softmax=False)
    assert seen(detector(outputs, manifest=Manifest(layout="detr", scores="sigmoid"))) == list(FOUND)


def test_logits_without_end_overflow_nothing() -> None:
    outputs = queries(3, (2, 0), softmax=False)
    outputs["logits"][0, 7, 2], outputs["logits"][0, 0] = np.inf, -np.inf
    assert [each[1] for each in seen(detector(outputs))] == [1, 0.7]


# --- a row for each detection -----------------------------------------------------------------------------------------


def test_rows_of_a_detection_each() -> None:
    rows = np.zeros((300, 6), np.float32)
    rows[0], rows[1] = (*FOUND[0][2], 0.9, 2), (*FOUND[1][2], 0.7, 0)
    assert seen(detector({"output0": rows[None]})) == list(FOUND)


def test_rows_that_name_the_image_and_the_label_before_the_score() -> None:
    rows = floats([(0, *FOUND[1][2], 0, 0.7), (0, *FOUND[0][2], 2, 0.9)])
    assert seen(detector({"output": rows})) == list(FOUND)


def test_rows_that_begin_with_the_label() -> None:
    rows = floats([(2, 0.9, *FOUND[0][2]), (0, 0.7, *FOUND[1][2]), (-1, 0, 0, 0, 0, 0), (np.nan, 0.8, 0, 0, 9, 9)])
    asked = Value("im_shape", [1, 2]), Value("image", [1, 3, HEIGHT, WIDTH]), Value("scale_factor", [1, 2])
    made = detector({"boxes": rows, "number": np.array([3], np.int32)}, *asked)
    assert seen(made) == list(FOUND)


def test_columns_in_another_order_are_named() -> None:
    rows = floats([(0, *FOUND[0][2], 0.9, 2), (0, *FOUND[1][2], 0.7, 0)])
    columns = ("image", "x1", "y1", "x2", "y2", "score", "label")
    assert seen(detector({"output": rows}, manifest=Manifest(columns=columns))) == list(FOUND)


@pytest.mark.parametrize("names", [("labels", "boxes", "scores"), ("a", "b", "c")])
@pytest.mark.parametrize(("labels", "numbers"), [(LABELS, (3, 1)), (COCO, (52, 17))])
def test_torchvision_keeps_zero_for_the_background(
    names: tuple[str, ...], labels: tuple[str, ...], numbers: tuple[int, int]
) -> None:
    boxes, scores, kinds = three(numbers)
    made = detector(
        dict(zip(names, (kinds, boxes, scores), strict=True)),
        Value("image", [3, None, None]),
        labels=labels,
        manifest=Manifest(size=(HEIGHT, WIDTH)),
    )
    assert [each[1:] for each in seen(made)] == [each[1:] for each in FOUND]
    expected = ["cup", "cat"] if labels is LABELS else ["label 46", "label 15"]
    assert [each[0] for each in seen(made)] == expected


def test_a_torchvision_model_that_sees_nothing_on_grey_is_recognised() -> None:
    outputs: dict[str, NDArray[Any]] = {
        "boxes": np.zeros((0, 4), np.float32),
        "labels": np.zeros(0, np.int64),
        "scores": np.zeros(0, np.float32),
    }
    session = MadeUpSession(outputs, Value("images", [1, 3, HEIGHT, WIDTH]))
    made = OnnxDetector(session, LABELS, model="made-up", confidence=0.4)
    assert seen(made) == []
    boxes, scores, kinds = three((3, 1))
    session.outputs = {"boxes": boxes, "labels": kinds, "scores": scores}
    assert seen(made) == list(FOUND)


def test_d_fine_counts_from_zero_and_is_told_the_size() -> None:
    boxes, scores, kinds = three((2, 0))
    asked = Value("images", ["n", 3, HEIGHT, WIDTH]), Value("orig_target_sizes", ["n", 2], "tensor(int64)")
    assert seen(detector({"labels": kinds[None], "boxes": boxes[None], "scores": scores[None]}, *asked)) == list(FOUND)


def test_only_as_many_count_as_there_are() -> None:
    boxes, scores, kinds = three((2, 0))
    scores[2] = 0.99  # what is left there from before
    outputs = {"num_dets": np.array([[2]], np.int32), "det_boxes": boxes[None], "det_scores": scores[None]}
    assert seen(detector(outputs | {"det_classes": kinds[None].astype(np.int32)})) == list(FOUND)


def test_tensorflow_writes_y_first_in_fractions_and_its_labels_as_floats() -> None:
    boxes, scores, kinds = three((3, 1), FRACTIONS, "yxyx")
    outputs = {
        "detection_boxes": boxes[None],
        "detection_classes": kinds[None].astype(np.float32),
        "detection_scores": scores[None],
        "num_detections": floats([3]),
    }
    made = detector(
        outputs, Value("input", [1, None, None, 3], "tensor(uint8)"), manifest=Manifest(size=(HEIGHT, WIDTH))
    )
    assert seen(made) == list(FOUND)


def test_a_manifest_says_what_differs_from_the_usual() -> None:
    """The SSD of ONNX' own zoo: fractions, and 0 for the background."""
    boxes, scores, kinds = three((3, 1), FRACTIONS)
    outputs = {"bboxes": boxes[None], "labels": kinds[None], "scores": scores[None]}
    assert seen(detector(outputs, manifest=Manifest(units="fractions", numbering="one"))) == list(FOUND)


def test_a_label_beyond_the_last_names_the_numbering() -> None:
    boxes, scores, kinds = three((5, 1))
    made = detector({"labels": kinds[None], "boxes": boxes[None], "scores": scores[None]})
    with pytest.raises(NoModelError) as caught:
        seen(made)
    assert "numbering" in caught.value.fix


# --- all of them ------------------------------------------------------------------------------------------------------


def test_boxes_are_taken_back_from_the_centre_and_from_stretching() -> None:
    """The picture is 128 by 128 pixels, half the input's shape: it stands in the middle, or is squeezed."""
    rows = np.zeros((100, 7), np.float32)
    rows[:, 0] = 64
    rows[9] = (64, 32, 32, 32, 0, 0, 0.9)
    (found,) = detector({"output0": rows.T[None]}).detect(blank(128, 128))
    assert found.bbox == pytest.approx((32, 32, 96, 96))
    stretch = Manifest(fit="stretch")
    (found,) = detector({"output0": rows.T[None]}, manifest=stretch).detect(blank(128, 128))
    assert found.bbox == pytest.approx((48, 32, 80, 96))


def test_nonsense_is_left_out_of_every_layout() -> None:
    rows = cells()
    rows[0, 4:] = np.nan
    rows[1] = (np.nan, 5, 5, 5, 0.9, 0, 0)
    assert seen(detector({"output0": rows[None]})) == list(FOUND)


def test_half_floats_are_read_as_well() -> None:
    found = seen(detector({"output0": cells().astype(np.float16)[None]}))
    assert [each[0] for each in found] == ["cup", "cat"]
    assert [each[1] for each in found] == pytest.approx([0.9, 0.7], abs=1e-3)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_that_is_named_must_fit(name: str) -> None:
    with pytest.raises(NoModelError) as caught:
        detector({"output0": np.zeros((1, 9, 11, 5), np.float32)}, manifest=Manifest(layout=name))
    assert name in caught.value.detail
    assert "output0: float32 [1, 9, 11, 5]" in caught.value.detail


def test_a_layout_that_nobody_knows_is_refused_with_the_names() -> None:
    with pytest.raises(NoModelError) as caught:
        detector({"output0": cells()[None]}, manifest=Manifest(layout="yolo99"))
    assert "yolo99" in caught.value.detail
    assert all(name in caught.value.fix for name in LAYOUTS)


def test_an_output_that_nobody_knows_is_refused_with_what_it_is_and_what_is_known() -> None:
    with pytest.raises(NoModelError) as caught:
        detector({"scores": np.zeros((1, 1000), np.float32), "hidden": np.zeros((1, 7, 7, 512), np.float32)})
    assert "scores: float32 [1, 1000], hidden: float32 [1, 7, 7, 512]" in caught.value.detail
    assert all(f"{name}: {layout.gives}" in caught.value.fix for name, layout in LAYOUTS.items())


def test_labels_of_another_model_are_refused() -> None:
    with pytest.raises(NoModelError) as caught:
        detector({"output0": cells()[None]}, labels=("cat", "dog", "cup", "bed", "car"))
    assert "5 labels" in caught.value.detail
    with pytest.raises(NoModelError):
        detector({"output0": cells()[None]}, labels=())


def test_a_model_that_fails_on_its_first_picture_is_refused() -> None:
    class Failing(MadeUpSession):
        def run(self, outputs: None, feed: Any) -> Any:
            raise RuntimeError("dimensions do not match")

    with pytest.raises(NoModelError, match="dimensions do not match") as caught:
        OnnxDetector(Failing({}), LABELS, model="made-up", confidence=0.4)
    assert "size" in caught.value.fix
