"""What is drawn for words that name nothing known: composed line art that the words decide, not noise."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from darkroom.adapters.ai.sketch.hand import ellipse, smooth
from darkroom.adapters.ai.sketch.stage import Layer
from darkroom.adapters.ai.sketch.styles import filled, mixed
from darkroom.adapters.ai.sketch.vocabulary import PALETTE
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    import random

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.hand import Hand
    from darkroom.adapters.ai.sketch.styles import Look

    Points = NDArray[np.float64]
    Composition = tuple[list[Points], list[Points]]
    """Lines, the most telling first, and the areas that are filled."""


def drawn(
    look: Look,
    hand: Hand,
    rng: random.Random,
    *,
    width: int,
    height: int,
    accent: str,
) -> list[Layer]:
    """One of four compositions: a turning ribbon, a plant, nested rounds, or hills under a disc."""
    side = float(min(width, height))
    middle = (width / 2, height / 2)
    reach = side * (0.5 - look.margin)
    pen = look.pen * side
    compositions = (_ribbon, _plant, _rounds, _hills)
    lines, areas = compositions[rng.randrange(4)](rng, middle, reach)
    colourful = look.style is Style.CARTOON
    layers = []
    tones = [PALETTE[(rng.randrange(len(PALETTE)) + number) % len(PALETTE)] for number in range(len(areas))]
    for number, outline in enumerate(areas):
        if colourful:
            layers.append(Layer(filled([hand.bent(outline)], tones[number]), "pulse", middle))
        elif look.style is Style.MINIMALIST and number == 0:
            layers.append(Layer(filled([hand.bent(outline)], accent), "pulse", middle))
        elif look.style is Style.DETAILED:
            hatch = hand.hatched([outline], spacing=side * 0.0105, width=side * 0.0024, angle=38 + 40 * (number % 3))
            layers.append(Layer(filled(hatch, mixed(look.ink, look.paper, 0.25), rule="nonzero"), "pulse", middle))
    kept = lines[: max(3, len(lines) // 2)] if look.style is Style.MINIMALIST else lines
    strokes = [hand.stroke(line, pen, taper=0.25, press=look.press) for line in kept]
    if look.style is Style.DETAILED:
        strokes += [hand.stroke(line + rng.uniform(-0.004, 0.004) * side, pen * 0.6, taper=0.2) for line in kept]
    layers.append(Layer(filled(strokes, look.ink, rule="nonzero"), "sway", (middle[0], middle[1] + reach)))
    return layers


def _ribbon(rng: random.Random, middle: tuple[float, float], reach: float) -> Composition:
    """A Lissajous figure drawn as a band of neighbouring lines."""
    a, b = rng.choice(((1, 2), (2, 3), (3, 2), (3, 4), (1, 3)))
    phase, bands = rng.uniform(0.3, 1.3), rng.randrange(4, 7)
    t = np.linspace(0, math.tau, 200)
    lines = []
    for number in range(bands):
        share = 1 - 0.07 * number
        shift = number * 0.085
        lines.append(
            np.stack(
                [
                    middle[0] + reach * share * np.sin(a * t + phase + shift),
                    middle[1] + reach * share * np.sin(b * t + shift),
                ],
                axis=1,
            )
        )
    discs = [
        ellipse(
            middle[0] + reach * 0.8 * math.cos(k * 2.4),
            middle[1] + reach * 0.8 * math.sin(k * 2.4),
            reach * (0.14 - 0.02 * k),
            reach * (0.14 - 0.02 * k),
        )
        for k in range(3)
    ]
    return [*lines, *map(_closed, discs)], discs


def _plant(rng: random.Random, middle: tuple[float, float], reach: float) -> Composition:
    """A stem with leaves by the golden angle."""
    x, y = middle
    bend = rng.uniform(-0.25, 0.25) * reach
    stem = smooth(
        [
            (x, y + reach),
            (x + bend * 0.5, y + reach * 0.3),
            (x + bend, y - reach * 0.4),
            (x + bend * 0.7, y - reach * 0.8),
        ]
    )
    lines, areas = [stem], [ellipse(x + bend * 0.7, y - reach * 0.85, reach * 0.15, reach * 0.15)]
    count = rng.randrange(6, 10)
    for number in range(count):
        at = stem[int(len(stem) * (0.2 + 0.7 * number / count))]
        side = 1 if number % 2 else -1
        length = reach * (0.62 - 0.04 * number)
        angle = -0.5 - rng.uniform(0.0, 0.35)
        along = np.array([side * math.cos(angle), math.sin(angle)])
        across = np.array([-along[1], along[0]])
        tip = at + along * length
        fat = length * rng.uniform(0.16, 0.24)
        leaf = smooth(
            [
                tuple(at),
                tuple(at + along * length * 0.45 + across * fat),
                tuple(tip),
                tuple(at + along * length * 0.45 - across * fat),
            ],
            closed=True,
        )
        areas.append(leaf)
        lines.append(np.stack([at + (tip - at) * share for share in np.linspace(0.05, 0.8, 8)]))
    return [stem, *map(_closed, areas), *lines[1:]], areas


def _rounds(rng: random.Random, middle: tuple[float, float], reach: float) -> Composition:
    """Rounds within rounds, and dots on them as planets are."""
    lines, areas = [], []
    count = rng.randrange(4, 6)
    for number in range(count):
        radius = reach * (0.2 + 0.8 * number / (count - 1))
        squash = rng.uniform(0.86, 1.0)
        ring = ellipse(middle[0], middle[1], radius, radius * squash, 72)
        lines.append(np.roll(np.concatenate([ring, ring[:3]]), rng.randrange(72), axis=0)[: rng.randrange(50, 74)])
        turn = rng.uniform(0, math.tau)
        dot = reach * rng.uniform(0.05, 0.12)
        areas.append(
            ellipse(middle[0] + radius * math.cos(turn), middle[1] + radius * squash * math.sin(turn), dot, dot)
        )
    areas.insert(0, ellipse(middle[0], middle[1], reach * 0.13, reach * 0.13))
    return [*lines, *map(_closed, areas)], areas


def _hills(rng: random.Random, middle: tuple[float, float], reach: float) -> Composition:
    """Waves of a landscape beneath a disc, all of it within a round."""
    x, y = middle
    disc = ellipse(x + rng.uniform(-0.35, 0.35) * reach, y - reach * 0.42, reach * 0.3, reach * 0.3, 60)
    count = rng.randrange(5, 8)
    lines = []
    for number in range(count):
        down = reach * (0.02 + 0.86 * number / count)
        half = math.sqrt(reach**2 - down**2) * 0.99
        high = reach * rng.uniform(0.06, 0.16) * (1 - 0.5 * number / count)
        shift, pace = rng.uniform(0, math.tau), rng.uniform(2.2, 4.0)
        xs = np.linspace(-half, half, 60)
        lines.append(np.stack([x + xs, y + down + high * np.sin(xs / reach * pace + shift)], axis=1))
    bands = [np.concatenate([upper, lower[::-1]]) for upper, lower in pairwise(lines)]
    return [lines[0], _closed(disc), *lines[1:]], [disc, *bands]


def _closed(outline: Points) -> Points:
    return np.concatenate([outline, outline[:2]])
