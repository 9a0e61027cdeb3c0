"""Webhooks by the Standard Webhooks specification (https://www.standardwebhooks.com): payload, signature, patience.

A delivery is tried until the far side answers 2xx, at the waits of WEBHOOK_BACKOFF, each try under the same
`webhook-id`. Before a try is made it is counted and logged as begun, so a sender that is killed leaves a trace, and the
same conditional write keeps two senders from one try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.jobs import Delivery, DeliveryState, DeliveryTry
from darkroom.domain.limits import LEASE, SUBMISSION_GRACE, WEBHOOK_BACKOFF
from darkroom.domain.redaction import redacted
from darkroom.domain.times import iso

if TYPE_CHECKING:
    from darkroom.domain.jobs import Job

LOGGED_TRIES: Final = 20
"""How many of the newest tries the log keeps."""
TRY: Final = LEASE
"""How long a try that was begun may go unrecorded before another sender makes the next."""
BEGUN: Final = "Begun by"
INTERRUPTED: Final = "interrupted before it could record an answer"
GONE: Final = 410
"""With it a receiver says that it wants no more of them."""


def secret(master: str, owner: str) -> str:
    """The owner's signing secret, as it is shown to the owner: `whsec_` and 32 bytes in base64.

    Derived by HMAC-SHA256, so nothing is stored for an owner and no owner's secret tells another's.
    """
    key = hmac.digest(master.encode(), b"darkroom webhook secret of " + owner.encode(), "sha256")
    return f"whsec_{base64.b64encode(key).decode()}"


def signed_headers(secret: str, *, message_id: str, now: int, body: bytes) -> dict[str, str]:
    """The three headers of the specification; what is signed is `id.timestamp.body`, the time in whole seconds."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    timestamp = str(now // 1000)
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


def payload(job: Job) -> bytes:
    """What is sent about an ended job: small, the same in each try, and without results, URLs of results or metadata.

    The receiver asks for the result with its own key.
    """
    ended_at = job.ended_at if job.ended_at is not None else job.updated_at
    data: dict[str, Any] = {
        "jobId": job.job_id,
        "kind": job.kind.value,
        "status": job.state.value.upper(),
        "imageCount": job.items,
        "createdAt": iso(job.created_at),
        "endedAt": iso(ended_at),
        "statusUrl": f"/jobs/{job.job_id}",
    }
    if job.failure is not None:
        data["error"] = {"code": job.failure.code, "message": redacted(job.failure.message)}
    event = {"type": f"job.{job.state.value}", "timestamp": iso(ended_at), "data": data}
    return json.dumps(event, separators=(",", ":")).encode()


def first_delivery(job: Job, now: int) -> Delivery | None:
    """The row that belongs into the transaction that ends the job; None for a job that wants no webhook.

    Its message is sent right after. `due_at` is when the sweeper sends it, should that have failed.
    """
    if job.callback_url is None:
        return None
    return Delivery(
        job_id=job.job_id,
        owner=job.owner,
        url=job.callback_url,
        message_id=f"msg_{job.job_id}",
        due_at=now + SUBMISSION_GRACE,
    )


def replayed(delivery: Delivery, *, message_id: str, now: int) -> Delivery:
    """The same delivery from its beginning, under a new id, with its log."""
    return replace(
        delivery, message_id=message_id, state=DeliveryState.PENDING, due_at=now + SUBMISSION_GRACE, round_tries=0
    )


def postponed(delivery: Delivery, due_at: int) -> Delivery:
    """The same, for the sweeper to look at again later."""
    return replace(delivery, due_at=due_at)


def next_try_at(delivery: Delivery) -> int:
    """The earliest time of the next try, whatever duplicate message asks for it sooner; 0 before the first."""
    if delivery.round_tries == 0 or not delivery.log:
        return 0
    last = delivery.log[-1]
    return last.at + (TRY if _is_open(last) else _wait_after(delivery.round_tries))


def begun(delivery: Delivery, now: int, sender: str) -> Delivery:
    """With one more try, counted and logged before it is made.

    `sender` is new with each try: it keeps the rows of two senders apart that begin in the same millisecond.
    """
    note = f"{BEGUN} {sender}, {INTERRUPTED}"
    return replace(
        delivery,
        due_at=now + TRY,
        round_tries=delivery.round_tries + 1,
        log=(*delivery.log, DeliveryTry(at=now, duration=0, status=None, note=note))[-LOGGED_TRIES:],
    )


def answered(delivery: Delivery, *, duration: int, status: int | None, note: str = "") -> Delivery:
    """With the begun try's answer: delivered, given up, or due again after its wait.

    `status` is None where no HTTP answer came; `note` then says why.
    """
    last = replace(delivery.log[-1], duration=duration, status=status, note=note or _words(status))
    state, due_at = DeliveryState.PENDING, None
    if status is not None and 200 <= status < 300:
        state = DeliveryState.DELIVERED
    elif status == GONE or spent(delivery):
        state = DeliveryState.FAILED
    else:
        due_at = last.at + _wait_after(delivery.round_tries)
    return replace(delivery, state=state, due_at=due_at, log=(*delivery.log[:-1], last))


def spent(delivery: Delivery) -> bool:
    """Every try of this round has been begun."""
    return delivery.round_tries > len(WEBHOOK_BACKOFF)


def given_up(delivery: Delivery, now: int, note: str) -> Delivery:
    """Failed without another try."""
    last = DeliveryTry(at=now, duration=0, status=None, note=note)
    return replace(delivery, state=DeliveryState.FAILED, due_at=None, log=(*delivery.log, last)[-LOGGED_TRIES:])


def _wait_after(tries: int) -> int:
    return WEBHOOK_BACKOFF[min(tries, len(WEBHOOK_BACKOFF)) - 1]


def _is_open(attempt: DeliveryTry) -> bool:
    return attempt.status is None and attempt.note.startswith(BEGUN) and attempt.note.endswith(INTERRUPTED)


def _words(status: int | None) -> str:
    if status is None:
        return "No answer"
    if 200 <= status < 300:
        return "Delivered"
    if status == GONE:
        return "The receiver answered that it is gone; it is not called again"
    if 300 <= status < 400:
        return "Answered with a redirect, which a webhook does not follow"
    return "Answered without success"
