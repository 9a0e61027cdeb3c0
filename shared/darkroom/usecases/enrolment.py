"""Enrolment: pictures of a person become faces that the person is known by.

A job's request is `{personId, consent, images: [{faceId, name?, key | s3Uri | url}]}`, its result
`{personId, model?, enrolled, faces: [{imageIndex, faceId, bbox, score, quality} | {imageIndex, faceId, error}]}`.

Whatever is written of a face is written under its row, which says until when: an erasure that finds the row waits, and
one that came first leaves no person to begin it for. So a worker may be killed anywhere, and nothing of the face is
anywhere that its row does not tell of. What it has not finished, the job's next worker does again.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits, redaction
from darkroom.domain.faces import Quality, pack_mismatch, reasons
from darkroom.domain.generation import JPEG
from darkroom.domain.jobs import Cost
from darkroom.domain.people import (
    WRITER_TIME,
    EnrolledFace,
    FaceState,
    PersonState,
    crop_key,
    original_key,
    sent_digest,
    sent_key,
)
from darkroom.errors import (
    BadImageError,
    DarkroomError,
    FaceExistsError,
    FetchFailedError,
    LeaseLostError,
    NoModelError,
    PersonNotFoundError,
    TransientError,
)
from darkroom.usecases.sources import ITEM_ERRORS, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from darkroom.ports import Clock, FaceIndex, FaceReader, ObjectStore, PeopleStore
    from darkroom.usecases.running import Run
    from darkroom.usecases.sources import SourceData

AT_ONCE: Final = 4
"""Pictures that one worker enrols side by side: most of the time it waits for the function that finds the faces."""
PACKS: Final = 3
"""How often a picture is read because the owner's pack was changed meanwhile."""
TIME: Final = 10 * limits.MINUTE
"""For one worker's turn at a job, below its function's timeout."""
WRITES: Final = WRITER_TIME // 2
"""A write is begun only while so much of the writer's time is left: it may take that long."""
ITEMS: Final = (*ITEM_ERRORS, FaceExistsError)
"""What is wrong with one picture and says nothing about the others."""

log = logging.getLogger(__name__)


class EnrolmentWork:
    """The Work of an ENROLMENT job."""

    def __init__(
        self,
        *,
        people: PeopleStore,
        index: FaceIndex,
        objects: ObjectStore,
        reader: FaceReader,
        data: SourceData,
        clock: Clock,
        at_once: int = AT_ONCE,
    ) -> None:
        self._people = people
        self._index = index
        self._objects = objects
        self._reader = reader
        self._data = data
        self._clock = clock
        self._at_once = at_once

    def run(self, run: Run) -> object:
        """What became of each picture. What is wrong with one is that one's `error`.

        Raises PersonNotFoundError for a person who is gone or going, of whom nothing is then left of ours;
        PackMismatchError and NoModelError where the function that finds faces has not the owner's pack.
        """
        from concurrent.futures import ThreadPoolExecutor

        request = run.job.request
        images: Sequence[Mapping[str, Any]] = request["images"]
        enrolling = _Enrolling(run, self._people.pack(run.job.owner), self._data.rows(images), self._clock.now() + TIME)
        entries = []
        try:
            with ThreadPoolExecutor(self._at_once) as pool:
                coming = [pool.submit(self._entry, enrolling, index, image) for index, image in enumerate(images)]
                try:
                    for index, entry in enumerate(coming):
                        entries.append(entry.result())
                        run.progress(index + 1)
                        run.check()
                finally:
                    for entry in coming:
                        entry.cancel()
        except (TransientError, LeaseLostError):
            raise  # the job goes on, here or elsewhere
        except DarkroomError:
            self._forget(images)
            raise
        self._forget(images)
        enrolled = sum("error" not in entry for entry in entries)
        model = {"model": dict(enrolling.model)} if enrolling.model else {}
        return {"personId": request["personId"], **model, "enrolled": enrolled, "faces": entries}

    def _forget(self, images: Sequence[Mapping[str, Any]]) -> None:
        """What came with the request, once it is over: until then, the job's next worker may want it again."""
        self._objects.delete([image["key"] for image in images if "key" in image])

    def _entry(self, enrolling: _Enrolling, index: int, image: Mapping[str, Any]) -> dict[str, Any]:
        entry: dict[str, Any] = {"imageIndex": index, "faceId": image["faceId"]}
        try:
            if self._clock.now() >= enrolling.until:
                raise FetchFailedError("The job's time was up before this image's turn", code="OUT_OF_TIME")
            face = self._enrolled(enrolling, image)
            entry |= {"bbox": list(face.bbox), "score": face.score, "quality": asdict(face.quality)}
        except ITEMS as error:
            entry["error"] = redaction.told(error)
        except NoModelError as error:
            raise NoModelError(f"{error.detail}. {error.fix}", fix=error.fix) from error
        return entry

    def _enrolled(self, enrolling: _Enrolling, image: Mapping[str, Any]) -> EnrolledFace:
        data = None if "key" in image else self._fetched(enrolling, image)
        digest = sent_digest(image["key"]) if data is None else hashlib.sha256(data).hexdigest()
        face = enrolling.begun(image, digest, self._clock.now())
        standing = self._people.begin_face(face, now=self._clock.now())
        if standing.state is not FaceState.ENROLLED:  # else this picture was enrolled under this id before
            written = _Written(copied="key" not in image)
            with self._undone(face, written):
                data = self._fetched(enrolling, image) if data is None else data
                standing = self._completed(enrolling, face, image, data, written)
        if "key" not in image:
            self._objects.delete([enrolling.sent(face)])
        return standing

    def _fetched(self, enrolling: _Enrolling, image: Mapping[str, Any]) -> bytes:
        data = self._data.read(enrolling.owner, image, enrolling.rows)
        enrolling.run.spend(Cost(bytes_in=len(data)))
        return data

    def _completed(
        self, enrolling: _Enrolling, face: EnrolledFace, image: Mapping[str, Any], data: bytes, written: _Written
    ) -> EnrolledFace:
        while True:
            face, vector, crop = self._read(enrolling, face, image, data)
            now = self._clock.now()
            face = self._people.begin_face(replace(face, until=now + WRITER_TIME), now=now)
            if face.state is FaceState.ENROLLED:
                return face  # by another worker, since this one's time was over
            # From here the row says which pack: whoever changes the owner's finds it, or is found here.
            enrolling.pack = self._people.pack(face.owner)
            if enrolling.pack == face.pack:
                break
        self._write(face, face.original_key, data, "application/octet-stream")
        self._write(face, face.crop_key, crop, JPEG)
        at = self._in_time(face)
        written.vector = True
        self._index.put(face.owner, face.pack, [(face.person_id, face.face_id, vector)], at=at, until=face.until)
        self._in_time(face)
        self._people.finish_face(face)
        return replace(face, state=FaceState.ENROLLED, until=0)

    def _read(
        self, enrolling: _Enrolling, face: EnrolledFace, image: Mapping[str, Any], data: bytes
    ) -> tuple[EnrolledFace, Any, bytes]:
        """The face with what is seen of it, its vector and its crop. Raises BadImageError for one that will not do."""
        key = image.get("key")
        if key is None:  # the function that finds faces has to see the picture whose digest this is
            key = enrolling.sent(face)
            self._write(face, key, data, "application/octet-stream")
        found = self._seen(enrolling, face.owner, key)
        result = found["results"][0]
        if result["faceCount"] != 1:
            several = result["faceCount"] > 1
            raise BadImageError(
                f"There are {result['faceCount']} faces on the picture: send one that shows the person alone"
                if several
                else "There is no face on the picture: send one on which the face is seen from the front",
                code="SEVERAL_FACES" if several else "NO_FACE",
            )
        (seen,) = result["faces"]
        quality = Quality(**seen["quality"])
        wrong = reasons(quality, seen["score"])
        if wrong:
            raise BadImageError(". ".join(wrong), code="LOW_QUALITY")
        import numpy as np

        vector = np.asarray(seen["embedding"], np.float32)
        left, top, right, bottom = seen["bbox"]
        told = replace(
            face, pack=found["model"]["pack"], bbox=(left, top, right, bottom), score=seen["score"], quality=quality
        )
        return told, vector, base64.b64decode(seen["crop"])

    def _seen(self, enrolling: _Enrolling, owner: str, key: str) -> Mapping[str, Any]:
        """What is found on the picture, by the owner's pack: another worker may have chosen or changed it meanwhile."""
        pack = enrolling.pack
        for _ in range(PACKS):
            found = self._reader.read(owner, {"key": key}, pack=pack)
            if pack is not None and found["model"]["pack"] != pack:
                raise pack_mismatch(found["model"]["pack"], pack)
            pack = self._people.choose_pack(owner, found["model"]["pack"], instead_of=None)
            if pack == found["model"]["pack"]:
                enrolling.pack, enrolling.model = pack, found["model"]
                return found
        raise TransientError("The owner's model is being changed")

    def _write(self, face: EnrolledFace, key: str, data: bytes, content_type: str) -> None:
        self._in_time(face)
        self._objects.write(key, data, content_type=content_type)

    def _in_time(self, face: EnrolledFace) -> int:
        """The time. Raises TransientError where it is too late to begin a write of the face."""
        now = self._clock.now()
        if now >= face.until - WRITES:
            raise TransientError("The face took too long to be written; it is begun anew")
        return now

    @contextmanager
    def _undone(self, face: EnrolledFace, written: _Written) -> Iterator[None]:
        """Around what is written under the row. Trouble that may pass gives the row back, for this job's next worker;
        for all else, nothing of the face stays."""
        try:
            yield
        except LeaseLostError as error:  # of the row: another worker has it, and all that is written of it
            raise TransientError(error.detail) from error
        except TransientError:
            now = self._clock.now()
            with suppress(DarkroomError):
                self._people.begin_face(replace(face, until=now), now=now)
            raise
        except DarkroomError as error:
            self._undo(face, written)
            if isinstance(error, PersonNotFoundError) and self._is_active(face):
                raise TransientError("The face's row was taken away; it is begun anew") from error
            raise

    def _undo(self, face: EnrolledFace, written: _Written) -> None:
        """Remove what was written of the face, under its row, unless another has that by now, and the row last."""
        now = self._clock.now()
        try:
            mine = self._people.begin_face(replace(face, until=now + WRITER_TIME), now=now)
            if mine.state is FaceState.ENROLLED:
                return
        except PersonNotFoundError:
            pass  # nobody begins another
        except (FaceExistsError, TransientError):
            return  # it is being erased, or another's
        copy = [_Enrolling.sent(face)] if written.copied else []
        self._objects.delete([face.original_key, face.crop_key, *copy])
        if written.vector:
            for pack in self._index.packs(face.owner):
                self._index.erase(face.owner, pack, person_id=face.person_id, face_ids=[face.face_id], at=now)
        self._people.drop_face(face)

    def _is_active(self, face: EnrolledFace) -> bool:
        person = self._people.get(face.owner, face.person_id)
        return person is not None and person.state is PersonState.ACTIVE


@dataclass
class _Written:
    """What may stand of a face beside its pictures: a copy of what was named elsewhere, and its vector."""

    copied: bool
    vector: bool = False


class _Enrolling:
    """One turn at a job: what all its pictures have in common."""

    def __init__(self, run: Run, pack: str | None, rows: Mapping[str, Any], until: int) -> None:
        self.run = run
        self.owner = run.job.owner
        self.pack = pack
        self.rows = rows
        self.until = until
        self.model: Mapping[str, Any] = {}

    def begun(self, image: Mapping[str, Any], digest: str, now: int) -> EnrolledFace:
        """The row of a face before anything is known of it but its picture."""
        request = self.run.job.request
        whose = self.owner, request["personId"], image["faceId"]
        return EnrolledFace(
            owner=self.owner,
            person_id=request["personId"],
            face_id=image["faceId"],
            state=FaceState.WRITING,
            digest=digest,
            pack=self.pack or "",
            consent=request["consent"],
            bbox=(0.0, 0.0, 0.0, 0.0),
            score=0.0,
            quality=Quality(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            original_key=original_key(*whose),
            crop_key=crop_key(*whose),
            source_key=place(image["s3Uri"])[1] if "s3Uri" in image else None,
            created_at=now,
            token=self.run.token,
            until=now + WRITER_TIME,
        )

    @staticmethod
    def sent(face: EnrolledFace) -> str:
        return sent_key(face.owner, face.person_id, face.face_id, face.digest)
