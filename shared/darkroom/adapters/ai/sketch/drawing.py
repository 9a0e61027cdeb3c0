"""One picture, put together: the scene that was read, laid out, drawn by a seeded hand, as SVG."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch import abstract, scenery
from darkroom.adapters.ai.sketch.hand import TENTHS, Hand, smooth
from darkroom.adapters.ai.sketch.language import Scene, Subject, read
from darkroom.adapters.ai.sketch.layout import Layout, laid_out
from darkroom.adapters.ai.sketch.scenery import FLOATING
from darkroom.adapters.ai.sketch.stage import Drawn, Layer, Stage
from darkroom.adapters.ai.sketch.styles import ACCENTS, LOOKS, Paint, Sheet, filled, inked, painted, solids
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.items import Item

    Points = NDArray[np.float64]

RARE: Final = frozenset({"rain", "storm", "snow", "wind", "night", "sunny"})


@dataclass(frozen=True)
class Passed:
    """How somebody goes past what is beside their way: a word of limbs.TRAVELS; `upwards` is aslant into the sky."""

    motion: str
    upwards: bool


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
    return random.Random(int.from_bytes(hashlib.sha256("\x1f".join(map(str, words)).encode()).digest()[:8]))  # noqa: S311 - art, not secrets


def compose(
    description: str,
    style: Style,
    *,
    width: int,
    height: int,
    seed: int,
    index: int = 0,
    transparent: bool = False,
    boil: int = 0,
    scene: Scene | None = None,
    roomy: bool = False,
    passed: Passed | None = None,
) -> Picture:
    """The picture number `index` of a description.

    `boil` is the same picture drawn once more, so that its lines live. `roomy` leaves what moves about the room for it;
    `passed` draws what is passed on the way.
    """
    scene = scene if scene is not None else read(description)
    look = LOOKS[style]
    side = float(min(width, height))
    words = " ".join(scene.words)
    plan = chance(seed, index, words, "plan")
    again = chance(seed, words, "boil", boil) if boil else None
    hand = Hand(chance(seed, index, words, style, "hand"), side=side, wobble=look.wobble * side, again=again)
    accent = (
        next((subject.colour for subject in scene.subjects if subject.colour.startswith("#")), "")
        or ACCENTS[plan.randrange(len(ACCENTS))]
    )
    if not scene.subjects:
        strokes = abstract.drawn(look, hand, plan, width=width, height=height, accent=accent)
        empty = Layout((), None, (0, 0, width, height))
        return Picture(
            width, height, None if transparent else look.paper, tuple((layer, None) for layer in strokes), scene, empty
        )
    floating = bool(set(scene.settings) & FLOATING) and not set(scene.settings) - FLOATING - RARE
    grounded = bool(scene.settings) and not floating
    margin = look.margin * (0.85 if scene.settings and style is Style.MINIMALIST else 1.0)
    layout = laid_out(
        scene, plan, width=width, height=height, margin=margin, variant=index, grounded=grounded, roomy=roomy
    )
    if floating:
        layout = replace(layout, ground=None)
    stage = Stage(
        width, height, look, hand, chance(seed, index, words, "stage"), layout, scene.settings, transparent, accent
    )
    if passed:
        scenery.passing(stage, passed.motion, upwards=passed.upwards)
    surroundings = scenery.drawn(stage, touch=index % 3)
    layers: list[tuple[Layer, Item | None]] = [(layer, None) for layer in surroundings if not layer.front]
    if style is Style.MINIMALIST and not scene.settings:
        layers.extend((layer, None) for layer in _spot(layout, plan, accent))
    sheet = Sheet(hand, look, chance(seed, index, words, style, "paint"), side)
    for item in layout.items:
        opaque = not transparent or bool(item.joined) or bool(scene.settings)
        layers.append((_item(item, scene.subjects[item.subject], sheet, accent, opaque=opaque), item))
    layers.extend((layer, None) for layer in surroundings if layer.front)
    return Picture(width, height, None if transparent else look.paper, tuple(layers), scene, layout)


def _item(item: Item, subject: Subject, sheet: Sheet, accent: str, *, opaque: bool) -> Layer:
    x1, y1, x2, y2 = item.drawing.box
    scale = item.h / (y2 - y1)
    turn = np.deg2rad(item.turn)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    by = np.diag([-scale if item.flip else scale, scale]) @ spin
    at = np.array([item.x, item.y]) - np.array([(x1 + x2) / 2, (y1 + y2) / 2]) @ by

    def place(points: Points) -> Points:
        placed: Points = points @ by + at
        return placed

    tint = ""
    if subject.colour and item.drawing.parts:
        first = item.drawing.parts[0]
        tint = subject.colour if subject.colour.startswith("#") else (first.colours[0] if first.colours else "")
    traced: list[Points] = []
    above = None if item.clip is None else item.box[1] + item.clip * item.h
    paint = Paint(accent, tint=tint, opaque=opaque)
    parts = painted(item.drawing, place, scale, sheet, paint, above=above, traced=traced)
    strung = ""
    if item.string:
        (sx, sy), bottom = item.string, item.box[3]
        start = bottom - item.h * 0.06
        curve = smooth(
            [(item.x, start), (item.x + (sx - item.x) * 0.2 - item.w * 0.05, start + (sy - start) * 0.45), (sx, sy)]
        )
        string = sheet.hand.stroke(curve, sheet.look.pen * sheet.side * 0.7)
        strung = filled([string], sheet.look.ink, rule="nonzero")
    return Layer(
        strung + inked(parts), "", (item.x, item.y), traced=traced, drawn=Drawn(tuple(parts), by, at, before=strung)
    )


def _spot(layout: Layout, rng: random.Random, accent: str) -> list[Layer]:
    """One flat round of the accent colour behind what has no solid part to carry it."""
    if not layout.items or any(solids(part) for item in layout.items for part in item.drawing.parts):
        return []
    x1, y1, x2, y2 = layout.focus
    radius = 0.34 * max(x2 - x1, y2 - y1)
    x, y = (x1 + x2) / 2 + rng.choice((-1, 1)) * (x2 - x1) * 0.22, (y1 + y2) / 2 - (y2 - y1) * 0.12
    turns = [number / 9 * 2 * np.pi for number in range(9)]
    ring = [
        (
            x + radius * rng.uniform(0.94, 1.05) * float(np.cos(t)),
            y + radius * rng.uniform(0.94, 1.05) * float(np.sin(t)),
        )
        for t in turns
    ]
    return [Layer(filled([smooth(ring, closed=True)], accent), "", (x, y))]
