"""People in memory: the twins of the people's rows, of the tables of vectors, and of the index."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from darkroom.domain.cursors import cursor_of, position_of
from darkroom.domain.people import PERSON_ORDER, FaceState, FaceTable, Match, PersonState, barred
from darkroom.errors import (
    FaceExistsError,
    InvalidRequestError,
    LeaseLostError,
    PersonNotFoundError,
    TransientError,
)
from darkroom.ports import PeoplePage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.people import EnrolledFace, Person
    from darkroom.ports import Clock


class MemoryPeopleStore:
    def __init__(self) -> None:
        self._people: dict[tuple[str, str], Person] = {}
        self._faces: dict[tuple[str, str], dict[str, EnrolledFace]] = {}
        self._packs: dict[str, str] = {}
        self._lock = threading.RLock()

    def create(self, person: Person) -> Person:
        with self._lock:
            return self._people.setdefault((person.owner, person.person_id), person)

    def get(self, owner: str, person_id: str) -> Person | None:
        return self._people.get((owner, person_id))

    def list(self, owner: str, *, cursor: str | None, limit: int) -> PeoplePage:
        after = "" if cursor is None else position_of(owner, cursor, pattern=PERSON_ORDER, route="GET /people")
        with self._lock:
            found = sorted(
                (
                    person
                    for (of, person_id), person in self._people.items()
                    if of == owner and person.state is PersonState.ACTIVE and f"person#{person_id}" > after
                ),
                key=lambda person: person.person_id,
            )
        page = found[:limit]
        more = len(found) > limit
        return PeoplePage(tuple(page), cursor_of(owner, f"person#{page[-1].person_id}") if more else None)

    def update(self, person: Person, *, seen: Person) -> bool:
        with self._lock:
            key = person.owner, person.person_id
            standing = self._people.get(key)
            if standing is None or standing.state is not PersonState.ACTIVE or _words(standing) != _words(seen):
                return standing is not None and _words(standing) == _words(person)
            self._people[key] = replace(
                standing,
                name=person.name,
                metadata=person.metadata,
                consent=person.consent,
                updated_at=person.updated_at,
            )
            return True

    def begin_face(self, face: EnrolledFace, *, now: int) -> EnrolledFace:
        with self._lock:
            if not self._is_active(face):
                raise PersonNotFoundError
            rows = self._faces.setdefault((face.owner, face.person_id), {})
            standing = rows.get(face.face_id)
            if standing is not None:
                if standing.state is FaceState.ENROLLED:
                    if standing.digest == face.digest:
                        return standing
                    raise FaceExistsError("Another picture's face has this id already")
                if standing.state is FaceState.ERASING:
                    raise TransientError("The face of this id is being erased")
                if standing.is_written(now) and standing.token != face.token:
                    raise TransientError("Another worker enrols this face right now")
            rows[face.face_id] = face
            return face

    def finish_face(self, face: EnrolledFace) -> None:
        with self._lock:
            if not self._is_active(face):
                raise PersonNotFoundError
            rows = self._faces.get((face.owner, face.person_id), {})
            standing = rows.get(face.face_id)
            if standing is None or standing.state is FaceState.ERASING:
                raise PersonNotFoundError
            if standing.token != face.token:
                raise LeaseLostError("Another worker has taken the face over")
            if standing.state is FaceState.WRITING:
                rows[face.face_id] = replace(face, state=FaceState.ENROLLED, until=0)
                self._count(face, 1)

    def drop_face(self, face: EnrolledFace) -> None:
        with self._lock:
            rows = self._faces.get((face.owner, face.person_id), {})
            standing = rows.get(face.face_id)
            if standing is not None and standing.token == face.token:
                del rows[face.face_id]
                if standing.state is FaceState.ENROLLED:
                    self._count(face, -1)

    def begin_face_erasure(self, owner: str, person_id: str, face_id: str) -> EnrolledFace | None:
        with self._lock:
            rows = self._faces.get((owner, person_id), {})
            standing = rows.get(face_id)
            if standing is None or standing.state is FaceState.ERASING:
                return standing
            if standing.state is FaceState.ENROLLED:
                self._count(standing, -1)
            rows[face_id] = replace(standing, state=FaceState.ERASING)
            return rows[face_id]

    def bar_face(self, owner: str, person_id: str, face_id: str, *, token: str, now: int) -> EnrolledFace | None:
        with self._lock:
            bar = barred(owner, person_id, face_id, token=token, now=now)
            rows = self._faces.setdefault((owner, person_id), {})
            standing = rows.setdefault(face_id, bar)
            return standing if standing.state is FaceState.ERASING else None

    def hold_face(self, face: EnrolledFace, *, until: int) -> bool:
        with self._lock:
            return self._is_active(face) and self._change(face, until=until)

    def set_pack(self, face: EnrolledFace, pack: str) -> bool:
        with self._lock:
            return self._change(face, pack=pack, until=0)

    def _change(self, face: EnrolledFace, **changes: Any) -> bool:
        rows = self._faces.get((face.owner, face.person_id), {})
        standing = rows.get(face.face_id)
        if standing is None or (standing.token, standing.state) != (face.token, FaceState.ENROLLED):
            return False
        rows[face.face_id] = replace(standing, **changes)
        return True

    def faces(self, owner: str, person_id: str) -> Sequence[EnrolledFace]:
        with self._lock:
            return [face for _, face in sorted(self._faces.get((owner, person_id), {}).items())]

    def begin_erasure(self, owner: str, person_id: str, *, now: int) -> Person:
        with self._lock:
            person = self._people.get((owner, person_id))
            if person is None:
                raise PersonNotFoundError
            if person.state is PersonState.ACTIVE:
                person = replace(person, state=PersonState.ERASING, updated_at=now)
                self._people[owner, person_id] = person
            return person

    def finish_erasure(self, owner: str, person_id: str) -> None:
        with self._lock:
            person = self._people.get((owner, person_id))
            if person is not None and person.state is PersonState.ERASING:
                del self._people[owner, person_id]

    def erasing(self, owner: str) -> Iterable[Person]:
        with self._lock:
            return [
                person
                for (of, _), person in sorted(self._people.items())
                if of == owner and person.state is PersonState.ERASING
            ]

    def pack(self, owner: str) -> str | None:
        return self._packs.get(owner)

    def choose_pack(self, owner: str, pack: str, *, instead_of: str | None) -> str:
        with self._lock:
            if self._packs.get(owner) == instead_of:
                self._packs[owner] = pack
            return self._packs[owner]

    def _is_active(self, face: EnrolledFace) -> bool:
        person = self._people.get((face.owner, face.person_id))
        return person is not None and person.state is PersonState.ACTIVE

    def _count(self, face: EnrolledFace, more: int) -> None:
        person = self._people.get((face.owner, face.person_id))
        if person is not None:
            self._people[face.owner, face.person_id] = replace(person, faces=person.faces + more)


def _words(person: Person) -> tuple[object, ...]:
    return person.name, person.metadata, person.consent


class MemoryFaceIndex:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tables: dict[tuple[str, str], dict[tuple[str, str], tuple[int, NDArray[np.float32]]]] = {}
        self._lock = threading.RLock()

    def put(
        self, owner: str, pack: str, rows: Sequence[tuple[str, str, NDArray[np.float32]]], *, at: int, until: int
    ) -> None:
        if self._clock.now() >= until:
            raise TransientError("It is too late to write this")
        with self._lock:
            table = self._tables.setdefault((owner, pack), {})
            lengths = {len(vector) for _, vector in table.values()} | {len(vector) for _, _, vector in rows}
            if len(lengths) > 1:
                raise InvalidRequestError("The vectors of one table have one length")
            for person_id, face_id, vector in rows:
                standing = table.get((person_id, face_id))
                if standing is None or standing[0] <= at:
                    table[person_id, face_id] = at, vector

    def search(
        self,
        owner: str,
        pack: str,
        vector: NDArray[np.float32],
        *,
        limit: int,
        threshold: float,
        people: Sequence[str] | None = None,
    ) -> Sequence[Match]:
        with self._lock:
            found = [
                Match(person_id, face_id, float(other @ vector))
                for (person_id, face_id), (_, other) in self._tables.get((owner, pack), {}).items()
                if people is None or person_id in people
            ]
        near = sorted(found, key=lambda match: (-match.similarity, match.person_id, match.face_id))
        return [match for match in near if match.similarity >= threshold][:limit]

    def erase(self, owner: str, pack: str, *, person_id: str, face_ids: Sequence[str] | None = None, at: int) -> None:
        with self._lock:
            table = self._tables.get((owner, pack), {})
            for key, (put_at, _) in list(table.items()):
                if key[0] == person_id and (face_ids is None or key[1] in face_ids) and put_at <= at:
                    del table[key]

    def faces(self, owner: str, pack: str) -> Iterable[tuple[str, str]]:
        with self._lock:
            return sorted(self._tables.get((owner, pack), {}))

    def compact(self, owner: str, pack: str) -> None:
        """There is nothing to compact."""

    def drop(self, owner: str, pack: str) -> None:
        with self._lock:
            self._tables.pop((owner, pack), None)

    def packs(self, owner: str) -> Iterable[str]:
        return [pack for of, pack in self.tables() if of == owner]

    def tables(self) -> Iterable[tuple[str, str]]:
        with self._lock:
            return sorted(self._tables)


class MemoryFaceTables:
    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], FaceTable] = {}
        self._settled: dict[tuple[str, str], str | None] = {}
        self._lock = threading.RLock()

    def get(self, owner: str, pack: str) -> FaceTable | None:
        return self._tables.get((owner, pack))

    def open(self, owner: str, pack: str, *, maker: str) -> FaceTable:
        with self._lock:
            return self._tables.setdefault((owner, pack), FaceTable(owner, pack, 1, maker))

    def touch(self, owner: str, pack: str) -> FaceTable:
        with self._lock:
            table = self._tables[owner, pack]
            return self._keep(replace(table, changes=table.changes + 1))

    def doom(self, owner: str, pack: str, entries: frozenset[str]) -> FaceTable | None:
        with self._lock:
            table = self._tables.get((owner, pack))
            if table is None:
                return None
            return self._keep(replace(table, doomed=table.doomed | entries, changes=table.changes + 1))

    def move(self, seen: FaceTable, *, token: str, now: int, until: int) -> FaceTable | None:
        with self._lock:
            table = self._tables[seen.owner, seen.pack]
            if table.mover == token:
                return table
            if table.generation != seen.generation or (table.mover is not None and now < table.moving_until):
                return None
            return self._keep(
                replace(
                    table,
                    generation=table.generation + 1,
                    maker=token,
                    sources=table.holds,
                    filled=False,
                    changes=table.changes + 1,
                    mover=token,
                    moving_until=until,
                )
            )

    def renew(self, table: FaceTable, *, until: int) -> bool:
        with self._lock:
            standing = self._tables[table.owner, table.pack]
            if standing.mover != table.mover:
                return False
            self._keep(replace(standing, moving_until=until))
            return True

    def settle(self, table: FaceTable, *, filled: bool) -> bool:
        with self._lock:
            standing = self._tables[table.owner, table.pack]
            if standing.mover != table.mover:
                return self._settled.get((table.owner, table.pack)) == table.mover
            self._settled[table.owner, table.pack] = table.mover
            self._keep(
                replace(
                    standing,
                    sources=(),
                    filled=filled,
                    doomed=standing.doomed - table.doomed,
                    changes=standing.changes + 1,
                    settled=standing.changes + 1,
                    mover=None,
                    moving_until=0,
                )
            )
            return True

    def of(self, owner: str) -> Iterable[FaceTable]:
        return [table for table in self.all() if table.owner == owner]

    def all(self) -> Iterable[FaceTable]:
        with self._lock:
            return [table for _, table in sorted(self._tables.items())]

    def _keep(self, table: FaceTable) -> FaceTable:
        self._tables[table.owner, table.pack] = table
        return table
