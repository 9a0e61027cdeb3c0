"""Re-embedding: all of an owner's faces get a vector of another pack, and from then on searches are answered with it.

A job's request is `{model}`, the pack's name; its result `{model, faces, failed: [{personId, faceId, error}]}`, where
`faces` counts those that this job's last worker gave a vector.

Each face's row says of which pack its newest vector is, so that a job goes on where another one stopped. Until the
switch, searches and enrolments go on with the old pack. Enrolments look at the owner's pack again once their row is
there: those that were begun before the switch are found by the passes after it, and those that come later see it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import cost, limits, redaction
from darkroom.domain.faces import FUNCTION_GIGABYTES, pack_mismatch
from darkroom.domain.jobs import Kind, State
from darkroom.domain.people import WRITER_TIME, FaceState
from darkroom.errors import (
    BadImageError,
    ConflictError,
    NoModelError,
    TransientError,
)
from darkroom.usecases.sources import ITEM_ERRORS
from darkroom.usecases.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from darkroom.domain.jobs import Job
    from darkroom.domain.people import EnrolledFace
    from darkroom.ports import Clock, FaceIndex, FaceReader, FaceTables, PeopleStore
    from darkroom.usecases.jobs import Jobs
    from darkroom.usecases.running import Run
    from darkroom.usecases.submission import Submissions

AT_ONCE: Final = 8
"""Faces that are read side by side: most of the time is spent by the function that finds them."""
TIME: Final = 10 * limits.MINUTE
"""For one worker's turn, below its function's timeout; the next one goes on."""
POLL: Final = limits.SECOND // 4
GRACE: Final = 5 * limits.SECOND
"""After the switch, for searches that had looked up the old pack before it."""
LOOK: Final = limits.SECOND
"""Between two looks at a job that is followed."""
JOBS: Final = 100
"""How many may follow each other, of one owner."""
OVERLAP: Final = 0.3
"""Of the old box with the new one: below it, the two are not the same face."""

log = logging.getLogger(__name__)


class Reembeddings:
    """What an operator asks for: each owner's job, followed to its end."""

    def __init__(
        self, *, jobs: Jobs, submissions: Submissions, people: PeopleStore, tables: FaceTables, clock: Clock
    ) -> None:
        self._jobs = jobs
        self._submissions = submissions
        self._people = people
        self._tables = tables
        self._clock = clock

    def owners(self) -> Sequence[str]:
        """All who have vectors."""
        return sorted({table.owner for table in self._tables.all()})

    def embed(self, owner: str, pack: str, tell: Callable[[Job], None]) -> Job:
        """The job once it has ended; `tell` is shown it now and then. A job takes an hour at most, and more faces than
        fit into it are done by the next one, which goes on where it stopped."""
        job = self._begun(owner, pack)
        for _ in range(JOBS):
            while not job.state.terminal:
                tell(job)
                self._clock.sleep(LOOK)
                job = self._jobs.get(owner, job.job_id)
            out_of_time = job.failure is not None and job.failure.code == TransientError.code
            if job.state is not State.EXPIRED and not out_of_time:
                break
            job = self._begun(owner, pack)
        tell(job)
        return job

    def failed(self, job: Job) -> Sequence[Mapping[str, Any]]:
        """The faces that a completed job could not give a vector, each with its error."""
        found: Sequence[Mapping[str, Any]] = self._jobs.result(job)["failed"]
        return found

    def _begun(self, owner: str, pack: str) -> Job:
        """The owner's job that is under way, or a new one."""
        for state in (State.PROCESSING, State.PENDING):
            page = self._jobs.list(owner, state=state, kind=Kind.REEMBEDDING, cursor=None, limit=limits.PAGE_MAXIMUM)
            found = next((job for job in page.jobs if job.request.get("model") == pack), None)
            if found is not None:
                return found
        faces, cursor = 0, None
        while True:
            people = self._people.list(owner, cursor=cursor, limit=limits.PAGE_MAXIMUM)
            faces += sum(person.faces for person in people.people)
            cursor = people.cursor
            if cursor is None:
                break
        estimate = cost.faces(faces, gigabytes=FUNCTION_GIGABYTES)
        return self._submissions.submit(
            Submission(owner, Kind.REEMBEDDING, {"model": pack}, items=max(faces, 1), estimate=estimate)
        )


class ReembeddingWork:
    """The Work of a REEMBEDDING job."""

    def __init__(
        self, *, people: PeopleStore, index: FaceIndex, reader: FaceReader, clock: Clock, at_once: int = AT_ONCE
    ) -> None:
        self._people = people
        self._index = index
        self._reader = reader
        self._clock = clock
        self._at_once = at_once

    def run(self, run: Run) -> object:
        """Faces that the new model does not find are told as `failed`; they keep their pictures and their row.

        Raises PackMismatchError or NoModelError where the function that finds faces has not the pack, ConflictError
        where another job gives the owner another pack meanwhile.
        """
        owner, pack = run.job.owner, run.job.request["model"]
        try:
            self._reader.model(pack)
        except NoModelError as error:
            raise NoModelError(f"{error.detail}. {error.fix}", fix=error.fix) from error
        turn = _Turn(run, pack, self._clock.now() + TIME)
        old = self._people.pack(owner)
        self._embed_all(turn)
        if self._people.choose_pack(owner, pack, instead_of=old) != pack:
            raise ConflictError("Another job gave this owner another model meanwhile", fix="Run the command again.")
        while self._embed_all(turn, switched=True):  # what was begun before the switch
            run.check()
            self._clock.sleep(POLL)
        if old != pack:
            self._clock.sleep(GRACE)
        for other in list(self._index.packs(owner)):
            if other != pack:
                self._index.drop(owner, other)
        return {"model": pack, "faces": turn.done, "failed": list(turn.failed.values())}

    def _embed_all(self, turn: _Turn, *, switched: bool = False) -> bool:
        """Give every face a vector of the pack; True where others are still being written, or were just embedded.

        After the switch, a worker whose time is over loses its row: it may wake up and finish a face of the old pack.
        """
        from concurrent.futures import ThreadPoolExecutor

        open_ends = False
        with ThreadPoolExecutor(self._at_once) as pool:
            for faces in self._batches(turn.run.job.owner):
                others = [face for face in faces if face.pack != turn.pack and turn.key(face) not in turn.failed]
                enrolled = [face for face in others if face.state is FaceState.ENROLLED]
                now = self._clock.now()
                written = [face for face in others if face.state is FaceState.WRITING]
                open_ends = open_ends or bool(enrolled) or any(face.is_written(now) for face in written)
                for face in written:
                    if switched and not face.is_written(now):
                        self._people.drop_face(face)
                begun = [pool.submit(self._embed, turn, face) for face in enrolled]
                try:
                    for outcome in begun:
                        turn.done += outcome.result()
                        turn.run.progress(turn.done + len(turn.failed))
                        turn.run.check()
                finally:
                    for outcome in begun:
                        outcome.cancel()
        return open_ends

    def _batches(self, owner: str) -> Iterator[Sequence[EnrolledFace]]:
        """The faces of a page of people at a time."""
        cursor = None
        while True:
            page = self._people.list(owner, cursor=cursor, limit=limits.PAGE_MAXIMUM)
            yield [face for person in page.people for face in self._people.faces(owner, person.person_id)]
            cursor = page.cursor
            if cursor is None:
                return

    def _embed(self, turn: _Turn, face: EnrolledFace) -> bool:
        if self._clock.now() >= turn.until:
            raise TransientError("The time of one turn is up; the next one goes on from here")
        try:
            vector = self._vector(turn.pack, face)
        except ITEM_ERRORS as error:
            told = {"personId": face.person_id, "faceId": face.face_id, "error": redaction.told(error)}
            turn.failed[turn.key(face)] = told
            return False
        now = self._clock.now()
        until = now + WRITER_TIME
        if not self._people.hold_face(face, until=until):
            return False  # erased meanwhile, or begun to be
        self._index.put(face.owner, turn.pack, [(face.person_id, face.face_id, vector)], at=now, until=until)
        return self._people.set_pack(face, turn.pack)

    def _vector(self, pack: str, face: EnrolledFace) -> Any:
        """Of the face on the original that stands where the old model saw it."""
        import numpy as np

        found = self._reader.read(face.owner, {"key": face.original_key}, pack=pack)
        if found["model"]["pack"] != pack:
            raise pack_mismatch(found["model"]["pack"], pack)
        seen: Sequence[Mapping[str, Any]] = found["results"][0]["faces"]
        best = max(seen, key=lambda each: overlap(each["bbox"], face.bbox), default=None)
        if best is None or overlap(best["bbox"], face.bbox) < OVERLAP:
            raise BadImageError("The new model does not find the face on its picture", code="NO_FACE")
        return np.asarray(best["embedding"], np.float32)


class _Turn:
    def __init__(self, run: Run, pack: str, until: int) -> None:
        self.run = run
        self.pack = pack
        self.until = until
        self.done = 0
        self.failed: dict[tuple[str, str], dict[str, Any]] = {}

    @staticmethod
    def key(face: EnrolledFace) -> tuple[str, str]:
        return face.person_id, face.face_id


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """The share that two boxes [x1, y1, x2, y2] have in common of what they cover together, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both) if areas > both else 0.0
