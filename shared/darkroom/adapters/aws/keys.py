"""Rows of KeysTable (`pk` S; TTL on `expires_at`, in epoch seconds): keys under `key#<digest>`, and the counts of
requests under `rate#<key id>#<window>`, which leave by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import code, translated
from darkroom.domain.callers import ApiKey
from darkroom.domain.limits import SECOND
from darkroom.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

WINDOWS_KEPT: Final = 2


class DynamoKeyStore:
    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, digest: str) -> ApiKey | None:
        with translated("DynamoDB"):
            answer = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": f"key#{digest}"}}, ConsistentRead=True
            )
        row = answer.get("Item")
        return _key(row) if row else None

    def put(self, key: ApiKey) -> None:
        row: dict[str, Any] = {
            "pk": {"S": f"key#{key.digest}"},
            "owner": {"S": key.owner},
            "label": {"S": key.label},
            "scopes": {"L": [{"S": scope} for scope in sorted(key.scopes)]},
            "created_at": {"N": str(key.created_at)},
        }
        if key.requests_per_minute is not None:
            row["requests_per_minute"] = {"N": str(key.requests_per_minute)}
        if key.revoked_at is not None:
            row["revoked_at"] = {"N": str(key.revoked_at)}
        with translated("DynamoDB"):
            self._client.put_item(TableName=self._table, Item=row)

    def list(self) -> Sequence[ApiKey]:
        return self._beginning("key#")

    def revoke(self, key_id: str, *, now: int) -> ApiKey:
        if not key_id:
            raise NotFoundError("There is no key without an id")
        for key in self._beginning(f"key#{key_id}"):
            if key.key_id == key_id:
                break
        else:
            raise NotFoundError(f"There is no key {key_id}", fix="`darkroom keys list` shows the ids.")
        with translated("DynamoDB"):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={"pk": {"S": f"key#{key.digest}"}},
                    UpdateExpression="SET revoked_at = if_not_exists(revoked_at, :now)",
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeValues={":now": {"N": str(now)}},
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if code(error) == "ConditionalCheckFailedException":
                    raise NotFoundError(f"The key {key_id} was deleted meanwhile") from error
                raise
        return _key(answer["Attributes"])

    def count(self, key_id: str, *, window: int, now: int) -> int:
        current = now // window
        with translated("DynamoDB"):
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"rate#{key_id}#{current}"}},
                UpdateExpression="ADD requests :one SET expires_at = :gone",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":gone": {"N": str((current + WINDOWS_KEPT) * window // SECOND)},
                },
                ReturnValues="UPDATED_NEW",
            )
        return int(answer["Attributes"]["requests"]["N"])

    def _beginning(self, start: str) -> Sequence[ApiKey]:
        """A scan: an operator reads this table a few times a year."""
        found: list[ApiKey] = []
        more: dict[str, Any] = {}
        while True:
            with translated("DynamoDB"):
                answer = self._client.scan(
                    TableName=self._table,
                    FilterExpression="begins_with(pk, :start)",
                    ExpressionAttributeValues={":start": {"S": start}},
                    ConsistentRead=True,
                    **more,
                )
            found.extend(_key(row) for row in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return found
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _key(row: Mapping[str, Any]) -> ApiKey:
    rate = row.get("requests_per_minute")
    revoked = row.get("revoked_at")
    return ApiKey(
        digest=row["pk"]["S"].removeprefix("key#"),
        owner=row["owner"]["S"],
        label=row["label"]["S"],
        scopes=frozenset(scope["S"] for scope in row["scopes"]["L"]),
        requests_per_minute=int(rate["N"]) if rate else None,
        created_at=int(row["created_at"]["N"]),
        revoked_at=int(revoked["N"]) if revoked else None,
    )
