"""Moving pictures: what the words say moves as they say, everything else lives a little, and the end is the beginning.

A picture is drawn two or three times by the same hand (lines that are drawn anew each time live: animators call it
boil), and its layers are then moved: every motion is a function of the share of the loop that has passed, equal at 0
and 1 in place, turn and size. Frames are SVG.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch.drawing import Passed, Picture, compose, document
from darkroom.adapters.ai.sketch.hand import TENTHS, path
from darkroom.adapters.ai.sketch.language import LIVING, Relation, Scene, read
from darkroom.adapters.ai.sketch.layout import VAULT
from darkroom.adapters.ai.sketch.limbs import TRAVELS, TURNING, beats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.art import Part
    from darkroom.adapters.ai.sketch.items import Item
    from darkroom.adapters.ai.sketch.stage import Layer
    from darkroom.domain.doodles import Style

    Points = NDArray[np.float64]

FRAMES_PER_REDRAWING: Final = 3
"""Frames that one drawing of the lines stands; animators draw "on twos" or "on threes"."""
RIGID: Final = frozenset({
    Relation.WEAR, Relation.HOLD, Relation.PLAY, Relation.RIDE, Relation.FEEL, Relation.FULL, Relation.ON_TOP,
})  # fmt: skip
"""Relations whose two sides move as one."""
QUIET: Final = frozenset({"still", "sway", "twinkle", "bounce"})
"""Motions of which nothing that is on or in a thing takes part."""
RESTING: Final = frozenset({Relation.ON, Relation.SIT, Relation.IN, Relation.ON_TOP})
"""Relations in which nothing goes away by its own nature."""
AIMED: Final = frozenset({"rocket", "airplane", "comet", "shooting star"})
"""What points up and aslant, and goes there."""
LOOSE: Final = frozenset({"sway", "float", "twinkle", "fall", "flap", "dance"})


@dataclass(frozen=True)
class Move:
    """Where a group of layers is at one moment: shifted, and turned (degrees) and scaled about a pivot."""

    dx: float = 0.0
    dy: float = 0.0
    turn: float = 0.0
    sx: float = 1.0
    sy: float = 1.0
    pivot: tuple[float, float] = (0.0, 0.0)
    opacity: float = 1.0

    def wrapped(self, svg: str) -> str:
        """The SVG, moved. Numbers are in tenths of a pixel, as the SVG's are."""
        if not svg or self.opacity <= 0.01:
            return ""
        x, y = self.pivot[0] * TENTHS, self.pivot[1] * TENTHS
        parts = []
        if abs(self.dx) > 0.01 or abs(self.dy) > 0.01:
            parts.append(f"translate({self.dx * TENTHS:.1f} {self.dy * TENTHS:.1f})")
        if abs(self.turn) > 0.01:
            parts.append(f"rotate({self.turn:.2f} {x:.1f} {y:.1f})")
        if abs(self.sx - 1) > 0.0005 or abs(self.sy - 1) > 0.0005:
            scale = f"scale({self.sx:.4f} {self.sy:.4f})"
            parts.append(f"translate({x:.1f} {y:.1f}) {scale} translate({-x:.1f} {-y:.1f})")
        seen = f' opacity="{self.opacity:.3f}"' if self.opacity < 0.995 else ""
        if not parts and not seen:
            return svg
        how = f' transform="{" ".join(parts)}"' if parts else ""
        return f"<g{how}{seen}>{svg}</g>"


@dataclass(frozen=True)
class Mover:
    """What moves together: its box, which way it looks (-1 left, 1 right), its share of the loop ahead of others."""

    box: tuple[float, float, float, float]
    way: int
    ahead: float
    width: float
    height: float
    living: bool
    diagonal: bool
    strays: bool
    """May it leave the picture on one side and come back on the other?"""
    frames: int = 24
    """Of the whole loop: limbs beat no faster than can be seen."""
    drop: float = 0.0
    """How far below it the ground is on which it lands, in pixels, where it jumps over something."""
    reach: float = 0.0
    """How far to either side of that it lands."""
    turns: bool = False
    """Does it look the way it goes?"""
    roams: float = 0.0
    """How far it goes to either side, in pixels, where it flies about and not away."""

    @property
    def heading(self) -> tuple[float, float]:
        """Which way it goes, one long."""
        return (self.way * math.sqrt(0.5), -math.sqrt(0.5)) if self.diagonal else (float(self.way), 0.0)

    @property
    def middle(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def foot(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, self.box[3]

    @property
    def high(self) -> float:
        return self.box[3] - self.box[1]


# --- motions ---------------------------------------------------------------------------------------------------------


def wave(share: float, times: int = 1) -> float:
    return math.sin(math.tau * times * share)


def _across(mover: Mover, share: float) -> float:
    """How far it has come on its way out of one side of the picture and in at the other."""
    x1, _, x2, _ = mover.box
    around = mover.width + (x2 - x1) * 1.15
    middle = (x1 + x2) / 2 + mover.way * around * share
    low = -(x2 - x1) * 0.575
    return (middle - low) % around + low - (x1 + x2) / 2


def _walk(mover: Mover, share: float) -> Move:
    steps, _ = beats("walk", "leg", mover.frames)
    hop = abs(wave(share, steps)) * 0.03 * mover.high
    dx = _across(mover, share) if mover.strays else 0.0
    return Move(dx, -hop, 1.6 * wave(share, steps), pivot=mover.foot)


def _run(mover: Mover, share: float) -> Move:
    steps, _ = beats("run", "leg", mover.frames)
    hop = (0.5 - 0.5 * math.cos(math.tau * steps * share)) * 0.1 * mover.high
    dx = _across(mover, share) if mover.strays else 0.0
    squash = 0.04 * math.cos(math.tau * steps * share) - 0.02
    return Move(dx, -hop, mover.way * 3.0 + 4.0 * wave(share, steps), 1 + squash, 1 - squash, mover.foot)


def _fly(mover: Mover, share: float) -> Move:
    if mover.diagonal:
        return _soar(mover, share)
    flaps, _ = beats("fly", "wing", mover.frames)
    dx = _across(mover, share) if mover.strays else mover.roams * wave(share)
    # The body rises as the wings come down.
    dy = 0.04 * mover.height * wave(share, 2) + 0.02 * mover.high * wave(share, flaps)
    return Move(dx, dy, 5.0 * mover.way * wave(share, 2), pivot=mover.middle)


def _soar(mover: Mover, share: float) -> Move:
    """Up along its own slope, out at the corner, in again from below."""
    if not mover.strays:
        return Move(
            0.03 * mover.width * wave(share) * mover.way,
            -0.05 * mover.height * wave(share),
            1.5 * wave(share, 4),
            pivot=mover.middle,
        )
    dx = _across(mover, share)
    _, y1, _, y2 = mover.box
    around = mover.height + (y2 - y1) * 1.15
    low = -(y2 - y1) * 0.575
    middle = (y1 + y2) / 2
    return Move(dx, (middle - around * share - low) % around + low - middle, 1.2 * wave(share, 6), pivot=mover.middle)


def _flap(mover: Mover, share: float) -> Move:
    flaps, _ = beats("flap", "wing", mover.frames)
    return Move(0, 0.02 * mover.height * wave(share) + 0.02 * mover.high * wave(share, flaps), pivot=mover.middle)


def _leap(mover: Mover, share: float, *, height: float, squash: float, rest: float) -> Move:
    """Twice in the loop: pressed flat on the ground for a share `rest` of it, then up and down."""
    passed = (share * 2 + 0.5) % 1.0
    if passed < rest:
        stretch, up = 1 - squash * math.sin(math.pi * passed / rest), 0.0
    else:
        flown = (passed - rest) / (1 - rest)
        up = 4 * flown * (1 - flown)
        # Long where it is fast, itself again at the top; about as large all the while.
        stretch = 1 + 2.2 * squash * up * (1 - up)
    return Move(0, -up * height, 0, 1 / stretch, stretch, mover.foot)


def _jump(mover: Mover, share: float) -> Move:
    room = max(mover.box[1] - 0.03 * mover.height, 0.12 * mover.height)
    return _leap(mover, share, height=min(0.5 * mover.high, room), squash=0.2, rest=0.24)


def _vault(mover: Mover, share: float) -> Move:
    """To the other side in the first half of the loop, and back in the second: pressed flat on the ground, and off."""
    half, passed = divmod(share % 1.0 * 2, 1.0)
    way = mover.way if half == 0 else -mover.way
    begin = -way * mover.reach
    look = 1.0 if way == mover.way or not mover.turns else -1.0
    if passed < LANDED:
        pressed = math.sin(math.pi * passed / LANDED)
        turned = 1.0
        if mover.turns:
            # It turns round while it is down.
            turned = -math.cos(math.pi * _eased(passed / LANDED))
            turned = math.copysign(max(abs(turned), 0.08), turned)
        return Move(begin, mover.drop, 0, look * turned * (1 + 0.18 * pressed), 1 - 0.18 * pressed, mover.foot)
    flown = (passed - LANDED) / (1 - LANDED)
    # Steeper than a thrown stone, so as not to touch what is jumped over.
    up = 1 - abs(2 * flown - 1) ** 3
    stretch = 1 + 0.4 * up * (1 - up)
    return Move(begin * (1 - 2 * flown), mover.drop * (1 - up), 0, look / stretch, stretch, mover.foot)


LANDED: Final = 0.3
"""Share of a jump over something that is spent on the ground."""


def _bounce(mover: Mover, share: float) -> Move:
    room = max(mover.box[1] - 0.03 * mover.height, 0.14 * mover.height)
    return _leap(mover, share, height=min(1.2 * mover.high, room), squash=0.22, rest=0.14)


def _swim(mover: Mover, share: float) -> Move:
    dx = _across(mover, share) if mover.strays else 0.05 * mover.width * wave(share)
    return Move(
        dx, 0.03 * mover.height * wave(share, 2), 4.0 * wave(share, 3), 1 + 0.025 * wave(share, 6), 1.0, mover.middle
    )


def _drive(mover: Mover, share: float) -> Move:
    dx = _across(mover, share) if mover.strays else 0.0
    return Move(dx, -0.012 * mover.high * abs(wave(share, 6)), 0.7 * wave(share, 5), pivot=mover.foot)


def _spin(mover: Mover, share: float) -> Move:
    if mover.living:
        turn = math.cos(math.tau * share)
        return Move(0, 0, 0, math.copysign(max(abs(turn), 0.06), turn), 1.0, mover.middle)
    return Move(turn=360.0 * share, pivot=mover.middle)


def _roll(mover: Mover, share: float) -> Move:
    around = mover.width + (mover.box[2] - mover.box[0]) * 1.15
    turns = max(1, round(around / (math.pi * mover.high)))
    return Move(_across(mover, share), 0, mover.way * 360.0 * turns * share, pivot=mover.middle)


def _wave(mover: Mover, share: float) -> Move:
    return Move(0, 0, 3.0 * wave(share, 2), pivot=mover.foot)


def _grow(mover: Mover, share: float) -> Move:
    size = _eased(share / 0.6) if share < 0.6 else 1.0 if share < 0.86 else 1 - _eased((share - 0.86) / 0.14)
    bud = 0.12 + 0.88 * size
    return Move(0, 0, 2.0 * wave(share, 2) * size, bud * (1 + 0.03 * wave(share, 3)), bud, mover.foot)


def _shrink(mover: Mover, share: float) -> Move:
    return _grow(mover, (1 - share) % 1.0)


def _eased(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _fall(mover: Mover, share: float) -> Move:
    around = mover.height + mover.high * 1.2
    _, y1, _, y2 = mover.box
    low, middle = -mover.high * 0.6, (y1 + y2) / 2
    dy = (middle + around * share - low) % around + low - middle
    return Move(0.04 * mover.width * wave(share, 2), dy, 16.0 * wave(share, 2), pivot=mover.middle)


def _float(mover: Mover, share: float) -> Move:
    return Move(
        0.012 * mover.width * wave(share),
        -0.032 * mover.height * wave(share),
        2.5 * wave(share + 0.2),
        pivot=mover.middle,
    )


def _dance(mover: Mover, share: float) -> Move:
    hop = abs(wave(share, 2)) * 0.1 * mover.high
    press = 0.06 * math.cos(math.tau * 4 * share)
    return Move(0.05 * mover.high * wave(share, 1), -hop, 9.0 * wave(share, 1), 1 + press, 1 - press, mover.foot)


def _shake(mover: Mover, share: float) -> Move:
    return Move(
        0.012 * mover.width * wave(share, 6),
        0.004 * mover.height * wave(share, 5),
        2.5 * wave(share, 7),
        pivot=mover.middle,
    )


def _twinkle(mover: Mover, share: float) -> Move:
    size = 0.9 + 0.16 * wave(share)
    return Move(0, 0, 4.0 * wave(share), size, size, mover.middle, opacity=0.88 + 0.12 * wave(share))


def _pulse(mover: Mover, share: float) -> Move:
    beat = max(0.0, wave(share, 2)) ** 3 * 0.13
    return Move(0, 0, 0, 1 + beat, 1 + beat, mover.middle)


def _swing(mover: Mover, share: float) -> Move:
    return Move(0, 0, 9.0 * wave(share), pivot=(mover.middle[0], mover.box[1]))


def _sway(mover: Mover, share: float) -> Move:
    breath = 0.012 * wave(share, 2)
    return Move(0, 0, 2.2 * wave(share), 1 - breath, 1 + breath, mover.foot)


def _still(_mover: Mover, _share: float) -> Move:
    return Move()


MOTIONS: Final[dict[str, Callable[[Mover, float], Move]]] = {
    "walk": _walk, "run": _run, "fly": _fly, "flap": _flap, "jump": _jump, "bounce": _bounce, "swim": _swim,
    "drive": _drive, "spin": _spin, "roll": _roll, "wave": _wave, "grow": _grow, "shrink": _shrink, "fall": _fall,
    "float": _float, "dance": _dance, "shake": _shake, "twinkle": _twinkle, "pulse": _pulse, "swing": _swing,
    "sway": _sway, "still": _still, "vault": _vault, "turn": _still,
}  # fmt: skip


# --- who moves how ---------------------------------------------------------------------------------------------------


def groups(picture: Picture, frames: int = 24) -> list[tuple[list[Item], str, Mover]]:
    """The items that move as one, with their motion."""
    scene, items = picture.scene, list(picture.layout.items)
    rigid = _bound(scene)
    # Who is chased runs as fast as who chases.
    chased = [{link.subject, link.object} for link in scene.links if link.relation is Relation.CHASE]
    parent = list(range(len(items)))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    for one, item in enumerate(items):
        for two in range(one):
            other = items[two]
            together = rigid.get(item.subject, item.subject) == rigid.get(other.subject, other.subject)
            touching = id(other) in item.joined or id(item) in other.joined or _same(item, other)
            if (together and touching) or {item.subject, other.subject} in chased:
                parent[root(one)] = root(two)
    found: dict[int, list[Item]] = {}
    for number, item in enumerate(items):
        found.setdefault(root(number), []).append(item)
    result = []
    on_ground = sum(any(item.thing.place != "sky" for item in members) for members in found.values())
    for number, members in enumerate(found.values()):
        motion, asked = _motion(scene, members)
        result.append(
            (members, motion, _mover(picture, members, number, motion, frames, strays=asked or on_ground <= 1))
        )
    return result


def _passed(scene: Scene, members: Sequence[tuple[list[Item], str, Mover]]) -> Passed | None:
    """What goes by where all travel one way, to nowhere in particular; None where something stands beside them."""
    ways = {(motion, mover.heading) for _, motion, mover in members}
    motion = members[0][1] if members else ""
    if scene.settings or scene.whole or len(ways) != 1 or motion not in TRAVELS:
        return None
    return Passed(motion, upwards=members[0][2].diagonal)


def _same(one: Item, two: Item) -> bool:
    """The back and the front of one container."""
    return one.subject == two.subject and one.copy == two.copy and (one.x, one.y, one.w) == (two.x, two.y, two.w)


def _bound(scene: Scene) -> dict[int, int]:
    """Subjects that move as one, each with the first of them."""
    first = dict(enumerate(range(len(scene.subjects))))
    for link in scene.links:
        base, rider = scene.subjects[link.object], scene.subjects[link.subject]
        rides = link.relation in {Relation.ON, Relation.SIT, Relation.IN} and not (rider.motion and not base.motion)
        moving = (base.motion or base.thing.motion) not in QUIET
        if link.relation in RIGID or (rides and moving) or link.relation is Relation.IN:
            old, new = first[link.object], first[link.subject]
            for subject, root in first.items():
                if root == old:
                    first[subject] = new
    return first


def _motion(scene: Scene, members: Sequence[Item]) -> tuple[str, bool]:
    """The motion of a group, and whether the words asked for it."""
    subjects = list(dict.fromkeys(item.subject for item in members))
    if any(link.relation is Relation.OVER and link.subject in subjects for link in scene.links):
        return "vault", True
    turning = any(limb.kind in TURNING for item in members for part in item.drawing.parts for limb in part.limbs)
    for subject in subjects:
        motion = scene.subjects[subject].motion
        if motion in MOTIONS:
            # What has something that turns does not turn over itself.
            return "turn" if motion == "spin" and turning else motion, True
    if any(item.thing.name == "broom" and item.aloft for item in members):
        return "fly", True
    ridden = [link.object for link in scene.links if link.relation is Relation.RIDE and link.subject in subjects]
    natural = [scene.subjects[subject].thing.motion for subject in (*ridden, *subjects)]
    if any(
        link.relation in RESTING and link.subject in subjects and link.object not in subjects for link in scene.links
    ):
        natural = ["sway"]
    first = next((motion for motion in natural if motion in MOTIONS and motion not in {"still", "sway"}), natural[0])
    if scene.moved:
        # The words say what moves; the rest only lives.
        first = first if first in {"twinkle", "float", "pulse"} else "still" if first == "still" else "sway"
    elif first in {"walk", "run"} and len(scene.subjects) > 1:
        first = "sway"
    return first if first in MOTIONS else "sway", False


def _mover(picture: Picture, members: Sequence[Item], number: int, motion: str, frames: int, *, strays: bool) -> Mover:
    boxes = [item.box for item in members]
    box = min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
    main = max(members, key=lambda item: item.w * item.h)
    looking = next(
        (item for item in members if item.thing.looks and item.thing.motion in TRAVELS and not item.pose), main
    )
    way = 1
    if looking.thing.looks:
        way = 1 if (looking.thing.looks == "right") != looking.flip else -1
    elif looking.flip:
        way = -1
    drop, reach = _beyond(picture, members, box) if motion == "vault" else (0.0, 0.0)
    whole = box[2] - box[0] < 0.92 * picture.width
    # What looks to no side goes to none: a butterfly, a bat, an owl.
    hovers = not looking.thing.looks and looking.thing.name not in AIMED
    # Copies do not all keep time; what strays or grows starts nearly together.
    ahead = number * (0.618 if motion in LOOSE else 0.07) % 1.0
    return Mover(
        box,
        way,
        ahead,
        picture.width,
        picture.height,
        living=main.thing.section in LIVING,
        diagonal=main.thing.name in AIMED,
        strays=strays
        and whole
        and not (motion == "fly" and hovers)
        and motion in TRAVELS
        and not _scrolled(picture, motion),
        frames=frames,
        drop=drop,
        reach=reach,
        turns=bool(looking.thing.looks) and not looking.pose,
        roams=min(0.22 * picture.width, max(box[0], 0.0), max(picture.width - box[2], 0.0))
        if hovers
        else 0.06 * picture.width,
    )


def _beyond(picture: Picture, members: Sequence[Item], box: tuple[float, float, float, float]) -> tuple[float, float]:
    """How far below the box the ground is of what is jumped over, and how far aside its sides are."""
    mine = {item.subject for item in members}
    over = {link.object for link in picture.scene.links if link.relation is Relation.OVER and link.subject in mine}
    others = [item.box for item in picture.layout.items if item.subject in over] or [box]
    wide = max(other[2] for other in others) - min(other[0] for other in others)
    drop = max(max(other[3] for other in others) - box[3], 0.0)
    reach = wide / 2 + (VAULT - 0.5) * (box[2] - box[0])
    room = min(box[0], picture.width - box[2])
    return drop, max(min(reach, room), 0.0)


def _scrolled(picture: Picture, motion: str) -> bool:
    """On a road the road moves, not the car."""
    return motion == "drive" and "road" in picture.scene.settings


# --- scenery ---------------------------------------------------------------------------------------------------------


def _scenery(layer: Layer, share: float, picture: Picture, number: int, *, way: tuple[float, float]) -> str:
    width, height, (x, y) = picture.width, picture.height, layer.centre
    ahead = (share + number * 0.618) % 1.0
    side = min(width, height)
    if layer.motion in {"rain", "snow"}:
        fallen = height * (2 * share if layer.motion == "rain" else share) % height
        aside = 0.012 * side * wave(share) if layer.motion == "snow" else 0.0
        return Move(aside, fallen).wrapped(layer.svg) + Move(aside, fallen - height).wrapped(layer.svg)
    if layer.motion == "dashes":
        return Move(dx=-way[0] * side * 0.14 * (share * 4 % 1.0)).wrapped(layer.svg)
    if layer.motion in {"pass", "rush"}:
        return _gone_by(layer, share * (1 if layer.motion == "pass" else 2), picture, way).wrapped(layer.svg)
    if layer.motion == "bubble":
        low, high = 0.88 * height, 0.1 * height
        at = ((low - y) / (low - high) + share) % 1.0
        size = min(1.0, at * 8, (1 - at) * 8)
        return Move(0.01 * side * wave(ahead, 2), low - at * (low - high) - y, 0, size, size, (x, y)).wrapped(layer.svg)
    swell = wave(ahead)
    moves = {
        "drift": Move(dx=0.02 * width * swell),
        "ripple": Move(dx=0.022 * side * swell, dy=0.003 * side * wave(ahead, 2)),
        "twinkle": Move(0, 0, 8 * swell, 0.9 + 0.25 * swell, 0.9 + 0.25 * swell, (x, y), opacity=0.72 + 0.28 * swell),
        "spin": Move(turn=8 * wave(share), pivot=(x, y)),
        "float": Move(dy=0.01 * side * swell, pivot=(x, y)),
        "sway": Move(turn=1.3 * swell, pivot=(x, y)),
        "pulse": Move(0, 0, 0, 1 + 0.02 * swell, 1 + 0.02 * swell, (x, y)),
    }
    return moves.get(layer.motion, Move()).wrapped(layer.svg)


def _gone_by(layer: Layer, times: float, picture: Picture, way: tuple[float, float]) -> Move:
    """Against the way that somebody goes, out of the picture behind them and in again ahead."""
    pad = 0.4 * min(picture.width, picture.height)
    around = abs(picture.width * way[0]) + abs(picture.height * way[1]) + pad
    ahead = (layer.centre[0] - picture.width / 2) * way[0] + (layer.centre[1] - picture.height / 2) * way[1]
    back = (ahead + around / 2 - times * around) % around - around / 2 - ahead
    return Move(back * way[0], back * way[1])


# --- film ------------------------------------------------------------------------------------------------------------


def film(
    description: str, style: Style, *, width: int, height: int, seed: int, transparent: bool, frames: int
) -> list[str]:
    """The frames of one loop as SVG."""
    scene = read(description)
    redrawn = 2 * round(frames / (2 * FRAMES_PER_REDRAWING))

    def drawn(boil: int, passed: Passed | None = None) -> Picture:
        return compose(
            description,
            style,
            width=width,
            height=height,
            seed=seed,
            transparent=transparent,
            scene=scene,
            boil=boil,
            roomy=True,
            passed=passed,
        )

    first = drawn(0)
    members = groups(first, frames)
    if passed := _passed(scene, members):
        # Who goes alone is kept in the picture, and the way goes by.
        first = drawn(0, passed)
        members = [
            (items, motion, replace(mover, strays=False, roams=min(mover.roams, 0.06 * width)))
            for items, motion, mover in groups(first, frames)
        ]
    pictures = [first, *(drawn(boil, passed) for boil in range(1, 2 if redrawn else 1))]
    if scene.whole == "draw":
        return [_drawing_itself(pictures[number % len(pictures)], number / frames) for number in range(frames)]
    by_place = {
        position: (motion, mover)
        for items, motion, mover in members
        for position, item in enumerate(first.layout.items)
        if any(item is each for each in items)
    }
    going = next((mover for _, motion, mover in members if motion in TRAVELS), None)
    way = going.heading if going else (1.0, 0.0)
    result = []
    for number in range(frames):
        share = number / frames
        picture = pictures[math.floor(number * redrawn / frames) % len(pictures)]
        result.append(_frame(picture, by_place, share, way))
    return result


def _frame(picture: Picture, by_place: dict[int, tuple[str, Mover]], share: float, way: tuple[float, float]) -> str:
    pieces = []
    position = 0
    for number, (layer, item) in enumerate(picture.layers):
        if layer.owner is not None:
            pieces.append(_shadow(layer, *by_place[layer.owner], share))
            continue
        if item is None:
            pieces.append(_scenery(layer, share, picture, number, way=way))
            continue
        motion, mover = by_place[position]
        position += 1
        pieces.append(_moved(motion, mover, share).wrapped(_alive(layer, motion, mover, share)))
    return document(picture.width, picture.height, picture.paper, "".join(pieces))


def _alive(layer: Layer, motion: str, mover: Mover, share: float) -> str:
    """The layer with its limbs where they are then."""
    if layer.drawn is None:
        return layer.svg
    ahead = (share + _lead(motion, mover)) % 1.0

    def bend(part: Part) -> Callable[[Points], Points] | None:
        moving = [(limb, *beats(motion, limb.kind, mover.frames)) for limb in part.limbs]
        moving = [(limb, often, strength) for limb, often, strength in moving if often]
        if not moving:
            return None

        def bent(points: Points) -> Points:
            for limb, often, strength in moving:
                points = limb.bent(points, often * ahead % 1.0, strength)
            return points

        return bent

    return layer.drawn.bent(bend)


def _moved(motion: str, mover: Mover, share: float) -> Move:
    """Where it is then. What strays or grows begins as it was laid out; others need not all keep time."""
    return MOTIONS[motion](mover, (share + _lead(motion, mover)) % 1.0)


def _lead(motion: str, mover: Mover) -> float:
    return 0.0 if motion in TRAVELS or motion in {"grow", "shrink", "vault"} else mover.ahead


def _shadow(layer: Layer, motion: str, mover: Mover, share: float) -> str:
    """Goes along on the ground, is smaller beneath what is higher, and grows with it."""
    move = _moved(motion, mover, share)
    height = max(0.0, -move.dy) / mover.height
    size = max(0.2, (1 - 1.1 * height) * (move.sx if motion in {"grow", "shrink"} else 1.0))
    return Move(dx=move.dx, sx=size, sy=size, pivot=layer.centre).wrapped(layer.svg)


# --- a drawing that draws itself -------------------------------------------------------------------------------------

SHOWN: Final = 0.16
"""Share of the loop for which the finished drawing stands, at the loop's start and end."""
DRAWN: Final = 0.66


def _drawing_itself(picture: Picture, share: float) -> str:
    """Stands finished, fades, is drawn line by line, is filled in."""
    begin = SHOWN + 0.08
    if share < SHOWN:
        drawn, full = 1.0, 1.0
    elif share < begin:
        drawn, full = 0.0, 1 - (share - SHOWN) / 0.08
    else:
        drawn = min((share - begin) / DRAWN, 1.0)
        full = max(0.0, min((share - begin - DRAWN) / (1 - begin - DRAWN), 1.0))
    content = [Move(opacity=full).wrapped("".join(layer.svg for layer, _ in picture.layers))]
    if drawn > 0 and full < 1:
        outlines = [line for layer, item in picture.layers if item is not None for line in layer.traced]
        content.append(_traced(outlines, drawn, picture))
    return document(picture.width, picture.height, picture.paper, "".join(content))


def _traced(outlines: Sequence[Points], share: float, picture: Picture) -> str:
    """The ink as far as a pen has come that follows every outline, the longest first."""
    lengths = [float(np.hypot(*np.diff(line, axis=0, append=line[:1]).T).sum()) for line in outlines]
    left = share * sum(lengths)
    order = sorted(range(len(outlines)), key=lambda number: -lengths[number])
    whole: list[Points] = []
    partly = ""
    for number in order:
        if left >= lengths[number]:
            whole.append(outlines[number])
            left -= lengths[number]
            continue
        done, rest = left * TENTHS, (lengths[number] + 9) * TENTHS
        partly = f'<path d="{path([outlines[number]])}" stroke-dasharray="{done:.0f} {rest:.0f}"/>'
        break
    width = min(picture.width, picture.height) * 0.022 * TENTHS
    size = f'width="{picture.width * TENTHS}" height="{picture.height * TENTHS}"'
    mask = (
        f'<mask id="pen" maskUnits="userSpaceOnUse" x="0" y="0" {size}>'
        f'<g fill="none" stroke="#ffffff" stroke-width="{width:.0f}" stroke-linecap="round">'
        f'<path d="{path(whole)}"/>{partly}</g></mask>'
    )
    return f'{mask}<g mask="url(#pen)"><path fill="#26242c" d="{path(outlines)}"/></g>'
