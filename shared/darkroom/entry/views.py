"""From the core's values to the wire's JSON: camelCase, ISO 8601 UTC, statuses in upper case, nothing that is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.limits import MIB
from darkroom.domain.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.domain.forecast import Forecast
    from darkroom.domain.jobs import Cost, Delivery, DeliveryTry, Job
    from darkroom.ports import Page
    from darkroom.usecases.jobs import Jobs
    from darkroom.usecases.shelf import Shelf
    from darkroom.usecases.uploads import PresignedUpload

ANSWERED_RESULT_BYTES: Final = 2 * MIB
"""A larger result is answered as a URL: Lambda takes 6 MB, in which each quote of the JSON is escaped once more."""


def presigned(upload: PresignedUpload) -> dict[str, Any]:
    return {
        "url": upload.url,
        "key": upload.key,
        "bucket": upload.bucket,
        "method": upload.method,
        "headers": dict(upload.headers),
        "expiresAt": iso(upload.expires_at),
        "post": {"url": upload.post.url, "fields": dict(upload.post.fields)},
    }


def accepted(job: Job) -> dict[str, Any]:
    return {
        "success": True,
        "jobId": job.job_id,
        "status": job.state.upper(),
        "message": f"Job created for {job.items} image(s)",
        "imageCount": job.items,
        "estimate": cost(job.estimate),
    }


def begun(job: Job, path: str, *, of: str = "action(s)") -> dict[str, Any]:
    """Work that was asked for and goes on as a job; `path` is where to read it, `of` what it has so many of."""
    return {
        "jobId": job.job_id,
        "status": job.state.upper(),
        "message": f"Job created for {job.items} {of}",
        "statusUrl": path,
        "estimate": cost(job.estimate),
    }


def job(job: Job, forecast: Forecast | None = None) -> dict[str, Any]:
    """A job of any kind without its result."""
    return _present(
        jobId=job.job_id,
        status=job.state.upper(),
        kind=job.kind.value,
        imageCount=job.items,
        progress=job.progress,
        createdAt=iso(job.created_at),
        updatedAt=iso(job.updated_at),
        endedAt=None if job.ended_at is None else iso(job.ended_at),
        estimatedCompletionAt=None if forecast is None or forecast.ends_at is None else iso(forecast.ends_at),
        userId=job.request.get("userId"),
        metadata=job.request.get("metadata"),
        estimate=cost(job.estimate),
        cost=cost(job.cost),
        maxCost=job.max_cost,
        callbackUrl=job.callback_url,
        error=None if job.failure is None else {"code": job.failure.code, "message": job.failure.message},
    )


def job_with_result(found: Job, jobs: Jobs, shelf: Callable[[], Shelf]) -> dict[str, Any]:
    """A job as it is read alone: with its forecast until it ends, and with its result once it is completed."""
    shown = job(found, jobs.forecast(found))
    from darkroom.domain.jobs import Kind, State  # here, so that an upload is answered without it

    if found.state is not State.COMPLETED or found.result is None:
        return shown
    if found.result.size > ANSWERED_RESULT_BYTES:
        url, expires_at = shelf().link(str(found.result.key))
        return shown | {"resultUrl": url, "resultUrlExpiresAt": iso(expires_at)}
    if found.kind is Kind.DETECTION:
        return {**shown, **jobs.result(found)}
    from darkroom.entry import face_views, pictures

    if found.kind in face_views.KINDS:
        return shown | {"result": face_views.result(found.kind, jobs.result(found), shelf)}
    return shown | {"result": pictures.result(found, jobs, shelf())}


def page(found: Page) -> dict[str, Any]:
    return _present(jobs=[job(each) for each in found.jobs], cursor=found.cursor)


def delivery(found: Delivery) -> dict[str, Any]:
    return _present(
        jobId=found.job_id,
        url=found.url,
        status=found.state.upper(),
        messageId=found.message_id,
        nextTryAt=None if found.due_at is None else iso(found.due_at),
        tries=[_try(each) for each in found.log],
    )


def cost(value: Cost) -> dict[str, Any]:
    return {
        "usd": value.usd,
        "providerUnits": value.provider_units,
        "gbSeconds": value.gb_seconds,
        "bytesIn": value.bytes_in,
        "bytesOut": value.bytes_out,
    }


def _try(found: DeliveryTry) -> dict[str, Any]:
    return _present(at=iso(found.at), durationMs=found.duration, status=found.status, note=found.note)


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
