"""One picture, put together: the scene that was read, laid out, drawn by a seeded hand, as SVG."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch import abstract
from darkroom.adapters.ai.sketch.hand import TENTHS, Hand, smooth
from darkroom.adapters.ai.sketch.language import Scene, read
from darkroom.adapters.ai.sketch.layout import Item, Layout, laid_out
from darkroom.adapters.ai.sketch.scenery import FLOATING, Layer, Stage
from darkroom.adapters.ai.sketch.styles import ACCENTS, LOOKS, Look, Paint, filled, painted, solids
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

RARE: Final = frozenset({"rain", "storm", "snow", "wind", "night", "sunny"})


@dataclass(frozen=True)
class Picture:
    """A picture in layers, each SVG in tenths of a pixel, from back to front; `item` is None for scenery."""

    width: int
    height: int
    paper: str | None
    layers: tuple[tuple[Layer, Item | None], ...]
    scene: Scene
    layout: Layout

    def svg(self) -> str:
        return document(self.width, self.height, self.paper, "".join(layer.svg for layer, _ in self.layers))


def document(width: int, height: int, paper: str | None, content: str) -> str:
    """A whole SVG: paths and groups, no text, no styles, no references."""
    sheet = f'<rect width="{width * TENTHS}" height="{height * TENTHS}" fill="{paper}"/>' if paper else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width * TENTHS} {height * TENTHS}">{sheet}{content}</svg>'
    )


def chance(*words: object) -> random.Random:
    """A source of chance that the words decide, the same on every machine and in every process."""
    return random.Random(int.from_bytes(hashlib.sha256("\x1f".join(map(str, words)).encode()).digest()[:8]))


def compose(
    description: str, style: Style, *, width: int, height: int, seed: int, index: int = 0, transparent: bool = False, boil: int = 0,
    scene: Scene | None = None, steps: bool = False,
) -> Picture:
    """The picture number `index` of a description. `boil` redraws the same picture by another turn of the hand."""
    scene = scene if scene is not None else read(description)
    look = LOOKS[style]
    side = float(min(width, height))
    words = " ".join(scene.words)
    plan = chance(seed, index, words, "plan")
    hand = Hand(chance(seed, index, words, style, "hand", boil), side=side, wobble=look.wobble * side)
    rng = chance(seed, index, words, style, "paint")
    accent = next((subject.colour for subject in scene.subjects if subject.colour.startswith("#")), "") or ACCENTS[plan.randrange(len(ACCENTS))]
    if not scene.subjects:
        layers = abstract.drawn(words, look, hand, plan, width=width, height=height, accent=accent, settings=scene.settings)
        empty = Layout((), None, (0, 0, width, height))
        return Picture(width, height, None if transparent else look.paper, tuple((layer, None) for layer in layers), scene, empty)
    floating = bool(set(scene.settings) & FLOATING) and not set(scene.settings) - FLOATING - RARE
    grounded = bool(scene.settings) and not floating
    margin = look.margin * (0.85 if scene.settings and style is Style.MINIMALIST else 1.0)
    layout = laid_out(scene, plan, width=width, height=height, margin=margin, variant=index, grounded=grounded)
    if floating:
        layout = replace(layout, ground=None)
    stage = Stage(width, height, look, hand, chance(seed, index, words, "stage"), layout, scene.settings, transparent, accent)
    scenery = stage.draw()
    layers: list[tuple[Layer, Item | None]] = [(layer, None) for layer in scenery if not layer.front]
    if style is Style.MINIMALIST and not scene.settings:
        layers.extend((layer, None) for layer in _spot(layout, scene, plan, accent))
    for item in layout.items:
        layers.append((_item(item, scene, hand, look, rng, side, accent, opaque=not transparent or bool(item.joined) or bool(scene.settings)), item))
    layers.extend((layer, None) for layer in scenery if layer.front)
    return Picture(width, height, None if transparent else look.paper, tuple(layers), scene, layout)


def _item(item: Item, scene: Scene, hand: Hand, look: Look, rng: random.Random, side: float, accent: str, *, opaque: bool) -> Layer:
    subject = scene.subjects[item.subject]
    x1, y1, x2, y2 = item.drawing.box
    scale = item.h / (y2 - y1)
    turn = np.deg2rad(item.turn)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def place(points: Points) -> Points:
        local = (points - np.array([(x1 + x2) / 2, (y1 + y2) / 2])) * np.array([-scale if item.flip else scale, scale])
        placed: Points = local @ spin + np.array([item.x, item.y])
        if item.clip is not None:
            # What is above has no height left, and nothing of it is filled.
            placed[:, 1] = np.maximum(placed[:, 1], item.box[1] + item.clip * item.h)
        return placed

    tint = ""
    if subject.colour and item.drawing.parts:
        first = item.drawing.parts[0]
        tint = subject.colour if subject.colour.startswith("#") else (first.colours[0] if first.colours else "")
    svg = painted(item.drawing, place, scale, hand, look, Paint(accent, tint=tint, opaque=opaque), rng, side)
    if item.string:
        (sx, sy), bottom = item.string, item.box[3]
        start = bottom - item.h * 0.06
        curve = smooth([(item.x, start), (item.x + (sx - item.x) * 0.2 - item.w * 0.05, start + (sy - start) * 0.45), (sx, sy)])
        svg = filled([hand.stroke(curve, look.pen * side * 0.7)], look.ink, rule="nonzero") + svg
    return Layer(svg, "", (item.x, item.y))


def _spot(layout: Layout, scene: Scene, rng: random.Random, accent: str) -> list[Layer]:
    """One flat round of the accent colour behind what has no solid part to carry it."""
    main = max(layout.items, key=lambda item: item.w * item.h, default=None)
    if main is None or any(solids(part) for item in layout.items for part in item.drawing.parts):
        return []
    radius = 0.34 * max(main.w, main.h)
    x, y = main.x + rng.choice((-1, 1)) * main.w * 0.22, main.y - main.h * 0.16
    turns = [number / 9 * 2 * np.pi for number in range(9)]
    ring = [(x + radius * rng.uniform(0.94, 1.05) * float(np.cos(t)), y + radius * rng.uniform(0.94, 1.05) * float(np.sin(t))) for t in turns]
    return [Layer(filled([smooth(ring, closed=True)], accent), "", (x, y))]
