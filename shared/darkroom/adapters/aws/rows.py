"""How jobs and their rows look in DynamoDB, by hand: botocore's low-level API wants each value with its type.

boto3's resource layer would do it too, and cost every cold start its import (docs/decisions.md).
"""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.domain.jobs import (
    Attempt,
    Cost,
    Delivery,
    DeliveryState,
    DeliveryTry,
    Failure,
    Job,
    Kind,
    Lease,
    Result,
    State,
    order,
)
from darkroom.ports import Pulse

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARDS: Final = 4
"""Partitions of the index `due`, so that no single one takes the writes of every job. May grow, never shrink."""

Row = dict[str, Any]
"""An item as the low-level API has it: `{"sk": {"S": "job"}, "leases": {"N": "1"}}`."""


def job_key(job_id: str, sk: str = "job") -> Row:
    return {"pk": {"S": f"job#{job_id}"}, "sk": {"S": sk}}


def pulse_key(kind: Kind) -> Row:
    return {"pk": {"S": f"pulse#{kind}"}, "sk": {"S": "pulse"}}


def job_id_of(row: Row) -> str:
    return str(row["pk"]["S"]).partition("#")[2]


def job_row(job: Job) -> Row:
    return {
        **job_key(job.job_id),
        **attributes(
            owner=job.owner,
            owner_order=order(job),
            kind=job.kind,
            state=job.state,
            request=json.dumps(job.request, ensure_ascii=False),
            created_at=job.created_at,
            updated_at=job.updated_at,
            deadline=job.deadline,
            write_id=job.write_id,
            due_shard=due_shard("job", job.job_id),
            due_at=job.due_at,
            sent=job.sent,
            items=job.items,
            progress=job.progress,
            leases=job.leases,
            losses=job.losses,
            lease_token=job.lease.token if job.lease else None,
            lease_until=job.lease.until if job.lease else None,
            ended_at=job.ended_at,
            estimate=cost_text(job.estimate),
            cost=cost_text(job.cost),
            max_cost=None if job.max_cost is None else repr(job.max_cost),
            callback_url=job.callback_url,
            expires_at=seconds(job.forgotten_at),
        ),
    }


def job_of(row: Row) -> Job:
    """The job of a whole row, or of what `entomb` left of one."""
    until, size, failed = number(row, "lease_until"), number(row, "result_size"), text(row, "failure_code")
    max_cost = text(row, "max_cost")
    return Job(
        job_id=job_id_of(row),
        owner=row["owner"]["S"],
        kind=Kind(row["kind"]["S"]),
        request=json.loads(text(row, "request") or "{}"),
        created_at=int(row["created_at"]["N"]),
        deadline=int(row["deadline"]["N"]),
        write_id=row["write_id"]["S"],
        state=State(row["state"]["S"]),
        updated_at=int(row["updated_at"]["N"]),
        due_at=number(row, "due_at"),
        sent=row["sent"]["BOOL"],
        items=int(row["items"]["N"]),
        progress=int(row["progress"]["N"]),
        leases=int(row["leases"]["N"]),
        losses=int(row["losses"]["N"]),
        lease=None if until is None else Lease(row["lease_token"]["S"], until),
        ended_at=number(row, "ended_at"),
        result=None if size is None else Result(row["result_digest"]["S"], size, key=text(row, "result_key")),
        failure=None if failed is None else Failure(failed, row["failure_message"]["S"]),
        estimate=Cost(*json.loads(row["estimate"]["S"])),
        cost=Cost(*json.loads(row["cost"]["S"])),
        max_cost=None if max_cost is None else float(max_cost),
        callback_url=text(row, "callback_url"),
    )


def attempt_of(row: Row) -> Attempt:
    return Attempt(
        job_id_of(row), row["sk"]["S"].partition("#")[2], int(row["attempts"]["N"]), outcome=text(row, "outcome")
    )


def delivery_row(delivery: Delivery, now: int) -> Row:
    return {
        **job_key(delivery.job_id, "delivery"),
        **attributes(
            owner=delivery.owner,
            url=delivery.url,
            message_id=delivery.message_id,
            state=delivery.state,
            due_shard=due_shard("delivery", delivery.job_id),
            due_at=delivery.due_at,
            round_tries=delivery.round_tries,
            log=log_text(delivery),
            expires_at=seconds(now + limits.TOMBSTONE_KEPT),
        ),
    }


def delivery_of(row: Row) -> Delivery:
    return Delivery(
        job_id=job_id_of(row),
        owner=row["owner"]["S"],
        url=row["url"]["S"],
        message_id=row["message_id"]["S"],
        state=DeliveryState(row["state"]["S"]),
        due_at=number(row, "due_at"),
        round_tries=int(row["round_tries"]["N"]),
        log=tuple(DeliveryTry(*entry) for entry in json.loads(row["log"]["S"])),
    )


def pulse_of(row: Row) -> Pulse:
    return Pulse(number(row, "wait"), number(row, "per_item"), number(row, "waiting_since"))


def log_text(delivery: Delivery) -> str:
    return json.dumps([[entry.at, entry.duration, entry.status, entry.note] for entry in delivery.log])


def cost_text(cost: Cost) -> str:
    return json.dumps([cost.usd, cost.provider_units, cost.gb_seconds, cost.bytes_in, cost.bytes_out])


def due_shard(what: str, job_id: str) -> str:
    return f"{what}#{zlib.crc32(job_id.encode()) % SHARDS}"


def seconds(at: int) -> int:
    """As DynamoDB's TTL counts, never early."""
    return -(-at // 1000)


def text(row: Row | None, name: str) -> str | None:
    return None if row is None or name not in row else str(row[name]["S"])


def number(row: Row, name: str) -> int | None:
    return int(row[name]["N"]) if name in row else None


def attributes(**of: str | float | None) -> Row:
    """Marshalled; what is None is left out."""
    return {name: marshalled(value) for name, value in of.items() if value is not None}


def marshalled(value: str | float) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": str(value)}
    return {"BOOL": value} if isinstance(value, bool) else {"N": str(value)}


def values(**of: str | float) -> dict[str, Any]:
    return {"ExpressionAttributeValues": {f":{name}": marshalled(value) for name, value in of.items()}}


def names(expression: str) -> dict[str, str]:
    """Every `#name` stands for the attribute `name`: so many of DynamoDB's reserved words are ordinary ones."""
    return {f"#{name}": name for name in re.findall(r"#(\w+)", expression)}


def assigned(changes: Mapping[str, str | float]) -> str:
    """The SET clause that gives each attribute the bound value of its own name."""
    return "SET " + ", ".join(f"#{name} = :{name}" for name in changes)


def expressions(expression: str, when: str, **bound: str | float) -> dict[str, Any]:
    """The parameters of a conditional update; each bound value is `:name` in one of the two expressions."""
    return {
        "UpdateExpression": expression,
        "ConditionExpression": when,
        "ExpressionAttributeNames": names(f"{expression} {when}"),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **(values(**bound) if bound else {}),
    }
