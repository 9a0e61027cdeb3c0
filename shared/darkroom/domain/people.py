"""People: who is known to an owner, and the faces that they are known by.

Biometric data needs consent, which is recorded with every face, and is erased with its person.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.faces import Quality
from darkroom.domain.limits import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.domain.detection import Box

FUNCTION_GIGABYTES: Final = 1_769 / 1_024
"""Memory of the function that changes the index, which a job's estimate is made with; a test holds it to the template.
"""
ID_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Of a person or a face; the caller's own are welcome."""
WRITER_TIME: Final = 20 * SECOND
"""A worker that enrols a face writes nothing of it later than this after it began: then the face's row is overdue, and
an erasure may take it for dead."""


def is_id(text: str) -> bool:
    return re.fullmatch(ID_PATTERN, text) is not None


ORIGINAL: Final = "original"
CROP: Final = "crop.jpg"
"""What the two pictures of a face are called in its folder."""


def owner_folder(owner: str) -> str:
    """An owner's name may hold anything, and says who it is: its digest does neither."""
    return f"people/{hashlib.sha256(owner.encode()).hexdigest()[:32]}/"


def person_folder(owner: str, person_id: str) -> str:
    """Below it stand all pictures of a person, and nothing else."""
    return f"{owner_folder(owner)}{person_id}/"


def original_key(owner: str, person_id: str, face_id: str) -> str:
    return f"{person_folder(owner, person_id)}{face_id}/{ORIGINAL}"


def crop_key(owner: str, person_id: str, face_id: str) -> str:
    return f"{person_folder(owner, person_id)}{face_id}/{CROP}"


def sent_key(owner: str, person_id: str, face_id: str, digest: str) -> str:
    """Where a picture that came with a request waits for its enrolment. It is apart from the original, which may be
    that of an enrolled face of the same id."""
    return f"{person_folder(owner, person_id)}{face_id}/sent-{digest}"


def sent_digest(key: str) -> str:
    """Of the picture that waits there."""
    return key.rpartition("/sent-")[2]


class PersonState(StrEnum):
    ACTIVE = "active"
    ERASING = "erasing"


class FaceState(StrEnum):
    """A face that is WRITING has its row, and maybe its picture and its vector; an ENROLLED one has all. Of one that is
    ERASING anything may be left, and its row bars the id until nothing is."""

    WRITING = "writing"
    ENROLLED = "enrolled"
    ERASING = "erasing"


@dataclass(frozen=True, slots=True)
class Person:
    """One person of one owner. `consent` is the version of the text that was consented to, None where nobody has."""

    owner: str
    person_id: str
    name: str | None
    metadata: Mapping[str, Any] | None
    consent: str | None
    state: PersonState
    created_at: int
    updated_at: int
    faces: int = 0


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """One face of a person, without its vector.

    `digest` is the hex sha256 of the picture that it came from; `token` names the worker that wrote it, `until` is when
    whoever writes something of it stops, 0 where nobody does. `original_key` and `crop_key` are objects below the
    person's folder. `source_key` is the upload that the picture came from, which goes with the person too.
    """

    owner: str
    person_id: str
    face_id: str
    state: FaceState
    digest: str
    pack: str
    consent: str
    bbox: Box
    score: float
    quality: Quality
    original_key: str
    crop_key: str
    source_key: str | None
    created_at: int
    token: str = field(repr=False)
    until: int

    def is_written(self, now: int) -> bool:
        """A worker may still write something of it."""
        return now < self.until


@dataclass(frozen=True, slots=True)
class Match:
    """An enrolled face that is like another: `similarity` is the cosine, -1 to 1."""

    person_id: str
    face_id: str
    similarity: float


def barred(owner: str, person_id: str, face_id: str, *, token: str, now: int) -> EnrolledFace:
    """The row that bars the id of a face of which nothing is known."""
    return EnrolledFace(
        owner=owner,
        person_id=person_id,
        face_id=face_id,
        state=FaceState.ERASING,
        digest="",
        pack="",
        consent="",
        bbox=(0.0, 0.0, 0.0, 0.0),
        score=0.0,
        quality=Quality(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        original_key=original_key(owner, person_id, face_id),
        crop_key=crop_key(owner, person_id, face_id),
        source_key=None,
        created_at=now,
        token=token,
        until=now,
    )


PERSON_ORDER: Final = rf"person#{ID_PATTERN}"
"""A position in the list of an owner's people."""


@dataclass(frozen=True, slots=True)
class FaceTable:
    """Where the vectors of one owner and pack stand.

    A generation is two tables of its own, made by who then has it hold; of two who make one, the other's never holds.
    `name` is appended to; `base` is what was copied from the generation before, in one write, and holds once it is
    `filled`: until then, `sources` do. A generation is left for the next one by an erasure or a compaction, and never
    used again, so that whatever a worker that was thought dead still writes there is nobody's.
    `changes` counts what readers have to notice, `settled` is how many there were when the generation was filled.
    `doomed` names who is to be left behind by the next move. `mover` is the token of who fills the generation, and does
    so until `moving_until` at the latest.
    """

    owner: str
    pack: str
    generation: int
    maker: str
    changes: int = 0
    settled: int = 0
    sources: tuple[str, ...] = ()
    filled: bool = False
    doomed: frozenset[str] = frozenset()
    mover: str | None = None
    moving_until: int = 0

    @property
    def name(self) -> str:
        return table_name(self.generation, self.maker)

    @property
    def base(self) -> str:
        return f"{self.name}-base"

    @property
    def holds(self) -> tuple[str, ...]:
        """The tables to read, the newest last."""
        return (*self.sources, *((self.base,) if self.filled else ()), self.name)


def table_name(generation: int, maker: str) -> str:
    return f"g{generation}-{maker}"
