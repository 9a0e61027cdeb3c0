"""Doodles: which styles there are, what can be measured of a drawing, and how much work an action is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.domain.generation import APNG, AVIF, GIF, JPEG, PNG, SVG, WEBP
from darkroom.domain.plain_text import visible
from darkroom.errors import InvalidRequestError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

EDITION: Final = 1
"""Goes up when equal requests begin to give another drawing, so that no earlier answer is recalled for them."""

MEDIA_TYPES: Final = {"png": PNG, "svg": SVG, "webp": WEBP, "gif": GIF, "apng": APNG, "avif": AVIF}
"""By the formats that a request may ask for."""


class Style(StrEnum):
    SIMPLE = "simple"
    DETAILED = "detailed"
    CARTOON = "cartoon"
    MINIMALIST = "minimalist"


class Action(StrEnum):
    GENERATE = "generate-doodle"
    ANIMATE = "generate-animation"
    ANALYSE = "analyze-doodle"
    OPTIMISE = "optimize-doodle"


@dataclass(frozen=True, slots=True)
class Measures:
    """What a drawing is, measured: lengths in pixels, shares from 0 to 1.

    `ink_box` is [x1, y1, x2, y2] of everything that is not background, None for an empty sheet. `coverage` is the share
    of inked pixels, `stroke_width` the median one by inked area, `line_density` the share of the box within a stroke's
    width of a line, `symmetry` how alike left and right are, `complexity` from 0 (a dot) to 1. `parts` are connected,
    corners included; specks are not counted. `colours` are the ink's, as (#rrggbb, share), most first. Where fills are
    in colour, strokes, density, symmetry and complexity are those of the lines. `background` is `transparent`, the
    paper's #rrggbb, or `mixed` for a picture without paper.
    """

    width: int
    height: int
    ink_box: tuple[int, int, int, int] | None
    coverage: float
    stroke_width: float
    line_density: float
    symmetry: float
    parts: int
    colours: tuple[tuple[str, float], ...]
    background: str
    complexity: float


PRESENTATION: Final = frozenset({"inline", "fresh"})
"""Fields that say how to answer, not what to make."""


def digest(action: Mapping[str, Any], chain: tuple[str, ...]) -> str:
    """Equal for two requests that ask for the same: the hex sha256 of everything that decides what is made."""
    asked = {name: value for name, value in action.items() if name not in PRESENTATION}
    told = json.dumps([EDITION, chain, asked], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


def check_description(text: str) -> None:
    """Raises InvalidRequestError for control characters, line ends and tabs aside, and where nothing is to be seen."""
    if any(unicodedata.category(character) == "Cc" and character not in "\t\n\r" for character in text):
        raise _faulty("holds control characters", "Send plain text.", field="description")
    if not visible(text):
        raise _faulty("says nothing", "Say what to draw.", field="description")


SIGNATURES: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    (re.compile(rb"GIF8[79]a"), GIF),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), WEBP),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), AVIF),
)


def image_bytes(text: str, mime_type: str | None) -> tuple[bytes, str]:
    """The picture that `imageData` holds, and its media type.

    Raises InvalidRequestError for what is no base64 of such a picture, and TooLargeError above INLINE_IMAGE_BYTES.
    """
    if text.startswith("data:"):
        raise _faulty("begins with data:", "Send what stands after the comma alone, and its type as mimeType.")
    if re.search(r"\s", text):
        raise _faulty("holds blanks or line breaks", "Send the base64 as one unbroken string.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _faulty("is not base64", "Encode it by RFC 4648, section 4, with the padding at its end.") from None
    if len(data) > limits.INLINE_IMAGE_BYTES:
        raise TooLargeError(
            f"The picture has {len(data):,} bytes; {limits.INLINE_IMAGE_BYTES:,} is the most within a request",
            fix="Send a smaller picture.",
        )
    found = media_type_of(data)
    if found is None:
        raise _faulty("is no PNG, JPEG, WebP, GIF or AVIF", "Send a picture of one of these types.")
    if mime_type not in (None, found):
        raise InvalidRequestError(
            f"mimeType: says {mime_type}, and the picture is {found}",
            problems=(("mimeType", f"says {mime_type}, and the picture is {found}"),),
            fix=f"Say {found}.",
        )
    return data, found


def media_type_of(data: bytes) -> str | None:
    """What the first bytes say that it is, of the types that are taken within a request; None for anything else."""
    return next((media_type for signature, media_type in SIGNATURES if signature.match(data)), None)


def _faulty(message: str, fix: str, *, field: str = "imageData") -> InvalidRequestError:
    return InvalidRequestError(f"{field}: {message}", problems=((field, message),), fix=fix)


QUICK: Final = 8 * limits.SECOND
"""Work that is estimated at less is done while the caller waits, unless a provider is to do it."""


def milliseconds(action: Mapping[str, Any]) -> int:
    """What our own engines take for an action on one core, rounded up: benchmarks/ has `animation`, `analysis` and
    `optimise`, which measure it."""
    match action["action"]:
        case Action.GENERATE:
            return int(action["count"]) * (300 + 500 * int(action["size"]) ** 2 // 1024**2)
        case Action.ANIMATE:
            encoding = 2 if action["format"] == "avif" else 1
            return 500 + int(action["frame_count"]) * encoding * 80 * int(action["size"]) ** 2 // 512**2
        case Action.ANALYSE:
            return 2_500
        case _:
            return 2_500 + 3_000 * int(action["width"]) * int(action["height"]) // 1024**2
