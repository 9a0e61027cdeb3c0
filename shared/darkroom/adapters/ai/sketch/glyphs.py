"""The outlines of Noto Emoji, read as vectors, and what can be told of a drawing from them: its shape and its areas.

The font (Google, OFL 1.1) is variable: every glyph has the same points at each weight, so any weight is a sum of the
lightest and a share of the way to the heaviest, chosen point by point. That is how a hand presses harder in one place
than in another.

Coordinates are units of the font turned to run downwards, x to the right, in a window of WINDOW by WINDOW units.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.ai.sketch.masks import components, contours, distances, fill_holes
from darkroom.adapters.rendering import font_folder, pixels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    """(n, 2): x and y."""
    Mask = NDArray[np.bool_]

FONT: Final = "NotoEmoji[wght].ttf"
LIGHT: Final = 300
HEAVY: Final = 700
LIGHT_STROKE: Final = 40.0
"""Width of a line at LIGHT, in units."""
HEAVY_STROKE: Final = 130.0
WINDOW: Final = 2900.0
LEFT: Final = -150.0
TOP: Final = 2150.0
"""Where the window's corner is in the font's own coordinates, which run upwards."""
STEP: Final = 48.0
"""Longest piece of an outline between two points, in units: what a hand may bend."""
GRID: Final = 290
"""Side of the mask that areas are found in: one of its pixels is 10 units, a quarter of the thinnest line."""
UNIT: Final = WINDOW / GRID
CLOSED: Final = 4
"""Pixels of the mask that two ends of a line may be apart and still close an area."""
SMALLEST_AREA: Final = 14
"""Pixels of the mask; what is smaller is a gap between lines."""


@dataclass(frozen=True, eq=False)
class Glyph:
    """One drawing of the font. `light` and `heavy` are its outlines, closed, point by point the same ones."""

    text: str
    light: tuple[Points, ...]
    heavy: tuple[Points, ...]

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 of the ink at LIGHT."""
        points = np.concatenate(self.light)
        low, high = points.min(axis=0), points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @cached_property
    def ink(self) -> Mask:
        """(GRID, GRID): where the ink is at LIGHT."""
        return rasterised(self.light, GRID)

    @cached_property
    def shape(self) -> Mask:
        """(GRID, GRID): the ink and everything that it encloses, gaps of CLOSED pixels closed."""
        grown = distances(self.ink) <= CLOSED
        return self.ink | (distances(~fill_holes(grown)) > CLOSED)

    @cached_property
    def silhouette(self) -> tuple[Points, ...]:
        """The outlines of `shape`, half a line inside the ink's edge: what is filled beneath the lines."""
        inside = distances(~self.shape)
        return _in_units(contours(inside, LIGHT_STROKE / UNIT * 0.5))

    @cached_property
    def areas(self) -> tuple[tuple[Points, ...], ...]:
        """The closed areas between lines, largest first, each with its outlines (holes included), to mid-line."""
        found: list[tuple[int, tuple[Points, ...]]] = []
        for mask in components(self.shape & ~self.ink):
            size = int(mask.sum())
            if size >= SMALLEST_AREA:
                found.append((size, _in_units(contours(-distances(mask), -LIGHT_STROKE / UNIT * 0.55))))
        return tuple(outlines for _, outlines in sorted(found, key=lambda each: -each[0]))

    @cached_property
    def cores(self) -> tuple[tuple[Points, ...], ...]:
        """What is black and not a line: each solid piece of ink, a line's width within its edge, largest first."""
        depth = distances(~self.ink)
        found = [
            (int(mask.sum()), _in_units(contours(np.where(mask, depth, 0.0), LIGHT_STROKE / UNIT * 1.05)))
            for mask in components(depth > LIGHT_STROKE / UNIT * 1.05)
            if mask.sum() >= SMALLEST_AREA
        ]
        return tuple(outlines for _, outlines in sorted(found, key=lambda each: -each[0]))

    @cached_property
    def extent(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each of 64 columns of the box: how far down the shape begins and ends, 0 to 1; nan where bare."""
        x1, y1, x2, y2 = self.box
        rows = self.shape[int(y1 / UNIT) : int(y2 / UNIT) + 1]
        columns = np.linspace(x1 / UNIT, x2 / UNIT - 1, 64).astype(int)
        picked = rows[:, columns]
        bare = ~picked.any(axis=0)
        tops = picked.argmax(axis=0) / len(rows)
        bottoms = 1 - picked[::-1].argmax(axis=0) / len(rows)
        return np.where(bare, np.nan, tops), np.where(bare, np.nan, bottoms)


def rasterised(outlines: Sequence[Points], side: int) -> Mask:
    """(side, side): True within the outlines of a window, as a font fills them (non-zero winding)."""
    path = "".join(
        "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in outline) + "Z" for outline in outlines if len(outline) > 2
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
        f'viewBox="0 0 {WINDOW:.0f} {WINDOW:.0f}"><path d="{path}"/></svg>'
    )
    return pixels(svg)[..., 3] > 127


def _in_units(outlines: Sequence[Points]) -> tuple[Points, ...]:
    return tuple((outline + 0.5) * UNIT for outline in outlines if len(outline) > 5)


# --- the font --------------------------------------------------------------------------------------------------------


class Font:
    """Noto Emoji, opened once: which texts it has a drawing for, and the drawings."""

    def __init__(self, path: Path) -> None:
        from fontTools.ttLib import TTFont

        self._reading = threading.Lock()
        self._font = TTFont(path, lazy=True)
        self._names: dict[int, str] = self._font.getBestCmap()
        self._weights = [self._font.getGlyphSet(location={"wght": weight}) for weight in (LIGHT, HEAVY)]
        self._regular = self._font.getGlyphSet()
        self._ligatures: dict[str, list[Any]] = {}
        for table in self._font["GSUB"].table.LookupList.Lookup[0].SubTable:
            self._ligatures.update(getattr(table, "ExtSubTable", table).ligatures)

    def name(self, text: str) -> str | None:
        """The glyph of one emoji, or of a sequence that the font joins into one drawing; None where it has none."""
        names = [self._names.get(ord(character)) for character in text if character != "\ufe0f"]
        if not names or None in names:
            return None
        first, *rest = names
        if not rest:
            return first
        # Sequences are written in the font with and without the variation selectors that text may lack.
        selector = self._names.get(0xFE0F)
        for ligature in self._ligatures.get(str(first), ()):
            if [component for component in ligature.Component if component != selector] == rest:
                return str(ligature.LigGlyph)
        return None

    @lru_cache(maxsize=256)  # noqa: B019 - there is one font, and it lives as long as the process
    def glyph(self, text: str) -> Glyph:
        """Raises KeyError for a text that the font has no drawing for."""
        name = self.name(text)
        if name is None:
            raise KeyError(text)
        # The font's tables are read when they are first used, and its file has one place to read from.
        with self._reading:
            light, heavy = (self._outlines(glyphs, name) for glyphs in self._weights)
        pairs = [_pieces(thin, bold) for thin, bold in zip(light, heavy, strict=True)]
        return Glyph(text, tuple(thin for thin, _ in pairs), tuple(bold for _, bold in pairs))

    def path(self, text: str) -> tuple[str, tuple[float, float, float, float]]:
        """The drawing at the font's regular weight: SVG path data, and x1, y1, x2, y2 of its box, y running upwards."""
        from fontTools.pens.boundsPen import ControlBoundsPen
        from fontTools.pens.svgPathPen import SVGPathPen

        glyph = self._regular[self.name(text) or ".notdef"]
        pen, bounds = SVGPathPen(self._regular), ControlBoundsPen(self._regular)
        with self._reading:
            glyph.draw(pen)
            glyph.draw(bounds)
        return pen.getCommands(), bounds.bounds

    @staticmethod
    def _outlines(glyphs: Any, name: str) -> list[list[tuple[Any, ...]]]:
        """Closed outlines as pieces: ((x, y),) where a line ends, (control, end) for a quadratic curve."""
        from fontTools.pens.basePen import decomposeQuadraticSegment
        from fontTools.pens.recordingPen import DecomposingRecordingPen

        pen = DecomposingRecordingPen(glyphs)
        glyphs[name].draw(pen)
        outlines: list[list[tuple[Any, ...]]] = []
        for operation, points in pen.value:
            if operation == "moveTo":
                outlines.append([points])
            elif operation == "lineTo":
                outlines[-1].append(points)
            elif operation == "qCurveTo":
                outlines[-1].extend(decomposeQuadraticSegment(points))
        return [outline for outline in outlines if len(outline) > 1]


def _pieces(light: Sequence[tuple[Any, ...]], heavy: Sequence[tuple[Any, ...]]) -> tuple[Points, Points]:
    """The same outline at two weights as polygons of equally many points, about STEP apart at most."""
    thin, bold = _corners(light), _corners(heavy)
    lengths = np.hypot(*(thin[:, 2] - thin[:, 0]).T)
    curved = np.array([len(piece) == 2 for piece in (*light[1:], light[0])])
    counts = np.maximum(np.ceil(lengths / STEP).astype(int), np.where(curved, 3, 1))
    counts[(lengths == 0) & ~curved] = 0
    owners = np.repeat(np.arange(len(counts)), counts)
    t = ((np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts) + 1) / counts[owners])[:, None]
    return _along(thin[owners], t), _along(bold[owners], t)


def _corners(pieces: Sequence[tuple[Any, ...]]) -> NDArray[np.float64]:
    """(n, 3, 2): start, control and end of each piece; a straight one has its control in the middle."""
    corners = []
    start = pieces[0][-1]
    for piece in (*pieces[1:], pieces[0][-1:]):
        end = piece[-1]
        corners.append(
            (start, piece[0] if len(piece) == 2 else ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end)
        )
        start = end
    return np.array(corners, dtype=np.float64)


def _along(corners: NDArray[np.float64], t: NDArray[np.float64]) -> Points:
    points = corners[:, 0] * (1 - t) ** 2 + corners[:, 1] * (2 * t * (1 - t)) + corners[:, 2] * t**2
    return np.stack([points[:, 0] - LEFT, TOP - points[:, 1]], axis=1)


@cache
def font() -> Font:
    """The font, opened on first use."""
    return Font(font_folder() / FONT)
