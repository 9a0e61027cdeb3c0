"""People and their faces, as their owner asks about them and has them changed. What takes a model or the index is a job
(`enrolment.py`, `erasure.py`)."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import cost, limits
from darkroom.domain.jobs import Kind, State
from darkroom.domain.people import FaceState, Person, PersonState, sent_key
from darkroom.errors import (
    ConflictError,
    ConsentMissingError,
    FaceNotFoundError,
    InvalidRequestError,
    PersonNotFoundError,
    TransientError,
)
from darkroom.usecases.faces import PURPOSES, at_once, check_count
from darkroom.usecases.submission import Submission, check_metadata, check_request, check_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from darkroom.domain.jobs import Job
    from darkroom.domain.people import EnrolledFace
    from darkroom.ports import Clock, Fetcher, ObjectStore, PeoplePage, PeopleStore
    from darkroom.usecases.sources import Sent, SourceChecks
    from darkroom.usecases.submission import Submissions

CHANGE_TRIES: Final = 3
"""A change that meets another one begins anew, so often."""
ERASURE_TURNS: Final = 10
"""Erasures that failed are begun anew, so often within the keeping time of a job."""
ERASURE_MILLISECONDS: Final = 5_000

log = logging.getLogger(__name__)


class People:
    """Every method raises PersonNotFoundError for a person that is unknown, another owner's or being erased."""

    def __init__(self, store: PeopleStore, submissions: Submissions, clock: Clock, *, gigabytes: float) -> None:
        """`gigabytes` is the size of the function that erases; the estimate is made of it."""
        self._store = store
        self._submissions = submissions
        self._clock = clock
        self._gigabytes = gigabytes

    def create(
        self,
        owner: str,
        *,
        person_id: str | None = None,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        consent: str | None = None,
        idempotency_key: str | None = None,
    ) -> Person:
        """A new person, of the caller's id or one of ours; with an Idempotency-Key, the one that it made before.

        Raises ConflictError for an id that is taken, InvalidRequestError for metadata that are too large.
        """
        check_metadata(metadata)
        now = self._clock.now()
        person = Person(
            owner=owner,
            person_id=person_id or made_id(owner, idempotency_key, "person"),
            name=name,
            metadata=metadata,
            consent=consent,
            state=PersonState.ACTIVE,
            created_at=now,
            updated_at=now,
        )
        stored = self._store.create(person)
        repeated = idempotency_key is not None or stored.created_at == now
        if stored.state is not PersonState.ACTIVE or not (repeated and _words(stored) == _words(person)):
            raise ConflictError(
                f"There is a person {person.person_id} already"
                if stored.state is PersonState.ACTIVE
                else f"A person {person.person_id} is being erased",
                code="PERSON_EXISTS",
                fix="Choose another personId, change that person with PATCH, or erase it first.",
            )
        return stored

    def get(self, owner: str, person_id: str) -> Person:
        person = self._store.get(owner, person_id)
        if person is None or person.state is not PersonState.ACTIVE:
            raise PersonNotFoundError
        return person

    def list(self, owner: str, *, cursor: str | None = None, limit: int = limits.PAGE_DEFAULT) -> PeoplePage:
        """Those that are not being erased, by id. A page may be short and still have a cursor.

        Raises InvalidRequestError for a foreign cursor.
        """
        return self._store.list(owner, cursor=cursor, limit=limit)

    def change(self, owner: str, person_id: str, changes: Mapping[str, Any]) -> Person:
        """The person with these of `name`, `metadata` and `consent` in place of its own.

        Raises InvalidRequestError for metadata that are too large, ConflictError where others keep changing it.
        """
        check_metadata(changes.get("metadata"))
        for _ in range(CHANGE_TRIES):
            seen = self.get(owner, person_id)
            changed = replace(seen, **changes, updated_at=max(self._clock.now(), seen.updated_at + 1))
            if not changes or self._store.update(changed, seen=seen):
                return changed if changes else seen
        raise ConflictError("The person is being changed by others", fix="Read the person again and repeat the change.")

    def erase(self, owner: str, person_id: str) -> Job:
        """The job that erases the person. Nobody finds the person from now on, whatever becomes of the job; asked for
        again, the same job goes on, or another one where it came to nothing."""
        person = self._store.begin_erasure(owner, person_id, now=self._clock.now())
        return self._erasure(owner, {"personId": person_id}, f"{person_id} {person.created_at}")

    def faces(self, owner: str, person_id: str) -> Sequence[EnrolledFace]:
        """Those that are enrolled, the oldest first."""
        self.get(owner, person_id)
        found = [face for face in self._store.faces(owner, person_id) if face.state is FaceState.ENROLLED]
        return sorted(found, key=lambda face: (face.created_at, face.face_id))

    def erase_face(self, owner: str, person_id: str, face_id: str) -> Job:
        """The job that erases one face. Raises FaceNotFoundError for one that is not enrolled."""
        face = next((face for face in self.faces(owner, person_id) if face.face_id == face_id), None)
        if face is None:
            raise FaceNotFoundError
        return self._erasure(owner, {"personId": person_id, "faceId": face_id}, f"{person_id} {face_id} {face.token}")

    def _erasure(self, owner: str, request: Mapping[str, str], what: str) -> Job:
        for turn in range(ERASURE_TURNS):
            job = self._submissions.submit(
                Submission(
                    owner=owner,
                    kind=Kind.ERASURE,
                    request=request,
                    items=1,
                    estimate=cost.compute(self._gigabytes, ERASURE_MILLISECONDS),
                    idempotency_key=f"erase {what} {turn}",  # no caller's key holds a blank
                )
            )
            if not job.state.terminal or job.state is State.COMPLETED:
                return job
        raise TransientError("The erasure failed too often", fix="Look at the jobs of the kind erasure.")


class EnrolmentRequests:
    """What `POST /people/{personId}/faces` asks for, checked as far as that goes without reading a picture."""

    def __init__(
        self,
        people: People,
        submissions: Submissions,
        checks: SourceChecks,
        objects: ObjectStore,
        fetcher: Callable[[], Fetcher],
        *,
        gigabytes: float,
    ) -> None:
        """`gigabytes` is the size of the functions that will do the work, together."""
        self._people = people
        self._submissions = submissions
        self._checks = checks
        self._objects = objects
        self._fetcher = fetcher
        self._gigabytes = gigabytes

    def submit(
        self,
        owner: str,
        person_id: str,
        images: Sequence[Sent],
        *,
        face_ids: Sequence[str | None] = (),
        consent: str | None = None,
        callback_url: str | None = None,
        max_cost: float | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """A job that enrols a face of each picture, under `face_ids` where they are given, one for each.

        Its request is `{personId, consent, images: [{faceId, name?, key | s3Uri | url}]}`; a `key` is in the person's
        folder, where what came with the request is stored at once. Raises PersonNotFoundError, ConsentMissingError
        where neither the request nor the person says what was consented to, ConflictError for a person of too many
        faces, and what `FaceRequests.submit` raises.
        """
        check_count(images)
        ids = _face_ids(owner, person_id, images, face_ids, idempotency_key)
        person = self._people.get(owner, person_id)
        agreed = consent or person.consent
        if agreed is None:
            raise ConsentMissingError("Nobody has consented to keep a face of this person")
        if person.faces + len(images) > limits.FACES_PER_PERSON:
            raise ConflictError(
                f"A person has {limits.FACES_PER_PERSON} faces at most; this one has {person.faces}",
                code="TOO_MANY_FACES",
                fix="Erase faces that are no longer needed.",
            )
        if callback_url is not None:
            check_url(self._fetcher(), callback_url, "callbackUrl")
        self._checks.check(owner, [(each.field, each.source) for each in images if each.source], PURPOSES)
        estimate = cost.faces(len(images), gigabytes=self._gigabytes)
        cost.cap(estimate, max_cost, "The work is estimated at")
        keys = [_key(owner, person_id, face_id, each) for face_id, each in zip(ids, images, strict=True)]
        plain = [
            {"faceId": face_id, **({"name": each.name} if each.name else {}), **(each.source or {"key": str(key)})}
            for face_id, each, key in zip(ids, images, keys, strict=True)
        ]
        request = {"personId": person_id, "consent": agreed, "images": plain}
        check_request(request)
        self._store(owner, person_id, {key: each.data for key, each in zip(keys, images, strict=True) if key})
        return self._submissions.submit(
            Submission(
                owner=owner,
                kind=Kind.ENROLMENT,
                request=request,
                items=len(images),
                estimate=estimate,
                max_cost=max_cost,
                callback_url=callback_url,
                idempotency_key=idempotency_key,
            )
        )

    def _store(self, owner: str, person_id: str, pictures: Mapping[str, bytes | None]) -> None:
        """Put what came with the request into the person's folder, and leave nothing there of one that is erased
        meanwhile: an erasure that begins after the look at the person finds every picture."""

        def write(picture: tuple[str, bytes | None]) -> None:
            key, data = picture
            self._objects.write(key, data or b"", content_type="application/octet-stream")

        at_once(write, pictures.items())
        try:
            self._people.get(owner, person_id)
        except PersonNotFoundError:
            self._objects.delete(list(pictures))
            raise


def made_id(owner: str, idempotency_key: str | None, what: str) -> str:
    """A new id, or the one that the same Idempotency-Key gave before: a request sent again makes nothing twice."""
    if idempotency_key is None:
        return str(uuid.uuid4())
    digest = hashlib.sha256(json.dumps([owner, idempotency_key, what]).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16]))


def _face_ids(
    owner: str, person_id: str, images: Sequence[Sent], given: Sequence[str | None], idempotency_key: str | None
) -> list[str]:
    if given and len(given) != len(images):
        raise InvalidRequestError(
            f"There are {len(images)} pictures and {len(given)} face ids",
            problems=(("faceIds", f"has {len(given)} entries, not {len(images)}"),),
            fix="Send a face id for each picture, or none.",
        )
    ids = [
        face_id or made_id(owner, idempotency_key, f"{person_id} {place}")
        for place, face_id in enumerate(given or [None] * len(images))
    ]
    twice = next((face_id for place, face_id in enumerate(ids) if face_id in ids[:place]), None)
    if twice is not None:
        raise InvalidRequestError(
            "faceId: Two pictures have the same",
            problems=(("faceId", f"{twice} stands more than once"),),
            fix="Give each picture an id of its own.",
        )
    return ids


def _key(owner: str, person_id: str, face_id: str, image: Sent) -> str | None:
    if image.data is None:
        return None
    return sent_key(owner, person_id, face_id, hashlib.sha256(image.data).hexdigest())


def _words(person: Person) -> tuple[str | None, str, str | None]:
    return person.name, json.dumps(person.metadata, sort_keys=True), person.consent
