"""What is drawn, before a hand draws it: outlines, areas and strokes, from the font or made up by us.

Coordinates are units of the drawing's own, y downwards; a pen's line is LIGHT_STROKE to HEAVY_STROKE of them wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from darkroom.adapters.ai.sketch.glyphs import HEAVY_STROKE, LIGHT_STROKE, Glyph
from darkroom.adapters.ai.sketch.hand import ribbon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.limbs import Limb

    Points = NDArray[np.float64]
    Box = tuple[float, float, float, float]
    Place = Callable[[Points], Points]
    Widths = Callable[[Points], NDArray[np.float64]]

THINNEST: Final = -0.24
THICKEST: Final = 1.15
"""How far beyond the font's weights a line may be thinned or thickened before thin parts turn inside out."""


class Art(Protocol):
    """One layer of a drawing: areas, and the ink over them."""

    @property
    def silhouette(self) -> Sequence[Points]:
        """What it hides of things behind it, as outlines (even-odd)."""
        ...

    @property
    def areas(self) -> Sequence[tuple[int, Sequence[Points]]]:
        """Closed areas to be coloured, each with its rank among the part's colours and its outlines (even-odd)."""
        ...

    @property
    def cores(self) -> Sequence[Sequence[Points]]:
        """What is solid ink, the largest first."""
        ...

    def lines(self, place: Place, widths: Widths) -> list[Points]:
        """Outlines of the ink in pixels (non-zero). `place` gives pixels; `widths` the pen's, in units, at pixels."""
        ...


@dataclass(frozen=True)
class Part:
    """One layer and its colours: by rank, the last for all further ones; `solid` is what is black in line art.

    `limbs` are what of it moves by itself, in an animation.
    """

    art: Art
    colours: tuple[str, ...]
    solid: str
    limbs: tuple[Limb, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """Layers from back to front, in units: `grip` is where its hand is, `head` the middle and width of its head, `seat`
    how far down what it sits with is, where it sits.
    """

    box: Box
    parts: tuple[Part, ...]
    grip: tuple[float, float] | None = None
    head: tuple[float, float, float] | None = None
    seat: float | None = None


@dataclass(frozen=True)
class GlyphArt:
    """A drawing of the font, turned about the middle of its box (degrees clockwise), scaled, and moved."""

    glyph: Glyph
    scale: float = 1.0
    dx: float = 0.0
    dy: float = 0.0
    turn: float = 0.0

    def _at(self, points: Points) -> Points:
        if self.turn:
            x1, y1, x2, y2 = self.glyph.box
            middle, angle = np.array([(x1 + x2) / 2, (y1 + y2) / 2]), np.deg2rad(self.turn)
            spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            points = (points - middle) @ spin + middle
        at: Points = points * self.scale + np.array([self.dx, self.dy])
        return at

    @property
    def box(self) -> Box:
        return bounds([self._at(outline) for outline in self.glyph.light]) if self.turn else self.glyph.box

    @property
    def silhouette(self) -> Sequence[Points]:
        return [self._at(outline) for outline in self.glyph.silhouette]

    @property
    def areas(self) -> Sequence[tuple[int, Sequence[Points]]]:
        return [(rank, [self._at(each) for each in outlines]) for rank, outlines in enumerate(self.glyph.areas)]

    @property
    def cores(self) -> Sequence[Sequence[Points]]:
        return [[self._at(each) for each in outlines] for outlines in self.glyph.cores]

    def lines(self, place: Place, widths: Widths) -> list[Points]:
        outlines = []
        for light, heavy in zip(self.glyph.light, self.glyph.heavy, strict=True):
            weight = (widths(place(self._at(light))) / self.scale - LIGHT_STROKE) / (HEAVY_STROKE - LIGHT_STROKE)
            weight = np.clip(weight, THINNEST, THICKEST)[:, None]
            outlines.append(place(self._at(light + weight * (heavy - light))))
        return outlines


@dataclass(frozen=True)
class Bent:
    """Another drawing, bent: a bird with its legs tucked up."""

    art: Art
    bend: Place

    @property
    def silhouette(self) -> Sequence[Points]:
        return [self.bend(outline) for outline in self.art.silhouette]

    @property
    def areas(self) -> Sequence[tuple[int, Sequence[Points]]]:
        return [(rank, [self.bend(each) for each in outlines]) for rank, outlines in self.art.areas]

    @property
    def cores(self) -> Sequence[Sequence[Points]]:
        return [[self.bend(each) for each in outlines] for outlines in self.art.cores]

    def lines(self, place: Place, widths: Widths) -> list[Points]:
        return self.art.lines(lambda points: place(self.bend(points)), widths)


@dataclass(frozen=True)
class Stroke:
    """A line of a shape of ours. `weight` is its width beside the pen's."""

    points: Points
    weight: float = 1.0


@dataclass(frozen=True)
class Shape:
    """A layer of our own: filled outlines that do not overlap, each with a line round it unless `bare`, and strokes."""

    fills: tuple[tuple[int, Points], ...] = ()
    strokes: tuple[Stroke, ...] = ()
    bare: bool = False
    cores: tuple[tuple[Points, ...], ...] = field(default=())

    @property
    def silhouette(self) -> Sequence[Points]:
        return [outline for _, outline in self.fills]

    @property
    def areas(self) -> Sequence[tuple[int, Sequence[Points]]]:
        return [(rank, [outline]) for rank, outline in self.fills]

    def lines(self, place: Place, widths: Widths) -> list[Points]:
        drawn = []
        for _, outline in () if self.bare else self.fills:
            points = np.concatenate([outline, outline[:2]])
            drawn.append(place(ribbon(points, self._widths(place(points), widths))))
        for stroke in self.strokes:
            count = np.arange(len(stroke.points))
            ends = np.clip(np.minimum(count, count[::-1]) / max(len(count) * 0.15, 1.0), 0, 1)
            width = self._widths(place(stroke.points), widths) * stroke.weight * (0.55 + 0.45 * ends)
            drawn.append(place(ribbon(stroke.points, width)))
        drawn.extend(place(outline) for core in self.cores for outline in core)
        return drawn

    @staticmethod
    def _widths(pixels: Points, widths: Widths) -> NDArray[np.float64]:
        return np.clip(widths(pixels), LIGHT_STROKE * 0.3, HEAVY_STROKE * 1.3)


def bounds(outlines: Sequence[Points]) -> Box:
    points = np.concatenate(list(outlines))
    (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)
