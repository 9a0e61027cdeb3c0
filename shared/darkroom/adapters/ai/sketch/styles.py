"""How a drawing looks in each style: what of it is inked, how thick, what is filled, hatched or left white.

simple      one black pen line, everything else paper
detailed    a fine line gone over twice, solid parts cross-hatched, shade hatched on the side away from the light
cartoon     a bold outline, flat colours with a shade and a gleam
minimalist  a thin line that swells and fades, one accent colour, much white
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch.hand import path, resampled, ribbon
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.art import Drawing, Part
    from darkroom.adapters.ai.sketch.hand import Hand

    Points = NDArray[np.float64]
    Place = Callable[[Points], Points]


@dataclass(frozen=True)
class Look:
    """A style's means. `pen` and `wobble` are shares of the sheet's shorter side."""

    style: Style
    pen: float
    press: float
    wobble: float
    ink: str
    paper: str
    margin: float
    """Share of the sheet that stays free on each side."""


LOOKS: Final = {
    Style.SIMPLE: Look(Style.SIMPLE, 0.0085, 0.16, 0.0042, "#1f1f24", "#ffffff", 0.1),
    Style.DETAILED: Look(Style.DETAILED, 0.0040, 0.3, 0.0034, "#35302d", "#fbf7ee", 0.08),
    Style.CARTOON: Look(Style.CARTOON, 0.0125, 0.14, 0.0036, "#24222e", "#fffdf7", 0.08),
    Style.MINIMALIST: Look(Style.MINIMALIST, 0.0062, 0.8, 0.0052, "#26262b", "#ffffff", 0.2),
}
SMALL_CORE: Final = 26_000.0
"""Square units; a smaller solid piece is an eye or a nostril, and stays ink."""
ACCENTS: Final = ("#e4572e", "#2f7fc1", "#e8a317", "#2a9d8f", "#d6457a", "#7b5fc0")
LEAST_SHADED: Final = 60_000.0
"""Square units of an area that is worth a shade or a gleam."""


@dataclass(frozen=True)
class Paint:
    """What a drawing is painted with on this sheet, beyond its own colours."""

    accent: str
    tint: str = ""
    """The colour that the description asks for, if any."""
    faint: bool = False
    """Part of the background: thinner and paler."""
    opaque: bool = True
    """Hides what is behind it, even on a sheet without paper."""


@dataclass(frozen=True)
class Sheet:
    """What one picture is drawn with: the hand, the style, a source of chance, and its shorter side in pixels."""

    hand: Hand
    look: Look
    rng: random.Random
    side: float


def painted(
    drawing: Drawing,
    place: Place,
    scale: float,
    sheet: Sheet,
    paint: Paint,
    *,
    above: float | None = None,
    traced: list[Points] | None = None,
) -> list[tuple[Part, list[Fill]]]:
    """One drawing, part by part from back to front. `place` maps its units to pixels, `scale` is how many a unit is.

    With `above`, only what is further down than that is drawn. The outlines of the ink are added to `traced`.
    """
    hand, look = sheet.hand, sheet.look
    pen = look.pen * sheet.side * (0.72 if paint.faint else 1.0)

    def bent(points: Points) -> Points:
        bent = hand.bent(place(points))
        if above is not None:
            # What is above has no height left, so nothing of it is filled.
            bent[:, 1] = np.maximum(bent[:, 1], above)
        return bent

    def widths(pixels: Points) -> NDArray[np.float64]:
        return pen / scale * np.maximum(1 + look.press * hand.pressure(pixels), 0.3)

    brush = _Brush(bent, sheet, paint)
    painter = {
        Style.SIMPLE: _simple,
        Style.DETAILED: _detailed,
        Style.CARTOON: _cartoon,
        Style.MINIMALIST: _minimalist,
    }[look.style]
    pieces = []
    for part in drawing.parts:
        lines = part.art.lines(bent, widths)
        if traced is not None:
            traced.extend(lines)
        pieces.append((part, painter(part, lines, brush)))
    return pieces


@dataclass(frozen=True)
class _Brush:
    bent: Place
    sheet: Sheet
    paint: Paint

    @property
    def hand(self) -> Hand:
        return self.sheet.hand

    @property
    def look(self) -> Look:
        return self.sheet.look

    @property
    def ink(self) -> str:
        return mixed(self.look.ink, self.look.paper, 0.45) if self.paint.faint else self.look.ink

    def placed(self, outlines: Iterable[Points]) -> list[Points]:
        return [self.bent(outline) for outline in outlines]

    def cleared(self, part: Part) -> list[Fill]:
        """The paper beneath a drawing, so that it hides what is behind it."""
        return [Fill(self.placed(part.art.silhouette), self.look.paper)] if self.paint.opaque else []


def _simple(part: Part, lines: list[Points], brush: _Brush) -> list[Fill]:
    pieces = brush.cleared(part)
    if brush.paint.tint:
        pieces += _tinted(part, brush, brush.paint.tint)
    pieces.append(Fill(lines, brush.ink, rule="nonzero"))
    hollow = brush.paint.tint if part.solid == brush.paint.tint else brush.look.paper
    pieces.extend(Fill(brush.placed(core), hollow) for core in part.art.cores if extent(core) >= SMALL_CORE)
    return pieces


def _tinted(part: Part, brush: _Brush, tint: str) -> list[Fill]:
    """The areas that have the colour asked for, as a marker would fill them."""
    return [
        Fill(brush.placed(outlines), tint)
        for rank, outlines in part.art.areas
        if part.colours and part.colours[min(rank, len(part.colours) - 1)] == tint
    ]


def _detailed(part: Part, lines: list[Points], brush: _Brush) -> list[Fill]:
    hand, unit = brush.hand, brush.sheet.side
    pieces = brush.cleared(part)
    shade: list[Points] = []
    tints: list[Points] = []
    for rank, outlines in part.art.areas:
        if extent(outlines) < LEAST_SHADED:
            continue
        pixels = brush.placed(outlines)
        if part.colours and brush.paint.tint and part.colours[min(rank, len(part.colours) - 1)] == brush.paint.tint:
            tints += hand.hatched(pixels, spacing=unit * 0.0062, width=unit * 0.0046, angle=-38)
        if not brush.paint.faint:
            shade += hand.hatched(pixels, spacing=unit * 0.0105, width=unit * 0.0021, angle=52, share=0.3)
    dark: list[Points] = []
    washed: list[Points] = []
    for core in solids(part):
        pixels = brush.placed(core)
        washed += pixels
        dark += hand.hatched(pixels, spacing=unit * 0.0075, width=unit * 0.0026, angle=52)
        dark += hand.hatched(pixels, spacing=unit * 0.0085, width=unit * 0.0022, angle=-35)
    wash = (
        brush.paint.tint
        if brush.paint.tint and part.solid == brush.paint.tint
        else mixed(brush.ink, brush.look.paper, 0.72)
    )
    pieces.append(Fill(tints, brush.paint.tint or brush.ink, opacity=0.8, rule="nonzero"))
    pieces.append(Fill(lines, brush.ink, rule="nonzero"))
    pieces.append(Fill(washed, wash))
    pieces.append(Fill(dark, brush.ink, rule="nonzero", opacity=0.85))
    pieces.append(Fill(shade, brush.ink, rule="nonzero", opacity=0.6))
    if not brush.paint.faint:
        again = [
            hand.loop(
                outline + brush.sheet.rng.uniform(-0.0035, 0.0035) * unit, unit * 0.0019, press=0.5, overshoot=0.04
            )
            for outline in brush.placed(part.art.silhouette)
            if len(outline) > 12
        ]
        pieces.append(Fill(again, brush.ink, rule="nonzero", opacity=0.55))
    return pieces


def _cartoon(part: Part, lines: list[Points], brush: _Brush) -> list[Fill]:
    faint = brush.paint.faint
    base = part.colours[0] if part.colours else "#ffffff"
    pieces = [Fill(brush.placed(part.art.silhouette), toned(base, faint, brush))]
    for rank, outlines in part.art.areas:
        colour = toned(part.colours[min(rank, len(part.colours) - 1)] if part.colours else base, faint, brush)
        pieces.append(Fill(brush.placed(outlines), colour))
        if extent(outlines) >= LEAST_SHADED and not faint:
            pieces.append(Fill(_edge(outlines, 45, 95, brush), darker(colour), rule="nonzero", opacity=0.55))
            pieces.append(
                Fill(_edge(outlines, 225, 44, brush, inset=85, spread=34), "#ffffff", rule="nonzero", opacity=0.75)
            )
    pieces.append(Fill(lines, mixed(brush.ink, brush.look.paper, 0.1) if faint else brush.ink, rule="nonzero"))
    for core in part.art.cores:
        if extent(core) >= SMALL_CORE:
            colour = toned(part.solid, faint, brush)
            pieces.append(Fill(brush.placed(core), colour))
            if extent(core) >= 4 * LEAST_SHADED and not faint:
                pieces.append(
                    Fill(_edge(core, 225, 40, brush, inset=80, spread=30), "#ffffff", rule="nonzero", opacity=0.55)
                )
    return pieces


def _minimalist(part: Part, lines: list[Points], brush: _Brush) -> list[Fill]:
    pieces = brush.cleared(part)
    if brush.paint.tint:
        pieces += _tinted(part, brush, brush.paint.tint)
    pieces.append(Fill(lines, brush.ink, rule="nonzero"))
    accent = brush.paint.tint or brush.paint.accent
    pieces.extend(
        Fill(brush.placed(core), brush.look.paper if brush.paint.faint else accent)
        for core in part.art.cores
        if extent(core) >= SMALL_CORE
    )
    if part.colours and part.colours[0] == part.solid:
        pieces.insert(1 if brush.paint.opaque else 0, Fill(brush.placed(part.art.silhouette), accent))
    return pieces


def solids(part: Part) -> list[Sequence[Points]]:
    """What is dark of a part, and large enough to be seen as an area: solid ink, or all of a part of that colour."""
    if part.colours and part.colours[0] == part.solid:
        return [outlines for _, outlines in part.art.areas]
    return [core for core in part.art.cores if extent(core) >= SMALL_CORE]


# --- light -----------------------------------------------------------------------------------------------------------


def _edge(
    outlines: Sequence[Points], angle: float, width: float, brush: _Brush, *, inset: float = 0.0, spread: float = 62.0
) -> list[Points]:
    """Bands just within an area where its edge faces `angle` (degrees clockwise from rightwards)."""
    outline = max(outlines, key=lambda each: extent([each]))
    line = resampled(np.concatenate([outline, outline[:1]]), 45.0)[:-1]
    if len(line) < 12:
        return []
    if signed(line) < 0:
        line = line[::-1]
    for _ in range(4):
        line = (np.roll(line, 1, axis=0) + 2 * line + np.roll(line, -1, axis=0)) / 4
    tangents = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    outward = np.rad2deg(np.arctan2(-tangents[:, 0], tangents[:, 1]))
    facing = np.abs((outward - angle + 180) % 360 - 180) < spread
    if facing.all() or not facing.any():
        return []
    first = int(np.flatnonzero(facing & ~np.roll(facing, 1))[0])
    facing, line, tangents = np.roll(facing, -first), np.roll(line, -first, axis=0), np.roll(tangents, -first, axis=0)
    normals = np.stack([tangents[:, 1], -tangents[:, 0]], axis=1)
    normals /= np.maximum(np.hypot(normals[:, 0], normals[:, 1]), 1e-6)[:, None]
    bands = []
    for start, stop in runs(facing):
        if stop - start < 7:
            continue
        piece = line[start:stop] - normals[start:stop] * (inset + width / 2)
        share = np.linspace(0, np.pi, len(piece))
        bands.append(brush.bent(ribbon(piece, width * np.sin(share) ** 0.7)))
    bands.sort(key=lambda band: -len(band))
    return bands[:2] if inset else bands[:4]


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))


def signed(outline: Points) -> float:
    x, y = outline[:, 0], outline[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def extent(outlines: Sequence[Points]) -> float:
    """The area within outlines, their holes taken off, in square units."""
    return abs(sum(signed(outline) for outline in outlines))


# --- paint -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fill:
    """Outlines in pixels, filled with one colour."""

    outlines: Sequence[Points]
    colour: str
    rule: str = field(default="evenodd", kw_only=True)
    opacity: float = field(default=1.0, kw_only=True)

    def svg(self) -> str:
        """A path, its numbers in tenths of a pixel; "" where there is nothing to fill."""
        data = path(self.outlines)
        if not data:
            return ""
        see = f' fill-opacity="{self.opacity:g}"' if self.opacity < 1 else ""
        how = ' fill-rule="evenodd"' if self.rule == "evenodd" else ""
        return f'<path fill="{self.colour}"{how}{see} d="{data}"/>'


def filled(outlines: Sequence[Points], colour: str, *, rule: str = "evenodd", opacity: float = 1.0) -> str:
    return Fill(outlines, colour, rule=rule, opacity=opacity).svg()


def inked(pieces: Iterable[tuple[Part, Sequence[Fill]]]) -> str:
    """SVG of what `painted` gave."""
    return "".join(fill.svg() for _, fills in pieces for fill in fills)


def rgb(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _hexed(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(min(max(value, 0.0), 1.0) * 255):02x}" for value in (red, green, blue))


def mixed(one: str, other: str, share: float) -> str:
    """`one` with that share of `other`."""
    a, b = rgb(one), rgb(other)
    return _hexed(*(x + (y - x) * share for x, y in zip(a, b, strict=True)))


def darker(colour: str, by: float = 0.16) -> str:
    """The shade of a colour: darker, a little more saturated and towards blue."""
    hue, light, full = colorsys.rgb_to_hls(*rgb(colour))
    return _hexed(*colorsys.hls_to_rgb(hue, max(0.0, light - by), min(1.0, full * 1.05)))


def toned(colour: str, faint: bool, brush: _Brush) -> str:
    return mixed(colour, brush.look.paper, 0.42) if faint else colour


def recoloured(part: Part, colour: str) -> Part:
    """With the colour that was asked for where the thing's main colour is, and what is next to it in keeping."""
    cores = max((extent(core) for core in part.art.cores), default=0.0)
    areas = max((extent(outlines) for _, outlines in part.art.areas), default=0.0)
    if cores > areas * 0.8:
        return replace(part, solid=colour)
    main = part.colours[0] if part.colours else colour
    dark = darker(colour, 0.24) if colour != "#3a3a42" else "#2a2a30"
    return replace(
        part,
        colours=tuple(colour if each == main else each for each in part.colours) or (colour,),
        solid=dark if part.solid not in {"#3f4652", "#45566b"} else part.solid,
    )
