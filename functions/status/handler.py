"""The queries: jobs, their webhooks, health, and the API's own description."""

from darkroom import wiring
from darkroom.contracts.routes import HTML
from darkroom.domain.jobs import Kind, State
from darkroom.entry import documents, views
from darkroom.entry.http import Answer, Parts, Request, serve
from darkroom.errors import JobNotFoundError, UnauthenticatedError
from darkroom.observability import Context, observed


def list_jobs(request: Request, parts: Parts) -> Answer:
    status, kind = request.query["status"], request.query["kind"]
    page = parts.jobs().list(
        request.owner,
        state=status and State(status.lower()),
        kind=kind and Kind(kind),
        cursor=request.query["cursor"],
        limit=request.query["limit"],
    )
    return Answer(200, views.page(page))


def get_job(request: Request, parts: Parts) -> Answer:
    jobs = parts.jobs()
    job = jobs.wait(request.owner, request.path["jobId"], request.wait)
    seconds = jobs.forecast(job).retry_after_seconds
    return Answer(200, views.job_with_result(job, jobs, parts.shelf), {"Retry-After": str(seconds)} if seconds else {})


def get_image_status(request: Request, parts: Parts) -> Answer:
    from darkroom.entry import pictures  # for these two routes alone

    jobs = parts.jobs()
    job = jobs.wait(request.owner, request.path["jobId"], request.wait)
    if job.kind is not Kind.PRODUCT_IMAGE:
        raise JobNotFoundError
    seconds = jobs.forecast(job).retry_after_seconds
    headers = {"Retry-After": str(seconds)} if seconds else {}
    return Answer(200, pictures.image_status(job, jobs, parts.shelf()), headers)


def get_webhook(request: Request, parts: Parts) -> Answer:
    return Answer(200, views.delivery(parts.jobs().delivery(request.owner, request.path["jobId"])))


def get_health(request: Request, parts: Parts) -> Answer:
    """Open to anybody, so the deep check, which costs calls, asks for a key itself."""
    stage = {"status": "ok", "stage": parts.settings().stage}
    if request.query["deep"] == "0":
        return Answer(200, stage)
    if request.caller is None:
        key = request.headers.get("x-api-key")
        if not key:
            raise UnauthenticatedError(
                "The deep check needs a key in the x-api-key header", fix="Send a valid key in the x-api-key header."
            )
        access = parts.access()
        access.admit(access.authenticate(api_key=key))
    return Answer(200, stage | {"checks": parts.health().check()})


def get_openapi(_request: Request, _parts: Parts) -> Answer:
    return Answer(200, documents.openapi(), documents.CACHED)


def get_docs(_request: Request, _parts: Parts) -> Answer:
    html, policy = documents.page()
    return Answer(200, html, {**documents.CACHED, "Content-Security-Policy": policy}, HTML)


OPERATIONS = {
    "listJobs": list_jobs,
    "getJob": get_job,
    "getImageStatus": get_image_status,
    "getImageStatusByShortPath": get_image_status,
    "getWebhook": get_webhook,
    "getHealth": get_health,
    "getOpenapi": get_openapi,
    "getDocs": get_docs,
}


@observed
def handler(event: object, context: Context) -> object:
    return serve("status", OPERATIONS, event, context, wiring)
