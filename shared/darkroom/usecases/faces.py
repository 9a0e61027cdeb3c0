"""Faces: pictures that somebody sends or names become what is found on each of them, at once or as a job.

What is told of them is plain data, and one form of it serves all: jobs store it, functions hand it on, and the wire
shows it with URLs in place of keys.

`{model: {engine, pack, dimensions, licence, threshold}, results: [...]}`, one result a picture, in their order:
`{imageIndex, name, imageWidth, imageHeight, faceCount, faces: [...], annotatedKey?}`, or
`{imageIndex, name, error: {code, message}}`; and each face
`{bbox: [x1, y1, x2, y2], score, landmarks: [[x, y] * 5], quality: {...}, embedding?: [...], cropKey?, crop?}`.
Boxes and landmarks are pixels of the upright picture, to a tenth.
"""

from __future__ import annotations

import base64
import logging
import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from darkroom.domain import cost, filenames, limits, redaction
from darkroom.domain.generation import JPEG
from darkroom.domain.jobs import Kind
from darkroom.domain.uploads import Purpose, is_key
from darkroom.errors import DarkroomError, InvalidRequestError, NoModelError
from darkroom.usecases.sources import ITEM_ERRORS, place
from darkroom.usecases.submission import Submission, check_request, check_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.faces import Face, FaceSpace, Quality
    from darkroom.domain.jobs import Job
    from darkroom.domain.uploads import Arrival
    from darkroom.ports import Clock, FaceMeter, FaceModel, FacePictures, Fetcher, Meter, UploadStore
    from darkroom.usecases.running import Run
    from darkroom.usecases.shelf import Shelf
    from darkroom.usecases.sources import Picture, Sent, SourceChecks, Sources
    from darkroom.usecases.submission import Submissions

T = TypeVar("T")
R = TypeVar("R")
TIME: Final = 12 * limits.MINUTE
"""For one walk over pictures, below the function's 15 minutes."""
PURPOSES: Final = (Purpose.FACES, Purpose.PROCESS)
"""Of uploads that a request about faces may name."""
WRITERS: Final = 8
"""Pictures that are put into storage at once."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    owner: str
    embeddings: bool
    draw: bool
    crops: bool


class FaceReading:
    """Finds faces on pictures and tells them as plain data."""

    def __init__(
        self,
        model: Callable[[str | None], FaceModel],
        sources: Sources,
        *,
        quality: FaceMeter,
        pictures: FacePictures,
        shelf: Shelf,
        meter: Meter,
    ) -> None:
        """`model` finds the engine of a pack, or of its own choice without one, and loads it on first use."""
        self._model = model
        self._sources = sources
        self._quality = quality
        self._pictures = pictures
        self._shelf = shelf
        self._meter = meter

    def read(
        self,
        owner: str,
        images: Sequence[Mapping[str, str]],
        *,
        embeddings: bool = True,
        draw: bool = False,
        crops: bool = False,
        pack: str | None = None,
        run: Run | None = None,
    ) -> dict[str, Any]:
        """What is found. An image is a source (`usecases/sources.py`), with a `name` if it has one; none at all gives
        the model alone. What is wrong with one image is that one's `error`.

        `draw` stores a crop of each face and the picture with boxes on it, under `cropKey` and `annotatedKey`. `crops`
        has the face of a picture that shows a single one come with a `crop`, a JPEG in base64. `run` is the job that
        it is done for. Raises NoModelError, PackMismatchError, and what `run` raises.
        """
        model = self._model(pack)
        wanted = _Wanted(owner, embeddings, draw, crops)
        results = []
        spend = {} if run is None else {"spend": run.spend}
        with closing(self._sources.pictures(owner, images, **spend)) as pictures:
            for index, picture in enumerate(pictures):
                if run is not None:
                    run.check()
                result = {"imageIndex": index, "name": _name(images[index], index)}
                results.append(result | self._found(wanted, model, picture))
                if run is not None:
                    run.progress(index + 1)
        return {"model": told(model.space), "results": results}

    def _found(self, wanted: _Wanted, model: FaceModel, picture: Picture) -> dict[str, Any]:
        if isinstance(picture, DarkroomError):
            return {"error": redaction.told(picture)}
        try:
            seen = model.faces(picture)
        except ITEM_ERRORS as error:
            return {"error": redaction.told(error)}
        self._meter.engine_used(model.space.engine, items=1, usd=0.0)
        shown = seen[: limits.FACES_PER_IMAGE]
        faces = [_plain(face, self._quality.measure(picture, face), embedding=wanted.embeddings) for face in shown]
        height, width = picture.shape[:2]
        result = {"imageWidth": width, "imageHeight": height, "faceCount": len(seen), "faces": faces}
        if wanted.draw:
            result["annotatedKey"] = self._drawn(wanted.owner, picture, shown, faces)
        if wanted.crops and len(seen) == 1:
            faces[0]["crop"] = base64.b64encode(self._pictures.crop(picture, seen[0])).decode()
        return result

    def _drawn(
        self, owner: str, picture: NDArray[np.uint8], seen: Sequence[Face], faces: Sequence[dict[str, Any]]
    ) -> str:
        """The key of the picture with its faces marked; their crops' keys go to them."""
        made = [self._pictures.drawn(picture, seen), *(self._pictures.crop(picture, face) for face in seen)]
        whole, *crops = at_once(lambda data: self._shelf.keep(owner, data, JPEG), made)
        for face, key in zip(faces, crops, strict=True):
            face["cropKey"] = key
        return whole


class FaceWork:
    """The Work of a FACES job."""

    def __init__(self, reading: Callable[[], FaceReading]) -> None:
        self._reading = reading

    def run(self, run: Run) -> object:
        """What `FaceReading.read` tells. Raises NoModelError with the command that mends it in its message."""
        request = run.job.request
        try:
            return self._reading().read(
                run.job.owner, request["images"], embeddings=request["embeddings"], draw=request["draw"], run=run
            )
        except NoModelError as error:
            raise NoModelError(f"{error.detail}. {error.fix}", fix=error.fix) from error


class FaceRequests:
    """What `POST /upload-images` asks for, checked as far as that goes without reading an image."""

    def __init__(
        self,
        submissions: Submissions,
        checks: SourceChecks,
        shelf: Shelf,
        fetcher: Callable[[], Fetcher],
        *,
        gigabytes: float,
    ) -> None:
        """`gigabytes` is the size of the function that will do the work; the estimate is made of it."""
        self._submissions = submissions
        self._checks = checks
        self._shelf = shelf
        self._fetcher = fetcher
        self._gigabytes = gigabytes

    def submit(
        self,
        owner: str,
        images: Sequence[Sent],
        *,
        embeddings: bool = True,
        draw: bool = False,
        callback_url: str | None = None,
        max_cost: float | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """A job for these images. Those that came with the request are stored first, for a week.

        Raises what `SourceChecks.check` and `Submissions.submit` raise, TooLargeError, and InvalidRequestError for a
        request with too many images or none.
        """
        check_count(images)
        if callback_url is not None:
            check_url(self._fetcher(), callback_url, "callbackUrl")
        rows = self._checks.check(owner, [(each.field, each.source) for each in images if each.source], PURPOSES)
        kept = iter(
            at_once(lambda data: self._shelf.take(owner, data), [each.data for each in images if each.data is not None])
        )
        plain = []
        for index, each in enumerate(images):
            source = each.source or {"key": next(kept)}
            upload = rows.get(place(source["s3Uri"])[1]) if "s3Uri" in source else None
            name = each.name or (upload.filename if upload else _name(source, index) if each.source else None)
            plain.append({**source, "name": name} if name else dict(source))
        request = {"images": plain, "embeddings": embeddings, "draw": draw}
        check_request(request)
        return self._submissions.submit(
            Submission(
                owner=owner,
                kind=Kind.FACES,
                request=request,
                items=len(images),
                estimate=cost.faces(len(images), gigabytes=self._gigabytes),
                max_cost=max_cost,
                callback_url=callback_url,
                idempotency_key=idempotency_key,
            )
        )


class FaceUploads:
    """What storage tells of uploads for faces: each becomes a job of the upload's owner."""

    def __init__(
        self, submissions: Submissions, uploads: UploadStore, clock: Clock, *, bucket: str, gigabytes: float
    ) -> None:
        self._submissions = submissions
        self._uploads = uploads
        self._clock = clock
        self._bucket = bucket
        self._gigabytes = gigabytes

    def submit(self, arrival: Arrival) -> Job | None:
        """The job of this arrival: told of twice it is one, and another once the object was overwritten.

        None for an object that nobody was given a URL for: it is left alone. Raises TransientError.
        """
        ours = arrival.bucket == self._bucket and is_key(arrival.key)
        row = self._uploads.get([arrival.key]).get(arrival.key) if ours else None
        if row is None or row.purpose is not Purpose.FACES or row.expires_at <= self._clock.now():
            log.warning("An object that nobody may have uploaded was left alone", extra={"key": arrival.key[:200]})
            return None
        return self._submissions.submit(
            Submission(
                owner=row.owner,
                kind=Kind.FACES,
                request={
                    "images": [{"s3Uri": f"s3://{arrival.bucket}/{arrival.key}", "name": row.filename}],
                    "embeddings": True,
                    "draw": False,
                },
                items=1,
                estimate=cost.faces(1, gigabytes=self._gigabytes),
                # No caller's key holds a blank.
                idempotency_key=f"{arrival.key} {arrival.version}",
            )
        )


def check_count(images: Sequence[object]) -> None:
    if not 1 <= len(images) <= limits.IMAGES_PER_JOB:
        raise InvalidRequestError(
            f"A job takes 1 to {limits.IMAGES_PER_JOB} images",
            problems=(("images", f"has {len(images)} entries"),),
            fix="Split the images over several jobs." if images else "Send at least one image.",
        )


def told(space: FaceSpace) -> dict[str, Any]:
    """What made the embeddings, and from which cosine on two of them are taken for one person."""
    return {
        "engine": space.engine,
        "pack": space.pack,
        "dimensions": space.dimensions,
        "licence": space.licence.value,
        "threshold": space.threshold,
    }


def told_quality(quality: Quality) -> dict[str, float]:
    return {
        "size": round(quality.size, 1),
        "sharpness": round(quality.sharpness, 1),
        "yaw": round(quality.yaw, 1),
        "pitch": round(quality.pitch, 1),
        "roll": round(quality.roll, 1),
        "brightness": round(quality.brightness, 3),
        "contrast": round(quality.contrast, 3),
        "inside": round(quality.inside, 3),
    }


def _plain(face: Face, quality: Quality, *, embedding: bool) -> dict[str, Any]:
    """As jobs store it. Eight decimals hold a component of a unit vector to more than its float32 does."""
    shown: dict[str, Any] = {
        "bbox": [round(float(edge), 1) for edge in face.bbox],
        "score": round(float(face.score), 4),
        "landmarks": [[round(float(x), 1), round(float(y), 1)] for x, y in face.landmarks],
        "quality": told_quality(quality),
    }
    if embedding:
        shown["embedding"] = [round(part, 8) for part in face.embedding.tolist()]
    return shown


def _name(image: Mapping[str, str], index: int) -> str:
    """What people know the image by: its own name, else the end of its URL, else its number."""
    if "name" in image:
        return image["name"]
    path = image.get("s3Uri") or urlsplit(image.get("url", "")).path
    last = re.split(r"[/\\]", unquote(path))[-1][: limits.FILENAME_CHARACTERS]
    try:
        return filenames.shown(last)
    except InvalidRequestError:
        return f"image-{index}"


def at_once(call: Callable[[T], R], several: Iterable[T]) -> list[R]:
    """What the call gives of each, in their order; WRITERS calls go on side by side."""
    from concurrent.futures import ThreadPoolExecutor  # for who has something to store alone

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(call, several))
