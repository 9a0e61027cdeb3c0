"""The commands: begin a job, cancel it, send its webhook again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from darkroom import wiring
from darkroom.entry import views
from darkroom.entry.http import Answer, Parts, Request, Show, accepted, serve
from darkroom.observability import Context, observed

if TYPE_CHECKING:
    from darkroom.domain.jobs import Job


def detect_objects(request: Request, parts: Parts) -> Answer:
    job = parts.detection_requests().submit(request.owner, **request.body, idempotency_key=request.idempotency_key)
    return accepted(request, parts, job, f"/jobs/{job.job_id}", views.accepted(job))


def generate_product_image(request: Request, parts: Parts) -> Answer:
    requests = parts.product_image_requests()
    job = requests.submit(request.owner, **request.body, idempotency_key=request.idempotency_key)
    path = f"/api/status/{job.job_id}"
    body = {"jobId": job.job_id, "message": "Image generation started", "statusUrl": path}
    return accepted(request, parts, job, path, body)


def show_product_image(job: Job, parts: Parts) -> Any:
    from darkroom.entry import pictures

    return pictures.image_status(job, parts.jobs(), parts.shelf())


def cancel_job(request: Request, parts: Parts) -> Answer:
    return Answer(202, views.job(parts.jobs().cancel(request.owner, request.path["jobId"])))


def replay_webhook(request: Request, parts: Parts) -> Answer:
    return Answer(202, views.delivery(parts.webhooks().replay(request.owner, request.path["jobId"])))


OPERATIONS = {
    "detectObjects": detect_objects,
    "generateProductImage": generate_product_image,
    "cancelJob": cancel_job,
    "replayWebhook": replay_webhook,
}
SHOWS = {"generateProductImage": Show(job=show_product_image)}


@observed
def handler(event: object, context: Context) -> object:
    return serve("receiver", OPERATIONS, event, context, wiring, shows=SHOWS)
