"""People, their faces and the workers that change them, on parts that a test hands in: the twins where it does not."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.faces import MemoryFaceMeter, MemoryFacePictures, MemoryFaceReader, MemoryFaces
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryMeter, MemoryQueue
from darkroom.adapters.memory.people import MemoryFaceIndex, MemoryPeopleStore
from darkroom.adapters.memory.storage import MemoryObjectStore, MemoryUploadStore
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain import limits
from darkroom.domain.faces import pack_mismatch
from darkroom.domain.jobs import Job, Kind
from darkroom.domain.people import Person, PersonState, person_folder, sent_key
from darkroom.usecases.endings import Endings
from darkroom.usecases.enrolment import EnrolmentWork
from darkroom.usecases.erasure import ErasureWork, IndexSweep
from darkroom.usecases.faces import FaceReading
from darkroom.usecases.reembedding import ReembeddingWork
from darkroom.usecases.running import ByKind, JobRunner
from darkroom.usecases.shelf import Shelf
from darkroom.usecases.sources import SourceData, Sources
from PIL import Image

if TYPE_CHECKING:
    from darkroom.ports import Clock, FaceIndex, FaceModel, FaceReader, ObjectStore, PeopleStore
    from numpy.typing import NDArray

OWNER: Final = "acme"
CONSENT: Final = "2026-01"
PACK: Final = "colours"


def picture(*hues: int, size: tuple[int, int] = (240, 140), form: str = "PNG", patch: int = 80) -> bytes:
    """A face for each hue: two hues are like each other the more, the closer they are."""
    image = Image.new("RGB", size, (20, 20, 20))
    for place, hue in enumerate(hues):
        image.paste((255, hue, 0), (20 + place * (patch + 20), 20, 20 + place * (patch + 20) + patch, 20 + patch))
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def vector(hue: int) -> NDArray[np.float32]:
    """What MemoryFaces makes of a hue."""
    seen = np.array((255, hue, 0), np.float32) - 127.5
    found: NDArray[np.float32] = seen / np.linalg.norm(seen)
    return found


class Enrolling:
    """One owner's people. `at_once` pictures of a job are enrolled side by side."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        people: PeopleStore | None = None,
        index: FaceIndex | None = None,
        objects: ObjectStore | None = None,
        reader: FaceReader | None = None,
        fetcher: MemoryFetcher | None = None,
        at_once: int = 1,
    ) -> None:
        self.clock: Any = clock or MemoryClock()
        self.people = people or MemoryPeopleStore()
        self.index = index or MemoryFaceIndex(self.clock)
        self.objects = objects or MemoryObjectStore("media")
        self.uploads = MemoryUploadStore()
        self.fetcher = fetcher or MemoryFetcher({})
        self.jobs = MemoryJobStore()
        self.webhooks = MemoryQueue(self.clock)
        self.meter = MemoryMeter()
        self.models: dict[str, FaceModel] = {PACK: MemoryFaces(pack=PACK)}
        self.reader = reader or MemoryFaceReader(self._reading())
        self.enrolment = EnrolmentWork(
            people=self.people,
            index=self.index,
            objects=self.objects,
            reader=self.reader,
            data=SourceData(objects=self.objects, uploads=self.uploads, fetcher=self.fetcher),
            clock=self.clock,
            at_once=at_once,
        )
        self.erasure = ErasureWork(people=self.people, index=self.index, objects=self.objects, clock=self.clock)
        self.reembedding = ReembeddingWork(
            people=self.people, index=self.index, reader=self.reader, clock=self.clock, at_once=at_once
        )
        self.sweeper = IndexSweep(
            erasures=self.erasure, people=self.people, index=self.index, objects=self.objects, clock=self.clock
        )
        self.work = ByKind(
            {
                Kind.ENROLMENT: lambda: self.enrolment,
                Kind.ERASURE: lambda: self.erasure,
                Kind.REEMBEDDING: lambda: self.reembedding,
            }
        )

    def _reading(self) -> FaceReading:
        def model(pack: str | None) -> FaceModel:
            if pack is not None and pack not in self.models:
                raise pack_mismatch(pack, next(iter(self.models)))
            return self.models[pack or next(iter(self.models))]

        return FaceReading(
            model,
            Sources(
                PillowImages(),
                objects=self.objects,
                uploads=self.uploads,
                fetcher=self.fetcher,
                clock=self.clock,
                time=limits.HOUR,
            ),
            quality=MemoryFaceMeter(),
            pictures=MemoryFacePictures(),
            shelf=Shelf(self.objects, self.clock),
            meter=self.meter,
        )

    # --- what somebody asks for -------------------------------------------------------------------------------------

    def person(self, person_id: str = "ada") -> Person:
        now = self.clock.now()
        return self.people.create(
            Person(OWNER, person_id, None, None, CONSENT, PersonState.ACTIVE, created_at=now, updated_at=now)
        )

    def sent(self, data: bytes, face_id: str, person_id: str = "ada") -> dict[str, str]:
        """An image of a request, as it stands in its job when it came with the request."""
        key = sent_key(OWNER, person_id, face_id, hashlib.sha256(data).hexdigest())
        self.objects.write(key, data, content_type="application/octet-stream")
        return {"faceId": face_id, "key": key}

    def job(self, kind: Kind, items: int = 1, **request: Any) -> Job:
        now = self.clock.now()
        return self.jobs.create(
            Job(
                job_id=str(uuid.uuid4()),
                owner=OWNER,
                kind=kind,
                request=request,
                created_at=now,
                deadline=now + limits.JOB_DEADLINE,
                write_id="w",
                due_at=now + limits.RESEND_AFTER,
                items=items,
            )
        )

    def enrolment_job(self, *images: dict[str, str], person_id: str = "ada") -> Job:
        return self.job(
            Kind.ENROLMENT, len(images), personId=person_id, consent=CONSENT, images=[dict(each) for each in images]
        )

    # --- what workers do ---------------------------------------------------------------------------------------------

    def runner(self) -> JobRunner:
        return JobRunner(
            store=self.jobs,
            objects=self.objects,
            endings=Endings(store=self.jobs, webhooks=self.webhooks, clock=self.clock, meter=self.meter),
            clock=self.clock,
            heartbeat=lambda _: nullcontext(),
            gigabytes=1.0,
        )

    def run(self, job: Job) -> Job:
        """One worker's turn at the job; the job then."""
        self.runner().run(job.job_id, self.work, 1)
        found = self.jobs.get(job.job_id)
        assert found is not None
        return found

    def result(self, job: Job) -> dict[str, Any]:
        """Of the job that is done by a worker's turn."""
        ended = self.run(job)
        assert ended.failure is None, ended.failure
        text = self.jobs.inline_result(job.job_id)
        assert text is not None, ended.state
        found: dict[str, Any] = json.loads(text)
        return found

    def enrol(self, hue: int, face_id: str, person_id: str = "ada") -> dict[str, Any]:
        self.person(person_id)
        return self.result(self.enrolment_job(self.sent(picture(hue), face_id, person_id), person_id=person_id))

    # --- what there is -----------------------------------------------------------------------------------------------

    def stored(self, person_id: str = "ada") -> list[str]:
        """The names of the person's objects, below its folder."""
        folder = person_folder(OWNER, person_id)
        return [key.removeprefix(folder) for key in self.objects.list(folder)]

    def indexed(self, pack: str = PACK) -> list[tuple[str, str]]:
        return list(self.index.faces(OWNER, pack))

    def alike(self, hue: int, pack: str = PACK, threshold: float = 0.9999) -> list[tuple[str, str]]:
        """Whoever looks just like this."""
        found = self.index.search(OWNER, pack, vector(hue), limit=100, threshold=threshold)
        return [(match.person_id, match.face_id) for match in found]

    def is_nothing_left(self, person_id: str = "ada") -> bool:
        return (
            self.people.get(OWNER, person_id) is None
            and not self.people.faces(OWNER, person_id)
            and not self.stored(person_id)
            and not any(of == person_id for pack in self.index.packs(OWNER) for of, _ in self.index.faces(OWNER, pack))
        )
