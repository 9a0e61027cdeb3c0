"""What similarities say about a model, and from which one on two faces are one person's."""

from __future__ import annotations

import random

import pytest
from darkroom.domain.verification import FALSE_ACCEPTS, curve
from hypothesis import given
from hypothesis import strategies as st

similarities = st.lists(st.floats(-1, 1), min_size=1, max_size=40)


def test_pairs_that_are_apart_have_an_area_of_one() -> None:
    made = curve([0.7, 0.9], [-0.1, 0.3, 0.2])
    assert made.area == 1
    assert 0.3 < made.threshold < 0.7
    assert made.threshold - 0.3 < 0.7 - made.threshold
    assert (made.false_accepts(made.threshold), made.false_rejects(made.threshold)) == (0, 0)


def test_pairs_that_are_mixed_up_have_an_area_of_none_and_ties_of_half() -> None:
    assert curve([0.1], [0.9]).area == 0
    assert curve([0.5, 0.5], [0.5]).area == 0.5


def test_the_shares_count_what_is_at_the_threshold_as_one_person() -> None:
    made = curve([0.4, 0.5, 0.6, 0.7], [0.1, 0.5])
    assert made.false_accepts(0.5) == 0.5
    assert made.false_accepts(0.51) == 0
    assert made.false_rejects(0.5) == 0.25
    assert made.false_rejects(0.51) == 0.5


def test_where_the_two_overlap_hardly_anybody_is_taken_for_another() -> None:
    dice = random.Random(3)
    made = curve((dice.gauss(0.6, 0.2) for _ in range(2_000)), (dice.gauss(0.0, 0.2) for _ in range(20_000)))
    assert made.false_accepts(made.threshold) <= FALSE_ACCEPTS + 1 / 20_000
    assert 0.9 < made.area < 1


@given(same=similarities, different=similarities)
def test_the_area_is_the_share_of_pairs_in_the_right_order(same: list[float], different: list[float]) -> None:
    right = sum((one > other) + (one == other) / 2 for one in same for other in different)
    assert curve(same, different).area == pytest.approx(right / (len(same) * len(different)))


@pytest.mark.parametrize(("same", "different"), [([], [0.1]), ([0.1], []), ([], [])])
def test_without_pairs_there_is_no_curve(same: list[float], different: list[float]) -> None:
    with pytest.raises(ValueError, match="no pairs"):
        curve(same, different)
