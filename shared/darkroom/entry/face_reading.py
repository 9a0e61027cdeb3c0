"""`aws lambda invoke` of the function that finds faces: `{"images": [{"imageData" | "s3Uri" | "url" | "key": ...}]}`,
with `embeddings`, `draw` and `crops` as they are wanted, and the `owner` and the `pack` that it is done for.

Who may invoke is for IAM to say, so an owner is believed, and so is a key of the media bucket. No image at all gives
the model alone.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.entry import direct, face_views
from darkroom.entry.errors import problem
from darkroom.errors import InvalidRequestError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.usecases.faces import FaceReading
    from darkroom.usecases.shelf import Shelf

SOURCES: Final = frozenset({"imageData", "s3Uri", "url", "key"})
SWITCHES: Final = {"embeddings": True, "draw": False, "crops": False}
NAMES: Final = {"owner": direct.OWNER, "pack": None}
ANSWER_BYTES: Final = 5 * limits.MIB
"""Lambda answers 6 MB."""
FIX: Final = 'Send {"images": [{"imageData": "..."}]}, or s3Uri, url or key in place of imageData.'

log = logging.getLogger(__name__)


def answer(
    event: object,
    reading: Callable[[], FaceReading],
    shelf: Callable[[], Shelf],
    request_id: str,
    *,
    most: int = ANSWER_BYTES,
) -> dict[str, Any]:
    """`{model, results}` as `POST /upload-images` answers it, in `most` bytes of JSON at most, or problem details."""
    try:
        images, options = _asked(event)
        shown = face_views.found(reading().read(images=images, **options), shelf)
        size = len(json.dumps(shown))
        if size > most:
            raise TooLargeError(
                f"The answer has {size:,} bytes; {most:,} is the most",
                fix='Send fewer images at once, or "embeddings": false.',
            )
    except Exception as error:
        status, _, body = problem(error, request_id, seed=False)
        log.log(logging.ERROR if status >= 500 else logging.INFO, "Not answered", exc_info=error)
        return body
    found = sum(each.get("faceCount", 0) for each in shown["results"])
    log.info("Answered", extra={"images": len(images), "faces": found, "pack": shown["model"]["pack"]})
    return shown


def _asked(event: object) -> tuple[list[dict[str, str]], dict[str, Any]]:
    if not isinstance(event, dict):
        raise _refusal("body", "must be an object")
    known = {"images", *SWITCHES, *NAMES}
    if unknown := next((name for name in event if name not in known), None):
        raise _refusal(str(unknown)[:80], "is not a known field")
    images = event.get("images")
    if not isinstance(images, list) or len(images) > limits.IMAGES_PER_JOB:
        raise _refusal("images", f"must be a list of at most {limits.IMAGES_PER_JOB} images")
    for place, image in enumerate(images):
        if not (isinstance(image, dict) and all(isinstance(value, str) and value for value in image.values())):
            raise _refusal(f"images[{place}]", "must be an object of texts")
        if len(SOURCES & image.keys()) != 1 or not image.keys() <= {"name", *SOURCES}:
            raise _refusal(f"images[{place}]", f"needs one of {', '.join(sorted(SOURCES))}, and may have a name")
    options: dict[str, Any] = {name: event.get(name, default) for name, default in SWITCHES.items()}
    if wrong := next((name for name, value in options.items() if not isinstance(value, bool)), None):
        raise _refusal(wrong, "must be true or false")
    for name, default in NAMES.items():
        options[name] = event.get(name, default)
        if not (options[name] is default or (isinstance(options[name], str) and options[name])):
            raise _refusal(name, "must be text")
    return images, options


def _refusal(field: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field}: {message}", problems=((field, message),), fix=FIX)
