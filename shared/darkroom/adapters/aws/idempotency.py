"""The answers of idempotent requests, one row a key in the jobs table.

The row's key holds the owner, so no caller meets another's answer, and a digest of the Idempotency-Key, so any text
will do. Each change is one conditional write; `opened_by` lets a writer recognise its own after a retried request.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import code, translated
from darkroom.errors import IdempotencyMismatchError, RequestInFlightError
from darkroom.ports import StoredAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_REFUSED = "ConditionalCheckFailedException"
_SAME_AND_OPEN = "digest = :digest AND attribute_not_exists(answer)"


class DynamoIdempotencyStore:
    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def begin(self, owner: str, key: str, *, digest: str, now: int, until: int, expires_at: int) -> StoredAnswer | None:
        opened_by = uuid.uuid4().hex
        row = {
            **_key(owner, key),
            "digest": {"S": digest},
            "opened_by": {"S": opened_by},
            "open_until": {"N": str(until)},
            "expires_at": {"N": str(-(-expires_at // 1000))},
        }
        for _ in range(3):
            if self._open(row, now):
                return None
            with translated("DynamoDB"):
                found = self._client.get_item(TableName=self._table, Key=_key(owner, key), ConsistentRead=True)
            standing: Any = found.get("Item")
            if standing is None:
                continue  # its request was refused meanwhile, and it left
            if standing["digest"]["S"] != digest:
                raise IdempotencyMismatchError("This Idempotency-Key was used with another body")
            if "answer" in standing:
                return _answer(standing["answer"]["S"])
            if standing["opened_by"]["S"] == opened_by:
                return None
            break
        raise RequestInFlightError("The first request with this Idempotency-Key has not been answered yet")

    def _open(self, row: dict[str, Any], now: int) -> bool:
        """Write the row where none stands in its way. DynamoDB's TTL deletes late, so one past its time does not."""
        try:
            with translated("DynamoDB"):
                self._client.put_item(
                    TableName=self._table,
                    Item=row,
                    ConditionExpression="attribute_not_exists(pk) OR expires_at <= :seconds "
                    f"OR ({_SAME_AND_OPEN} AND open_until <= :now)",
                    ExpressionAttributeValues={
                        ":digest": row["digest"],
                        ":now": {"N": str(now)},
                        ":seconds": {"N": str(now // 1000)},
                    },
                )
        except ClientError as error:
            if code(error) != _REFUSED:
                raise
            return False
        return True

    def finish(self, owner: str, key: str, *, digest: str, answer: StoredAnswer) -> None:
        content = json.dumps([answer.status, dict(answer.headers), answer.body])
        self._update(owner, key, digest, "SET answer = :answer", {":answer": {"S": content}})

    def lapse(self, owner: str, key: str, *, digest: str) -> None:
        self._update(owner, key, digest, "SET open_until = :never", {":never": {"N": "0"}})

    def abandon(self, owner: str, key: str, *, digest: str) -> None:
        try:
            with translated("DynamoDB"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(owner, key),
                    ConditionExpression=_SAME_AND_OPEN,
                    ExpressionAttributeValues={":digest": {"S": digest}},
                )
        except ClientError as error:
            if code(error) != _REFUSED:
                raise

    def _update(self, owner: str, key: str, digest: str, change: str, values: dict[str, Any]) -> None:
        """Change an open row; one that was answered, abandoned or expired meanwhile stays as it is."""
        try:
            with translated("DynamoDB"):
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(owner, key),
                    UpdateExpression=change,
                    ConditionExpression=_SAME_AND_OPEN,
                    ExpressionAttributeValues={":digest": {"S": digest}, **values},
                )
        except ClientError as error:
            if code(error) != _REFUSED:
                raise


def _key(owner: str, key: str) -> dict[str, Any]:
    return {
        "pk": {"S": f"idem#{owner}#{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"},
        "sk": {"S": "idem"},
    }


def _answer(content: str) -> StoredAnswer:
    status, headers, body = json.loads(content)
    return StoredAnswer(status, headers, body)
