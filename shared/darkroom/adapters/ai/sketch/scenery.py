"""The place of a scene: sky, ground and weather around the things that it is about, in each style's means.

Everything here is background: paler and thinner than the subject, beneath it unless it is weather, and never in the
middle of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch import vocabulary
from darkroom.adapters.ai.sketch.art import Drawing, GlyphArt, Part
from darkroom.adapters.ai.sketch.glyphs import font
from darkroom.adapters.ai.sketch.hand import ellipse, polygon, smooth
from darkroom.adapters.ai.sketch.shapes import INK, arc, line
from darkroom.adapters.ai.sketch.styles import Look, Paint, darker, filled, mixed, painted
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.hand import Hand
    from darkroom.adapters.ai.sketch.layout import Item, Layout

    Points = NDArray[np.float64]

SKIES: Final = {
    "night": "#333c6e", "space": "#262a57", "moon": "#262a57", "rain": "#cfdbe6", "storm": "#aab8c8", "snow": "#dcebf6",
    "sunny": "#c3e8f8", "forest": "#dcf1d8", "beach": "#c8eefa", "underwater": "#a5dcf0", "sea": "#cdeef9",
    "hill": "#cfeefa", "garden": "#dcf4f1", "mountains": "#d9eaf6", "desert": "#fdeac4", "city": "#e2e9f5",
    "road": "#dcecf6", "sky": "#c3e8f8", "room": "#fbeedb", "party": "#fdf0e0", "sunset": "#fcd3ac", "farm": "#d6effa",
    "autumn": "#fdebd2", "wind": "#d6ecf5", "concert": "#4a3f78",
}  # fmt: skip
GROUNDS: Final = {
    "night": "#4f6b7a", "rain": "#a9c39a", "storm": "#93a98c", "snow": "#ffffff", "sunny": "#a9d98a", "forest": "#a3cf88",
    "beach": "#f6e0ab", "underwater": "#f0dca8", "hill": "#a9d98a", "garden": "#b3dd93", "mountains": "#b5d3a0",
    "desert": "#f3cf8a", "city": "#c9ced8", "road": "#a9d98a", "room": "#e3bd8f", "party": "#f6d3a3", "sunset": "#b98f7a",
    "farm": "#b3d98a", "autumn": "#dcb878", "moon": "#cfd0dc", "wind": "#b5d9a0", "concert": "#8a5f9a", "sea": "#8fcbe6",
}  # fmt: skip
DARK: Final = frozenset({"night", "space", "moon", "concert"})
SKY_FIRST: Final = ("space", "moon", "night", "concert", "storm", "sunset", "rain", "snow", "underwater")
"""Which place says what the sky is like where there are several."""
FLOATING: Final = frozenset({"space", "sky", "underwater"})
"""Places where nothing stands on the ground."""


@dataclass
class Layer:
    """SVG in tenths of a pixel, and how it moves: "" for what stands still, or a word of motion.py."""

    svg: str
    motion: str = ""
    centre: tuple[float, float] = (0.0, 0.0)
    front: bool = False


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

    def draw(self) -> list[Layer]:
        if not self.settings:
            self._bare()
            return self.layers
        self._sky()
        order = [name for name in PLACES if name in self.settings]
        for name in order:
            PLACES[name](self)
        if self.layout.ground is not None and not (set(self.settings) & FLOATING) and self.settings[0] not in FLOATING:
            self._shadows(0.7)
        return self.layers

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
        return painted(drawing, place, scale, self.hand, self.look, paint, self.rng, self.side)

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

    # --- without a place

    def _bare(self) -> None:
        x1, y1, x2, y2 = self.layout.focus
        if self.colourful and not self.transparent and self.layout.items:
            middle = ((x1 + x2) / 2, (y1 + y2) / 2 + (y2 - y1) * 0.04)
            rx = min(max((x2 - x1) * 0.56, self.side * 0.36), self.width * 0.47)
            ry = min(max((y2 - y1) * 0.5, self.side * 0.34), self.height * 0.46)
            count = 9
            ring = [
                (middle[0] + rx * self.rng.uniform(0.88, 1.06) * math.cos(turn), middle[1] + ry * self.rng.uniform(0.88, 1.06) * math.sin(turn))
                for turn in (number / count * math.tau for number in range(count))
            ]
            tone = self.rng.choice(("#fde9cf", "#dff1f6", "#e8f3da", "#fbe3e4", "#ece6f8", "#fdf2c8"))
            self.add(filled([smooth(ring, closed=True)], tone))
        if self.layout.ground is not None:
            self._shadows(1.0)

    def _shadows(self, strength: float) -> None:
        """What holds things to the ground: a shadow, hatching, or a short line."""
        pieces = []
        for item in standing(self.layout.items):
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
        self.add("".join(pieces))

    # --- sky

    def _sky(self) -> None:
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
            line((x + math.cos(t) * size * 0.66, y + math.sin(t) * size * 0.66), (x + math.cos(t) * size * 0.88, y + math.sin(t) * size * 0.88), step=size * 0.1)
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
        svg = filled([self.hand.bent(outline)], self.accent) if self.look.style is Style.MINIMALIST else self.area(outline, "#fbe9a8", outlined=not self.dark)
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
                svg = filled([star], "#fbe08a") if self.colourful else self.strokes(np.concatenate([star, star[:1]]), weight=0.7)
            self.add(svg, "twinkle", (x, y))
            if placed >= count:
                break

    def clouds(self, count: int, top: float = 0.32) -> None:
        for number in range(count):
            wide = self.side * self.rng.uniform(0.17, 0.27)
            for _ in range(12):
                x = self.width * (number + self.rng.uniform(0.2, 0.8)) / count
                y = self.height * self.rng.uniform(0.07, top)
                if self.clear(x, y, wide * 0.5):
                    self.taken.append((x, y, wide * 0.5))
                    self.cloud(x, y, wide)
                    break

    def cloud(self, x: float, y: float, wide: float, colour: str = "#ffffff") -> None:
        high = wide * 0.42
        outline = np.concatenate([
            arc(x - wide * 0.27, y, wide * 0.23, high * 0.42, 90, 262, 14),
            arc(x - wide * 0.08, y - high * 0.26, wide * 0.23, high * 0.5, 196, 318, 16),
            arc(x + wide * 0.19, y - high * 0.1, wide * 0.19, high * 0.42, 240, 360, 14),
            arc(x + wide * 0.32, y + high * 0.12, wide * 0.17, high * 0.3, 290, 450, 14),
        ])  # fmt: skip
        self.add(self.area(outline, colour, outlined=not (self.colourful and not self.transparent)), "drift", (x, y))

    def rain(self, *, heavy: bool = False) -> None:
        cloudy = "#f3f6f9" if not heavy else "#8a98aa"
        for number in range(3):
            x = self.width * (number + 0.5) / 3 + self.rng.uniform(-0.06, 0.06) * self.width
            self.cloud(x, self.height * 0.09, self.side * self.rng.uniform(0.26, 0.34), cloudy)
        lines = []
        count = 34 if heavy else 24
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
                    line((x - math.cos(t) * radius * 1.7, y - math.sin(t) * radius * 1.7), (x + math.cos(t) * radius * 1.7, y + math.sin(t) * radius * 1.7), step=radius)
                    for t in (0.2, 0.2 + math.pi / 3, 0.2 + 2 * math.pi / 3)
                ]
                pieces.append(self.strokes(*spokes, weight=0.6, colour="#ffffff" if self.colourful else ""))
            else:
                dot = self.hand.bent(ellipse(x, y, radius, radius, 16))
                pieces.append(filled([dot], "#ffffff") if self.colourful else self.strokes(np.concatenate([dot, dot[:1]]), weight=0.6))
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
            for lean in (-0.5, 0.05, 0.55):
                lines.append(smooth([(x + lean * size * 0.3, y), (x + lean * size * 0.6, y - size * 0.6), (x + lean * size * 1.2, y - size)]))
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
        spots = []
        for number in range(count):
            spots.append((number + 0.5) / count * self.width)
        taken: list[tuple[float, float]] = []
        for number, x in enumerate(sorted(spots, key=lambda each: -abs(each - (x1 + x2) / 2))):
            size = self.height * high * self.rng.uniform(0.78, 1.1)
            at = x + self.rng.uniform(-0.03, 0.03) * self.width
            if any(abs(at - other) < (size + wide) * 0.36 for other, wide in taken):
                continue
            taken.append((at, size))
            foot = self.ground - self.rng.uniform(0.0, 0.02) * self.height
            self.add(self.thing(names[number % len(names)], at, foot, size, flip=number % 2 == 0, faint=faint), "sway", (at, foot))

    def hills(self, colour: str) -> None:
        for number, (rise, shift) in enumerate(((0.2, 0.1), (0.13, 0.62))):
            middle = self.width * (shift + self.rng.uniform(0, 0.2))
            wide, high = self.width * self.rng.uniform(0.42, 0.58), self.height * rise
            top = smooth([(middle - wide, self.ground), (middle - wide * 0.5, self.ground - high * 0.72), (middle, self.ground - high),
                          (middle + wide * 0.5, self.ground - high * 0.7), (middle + wide, self.ground)])  # fmt: skip
            outline = np.concatenate([top, [[middle + wide, self.ground + 2], [middle - wide, self.ground + 2]]])
            tone = mixed(colour, "#ffffff", 0.25 + 0.15 * number)
            svg = filled([self.hand.bent(outline)], tone) if self.colourful else filled([self.hand.bent(outline)], self.look.paper) + self.strokes(top)
            self.add(svg)

    def waves(self, top: float, rows: int, *, fill: str = "") -> None:
        if self.colourful and fill:
            sheet = np.array([[-9, top], [self.width + 9, top], [self.width + 9, self.height + 9], [-9, self.height + 9]], dtype=np.float64)
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
                lines.append(smooth([(x, y), (x + length * 0.25, y - length * 0.09), (x + length * 0.5, y), (x + length * 0.75, y + length * 0.09), (x + length, y)]))
            self.add(self.strokes(*lines, weight=1.0, colour="#ffffff" if self.colourful and fill else ""), "ripple")

    # --- places

    def _night(self) -> None:
        self.moon()
        self.stars(16, 0.62 if self.layout.ground is not None else 1.0)
        if len(self.settings) == 1 and self.layout.ground is not None:
            self.horizon(GROUNDS["night"])

    def _space(self) -> None:
        size = self.side * 0.15
        x, y = self.corner(size)
        self.add(self.thing("saturn", x, y + size * 0.5, size * 0.9, faint=not self.colourful), "float", (x, y))
        self.stars(24)

    def _moonscape(self) -> None:
        size = self.side * 0.17
        x, y = self.corner(size)
        self.add(self.thing("earth", x, y + size * 0.5, size, faint=not self.colourful), "spin", (x, y))
        self.stars(16, 0.6)
        self.horizon(GROUNDS["moon"], bumps=0.012)
        for _ in range(5):
            cx = self.rng.uniform(0.05, 0.95) * self.width
            cy = self.ground + (self.height - self.ground) * self.rng.uniform(0.3, 0.85)
            r = self.side * self.rng.uniform(0.03, 0.06)
            self.add(self.area(ellipse(cx, cy, r, r * 0.32), darker(GROUNDS["moon"], 0.1), outlined=not self.colourful))

    def _rain(self) -> None:
        self.rain()
        if self._first("rain"):
            self.horizon(GROUNDS["rain"])
            puddle = ellipse(self.width * self.rng.uniform(0.3, 0.7), self.ground + (self.height - self.ground) * 0.6, self.side * 0.12, self.side * 0.016)
            self.add(self.area(puddle, "#a5cbe6", outlined=not self.colourful))

    def _storm(self) -> None:
        self.rain(heavy=True)
        x = self.free_x(self.side * 0.12)
        if x is not None:
            self.add(self.thing("lightning", x, self.height * 0.38, self.side * 0.2, faint=False), "twinkle", (x, self.height * 0.3))
        if self._first("storm"):
            self.horizon(GROUNDS["storm"])

    def _snow(self) -> None:
        self.horizon(GROUNDS["snow"], bumps=0.018)
        if self._first("snow"):
            self.behind(("pine",), 4, 0.3)
        self.snow()

    def _wind(self) -> None:
        lines = []
        for _ in range(5):
            x, y = self.rng.uniform(0.05, 0.7) * self.width, self.rng.uniform(0.08, 0.5) * self.height
            if not self.clear(x + self.side * 0.1, y, self.side * 0.06):
                continue
            long = self.side * self.rng.uniform(0.16, 0.26)
            curl = arc(x + long, y - long * 0.12, long * 0.12, long * 0.12, 90, -170, 16)
            lines.append(np.concatenate([line((x, y), (x + long * 0.95, y), step=long * 0.1), curl]))
        self.add(self.strokes(*lines), "drift", (self.width / 2, self.height * 0.3))
        if self._first("wind") and self.layout.ground is not None:
            self.horizon(GROUNDS["wind"])

    def _sunny(self) -> None:
        self.sun()
        self.clouds(2)
        if self._first("sunny") and self.layout.ground is not None:
            self.horizon(GROUNDS["sunny"])
            self.grass(9)

    def _forest(self) -> None:
        self.behind(("pine", "tree", "pine"), 6, 0.5)
        self.horizon(GROUNDS["forest"], outlined=True)
        self.grass(12)
        self.sprinkled(("mushroom", "fern"), 3, 0.07)

    def _beach(self) -> None:
        line_y = self.ground - self.height * 0.14
        self.sun()
        self.waves(line_y, 3, fill="#8fd3ec")
        self.horizon(GROUNDS["beach"], bumps=0.008)
        x = self.free_x(self.side * 0.24)
        if x is not None:
            self.add(self.thing("palm", x, self.ground + self.height * 0.03, self.height * 0.46, flip=x > self.width / 2), "sway", (x, self.ground))
        self.sprinkled(("seashell", "crab"), 2, 0.06)

    def _underwater(self) -> None:
        self.waves(self.height * 0.07, 1)
        bottom = self.height * 0.9
        ground, self.ground = self.ground, bottom
        self.horizon(GROUNDS["underwater"], bumps=0.012)
        for x in (0.08, 0.2, 0.82, 0.93):
            at = self.width * (x + self.rng.uniform(-0.02, 0.02))
            high = self.side * self.rng.uniform(0.14, 0.26)
            blades = []
            for shift in (-0.3, 0.0, 0.32):
                foot = at + shift * self.side * 0.07
                tall = high * (1 - abs(shift))
                blades.append(smooth([(foot, bottom + 4), (foot + tall * 0.09, bottom - tall * 0.3), (foot - tall * 0.08, bottom - tall * 0.65), (foot + tall * 0.05, bottom - tall)]))
            self.add(self.strokes(*blades, weight=2.4 if self.colourful else 1.2, colour="#4fae7a" if self.colourful else ""), "sway", (at, bottom))
        x = self.free_x(self.side * 0.1)
        if x is not None:
            self.add(self.thing("coral", x, bottom + self.side * 0.015, self.side * 0.12), "sway", (x, bottom))
        for _ in range(9):
            x, y = self.rng.uniform(0.05, 0.95) * self.width, self.rng.uniform(0.14, 0.82) * self.height
            r = self.side * self.rng.uniform(0.008, 0.02)
            if self.clear(x, y, r * 2):
                ring = ellipse(x, y, r, r, 20)
                svg = filled([ring], "#e6f7fd", opacity=0.8) if self.colourful else ""
                self.add(svg + self.strokes(np.concatenate([ring, ring[:2]]), weight=0.6, colour="#5fb4d6" if self.colourful else ""), "bubble", (x, y))
        self.ground = ground

    def _sea(self) -> None:
        alone = self._first("sea")
        if alone:
            self.clouds(2)
        top = self.ground - self.height * 0.03
        self.waves(top, 3, fill="#8fcbe6")

    def _hill(self) -> None:
        if len(self.settings) == 1:
            self.sun()
            self.clouds(1)
        self.hills(GROUNDS["hill"])
        self.horizon(GROUNDS["hill"])
        self.grass(14)
        self.sprinkled(("daisy",), 3, 0.05)

    def _garden(self) -> None:
        if len(self.settings) == 1:
            self.sun()
        self.hills(GROUNDS["garden"])
        self.horizon(GROUNDS["garden"])
        self.grass(9)
        self.sprinkled(("tulip", "daisy", "sunflower"), 6, 0.1)

    def _mountains(self) -> None:
        self.clouds(2, 0.2)
        for number, share in enumerate((0.16, 0.86, 0.5)):
            x, high = self.width * share, self.height * (0.46 if number < 2 else 0.36) * self.rng.uniform(0.9, 1.1)
            wide = high * 0.95
            peak = line((x - wide, self.ground), (x - wide * 0.35, self.ground - high * 0.55), (x, self.ground - high), (x + wide * 0.4, self.ground - high * 0.5), (x + wide, self.ground), step=self.side * 0.03)
            svg = filled([self.hand.bent(peak)], "#aebccb" if self.colourful else self.look.paper)
            cap = np.array([(x, self.ground - high), (x + wide * 0.23, self.ground - high * 0.71), (x + wide * 0.08, self.ground - high * 0.76), (x, self.ground - high * 0.66), (x - wide * 0.09, self.ground - high * 0.75), (x - wide * 0.2, self.ground - high * 0.69)])
            svg += filled([self.hand.bent(cap)], "#ffffff") if self.colourful else self.strokes(cap[1:])
            self.add(svg + self.strokes(peak))
        self.horizon(GROUNDS["mountains"])
        self.behind(("pine",), 5, 0.14)
        self.grass(8)

    def _desert(self) -> None:
        self.sun()
        self.hills(GROUNDS["desert"])
        self.horizon(GROUNDS["desert"], bumps=0.012)
        x = self.free_x(self.side * 0.14)
        if x is not None:
            self.add(self.thing("cactus", x, self.ground + self.height * 0.02, self.side * 0.22), "sway", (x, self.ground))

    def _city(self) -> None:
        base = self.ground - (self.height * 0.01)
        x = -self.width * 0.02
        pieces = []
        tones = ("#c9d3e3", "#d8dfec", "#bccadd", "#e3e3ee")
        number = 0
        while x < self.width * 1.02:
            wide = self.side * self.rng.uniform(0.09, 0.16)
            high = self.height * self.rng.uniform(0.22, 0.56)
            block = polygon((x, base), (x, base - high), (x + wide, base - high), (x + wide, base), step=self.side * 0.04)
            pieces.append(self.area(block, tones[number % 4]))
            windows = []
            for row in range(int(high / (self.side * 0.055))):
                for column in range(int(wide / (self.side * 0.04))):
                    if self.rng.random() < 0.72:
                        wx, wy = x + self.side * (0.014 + 0.04 * column), base - high + self.side * (0.02 + 0.055 * row)
                        s = self.side * 0.017
                        windows.append(np.array([(wx, wy), (wx + s, wy), (wx + s, wy + s * 1.3), (wx, wy + s * 1.3)]))
            pieces.append(filled(windows, "#fdf3c8" if self.colourful else mixed(self.ink, self.look.paper, 0.55), rule="nonzero"))
            x += wide + self.side * self.rng.uniform(0.0, 0.02)
            number += 1
        if self.look.style is Style.MINIMALIST:
            pieces = [self._outlined_city(base)]
        self.add("".join(pieces))
        self.horizon(GROUNDS["city"])

    def _outlined_city(self, base: float) -> str:
        x, points = 0.0, [(0.0, base)]
        while x < self.width:
            wide, high = self.side * self.rng.uniform(0.07, 0.15), self.height * self.rng.uniform(0.16, 0.46)
            points += [(x, base - high), (x + wide, base - high)]
            x += wide
        points.append((x, base))
        return self.strokes(line(*points, step=self.side * 0.03))

    def _road(self) -> None:
        if len(self.settings) == 1:
            self.clouds(2)
            self.behind(("tree", "pine"), 4, 0.26)
        self.horizon(GROUNDS["road"], lift=self.side * 0.05)
        top, low = self.ground - self.side * 0.03, min(self.ground + self.side * 0.1, self.height)
        strip = np.array([(-9, top), (self.width + 9, top), (self.width + 9, low), (-9, low)])
        dash = self.side * 0.07
        y = self.ground + (low - self.ground) * 0.55
        dashes = [line((x, y), (x + dash, y), step=dash * 0.3) for x in np.arange(-dash, self.width, dash * 2)]
        edges = [line((-9, top), (self.width + 9, top), step=self.side * 0.05), line((-9, low), (self.width + 9, low), step=self.side * 0.05)]
        svg = filled([strip], "#8f97a5") if self.colourful else self.strokes(*edges)
        self.add(svg)
        self.add(self.strokes(*dashes, weight=1.3, colour="#fdf6e0" if self.colourful else ""), "dashes")

    def _airy(self) -> None:
        self.clouds(4, 0.85)

    def _room(self) -> None:
        wall = self.side * 0.26
        self.horizon(GROUNDS["room"], lift=self.side * 0.03)
        x = self.free_x(wall * 0.8)
        if x is not None:
            y = min(self.layout.focus[1] + wall * 0.3, self.height * 0.3)
            self.add(self.thing("window", x, y + wall * 0.4, wall * 0.8))
        other = self.free_x(wall * 0.5)
        if other is not None and (x is None or abs(other - x) > wall):
            self.add(self.thing("framed picture" if "framed picture" in vocabulary.by_name() else "painting", other, self.height * 0.3, wall * 0.5))

    def _party(self) -> None:
        self.horizon(GROUNDS["party"]) if self.layout.ground is not None else None
        y = self.height * 0.05
        sag = smooth([(0, y), (self.width * 0.25, y + self.side * 0.06), (self.width * 0.5, y), (self.width * 0.75, y + self.side * 0.06), (self.width, y)])
        svg = self.strokes(sag)
        tones = ("#ef5f6a", "#f7c948", "#5fa8e0", "#6cc07a")
        for number, at in enumerate(range(3, len(sag) - 2, 4)):
            px, py = float(sag[at, 0]), float(sag[at, 1])
            size = self.side * 0.032
            svg += self.area(polygon((px - size * 0.6, py), (px + size * 0.6, py), (px, py + size * 1.3), step=size), tones[number % 4])
        self.add(svg, "sway", (self.width / 2, y))
        pieces = []
        for number in range(36):
            x, cy = self.width * (number * 0.7549 % 1.0), self.height * (0.14 + 0.6 * (number * 0.5698 % 1.0))
            if not self.clear(x, cy, self.side * 0.015):
                continue
            size = self.side * self.rng.uniform(0.008, 0.014)
            turn = self.rng.uniform(0, math.pi)
            bit = smooth([(x - math.cos(turn) * size, cy - math.sin(turn) * size), (x + math.sin(turn) * size * 0.4, cy - math.cos(turn) * size * 0.4), (x + math.cos(turn) * size, cy + math.sin(turn) * size)])
            pieces.append(self.strokes(bit, weight=1.3, colour=tones[number % 4] if self.colourful else ""))
        self.add("".join(pieces), "snow")

    def _sunset(self) -> None:
        radius = self.side * 0.25
        x, y = self.width * self.rng.choice((0.27, 0.73)), self.ground - self.side * 0.04
        self.add(self.area(arc(x, y, radius, radius, 180, 360, 40), "#f7914d"))
        rays = [line((x + math.cos(t) * radius * 1.15, y + math.sin(t) * radius * 1.15), (x + math.cos(t) * radius * 1.5, y + math.sin(t) * radius * 1.5), step=self.side * 0.02)
                for t in np.linspace(math.pi * 1.06, math.pi * 1.94, 9)]  # fmt: skip
        self.add(self.strokes(*rays, weight=1.2, colour="#f7a85f" if self.colourful else ""), "twinkle", (x, y))
        self.horizon(GROUNDS["sunset"])

    def _farm(self) -> None:
        if len(self.settings) == 1:
            self.sun()
        self.hills(GROUNDS["farm"])
        x = self.free_x(self.side * 0.26)
        if x is not None:
            self.add(self.thing("house", x, self.ground, self.side * 0.24))
        self.horizon(GROUNDS["farm"])
        posts = []
        y = self.ground + self.side * 0.005
        for px in np.arange(0.02 * self.width, self.width, self.side * 0.09):
            if self.clear(float(px), y - self.side * 0.02, self.side * 0.02):
                posts.append(line((float(px), y), (float(px), y - self.side * 0.06), step=self.side * 0.02))
        rails = [line((0, y - self.side * lift), (self.width, y - self.side * lift), step=self.side * 0.04) for lift in (0.02, 0.045)]
        self.add(self.strokes(*rails, *posts, weight=1.2, colour="#b98d5c" if self.colourful else ""))
        self.grass(8)

    def _autumn(self) -> None:
        if len(self.settings) == 1:
            self.behind(("tree",), 3, 0.42)
        self.horizon(GROUNDS["autumn"])
        for number in range(9):
            x, y = self.rng.uniform(0.05, 0.95) * self.width, self.rng.uniform(0.1, 0.95) * self.height
            size = self.side * self.rng.uniform(0.035, 0.055)
            if self.clear(x, y - size / 2, size * 0.7):
                self.add(self.thing("maple leaf", x, y, size, flip=number % 2 == 0), "snow", (x, y))

    def _concert(self) -> None:
        self.horizon(GROUNDS["concert"], lift=self.side * 0.02)
        for share in (0.15, 0.5, 0.85):
            x = self.width * share
            beam = np.array([(x, -9), (x - self.width * 0.12, self.ground), (x + self.width * 0.12, self.ground)])
            if self.colourful:
                self.add(filled([beam], "#fdf0b0", opacity=0.22), "twinkle", (x, 0))
            else:
                self.add(self.strokes(line((x, 0), tuple(beam[1]), step=self.side * 0.05), line((x, 0), tuple(beam[2]), step=self.side * 0.05), weight=0.6))

    def _first(self, name: str) -> bool:
        """Is it the only place that says what the ground is like?"""
        return not (set(self.settings) - {name, "night", "rain", "storm", "wind", "sunny", "sunset", "sky"})


PLACES: Final = {
    "sunset": Stage._sunset, "sunny": Stage._sunny, "night": Stage._night, "space": Stage._space,
    "moon": Stage._moonscape, "sky": Stage._airy, "mountains": Stage._mountains, "city": Stage._city,
    "hill": Stage._hill, "garden": Stage._garden, "desert": Stage._desert, "beach": Stage._beach,
    "forest": Stage._forest, "farm": Stage._farm, "autumn": Stage._autumn, "sea": Stage._sea,
    "underwater": Stage._underwater, "room": Stage._room, "road": Stage._road, "party": Stage._party,
    "concert": Stage._concert, "wind": Stage._wind, "snow": Stage._snow, "rain": Stage._rain, "storm": Stage._storm,
}  # fmt: skip
"""In the order in which they are painted, from far to near."""


def crescent(x: float, y: float, radius: float) -> Points:
    """A round less another that covers its upper right."""
    shift, other = np.array([0.42, -0.3]) * radius, 0.86 * radius
    outer = ellipse(0, 0, radius, radius, 90)
    outer = outer[np.hypot(*(outer - shift).T) > other]
    inner = ellipse(float(shift[0]), float(shift[1]), other, other, 90)
    inner = inner[np.hypot(*inner.T) < radius]
    outer = np.roll(outer, -int(np.argmax(np.hypot(*np.diff(outer, axis=0, append=outer[:1]).T))) - 1, axis=0)
    inner = np.roll(inner, -int(np.argmax(np.hypot(*np.diff(inner, axis=0, append=inner[:1]).T))) - 1, axis=0)
    return np.concatenate([outer, inner[::-1]]) + np.array([x, y])


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
