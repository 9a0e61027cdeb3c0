"""The tables and their client, as a test makes them: their shape is the template's, so a test cannot drift from it."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.session import get_session
from darkroom.adapters.aws.clients import config
from moto import mock_aws

from local.overlay import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
ENDPOINT = "CONTRACT_ENDPOINT_URL"
"""The environment variable that has contract tests talk to an endpoint, such as the embedded AWS, in place of moto."""


@cache
def _declared() -> dict[str, Any]:
    properties: dict[str, Any] = load(TEMPLATE)["Resources"]["JobsTable"]["Properties"]
    kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {name: properties[name] for name in kept if name in properties}


def client_of(service: str, endpoint: str | None = None) -> Any:
    """A client with the deployed functions' configuration, of moto's AWS or of an endpoint."""
    return get_session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=config(service),
    )


@contextmanager
def jobs_table(client: DynamoDBClient) -> Iterator[str]:
    """The name of a fresh jobs table, deleted afterwards."""
    name = f"jobs-{uuid.uuid4().hex[:12]}"
    client.create_table(TableName=name, **{"BillingMode": "PAY_PER_REQUEST", **_declared()})
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    try:
        yield name
    finally:
        client.delete_table(TableName=name)


@contextmanager
def dynamodb() -> Iterator[DynamoDBClient]:
    """Of the endpoint that the environment names, else of moto."""
    endpoint = os.environ.get(ENDPOINT)
    if endpoint:
        yield client_of("dynamodb", endpoint)
    else:
        with mock_aws():
            yield client_of("dynamodb")
