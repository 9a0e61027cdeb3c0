"""How models number labels."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.vision.models import read_list
from darkroom.adapters.vision.numbering import columns, labelled, numbers, usual_numbering
from darkroom.errors import NoModelError


def test_cocos_numbers_are_those_of_its_annotations() -> None:
    labels = dict(zip(read_list()[0].labels, numbers("coco91", 80).tolist(), strict=True))
    known = {"person": 1, "fire hydrant": 11, "stop sign": 13, "cat": 17, "umbrella": 28, "handbag": 31, "cup": 47}
    known |= {"dining table": 67, "toilet": 70, "tv": 72, "refrigerator": 82, "book": 84, "toothbrush": 90}
    assert {label: labels[label] for label in known} == known
    assert len(set(labels.values())) == 80


def test_cocos_numbers_need_cocos_labels() -> None:
    with pytest.raises(NoModelError) as caught:
        numbers("coco91", 3)
    assert "numbering" in caught.value.fix


@pytest.mark.parametrize(
    ("numbering", "labels", "found", "first", "last"),
    [
        (None, 80, 80, 0, 79),
        (None, 80, 91, 1, 90),
        (None, 91, 91, 0, 90),
        (None, 3, 3, 0, 2),
        ("one", 80, 81, 1, 80),
        ("coco91", 80, 91, 1, 90),
    ],
)
def test_the_columns_of_the_labels_are_found(
    numbering: str | None, labels: int, found: int, first: int, last: int
) -> None:
    of_labels = columns(numbering, labels, found)
    assert of_labels is not None
    chosen = np.arange(found)[of_labels]
    assert len(chosen) == labels
    assert (chosen[0], chosen[-1]) == (first, last)


@pytest.mark.parametrize(("numbering", "labels", "found"), [(None, 3, 4), (None, 80, 85), ("one", 3, 3), (None, 3, -1)])
def test_columns_that_do_not_fit_are_not_taken(numbering: str | None, labels: int, found: int) -> None:
    assert columns(numbering, labels, found) is None


def test_columns_beyond_the_labels_are_left_alone_where_they_may_be_there() -> None:
    assert columns(None, 80, 112, more=True) == slice(0, 80)
    assert columns(None, 80, 79, more=True) is None


@pytest.mark.parametrize(("labels", "numbering"), [(80, "coco91"), (91, "zero"), (2, "one")])
def test_models_with_a_background_count_from_one(labels: int, numbering: str) -> None:
    assert usual_numbering(labels) == numbering


def test_numbers_that_stand_for_nothing_have_no_place() -> None:
    given = np.array([0, 1, 12, 17, 90, -1])
    assert labelled(given, numbers("coco91", 80)).tolist() == [-1, 0, -1, 15, 79, -1]
    assert labelled(np.array([0, 2]), numbers("zero", 3)).tolist() == [0, 2]


def test_a_number_beyond_the_last_label_shows_that_the_numbering_is_wrong() -> None:
    with pytest.raises(NoModelError, match="label 85") as caught:
        labelled(np.array([3, 85]), numbers("zero", 80))
    assert "coco91" in caught.value.fix
