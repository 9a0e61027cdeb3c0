"""Pictures that somebody named: checked when they are asked for, fetched ahead and decoded when they are worked on.

A source is one field that says where a picture comes from: `s3Uri`, an upload of its owner's; `url`, a public host;
`imageData`, base64; `key`, an object of ours. The last two are for functions of ours alone: what a request names as
them never reaches this module.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import filenames, limits
from darkroom.domain.jobs import Cost
from darkroom.domain.uploads import Purpose
from darkroom.errors import (
    AttemptsExhaustedError,
    BadImageError,
    DarkroomError,
    FetchFailedError,
    ImageNotFoundError,
    InvalidRequestError,
    TooLargeError,
    UnacceptableUrlError,
)
from darkroom.usecases.submission import check_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.uploads import Upload
    from darkroom.ports import Clock, Fetcher, ImageReader, ObjectStore, UploadStore
    from darkroom.usecases.uploads import Uploads

    Picture = NDArray[np.uint8] | DarkroomError
    """The pixels of an image that was read, or why there are none."""
    Source = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sent:
    """One picture of a request: its bytes, or its source, which is then an upload or a URL.

    `field` is where it stands in the request; `name` is what people call it, None where nobody said.
    """

    field: str
    data: bytes | None = None
    source: Source | None = None
    name: str | None = None


S3: Final = "s3://"
BUCKET: Final = re.compile("[A-Za-z0-9._-]+")
IMAGE_FIX: Final = (
    "Use the s3:// URL of an upload of yours, or an http or https URL of a public host on port 80 or 443."
)
AHEAD: Final = 4
"""Images that are fetched while others are looked at: it hides the latency of storage and of slow hosts."""
ITEM_ERRORS: Final = (
    AttemptsExhaustedError,
    BadImageError,
    FetchFailedError,
    ImageNotFoundError,
    TooLargeError,
    UnacceptableUrlError,
)
"""What is wrong with one image and says nothing about the others."""
BY_CODE: Final[Mapping[str, type[DarkroomError]]] = {
    **{kind.code: kind for kind in ITEM_ERRORS},
    **dict.fromkeys(("HOST_NOT_FOUND", "FETCH_TIMED_OUT", "CONNECTION_FAILED", "OUT_OF_TIME"), FetchFailedError),
    **dict.fromkeys(("TOO_MANY_PIXELS", "TOO_MANY_FRAMES"), TooLargeError),
}
"""What an exact code is of: an error that was told is raised again as what it was."""


def picture_error(told: Mapping[str, str]) -> DarkroomError:
    """The error that a result `{code, message}` tells of (`redaction.told`); codes of no class of their own are a
    picture's own fault."""
    kind = BY_CODE.get(told["code"], BadImageError)
    return kind(told["message"], code=told["code"])


def of_url(url: str) -> Source:
    """What a URL of either sort names. A scheme is the same in any case."""
    return {"s3Uri": url} if url[: len(S3)].lower() == S3 else {"url": url}


def place(uri: str) -> tuple[str, str]:
    """(bucket, key) of an `s3://` URL."""
    bucket, _, key = uri[len(S3) :].partition("/")
    return bucket, key


class SourceChecks:
    """What a request names, checked as far as that goes without reading a picture."""

    def __init__(self, uploads: Uploads, fetcher: Callable[[], Fetcher], *, bucket: str) -> None:
        """`fetcher` is made for the first URL of a host."""
        self._uploads = uploads
        self._fetcher = fetcher
        self._bucket = bucket

    def check(
        self, owner: str, named: Sequence[tuple[str, Source]], purposes: Collection[Purpose] = (Purpose.PROCESS,)
    ) -> Mapping[str, Upload]:
        """Each of `named` is (its field in the request, the source); the rows of the uploads among them, by key.

        Raises ImageNotFoundError for an `s3://` URL that is not an upload of this owner's, UnacceptableUrlError for
        one of another form and for any other that must not be fetched, InvalidRequestError for an upload that is for
        none of these purposes.
        """
        keys = {}
        for field, source in named:
            if "s3Uri" in source:
                keys[field] = self._key(source["s3Uri"], field)
            elif "url" in source:
                check_url(self._fetcher(), source["url"], field, fix=IMAGE_FIX)
        rows = self._uploads.owned(owner, list(keys.values())) if keys else {}
        for field, key in keys.items():
            if rows[key].purpose not in purposes:
                raise InvalidRequestError(
                    "An image was uploaded for another purpose",
                    problems=((field, f"was uploaded with the purpose {rows[key].purpose}"),),
                    fix=f"Presign it with the purpose `{next(iter(purposes))}`, or without one.",
                )
        return rows

    def _key(self, uri: str, where: str) -> str:
        bucket, key = place(uri)
        if not (uri[: len(S3)].lower() == S3 and key and BUCKET.fullmatch(bucket)):
            raise UnacceptableUrlError(
                f"{where}: The URL is not of the form s3://BUCKET/KEY",
                fix="Write s3://BUCKET/KEY with the bucket and the key that POST /uploads/presign answered.",
            )
        if bucket != self._bucket:
            raise ImageNotFoundError(f"There is no bucket {bucket[:63]!r} here")
        return key


class SourceData:
    """The bytes of pictures, as somebody encoded them."""

    def __init__(self, *, objects: ObjectStore, uploads: UploadStore, fetcher: Fetcher) -> None:
        self._objects = objects
        self._uploads = uploads
        self._fetcher = fetcher

    def rows(self, sources: Sequence[Source]) -> Mapping[str, Upload]:
        """Of the uploads among them, by key."""
        keys = [place(source["s3Uri"])[1] for source in sources if "s3Uri" in source]
        return self._uploads.get(keys) if keys else {}

    def read(self, owner: str, source: Source, rows: Mapping[str, Upload]) -> bytes:
        """The bytes of one. What was checked when the job was made is checked again: time has passed."""
        if "url" in source:
            answer = self._fetcher.get(source["url"], limit=limits.IMAGE_BYTES)
            if answer.status != 200:
                raise FetchFailedError(f"The host answered {answer.status} instead of the image")
            return answer.body
        if "imageData" in source:
            return decoded(source["imageData"])
        if "key" in source:
            return self._objects.read(source["key"], limit=limits.IMAGE_BYTES)
        bucket, key = place(source["s3Uri"])
        row = rows.get(key)
        if bucket != self._objects.bucket or row is None or row.owner != owner:
            raise ImageNotFoundError("There is no such upload any more")
        return self._objects.read(key, limit=limits.IMAGE_BYTES)


class Sources:
    """Where pictures come from once it is their turn."""

    def __init__(
        self,
        reader: ImageReader,
        *,
        objects: ObjectStore,
        uploads: UploadStore,
        fetcher: Fetcher,
        clock: Clock,
        time: int,
    ) -> None:
        """`time` is what one walk over pictures may take, in milliseconds: what is fetched later is not."""
        self._reader = reader
        self._data = SourceData(objects=objects, uploads=uploads, fetcher=fetcher)
        self._clock = clock
        self._time = time

    def pictures(
        self, owner: str, sources: Sequence[Source], *, spend: Callable[[Cost], None] = lambda _: None
    ) -> Generator[Picture, None, None]:
        """The pictures in order, each decoded while the one before it is in use, and fetched earlier than that.

        `spend` is told what was read, from several threads. Raises what says nothing about one picture alone.
        """
        # Imported here: the functions that take requests import this module too, and run no work.
        from concurrent.futures import ThreadPoolExecutor

        if not sources:
            return
        until = self._clock.now() + self._time
        rows = self._data.rows(sources)

        def fetch(source: Source) -> bytes:
            if self._clock.now() >= until:
                raise FetchFailedError("The job's time was up before this image's turn", code="OUT_OF_TIME")
            data = self._data.read(owner, source, rows)
            spend(Cost(bytes_in=len(data)))
            return data

        def picture(data: Future[bytes]) -> Picture:
            try:
                return self._reader.read(data.result())
            except ITEM_ERRORS as error:
                return error

        with ExitStack() as stack:
            fetching, decoding = (ThreadPoolExecutor(threads) for threads in (AHEAD, 1))
            for pool in (decoding, fetching):
                stack.callback(pool.shutdown, cancel_futures=True)
            fetched = deque(fetching.submit(fetch, source) for source in sources[: AHEAD + 1])
            coming = decoding.submit(picture, fetched.popleft())
            for turn in range(len(sources)):
                if turn + AHEAD + 1 < len(sources):
                    fetched.append(fetching.submit(fetch, sources[turn + AHEAD + 1]))
                current = coming.result()
                if fetched:
                    coming = decoding.submit(picture, fetched.popleft())
                yield current


def sent(images: Sequence[Mapping[str, Any]], files: Sequence[tuple[str, bytes]] = ()) -> list[Sent]:
    """The pictures of a request: `files` as (name, bytes), else `images` by Python names, as the contracts have them.

    Raises InvalidRequestError for an image that is not named in one way, or is no base64, and TooLargeError for more
    than INLINE_IMAGE_BYTES in all.
    """
    pictures = [Sent(f"files[{place}]", data=data, name=_shown(name)) for place, (name, data) in enumerate(files)]
    pictures += [_sent(image, f"images[{place}]") for place, image in enumerate(images)]
    if (size := sum(len(each.data or b"") for each in pictures)) > limits.INLINE_IMAGE_BYTES:
        raise TooLargeError(
            f"The pictures of the request have {size:,} bytes; {limits.INLINE_IMAGE_BYTES:,} is the most",
            fix="Upload them with POST /uploads/presign first, and name each as s3Uri.",
        )
    return pictures


def one(image: Mapping[str, Any], field: str) -> Sent:
    """The same for a picture that is alone in its request."""
    (picture,) = sent([image])
    return replace(picture, field=field)


def _sent(image: Mapping[str, Any], field: str) -> Sent:
    ways = {"imageData": image.get("image_data"), "s3Uri": image.get("s3_uri"), "url": image.get("url")}
    given = {way: value for way, value in ways.items() if value is not None}
    if len(given) != 1:
        raise InvalidRequestError(
            f"{field}: needs one of imageData, s3Uri and url",
            problems=((field, f"names {' and '.join(given) or 'no picture'}"),),
            fix="Send imageData, s3Uri or url for each picture, and only one of them.",
        )
    name = _shown(image.get("name"))
    if "imageData" not in given:
        return Sent(field, source=given, name=name)
    try:
        return Sent(field, data=decoded(given["imageData"]), name=name)
    except BadImageError as error:
        raise InvalidRequestError(
            f"{field}.imageData: {error.detail}",
            problems=((f"{field}.imageData", "is not valid base64"),),
            fix=error.fix,
            code=error.exact_code,
        ) from None


def _shown(name: str | None) -> str | None:
    """A name that somebody gave, as people may see it; None where nothing is left of it."""
    if not name:
        return None
    try:
        return filenames.shown(name[-limits.FILENAME_CHARACTERS :])
    except InvalidRequestError:
        return None


def decoded(text: str) -> bytes:
    """The bytes of a picture in base64. Raises BadImageError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadImageError(
            "The picture is not valid base64",
            code="BROKEN_BASE64",
            fix="Send standard base64 with its padding: no blanks, no line breaks, no data: prefix.",
        ) from None
