"""One suite for every JobStore: DynamoDB's (in moto, or at CONTRACT_ENDPOINT_URL) and its twin in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.aws.jobs import DynamoJobStore
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.domain import limits
from darkroom.domain.jobs import (
    Attempt,
    Cost,
    Delivery,
    DeliveryState,
    DeliveryTry,
    Failure,
    Job,
    Kind,
    Lease,
    Result,
    State,
)
from darkroom.errors import (
    AttemptsExhaustedError,
    InvalidRequestError,
    JobEndedError,
    JobNotFoundError,
    LeaseLostError,
    TooLargeError,
)
from darkroom.ports import Pulse

from tests.jobs_table import dynamodb, jobs_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from darkroom.ports import JobStore

NOW = 1_767_323_045_678
LATER = NOW + limits.LEASE
LOST = LATER + limits.CLOCK_SKEW


@pytest.fixture(scope="module")
def dynamo() -> Iterator[DynamoJobStore]:
    with dynamodb() as client, jobs_table(client) as table:
        yield DynamoJobStore(client, table)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    return MemoryJobStore() if request.param == "memory" else request.getfixturevalue("dynamo")


def a_job(**fields: Any) -> Job:
    return Job(
        **{
            "job_id": str(uuid.uuid4()),
            "owner": f"owner-{uuid.uuid4().hex}",
            "kind": Kind.DETECTION,
            "request": {"imageUrls": ["s3://bucket/uploads/a.jpg"], "metadata": {"score": 1.5, "name": "Zoë"}},
            "created_at": NOW,
            "updated_at": NOW,
            "deadline": NOW + limits.JOB_DEADLINE,
            "write_id": uuid.uuid4().hex,
            "due_at": NOW + limits.SUBMISSION_GRACE,
            **fields,
        }
    )


def a_delivery(job: Job, **fields: Any) -> Delivery:
    return Delivery(
        **{
            "job_id": job.job_id,
            "owner": job.owner,
            "url": "https://hooks.example/darkroom",
            "message_id": f"msg_{job.job_id}",
            "due_at": NOW,
            **fields,
        }
    )


def claimed(store: JobStore, **fields: Any) -> Job:
    """A job that is held under the token `first` until LATER."""
    job = store.create(a_job(**fields))
    return store.claim(job.job_id, token="first", now=NOW, until=LATER)


def read(store: JobStore, job: Job) -> Job:
    found = store.get(job.job_id)
    assert found is not None
    return found


# --- create and read -------------------------------------------------------------------------------------------------


def test_a_job_is_read_as_it_was_written(store: JobStore) -> None:
    job = a_job(
        items=7,
        estimate=Cost(0.0125, 7, 1.5, 100, 20),
        cost=Cost(1e-9, 1, 0.000001, 1, 2),
        max_cost=0.1,
        callback_url="https://hooks.example/?a=b",
        due_at=None,
    )
    assert store.create(job) == job
    assert store.get(job.job_id) == job


def test_a_request_of_the_allowed_size_is_stored_whatever_its_characters(store: JobStore) -> None:
    job = a_job(request={"text": "😀" * (limits.REQUEST_BYTES // 4 - 4)})
    assert store.create(job) == job
    assert read(store, job) == job


def test_a_job_larger_than_a_row_is_refused(store: JobStore) -> None:
    job = a_job(request={"text": "é" * 205 * limits.KIB})
    with pytest.raises(TooLargeError):
        store.create(job)
    assert store.get(job.job_id) is None


def test_an_unknown_job_is_none(store: JobStore) -> None:
    assert store.get(str(uuid.uuid4())) is None


def test_a_second_create_returns_the_first_job_unchanged(store: JobStore) -> None:
    first = store.create(a_job())
    assert store.create(replace(first, write_id="another", request={})) == first
    assert store.get(first.job_id) == first


# --- lists -----------------------------------------------------------------------------------------------------------


def pages(store: JobStore, owner: str, **asked: Any) -> list[list[Job]]:
    found, cursor = [], None
    for _ in range(20):
        query = {"since": NOW, "state": None, "kind": None, "limit": 2, **asked}
        page = store.list(owner, cursor=cursor, **query)
        found.append(list(page.jobs))
        cursor = page.cursor
        if cursor is None:
            return found
    pytest.fail("the list has no end")


def test_jobs_are_listed_newest_first_page_by_page(store: JobStore) -> None:
    jobs = [store.create(a_job(owner=f"o-{store!r}", created_at=NOW + n)) for n in range(5)]
    found = pages(store, jobs[0].owner)
    assert [job for page in found for job in page] == jobs[::-1]
    assert all(len(page) <= 2 for page in found)


def test_jobs_of_one_millisecond_are_all_listed_once(store: JobStore) -> None:
    owner = uuid.uuid4().hex
    jobs = {store.create(a_job(owner=owner)).job_id for _ in range(5)}
    found = [job.job_id for page in pages(store, owner) for job in page]
    assert sorted(found) == sorted(jobs)


def test_a_list_is_of_one_owner_and_not_older_than_asked(store: JobStore) -> None:
    mine = store.create(a_job())
    store.create(a_job(owner=mine.owner, created_at=NOW - 1))
    store.create(a_job(owner=mine.owner + "x"))
    assert pages(store, mine.owner) == [[mine]]


def test_a_list_is_filtered_by_state_and_kind(store: JobStore) -> None:
    owner = uuid.uuid4().hex
    jobs = [store.create(a_job(owner=owner, created_at=NOW + n)) for n in range(7)]
    for job in jobs[::2]:
        store.end(job.job_id, state=State.CANCELLED, now=NOW)
    cancelled = [job.job_id for page in pages(store, owner, state=State.CANCELLED) for job in page]
    pending = [job.job_id for page in pages(store, owner, state=State.PENDING, kind=Kind.DETECTION) for job in page]
    assert cancelled == [job.job_id for job in jobs[::2][::-1]]
    assert pending == [job.job_id for job in jobs[1::2][::-1]]


def test_another_owners_cursor_is_refused(store: JobStore) -> None:
    owner = uuid.uuid4().hex
    for _ in range(3):
        store.create(a_job(owner=owner))
    cursor = store.list(owner, since=0, state=None, kind=None, cursor=None, limit=1).cursor
    with pytest.raises(InvalidRequestError):
        store.list(owner + "x", since=0, state=None, kind=None, cursor=cursor, limit=1)


@pytest.mark.parametrize("cursor", ["", "?", "é", "A" * 5_000, "MTIzNA", "\x00", "====", "\ud800"])
def test_a_cursor_that_is_not_ours_is_refused(store: JobStore, cursor: str) -> None:
    with pytest.raises(InvalidRequestError):
        store.list("owner", since=0, state=None, kind=None, cursor=cursor, limit=1)


# --- sending and claiming --------------------------------------------------------------------------------------------


def test_a_sent_message_is_noted_with_the_next_look(store: JobStore) -> None:
    job = store.create(a_job())
    store.mark_sent(job.job_id, due_at=LATER)
    assert store.get(job.job_id) == replace(job, sent=True, due_at=LATER)


def test_a_late_note_of_a_sent_message_leaves_a_claimed_released_or_ended_job_alone(store: JobStore) -> None:
    held = claimed(store)
    released = claimed(store)
    store.release(released.job_id, token="first", now=NOW, due_at=NOW + 5, cost=Cost())
    ended = store.create(a_job())
    store.end(ended.job_id, state=State.CANCELLED, now=NOW)
    for job in (held, released, ended):
        before = store.get(job.job_id)
        store.mark_sent(job.job_id, due_at=NOW + 99)
        assert store.get(job.job_id) == before


def test_a_claim_holds_the_job_under_its_token(store: JobStore) -> None:
    job = store.create(a_job())
    held = store.claim(job.job_id, token="t", now=NOW + 5, until=LATER)
    expected = replace(job, state=State.PROCESSING, lease=Lease("t", LATER), leases=1, updated_at=NOW + 5, due_at=LATER)
    assert held == expected
    assert store.get(job.job_id) == expected


def test_a_claim_that_is_repeated_counts_once(store: JobStore) -> None:
    first = claimed(store)
    assert store.claim(first.job_id, token="first", now=NOW + 9, until=LATER + 9) == first


def test_a_held_job_cannot_be_claimed_even_where_the_clocks_differ(store: JobStore) -> None:
    held = claimed(store)
    with pytest.raises(LeaseLostError):
        store.claim(held.job_id, token="second", now=LOST - 1, until=LOST + 1)
    assert store.get(held.job_id) == held


def test_a_lost_lease_is_taken_over_and_counted_as_a_loss(store: JobStore) -> None:
    held = claimed(store)
    taken = store.claim(held.job_id, token="second", now=LOST, until=LOST + limits.LEASE)
    assert (taken.lease, taken.leases, taken.losses) == (Lease("second", LOST + limits.LEASE), 2, 1)
    assert store.claim(held.job_id, token="second", now=LOST, until=LOST + limits.LEASE) == taken


def test_a_job_in_work_that_nobody_holds_is_taken_over_as_lost(store: JobStore) -> None:
    job = store.create(a_job(state=State.PROCESSING, leases=1))
    assert job.was_lost(NOW)
    taken = store.claim(job.job_id, token="second", now=NOW, until=LATER)
    assert (taken.lease, taken.leases, taken.losses) == (Lease("second", LATER), 2, 1)
    assert store.claim(job.job_id, token="second", now=NOW, until=LATER) == taken
    with pytest.raises(LeaseLostError):
        store.claim(job.job_id, token="third", now=NOW, until=LATER)


def test_a_given_back_lease_is_no_loss(store: JobStore) -> None:
    held = claimed(store)
    store.release(held.job_id, token="first", now=NOW, due_at=NOW, cost=Cost())
    again = store.claim(held.job_id, token="second", now=NOW, until=LATER)
    assert (again.leases, again.losses) == (2, 0)


def test_an_ended_job_cannot_be_claimed(store: JobStore) -> None:
    job = store.create(a_job())
    store.end(job.job_id, state=State.CANCELLED, now=NOW)
    with pytest.raises(LeaseLostError):
        store.claim(job.job_id, token="t", now=LOST, until=LOST + 1)


def test_a_job_that_is_not_there_cannot_be_claimed(store: JobStore) -> None:
    with pytest.raises(JobNotFoundError):
        store.claim(str(uuid.uuid4()), token="t", now=NOW, until=LATER)


# --- holding ---------------------------------------------------------------------------------------------------------


def test_a_renewal_stores_progress_and_cost(store: JobStore) -> None:
    held = claimed(store)
    store.renew(held.job_id, token="first", until=LATER + 7, progress=40, cost=Cost(usd=0.5), now=NOW + 7)
    assert store.get(held.job_id) == replace(
        held, lease=Lease("first", LATER + 7), due_at=LATER + 7, progress=40, cost=Cost(usd=0.5), updated_at=NOW + 7
    )


def test_a_lease_that_ran_out_may_be_renewed_while_nobody_has_taken_it(store: JobStore) -> None:
    held = claimed(store)
    store.renew(held.job_id, token="first", until=LOST * 2, progress=0, cost=Cost(), now=LOST)
    with pytest.raises(LeaseLostError):
        store.claim(held.job_id, token="second", now=LOST, until=LOST + 1)


def test_a_worker_that_lost_its_lease_can_change_nothing(store: JobStore) -> None:
    held = claimed(store)
    taken = store.claim(held.job_id, token="second", now=LOST, until=LOST + limits.LEASE)
    changes: list[Callable[[], object]] = [
        lambda: store.renew(held.job_id, token="first", until=LOST * 2, progress=9, cost=Cost(), now=LOST),
        lambda: store.release(held.job_id, token="first", now=LOST, due_at=LOST, cost=Cost()),
        lambda: store.end(
            held.job_id, state=State.COMPLETED, now=LOST, token="first", result=Result("d", 2, inline="{}")
        ),
        lambda: store.end(
            held.job_id,
            state=State.FAILED,
            now=LOST,
            token="first",
            failure=Failure("A", "b"),
            delivery=a_delivery(held),
        ),
        lambda: store.begin_attempt(held.job_id, "s", token="first", now=LOST, until=LOST * 2, cost=Cost(usd=9)),
    ]
    for change in changes:
        with pytest.raises(LeaseLostError):
            change()
    assert store.get(held.job_id) == taken
    assert store.inline_result(held.job_id) is None
    assert store.delivery(held.job_id) is None
    assert list(store.attempts(held.job_id)) == []


def test_a_released_job_is_pending_again_with_its_bill(store: JobStore) -> None:
    held = claimed(store)
    store.release(held.job_id, token="first", now=NOW + 3, due_at=NOW + 9, cost=Cost(usd=0.25))
    expected = replace(held, state=State.PENDING, lease=None, updated_at=NOW + 3, due_at=NOW + 9, cost=Cost(usd=0.25))
    assert store.get(held.job_id) == expected
    store.release(held.job_id, token="first", now=NOW + 4, due_at=NOW + 10, cost=Cost())  # its answer was lost
    assert store.get(held.job_id) == expected


# --- ending ----------------------------------------------------------------------------------------------------------


def test_a_completed_job_has_its_result_inline_apart_from_the_row(store: JobStore) -> None:
    held = claimed(store)
    store.end(
        held.job_id,
        state=State.COMPLETED,
        now=NOW + 8,
        token="first",
        result=Result("digest", 11, inline='{"a": "Zoë"}'),
        cost=Cost(usd=0.125),
        due_at=NOW + limits.JOB_KEPT,
    )
    assert store.get(held.job_id) == replace(
        held,
        state=State.COMPLETED,
        lease=None,
        progress=100,
        updated_at=NOW + 8,
        ended_at=NOW + 8,
        result=Result("digest", 11),
        cost=Cost(usd=0.125),
        due_at=NOW + limits.JOB_KEPT,
    )
    assert store.inline_result(held.job_id) == '{"a": "Zoë"}'


def test_a_completed_job_names_the_object_of_a_large_result(store: JobStore) -> None:
    held = claimed(store)
    result = Result("digest", 300_000, key=f"results/{held.job_id}/1.json")
    store.end(held.job_id, state=State.COMPLETED, now=NOW, token="first", result=result)
    assert read(store, held).result == result
    assert store.inline_result(held.job_id) is None
    assert read(store, held).due_at is None


def test_a_failed_job_says_why_and_keeps_its_progress(store: JobStore) -> None:
    held = claimed(store)
    store.renew(held.job_id, token="first", until=LATER, progress=30, cost=Cost(usd=1), now=NOW)
    store.end(held.job_id, state=State.FAILED, now=NOW, token="first", failure=Failure("NO_MODEL", "none here"))
    found = read(store, held)
    assert (found.state, found.failure, found.progress, found.result, found.cost) == (
        State.FAILED,
        Failure("NO_MODEL", "none here"),
        30,
        None,
        Cost(usd=1),
    )


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXPIRED, State.FAILED])
def test_without_a_token_a_job_ends_from_any_state_that_is_not_terminal(store: JobStore, state: State) -> None:
    for job in (store.create(a_job()), claimed(store)):
        store.end(job.job_id, state=state, now=NOW)
        assert read(store, job).state is state


def test_a_terminal_state_never_changes(store: JobStore) -> None:
    held = claimed(store)
    store.end(held.job_id, state=State.CANCELLED, now=NOW)
    before = store.get(held.job_id)
    for state in (State.CANCELLED, State.EXPIRED, State.FAILED):
        with pytest.raises(JobEndedError):
            store.end(held.job_id, state=state, now=NOW + 1)
    with pytest.raises(LeaseLostError):
        store.end(held.job_id, state=State.COMPLETED, now=NOW, token="first", result=Result("d", 2, inline="{}"))
    with pytest.raises(LeaseLostError):
        store.renew(held.job_id, token="first", until=LATER, progress=1, cost=Cost(), now=NOW)
    assert store.get(held.job_id) == before
    assert store.inline_result(held.job_id) is None


def test_an_end_that_is_repeated_by_its_worker_does_nothing(store: JobStore) -> None:
    held = claimed(store)
    result = Result("digest", 2, inline="{}")
    store.end(held.job_id, state=State.COMPLETED, now=NOW, token="first", result=result)
    before = store.get(held.job_id)
    store.end(held.job_id, state=State.COMPLETED, now=NOW + 5, token="first", result=result)
    assert store.get(held.job_id) == before
    for other in (
        {"state": State.COMPLETED, "token": "first", "result": Result("other", 2, inline="[]")},
        {"state": State.FAILED, "token": "first", "failure": Failure("A", "b")},
        {"state": State.COMPLETED, "token": "second", "result": result},
    ):
        with pytest.raises(LeaseLostError):
            store.end(held.job_id, now=NOW, **other)  # type: ignore[arg-type]
    assert store.inline_result(held.job_id) == "{}"


def test_a_webhook_is_stored_with_the_end_or_not_at_all(store: JobStore) -> None:
    held = claimed(store)
    delivery = a_delivery(held)
    store.end(held.job_id, state=State.FAILED, now=NOW, token="first", failure=Failure("A", "b"), delivery=delivery)
    assert store.delivery(held.job_id) == delivery
    cancelled = store.create(a_job())
    store.end(cancelled.job_id, state=State.CANCELLED, now=NOW)
    with pytest.raises(JobEndedError):
        store.end(cancelled.job_id, state=State.EXPIRED, now=NOW, delivery=a_delivery(cancelled))
    assert store.delivery(cancelled.job_id) is None


def test_a_tombstone_keeps_whose_it_was_and_how_it_ended_and_is_in_no_list(store: JobStore) -> None:
    held = claimed(store, callback_url="https://hooks.example/")
    store.end(
        held.job_id, state=State.COMPLETED, now=NOW, token="first", result=Result("d", 9, key="results/x"), due_at=NOW
    )
    store.entomb(held.job_id)
    store.entomb(held.job_id)
    tombstone = read(store, held)
    assert (tombstone.owner, tombstone.state, tombstone.created_at) == (held.owner, State.COMPLETED, NOW)
    assert (tombstone.request, tombstone.callback_url, tombstone.result, tombstone.due_at) == ({}, None, None, None)
    assert pages(store, held.owner) == [[]]


def test_a_job_that_has_not_ended_cannot_be_entombed(store: JobStore) -> None:
    held = claimed(store)
    store.entomb(held.job_id)
    assert store.get(held.job_id) == held


# --- what is due -----------------------------------------------------------------------------------------------------


def due_of(store: JobStore, now: int, *jobs: Job) -> list[str]:
    known = {job.job_id for job in jobs}
    return [job_id for job_id in store.due(now, 1_000) if job_id in known]


def test_due_jobs_are_found_oldest_first(store: JobStore) -> None:
    late, soon, done = (store.create(a_job(due_at=at)) for at in (NOW + 20, NOW + 10, None))
    assert due_of(store, NOW + 9, late, soon, done) == []
    assert due_of(store, NOW + 10, late, soon, done) == [soon.job_id]
    assert due_of(store, NOW + 20, late, soon, done) == [soon.job_id, late.job_id]


def test_no_more_are_found_than_asked_for(store: JobStore) -> None:
    jobs = [store.create(a_job(due_at=1 + n)) for n in range(9)]
    assert list(store.due(9, 4)) == [job.job_id for job in jobs[:4]]
    for job in jobs:
        store.end(job.job_id, state=State.CANCELLED, now=NOW)


def test_a_look_is_postponed_unless_somebody_was_faster(store: JobStore) -> None:
    job = store.create(a_job(due_at=NOW))
    assert store.postpone(job.job_id, seen_due_at=NOW, due_at=LATER)
    assert not store.postpone(job.job_id, seen_due_at=NOW, due_at=LATER + 5)
    assert read(store, job).due_at == LATER
    assert store.postpone(job.job_id, seen_due_at=LATER, due_at=None)
    assert read(store, job).due_at is None
    assert due_of(store, LATER * 2, job) == []
    assert not store.postpone(str(uuid.uuid4()), seen_due_at=NOW, due_at=LATER)


# --- the ledger ------------------------------------------------------------------------------------------------------


def begin(store: JobStore, job: Job, step: str = "image-0", *, token: str = "first", **fields: Any) -> Attempt:
    given = {"now": NOW, "until": LATER, "cost": Cost(usd=0.001), **fields}
    return store.begin_attempt(job.job_id, step, token=token, **given)


def test_an_attempt_is_counted_with_its_price_and_a_fresh_lease(store: JobStore) -> None:
    held = claimed(store)
    assert begin(store, held, until=LATER + 5) == Attempt(held.job_id, "image-0", 1)
    found = read(store, held)
    assert (found.cost, found.lease, found.due_at) == (Cost(usd=0.001), Lease("first", LATER + 5), LATER + 5)


def test_a_step_with_an_outcome_is_not_counted_again(store: JobStore) -> None:
    held = claimed(store)
    begin(store, held)
    store.finish_attempt(held.job_id, "image-0", token="first", outcome='["cat"]')
    before = store.get(held.job_id)
    assert begin(store, held, cost=Cost(usd=9)) == Attempt(held.job_id, "image-0", 1, '["cat"]')
    assert store.get(held.job_id) == before


def test_an_interrupted_step_is_begun_three_times_and_no_more(store: JobStore) -> None:
    held = claimed(store)
    assert [begin(store, held).attempts for _ in range(3)] == [1, 2, 3]
    before = store.get(held.job_id)
    with pytest.raises(AttemptsExhaustedError):
        begin(store, held, cost=Cost(usd=9))
    assert store.get(held.job_id) == before
    assert list(store.attempts(held.job_id)) == [Attempt(held.job_id, "image-0", 3)]


def test_a_step_of_a_job_that_ended_is_not_begun(store: JobStore) -> None:
    held = claimed(store)
    store.end(held.job_id, state=State.CANCELLED, now=NOW)
    with pytest.raises(LeaseLostError):
        begin(store, held)
    assert list(store.attempts(held.job_id)) == []


def test_an_outcome_may_be_recorded_twice_but_never_changed(store: JobStore) -> None:
    held = claimed(store)
    begin(store, held)
    for _ in range(2):
        store.finish_attempt(held.job_id, "image-0", token="first", outcome="1")
    with pytest.raises(LeaseLostError):
        store.finish_attempt(held.job_id, "image-0", token="first", outcome="2")
    assert list(store.attempts(held.job_id)) == [Attempt(held.job_id, "image-0", 1, "1")]


def test_what_a_lost_worker_paid_for_is_recorded_until_another_begins_the_step(store: JobStore) -> None:
    held = claimed(store)
    begin(store, held, "image-0")
    begin(store, held, "image-1")
    store.claim(held.job_id, token="second", now=LOST, until=LOST * 2)
    store.finish_attempt(held.job_id, "image-0", token="first", outcome="0")
    assert begin(store, held, "image-0", token="second", now=LOST, until=LOST * 2).outcome == "0"
    assert begin(store, held, "image-1", token="second", now=LOST, until=LOST * 2).attempts == 2
    with pytest.raises(LeaseLostError):
        store.finish_attempt(held.job_id, "image-1", token="first", outcome="1")


def cancel(store: JobStore, job: Job, *, token: str = "first") -> None:
    store.cancel_attempt(job.job_id, "image-0", token=token, now=NOW + 1, cost=Cost(usd=0.5))


def test_an_attempt_that_cost_nothing_is_taken_back_with_its_price(store: JobStore) -> None:
    held = claimed(store)
    begin(store, held)
    begin(store, held)
    for _ in range(2):  # the second is the first again, whose acknowledgement was lost
        cancel(store, held)
        assert list(store.attempts(held.job_id)) == [Attempt(held.job_id, "image-0", 1)]
        assert (read(store, held).cost, read(store, held).updated_at) == (Cost(usd=0.5), NOW + 1)
    assert [begin(store, held).attempts for _ in range(2)] == [2, 3]


def test_an_attempt_with_an_outcome_is_not_taken_back(store: JobStore) -> None:
    held = claimed(store)
    begin(store, held)
    store.finish_attempt(held.job_id, "image-0", token="first", outcome="1")
    before = store.get(held.job_id)
    with pytest.raises(LeaseLostError):
        cancel(store, held)
    assert list(store.attempts(held.job_id)) == [Attempt(held.job_id, "image-0", 1, "1")]
    assert store.get(held.job_id) == before


def test_a_worker_that_lost_its_lease_takes_nothing_back(store: JobStore) -> None:
    held = claimed(store)
    begin(store, held)
    store.claim(held.job_id, token="second", now=LOST, until=LOST * 2)
    before = store.get(held.job_id)
    with pytest.raises(LeaseLostError):
        cancel(store, held)
    begin(store, held, token="second", now=LOST, until=LOST * 2)
    with pytest.raises(LeaseLostError):
        cancel(store, held)
    assert [attempt.attempts for attempt in store.attempts(held.job_id)] == [2]
    assert before is not None
    assert read(store, held).losses == before.losses


def test_the_ledger_is_read_step_by_step(store: JobStore) -> None:
    held = claimed(store)
    for step in ("b#1", "a"):
        begin(store, held, step)
    store.finish_attempt(held.job_id, "a", token="first", outcome="{}")
    assert list(store.attempts(held.job_id)) == [Attempt(held.job_id, "a", 1, "{}"), Attempt(held.job_id, "b#1", 1)]


# --- webhooks and pulse ----------------------------------------------------------------------------------------------


def delivered(store: JobStore, **fields: Any) -> Delivery:
    job = store.create(a_job())
    delivery = a_delivery(job, **fields)
    store.end(job.job_id, state=State.CANCELLED, now=NOW, delivery=delivery)
    return delivery


def test_a_job_without_a_webhook_has_no_delivery(store: JobStore) -> None:
    assert store.delivery(store.create(a_job()).job_id) is None


def test_a_delivery_is_replaced_only_as_it_was_seen(store: JobStore) -> None:
    first = delivered(store)
    tried = replace(first, round_tries=1, due_at=LATER, log=(DeliveryTry(NOW, 120, None, "no answer"),))
    assert store.put_delivery(tried, seen=first)
    assert store.delivery(first.job_id) == tried
    assert not store.put_delivery(replace(first, state=DeliveryState.FAILED), seen=first)
    done = replace(tried, state=DeliveryState.DELIVERED, due_at=None, log=(DeliveryTry(NOW, 120, 204, "delivered"),))
    assert store.put_delivery(done, seen=tried)
    assert not store.put_delivery(replace(tried, due_at=NOW), seen=tried)
    assert store.delivery(first.job_id) == done


def test_a_delivery_is_due_until_it_is_done(store: JobStore) -> None:
    first = delivered(store, due_at=NOW + 10)
    assert first.job_id not in store.due_deliveries(NOW + 9, 1_000)
    assert first.job_id in store.due_deliveries(NOW + 10, 1_000)
    assert first.job_id not in store.due(NOW + 10, 1_000)
    assert store.put_delivery(replace(first, state=DeliveryState.DELIVERED, due_at=None), seen=first)
    assert first.job_id not in store.due_deliveries(NOW * 2, 1_000)


def test_the_pulse_is_a_moving_average(store: JobStore) -> None:
    before = store.pulse(Kind.DETECTION)
    store.beat(Kind.DETECTION, wait=8_000, per_item=800)
    expected = before.after(wait=8_000, per_item=800) if before else Pulse(8_000, 800)
    assert store.pulse(Kind.DETECTION) == expected
    store.beat(Kind.DETECTION, wait=0, per_item=1_600)
    assert store.pulse(Kind.DETECTION) == expected.after(wait=0, per_item=1_600)


def test_who_waits_is_noted_until_the_next_beat_and_leaves_the_averages_alone(store: JobStore) -> None:
    before = store.pulse(Kind.DETECTION) or Pulse()
    for since in (NOW, NOW - 1_000):
        store.note_waiting(Kind.DETECTION, since=since)
        assert store.pulse(Kind.DETECTION) == replace(before, waiting_since=since)
    store.beat(Kind.DETECTION, wait=8_000, per_item=800)
    assert store.pulse(Kind.DETECTION) == before.after(wait=8_000, per_item=800)
