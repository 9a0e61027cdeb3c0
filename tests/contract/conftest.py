"""Where the adapters of AWS are held to their contracts: moto in this process, or the AWS at CONTRACT_ENDPOINT_URL."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session
from darkroom.adapters.aws.clients import config
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeySchemaElementTypeDef
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_ssm.client import SSMClient

SERVICES = ("dynamodb", "s3", "sqs", "secretsmanager", "ssm")
ENDPOINT = os.environ.get("CONTRACT_ENDPOINT_URL")


@dataclass(frozen=True)
class Aws:
    """Clients as the functions have them, and one empty table, bucket or queue a test."""

    dynamodb: DynamoDBClient
    s3: S3Client
    sqs: SQSClient
    secretsmanager: SecretsManagerClient
    ssm: SSMClient

    def table(self, partition_key: str, sort_key: str | None = None) -> str:
        name = f"contract-{uuid.uuid4().hex}"
        schema: list[KeySchemaElementTypeDef] = [{"AttributeName": partition_key, "KeyType": "HASH"}]
        if sort_key is not None:
            schema.append({"AttributeName": sort_key, "KeyType": "RANGE"})
        self.dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in schema],
            KeySchema=schema,
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def queue(self) -> str:
        return self.sqs.create_queue(QueueName=f"contract-{uuid.uuid4().hex}")["QueueUrl"]

    def bucket(self) -> str:
        name = f"contract-{uuid.uuid4().hex}"
        self.s3.create_bucket(Bucket=name)
        return name


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    if ENDPOINT:
        monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)
        yield Aws(*map(_client, SERVICES))
    else:
        with mock_aws():
            yield Aws(*map(_client, SERVICES))


@cache
def _session() -> Session:
    """One for all: what it reads of the services' descriptions takes longer than most tests."""
    return get_session()


def _client(service: str) -> Any:
    return _session().create_client(service, region_name="us-east-1", config=config(service))
