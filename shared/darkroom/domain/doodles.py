"""Doodles: which styles there are, what can be measured of a drawing, and how much work an action is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain import limits
from darkroom.domain.generation import APNG, AVIF, GIF, JPEG, PNG, SVG, WEBP
from darkroom.errors import InvalidRequestError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

EDITION: Final = 2
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
    if text[:5].casefold() == "data:":
        raise _faulty("begins with data:", "Send what stands after the comma alone, and its type as mimeType.")
    if re.search(r"\s", text):
        raise _faulty("holds blanks or line breaks", "Send the base64 as one unbroken string.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _no_base64() from None
    if base64.b64encode(data).decode() != text:  # Python takes more padding than there should be
        raise _no_base64()
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


def check_still(frames: int) -> None:
    """Raises InvalidRequestError for what moves, where only a still can be worked on."""
    if frames > 1:
        raise _faulty(f"moves: it has {frames} frames, and only stills are optimised", "Send one of its frames.")


def _no_base64() -> InvalidRequestError:
    return _faulty("is not base64", "Encode it by RFC 4648, section 4, with the padding at its end.")


def _faulty(message: str, fix: str) -> InvalidRequestError:
    return InvalidRequestError(f"imageData: {message}", problems=(("imageData", message),), fix=fix)


ANALYSED_SIDE: Final = 2_048
"""Pixels of the longer side that a picture to be analysed is scaled down to: more shows an engine nothing more."""

SLOWEST: Final = 4
"""How many times as long a host may take that has more to do than its share."""
QUICK: Final = 24 * limits.SECOND // SLOWEST
"""Work that is estimated at less is done while the caller waits, unless a provider is to do it: on the slowest host it
is done before the function's 28 s are over, and the gateway's 29."""


PLAIN: Final = 0.25
"""Bytes a pixel up to which a losslessly packed picture has no grain to speak of: a drawing, flat or shaded."""
PAINSTAKING: Final = 1_500_000
"""Pixels that the optimiser spends most of its time on, however many more there are."""
THINGS: Final = 16
"""Different things that the offline engine puts into one picture, up to COPIES of each."""
COPIES: Final = 24
_COUNTS: Final = re.compile(r"[0-9]{1,4}")
_WORDS_FOR_MANY: Final = {
    9: frozenset(
        {"several", "many", "lot", "lots", "plenty", "flock", "herd", "pack", "school", "swarm", "bunch", "group"}
        | {"crowd", "row", "line", "pile", "stack", "team", "field", "family", "five", "six", "seven", "eight", "nine"}
    ),
    COPIES: frozenset(
        {"ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "twenty", "dozen", "dozens"}
        | {"hundred", "hundreds", "thousand", "thousands", "million", "millions", "countless"}
    ),
}


def milliseconds(action: Mapping[str, Any], pixels: int = 0, *, plain: bool = False) -> int:
    """What our own engines take for an action on one idle core, rounded up.

    `pixels` are those of all frames of the picture that came with it, as its header says; `plain` that it is a drawing
    rather than a photograph. `benchmarks/estimates.py` holds the estimate against what is measured.
    """
    match action["action"]:
        case Action.GENERATE:
            drawn = 100 + 9 * _copies(action["description"]) + 250 * int(action["size"]) ** 2 // 1024**2
            return 250 + int(action["count"]) * drawn
        case Action.ANIMATE:
            encoded = 70 if action["format"] == "avif" else 35
            frame = 5 * _copies(action["description"]) // 2 + encoded * int(action["size"]) ** 2 // 512**2
            return 500 + int(action["frame_count"]) * frame
        case Action.ANALYSE:
            return 2_500 + 30 * pixels // 1_000_000
        case _:
            fitted = min(pixels, int(action["width"]) * int(action["height"]))
            painstaking = min(fitted, PAINSTAKING)
            searched = (3_100 * painstaking + 900 * (fitted - painstaking)) // 1_000_000
            return 600 + 90 * pixels // 1_000_000 + (searched * 2 // 3 if plain else searched)


def is_plain(media_type: str, size: int, pixels: int) -> bool:
    """Whether an encoded picture of so many bytes and pixels is surely no photograph."""
    return media_type in {PNG, GIF} and size <= PLAIN * pixels


def _copies(description: str) -> int:
    """At most so many things will be drawn: half of all words, and as many as the numbers among them say."""
    words = description.casefold().split()
    several = sum(number * sum(word in named for word in words) for number, named in _WORDS_FOR_MANY.items())
    counted = sum(min(int(number), COPIES) for number in _COUNTS.findall(description))
    return min(min(len(words) // 2 + 1, THINGS) + several + counted, THINGS * COPIES)
