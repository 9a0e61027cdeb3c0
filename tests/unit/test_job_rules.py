"""The rules of jobs that need nothing but a job: when it is lost, how long it is kept, its ids, its price, its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from darkroom.domain import cost, limits
from darkroom.domain.cursors import cursor_of
from darkroom.domain.forecast import FIRST_PER_ITEM, FIRST_WAIT, Forecast, forecast
from darkroom.domain.jobs import (
    Cost,
    Job,
    Kind,
    Lease,
    State,
    derived_job_id,
    is_job_id,
    order,
    position_of,
    result_key,
)
from darkroom.errors import CostLimitError, InvalidRequestError
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_767_323_045_678
JOB = Job(
    job_id="00000000-0000-4000-8000-000000000001",
    owner="owner",
    kind=Kind.DETECTION,
    request={},
    created_at=NOW,
    deadline=NOW + limits.JOB_DEADLINE,
    write_id="w",
)


def held(until: int) -> Job:
    return replace(JOB, state=State.PROCESSING, lease=Lease("t", until))


@pytest.mark.parametrize("state", list(State))
def test_every_state_but_two_is_terminal(state: State) -> None:
    assert state.terminal == (state not in {State.PENDING, State.PROCESSING})


def test_a_lease_is_lost_once_it_has_run_out_by_the_slowest_clock() -> None:
    job = held(NOW)
    assert not job.was_lost(NOW + limits.CLOCK_SKEW - 1)
    assert job.was_lost(NOW + limits.CLOCK_SKEW)


def test_a_job_may_be_claimed_while_pending_or_lost_and_never_once_ended() -> None:
    assert JOB.may_be_claimed(0)
    assert not held(NOW).may_be_claimed(NOW)
    assert held(NOW).may_be_claimed(NOW + limits.CLOCK_SKEW)
    for state in State:
        if state.terminal:
            assert not replace(held(NOW), state=state).may_be_claimed(NOW * 2)


def test_a_job_is_overdue_by_anybodys_clock_and_not_once_ended() -> None:
    late = JOB.deadline + limits.CLOCK_SKEW
    assert not JOB.is_overdue(late - 1)
    assert JOB.is_overdue(late)
    assert not replace(JOB, state=State.COMPLETED).is_overdue(late)


def test_a_record_is_kept_a_day_and_its_tombstone_a_week() -> None:
    assert JOB.kept_until == NOW + limits.DAY
    assert JOB.forgotten_at == NOW + 7 * limits.DAY


# --- ids, keys and cursors -------------------------------------------------------------------------------------------


@given(owner=st.text(), key=st.text(), turn=st.integers(0, 9))
def test_a_derived_id_is_an_id_and_always_the_same(owner: str, key: str, turn: int) -> None:
    job_id = derived_job_id(owner, key, turn)
    assert is_job_id(job_id)
    assert job_id == derived_job_id(owner, key, turn)


def test_owners_keys_and_turns_never_share_an_id() -> None:
    asked = [("a", "bc", 0), ("ab", "c", 0), ("", "abc", 0), ("a", "bc", 1), ('a"', "bc", 0), ("a", '"bc', 0)]
    assert len({derived_job_id(*one) for one in asked}) == len(asked)


@pytest.mark.parametrize(
    "text", ["", "x", JOB.job_id.upper() + "0", JOB.job_id + "\n", "../../job", "0" * 36, "a" * 5_000, "\ud800"]
)
def test_what_cannot_be_an_id_is_none(text: str) -> None:
    assert not is_job_id(text)


def test_results_of_different_leases_have_different_keys() -> None:
    assert result_key("j", 1) == "results/j/1.json"
    assert result_key("j", 2) != result_key("j", 1)


@given(owner=st.text(), created_at=st.integers(0, 9_999_999_999_999))
def test_a_cursor_leads_its_own_owner_back(owner: str, created_at: int) -> None:
    position = order(replace(JOB, created_at=created_at))
    assert position_of(owner, cursor_of(owner, position)) == position
    with pytest.raises(InvalidRequestError):
        position_of(owner + "x", cursor_of(owner, position))


@given(cursor=st.text(max_size=200))
def test_a_cursor_that_was_made_up_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequestError):
        position_of("owner", cursor)


# --- cost ------------------------------------------------------------------------------------------------------------


def test_computing_costs_its_list_price() -> None:
    assert cost.compute(2.0, 1_500) == Cost(usd=round(3 * cost.LAMBDA_USD_PER_GB_SECOND, 9), gb_seconds=3.0)
    assert cost.compute(2.0, -5) == Cost()


def test_an_estimate_counts_each_image_with_its_compute_and_its_providers_price() -> None:
    free, paid = cost.detection(10, gigabytes=3.0), cost.detection(10, gigabytes=3.0, usd_per_image=0.001)
    assert free.provider_units == 0
    assert free.gb_seconds == 10 * 3.0 * cost.DETECTION_MILLISECONDS_PER_IMAGE / 1000
    assert paid.provider_units == 10
    assert paid.usd == pytest.approx(free.usd + 0.01)


def test_costs_are_added_part_by_part() -> None:
    assert Cost(0.1, 1, 0.5, 10, 20) + Cost(0.2, 2, 0.25, 1, 2) == Cost(0.3, 3, 0.75, 11, 22)


@pytest.mark.parametrize(("usd", "limit", "refused"), [(0.5, None, False), (0.5, 0.5, False), (0.5000001, 0.5, True)])
def test_a_cost_above_its_cap_is_refused(usd: float, limit: float | None, refused: bool) -> None:
    if refused:
        with pytest.raises(CostLimitError):
            cost.cap(Cost(usd=usd), limit, "The work is estimated at")
    else:
        cost.cap(Cost(usd=usd), limit, "The work is estimated at")


# --- forecast --------------------------------------------------------------------------------------------------------


def ahead(job: Job, now: int = NOW, **pulse: Any) -> Forecast:
    return forecast(job, now=now, **{"wait": 4_000, "per_item": 500, **pulse})


def test_a_pending_job_ends_after_the_usual_wait_and_its_items() -> None:
    assert ahead(replace(JOB, items=10)) == Forecast(NOW + 4_000 + 5_000, 9)


def test_a_job_that_has_waited_longer_than_usual_is_expected_to_wait_as_much_longer() -> None:
    assert ahead(JOB, NOW + 4_000) == Forecast(NOW + 4_500, 1)
    assert ahead(JOB, NOW + 10_000) == Forecast(NOW + 16_500, 7)
    assert ahead(JOB, NOW + 10 * limits.MINUTE).ends_at == NOW + 20 * limits.MINUTE - 4_000 + 500


def test_a_new_job_in_a_queue_that_stands_still_is_not_promised_the_usual_wait() -> None:
    waiting = NOW - 10 * limits.MINUTE
    assert ahead(JOB, waiting_since=waiting) == Forecast(NOW + 10 * limits.MINUTE - 4_000 + 500, 60)
    assert ahead(JOB, waiting_since=NOW - 1_000) == ahead(JOB)
    assert ahead(held(NOW), waiting_since=waiting) == ahead(held(NOW))


def test_a_job_that_waited_until_its_deadline_says_nothing_of_the_queue_any_more() -> None:
    assert ahead(JOB, waiting_since=NOW - limits.JOB_DEADLINE) == ahead(JOB)


def test_no_job_is_expected_to_end_after_its_deadline() -> None:
    assert ahead(replace(JOB, items=10_000)).ends_at == JOB.deadline
    assert ahead(JOB, JOB.deadline + 1) == Forecast(JOB.deadline + 1, 1)


def test_a_job_in_work_needs_what_is_left_of_it() -> None:
    assert ahead(replace(held(NOW), items=10, progress=75)) == Forecast(NOW + 1_250, 2)


def test_a_kind_without_a_past_is_guessed() -> None:
    assert ahead(JOB, wait=None, per_item=None).ends_at == NOW + FIRST_WAIT + FIRST_PER_ITEM


def test_nobody_is_sent_away_for_longer_than_a_minute_or_for_less_than_a_second() -> None:
    assert ahead(replace(JOB, items=1_000)).retry_after_seconds == 60
    assert ahead(replace(held(NOW), progress=100)).retry_after_seconds == 1


def test_an_ended_job_has_nothing_ahead() -> None:
    assert ahead(replace(JOB, state=State.FAILED)) == Forecast(None, 0)
