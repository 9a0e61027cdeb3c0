"""Object detection: images that somebody names become a job, and the job becomes what is seen on each of them."""

from __future__ import annotations

import json
import re
from collections import deque
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import cost, limits, redaction
from darkroom.domain.detection import USD_PER_IMAGE
from darkroom.domain.jobs import Cost, Kind
from darkroom.domain.uploads import Purpose
from darkroom.errors import (
    AttemptsExhaustedError,
    BadImageError,
    DarkroomError,
    FetchFailedError,
    ImageNotFoundError,
    InvalidRequestError,
    NoModelError,
    TooLargeError,
    UnacceptableUrlError,
)
from darkroom.usecases.submission import Submission, check_url

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.detection import Detection
    from darkroom.domain.jobs import Job
    from darkroom.domain.uploads import Upload
    from darkroom.ports import Clock, Fetcher, ImageReader, ObjectDetector, ObjectStore, UploadStore
    from darkroom.usecases.running import Run
    from darkroom.usecases.submission import Submissions
    from darkroom.usecases.uploads import Uploads

    Picture = NDArray[np.uint8] | DarkroomError
    """The pixels of an image that was read, or why there are none."""

S3: Final = "s3://"
BUCKET: Final = re.compile("[A-Za-z0-9._-]+")
IMAGE_FIX: Final = (
    "Use the s3:// URL of an upload of yours, or an http or https URL of a public host on port 80 or 443."
)
AHEAD: Final = 4
"""Images that are fetched while others are looked at: it hides the latency of storage and of slow hosts."""
TIME: Final = 4 * limits.MINUTE
"""For one worker's turn at a job, below its function's timeout: a job of slow hosts ends with what it has by then."""
ITEM_ERRORS: Final = (
    AttemptsExhaustedError,
    BadImageError,
    FetchFailedError,
    ImageNotFoundError,
    TooLargeError,
    UnacceptableUrlError,
)
"""What is wrong with one image and says nothing about the others."""


class DetectionRequests:
    """What `POST /process` asks for, checked as far as that goes without reading an image."""

    def __init__(
        self,
        submissions: Submissions,
        uploads: Uploads,
        fetcher: Fetcher,
        *,
        bucket: str,
        engine: str,
        gigabytes: float,
    ) -> None:
        """`engine` and `gigabytes` are those of the function that will do the work; the estimate is made of them."""
        self._submissions = submissions
        self._uploads = uploads
        self._fetcher = fetcher
        self._bucket = bucket
        self._usd_per_image = USD_PER_IMAGE.get(engine, 0.0)
        self._gigabytes = gigabytes

    def submit(
        self,
        owner: str,
        image_urls: Sequence[str],
        *,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        max_cost: float | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """A job for these images.

        Raises ImageNotFoundError for an `s3://` URL that is not an upload of this owner's, UnacceptableUrlError for
        one of another form and for any other that must not be fetched, TooLargeError for more than REQUEST_BYTES,
        InvalidRequestError, and what `Submissions.submit` raises.
        """
        self._check_counts(image_urls, metadata)
        asked = {"imageUrls": list(image_urls), "userId": user_id, "metadata": metadata}
        request = {name: value for name, value in asked.items() if value is not None}
        if (size := _json_bytes(request)) > limits.REQUEST_BYTES:
            raise TooLargeError(
                f"The request has {size} bytes; {limits.REQUEST_BYTES} is the most",
                fix="Split the images over several jobs.",
            )
        keys = {}
        for place, url in enumerate(image_urls):
            if _is_upload(url):
                keys[place] = self._key(url, f"imageUrls[{place}]")
            else:
                check_url(self._fetcher, url, f"imageUrls[{place}]", fix=IMAGE_FIX)
        if callback_url is not None:
            check_url(self._fetcher, callback_url, "callbackUrl")
        rows = self._uploads.owned(owner, list(keys.values())) if keys else {}
        for place, key in keys.items():
            if rows[key].purpose is not Purpose.PROCESS:
                raise InvalidRequestError(
                    "An image was uploaded for another purpose",
                    problems=((f"imageUrls[{place}]", f"was uploaded with the purpose {rows[key].purpose}"),),
                    fix="Presign it with the purpose `process`, or without one.",
                )
        return self._submissions.submit(
            Submission(
                owner=owner,
                kind=Kind.DETECTION,
                request=request,
                items=len(image_urls),
                estimate=cost.detection(len(image_urls), gigabytes=self._gigabytes, usd_per_image=self._usd_per_image),
                max_cost=max_cost,
                callback_url=callback_url,
                idempotency_key=idempotency_key,
            )
        )

    @staticmethod
    def _check_counts(image_urls: Sequence[str], metadata: Mapping[str, Any] | None) -> None:
        if not 1 <= len(image_urls) <= limits.IMAGES_PER_JOB:
            raise InvalidRequestError(
                f"A job takes 1 to {limits.IMAGES_PER_JOB} images",
                problems=(("imageUrls", f"has {len(image_urls)} entries"),),
                fix="Split the images over several jobs." if image_urls else "Name at least one image.",
            )
        size = _json_bytes(metadata)
        if metadata is not None and size > limits.METADATA_BYTES:
            raise InvalidRequestError(
                f"The metadata has more than {limits.METADATA_BYTES} bytes as JSON",
                problems=(("metadata", f"has {size} bytes"),),
                fix="Keep the rest on your side, and put its id here.",
            )

    def _key(self, url: str, where: str) -> str:
        bucket, key = _place(url)
        if not (key and BUCKET.fullmatch(bucket)):
            raise UnacceptableUrlError(
                f"{where}: The URL is not of the form s3://BUCKET/KEY",
                fix="Write s3://BUCKET/KEY with the bucket and the key that POST /uploads/presign answered.",
            )
        if bucket != self._bucket:
            raise ImageNotFoundError(f"There is no bucket {bucket[:63]!r} here")
        return key


class DetectionWork:
    """The Work of a detection job. While one image is looked at, the next ones are fetched and the next is decoded."""

    def __init__(
        self,
        detector: Callable[[], ObjectDetector],
        reader: ImageReader,
        *,
        objects: ObjectStore,
        uploads: UploadStore,
        fetcher: Fetcher,
        clock: Clock,
        time: int = TIME,
    ) -> None:
        """`detector` makes the engine, or finds the one it made; `time` is what one turn at a job may take."""
        self._detector = detector
        self._reader = reader
        self._objects = objects
        self._uploads = uploads
        self._fetcher = fetcher
        self._clock = clock
        self._time = time

    def run(self, run: Run) -> object:
        """`{engine, model, detections: [...]}`, one entry an image, in the order of the request.

        What is wrong with one image is that entry's `error`. Raises NoModelError, with the command that mends it in
        its message, where the engine has no weights.
        """
        try:
            detector = self._detector()
        except NoModelError as error:
            raise NoModelError(f"{error.detail}. {error.fix}", fix=error.fix) from error
        urls: list[str] = run.job.request["imageUrls"]
        until = self._clock.now() + self._time
        seen = []
        with closing(self._pictures(run, urls, until)) as pictures:
            for index, picture in enumerate(pictures):
                run.check()
                seen.append(self._entry(run, detector, urls[index], index, picture))
                run.progress(index + 1)
        return {"engine": detector.engine, "model": detector.model, "detections": seen}

    def _entry(self, run: Run, detector: ObjectDetector, url: str, index: int, picture: Picture) -> dict[str, Any]:
        entry: dict[str, Any] = {"imageUrl": url, "imageIndex": index}
        if isinstance(picture, DarkroomError):
            return entry | {"detections": [], "detectionCount": 0, "error": redaction.told(picture)}
        outcome = self._detect(run, detector, index, picture)
        height, width = picture.shape[:2]
        return (
            entry
            | outcome
            | {
                "detectionCount": len(outcome["detections"]),
                "imageWidth": width,
                "imageHeight": height,
            }
        )

    @staticmethod
    def _detect(run: Run, detector: ObjectDetector, index: int, pixels: NDArray[np.uint8]) -> dict[str, Any]:
        """What the engine says of one image, as JSON data; of a paid one, through the ledger."""

        def look() -> dict[str, Any]:
            try:
                return {"detections": [_plain(detection) for detection in detector.detect(pixels)]}
            except BadImageError as error:  # an answer like any other: a paid engine is not asked again
                return {"detections": [], "error": redaction.told(error)}

        if not detector.paid:
            return look()
        try:
            price = Cost(usd=detector.usd_per_image, provider_units=1)
            outcome: dict[str, Any] = run.pay(f"image-{index}", look, price=price)
        except AttemptsExhaustedError as error:
            return {"detections": [], "error": redaction.told(error)}
        return outcome

    def _pictures(self, run: Run, urls: Sequence[str], until: int) -> Generator[Picture, None, None]:
        """The images in order, each decoded while the one before it is in use, and fetched earlier than that."""
        # Imported here: the function that takes requests imports this module too, and runs no work.
        from concurrent.futures import ThreadPoolExecutor

        keys = [_place(url)[1] for url in urls if _is_upload(url)]
        rows = self._uploads.get(keys) if keys else {}

        def fetch(url: str) -> bytes:
            if self._clock.now() >= until:
                raise FetchFailedError("The job's time was up before this image's turn", code="OUT_OF_TIME")
            data = self._fetched(run.job, url, rows)
            run.spend(Cost(bytes_in=len(data)))
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
            fetched = deque(fetching.submit(fetch, url) for url in urls[: AHEAD + 1])
            coming = decoding.submit(picture, fetched.popleft())
            for place in range(len(urls)):
                if place + AHEAD + 1 < len(urls):
                    fetched.append(fetching.submit(fetch, urls[place + AHEAD + 1]))
                current = coming.result()
                if fetched:
                    coming = decoding.submit(picture, fetched.popleft())
                yield current

    def _fetched(self, job: Job, url: str, rows: Mapping[str, Upload]) -> bytes:
        """The bytes behind one URL. What was checked when the job was made is checked again: time has passed."""
        if not _is_upload(url):
            answer = self._fetcher.get(url, limit=limits.IMAGE_BYTES)
            if answer.status != 200:
                raise FetchFailedError(f"The host answered {answer.status} instead of the image")
            return answer.body
        bucket, key = _place(url)
        row = rows.get(key)
        if bucket != self._objects.bucket or row is None or row.owner != job.owner:
            raise ImageNotFoundError("There is no such upload any more")
        return self._objects.read(key, limit=limits.IMAGE_BYTES)


def _is_upload(url: str) -> bool:
    """Whether it names something in a bucket: a scheme is the same in any case."""
    return url[: len(S3)].lower() == S3


def _place(url: str) -> tuple[str, str]:
    """(bucket, key) of such a URL."""
    bucket, _, key = url[len(S3) :].partition("/")
    return bucket, key


def _plain(detection: Detection) -> dict[str, Any]:
    """As the wire shows it: a tenth of a pixel and a hundredth of a percent say all there is to say."""
    return {
        "label": detection.label,
        "confidence": round(detection.confidence, 4),
        "bbox": [round(float(edge), 1) for edge in detection.bbox],
    }


def _json_bytes(data: object) -> int:
    return len(json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass"))
