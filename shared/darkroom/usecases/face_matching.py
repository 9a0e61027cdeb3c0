"""Is this the same person, and who is it? Two faces are compared, and one is looked for among those enrolled.

What is asked with is a picture, whose largest face counts, or an embedding. Vectors are compared within one pack alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.domain.faces import pack_mismatch
from darkroom.domain.people import PersonState
from darkroom.errors import InvalidRequestError, PersonNotFoundError
from darkroom.usecases import sources
from darkroom.usecases.faces import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from darkroom.domain.people import Match
    from darkroom.ports import FaceIndex, FaceReader, PeopleStore
    from darkroom.usecases.sources import SourceChecks

SHORTEST: Final = 1e-6
"""A vector that is shorter has no direction to speak of."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What is compared or looked for: a unit vector, what made it, and of a picture the face that it is of."""

    vector: Sequence[float]
    model: Mapping[str, Any]
    face: Mapping[str, Any]


class Probes:
    """Makes vectors of what requests hold: `{image_data | s3_uri | url | embedding, pack?}`, by Python names."""

    def __init__(self, reader: FaceReader, checks: SourceChecks) -> None:
        self._reader = reader
        self._checks = checks

    def probe(self, owner: str, side: Mapping[str, Any], field: str, pack: str | None) -> Probe:
        """`field` is where it stands in the request, empty for the whole of it; `pack` is what it has to be of, None
        for the one that answers.

        Raises InvalidRequestError for a side that is none, an embedding of another length than the pack's or without
        direction, and a picture without a face; PackMismatchError; and what checks and readers of pictures raise.
        """
        dot = f"{field}." if field else ""
        if side.get("embedding") is None:
            return self._of_picture(owner, side, field or "body", pack)
        if any(side.get(name) is not None for name in ("image_data", "s3_uri", "url")):
            raise _one_of(field)
        if side.get("pack") is not None and pack not in (None, side["pack"]):
            raise pack_mismatch(side["pack"], str(pack))
        model = self._reader.model(pack or side.get("pack"))
        return Probe(unit(side["embedding"], model, f"{dot}embedding"), model, {})

    def _of_picture(self, owner: str, side: Mapping[str, Any], field: str, pack: str | None) -> Probe:
        if all(side.get(name) is None for name in ("image_data", "s3_uri", "url")):
            raise _one_of(field)
        sent = sources.one(side, field)
        source = sent.source or {"imageData": side["image_data"]}
        self._checks.check(owner, [(field, source)], PURPOSES)
        found = self._reader.read(owner, source, pack=pack)
        model, result = found["model"], found["results"][0]
        if not result["faces"]:
            raise InvalidRequestError(
                f"{field}: There is no face on the picture",
                problems=((field, "shows no face"),),
                fix="Send a picture on which a face is seen from the front, and not too small.",
                code="NO_FACE",
            )
        largest = max(result["faces"], key=lambda face: _area(face["bbox"]))
        shown = {"bbox": largest["bbox"], "score": largest["score"], "faceCount": result["faceCount"]}
        return Probe(unit(largest["embedding"], model, field), model, shown)


class FaceComparison:
    def __init__(self, probes: Probes) -> None:
        self._probes = probes

    def compare(self, owner: str, faces: Sequence[Mapping[str, Any]], *, threshold: float | None) -> dict[str, Any]:
        """`{similarity, threshold, same, faces, model}` of two sides; the threshold is the pack's where none is given.

        Raises PackMismatchError for two packs, and what `Probes.probe` raises.
        """
        packs = list(dict.fromkeys(side["pack"] for side in faces if side.get("pack") is not None))
        if len(packs) > 1:
            raise pack_mismatch(packs[0], packs[1])
        pack = packs[0] if packs else None
        one, other = self._both(owner, faces, pack)
        if one.model["pack"] != other.model["pack"]:  # the function was replaced between the two
            raise pack_mismatch(one.model["pack"], other.model["pack"])
        similarity = cosine(one.vector, other.vector)
        least = one.model["threshold"] if threshold is None else threshold
        return {
            "similarity": round(similarity, 6),
            "threshold": least,
            "same": similarity >= least,
            "faces": [dict(one.face), dict(other.face)],
            "model": dict(one.model),
        }

    def _both(self, owner: str, faces: Sequence[Mapping[str, Any]], pack: str | None) -> tuple[Probe, Probe]:
        """Two pictures are read at once: each may wait for a model to be loaded."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            begun = [
                pool.submit(self._probes.probe, owner, side, f"faces[{place}]", pack)
                for place, side in enumerate(faces)
            ]
            return begun[0].result(), begun[1].result()


class FaceSearch:
    def __init__(self, probes: Probes, people: PeopleStore, index: FaceIndex) -> None:
        self._probes = probes
        self._people = people
        self._index = index

    def search(
        self,
        owner: str,
        side: Mapping[str, Any],
        *,
        threshold: float | None = None,
        limit: int = limits.FACES_FOUND_DEFAULT,
        person_ids: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """`{matches: [{personId, faceId, similarity, name?}], threshold, face?, model}`, best first.

        Looks among those of `person_ids` alone where they are given. Nobody who is being erased is found. Raises
        PersonNotFoundError for one of them who is not this owner's, and what `Probes.probe` raises.
        """
        names = {person_id: self._name(owner, person_id) for person_id in dict.fromkeys(person_ids or ())}
        if any(name is None for name in names.values()):
            raise PersonNotFoundError
        pack = self._people.pack(owner)
        probe = self._probes.probe(owner, side, "", pack)
        least = probe.model["threshold"] if threshold is None else threshold
        found: Sequence[Match] = ()
        if pack is not None:
            import numpy as np  # for who looks alone: the function that compares has none

            vector = np.asarray(probe.vector, np.float32)
            people = list(names) if person_ids is not None else None
            found = self._index.search(owner, pack, vector, limit=limit, threshold=least, people=people)
        matches = []
        for match in found:
            if match.person_id not in names:
                names[match.person_id] = self._name(owner, match.person_id)
            name = names[match.person_id]
            if name is not None:
                shown: dict[str, Any] = {"personId": match.person_id, "faceId": match.face_id}
                shown["similarity"] = round(max(-1.0, min(1.0, match.similarity)), 6)
                matches.append(shown | ({"name": name} if name else {}))
        face = {"face": dict(probe.face)} if probe.face else {}
        return {"matches": matches, "threshold": least, **face, "model": dict(probe.model)}

    def _name(self, owner: str, person_id: str) -> str | None:
        """The person's name, empty where it has none; None for who is not there, or is being erased."""
        person = self._people.get(owner, person_id)
        return None if person is None or person.state is not PersonState.ACTIVE else person.name or ""


def unit(vector: Sequence[float], model: Mapping[str, Any], field: str) -> list[float]:
    """The vector, scaled to unit length: what two of them say to each other is in their directions.

    Raises InvalidRequestError for one that is not of this model's length, or has no direction.
    """
    problem = None
    length = 0.0
    if len(vector) != model["dimensions"]:
        problem = f"has {len(vector)} numbers, and {model['pack']} makes {model['dimensions']}"
    else:
        length = math.hypot(*vector)
        if not SHORTEST <= length < math.inf:
            problem = "has no direction: its numbers are all zero, or far too large"
    if problem is not None:
        raise InvalidRequestError(
            f"{field}: {problem}",
            problems=((field, problem),),
            fix=f"Send an embedding as this API answered it, made by {model['pack']}.",
            code="BAD_EMBEDDING",
        )
    return [part / length for part in vector]


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two unit vectors, -1 to 1."""
    return max(-1.0, min(1.0, math.fsum(a * b for a, b in zip(one, other, strict=True))))


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _one_of(field: str) -> InvalidRequestError:
    where = field or "body"
    return InvalidRequestError(
        f"{where}: needs one of imageData, s3Uri, url and embedding",
        problems=((where, "names no picture and no embedding, or several"),),
        fix="Send one picture or one embedding.",
    )
