"""Faces and people as the wire shows them: keys of storage become URLs that are signed at each reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from darkroom.domain.jobs import Kind
from darkroom.domain.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from darkroom.domain.people import EnrolledFace, Person
    from darkroom.ports import PeoplePage
    from darkroom.usecases.shelf import Shelf

KINDS = frozenset({Kind.FACES, Kind.ENROLMENT, Kind.ERASURE, Kind.REEMBEDDING})
URLS = {"cropKey": "cropUrl", "annotatedKey": "annotatedUrl"}


def result(kind: Kind, raw: Mapping[str, Any], shelf: Callable[[], Shelf]) -> dict[str, Any]:
    """What a completed job of one of KINDS made."""
    return found(raw, shelf) if kind is Kind.FACES else dict(raw)


def found(raw: Mapping[str, Any], shelf: Callable[[], Shelf]) -> dict[str, Any]:
    """The faces of pictures, as `usecases/faces.py` tells them."""
    signed = _Signed(shelf)
    results = [signed.shown(each) for each in raw["results"]]
    for each in results:
        if "faces" in each:
            each["faces"] = [signed.shown(face) for face in each["faces"]]
    return {"model": raw["model"], "results": results} | signed.expiry()


def person(who: Person) -> dict[str, Any]:
    shown = {
        "personId": who.person_id,
        "name": who.name,
        "metadata": who.metadata,
        "consentVersion": who.consent,
        "faceCount": who.faces,
        "createdAt": iso(who.created_at),
        "updatedAt": iso(who.updated_at),
    }
    return {name: value for name, value in shown.items() if value is not None}


def people(page: PeoplePage) -> dict[str, Any]:
    cursor = {} if page.cursor is None else {"cursor": page.cursor}
    return {"people": [person(each) for each in page.people]} | cursor


def faces(of_person: Sequence[EnrolledFace], shelf: Callable[[], Shelf]) -> dict[str, Any]:
    from darkroom.usecases.faces import told_quality

    signed = _Signed(shelf)
    shown = [
        {
            "faceId": face.face_id,
            "consentVersion": face.consent,
            "pack": face.pack,
            "bbox": [round(float(edge), 1) for edge in face.bbox],
            "score": round(float(face.score), 4),
            "quality": told_quality(face.quality),
            "cropUrl": signed.url(face.crop_key),
            "createdAt": iso(face.created_at),
        }
        for face in of_person
    ]
    return {"faces": shown} | signed.expiry()


class _Signed:
    """Signs keys, and remembers when the first of the URLs ends."""

    def __init__(self, shelf: Callable[[], Shelf]) -> None:
        self._shelf = shelf
        self._expires_at: int | None = None

    def url(self, key: str) -> str:
        url, expires_at = self._shelf().link(key)
        self._expires_at = expires_at if self._expires_at is None else min(self._expires_at, expires_at)
        return url

    def shown(self, told: Mapping[str, Any]) -> dict[str, Any]:
        return {URLS.get(name, name): self.url(value) if name in URLS else value for name, value in told.items()}

    def expiry(self) -> dict[str, str]:
        return {} if self._expires_at is None else {"urlsExpireAt": iso(self._expires_at)}
