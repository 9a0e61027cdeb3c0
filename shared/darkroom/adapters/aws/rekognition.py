"""Objects by Amazon Rekognition: the labels of DetectLabels that come with boxes. Each image is paid for.

The picture is sent as bytes, upright and re-encoded: what an uploader put into a file never leaves this process but
its pixels.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from PIL import Image

from darkroom.adapters.aws.calls import code, translated
from darkroom.domain.detection import DETECTIONS_PER_IMAGE, USD_PER_IMAGE, Detection, clipped
from darkroom.errors import BadImageError, NotChargedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from darkroom.ports import Clock

REQUEST_BYTES: Final = 5_000_000
"""Of the image in one call: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html, rounded down."""
LONGEST_SIDE: Final = 4_096
SHORTEST_SIDE: Final = 80
"""Pixels; below it Rekognition refuses a picture."""
QUALITIES: Final = (92, 80, 60, 40)
REFUSALS: Final = frozenset(
    {"ImageTooLargeException", "InvalidImageFormatException", "InvalidParameterException", "ValidationException"}
)
THROTTLED: Final = frozenset(
    {"ThrottlingException", "ProvisionedThroughputExceededException", "LimitExceededException"}
)
WAITS: Final = (200, 800)
"""Milliseconds before a throttled call is made again."""


class RekognitionDetector:
    """An ObjectDetector on the service. `confidence` is 0-1, as everywhere here; the service counts in percent.

    The client must not retry by itself (`total_max_attempts` 1): a call that timed out may have been paid for, and
    how often that may happen is for the attempt ledger to say. Only throttled calls, which cost nothing, are repeated.
    """

    engine = "rekognition"
    model = "DetectLabels"
    paid = True
    usd_per_image = USD_PER_IMAGE["rekognition"]

    def __init__(self, client: Any, clock: Clock, *, confidence: float) -> None:
        self._client = client
        self._clock = clock
        self._confidence = confidence

    def detect(self, pixels: NDArray[np.uint8]) -> Sequence[Detection]:
        """Raises BadImageError for a picture that the service refuses, TransientError (NotChargedError where the
        service throttles), or SettingsError."""
        height, width = pixels.shape[:2]
        answer = self._ask(encoded(Image.fromarray(pixels)))
        found = []
        for label in answer.get("Labels", ()):
            for instance in label.get("Instances", ()):
                part = instance["BoundingBox"]
                box = clipped(
                    (
                        part["Left"] * width,
                        part["Top"] * height,
                        (part["Left"] + part["Width"]) * width,
                        (part["Top"] + part["Height"]) * height,
                    ),
                    width,
                    height,
                )
                confidence = min(1.0, instance["Confidence"] / 100)
                if box and confidence >= self._confidence:
                    found.append(Detection(label["Name"].lower(), confidence, box))
        return sorted(found, key=lambda detection: -detection.confidence)[:DETECTIONS_PER_IMAGE]

    def _ask(self, jpeg: bytes) -> dict[str, Any]:
        for wait in (*WAITS, None):
            try:
                with translated("Rekognition"):
                    answer: dict[str, Any] = self._detect_labels(jpeg)
                    return answer
            except TransientError as error:
                cause = error.__cause__
                if not isinstance(cause, ClientError) or code(cause) not in THROTTLED:
                    raise
                if wait is None:
                    raise NotChargedError(error.detail) from error
                self._clock.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _detect_labels(self, jpeg: bytes) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client.detect_labels(
                Image={"Bytes": jpeg}, MinConfidence=100 * self._confidence, Features=["GENERAL_LABELS"]
            )
        except ClientError as error:
            if code(error) in REFUSALS:
                raise BadImageError(
                    f"Rekognition does not take this picture: {code(error)}", fix="Send a larger or plainer picture."
                ) from error
            raise
        return answer


def encoded(picture: Image.Image) -> bytes:
    """The picture as a JPEG of a size that the service takes; boxes are answered as parts of it, so scaling is free.

    Raises BadImageError for a shape so extreme that no scaling fits it between the shortest and the longest side.
    """
    short, long = min(picture.size), max(picture.size)
    scale = min(1.0, LONGEST_SIDE / long)
    if short * scale < SHORTEST_SIDE:
        scale = SHORTEST_SIDE / short
        if long * scale > LONGEST_SIDE:
            raise BadImageError(
                "The picture is too narrow for Rekognition", fix=f"Crop it: both sides need {SHORTEST_SIDE} pixels."
            )
    if scale != 1:
        picture = _scaled(picture, scale)
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= REQUEST_BYTES:
            return buffer.getvalue()
    return encoded(_scaled(picture, 0.5))


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    width, height = (max(SHORTEST_SIDE, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
