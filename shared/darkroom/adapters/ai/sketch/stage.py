"""The means of scenery: strokes, areas, sky, clouds, ground, all of it background, in each style's way.

Background is paler and thinner than the subject, beneath it, and never in the middle of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch import vocabulary
from darkroom.adapters.ai.sketch.art import Drawing, GlyphArt, Part
from darkroom.adapters.ai.sketch.glyphs import font
from darkroom.adapters.ai.sketch.hand import ellipse, polygon, smooth
from darkroom.adapters.ai.sketch.shapes import INK, arc, line
from darkroom.adapters.ai.sketch.styles import Fill, Look, Paint, Sheet, filled, inked, mixed, painted
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.hand import Hand
    from darkroom.adapters.ai.sketch.items import Item
    from darkroom.adapters.ai.sketch.layout import Layout

    Points = NDArray[np.float64]

SKIES: Final = {
    "night": "#333c6e",
    "space": "#262a57",
    "moon": "#262a57",
    "rain": "#cfdbe6",
    "storm": "#aab8c8",
    "snow": "#dcebf6",
    "sunny": "#c3e8f8",
    "forest": "#dcf1d8",
    "beach": "#c8eefa",
    "underwater": "#a5dcf0",
    "sea": "#cdeef9",
    "hill": "#cfeefa",
    "garden": "#dcf4f1",
    "mountains": "#d9eaf6",
    "desert": "#fdeac4",
    "city": "#e2e9f5",
    "road": "#dcecf6",
    "sky": "#c3e8f8",
    "room": "#fbeedb",
    "party": "#fdf0e0",
    "sunset": "#fcd3ac",
    "farm": "#d6effa",
    "autumn": "#fdebd2",
    "wind": "#d6ecf5",
    "concert": "#4a3f78",
}
"""The colour of the whole sheet, in a cartoon."""
DARK: Final = frozenset({"night", "space", "moon", "concert"})
SKY_FIRST: Final = ("space", "moon", "night", "concert", "storm", "sunset", "rain", "snow", "underwater")
"""Which place says what the sky is like where there are several."""


@dataclass
class Layer:
    """SVG in tenths of a pixel, and how it moves: "" for what stands still, or a word of motion.py."""

    svg: str
    motion: str = ""
    centre: tuple[float, float] = (0.0, 0.0)
    front: bool = False
    owner: int | None = None
    """Whose shadow it is: the index of the layout's item that it goes with."""
    traced: list[Points] = field(default_factory=list)
    """Outlines of its ink in pixels, where it is to be seen being drawn."""
    drawn: Drawn | None = None
    """What it is made of, where it can be bent."""


@dataclass(frozen=True)
class Drawn:
    """A drawing on the sheet, part by part from back to front, and how its units became pixels: units @ by + at."""

    parts: Sequence[tuple[Part, Sequence[Fill]]]
    by: Points
    at: Points
    before: str = ""
    """SVG of what is drawn with it, beneath: a string."""

    def bent(self, bend: Callable[[Part], Callable[[Points], Points] | None]) -> str:
        """SVG of it as its limbs are then. `bend` says of a part where its points go, in units."""
        back = np.linalg.inv(self.by)
        pieces = [self.before]
        for part, fills in self.parts:
            where = bend(part)
            if where is None:
                pieces.extend(fill.svg() for fill in fills)
                continue
            for fill in fills:
                lengths = [len(outline) for outline in fill.outlines]
                if not sum(lengths):
                    continue
                pixels = np.concatenate([*fill.outlines])
                units = (pixels - self.at) @ back
                moved = pixels + (where(units) - units) @ self.by
                pieces.append(replace(fill, outlines=np.split(moved, np.cumsum(lengths)[:-1])).svg())
        return "".join(pieces)


@dataclass
class Stage:
    """Draws the scenery of one picture."""

    width: float
    height: float
    look: Look
    hand: Hand
    rng: random.Random
    layout: Layout
    settings: Sequence[str]
    transparent: bool
    accent: str
    layers: list[Layer] = field(default_factory=list)
    taken: list[tuple[float, float, float]] = field(default_factory=list)
    """Middle and radius of what stands in the sky already."""

    def __post_init__(self) -> None:
        self.side = min(self.width, self.height)
        self.ground = self.layout.ground if self.layout.ground is not None else self.height * 0.86
        self.colourful = self.look.style is Style.CARTOON
        self.dark = self.colourful and not self.transparent and any(name in DARK for name in self.settings)
        pale = mixed(self.look.ink, self.look.paper, 0.42)
        self.ink = ("#e9ecfb" if self.dark else mixed(self.look.ink, "#7f95a8", 0.35)) if self.colourful else pale
        self.pen = self.look.pen * self.side * 0.72

    # --- means

    def add(self, svg: str, motion: str = "", centre: tuple[float, float] = (0.0, 0.0), *, front: bool = False) -> None:
        if svg:
            self.layers.append(Layer(svg, motion, centre, front))

    def strokes(self, *lines: Points, weight: float = 1.0, colour: str = "", opacity: float = 1.0) -> str:
        drawn = [self.hand.stroke(each, self.pen * weight, taper=0.3, press=self.look.press) for each in lines]
        return filled(drawn, colour or self.ink, rule="nonzero", opacity=opacity)

    def area(self, outline: Points, colour: str, *, outlined: bool = True, opacity: float = 1.0) -> str:
        """Filled in a cartoon, else paper; with a line round it."""
        bent = self.hand.bent(outline)
        svg = filled([bent], colour if self.colourful else self.look.paper, opacity=opacity)
        return svg + (self.strokes(np.concatenate([outline, outline[:1]])) if outlined else "")

    def thing(self, name: str, x: float, bottom: float, high: float, *, flip: bool = False, faint: bool = True) -> str:
        """A thing of the vocabulary as background, its foot at (x, bottom)."""
        thing = vocabulary.by_name()[name]
        glyph = font().glyph(thing.drawing)
        x1, y1, x2, y2 = glyph.box
        scale = high / (y2 - y1)
        middle = (x1 + x2) / 2

        def place(points: Points) -> Points:
            across = (points[:, 0] - middle) * (-scale if flip else scale) + x
            return np.stack([across, (points[:, 1] - y2) * scale + bottom], axis=1)

        drawing = Drawing(glyph.box, (Part(GlyphArt(glyph), thing.colours or ("#ffffff",), thing.solid or INK),))
        paint = Paint(self.accent, faint=faint)
        return inked(painted(drawing, place, scale, Sheet(self.hand, self.look, self.rng, self.side), paint))

    def free_x(self, width: float, tries: int = 24) -> float | None:
        """Somewhere left or right of the subject with room for that width; None where there is none."""
        x1, _, x2, _ = self.layout.focus
        for _ in range(tries):
            x = self.rng.uniform(width * 0.5, self.width - width * 0.5)
            if x + width / 2 < x1 or x - width / 2 > x2:
                return x
        return None

    def clear(self, x: float, y: float, radius: float) -> bool:
        """Is nothing there yet, neither an item nor sun, moon or cloud?"""
        if any(math.hypot(x - tx, y - ty) < radius + tr for tx, ty, tr in self.taken):
            return False
        return not any(
            b[0] - radius < x < b[2] + radius and b[1] - radius < y < b[3] + radius
            for b in (item.box for item in self.layout.items)
        )

    def corner(self, size: float) -> tuple[float, float]:
        """The upper corner with more room, as the middle of something of that size."""
        inset = self.side * 0.06 + size / 2
        options = [(inset, inset), (self.width - inset, inset)]
        self.rng.shuffle(options)
        found = next((each for each in options if self.clear(*each, size * 0.55)), options[0])
        self.taken.append((*found, size * 0.5))
        return found

    def roomy(self, size: float) -> bool:
        """Is one of the upper corners free?"""
        inset = self.side * 0.06 + size / 2
        return self.clear(inset, inset, size * 0.55) or self.clear(self.width - inset, inset, size * 0.55)

    # --- without a place

    def bare(self, touch: int) -> None:
        x1, y1, x2, y2 = self.layout.focus
        if self.colourful and not self.transparent and self.layout.items:
            middle = ((x1 + x2) / 2, (y1 + y2) / 2 + (y2 - y1) * 0.04)
            rx = min(max((x2 - x1) * 0.56, self.side * 0.36), self.width * 0.47)
            ry = min(max((y2 - y1) * 0.5, self.side * 0.34), self.height * 0.46)
            count = 9
            ring = [
                (
                    middle[0] + rx * self.rng.uniform(0.88, 1.06) * math.cos(turn),
                    middle[1] + ry * self.rng.uniform(0.88, 1.06) * math.sin(turn),
                )
                for turn in (number / count * math.tau for number in range(count))
            ]
            tone = self.rng.choice(("#fde9cf", "#dff1f6", "#e8f3da", "#fbe3e4", "#ece6f8", "#fdf2c8"))
            self.add(filled([smooth(ring, closed=True)], tone))
        if self.look.style is not Style.MINIMALIST and touch:
            if self.layout.ground is None:
                self.clouds(2, 0.9) if touch == 1 else self.stars(7)
            elif touch == 1:
                self.grass(7)
                self.clouds(2, 0.25)
            else:
                if self.roomy(self.side * 0.26):
                    self.sun()
                self.sprinkled(("daisy", "seedling"), 3, 0.07)
        if self.layout.ground is not None:
            self.shadows(1.0)

    def shadows(self, strength: float) -> None:
        """What holds things to the ground: a shadow, hatching, or a short line."""
        for item in standing(self.layout.items):
            pieces = []
            x1, _, x2, y2 = item.box
            middle, half = (x1 + x2) / 2, (x2 - x1) / 2
            if self.look.style is Style.CARTOON:
                shadow = self.hand.bent(ellipse(middle, y2, half * 0.94, max(half * 0.1, self.side * 0.008)))
                pieces.append(filled([shadow], "#2c2f48", opacity=0.17 * strength))
            elif self.look.style is Style.DETAILED:
                shadow = ellipse(middle + half * 0.12, y2, half * 0.98, max(half * 0.085, self.side * 0.009))
                hatch = self.hand.hatched([shadow], spacing=self.side * 0.008, width=self.side * 0.0022, angle=8)
                pieces.append(filled(hatch, self.look.ink, rule="nonzero", opacity=0.6 * strength))
            else:
                reach = 1.12 if self.look.style is Style.SIMPLE else 1.35
                left = max(middle - half * reach, self.width * 0.03)
                right = min(middle + half * reach * self.rng.uniform(0.9, 1.1), self.width * 0.97)
                gap = self.side * 0.004
                lines = [line((left, y2 + gap), (right, y2 + gap), step=self.side * 0.03)]
                if self.look.style is Style.SIMPLE and right + half * 0.22 + self.side * 0.02 < self.width * 0.96:
                    start = right + self.side * 0.02
                    lines.append(line((start, y2 + gap), (start + half * 0.22, y2 + gap), step=self.side * 0.03))
                pieces.append(self.strokes(*lines, weight=1.1))
            owner = next(number for number, each in enumerate(self.layout.items) if each is item)
            self.layers.append(Layer("".join(pieces), centre=(middle, y2), owner=owner))

    # --- sky

    def sky(self) -> None:
        if self.colourful and not self.transparent:
            name = next((name for name in SKY_FIRST if name in self.settings), self.settings[0])
            sheet = np.array([[0, 0], [self.width, 0], [self.width, self.height], [0, self.height]], dtype=np.float64)
            self.add(filled([sheet], SKIES.get(name, "#dcecf6")))

    def horizon(self, colour: str, *, bumps: float = 0.0, lift: float = 0.0, outlined: bool = True) -> None:
        """The ground from edge to edge."""
        y = self.ground - lift
        count = 7
        edge = [
            (self.width * (number / (count - 1) * 1.2 - 0.1), y + self.rng.uniform(-1, 1) * bumps * self.side)
            for number in range(count)
        ]
        top = smooth(edge)
        sheet = np.concatenate([top, [[self.width * 1.1, self.height * 1.05], [-self.width * 0.1, self.height * 1.05]]])
        svg = filled([self.hand.bent(sheet)], colour) if self.colourful else ""
        if outlined and not self.colourful:
            svg += self.strokes(top, weight=1.1)
        self.add(svg)

    def sun(self) -> None:
        size = self.side * 0.17
        x, y = self.corner(size * 1.5)
        svg = self.area(ellipse(x, y, size / 2, size / 2), "#fbd24e")
        rays = [
            line(
                (x + math.cos(t) * size * 0.66, y + math.sin(t) * size * 0.66),
                (x + math.cos(t) * size * 0.88, y + math.sin(t) * size * 0.88),
                step=size * 0.1,
            )
            for t in (number / 10 * math.tau for number in range(10))
        ]
        if self.look.style is Style.MINIMALIST:
            self.add(filled([self.hand.bent(ellipse(x, y, size * 0.42, size * 0.42))], self.accent))
            return
        self.add(svg + self.strokes(*rays, weight=1.2, colour="#f2a93b" if self.colourful else ""), "spin", (x, y))

    def moon(self) -> None:
        size = self.side * 0.17
        x, y = self.corner(size)
        outline = crescent(x, y, size / 2)
        svg = (
            filled([self.hand.bent(outline)], self.accent)
            if self.look.style is Style.MINIMALIST
            else self.area(outline, "#fbe9a8", outlined=not self.dark)
        )
        self.add(svg)

    def stars(self, count: int, below: float = 1.0) -> None:
        placed = 0
        for _ in range(count * 4):
            x, y = self.rng.uniform(0.04, 0.96) * self.width, self.rng.uniform(0.04, 0.96) * self.height * below
            radius = self.side * self.rng.uniform(0.008, 0.017)
            if not self.clear(x, y, radius * 1.6):
                continue
            placed += 1
            turn = self.rng.uniform(0, 1.2)
            if placed % 3 == 0:
                svg = filled([ellipse(x, y, radius * 0.3, radius * 0.3, 12)], self.ink)
            else:
                points = [
                    (x + math.cos(turn + k * math.pi / 5) * radius * (1.25 if k % 2 == 0 else 0.5),
                     y + math.sin(turn + k * math.pi / 5) * radius * (1.25 if k % 2 == 0 else 0.5)) for k in range(10)
                ]  # fmt: skip
                star = polygon(*points, step=radius)
                svg = (
                    filled([star], "#fbe08a")
                    if self.colourful
                    else self.strokes(np.concatenate([star, star[:1]]), weight=0.7)
                )
            self.add(svg, "twinkle", (x, y))
            if placed >= count:
                break

    def clouds(self, count: int, top: float = 0.32) -> None:
        for number in range(count):
            wide = self.side * self.rng.uniform(0.17, 0.27)
            for _ in range(12):
                x = self.width * (number + self.rng.uniform(0.2, 0.8)) / count
                y = wide * 0.34 + self.height * self.rng.uniform(0.03, top)
                if self.clear(x, y, wide * 0.5):
                    self.taken.append((x, y, wide * 0.5))
                    self.cloud(x, y, wide)
                    break

    def cloud(self, x: float, y: float, wide: float, colour: str = "#ffffff", motion: str = "drift") -> None:
        high = wide * 0.42
        outline = np.concatenate([
            arc(x - wide * 0.27, y, wide * 0.23, high * 0.42, 90, 262, 14),
            arc(x - wide * 0.08, y - high * 0.26, wide * 0.23, high * 0.5, 196, 318, 16),
            arc(x + wide * 0.19, y - high * 0.1, wide * 0.19, high * 0.42, 240, 360, 14),
            arc(x + wide * 0.32, y + high * 0.12, wide * 0.17, high * 0.3, 290, 450, 14),
        ])  # fmt: skip
        self.add(
            self.area(outline, colour, outlined=not self.colourful or self.transparent or not self.settings),
            motion,
            (x, y),
        )

    def rain(self, *, heavy: bool = False) -> None:
        cloudy = "#f3f6f9" if not heavy else "#8a98aa"
        for number in range(3):
            x = self.width * (number + 0.5) / 3 + self.rng.uniform(-0.06, 0.06) * self.width
            wide = self.side * self.rng.uniform(0.26, 0.34)
            self.cloud(x, self.height * 0.03 + wide * 0.34, wide, cloudy)
        lines = []
        count = 64 if heavy else 46
        for number in range(count):
            x = self.width * (number * 0.7549 % 1.0)
            y = self.height * (0.2 + 0.76 * (number * 0.5698 % 1.0)) + self.rng.uniform(-0.02, 0.02) * self.height
            length = self.side * self.rng.uniform(0.03, 0.05)
            if self.clear(x, y, length * 0.5):
                lines.append(line((x, y), (x - length * 0.28, y + length), step=length * 0.4))
        colour = "#5f9fd0" if self.colourful else ""
        self.add(self.strokes(*lines, weight=0.95, colour=colour), "rain")

    def snow(self) -> None:
        pieces = []
        for number in range(40):
            x = self.width * (number * 0.7549 % 1.0)
            y = self.height * (0.03 + 0.94 * (number * 0.5698 % 1.0))
            radius = self.side * self.rng.uniform(0.005, 0.012)
            if not self.clear(x, y, radius * 2):
                continue
            if number % 4 == 0:
                spokes = [
                    line(
                        (x - math.cos(t) * radius * 1.7, y - math.sin(t) * radius * 1.7),
                        (x + math.cos(t) * radius * 1.7, y + math.sin(t) * radius * 1.7),
                        step=radius,
                    )
                    for t in (0.2, 0.2 + math.pi / 3, 0.2 + 2 * math.pi / 3)
                ]
                pieces.append(self.strokes(*spokes, weight=0.6, colour="#ffffff" if self.colourful else ""))
            else:
                dot = self.hand.bent(ellipse(x, y, radius, radius, 16))
                pieces.append(
                    filled([dot], "#ffffff")
                    if self.colourful
                    else self.strokes(np.concatenate([dot, dot[:1]]), weight=0.6)
                )
        self.add("".join(pieces), "snow")

    # --- ground

    def grass(self, count: int, colour: str = "#6fae5a") -> None:
        lines = []
        for _ in range(count):
            x = self.rng.uniform(0.03, 0.97) * self.width
            y = self.ground + self.rng.uniform(0.1, 0.8) * (self.height - self.ground)
            if not self.clear(x, y - self.side * 0.01, self.side * 0.012):
                continue
            size = self.side * self.rng.uniform(0.014, 0.026)
            blades = [((0.3 * lean, 0), (0.6 * lean, -0.6), (1.2 * lean, -1)) for lean in (-0.5, 0.05, 0.55)]
            lines += [smooth([(x + size * dx, y + size * dy) for dx, dy in blade]) for blade in blades]
        self.add(self.strokes(*lines, weight=0.85, colour=colour if self.colourful else ""))

    def sprinkled(self, names: Sequence[str], count: int, high: float) -> None:
        """Small things about the ground, none before the subject."""
        taken: list[float] = []
        for number in range(count * 3):
            x = self.rng.uniform(0.05, 0.95) * self.width
            size = self.side * high * self.rng.uniform(0.8, 1.15)
            y = self.ground + self.rng.uniform(0.15, 0.75) * (self.height - self.ground)
            near = any(abs(x - other) < size * 1.1 for other in taken)
            if near or not self.clear(x, y - size * 0.5, size * 0.5):
                continue
            taken.append(x)
            self.add(self.thing(names[number % len(names)], x, y, size, flip=number % 2 == 0), "sway", (x, y))
            if len(taken) >= count:
                return

    def behind(self, names: Sequence[str], count: int, high: float, *, faint: bool = True) -> None:
        """Large things on the horizon, left and right of the subject first."""
        x1, _, x2, _ = self.layout.focus
        spots = [(number + 0.5) / count * self.width for number in range(count)]
        taken: list[tuple[float, float]] = []
        for number, x in enumerate(sorted(spots, key=lambda each: -abs(each - (x1 + x2) / 2))):
            size = self.height * high * self.rng.uniform(0.78, 1.1)
            at = x + self.rng.uniform(-0.03, 0.03) * self.width
            if any(abs(at - other) < (size + wide) * 0.36 for other, wide in taken):
                continue
            taken.append((at, size))
            foot = self.ground - self.rng.uniform(0.0, 0.02) * self.height
            self.add(
                self.thing(names[number % len(names)], at, foot, size, flip=number % 2 == 0, faint=faint),
                "sway",
                (at, foot),
            )

    def hills(self, colour: str) -> None:
        for number, (rise, shift) in enumerate(((0.2, 0.1), (0.13, 0.62))):
            middle = self.width * (shift + self.rng.uniform(0, 0.2))
            wide, high = self.width * self.rng.uniform(0.42, 0.58), self.height * rise
            profile = ((-1.0, 0.0), (-0.5, 0.72), (0.0, 1.0), (0.5, 0.7), (1.0, 0.0))
            top = smooth([(middle + wide * dx, self.ground - high * dy) for dx, dy in profile])
            outline = np.concatenate([top, [[middle + wide, self.ground + 2], [middle - wide, self.ground + 2]]])
            tone = mixed(colour, "#ffffff", 0.25 + 0.15 * number)
            svg = (
                filled([self.hand.bent(outline)], tone)
                if self.colourful
                else filled([self.hand.bent(outline)], self.look.paper) + self.strokes(top)
            )
            self.add(svg)

    def waves(self, top: float, rows: int, *, fill: str = "") -> None:
        if self.colourful and fill:
            sheet = np.array(
                [[-9, top], [self.width + 9, top], [self.width + 9, self.height + 9], [-9, self.height + 9]],
                dtype=np.float64,
            )
            self.add(filled([sheet], fill))
        for row in range(rows):
            y = top + (self.height - top) * (row + 0.12) / rows
            length = self.side * 0.11
            lines = []
            for start in np.arange(-1, self.width / length + 1):
                x = start * length + (row % 2) * length / 2
                if row and self.rng.random() < 0.45:
                    continue
                if row and not self.clear(x + length / 2, y, self.side * 0.015):
                    continue
                lines.append(
                    smooth(
                        [
                            (x, y),
                            (x + length * 0.25, y - length * 0.09),
                            (x + length * 0.5, y),
                            (x + length * 0.75, y + length * 0.09),
                            (x + length, y),
                        ]
                    )
                )
            self.add(self.strokes(*lines, weight=1.0, colour="#ffffff" if self.colourful and fill else ""), "ripple")


def crescent(x: float, y: float, radius: float) -> Points:
    """A round less another that covers its upper right."""
    shift, other = np.array([0.42, -0.3]) * radius, 0.86 * radius
    outer = ellipse(0, 0, radius, radius, 90)
    outer = outer[np.hypot(*(outer - shift).T) > other]
    inner = ellipse(float(shift[0]), float(shift[1]), other, other, 90)
    inner = inner[np.hypot(*inner.T) < radius]
    outer = np.roll(outer, -int(np.argmax(np.hypot(*np.diff(outer, axis=0, append=outer[:1]).T))) - 1, axis=0)
    inner = np.roll(inner, -int(np.argmax(np.hypot(*np.diff(inner, axis=0, append=inner[:1]).T))) - 1, axis=0)
    outline: Points = np.concatenate([outer, inner[::-1]]) + np.array([x, y])
    return outline


def standing(items: Sequence[Item]) -> list[Item]:
    """Those that stand on the ground themselves: nothing that they are on or in reaches further down."""
    by_id = {id(item): item for item in items}
    found = []
    for item in items:
        if item.thing.place != "ground" or item.string or item.aloft or item.clip is not None:
            continue
        lowest = max((by_id[other].box[3] for other in item.joined if other in by_id), default=-math.inf)
        if item.box[3] >= lowest - 0.02 * item.h:
            found.append(item)
    return found
