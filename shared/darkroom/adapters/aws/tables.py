"""A table of which every change is one conditional write, and a refusal says what stands there instead."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import code, reasons, translated
from darkroom.adapters.aws.rows import expressions, names
from darkroom.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from darkroom.adapters.aws.rows import Row

TRIES: Final = 3
"""Of a transaction that met another on the same rows, and of a step whose ledger changed while it was read."""
CONFLICT_PAUSE: Final = 0.05


class RefusedError(Exception):
    """A condition did not hold; `row` is what stands there instead, None where nothing does. `place` is that of the
    write in its transaction."""

    def __init__(self, row: Row | None, place: int = 0) -> None:
        super().__init__("The condition did not hold")
        self.row = row
        self.place = place


class ConditionalTable:
    """What the stores of one table have in common."""

    def __init__(self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        """`pause` takes seconds."""
        self._client = client
        self._table = table
        self._pause = pause

    def _get(self, key: Row) -> Row | None:
        with translated("DynamoDB"):
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return found.get("Item")

    def _query(self, query: Mapping[str, Any]) -> Any:
        condition = query["KeyConditionExpression"] + query.get("FilterExpression", "")
        with translated("DynamoDB"):
            return self._client.query(TableName=self._table, **query, ExpressionAttributeNames=names(condition))

    def _update(self, key: Row, expression: str, *, when: str, **bound: Any) -> Row:
        """The row as it is after the change. Raises RefusedError."""
        with translated("DynamoDB"), refusals():
            answer = self._client.update_item(
                TableName=self._table, Key=key, ReturnValues="ALL_NEW", **expressions(expression, when, **bound)
            )
        return answer["Attributes"]

    def _rows(self, query: dict[str, Any]) -> Iterator[Row]:
        """Of all pages."""
        while True:
            page = self._query(query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query = query | {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _transact(self, writes: Sequence[dict[str, dict[str, Any]]], *, tries: int = TRIES) -> None:
        """Raises RefusedError with the row of the first condition that did not hold."""
        items: Any = [{verb: {"TableName": self._table, **body} for verb, body in write.items()} for write in writes]
        for turn in range(1, tries + 1):
            try:
                with translated("DynamoDB"), refusals():
                    self._client.transact_write_items(TransactItems=items)
            except TransientError as error:
                cause = error.__cause__
                conflict = isinstance(cause, ClientError) and any(
                    reason.get("Code") == "TransactionConflict" for reason in reasons(cause)
                )
                if not conflict or turn == tries:
                    raise
                # Neither of two writes to one row waits for the other in DynamoDB.
                self._pause(CONFLICT_PAUSE * turn * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            else:
                return


@contextmanager
def refusals() -> Iterator[None]:
    """Around one call: a condition that did not hold becomes RefusedError with the row that stands there."""
    try:
        yield
    except ClientError as error:
        if code(error) == "ConditionalCheckFailedException":
            raise RefusedError(error.response.get("Item")) from error  # type: ignore[arg-type]
        for place, reason in enumerate(reasons(error)):
            if reason.get("Code") == "ConditionalCheckFailed":
                raise RefusedError(reason.get("Item"), place) from error
        raise
