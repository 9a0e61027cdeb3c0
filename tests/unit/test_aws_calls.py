"""What botocore raises, and what the core is told; a transaction that met another; how patient clients are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.session import get_session
from botocore.stub import ANY, Stubber
from darkroom.adapters.aws import calls, clients
from darkroom.adapters.aws.jobs import DynamoJobStore
from darkroom.domain.jobs import Result, State
from darkroom.errors import LeaseLostError, SettingsError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

JOB_ID = "00000000-0000-4000-8000-000000000001"


def client_error(code: str, status: int = 400, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(response, "PutItem")


def cancelled(*codes: str) -> ClientError:
    return client_error("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


@pytest.mark.parametrize(
    "trouble",
    [
        *(client_error(code) for code in sorted(calls.TRANSIENT)),
        client_error("Whatever", 500),
        client_error("Whatever", 503),
        client_error("Whatever", 429),
        cancelled("None", "TransactionConflict"),
        cancelled("ThrottlingError"),
        ConnectTimeoutError(endpoint_url="u"),
        ReadTimeoutError(endpoint_url="u"),
        EndpointConnectionError(endpoint_url="u"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ResponseParserError("garbage"),
    ],
    ids=str,
)
def test_trouble_that_may_pass_is_transient(trouble: Exception) -> None:
    with pytest.raises(TransientError) as told, calls.translated("DynamoDB"):
        raise trouble
    assert told.value.__cause__ is trouble


@pytest.mark.parametrize("code", sorted(calls.DENIED | calls.MISSING))
def test_what_the_stack_lacks_is_a_setting_with_its_fix(code: str) -> None:
    with pytest.raises(SettingsError) as told, calls.translated("DynamoDB"):
        raise client_error(code)
    assert "PutItem" in told.value.detail
    assert told.value.fix


def test_missing_credentials_are_a_setting() -> None:
    with pytest.raises(SettingsError), calls.translated("S3"):
        raise NoCredentialsError


@pytest.mark.parametrize(
    "error",
    [
        client_error("ConditionalCheckFailedException"),
        client_error("ValidationException"),
        cancelled("None"),
        KeyError("k"),
    ],
    ids=str,
)
def test_what_nobody_expects_goes_through_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as told, calls.translated("DynamoDB"):
        raise error
    assert told.value is error


def test_reasons_are_those_of_a_cancelled_transaction_only() -> None:
    assert [reason["Code"] for reason in calls.reasons(cancelled("None", "TransactionConflict"))] == [
        "None",
        "TransactionConflict",
    ]
    assert not calls.reasons(client_error("ThrottlingException", CancellationReasons=[{"Code": "x"}]))


@pytest.mark.parametrize("service", ["dynamodb", "s3", "sqs", "rekognition", "secretsmanager"])
def test_every_client_tries_three_times_with_a_limit_on_each(service: str) -> None:
    config: Any = clients.config(service)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert 0 < config.connect_timeout <= 5
    assert 0 < config.read_timeout <= 15


@pytest.mark.parametrize(("endpoint", "style"), [(None, "virtual"), ("http://127.0.0.1:4566", "path")])
def test_storage_is_signed_by_version_4_on_the_regional_host(
    endpoint: str | None, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    config: Any = clients.config("s3")
    assert config.signature_version == "s3v4"
    assert config.s3 == {"addressing_style": style, "us_east_1_regional_endpoint": "regional"}


# --- transactions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def dynamodb() -> Iterator[tuple[DynamoDBClient, Stubber]]:
    session = get_session()
    session.set_credentials("test", "test")
    client: DynamoDBClient = session.create_client("dynamodb", region_name="us-east-1")  # type: ignore[assignment]
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def meets_another(stubber: Stubber, *codes: str) -> None:
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


def complete(client: DynamoDBClient) -> list[float]:
    """End a job in a transaction; the pauses that it made."""
    pauses: list[float] = []
    store = DynamoJobStore(client, "jobs", pause=pauses.append)
    store.end(JOB_ID, state=State.COMPLETED, now=1, token="t", result=Result("d", 2, inline="{}"))
    return pauses


def test_a_transaction_that_met_another_is_tried_again(dynamodb: tuple[DynamoDBClient, Stubber]) -> None:
    client, stubber = dynamodb
    meets_another(stubber, "TransactionConflict", "None")
    stubber.add_response("transact_write_items", {}, {"TransactItems": ANY})
    assert len(complete(client)) == 1


def test_a_transaction_that_always_meets_another_is_trouble_that_may_pass(
    dynamodb: tuple[DynamoDBClient, Stubber],
) -> None:
    client, stubber = dynamodb
    for _ in range(3):
        meets_another(stubber, "TransactionConflict", "None")
    with pytest.raises(TransientError):
        complete(client)


def test_a_transaction_that_is_throttled_is_not_tried_again_by_us(dynamodb: tuple[DynamoDBClient, Stubber]) -> None:
    client, stubber = dynamodb
    meets_another(stubber, "ThrottlingError", "None")
    with pytest.raises(TransientError):
        complete(client)


def test_a_condition_that_failed_outweighs_a_conflict(dynamodb: tuple[DynamoDBClient, Stubber]) -> None:
    client, stubber = dynamodb
    meets_another(stubber, "TransactionConflict", "ConditionalCheckFailed")
    with pytest.raises(LeaseLostError):
        complete(client)
