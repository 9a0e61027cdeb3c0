"""Text as resvg shapes it: measured, broken into lines that fit, and drawn.

resvg shapes with a port of HarfBuzz and orders with the Unicode bidirectional algorithm, so that every script comes out
right wherever this runs; Pillow would need libraries of the system. What a line measures is read off a drawing of it.
Fonts have no hinting here, so one measurement, in ems, serves all sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.studio import fonts, svg, wording
from darkroom.adapters.studio.colours import Colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BLACK: Final = Colour(0.0, 0.0, 0.0)
PROBE: Final = 24
"""Size at which text is measured, in pixels."""
ABOVE, BELOW = 1.9, 1.5
"""Ems that are looked at above and below the baseline: the tallest stacks of marks fit."""
BREAK: Final = "\u200b"
"""Marks, for us alone, where a word may go on in the next line; no text that was cleaned has it."""
SIDE_BEARINGS: Final = 0.07
"""Ems that a letter has about its ink, left and right together, in a running text."""
LEADING: Final = 1.16
"""Ems from baseline to baseline, where no line's own height asks for more."""
AIR: Final = 0.14
"""Ems between the lowest of one line and the highest of the next, at least."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The box of what is inked, in ems from the origin; `bottom` is below the baseline."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one size and weight. Sizes in pixels; extents in ems; `leading` in pixels."""

    lines: tuple[str, ...]
    extents: tuple[Extent, ...]
    size: float
    weight: int
    rtl: bool
    leading: float

    @property
    def width(self) -> float:
        return max(extent.width for extent in self.extents) * self.size

    @property
    def ascent(self) -> float:
        """From the first baseline to the top of the ink."""
        return self.extents[0].top * self.size

    @property
    def height(self) -> float:
        return (len(self.lines) - 1) * self.leading + (self.extents[0].top + self.extents[-1].bottom) * self.size


def element(text: str, *, x: float, y: float, size: float, weight: int, rtl: bool, fill: Colour) -> str:
    """One line as an SVG element with its origin at (x, y). The text is data: escaped, each run in its font."""
    # The isolate gives the line its direction: resvg takes every text to be left to right.
    opening, closing = ("\u2067", "\u2069") if rtl else ("", "")
    parts = fonts.runs(text)
    spans = []
    for index, run in enumerate(parts):
        first, last = opening if index == 0 else "", closing if index == len(parts) - 1 else ""
        spans.append(svg.tag("tspan", first + escape(run.text) + last, font_family=run.font.family))
    kept = {"xml:space": "preserve"}
    return svg.tag("text", *spans, x=x, y=y, font_size=size, font_weight=weight, fill=fill, **kept)


def used(text: str) -> tuple[fonts.Font, ...]:
    """The fonts that it takes."""
    return tuple(dict.fromkeys(run.font for run in fonts.runs(text)))


@lru_cache(maxsize=2_000)
def measured(text: str, weight: int, rtl: bool) -> Extent:
    """Of one line. Blank text measures nothing."""
    width = round(PROBE * (0.75 * len(text) + 3))
    height = round(PROBE * (ABOVE + BELOW))
    files = [font.path for font in used(text)]
    line = element(text, x=PROBE, y=PROBE * ABOVE, size=PROBE, weight=weight, rtl=rtl, fill=BLACK)
    while True:
        ink = svg.drawn(line, width, height, font_files=files)[..., 3]
        if width > 3 * PROBE * (len(text) + 1) or not ink[:, -2:].any():
            break
        width *= 2
    left, right = _span(ink.max(axis=0))
    top, bottom = _span(ink.max(axis=1))
    if left >= right:
        return Extent(0, 0, 0, 0)
    return Extent(left / PROBE - 1, right / PROBE - 1, ABOVE - top / PROBE, bottom / PROBE - ABOVE)


def _span(coverage: NDArray[np.uint8]) -> tuple[float, float]:
    """Where ink begins and ends, to a fraction of a pixel: an outer pixel is inked as far as it is covered."""
    inked = np.flatnonzero(coverage > 24)
    if not len(inked):
        return 0.0, 0.0
    first, last = int(inked[0]), int(inked[-1])
    return first + 1 - coverage[first] / 255, last + coverage[last] / 255


@lru_cache(maxsize=64)
def _space(weight: int) -> float:
    return measured("n n", weight, False).width - measured("nn", weight, False).width


def block(lines: Sequence[str], *, size: float, weight: int, rtl: bool) -> Block:
    extents = tuple(measured(line, weight, rtl) for line in lines)
    needed = [above.bottom + below.top + AIR for above, below in pairwise(extents)]
    return Block(tuple(lines), extents, size, weight, rtl, max([LEADING, *needed]) * size)


def fitted(text: str, *, size: float, weight: int, rtl: bool, width: float, lines: int) -> Block | None:
    """The text in at most so many lines of at most `width` pixels, evenly filled; None where that is impossible.

    Breaks between words, and at a BREAK: with a hyphen inside a word of an alphabet, as Asia's scripts are written
    without.
    """
    found = _wrapped(text, size=size, weight=weight, rtl=rtl, width=width)
    if found is None or len(found) > lines:
        return None
    if len(found) > 1:
        # The narrowest measure that needs no more lines leaves no line with a lone word.
        low, high = 0.5 * width, width
        for _ in range(6):
            middle = (low + high) / 2
            narrower = _wrapped(text, size=size, weight=weight, rtl=rtl, width=middle)
            if narrower is not None and len(narrower) <= len(found):
                high, found = middle, narrower
            else:
                low = middle
    made = block(found, size=size, weight=weight, rtl=rtl)
    return made if made.width <= width * 1.002 else None


def _wrapped(text: str, *, size: float, weight: int, rtl: bool, width: float) -> list[str] | None:
    room = width / size
    space = _space(weight)
    lines: list[str] = []
    used_up, hyphen = 0.0, False
    for word in wording.words(text):
        parts = word.split(BREAK)
        for index, part in enumerate(parts):
            following = parts[index + 1] if index + 1 < len(parts) else ""
            shown = wording.hyphenated(part, following)
            wide = measured(shown, weight, rtl).width
            if wide > room:
                return None
            gap = 0.0 if index else space
            if lines and used_up + gap + wide <= room:
                # A hyphen stands at the end of a line only.
                before = lines[-1].removesuffix("-") if index and hyphen else lines[-1]
                lines[-1] = before + ("" if index else " ") + shown
                used_up += gap + wide
            else:
                lines.append(shown)
                used_up = wide
            hyphen = len(shown) > len(part)
    return lines


def broken(text: str, *, size: float, weight: int, rtl: bool, width: float) -> str:
    """The text with a BREAK wherever a word has to be broken to be no wider than `width` pixels."""
    room = width / size
    return " ".join(
        BREAK.join(_pieces(word, weight, rtl, room)) if _is_wider(word, weight, rtl, room) else word
        for word in wording.words(text)
    )


def _is_wider(word: str, weight: int, rtl: bool, room: float) -> bool:
    # Nothing that long goes on one line, and drawing it to find that out takes its time.
    return len(word) > 12 * room or measured(word, weight, rtl).width > room


def _pieces(word: str, weight: int, rtl: bool, room: float) -> list[str]:
    """Pieces of about one length, none wider than the room: by what their clusters measure side by side, then, since
    kerning and joining change that, by what they do together."""
    places = (0, *wording.breaks(word), len(word))
    ends = np.cumsum([measured(word[a:b], weight, rtl).width + SIDE_BEARINGS for a, b in pairwise(places)])
    count = math.ceil(float(ends[-1]) / room)
    even = min(room, float(ends[-1]) / count * 1.08)
    made, first, begin = [], 0, 0.0
    while first < len(ends):
        last = max(int(np.searchsorted(ends, begin + even, side="right")), first + 1)
        if last < len(ends):
            # In a script that shows no words, a certain end of a syllable is worth a shorter line.
            last = next(
                (at for at in range(last, first + (last - first) * 2 // 3, -1) if _ends(word, places[at])), last
            )
        while True:
            piece = word[places[first] : places[last]]
            shown = wording.hyphenated(piece, word[places[last] :])
            if last == first + 1 or measured(shown, weight, rtl).width <= room:
                break
            last -= 1
        made.append(piece)
        first, begin = last, float(ends[last - 1])
    return made


def _ends(word: str, place: int) -> bool:
    return wording.runs_on(word[place]) and wording.ends_syllable(word, place)
