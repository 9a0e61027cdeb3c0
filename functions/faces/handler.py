"""Faces and people: what is asked about them. What takes a model or the index becomes a job, and is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from darkroom import wiring
from darkroom.domain.jobs import State
from darkroom.entry import face_views, views
from darkroom.entry.http import Answer, Parts, Request, Show, accepted, serve
from darkroom.observability import Context, observed
from darkroom.usecases import sources

if TYPE_CHECKING:
    from darkroom.domain.jobs import Job

CHANGEABLE = {"name": "name", "metadata": "metadata", "consentVersion": "consent_version"}


def find_faces(request: Request, parts: Parts) -> Answer:
    body = dict(request.body)
    images = sources.sent(body.pop("images", ()), request.files)
    key = request.idempotency_key
    return _job(request, parts, parts.face_requests().submit(request.owner, images, **body, idempotency_key=key))


def compare_faces(request: Request, parts: Parts) -> Answer:
    return Answer(200, parts.face_comparison().compare(request.owner, **request.body))


def create_person(request: Request, parts: Parts) -> Answer:
    body = dict(request.body)
    consent, key = body.pop("consent_version"), request.idempotency_key
    made = parts.people().create(request.owner, **body, consent=consent, idempotency_key=key)
    return Answer(201, face_views.person(made), {"Location": f"{request.prefix}/people/{made.person_id}"})


def list_people(request: Request, parts: Parts) -> Answer:
    return Answer(200, face_views.people(parts.people().list(request.owner, **request.query)))


def get_person(request: Request, parts: Parts) -> Answer:
    return Answer(200, face_views.person(parts.people().get(request.owner, request.path["personId"])))


def change_person(request: Request, parts: Parts) -> Answer:
    changes = {name: request.body[name] for wire, name in CHANGEABLE.items() if wire in request.sent}
    if "consent_version" in changes:
        changes["consent"] = changes.pop("consent_version")
    return Answer(200, face_views.person(parts.people().change(request.owner, request.path["personId"], changes)))


def erase_person(request: Request, parts: Parts) -> Answer:
    return _job(request, parts, parts.people().erase(request.owner, request.path["personId"]), of="person(s)")


def enrol_faces(request: Request, parts: Parts) -> Answer:
    body = dict(request.body)
    named = body.pop("images", ())
    ids = body.pop("face_ids", None) or [image["face_id"] for image in named]
    job = parts.enrolment_requests().submit(
        request.owner,
        request.path["personId"],
        sources.sent(named, request.files),
        face_ids=ids,
        consent=body.pop("consent_version"),
        **body,
        idempotency_key=request.idempotency_key,
    )
    return _job(request, parts, job)


def list_faces(request: Request, parts: Parts) -> Answer:
    found = parts.people().faces(request.owner, request.path["personId"])
    return Answer(200, face_views.faces(found, parts.shelf))


def erase_face(request: Request, parts: Parts) -> Answer:
    job = parts.people().erase_face(request.owner, request.path["personId"], request.path["faceId"])
    return _job(request, parts, job, of="face(s)")


def _job(request: Request, parts: Parts, job: Job, *, of: str = "image(s)") -> Answer:
    path = f"/jobs/{job.job_id}"
    return accepted(request, parts, job, path, views.begun(job, path, of=of))


def show_result(job: Job, parts: Parts) -> Any:
    """What the job made, as if it had been done at once; the job itself where that is nothing, or too much."""
    shown = views.job_with_result(job, parts.jobs(), parts.shelf)
    return shown.get("result", shown) if job.state is State.COMPLETED else shown


OPERATIONS = {
    "findFaces": find_faces,
    "compareFaces": compare_faces,
    "createPerson": create_person,
    "listPeople": list_people,
    "getPerson": get_person,
    "changePerson": change_person,
    "erasePerson": erase_person,
    "enrolFaces": enrol_faces,
    "listFaces": list_faces,
    "eraseFace": erase_face,
}
SHOWS = {"findFaces": Show(job=show_result), "enrolFaces": Show(job=show_result)}


@observed
def handler(event: object, context: Context) -> object:
    return serve("faces", OPERATIONS, event, context, wiring, shows=SHOWS)
