"""`/ai`: draw, animate, analyse, optimise; at once where that is quick and free, else as a job."""

from typing import Any

from darkroom import wiring
from darkroom.domain.jobs import Job, State
from darkroom.entry import gate, pictures, views
from darkroom.entry.http import Answer, Parts, Request, Show, accepted, serve
from darkroom.errors import DarkroomError
from darkroom.observability import Context, observed
from darkroom.usecases.doodles import ITEM_ERRORS, Asked

ACTION = "doodles.AiRequest"


def perform(request: Request, parts: Parts) -> Answer:
    requests, body = parts.doodle_requests(), request.body
    several = "actions" in body

    def asked(place: int, action: Any) -> Asked | DarkroomError:
        """One of several: what is wrong with it is its own answer."""
        try:
            if not isinstance(action, dict):
                raise gate.one_problem(f"actions[{place}]", gate.MESSAGES["dict_type"])
            return requests.asked(gate.fields(ACTION, action), alone=False)
        except ITEM_ERRORS as error:
            return error

    made = requests.answer(
        request.owner,
        [asked(*each) for each in enumerate(body["actions"])] if several else [requests.asked(body)],
        several=several,
        in_background=request.in_background,
        callback_url=body.get("callback_url"),
        max_cost=body.get("max_cost"),
        idempotency_key=request.idempotency_key,
    )
    if not isinstance(made, Job):
        return Answer(200, {"several": several, "results": list(made)})
    path = f"/jobs/{made.job_id}"
    return accepted(request, parts, made, path, views.begun(made, path))


def show(body: Any, parts: Parts) -> Any:
    return pictures.actions(body, parts.shelf())


def show_job(job: Job, parts: Parts) -> Any:
    """What the actions made, as if they had been done at once; the job itself where it came to nothing."""
    if job.state is State.COMPLETED:
        return pictures.result(job, parts.jobs(), parts.shelf())
    return views.job_with_result(job, parts.jobs(), parts.shelf)


OPERATIONS = {"performActions": perform}
SHOWS = {"performActions": Show(show, show_job)}


@observed
def handler(event: object, context: Context) -> object:
    return serve("doodle", OPERATIONS, event, context, wiring, shows=SHOWS)
