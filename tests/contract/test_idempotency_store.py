"""One suite for every IdempotencyStore: DynamoDB's (in moto) and its twin in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from darkroom.adapters.aws.idempotency import DynamoIdempotencyStore
from darkroom.adapters.memory.messages import MemoryIdempotencyStore
from darkroom.domain.limits import DAY, SECOND
from darkroom.errors import IdempotencyMismatchError, RequestInFlightError
from darkroom.ports import StoredAnswer

if TYPE_CHECKING:
    from darkroom.ports import IdempotencyStore
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from tests.contract.conftest import Aws

NOW = 1_767_323_045_000
ANSWER = StoredAnswer(202, {"Location": "/dev/jobs/j-1", "Retry-After": "2"}, '{"jobId": "j-1"}')


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> IdempotencyStore:
    if request.param == "memory":
        return MemoryIdempotencyStore()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoIdempotencyStore(aws.dynamodb, aws.table("pk", "sk"))


def begin(
    store: IdempotencyStore, owner: str = "acme", key: str = "k", digest: str = "d", now: int = NOW
) -> StoredAnswer | None:
    return store.begin(owner, key, digest=digest, now=now, until=now + 60 * SECOND, expires_at=now + DAY)


def test_the_first_request_opens_the_key(store: IdempotencyStore) -> None:
    assert begin(store) is None


def test_an_answer_is_given_again_as_it_was(store: IdempotencyStore) -> None:
    begin(store)
    store.finish("acme", "k", digest="d", answer=ANSWER)
    again = begin(store, now=NOW + DAY - SECOND)
    assert again == ANSWER


def test_while_the_first_is_in_flight_the_second_is_turned_away(store: IdempotencyStore) -> None:
    begin(store)
    with pytest.raises(RequestInFlightError):
        begin(store, now=NOW + 59 * SECOND)


def test_a_request_that_was_killed_leaves_its_key_after_a_minute(store: IdempotencyStore) -> None:
    begin(store)
    assert begin(store, now=NOW + 60 * SECOND) is None
    with pytest.raises(RequestInFlightError):
        begin(store, now=NOW + 61 * SECOND)


@pytest.mark.parametrize("moment", ["in flight", "killed", "lapsed", "answered"])
def test_another_body_is_refused_at_any_moment(store: IdempotencyStore, moment: str) -> None:
    begin(store)
    if moment == "lapsed":
        store.lapse("acme", "k", digest="d")
    if moment == "answered":
        store.finish("acme", "k", digest="d", answer=ANSWER)
    with pytest.raises(IdempotencyMismatchError):
        begin(store, digest="e", now=NOW + (0 if moment == "in flight" else 3_600 * SECOND))


@pytest.mark.parametrize("text", ["k", "", "a#b", "k" * 10_000, "clé \u202e \U0001f511", "\ud800", "idem"])
def test_owners_never_meet_whatever_the_key_is(store: IdempotencyStore, text: str) -> None:
    begin(store, "acme", text)
    store.finish("acme", text, digest="d", answer=ANSWER)
    assert begin(store, "globex", text) is None
    assert begin(store, "acme", text + "x") is None
    assert begin(store, "acme", text) == ANSWER


def test_an_owner_whose_name_looks_like_a_key_meets_nobody(store: IdempotencyStore) -> None:
    begin(store, "a#b", "k")
    assert begin(store, "a", "b#k") is None


def test_after_a_refusal_the_key_is_free_for_another_body(store: IdempotencyStore) -> None:
    begin(store)
    store.abandon("acme", "k", digest="d")
    assert begin(store, digest="e") is None


def test_after_an_outage_the_same_body_may_come_again_at_once(store: IdempotencyStore) -> None:
    begin(store)
    store.lapse("acme", "k", digest="d")
    assert begin(store) is None


def test_once_its_time_is_over_the_key_is_new(store: IdempotencyStore) -> None:
    begin(store)
    store.finish("acme", "k", digest="d", answer=ANSWER)
    assert begin(store, digest="e", now=NOW + DAY) is None


@pytest.mark.parametrize("late", ["abandon", "lapse", "finish"])
def test_an_answer_never_changes(store: IdempotencyStore, late: str) -> None:
    begin(store)
    store.finish("acme", "k", digest="d", answer=ANSWER)
    match late:
        case "abandon":
            store.abandon("acme", "k", digest="d")
        case "lapse":
            store.lapse("acme", "k", digest="d")
        case "finish":
            store.finish("acme", "k", digest="d", answer=StoredAnswer(500, {}, "{}"))
    assert begin(store) == ANSWER


@pytest.mark.parametrize("late", ["abandon", "lapse", "finish"])
def test_a_late_request_of_another_body_changes_nothing(store: IdempotencyStore, late: str) -> None:
    begin(store)
    match late:
        case "abandon":
            store.abandon("acme", "k", digest="e")
        case "lapse":
            store.lapse("acme", "k", digest="e")
        case "finish":
            store.finish("acme", "k", digest="e", answer=ANSWER)
    with pytest.raises(RequestInFlightError):
        begin(store)


@pytest.mark.parametrize("late", ["abandon", "lapse", "finish"])
def test_a_key_that_is_gone_stays_gone(store: IdempotencyStore, late: str) -> None:
    match late:
        case "abandon":
            store.abandon("acme", "k", digest="d")
        case "lapse":
            store.lapse("acme", "k", digest="d")
        case "finish":
            store.finish("acme", "k", digest="d", answer=ANSWER)
    assert begin(store, digest="e") is None


# --- DynamoDB alone --------------------------------------------------------------------------------------------------


class LosesItsAcknowledgement:
    """A client whose put is stored but not answered, so that it goes out a second time, as botocore sends it."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_a_writer_recognises_its_own_row_after_a_retried_put(aws: Aws) -> None:
    client = cast("DynamoDBClient", LosesItsAcknowledgement(aws.dynamodb))
    store = DynamoIdempotencyStore(client, aws.table("pk", "sk"))
    assert begin(store) is None
    with pytest.raises(RequestInFlightError):
        begin(store)


def test_what_nobody_expects_is_not_taken_for_a_conflict(aws: Aws) -> None:
    store = DynamoIdempotencyStore(aws.dynamodb, aws.table("pk", "sk"))
    with pytest.raises(ClientError, match="ValidationException"):
        begin(store, digest="x" * 500_000)


def test_the_row_expires_by_the_tables_ttl(aws: Aws) -> None:
    table = aws.table("pk", "sk")
    begin(DynamoIdempotencyStore(aws.dynamodb, table))
    (row,) = aws.dynamodb.scan(TableName=table)["Items"]
    assert row["expires_at"] == {"N": str((NOW + DAY) // 1000)}
    assert row["sk"] == {"S": "idem"}
    assert row["pk"]["S"].startswith("idem#acme#")
