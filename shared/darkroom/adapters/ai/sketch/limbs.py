"""What of a drawing moves by itself: legs that step, wings that beat, arms that wave, tails and cloth that ripple.

A limb is a smooth bend of the plane: it says where each point of a drawing is at a phase, 0 to 1, of its own beat. All
outlines of a drawing, of its lines as of its areas and its hatching, are bent alike, so none of them ever tears, and at
the end of a beat they are where they were at its beginning. Coordinates are units of the drawing, y downwards; angles
are degrees clockwise, from rightwards where they are a direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    Box = tuple[float, float, float, float]

ROOMY: Final = 0.15
"""Share of the way between two legs that is left between them when they come together."""


class Limb(Protocol):
    @property
    def kind(self) -> str:
        """What it is: BEATS says which motion moves it."""
        ...

    def bent(self, points: Points, phase: float, strength: float) -> Points:
        """Where the points are then; `phase` 0 and 1 are the same, `strength` 1 is the limb's own reach."""
        ...


@dataclass(frozen=True)
class Hinge:
    """Turns about (x, y), from `low` to `high` degrees and back; all that is drawn, or only what lies in a `sector`.

    `lift` is how far, in units, it is raised on its way back to `low`; `shift` how far it is ahead of its kind.
    """

    kind: str
    x: float
    y: float
    low: float
    high: float
    shift: float = 0.0
    sector: tuple[float, float] | None = None
    lift: float = 0.0

    def bent(self, points: Points, phase: float, strength: float) -> Points:
        time = math.tau * (phase + self.shift)
        angle = math.radians((self.low + self.high) / 2 + (self.high - self.low) / 2 * math.cos(time)) * strength
        offset = points - np.array([self.x, self.y])
        cos, sin = math.cos(angle), math.sin(angle)
        turned = offset @ np.array([[cos, sin], [-sin, cos]])
        turned[:, 1] -= self.lift * strength * max(0.0, math.sin(time))
        moved: Points = points + (turned - offset) * self._share(offset)[:, None]
        return moved

    def _share(self, offset: Points) -> NDArray[np.float64]:
        """How much of the turn each point takes part in: all of it within the sector, none of it a little outside."""
        if self.sector is None:
            return np.ones(len(offset))
        begin, end = self.sector
        soft = min(24.0, (end - begin) / 3)
        angle = (np.rad2deg(np.arctan2(offset[:, 1], offset[:, 0])) - begin + 90) % 360 - 90
        return eased(angle / soft) * eased((end - begin - angle) / soft)


@dataclass(frozen=True)
class Legs:
    """Legs that step by turns, below the hips at `hip`: `feet` are their middles from left to right.

    `far` says which are the far ones, which give way where two come together. `ahead` is -1 where forwards is left.
    """

    kind: str
    hip: float
    ground: float
    feet: tuple[float, ...]
    far: tuple[bool, ...]
    ahead: int
    stride: float
    """How far a foot goes to either side, in units."""

    def bent(self, points: Points, phase: float, strength: float) -> Points:
        low = eased_in((points[:, 1] - self.hip) / (self.ground - self.hip))
        reach = self.stride * strength
        at, to, up = [], [], []
        for number, (foot, far) in enumerate(zip(self.feet, self.far, strict=True)):
            time = math.tau * (phase + number / 2)
            along, lifted = self.ahead * reach * math.cos(time), 0.75 * reach * max(0.0, -math.sin(time))
            for edge in (0.0,) if far else (-0.35, 0.35):
                at.append(foot + edge * self._apart(number))
                to.append(at[-1] + along)
                up.append(lifted)
        wide = 1.3 * reach + 0.5 * min(self._apart(number) for number in range(len(self.feet)))
        knots = [at[0] - wide, *at, at[-1] + wide]
        dx = np.interp(points[:, 0], knots, [knots[0], *_in_order(at, to), knots[-1]]) - points[:, 0]
        dx[(points[:, 0] <= knots[0]) | (points[:, 0] >= knots[-1])] = 0.0
        dy = np.interp(points[:, 0], knots, [0.0, *up, 0.0])
        moved: Points = points + np.stack([dx * low, -dy * low], axis=1)
        return moved

    def _apart(self, number: int) -> float:
        """How far the next foot is from this one."""
        gaps = [abs(foot - self.feet[number]) for other, foot in enumerate(self.feet) if other != number]
        return min(gaps)


def _in_order(at: Sequence[float], to: Sequence[float]) -> list[float]:
    """Where the knots go, none past the next: each pair keeps a share of its distance."""
    kept = list(to)
    least = [ROOMY * (two - one) for one, two in pairwise(at)]
    for _ in range(4):
        # Both give way; what that pushes into their neighbours is less each time.
        for one, apart in enumerate(least):
            over = apart - (kept[one + 1] - kept[one])
            if over > 0:
                kept[one], kept[one + 1] = kept[one] - over / 2, kept[one + 1] + over / 2
    for one, apart in enumerate(least):
        kept[one + 1] = max(kept[one + 1], kept[one] + apart)
    return kept


@dataclass(frozen=True)
class Fold:
    """Wings on both sides of a body that stands upright at `x`, `body` wide to each side: they close and open.

    `depth` is the share of their width that they lose, `rise` the share of it that their tips go up and down.
    """

    kind: str
    x: float
    body: float
    depth: float
    rise: float

    def bent(self, points: Points, phase: float, strength: float) -> Points:
        beat = math.cos(math.tau * phase) * strength
        across = points[:, 0] - self.x
        beyond = np.maximum(np.abs(across) - self.body, 0.0)
        narrow = self.depth * (1 - beat) / 2
        moved = points.copy()
        moved[:, 0] -= np.sign(across) * beyond * narrow
        moved[:, 1] -= beyond * self.rise * beat
        return moved


@dataclass(frozen=True)
class Ripple:
    """A wave that runs from `x` to `end` (left or right of it) and grows on the way: a fish's tail, a flag.

    `height` in units at the end; `waves` of them stand between the two; `narrow` is the share of the length that is
    lost as it turns away from us.
    """

    kind: str
    x: float
    end: float
    height: float
    waves: float
    narrow: float = 0.0

    def bent(self, points: Points, phase: float, strength: float) -> Points:
        along = np.clip((points[:, 0] - self.x) / (self.end - self.x), 0.0, 1.2)
        moved = points.copy()
        moved[:, 1] += self.height * strength * along**1.4 * np.sin(math.tau * (phase - self.waves * along))
        lost = self.narrow * strength * (0.5 + 0.5 * math.cos(math.tau * phase))
        moved[:, 0] -= (self.end - self.x) * along * eased(along * 2) * lost
        return moved


@dataclass(frozen=True)
class Wheel:
    """Turns all the way round about (x, y): sails, blades, spokes."""

    kind: str
    x: float
    y: float

    def bent(self, points: Points, phase: float, strength: float) -> Points:  # noqa: ARG002 - a turn is a turn
        angle = math.tau * phase
        cos, sin = math.cos(angle), math.sin(angle)
        middle = np.array([self.x, self.y])
        moved: Points = (points - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle
        return moved


@dataclass(frozen=True)
class Orbit:
    """Goes round (x, y) without turning, hung at `at`: the cabins of a big wheel."""

    kind: str
    x: float
    y: float
    at: tuple[float, float]

    def bent(self, points: Points, phase: float, strength: float) -> Points:
        hung = np.array([self.at])
        moved: Points = points + Wheel(self.kind, self.x, self.y).bent(hung, phase, strength) - hung
        return moved


@dataclass(frozen=True)
class Rotor:
    """Blades seen from their side, which whirl about (x, y): they reach `long` to both sides along `angle`, and what is
    further than `wide` from that line takes no part.
    """

    kind: str
    x: float
    y: float
    long: float
    wide: float
    angle: float

    def bent(self, points: Points, phase: float, strength: float) -> Points:
        offset = points - np.array([self.x, self.y])
        turn = math.radians(self.angle)
        along = np.array([math.cos(turn), math.sin(turn)])
        out, aside = offset @ along, np.abs(offset @ np.array([-along[1], along[0]]))
        inside = eased((1.6 - aside / self.wide) * 2) * eased((1.4 - np.abs(out) / self.long) * 2.5)
        # From as long as it is to a ninth of that, seen from its end.
        shorter = (0.5 - 0.5 * math.cos(math.tau * phase)) * min(8 / 9, strength)
        moved: Points = points - (out * inside * shorter)[:, None] * along
        return moved


def eased(share: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.clip(share, 0.0, 1.0)
    eased_: NDArray[np.float64] = share * share * (3 - 2 * share)
    return eased_


def eased_in(share: NDArray[np.float64]) -> NDArray[np.float64]:
    risen: NDArray[np.float64] = np.clip(share, 0.0, 1.0) ** 1.4
    return risen


# --- as the table of things writes them ------------------------------------------------------------------------------


def _legs(numbers: Sequence[float], box: Box, ahead: int) -> Limb:
    x1, y1, x2, y2 = box
    feet = tuple(x1 + abs(x) * (x2 - x1) for x in numbers[1:])
    far = tuple(x < 0 for x in numbers[1:])
    near = [foot for foot, hidden in zip(feet, far, strict=True) if not hidden] if not all(far) else list(feet)
    apart = min((two - one for one, two in pairwise(near)), default=0.5 * (x2 - x1))
    hip = y1 + numbers[0] * (y2 - y1)
    return Legs("leg", hip, y2, feet, far, ahead, min(0.3 * apart, 0.36 * (y2 - hip)))


def _hinge(kind: str) -> Callable[[Sequence[float], Box, int], Limb]:
    def made(numbers: Sequence[float], box: Box, ahead: int) -> Limb:  # noqa: ARG001 - one signature for all
        x, y, begin, end, low, high, *shift = numbers
        x1, y1, x2, y2 = box
        at = x1 + x * (x2 - x1), y1 + y * (y2 - y1)
        return Hinge(kind, *at, low, high, shift[0] if shift else 0.0, (begin, end) if end > begin else None)

    return made


def _rotor(numbers: Sequence[float], box: Box, ahead: int) -> Limb:  # noqa: ARG001
    x1, y1, x2, y2 = box
    x, y, long, wide, angle = numbers
    return Rotor("rotor", x1 + x * (x2 - x1), y1 + y * (y2 - y1), long * (x2 - x1), wide * (x2 - x1), angle)


def _fold(numbers: Sequence[float], box: Box, ahead: int) -> Limb:  # noqa: ARG001
    x1, _, x2, _ = box
    x, body, depth, rise = numbers
    return Fold("fold", x1 + x * (x2 - x1), body * (x2 - x1), depth, rise)


def _tail(numbers: Sequence[float], box: Box, ahead: int) -> Limb:
    x1, y1, x2, y2 = box
    x, height, narrow = numbers
    return Ripple("tail", x1 + x * (x2 - x1), x2 if ahead < 0 else x1, height * (y2 - y1), 0.3, narrow)


def _cloth(numbers: Sequence[float], box: Box, ahead: int) -> Limb:  # noqa: ARG001
    x1, y1, x2, y2 = box
    x, height = numbers
    return Ripple("cloth", x1 + x * (x2 - x1), x2, height * (y2 - y1), 0.75)


WORDS: Final[dict[str, Callable[[Sequence[float], Box, int], Limb]]] = {
    "legs": _legs, "leg": _hinge("leg"), "wing": _hinge("wing"), "buzz": _hinge("buzz"), "hand": _hinge("hand"),
    "fold": _fold, "tail": _tail, "cloth": _cloth, "rotor": _rotor,
}  # fmt: skip
"""What may stand in `moves=` of things.txt, with its numbers: shares of the drawing's box, and degrees."""


def limbs(written: Sequence[tuple[str, tuple[float, ...]]], box: Box, *, looks: str) -> tuple[Limb, ...]:
    """The limbs that the table writes of a drawing with that box."""
    return tuple(WORDS[word](numbers, box, 1 if looks == "right" else -1) for word, numbers in written)


# --- which motion moves what -----------------------------------------------------------------------------------------

BEATS: Final[dict[str, dict[str, tuple[int, float]]]] = {
    "walk": {"leg": (4, 1.0), "arm": (4, 1.0)},
    "run": {"leg": (6, 1.35), "arm": (6, 1.5)},
    "dance": {"leg": (2, 0.8), "arm": (2, 1.5), "wing": (4, 0.7), "fold": (4, 0.7), "buzz": (6, 1.0)},
    "fly": {
        "wing": (6, 1.0),
        "fold": (5, 1.0),
        "buzz": (8, 1.0),
        "leg": (2, 0.35),
        "arm": (2, 0.5),
        "tail": (2, 0.6),
        "rotor": (8, 1.0),
    },
    "flap": {"wing": (6, 1.0), "fold": (5, 1.0), "buzz": (8, 1.0)},
    "float": {"tail": (2, 0.8), "fold": (2, 0.6), "wing": (2, 0.5), "buzz": (6, 1.0)},
    "swim": {"tail": (4, 1.0), "leg": (4, 0.8), "arm": (3, 1.2)},
    "jump": {"leg": (2, 0.5), "arm": (2, 0.8)},
    "vault": {"leg": (2, 0.8), "arm": (2, 0.8)},
    "turn": {"rotor": (8, 1.0)},
    "wave": {"wave": (4, 1.0), "hand": (3, 1.0), "cloth": (3, 1.0)},
}
"""By motion and kind of limb: how often it beats in a loop, and how far."""
TRAVELS: Final = frozenset({"walk", "run", "drive", "swim", "fly", "roll"})
"""Motions that take somebody somewhere."""
ALWAYS: Final = {"cloth": (2, 0.6), "spin": (1, 1.0)}
"""What moves whatever else does: cloth in the wind, a wheel that is made to turn."""
TURNING: Final = frozenset({"spin", "rotor"})
"""Limbs that turn where the whole is said to."""
FRAMES_PER_BEAT: Final = 3
"""A beat of fewer frames could not be told from standing still."""


def beats(motion: str, kind: str, frames: int) -> tuple[int, float]:
    """How often a kind of limb beats in a loop of so many frames, and how far; (0, 0) where it is at rest."""
    often, strength = BEATS.get(motion, {}).get(kind, ALWAYS.get(kind, (0, 0.0)))
    return min(often, max(1, frames // FRAMES_PER_BEAT)), strength
