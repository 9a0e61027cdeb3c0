"""Object detection: images that somebody names become a job, and the job becomes what is seen on each of them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import cost, limits, redaction
from darkroom.domain.detection import USD_PER_IMAGE
from darkroom.domain.jobs import Cost, Kind
from darkroom.errors import (
    AttemptsExhaustedError,
    BadImageError,
    DarkroomError,
    InvalidRequestError,
    NoModelError,
)
from darkroom.usecases.sources import SourceChecks, Sources, of_url
from darkroom.usecases.submission import Submission, check_metadata, check_request, check_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.domain.detection import Detection
    from darkroom.domain.jobs import Job
    from darkroom.ports import Clock, Fetcher, ImageReader, ObjectDetector, ObjectStore, UploadStore
    from darkroom.usecases.running import Run
    from darkroom.usecases.sources import Picture
    from darkroom.usecases.submission import Submissions
    from darkroom.usecases.uploads import Uploads

TIME: Final = 4 * limits.MINUTE
"""For one worker's turn at a job, below its function's timeout: a job of slow hosts ends with what it has by then."""


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
        self._checks = SourceChecks(uploads, lambda: fetcher, bucket=bucket)
        self._fetcher = fetcher
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
        check_request(request)
        if callback_url is not None:
            check_url(self._fetcher, callback_url, "callbackUrl")
        self._checks.check(owner, [(f"imageUrls[{place}]", of_url(url)) for place, url in enumerate(image_urls)])
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
        check_metadata(metadata)


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
        self._sources = Sources(reader, objects=objects, uploads=uploads, fetcher=fetcher, clock=clock, time=time)

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
        seen = []
        with closing(self._sources.pictures(run.job.owner, [of_url(url) for url in urls], spend=run.spend)) as pictures:
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


def _plain(detection: Detection) -> dict[str, Any]:
    """As the wire shows it: a tenth of a pixel and a hundredth of a percent say all there is to say."""
    return {
        "label": detection.label,
        "confidence": round(detection.confidence, 4),
        "bbox": [round(float(edge), 1) for edge in detection.bbox],
    }
