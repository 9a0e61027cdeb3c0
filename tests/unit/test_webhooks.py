"""A webhook is told about at least once under one id, with bounded doubles, whatever happens in between."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryMeter, MemoryQueue
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.domain import webhooks
from darkroom.domain.jobs import Delivery, DeliveryState, Job, Kind, State
from darkroom.domain.limits import DAY, HOUR, JOB_KEPT, MINUTE, SECOND, TOMBSTONE_KEPT, WEBHOOK_BACKOFF
from darkroom.domain.messages import message
from darkroom.errors import (
    ConflictError,
    DarkroomError,
    FetchFailedError,
    JobExpiredError,
    JobNotFoundError,
    NotFoundError,
    TooLargeError,
    TransientError,
    UnacceptableUrlError,
)
from darkroom.ports import Fetched
from darkroom.usecases.webhooks import Webhooks
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JOB_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
URL = "https://hooks.example.com/in?key=abracadabra"
OK = Fetched(URL, 204, {}, b"")


def answers(status: int) -> Fetched:
    return Fetched(URL, status, {}, b"")


@dataclass
class Stage:
    """One ended job with its webhook, and everything that delivers it."""

    receiver: Fetched | DarkroomError | list[Fetched | DarkroomError] = field(default_factory=lambda: OK)
    callback_url: str | None = URL
    clock: MemoryClock = field(default_factory=MemoryClock)
    jobs: MemoryJobStore = field(default_factory=MemoryJobStore)
    meter: MemoryMeter = field(default_factory=MemoryMeter)

    def __post_init__(self) -> None:
        now = self.clock.now()
        self.queue = MemoryQueue(self.clock)
        self.fetcher = MemoryFetcher({URL: self.receiver})
        self.job = self.jobs.create(
            Job(
                job_id=JOB_ID,
                owner="acme",
                kind=Kind.DETECTION,
                request={"imageUrls": ["s3://media/uploads/a.jpg"]},
                created_at=now,
                deadline=now + HOUR,
                write_id="w",
                items=2,
                callback_url=self.callback_url,
            )
        )
        self.webhooks = self.sender(self.fetcher)

    def sender(self, fetcher: MemoryFetcher, master: str = "master") -> Webhooks:
        return Webhooks(
            jobs=self.jobs,
            fetcher=fetcher,
            queue=self.queue,
            master=lambda: master,
            clock=self.clock,
            meter=self.meter,
        )

    def end(self, state: State = State.COMPLETED) -> None:
        now = self.clock.now()
        self.jobs.end(JOB_ID, state=state, now=now, delivery=webhooks.first_delivery(self.job, now))

    def delivery(self) -> Delivery:
        delivery = self.jobs.delivery(JOB_ID)
        assert delivery is not None
        return delivery

    def sweep(self) -> int:
        return self.sent_again(self.webhooks)

    def sent_again(self, sender: Webhooks) -> int:
        return sum(map(sender.resend, self.jobs.due_deliveries(self.clock.now(), 100)))

    def work(self) -> None:
        """Deliver what the queue shows now."""
        for record in self.queue.receive()["Records"]:
            self.webhooks.deliver(json.loads(record["body"])["jobId"])

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(MINUTE)
            self.sweep()
            self.work()


# --- one delivery ----------------------------------------------------------------------------------------------------


def test_the_receiver_gets_a_signed_payload_with_the_owners_secret() -> None:
    stage = Stage()
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    (sent,) = stage.fetcher.sent
    assert (sent.method, sent.url) == ("POST", URL)
    assert json.loads(sent.body)["data"]["jobId"] == JOB_ID
    headers = dict(sent.headers)
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == f"msg_{JOB_ID}"
    assert headers["webhook-timestamp"] == str(stage.clock.now() // 1000)
    at = datetime.fromtimestamp(stage.clock.now() // 1000, UTC)
    expected = Webhook(stage.webhooks.secret("acme")).sign(headers["webhook-id"], at, sent.body.decode())
    assert headers["webhook-signature"] == expected
    assert stage.delivery().state is DeliveryState.DELIVERED
    assert stage.delivery().log[-1].status == 204
    assert stage.meter.counts == {("WebhookTries", "delivered"): 1}


def test_a_delivered_webhook_is_not_sent_again_whatever_message_comes() -> None:
    stage = Stage()
    stage.end()
    for _ in range(5):
        stage.webhooks.deliver(JOB_ID)
        stage.minutes(30)
    assert len(stage.fetcher.sent) == 1


def test_a_message_before_the_job_ended_or_about_no_job_does_nothing() -> None:
    stage = Stage()
    stage.webhooks.deliver(JOB_ID)
    stage.webhooks.deliver("00000000-0000-4000-8000-000000000000")
    assert stage.fetcher.sent == []


def test_a_duplicate_during_the_wait_does_not_shorten_it() -> None:
    stage = Stage(receiver=[answers(500), OK])
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    for _ in range(59):
        stage.clock.advance(SECOND)
        stage.webhooks.deliver(JOB_ID)
    assert len(stage.fetcher.sent) == 1
    stage.clock.advance(SECOND)
    stage.webhooks.deliver(JOB_ID)
    assert [stage.delivery().state, len(stage.fetcher.sent)] == [DeliveryState.DELIVERED, 2]


@pytest.mark.parametrize(
    "trouble",
    [
        answers(500),
        answers(302),
        answers(404),
        FetchFailedError("The host did not answer in time"),
        UnacceptableUrlError("The URL's host is not on the open internet"),
        TooLargeError("The answer is larger than 4096 bytes"),
    ],
)
def test_trouble_at_the_receiver_is_logged_and_tried_again(trouble: Fetched | DarkroomError) -> None:
    stage = Stage(receiver=[trouble, OK])
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    last = stage.delivery().log[-1]
    assert last.status == (trouble.status if isinstance(trouble, Fetched) else None)
    assert last.note == (trouble.detail if isinstance(trouble, DarkroomError) else last.note)
    assert last.note
    stage.minutes(2)
    assert stage.delivery().state is DeliveryState.DELIVERED
    assert len({dict(sent.headers)["webhook-id"] for sent in stage.fetcher.sent}) == 1
    assert stage.meter.counts == {("WebhookTries", "retried"): 1, ("WebhookTries", "delivered"): 1}


def test_gone_ends_it() -> None:
    stage = Stage(receiver=answers(410))
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    stage.minutes(60)
    assert [stage.delivery().state, len(stage.fetcher.sent)] == [DeliveryState.FAILED, 1]
    assert stage.meter.counts == {("WebhookTries", "failed"): 1}


def test_a_receiver_that_is_down_is_tried_eleven_times_in_a_day_and_then_no_more() -> None:
    stage = Stage(receiver=answers(503))
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    stage.minutes(26 * 60)
    assert [stage.delivery().state, len(stage.fetcher.sent)] == [DeliveryState.FAILED, 11]
    spread = int(dict(stage.fetcher.sent[-1].headers)["webhook-timestamp"]) - int(
        dict(stage.fetcher.sent[0].headers)["webhook-timestamp"]
    )
    assert DAY // SECOND <= spread <= (DAY + 11 * MINUTE) // SECOND
    assert len({sent.body for sent in stage.fetcher.sent}) == 1
    assert stage.queue.bodies == []


def test_the_last_tries_outlive_the_jobs_record() -> None:
    stage = Stage(receiver=[*[answers(503)] * 10, OK])
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    stage.minutes(JOB_KEPT // MINUTE - 5)
    stage.jobs.entomb(JOB_ID)
    stage.minutes(60)
    assert stage.delivery().state is DeliveryState.DELIVERED
    assert json.loads(stage.fetcher.sent[-1].body) == json.loads(stage.fetcher.sent[0].body)


# --- a message or a sender is lost ------------------------------------------------------------------------------------


def test_a_first_message_that_was_lost_is_sent_by_the_sweeper_within_two_minutes() -> None:
    stage = Stage()
    stage.end()
    stage.minutes(2)
    assert stage.delivery().state is DeliveryState.DELIVERED


def test_while_senders_are_down_the_sweeper_does_not_fill_the_queue() -> None:
    stage = Stage()
    stage.end()
    for _ in range(120):
        stage.clock.advance(MINUTE)
        stage.sweep()
    assert len(stage.queue.bodies) <= 12
    for _ in range(12):
        stage.work()
    assert len(stage.fetcher.sent) == 1


def test_a_sweep_that_cannot_send_leaves_the_delivery_due() -> None:
    stage = Stage()
    stage.end()
    stage.queue.failing = 1
    stage.clock.advance(MINUTE)
    with pytest.raises(TransientError):
        stage.sweep()
    assert stage.sweep() == 1


class Killed(BaseException):
    """The process ends here and now."""


class KilledWhilePosting(MemoryFetcher):
    """The receiver got it; the sender never learns."""

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], limit: int, timeout: int) -> Fetched:
        super().post(url, body=body, headers=headers, limit=limit, timeout=timeout)
        raise Killed


def test_a_sender_that_was_killed_is_followed_by_another_after_a_minute() -> None:
    stage = Stage()
    stage.end()
    killed = KilledWhilePosting({URL: OK})
    with pytest.raises(Killed):
        stage.sender(killed).deliver(JOB_ID)
    assert "interrupted" in stage.delivery().log[-1].note
    stage.webhooks.deliver(JOB_ID)  # the message comes again at once: the first sender may be at it still
    assert stage.fetcher.sent == []
    stage.minutes(2)
    assert stage.delivery().state is DeliveryState.DELIVERED
    ids = {dict(sent.headers)["webhook-id"] for sent in (*killed.sent, *stage.fetcher.sent)}
    assert ids == {f"msg_{JOB_ID}"}
    assert len(stage.delivery().log) == 2


def test_a_sender_that_is_always_killed_gives_up_in_the_end() -> None:
    stage = Stage()
    stage.end()
    killed = KilledWhilePosting({URL: OK})
    for _ in range(100):
        try:
            stage.sender(killed).deliver(JOB_ID)
        except Killed:
            stage.clock.advance(MINUTE)
    assert len(killed.sent) == 1 + len(WEBHOOK_BACKOFF)
    assert stage.delivery().state is DeliveryState.FAILED
    assert "interrupted" in stage.delivery().log[-1].note


def test_two_senders_at_once_make_one_try() -> None:
    stage = Stage()
    stage.end()

    class Meanwhile(MemoryFetcher):
        def post(self, url: str, *, body: bytes, headers: Mapping[str, str], limit: int, timeout: int) -> Fetched:
            stage.webhooks.deliver(JOB_ID)
            return super().post(url, body=body, headers=headers, limit=limit, timeout=timeout)

    first = Meanwhile({URL: OK})
    stage.sender(first).deliver(JOB_ID)
    assert [len(first.sent), len(stage.fetcher.sent)] == [1, 0]


class Overtaken(MemoryJobStore):
    """Another sender acts right after the row was read."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] | None = None

    def delivery(self, job_id: str) -> Delivery | None:
        seen = super().delivery(job_id)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return seen


def test_two_senders_that_read_the_same_row_make_one_try() -> None:
    store = Overtaken()
    stage = Stage(jobs=store)
    stage.end()
    other = MemoryFetcher({URL: OK})
    store.meanwhile = lambda: stage.sender(other).deliver(JOB_ID)
    stage.webhooks.deliver(JOB_ID)
    assert [len(other.sent), len(stage.fetcher.sent)] == [1, 0]
    assert stage.delivery().state is DeliveryState.DELIVERED


def test_two_senders_that_begin_in_the_same_millisecond_write_different_rows() -> None:
    stage = Stage()
    stage.end()
    seen = stage.delivery()
    one, other = (webhooks.begun(seen, stage.clock.now(), sender) for sender in ("a", "b"))
    assert one != other, "a store that takes an equal row for its own would let both send"


def test_without_its_secret_no_try_is_counted() -> None:
    stage = Stage()
    stage.end()

    def unreachable() -> str:
        raise TransientError("Secrets Manager did not answer")

    sender = Webhooks(
        jobs=stage.jobs,
        fetcher=stage.fetcher,
        queue=stage.queue,
        master=unreachable,
        clock=stage.clock,
        meter=stage.meter,
    )
    with pytest.raises(TransientError):
        sender.deliver(JOB_ID)
    assert stage.delivery().round_tries == 0
    stage.webhooks.deliver(JOB_ID)
    assert stage.delivery().state is DeliveryState.DELIVERED


# --- replay ----------------------------------------------------------------------------------------------------------


def test_a_replay_is_delivered_under_a_new_id_with_the_same_payload() -> None:
    stage = Stage()
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    stage.clock.advance(HOUR)
    again = stage.webhooks.replay("acme", JOB_ID)
    assert again.state is DeliveryState.PENDING
    assert stage.queue.bodies == [message(JOB_ID)]
    stage.work()
    first, second = stage.fetcher.sent
    assert first.body == second.body
    assert dict(second.headers)["webhook-id"] == again.message_id != dict(first.headers)["webhook-id"]
    assert [attempt.status for attempt in stage.delivery().log] == [204, 204]


def test_a_replay_whose_message_was_lost_is_sent_by_the_sweeper() -> None:
    stage = Stage()
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    stage.queue.failing = 1
    with pytest.raises(TransientError):
        stage.webhooks.replay("acme", JOB_ID)
    stage.minutes(2)
    assert len(stage.fetcher.sent) == 2


def test_a_replay_gives_a_failed_webhook_its_tries_back() -> None:
    stage = Stage(receiver=[answers(410), answers(503), OK])
    stage.end()
    stage.webhooks.deliver(JOB_ID)
    stage.webhooks.replay("acme", JOB_ID)
    stage.work()
    assert stage.delivery().state is DeliveryState.PENDING
    stage.minutes(3)
    assert stage.delivery().state is DeliveryState.DELIVERED


def test_a_replay_during_a_try_outlives_its_answer() -> None:
    stage = Stage()
    stage.end()

    class Meanwhile(MemoryFetcher):
        def post(self, url: str, *, body: bytes, headers: Mapping[str, str], limit: int, timeout: int) -> Fetched:
            stage.webhooks.replay("acme", JOB_ID)
            return super().post(url, body=body, headers=headers, limit=limit, timeout=timeout)

    stage.sender(Meanwhile({URL: OK})).deliver(JOB_ID)
    assert stage.delivery().state is DeliveryState.PENDING
    stage.work()
    assert stage.delivery().state is DeliveryState.DELIVERED
    assert len(stage.fetcher.sent) == 1


@pytest.mark.parametrize(
    ("owner", "job_id"), [("globex", JOB_ID), ("acme", "00000000-0000-4000-8000-000000000000"), ("acme", "../x")]
)
def test_another_owners_job_is_like_an_unknown_one(owner: str, job_id: str) -> None:
    stage = Stage()
    stage.end()
    with pytest.raises(JobNotFoundError):
        stage.webhooks.replay(owner, job_id)


def test_a_job_without_a_callback_has_nothing_to_replay() -> None:
    stage = Stage(callback_url=None)
    stage.end()
    with pytest.raises(ConflictError) as raised:
        stage.webhooks.replay("acme", JOB_ID)
    assert raised.value.exact_code == "NO_WEBHOOK"


def test_a_job_that_has_not_ended_has_nothing_to_replay() -> None:
    with pytest.raises(ConflictError) as raised:
        Stage().webhooks.replay("acme", JOB_ID)
    assert raised.value.exact_code == "JOB_NOT_ENDED"


def test_after_its_keeping_time_a_job_is_not_replayed() -> None:
    stage = Stage()
    stage.end()
    stage.clock.advance(JOB_KEPT)
    with pytest.raises(JobExpiredError):
        stage.webhooks.replay("acme", JOB_ID)
    stage.clock.advance(TOMBSTONE_KEPT)
    with pytest.raises(NotFoundError):
        stage.webhooks.replay("acme", JOB_ID)


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED, State.EXPIRED])
def test_every_end_is_told(state: State) -> None:
    stage = Stage()
    stage.end(state)
    stage.webhooks.deliver(JOB_ID)
    assert json.loads(stage.fetcher.sent[0].body)["type"] == f"job.{state}"


# --- random schedules -------------------------------------------------------------------------------------------------


class Faulty(MemoryJobStore):
    """Writes of a delivery that fail, or whose acknowledgement is lost; each plan is used up by one write."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[str] = []

    def put_delivery(self, delivery: Delivery, *, seen: Delivery) -> bool:
        plan = self.plans.pop(0) if self.plans else "written"
        if plan == "refused":
            raise TransientError("throttled")
        written = super().put_delivery(delivery, seen=seen)
        if plan == "unanswered":
            raise TransientError("timed out")
        if plan == "killed after":
            raise Killed
        return written


class Skewed(MemoryClock):
    """Another machine's clock, so many milliseconds off."""

    def __init__(self, true: MemoryClock, off: int) -> None:
        super().__init__()
        self._true = true
        self._off = off

    def now(self) -> int:
        return self._true.now() + self._off


MINUTES = st.integers(0, 90)
SKEWS = st.sampled_from([-60 * SECOND, -1, 0, 0, 0, 1, 60 * SECOND])
PLANS = st.lists(st.sampled_from(["written", "written", "refused", "unanswered", "killed after"]), max_size=2)
STEPS = st.tuples(
    st.sampled_from(["deliver", "deliver twice", "killed while posting", "sweep", "work"]), MINUTES, SKEWS, PLANS
)


@given(steps=st.lists(STEPS, max_size=30), statuses=st.lists(st.sampled_from([200, 200, 500, 429, 302]), max_size=14))
@settings(max_examples=400, deadline=None)
def test_no_schedule_loses_a_delivery_or_doubles_it_without_bound(
    steps: list[tuple[str, int, int, list[str]]], statuses: list[int]
) -> None:
    store = Faulty()
    stage = Stage(receiver=[*map(answers, statuses), OK], jobs=store)
    stage.end()
    posts = stage.fetcher.sent
    interrupted = 0
    for step, minutes, skew, plans in steps:
        stage.clock.advance(minutes * MINUTE)
        store.plans = list(plans)
        fetcher: MemoryFetcher = stage.fetcher
        if step == "killed while posting":
            fetcher = KilledWhilePosting({URL: OK})
            fetcher.sent = posts
        sender = Webhooks(
            jobs=store,
            fetcher=fetcher,
            queue=stage.queue,
            master=lambda: "master",
            clock=Skewed(stage.clock, skew),
            meter=stage.meter,
        )
        try:
            match step:
                case "sweep":
                    stage.sent_again(sender)
                case "work":
                    stage.work()
                case _:
                    for _ in range(1 + (step == "deliver twice")):
                        sender.deliver(JOB_ID)
        except (Killed, TransientError):
            interrupted += 1
    store.plans = []
    while stage.clock.now() < stage.job.created_at + 4 * DAY and (
        stage.delivery().state is DeliveryState.PENDING or stage.queue.bodies
    ):
        stage.minutes(1)

    end = stage.delivery()
    assert end.state is not DeliveryState.PENDING, "every delivery comes to an end"
    assert stage.queue.bodies == []
    assert len({dict(sent.headers)["webhook-id"] for sent in posts}) <= 1
    assert len(posts) <= end.round_tries <= 11, "no try is made that was not counted"
    if end.state is DeliveryState.DELIVERED:
        assert posts, "none is called delivered that was not sent"
        assert end.log[-1].status in (200, 204)
    else:
        assert end.round_tries == 11, "none is given up early"
    refused = sum(status != 200 for status in statuses)
    assert len(posts) <= 1 + interrupted + refused, "doubles come of interruptions only"
