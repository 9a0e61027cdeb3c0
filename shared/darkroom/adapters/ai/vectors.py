"""SVG from a provider: read strictly and written anew, with nothing in it but shapes, paints and their places.

What is not on the lists is left out: scripts, styles, links, pictures, text, foreign content, handlers, animation, and
every reference but to a paint or a clip in the same drawing. A document type, and with it every entity, is refused.
"""

from __future__ import annotations

import math
import re
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from darkroom.domain import limits
from darkroom.errors import ProviderAnswerError

BYTES: Final = 4 * limits.MIB
ELEMENTS_MOST: Final = 20_000
DEPTH_MOST: Final = 64
SIDE: Final = 16_384
NAMESPACE: Final = "http://www.w3.org/2000/svg"

ELEMENTS: Final = frozenset(
    """
    svg g defs path rect circle ellipse line polyline polygon linearGradient radialGradient stop clipPath mask
    """.split()  # noqa: SIM905 - quoted one by one they read worse
)
ATTRIBUTES: Final = frozenset(
    """
    id d points x y x1 y1 x2 y2 cx cy r rx ry fx fy width height viewBox preserveAspectRatio transform offset
    fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit
    stroke-dasharray stroke-dashoffset opacity stop-color stop-opacity color clip-path clip-rule mask gradientUnits
    gradientTransform spreadMethod clipPathUnits maskUnits maskContentUnits display visibility vector-effect paint-order
    """.split()  # noqa: SIM905
)
VALUE: Final = re.compile(r"[\w\s.,;:#%()+*/-]*", re.ASCII)
FUNCTIONS: Final = frozenset({"rgb", "rgba", "hsl", "hsla", "matrix", "translate", "scale", "rotate", "skewX", "skewY"})
LOCAL: Final = re.compile(r"url\(\s*#[\w.-]{1,100}\s*\)(?:\s+(?:none|#[0-9a-fA-F]{3,8}|[a-z]{1,20}))?", re.ASCII)


def cleaned(data: bytes) -> tuple[bytes, int, int]:
    """The drawing written anew, and its width and height in pixels, rounded. Raises ProviderAnswerError."""
    if len(data) > BYTES:
        raise ProviderAnswerError(f"The provider's drawing has more than {BYTES} bytes")
    writing = _Writing()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = writing.start
    parser.EndElementHandler = writing.end
    parser.StartDoctypeDeclHandler = writing.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise ProviderAnswerError("What the provider sent is no SVG") from error
    return writing.document()


class _Writing:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open: list[str] = []
        self._left_out = 0
        """How deep we are within an element that is left out with all that it holds."""
        self._elements = 0
        self._size: tuple[float, float] | None = None

    def doctype(self, *_: object) -> None:
        raise ProviderAnswerError("The provider's drawing has a document type, which none of ours needs")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MOST or len(self._open) + self._left_out >= DEPTH_MOST:
            raise ProviderAnswerError("The provider's drawing has too many parts")
        namespace, _, local = name.rpartition(" ")
        known = namespace in {NAMESPACE, ""} and local in ELEMENTS
        if self._left_out or not known or (local == "svg") == bool(self._open):
            if not self._open:
                raise ProviderAnswerError("What the provider sent is no SVG")
            self._left_out += 1
            return
        kept = {key: value for key, value in attributes.items() if key in ATTRIBUTES and _harmless(key, value)}
        if local == "svg":
            self._size = _size(kept)
            kept["xmlns"] = NAMESPACE
        self._open.append(local)
        told = "".join(f" {key}={quoteattr(value)}" for key, value in kept.items())
        self._parts.append(f"<{local}{told}>")

    def end(self, _: str) -> None:
        if self._left_out:
            self._left_out -= 1
        else:
            self._parts.append(f"</{self._open.pop()}>")

    def document(self) -> tuple[bytes, int, int]:
        if self._size is None or len(self._parts) < 4:
            raise ProviderAnswerError("The provider's drawing is empty")
        width, height = self._size
        return "".join(self._parts).encode(), max(1, round(width)), max(1, round(height))


def _harmless(name: str, value: str) -> bool:
    if "url" in value.lower():
        return name in {"fill", "stroke", "clip-path", "mask"} and LOCAL.fullmatch(value.strip()) is not None
    called = set(re.findall(r"([\w-]+)\s*\(", value))
    return VALUE.fullmatch(value) is not None and called <= FUNCTIONS


def _size(attributes: dict[str, str]) -> tuple[float, float]:
    """Of the viewBox, or of width and height. Raises ProviderAnswerError for what is no drawing of a size we show."""
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    told = box[2:] if len(box) == 4 else [attributes.get(side, "").removesuffix("px") for side in ("width", "height")]
    try:
        width, height = (float(side) for side in told)
    except ValueError as error:
        raise ProviderAnswerError("The provider's drawing has no size") from error
    if not (math.isfinite(width) and math.isfinite(height) and 0 < width <= SIDE and 0 < height <= SIDE):
        raise ProviderAnswerError("The provider's drawing has a size beyond ours")
    return width, height
