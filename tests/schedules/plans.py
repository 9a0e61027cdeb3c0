"""How hypothesis draws a schedule."""

from __future__ import annotations

from typing import Any

from darkroom.domain.limits import CLOCK_SKEW, HEARTBEAT, MINUTE, SECOND
from hypothesis import strategies as st

from tests.schedules.world import Blow, Curse, Fault, JobPlan, Schedule

CALLS = 60
"""Blows fall on the first so many AWS calls; a job's life is about twenty."""

pauses = st.sampled_from([100, 2 * SECOND, 5 * SECOND, 45 * SECOND, 70 * SECOND, 130 * SECOND, 6 * MINUTE])


def one_in(n: int) -> st.SearchStrategy[bool]:
    return st.integers(1, n).map(lambda drawn: drawn == n)


@st.composite
def blows(draw: st.DrawFn) -> Blow:
    fault = draw(st.sampled_from(Fault))
    return Blow(fault, draw(pauses) if fault in (Fault.STOPPED_BEFORE, Fault.STOPPED_AFTER) else 0)


job_plans = st.builds(
    JobPlan,
    at=st.sampled_from([0, 10, 20 * SECOND, 59 * SECOND]),
    steps=st.lists(st.sampled_from([50, 50, 900, 20 * SECOND, 20 * SECOND, 150 * SECOND]), max_size=3).map(tuple),
    paid=one_in(3).map(lambda free: not free),
    large=one_in(2),
    poison=one_in(5),
    key=one_in(3).map(lambda without: not without),
    again=one_in(3).flatmap(lambda hit: st.sampled_from([0, 8, 3 * SECOND, 61 * SECOND] if hit else [None])),
    callback=one_in(4),
    cancelled_at=one_in(3).flatmap(
        lambda hit: st.sampled_from([0, 40, 300, 20 * SECOND, 90 * SECOND] if hit else [None])
    ),
)

curses = st.builds(
    Curse,
    operation=st.sampled_from(["TransactWriteItems", "UpdateItem", "PutItem", "GetItem", "PutObject", "SendMessage"]),
    blow=blows(),
    times=st.integers(2, 7),
)
outages = st.tuples(st.sampled_from(["dynamodb", "dynamodb", "sqs", "s3"]), st.integers(1, 12))


def provider_calls(n: int) -> st.SearchStrategy[frozenset[int]]:
    """In one of n, a few in a row."""
    counts = one_in(n).flatmap(lambda hit: st.integers(1, 4) if hit else st.just(0))
    return st.tuples(st.integers(1, 3), counts).map(lambda drawn: frozenset(range(drawn[0], drawn[0] + drawn[1])))


PARTS: dict[str, st.SearchStrategy[Any]] = {
    "jobs": st.lists(job_plans, min_size=1, max_size=2).map(tuple),
    "blows": st.integers(0, 6).flatmap(
        lambda n: st.dictionaries(st.integers(1, CALLS), blows(), min_size=n, max_size=n)
    ),
    "skew": st.sampled_from([0, -CLOCK_SKEW, CLOCK_SKEW]),
    "skewed": st.lists(st.booleans(), min_size=1, max_size=5).map(tuple),
    "duplicates": st.dictionaries(st.integers(1, 6), st.sampled_from([0, 30, 3 * SECOND, 70 * SECOND]), max_size=2),
    "delays": st.lists(st.sampled_from([0, 0, 0, 4 * SECOND, 90 * SECOND]), min_size=1, max_size=4).map(tuple),
    "newest_first": st.booleans(),
    "batch": st.sampled_from([1, 2]),
    "beats": st.lists(st.sampled_from([HEARTBEAT, HEARTBEAT, 5 * SECOND, 30 * SECOND]), min_size=1, max_size=3).map(
        tuple
    ),
    "unpaid_answers": provider_calls(3),
    "throttled": provider_calls(4),
    "curse": one_in(4).flatmap(lambda hit: curses if hit else st.none()),
    "outage": one_in(8).flatmap(lambda hit: outages if hit else st.none()),
}


def schedules(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Schedule]:
    """Of everything that may happen; a part that is given is drawn from that instead."""
    return st.builds(Schedule, **{**PARTS, **parts})
