"""The commands: begin a job, cancel it, send its webhook again."""

from darkroom import wiring
from darkroom.entry import views
from darkroom.entry.http import Answer, Parts, Request, serve
from darkroom.observability import Context, observed


def detect_objects(request: Request, parts: Parts) -> Answer:
    job = parts.detection_requests().submit(request.owner, **request.body, idempotency_key=request.idempotency_key)
    headers = {
        "Location": f"{request.prefix}/jobs/{job.job_id}",
        "Retry-After": str(parts.jobs().forecast(job).retry_after_seconds),
    }
    return Answer(202, views.accepted(job), headers)


def cancel_job(request: Request, parts: Parts) -> Answer:
    return Answer(202, views.job(parts.jobs().cancel(request.owner, request.path["jobId"])))


def replay_webhook(request: Request, parts: Parts) -> Answer:
    return Answer(202, views.delivery(parts.webhooks().replay(request.owner, request.path["jobId"])))


OPERATIONS = {"detectObjects": detect_objects, "cancelJob": cancel_job, "replayWebhook": replay_webhook}


@observed
def handler(event: object, context: Context) -> object:
    return serve("receiver", OPERATIONS, event, context, wiring)
