"""Made pictures as the wire shows them: keys of storage become URLs that are signed at each reading."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.jobs import Cost, Kind, State
from darkroom.domain.limits import INLINE_ANSWER_BYTES, SECOND
from darkroom.domain.times import iso
from darkroom.entry import views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.domain.jobs import Job
    from darkroom.domain.products import Fact, Overlay, Price, Product
    from darkroom.usecases.jobs import Jobs
    from darkroom.usecases.shelf import Shelf

ENDED_BADLY: Final = {
    State.CANCELLED: ("CANCELLED", "The job was cancelled"),
    State.EXPIRED: ("JOB_EXPIRED", "The job did not end before its deadline"),
}


# --- doodles ----------------------------------------------------------------------------------------------------------


def actions(raw: Mapping[str, Any], shelf: Shelf) -> dict[str, Any]:
    """What the actions of one request made: a single one by itself, several as `results`."""
    results = [_action(each, shelf) for each in raw["results"]]
    if not raw["several"]:
        return results[0]
    shown = [
        {"index": index, "error": each["error"]} if "error" in each else {"index": index, "result": each}
        for index, each in enumerate(results)
    ]
    total = sum((Cost(**each["cost"]) for each in raw["results"] if "cost" in each), Cost())
    return {"results": shown, "cost": views.cost(total)}


def _action(made: Mapping[str, Any], shelf: Shelf) -> dict[str, Any]:
    if "error" in made:
        return dict(made)
    shown = {name: value for name, value in made.items() if name != "inline"}
    shown["cost"] = views.cost(Cost(**made["cost"]))
    whole = made.get("doodles", []) + ([made] if "key" in made else []) + made.get("frames", [])
    inline = made["inline"] and sum(each["bytes"] for each in whole) <= INLINE_ANSWER_BYTES
    for name in ("doodles", "frames"):
        if name in made:
            shown[name] = [_linked(each, shelf, inline=inline) for each in made[name]]
    return _linked(shown, shelf, inline=inline) if "key" in shown else shown


def _linked(stored: Mapping[str, Any], shelf: Shelf, *, inline: bool) -> dict[str, Any]:
    """One stored picture with a URL in place of its key, and with its bytes where they were asked for."""
    key = stored["key"]
    url, expires_at = shelf.link(key)
    rest = {name: value for name, value in stored.items() if name != "key"}
    shown = {**rest, "url": url, "urlExpiresAt": iso(expires_at)}
    return shown | {"imageData": base64.b64encode(shelf.read(key)).decode()} if inline else shown


# --- product pictures -------------------------------------------------------------------------------------------------


def image_status(job: Job, jobs: Jobs, shelf: Shelf) -> dict[str, Any]:
    """A product picture's job as its first routes answer it: lower-case status, epoch seconds."""
    shown: dict[str, Any] = {"jobId": job.job_id, "createdAt": job.created_at // SECOND}
    match job.state:
        case State.PENDING:
            return shown | {"status": "pending"}
        case State.PROCESSING:
            return shown | {"status": "processing", "message": "Image generation in progress"}
        case State.COMPLETED:
            ended_at = {"completedAt": (job.ended_at or job.updated_at) // SECOND}
            picture = _product_picture(jobs.result(job), shelf)
            picture["urlExpiresAt"] //= SECOND
            return shown | {"status": "completed"} | ended_at | picture | {"cost": views.cost(job.cost)}
        case _:
            code, message = (
                (job.failure.code, job.failure.message) if job.failure else ENDED_BADLY.get(job.state, ("INTERNAL", ""))
            )
            ended_at = {"failedAt": (job.ended_at or job.updated_at) // SECOND}
            return shown | {"status": "failed", "error": message, "errorCode": code} | ended_at


def _product_picture(result: Mapping[str, Any], shelf: Shelf) -> dict[str, Any]:
    """`urlExpiresAt` is in epoch milliseconds still."""
    url, expires_at = shelf.link(result["key"])
    rest = {name: value for name, value in result.items() if name not in {"key", "model"}}
    return {**rest, "imageUrl": url, "urlExpiresAt": expires_at}


def preview(product: Product, overlay: Overlay) -> dict[str, Any]:
    """What was read from a page, as `POST /generative-ai-images/preview` answers it."""
    from darkroom.usecases.product_images import overlay_text

    facts = {
        "name": _fact(product.name),
        "price": _price(product.price),
        "listPrice": _price(product.list_price),
        "offer": _fact(product.offer),
        "availability": _fact(product.availability),
        "brand": _fact(product.brand),
        "language": product.language,
    }
    return {
        "productUrl": product.url,
        "found": product.found,
        **{name: value for name, value in facts.items() if value is not None},
        "pictures": [_fact(each) for each in product.pictures],
        "overlayText": overlay_text(overlay),
    }


def _fact(fact: Fact | None) -> dict[str, Any] | None:
    if fact is None:
        return None
    return {"value": fact.value, "source": fact.source, "confidence": round(fact.confidence, 3)}


def _price(price: Price | None) -> dict[str, Any] | None:
    if price is None:
        return None
    found = {
        "amount": price.amount,
        "currency": price.currency,
        "text": price.text,
        "source": price.source,
        "confidence": round(price.confidence, 3),
    }
    return {name: value for name, value in found.items() if value is not None}


# --- any job ----------------------------------------------------------------------------------------------------------


def result(job: Job, jobs: Jobs, shelf: Shelf) -> dict[str, Any]:
    """What a completed job made, as its own route answers it."""
    raw = jobs.result(job)
    if job.kind is Kind.DOODLE:
        return actions(raw, shelf)
    picture = _product_picture(raw, shelf)
    return picture | {"urlExpiresAt": iso(picture["urlExpiresAt"])}
