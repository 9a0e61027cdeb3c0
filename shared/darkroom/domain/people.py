"""People: who is known to an owner, and the faces that they are known by.

Biometric data needs consent, which is recorded with every face, and is erased with its person.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.limits import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.domain.detection import Box
    from darkroom.domain.faces import Quality

ID_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Of a person or a face; the caller's own are welcome."""
WRITER_TIME: Final = 20 * SECOND
"""A worker that enrols a face writes nothing of it later than this after it began: then the face's row is overdue, and
an erasure may take it for dead."""


def owner_folder(owner: str) -> str:
    """An owner's name may hold anything, and says who it is: its digest does neither."""
    return f"people/{hashlib.sha256(owner.encode()).hexdigest()[:32]}/"


def person_folder(owner: str, person_id: str) -> str:
    """Below it stand all pictures of a person, and nothing else."""
    return f"{owner_folder(owner)}{person_id}/"


def original_key(owner: str, person_id: str, face_id: str) -> str:
    return f"{person_folder(owner, person_id)}{face_id}/original"


def crop_key(owner: str, person_id: str, face_id: str) -> str:
    return f"{person_folder(owner, person_id)}{face_id}/crop.jpg"


def sent_key(owner: str, person_id: str, face_id: str, digest: str) -> str:
    """Where a picture that came with a request waits for its enrolment. It is apart from the original, which may be
    that of an enrolled face of the same id."""
    return f"{person_folder(owner, person_id)}{face_id}/sent-{digest}"


class PersonState(StrEnum):
    ACTIVE = "active"
    ERASING = "erasing"


class FaceState(StrEnum):
    """A face that is WRITING has its row, and maybe its picture and its vector; an ENROLLED one has all."""

    WRITING = "writing"
    ENROLLED = "enrolled"


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

    `digest` is the hex sha256 of the picture that it came from; `token` names the worker that writes it, `until` is
    when that worker stops. `original_key` and `crop_key` are objects below the person's folder. `source_key` is the
    upload that the picture came from, which goes with the person too.
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


@dataclass(frozen=True, slots=True)
class Match:
    """An enrolled face that is like another: `similarity` is the cosine, -1 to 1."""

    person_id: str
    face_id: str
    similarity: float
