"""A seeded hand: it bends every line a little, presses harder here than there, runs past the end, and hatches.

What a hand does is a smooth field over the sheet, so the two sides of a line bend together and a line stays a line.
All coordinates are pixels of the finished picture, y downwards.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Points = NDArray[np.float64]

TENTHS: Final = 10
"""Paths are written in whole tenths of a pixel."""


class Waves:
    """A smooth random field over the plane: a sum of plane waves, from -1 to 1 nearly always."""

    def __init__(self, rng: random.Random, lengths: Sequence[float], strengths: Sequence[float]) -> None:
        rows = []
        for length, strength in zip(lengths, strengths, strict=True):
            for _ in range(3):
                angle, phase = rng.uniform(0, math.tau), rng.uniform(0, math.tau)
                wave = math.tau / (length * rng.uniform(0.8, 1.25))
                rows.append((wave * math.cos(angle), wave * math.sin(angle), phase, strength / 2))
        self._x, self._y, self._phase, self._strength = np.array(rows).T

    def at(self, points: Points) -> NDArray[np.float64]:
        angles = points[:, :1] * self._x + points[:, 1:] * self._y + self._phase
        values: NDArray[np.float64] = np.sin(angles) @ self._strength
        return values


class Hand:
    """One drawer's hand on one sheet. `side` is the sheet's shorter side, `wobble` how far lines stray, in pixels.

    `again` is the chance of another time that the same hand draws the same: nearly, not quite.
    """

    def __init__(self, rng: random.Random, *, side: float, wobble: float, again: random.Random | None = None) -> None:
        lengths = (0.42 * side, 0.16 * side, 0.06 * side)
        self._other = [Waves(again, lengths[1:], (0.34, 0.2)) for _ in range(2)] if again else []
        self._rng = rng
        self._wobble = wobble
        self._aside = Waves(rng, lengths, (1.0, 0.55, 0.25))
        self._along = Waves(rng, lengths, (1.0, 0.55, 0.25))
        self._press = Waves(rng, (0.3 * side, 0.1 * side), (0.8, 0.45))
        self._unit = side

    def bent(self, points: Points, share: float = 1.0) -> Points:
        """Where the hand puts what was meant to be at `points`."""
        moved = np.stack([self._aside.at(points), self._along.at(points)], axis=1)
        if self._other:
            moved += np.stack([waves.at(points) for waves in self._other], axis=1)
        return points + moved * (self._wobble * share)

    def pressure(self, points: Points) -> NDArray[np.float64]:
        """How hard the hand presses at each point, about -1 to 1."""
        return self._press.at(points)

    def stroke(self, points: Points, width: float, *, taper: float = 0.45, press: float = 0.25) -> Points:
        """The outline of one stroke of the pen along a polyline; its ends are `taper` of its width."""
        line = self.bent(resampled(points, max(width * 1.6, self._unit * 0.012)))
        count = len(line)
        ends = np.minimum(np.arange(count), np.arange(count)[::-1]) / max(count * 0.18, 1.0)
        widths = width * (taper + (1 - taper) * np.clip(ends, 0, 1)) * (1 + press * self.pressure(line))
        return ribbon(line, widths)

    def loop(self, points: Points, width: float, *, press: float = 0.25, overshoot: float = 0.0) -> Points:
        """One stroke around a closed outline, from a place of its own choosing and a little past it."""
        start = self._rng.randrange(len(points))
        around = np.roll(points, -start, axis=0)
        extra = max(1, int(len(points) * overshoot)) if overshoot else 1
        return self.stroke(
            np.concatenate([around, around[:extra]]), width, press=press, taper=0.3 if overshoot else 1.0
        )

    def hatched(
        self, outlines: Sequence[Points], *, spacing: float, width: float, angle: float, share: float = 1.0
    ) -> list[Points]:
        """Strokes across an area (even-odd), `angle` in degrees clockwise from rightwards.

        With a share below 1 only that last part of each line's way through the area: shade on one side.
        """
        return [
            self.stroke(np.array([start, end]), width * self._rng.uniform(0.75, 1.15), taper=0.2)
            for start, end in spans(outlines, spacing=spacing, angle=angle, share=share, rng=self._rng)
        ]


def spans(
    outlines: Sequence[Points], *, spacing: float, angle: float, share: float, rng: random.Random
) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
    """The pieces of parallel lines within an area, by crossing each line with each edge."""
    turn = math.radians(angle)
    ahead, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    starts = np.concatenate(outlines)
    ends = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
    s0, s1 = starts @ across, ends @ across
    a0, a1 = starts @ ahead, ends @ ahead
    level = float(min(s0.min(), s1.min())) + spacing * rng.uniform(0.3, 0.9)
    top = float(max(s0.max(), s1.max()))
    while level < top:
        crossing = (s0 <= level) != (s1 <= level)
        at = np.sort(a0[crossing] + (level - s0[crossing]) / (s1[crossing] - s0[crossing]) * (a1 - a0)[crossing])
        for begin, end in zip(at[0::2].tolist(), at[1::2].tolist(), strict=False):
            length = end - begin
            if length < spacing * 0.8:
                continue
            first = (
                end - length * share * rng.uniform(0.8, 1.12) if share < 1 else begin + spacing * rng.uniform(0, 0.3)
            )
            last = end - spacing * rng.uniform(0.05, 0.35)
            if last - first > spacing * 0.5:
                low, high = (
                    ahead * first + across * level,
                    ahead * last + across * (level + spacing * rng.uniform(-0.2, 0.2)),
                )
                yield (float(low[0]), float(low[1])), (float(high[0]), float(high[1]))
        level += spacing * rng.uniform(0.8, 1.2)


# --- polylines -------------------------------------------------------------------------------------------------------


def resampled(points: Points, step: float) -> Points:
    """The same way in steps of about `step`, its first and last point kept."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(2, math.ceil(total[-1] / step) + 1)
    at = np.linspace(0, total[-1], count)
    return np.stack([np.interp(at, total, points[:, 0]), np.interp(at, total, points[:, 1])], axis=1)


def ribbon(line: Points, widths: NDArray[np.float64]) -> Points:
    """The outline of a band along a line, `widths` wide at each of its points."""
    tangents = np.gradient(line, axis=0)
    lengths = np.maximum(np.hypot(tangents[:, 0], tangents[:, 1]), 1e-6)
    sides = np.stack([-tangents[:, 1], tangents[:, 0]], axis=1) / lengths[:, None] * (widths / 2)[:, None]
    back = line - sides
    return np.concatenate([line + sides, back[::-1]])


def smooth(points: Sequence[tuple[float, float]], *, closed: bool = False, steps: int = 8) -> Points:
    """A curve through the points (Catmull and Rom's spline)."""
    given = np.array(points, dtype=np.float64)
    if closed:
        padded = np.concatenate([given[-1:], given, given[:2]])
    else:
        padded = np.concatenate([2 * given[:1] - given[1:2], given, 2 * given[-1:] - given[-2:-1]])
    t = (np.arange(steps) / steps)[:, None]
    pieces = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(
            0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
        )
    if not closed:
        pieces.append(given[-1:])
    return np.concatenate(pieces)


def ellipse(x: float, y: float, rx: float, ry: float, steps: int = 40) -> Points:
    turn = np.arange(steps) / steps * math.tau
    return np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1)


def polygon(*points: tuple[float, float], step: float = 60.0) -> Points:
    """A closed outline with straight sides, in pieces that a hand can bend."""
    corners = np.array([*points, points[0]], dtype=np.float64)
    return resampled_corners(corners, step)[:-1]


def resampled_corners(points: Points, step: float) -> Points:
    """Each piece of a polyline divided by itself, so that its corners stay."""
    pieces = [np.linspace(a, b, max(2, math.ceil(float(np.hypot(*(b - a))) / step) + 1))[:-1]
              for a, b in pairwise(points)]  # fmt: skip
    return np.concatenate([*pieces, points[-1:]])


def path(outlines: Iterable[Points]) -> str:
    """SVG path data of closed outlines, in tenths of a pixel: whole numbers, each relative to the one before."""
    parts = []
    for outline in outlines:
        whole = np.rint(outline * TENTHS).astype(np.int64)
        if len(whole) < 3:
            continue
        steps = np.diff(whole, axis=0)
        steps = steps[steps.any(axis=1)]
        parts.append(f"M{whole[0, 0]} {whole[0, 1]}l{' '.join(map(str, steps.ravel().tolist()))}z")
    return "".join(parts)
