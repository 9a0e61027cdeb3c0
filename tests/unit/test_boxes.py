"""Boxes: which of two on one object stays, and how models write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.vision.boxes import corners, suppressed
from darkroom.domain.detection import overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray


def floats(*rows: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def test_doubles_of_one_label_give_way_to_the_most_confident() -> None:
    boxes = floats((0, 0, 10, 10), (1, 0, 11, 10), (30, 30, 40, 40))
    assert suppressed(boxes, np.array([0.6, 0.9, 0.5], np.float32), np.array([1, 1, 1])) == [1, 2]


def test_two_labels_in_one_place_both_stay() -> None:
    boxes = floats((0, 0, 10, 10), (0, 0, 10, 10))
    assert suppressed(boxes, np.array([0.6, 0.9], np.float32), np.array([0, 1])) == [1, 0]


def test_the_limit_is_45_percent_of_the_union() -> None:
    boxes = floats((0, 0, 100, 10), (38, 0, 138, 10), (37, 20, 137, 30), (0, 20, 100, 30))
    scores, kinds = np.array([0.9, 0.8, 0.7, 0.6], np.float32), np.zeros(4, np.intp)
    assert overlap((0, 0, 100, 10), (38, 0, 138, 10)) < 0.45 < overlap((0, 0, 100, 10), (37, 0, 137, 10))
    assert suppressed(boxes, scores, kinds) == [0, 1, 2]


def test_suppression_agrees_with_the_rule_written_out() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        corner = random.uniform(0, 60, (40, 2))
        boxes = np.hstack([corner, corner + random.uniform(1, 40, (40, 2))]).astype(np.float32)
        scores = (random.permutation(40) / 40).astype(np.float32)
        kinds = random.integers(0, 3, 40)
        kept: list[int] = []
        for index in np.argsort(-scores).tolist():
            box = tuple(boxes[index].tolist())
            if all(kinds[index] != kinds[k] or overlap(box, tuple(boxes[k].tolist())) <= 0.45 for k in kept):
                kept.append(index)
        assert suppressed(boxes, scores, kinds) == kept


@pytest.mark.parametrize(
    ("order", "units", "given"),
    [
        ("xyxy", "pixels", (10, 20, 30, 60)),
        ("yxyx", "pixels", (20, 10, 60, 30)),
        ("cxcywh", "pixels", (20, 40, 20, 40)),
        ("xyxy", "fractions", (0.1, 0.1, 0.3, 0.3)),
        ("yxyx", "fractions", (0.1, 0.1, 0.3, 0.3)),
        ("cxcywh", "fractions", (0.2, 0.2, 0.2, 0.2)),
    ],
)
def test_a_box_is_read_in_each_way_of_writing_it(order: str, units: str, given: tuple[float, ...]) -> None:
    boxes = floats(given)
    found = corners(boxes, order, units, height=200, width=100)
    assert found.tolist() == [pytest.approx([10, 20, 30, 60])]
    assert (boxes == floats(given)).all()


@pytest.mark.parametrize("order", ["xyxy", "yxyx", "cxcywh"])
def test_no_boxes_are_no_boxes(order: str) -> None:
    assert corners(np.empty((0, 4), np.float32), order, "fractions", 64, 64).shape == (0, 4)
