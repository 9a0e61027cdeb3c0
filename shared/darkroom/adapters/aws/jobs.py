"""Jobs in one DynamoDB table: a job's rows share its partition, and every change is one conditional write.

| pk | sk | what |
| --- | --- | --- |
| `job#<id>` | `job` | the job; in the index `by-owner` while it is kept, in `due` while there is something to mend |
| `job#<id>` | `result` | the JSON of a small result, so that lists and status answers do not read it |
| `job#<id>` | `step#<name>` | the ledger of one paid step |
| `job#<id>` | `delivery` | its webhook; in the index `due` while it is not delivered |
| `pulse#<kind>` | `pulse` | the moving averages of a kind of work |

A request that AWS carried out and whose answer was lost is sent again by botocore and then refused by its own
condition. So every row names its last writer, and a refusal returns the row: who finds itself there has succeeded.

`lease_token` stays when a lease is given back or the job ends; `lease_until` goes. That is how a worker recognises its
own release or end.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import code, translated
from darkroom.adapters.aws.rows import (
    SHARDS,
    Row,
    assigned,
    attempt_of,
    attributes,
    cost_text,
    delivery_of,
    delivery_row,
    expressions,
    job_id_of,
    job_key,
    job_of,
    job_row,
    log_text,
    number,
    pulse_key,
    pulse_of,
    seconds,
    text,
    values,
)
from darkroom.adapters.aws.tables import TRIES, ConditionalTable, RefusedError, refusals
from darkroom.domain import limits
from darkroom.domain.cursors import cursor_of
from darkroom.domain.jobs import State, order, position_of
from darkroom.errors import (
    AttemptsExhaustedError,
    JobEndedError,
    JobNotFoundError,
    LeaseLostError,
    TooLargeError,
    TransientError,
)
from darkroom.ports import Page, Pulse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.domain.jobs import Attempt, Cost, Delivery, Failure, Job, Kind, Result

FILTERED_PAGES: Final = 5
"""How many pages of an owner's jobs one call looks through for those that a filter wants."""

HELD: Final = "#state = :processing AND #lease_token = :token"
BURIED: Final = (
    "request",
    "callback_url",
    "result_digest",
    "result_size",
    "result_key",
    "failure_code",
    "failure_message",
    "owner_order",
    "due_at",
    "due_shard",
)


class DynamoJobStore(ConditionalTable):
    """An adapter of JobStore."""

    # --- the job's life ----------------------------------------------------------------------------------------------

    def create(self, job: Job) -> Job:
        try:
            with translated("DynamoDB"), refusals():
                self._client.put_item(
                    TableName=self._table,
                    Item=job_row(job),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except RefusedError as refused:
            if refused.row is None:
                raise TransientError("A job of that id was there a moment ago") from None
            return job_of(refused.row)
        except ClientError as error:
            if code(error) == "ValidationException" and "Item size" in str(error):
                raise TooLargeError("The job is larger than a row of DynamoDB") from error
            raise
        return job

    def get(self, job_id: str) -> Job | None:
        row = self._get(job_key(job_id))
        return None if row is None else job_of(row)

    def inline_result(self, job_id: str) -> str | None:
        row = self._get(job_key(job_id, "result"))
        return None if row is None else str(row["json"]["S"])

    def list(
        self, owner: str, *, since: int, state: State | None, kind: Kind | None, cursor: str | None, limit: int
    ) -> Page:
        wanted = {name: value for name, value in (("state", state), ("kind", kind)) if value is not None}
        query: dict[str, Any] = {
            "IndexName": "by-owner",
            "ScanIndexForward": False,
            "KeyConditionExpression": "#owner = :owner AND #owner_order >= :since",
            "Limit": max(limit, limits.PAGE_MAXIMUM) if wanted else limit,
            **values(owner=owner, since=f"{max(since, 0):013d}", **wanted),
        }
        if wanted:
            query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted)
        start = None if cursor is None else position_of(owner, cursor)
        found: list[Job] = []
        for _ in range(FILTERED_PAGES if wanted else 1):
            if start is not None:
                query["ExclusiveStartKey"] = {
                    **job_key(start.partition("#")[2]),
                    "owner": {"S": owner},
                    "owner_order": {"S": start},
                }
            page = self._query(query)
            found += [job_of(row) for row in page["Items"]]
            start = page["LastEvaluatedKey"]["owner_order"]["S"] if "LastEvaluatedKey" in page else None
            if len(found) > limit:
                found, start = found[:limit], order(found[limit - 1])
            if start is None or len(found) == limit:
                break
        return Page(tuple(found), None if start is None else cursor_of(owner, start))

    def mark_sent(self, job_id: str, *, due_at: int) -> None:
        with suppress(RefusedError):  # claimed or ended meanwhile: its worker's `due_at` is the right one
            self._update(
                job_key(job_id),
                "SET #sent = :true, #due_at = :due_at",
                when="#state = :pending AND #sent = :false AND #leases = :zero",
                true=True,
                false=False,
                due_at=due_at,
                pending=State.PENDING,
                zero=0,
            )

    def claim(self, job_id: str, *, token: str, now: int, until: int) -> Job:
        take = (
            "SET #state = :processing, #lease_token = :token, #lease_until = :until, #leases = #leases + :one, "
            "#updated_at = :now, #due_at = :until"
        )
        lease: dict[str, Any] = {"token": token, "until": until, "now": now, "one": 1, "processing": State.PROCESSING}
        try:
            return job_of(self._update(job_key(job_id), take, when="#state = :pending", pending=State.PENDING, **lease))
        except RefusedError as refused:
            held = found(refused)
        if not held.was_lost(now) or (held.lease is not None and held.lease.token == token):
            return mine(held, token)
        if held.lease is None:
            unclaimed, lost = "attribute_not_exists(#lease_until)", {}
        else:
            unclaimed = "#lease_token = :lost AND #lease_until = :ran_out"
            lost = {"lost": held.lease.token, "ran_out": held.lease.until}
        try:
            row = self._update(
                job_key(job_id),
                f"{take}, #losses = #losses + :one",
                when=f"#state = :processing AND {unclaimed}",
                **lost,
                **lease,
            )
        except RefusedError as refused:
            return mine(found(refused), token)
        return job_of(row)

    def renew(self, job_id: str, *, token: str, until: int, progress: int, cost: Cost, now: int) -> None:
        try:
            self._update(
                job_key(job_id),
                "SET #lease_until = :until, #due_at = :until, #progress = :progress, #cost = :cost, #updated_at = :now",
                when=HELD,
                until=until,
                progress=progress,
                cost=cost_text(cost),
                now=now,
                **held_by(token),
            )
        except RefusedError as refused:
            raise LeaseLostError("The lease cannot be renewed: " + why(refused)) from None

    def release(self, job_id: str, *, token: str, now: int, due_at: int, cost: Cost) -> None:
        try:
            self._update(
                job_key(job_id),
                "SET #state = :pending, #due_at = :due_at, #cost = :cost, #updated_at = :now REMOVE #lease_until",
                when=HELD,
                pending=State.PENDING,
                due_at=due_at,
                cost=cost_text(cost),
                now=now,
                **held_by(token),
            )
        except RefusedError as refused:
            if text(refused.row, "state") == State.PENDING and text(refused.row, "lease_token") == token:
                return
            raise LeaseLostError("The job cannot be given back: " + why(refused)) from None

    def end(
        self,
        job_id: str,
        *,
        state: State,
        now: int,
        token: str | None = None,
        result: Result | None = None,
        failure: Failure | None = None,
        cost: Cost | None = None,
        delivery: Delivery | None = None,
        due_at: int | None = None,
    ) -> None:
        ended_by = uuid.uuid4().hex
        changes = {
            "state": state,
            "updated_at": now,
            "ended_at": now,
            "ended_by": ended_by,
            "progress": 100 if state is State.COMPLETED else None,
            **outcome_attributes(result, failure),
            "cost": None if cost is None else cost_text(cost),
            "due_at": due_at,
        }
        given = {name: value for name, value in changes.items() if value is not None}
        if token is None:
            when, holder = "#state IN (:pending, :processing)", {"pending": str(State.PENDING)}
        else:
            when, holder = HELD, {"token": token}
        gone = "#lease_until" if due_at is not None else "#lease_until, #due_at"
        update = {
            "Key": job_key(job_id),
            **expressions(f"{assigned(given)} REMOVE {gone}", when, processing=State.PROCESSING, **holder, **given),
        }
        rows: list[Row] = []
        if result is not None and result.inline is not None:
            kept = seconds(now + limits.JOB_KEPT)
            rows.append({**job_key(job_id, "result"), **attributes(json=result.inline, expires_at=kept)})
        if delivery is not None:
            rows.append(delivery_row(delivery, now))
        try:
            if rows:
                self._transact([{"Update": update}, *({"Put": {"Item": row}} for row in rows)])
            else:
                with translated("DynamoDB"), refusals():
                    self._client.update_item(TableName=self._table, **update)
        except RefusedError as refused:
            if text(refused.row, "ended_by") == ended_by:
                return
            if token is None:
                raise JobEndedError("The job has ended already: " + why(refused)) from None
            wanted = (state, token, None if result is None else result.digest)
            if tuple(text(refused.row, name) for name in ("state", "lease_token", "result_digest")) != wanted:
                raise LeaseLostError("The job cannot be ended: " + why(refused)) from None

    def entomb(self, job_id: str) -> None:
        with suppress(RefusedError):  # gone altogether
            self._update(
                job_key(job_id),
                "REMOVE " + ", ".join(f"#{name}" for name in BURIED),
                when="attribute_exists(#ended_at)",
            )

    # --- what the sweeper looks at -----------------------------------------------------------------------------------

    def due(self, now: int, limit: int) -> Sequence[str]:
        return self._due("job", now, limit)

    def due_deliveries(self, now: int, limit: int) -> Sequence[str]:
        return self._due("delivery", now, limit)

    def postpone(self, job_id: str, *, seen_due_at: int, due_at: int | None) -> bool:
        try:
            if due_at is None:
                self._update(job_key(job_id), "REMOVE #due_at", when="#due_at = :seen", seen=seen_due_at)
            else:
                self._update(
                    job_key(job_id), "SET #due_at = :due_at", when="#due_at = :seen", seen=seen_due_at, due_at=due_at
                )
        except RefusedError as refused:
            return refused.row is not None and number(refused.row, "due_at") == due_at
        return True

    # --- the ledger --------------------------------------------------------------------------------------------------

    def begin_attempt(self, job_id: str, step: str, *, token: str, now: int, until: int, cost: Cost) -> Attempt:
        key = job_key(job_id, f"step#{step}")
        begun_by = uuid.uuid4().hex
        renewal = expressions(
            "SET #lease_until = :until, #due_at = :until, #cost = :cost, #updated_at = :now",
            HELD,
            until=until,
            cost=cost_text(cost),
            now=now,
            **held_by(token),
        )
        for _ in range(TRIES):
            standing = self._get(key)
            seen = 0 if standing is None else number(standing, "attempts") or 0
            if standing is not None and "outcome" in standing:
                return attempt_of(standing)
            if seen >= limits.PAID_ATTEMPTS_PER_STEP:
                raise AttemptsExhaustedError(f"The step {step!r} was interrupted {seen} times")
            row = {
                **key,
                **attributes(
                    attempts=seen + 1, token=token, begun_by=begun_by, expires_at=seconds(now + limits.JOB_KEPT)
                ),
            }
            unchanged = (
                {"ConditionExpression": "attribute_not_exists(pk)"}
                if standing is None
                else {
                    "ConditionExpression": "#attempts = :seen AND attribute_not_exists(#outcome)",
                    "ExpressionAttributeNames": {"#attempts": "attempts", "#outcome": "outcome"},
                    **values(seen=seen),
                }
            )
            try:
                self._transact(
                    [
                        {"Update": {"Key": job_key(job_id), **renewal}},
                        {"Put": {"Item": row, "ReturnValuesOnConditionCheckFailure": "ALL_OLD", **unchanged}},
                    ]
                )
            except RefusedError as refused:
                if text(refused.row, "sk") == "job" or refused.row is None:
                    raise LeaseLostError("The step cannot be begun: " + why(refused)) from None
                if text(refused.row, "begun_by") != begun_by:
                    continue  # a worker that was thought dead has recorded its outcome
                row = refused.row
            return attempt_of(row)
        raise TransientError(f"The ledger of the step {step!r} kept changing")

    def finish_attempt(self, job_id: str, step: str, *, token: str, outcome: str) -> None:
        try:
            self._update(
                job_key(job_id, f"step#{step}"),
                "SET #outcome = :outcome",
                when="#token = :token AND attribute_not_exists(#outcome)",
                outcome=outcome,
                token=token,
            )
        except RefusedError as refused:
            if (text(refused.row, "token"), text(refused.row, "outcome")) == (token, outcome):
                return
            raise LeaseLostError(f"Another worker has begun the step {step!r} since") from None

    def cancel_attempt(self, job_id: str, step: str, *, token: str, now: int, cost: Cost) -> None:
        bill = expressions(
            "SET #cost = :cost, #updated_at = :now", HELD, cost=cost_text(cost), now=now, **held_by(token)
        )
        # Without its token the attempt is nobody's, and a repetition of this write finds that it was carried out.
        uncounted = expressions(
            "SET #attempts = #attempts - :one REMOVE #token",
            "#token = :token AND attribute_not_exists(#outcome)",
            one=1,
            token=token,
        )
        try:
            self._transact(
                [
                    {"Update": {"Key": job_key(job_id), **bill}},
                    {"Update": {"Key": job_key(job_id, f"step#{step}"), **uncounted}},
                ]
            )
        except RefusedError as refused:
            if text(refused.row, "sk") == f"step#{step}" and text(refused.row, "token") is None:
                return
            raise LeaseLostError(f"The attempt of the step {step!r} is not this worker's to take back") from None

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        query: dict[str, Any] = {
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :step)",
            **values(pk=f"job#{job_id}", step="step#"),
        }
        return [attempt_of(row) for row in self._rows(query)]

    # --- webhooks and pulse ------------------------------------------------------------------------------------------

    def delivery(self, job_id: str) -> Delivery | None:
        row = self._get(job_key(job_id, "delivery"))
        return None if row is None else delivery_of(row)

    def put_delivery(self, delivery: Delivery, *, seen: Delivery) -> bool:
        changes: dict[str, Any] = {
            "url": delivery.url,
            "message_id": delivery.message_id,
            "state": delivery.state,
            "round_tries": delivery.round_tries,
            "log": log_text(delivery),
        }
        if delivery.due_at is not None:
            changes["due_at"] = delivery.due_at
        gone = " REMOVE #due_at" if delivery.due_at is None else ""
        same = {"state": "seen_state", "message_id": "seen_id", "round_tries": "seen_tries", "log": "seen_log"}
        try:
            self._update(
                job_key(delivery.job_id, "delivery"),
                assigned(changes) + gone,
                when=" AND ".join(f"#{name} = :{value}" for name, value in same.items()),
                seen_state=seen.state,
                seen_id=seen.message_id,
                seen_tries=seen.round_tries,
                seen_log=log_text(seen),
                **changes,
            )
        except RefusedError as refused:
            return refused.row is not None and delivery_of(refused.row) == delivery
        return True

    def pulse(self, kind: Kind) -> Pulse | None:
        row = self._get(pulse_key(kind))
        return None if row is None else pulse_of(row)

    def beat(self, kind: Kind, *, wait: int, per_item: int) -> None:
        row = self._get(pulse_key(kind))
        beats = (0 if row is None else number(row, "beats")) or 0
        pulse = (Pulse() if row is None else pulse_of(row)).after(wait=wait, per_item=per_item)
        with suppress(RefusedError):  # another's observation came first; one of many is no loss
            self._update(
                pulse_key(kind),
                "SET #wait = :wait, #per_item = :per_item, #beats = :beats REMOVE #waiting_since",
                when="#beats = :seen OR attribute_not_exists(#beats)",
                wait=pulse.wait,
                per_item=pulse.per_item,
                beats=beats + 1,
                seen=beats,
            )

    def note_waiting(self, kind: Kind, *, since: int) -> None:
        with translated("DynamoDB"):
            self._client.update_item(
                TableName=self._table,
                Key=pulse_key(kind),
                UpdateExpression="SET waiting_since = :since",
                **values(since=since),
            )

    # --- calls -------------------------------------------------------------------------------------------------------

    def _due(self, what: str, now: int, limit: int) -> Sequence[str]:
        found: list[tuple[int, str]] = []
        for shard in range(SHARDS):
            page = self._query(
                {
                    "IndexName": "due",
                    "KeyConditionExpression": "#due_shard = :shard AND #due_at <= :now",
                    "Limit": limit,
                    **values(shard=f"{what}#{shard}", now=now),
                }
            )
            found += [(number(row, "due_at") or 0, job_id_of(row)) for row in page["Items"]]
        return [job_id for _, job_id in sorted(found)[:limit]]


# --- what a refusal means --------------------------------------------------------------------------------------------


def found(refused: RefusedError) -> Job:
    if refused.row is None:
        raise JobNotFoundError
    return job_of(refused.row)


def mine(job: Job, token: str) -> Job:
    """The job, if it is held under this token: a claim that was carried out and is asked for again."""
    if job.state is State.PROCESSING and job.lease is not None and job.lease.token == token:
        return job
    raise LeaseLostError(f"The job is {job.state.value} already")


def why(refused: RefusedError) -> str:
    state = text(refused.row, "state")
    if state is None:
        return "there is no such job"
    return "another worker holds it" if state == State.PROCESSING else f"it is {state}"


def outcome_attributes(result: Result | None, failure: Failure | None) -> dict[str, str | int | None]:
    found: dict[str, str | int | None] = {}
    if result is not None:
        found |= {"result_digest": result.digest, "result_size": result.size, "result_key": result.key}
    if failure is not None:
        found |= {"failure_code": failure.code, "failure_message": failure.message}
    return found


def held_by(token: str) -> dict[str, str]:
    """The values of HELD."""
    return {"token": token, "processing": State.PROCESSING}
