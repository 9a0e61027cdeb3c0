"""Payload, signature and patience of a webhook."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from darkroom.domain import webhooks
from darkroom.domain.jobs import Cost, Delivery, DeliveryState, Failure, Job, Kind, Result, State
from darkroom.domain.limits import DAY, MINUTE, SECOND, SUBMISSION_GRACE, WEBHOOK_BACKOFF
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

JOB = Job(
    job_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    owner="acme",
    kind=Kind.DETECTION,
    request={"imageUrls": ["https://example.com/?token=abracadabra"], "metadata": {"mail": "jane@example.com"}},
    created_at=1_767_323_045_678,
    deadline=1_767_326_645_678,
    write_id="w",
    state=State.COMPLETED,
    items=2,
    ended_at=1_767_323_050_001,
    result=Result(digest="d", size=4, inline="null"),
    cost=Cost(usd=0.5),
    callback_url="https://hooks.example.com/in?key=abracadabra",
)
NOW = 1_767_323_050_001


def delivery(**changes: object) -> Delivery:
    first = webhooks.first_delivery(JOB, NOW)
    assert first is not None
    return replace(first, **changes)  # type: ignore[arg-type]


# --- payload ---------------------------------------------------------------------------------------------------------


def test_the_payload_says_what_happened_and_where_to_ask() -> None:
    assert json.loads(webhooks.payload(JOB)) == {
        "type": "job.completed",
        "timestamp": "2026-01-02T03:04:10.001Z",
        "data": {
            "jobId": "0f8fad5b-d9cb-469f-a165-70867728950e",
            "kind": "detection",
            "status": "COMPLETED",
            "imageCount": 2,
            "createdAt": "2026-01-02T03:04:05.678Z",
            "endedAt": "2026-01-02T03:04:10.001Z",
            "statusUrl": "/jobs/0f8fad5b-d9cb-469f-a165-70867728950e",
        },
    }


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.EXPIRED])
def test_each_end_has_its_own_type(state: State) -> None:
    event = json.loads(webhooks.payload(replace(JOB, state=state)))
    assert event["type"] == f"job.{state}"
    assert event["data"]["status"] == state.upper()


def test_a_failure_is_told_by_code_and_words_without_what_it_may_have_picked_up() -> None:
    failure = Failure("NO_MODEL", "Asked jane@example.com at https://x.example.com/?X-Amz-Signature=abracadabra")
    event = json.loads(webhooks.payload(replace(JOB, state=State.FAILED, failure=failure)))
    assert event["data"]["error"]["code"] == "NO_MODEL"
    assert event["data"]["error"]["message"].startswith("Asked ")
    assert "jane" not in str(event)
    assert "abracadabra" not in str(event)


def test_the_payload_holds_no_request_no_result_and_no_callback() -> None:
    body = webhooks.payload(replace(JOB, result=Result(digest="d", size=9, key="results/x/1.json")))
    assert len(body) < 1_000
    for canary in (b"abracadabra", b"example.com", b"results/", b"digest"):
        assert canary not in body


# --- signature -------------------------------------------------------------------------------------------------------


def test_the_reference_implementation_accepts_the_signature() -> None:
    secret = webhooks.secret("master", "acme")
    now = time.time_ns() // 1_000_000
    body = webhooks.payload(JOB)
    headers = webhooks.signed_headers(secret, message_id="msg_1", now=now, body=body)
    assert Webhook(secret).verify(body, headers) == json.loads(body)


@pytest.mark.parametrize("spoiled", ["body", "id", "timestamp", "owner", "master"])
def test_the_reference_implementation_refuses_what_was_changed(spoiled: str) -> None:
    now = time.time_ns() // 1_000_000
    body = webhooks.payload(JOB)
    secret = webhooks.secret("master", "acme")
    headers = webhooks.signed_headers(secret, message_id="msg_1", now=now, body=body)
    match spoiled:
        case "body":
            body = body.replace(b"COMPLETED", b"FAILED")
        case "id":
            headers["webhook-id"] = "msg_2"
        case "timestamp":
            headers["webhook-timestamp"] = str(now // 1000 - 1)
        case "owner":
            secret = webhooks.secret("master", "acme2")
        case "master":
            secret = webhooks.secret("other", "acme")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_a_signature_of_the_specification_is_met() -> None:
    # The example of the specification's reference libraries.
    headers = webhooks.signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        now=1_614_265_330_000,
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_a_secret_is_32_bytes_in_the_form_that_receivers_expect() -> None:
    secret = webhooks.secret("master", "acme")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert webhooks.secret("master", "acme") == secret


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_two_owners_never_share_a_secret(one: str, other: str) -> None:
    assert (webhooks.secret("m", one) == webhooks.secret("m", other)) == (one == other)


# --- patience --------------------------------------------------------------------------------------------------------


def test_a_job_without_a_callback_has_no_delivery() -> None:
    assert webhooks.first_delivery(replace(JOB, callback_url=None), NOW) is None


def test_the_first_try_is_made_at_once_and_left_to_the_sweeper_where_its_message_is_lost() -> None:
    first = delivery()
    assert webhooks.next_try_at(first) == 0
    assert first.due_at == NOW + SUBMISSION_GRACE
    assert first.message_id == f"msg_{JOB.job_id}"


def test_tries_are_spread_over_a_day_by_the_backoff() -> None:
    standing, now, times = delivery(), NOW, []
    while standing.state is DeliveryState.PENDING:
        times.append(now)
        standing = webhooks.answered(webhooks.begun(standing, now, "s"), duration=5, status=503)
        if standing.due_at is not None:
            assert standing.due_at == webhooks.next_try_at(standing)
            now = standing.due_at
    assert standing.state is DeliveryState.FAILED
    assert standing.due_at is None
    assert [after - before for before, after in pairwise(times)] == list(WEBHOOK_BACKOFF)
    assert len(times) == 11
    assert times[-1] - times[0] == DAY
    assert {attempt.status for attempt in standing.log} == {503}
    assert standing.message_id == delivery().message_id


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_delivers(status: int) -> None:
    standing = webhooks.answered(webhooks.begun(delivery(), NOW, "s"), duration=7, status=status)
    assert (standing.state, standing.due_at) == (DeliveryState.DELIVERED, None)
    assert (standing.log[-1].status, standing.log[-1].duration, standing.log[-1].at) == (status, 7, NOW)


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 307, 400, 401, 404, 409, 429, 500, 503, 599, None])
def test_anything_else_is_tried_again(status: int | None) -> None:
    standing = webhooks.answered(webhooks.begun(delivery(), NOW, "s"), duration=7, status=status)
    assert (standing.state, standing.due_at) == (DeliveryState.PENDING, NOW + 1 * MINUTE)


def test_gone_stops_it() -> None:
    standing = webhooks.answered(webhooks.begun(delivery(), NOW, "s"), duration=7, status=410)
    assert (standing.state, standing.due_at) == (DeliveryState.FAILED, None)
    assert "gone" in standing.log[-1].note


def test_a_try_that_was_begun_is_counted_and_keeps_others_away_for_a_minute() -> None:
    begun = webhooks.begun(delivery(), NOW, "s")
    assert begun.round_tries == 1
    assert begun.due_at == NOW + 60 * SECOND
    assert webhooks.next_try_at(begun) == NOW + 60 * SECOND
    assert begun.log[-1].status is None
    assert "interrupted" in begun.log[-1].note


def test_interrupted_tries_are_spent_like_any_other() -> None:
    standing, tries = delivery(), 0
    while not webhooks.spent(standing):
        standing = webhooks.begun(standing, webhooks.next_try_at(standing), "s")
        tries += 1
    assert tries == 11


def test_the_log_keeps_the_newest_twenty() -> None:
    standing = delivery()
    for n in range(30):
        standing = webhooks.answered(webhooks.begun(standing, NOW + n, "s"), duration=1, status=500)
    assert [attempt.at - NOW for attempt in standing.log] == list(range(10, 30))


def test_a_replay_begins_anew_under_another_id_with_its_log() -> None:
    failed = webhooks.answered(webhooks.begun(delivery(), NOW, "s"), duration=1, status=410)
    again = webhooks.replayed(failed, message_id="msg_2", now=NOW + DAY)
    assert (again.state, again.round_tries, again.message_id) == (DeliveryState.PENDING, 0, "msg_2")
    assert again.log == failed.log
    assert webhooks.next_try_at(again) == 0
    assert again.due_at == NOW + DAY + SUBMISSION_GRACE
