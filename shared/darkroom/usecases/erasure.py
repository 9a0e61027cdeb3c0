"""Erasure: of a person, or of one face, nothing is left anywhere; and the sweep of what killed writers left.

A job's request is `{personId, faceId?}`, its result `{personId, faceId?}`.

From the moment that an erasure is begun, which is one conditional write, nobody finds the person, and nobody begins or
finishes a face of it. Writers that had begun are waited for, WRITER_TIME at most: then there is nothing that their rows
do not tell of, and all of it goes, the rows last. A writer that was thought dead and still writes later writes
something without a row, which the sweep finds.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.domain.people import CROP, ORIGINAL, FaceState, owner_folder, person_folder, sent_key
from darkroom.domain.uploads import is_key
from darkroom.errors import DarkroomError, PersonNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from darkroom.domain.people import EnrolledFace
    from darkroom.ports import Clock, FaceIndex, ObjectStore, PeopleStore
    from darkroom.usecases.running import Run

POLL: Final = limits.SECOND // 4
"""Between two looks at writers that are waited for."""
FORGOTTEN: Final = 10 * limits.MINUTE
"""An erasure that was begun so long ago and has not ended is the sweep's."""

log = logging.getLogger(__name__)


class ErasureWork:
    """The Work of an ERASURE job."""

    def __init__(self, *, people: PeopleStore, index: FaceIndex, objects: ObjectStore, clock: Clock) -> None:
        self._people = people
        self._index = index
        self._objects = objects
        self._clock = clock

    def run(self, run: Run) -> object:
        """Repeated, or of somebody who is not there, it does nothing."""
        request: dict[str, Any] = dict(run.job.request)
        if "faceId" in request:
            self.erase_face(run.job.owner, request["personId"], request["faceId"], check=run.check)
        else:
            self.erase_person(run.job.owner, request["personId"], check=run.check)
        return request

    def erase_person(self, owner: str, person_id: str, *, check: Callable[[], None] = lambda: None) -> None:
        """`check` is called while writers are waited for."""
        try:
            self._people.begin_erasure(owner, person_id, now=self._clock.now())
        except PersonNotFoundError:
            return
        rows = self._unwritten(lambda: self._people.faces(owner, person_id), check)
        for pack in self._index.packs(owner):
            self._index.erase(owner, pack, person_id=person_id, at=self._clock.now())
        self._objects.delete(list(self._objects.list(person_folder(owner, person_id))))
        self._forget(rows)
        self._people.finish_erasure(owner, person_id)

    def erase_face(self, owner: str, person_id: str, face_id: str, *, check: Callable[[], None] = lambda: None) -> None:
        def row() -> Sequence[EnrolledFace]:
            face = self._people.begin_face_erasure(owner, person_id, face_id)
            return [] if face is None else [face]

        rows = self._unwritten(row, check)
        for face in rows:
            for pack in self._index.packs(owner):
                self._index.erase(owner, pack, person_id=person_id, face_ids=[face_id], at=self._clock.now())
            self._objects.delete([face.original_key, face.crop_key, sent_key(owner, person_id, face_id, face.digest)])
        self._forget(rows)

    def _unwritten(
        self, rows: Callable[[], Sequence[EnrolledFace]], check: Callable[[], None]
    ) -> Sequence[EnrolledFace]:
        """The rows, once nobody writes what they tell of."""
        while True:
            found = rows()
            now = self._clock.now()
            last = max((face.until for face in found), default=now)
            if last <= now:
                return found
            check()
            self._clock.sleep(min(POLL, last - now))

    def _forget(self, rows: Iterable[EnrolledFace]) -> None:
        """The uploads that the faces came from, then their rows: those are what tells of the uploads."""
        for face in rows:
            if face.source_key is not None and is_key(face.source_key):
                self._objects.delete([face.source_key])
            self._people.drop_face(face)


@dataclass(slots=True)
class Swept:
    """How much the sweep found that nobody should have left."""

    vectors: int = 0
    objects: int = 0
    erasures: int = 0
    failed: int = 0


class IndexSweep:
    """What the schedule does: few files of many, and nothing left of whoever is gone."""

    def __init__(
        self, *, erasures: ErasureWork, people: PeopleStore, index: FaceIndex, objects: ObjectStore, clock: Clock
    ) -> None:
        self._erasures = erasures
        self._people = people
        self._index = index
        self._objects = objects
        self._clock = clock

    def sweep(self, *, until: int) -> Swept:
        """Each owner's tables, until then; one that makes trouble keeps no other waiting."""
        swept = Swept()
        by_owner: dict[str, list[str]] = defaultdict(list)
        for owner, pack in self._index.tables():
            by_owner[owner].append(pack)
        for owner, packs in by_owner.items():
            if self._clock.now() >= until:
                break
            steps = [partial(self._finish, owner), partial(self._pictures, owner)]
            for step in steps + [partial(self._table, owner, pack) for pack in packs]:
                try:
                    step(swept)
                except DarkroomError as error:
                    swept.failed += 1
                    log.warning("An owner's index was not swept: %s", error.detail)
        return swept

    def _finish(self, owner: str, swept: Swept) -> None:
        """Erasures whose jobs came to nothing."""
        for person in list(self._people.erasing(owner)):
            if person.updated_at + FORGOTTEN <= self._clock.now():
                self._erasures.erase_person(owner, person.person_id)
                swept.erasures += 1

    def _pictures(self, owner: str, swept: Swept) -> None:
        """Pictures of people and faces that are gone; not those that wait for their enrolment. Rows are looked at after
        what is deleted was listed, so that the pictures of one who comes back under the id are not among them."""
        folder = owner_folder(owner)
        by_person: dict[str, list[str]] = defaultdict(list)
        for key in self._objects.list(folder):
            by_person[key.removeprefix(folder).partition("/")[0]].append(key)
        for person_id, keys in by_person.items():
            if self._people.get(owner, person_id) is None:
                self._objects.delete(keys)
                swept.objects += len(keys)
                continue
            of = person_folder(owner, person_id)
            names = [key.removeprefix(of).partition("/") for key in keys]
            faces = {face_id for face_id, _, name in names if name in (ORIGINAL, CROP)}
            swept.objects += self._strays(owner, person_id, faces)

    def _table(self, owner: str, pack: str, swept: Swept) -> None:
        by_person: dict[str, set[str]] = defaultdict(set)
        for person_id, face_id in self._index.faces(owner, pack):
            by_person[person_id].add(face_id)
        for person_id, face_ids in by_person.items():
            swept.vectors += self._strays(owner, person_id, face_ids)
        self._index.compact(owner, pack)

    def _strays(self, owner: str, person_id: str, face_ids: Collection[str]) -> int:
        """Erase those without a row, and those whose erasure was begun and left. Their ids are barred meanwhile, so
        that nobody enrols under one what would be erased too. How many they were."""
        rows = {face.face_id: face for face in self._people.faces(owner, person_id)}
        found = 0
        for face_id in face_ids:
            row = rows.get(face_id)
            if row is None or row.state is FaceState.ERASING:
                now = self._clock.now()
                if self._people.bar_face(owner, person_id, face_id, token=uuid.uuid4().hex, now=now) is not None:
                    self._erasures.erase_face(owner, person_id, face_id)
                    found += 1
        return found
