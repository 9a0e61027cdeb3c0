"""Rows of UploadsTable: one a key that presign handed out (`key` S; TTL on `expires_at`, in epoch seconds)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.aws.calls import translated
from darkroom.domain.limits import SECOND
from darkroom.domain.uploads import Purpose, Upload
from darkroom.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

PAUSES: Final = (0.05, 0.1, 0.2)
"""Seconds before the keys that a batch left out are asked for again."""


class DynamoUploadStore:
    def __init__(self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def put(self, upload: Upload) -> None:
        row: dict[str, Any] = {
            "key": {"S": upload.key},
            "owner": {"S": upload.owner},
            "purpose": {"S": upload.purpose},
            "filename": {"S": upload.filename},
            "content_type": {"S": upload.content_type},
            "created_at": {"N": str(upload.created_at)},
            "claimed_until": {"N": str(upload.expires_at)},
            "expires_at": {"N": str(-(-upload.expires_at // SECOND))},
        }
        if upload.size is not None:
            row["size"] = {"N": str(upload.size)}
        with translated("DynamoDB"):
            self._client.put_item(TableName=self._table, Item=row)

    def get(self, keys: Sequence[str]) -> Mapping[str, Upload]:
        found: dict[str, Upload] = {}
        left: list[dict[str, Any]] = [{"key": {"S": key}} for key in dict.fromkeys(keys)]
        for pause in (0.0, *PAUSES):
            if not left:
                return found
            if pause:
                self._pause(pause)
            with translated("DynamoDB"):
                answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": left, "ConsistentRead": True}})
            for row in answer["Responses"].get(self._table, ()):
                upload = _upload(row)
                found[upload.key] = upload
            unread: Mapping[str, Any] = answer["UnprocessedKeys"]
            left = list(unread[self._table]["Keys"]) if self._table in unread else []
        if left:
            raise TransientError("DynamoDB left keys of a batch unread")
        return found


def _upload(row: Mapping[str, Any]) -> Upload:
    size = row.get("size")
    return Upload(
        key=row["key"]["S"],
        owner=row["owner"]["S"],
        purpose=Purpose(row["purpose"]["S"]),
        filename=row["filename"]["S"],
        content_type=row["content_type"]["S"],
        size=int(size["N"]) if size else None,
        created_at=int(row["created_at"]["N"]),
        expires_at=int(row["claimed_until"]["N"]),
    )
