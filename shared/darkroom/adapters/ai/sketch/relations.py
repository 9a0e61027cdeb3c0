"""How two things stand to each other: worn, held, ridden, on, in, under, behind, beside.

Each function moves and scales what it is given until the relation holds, and says which of it may overlap.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch import vocabulary
from darkroom.adapters.ai.sketch.art import Drawing, GlyphArt, Part
from darkroom.adapters.ai.sketch.glyphs import font
from darkroom.adapters.ai.sketch.items import Block, Item, faces
from darkroom.adapters.ai.sketch.language import LIVING, Relation
from darkroom.adapters.ai.sketch.shapes import INK

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

GAP: Final = 0.16
"""Between neighbours, in units of layout; a person is about 1.2 high."""
FLAT: Final = frozenset({"rug", "table", "bench", "sofa", "bed", "stage", "fence", "branch", "lily pad", "cushion",
                         "box", "shelf", "stool", "chair", "log"})  # fmt: skip
"""What is made to carry: as wide as what is on it."""
UPRIGHT: Final = frozenset({"spider web", "target", "painting", "map", "window", "mirror", "television", "full moon",
                            "shirt", "earth"})  # fmt: skip
"""What one is on by being before it."""
ROOFS: Final = frozenset({"tree", "pine", "christmas tree", "palm", "beach umbrella", "table", "street lamp", "bridge",
                          "mushroom", "swing"})  # fmt: skip
"""What one stands under without being under the ground."""
OVERHEAD: Final = frozenset({"umbrella", "balloon", "kite", "parachute", "heart", "flag", "broken heart"})
"""What is held up, not in front."""


# --- one by one ------------------------------------------------------------------------------------------------------


def _fit(item: Item, *, width: float | None = None, height: float | None = None) -> None:
    by = min(width / item.w if width else math.inf, height / item.h if height else math.inf)
    item.w, item.h = item.w * by, item.h * by


def worn(item: Item, hat: Item, number: int) -> None:
    x, y, width = item.head()
    name = hat.thing.name
    if name == "wing":
        # One on each side, behind.
        _fit(hat, width=item.w * 0.55 if number < 2 else 0.01)
        side = 1 if number == 0 else -1
        hat.x, hat.y, hat.flip, hat.z = item.x + side * (item.w * 0.5), item.y - item.h * 0.02, side < 0, item.z - 1
        return
    hat.z = item.z + 3
    if item.thing.name in HATTED and hat.thing.name in HATS:
        hat.drawing, hat.w, hat.h = Drawing((0.0, 0.0, 1.0, 1.0), ()), 0.01, 0.01
        hat.x, hat.y = x, y
        return
    if name in {"glasses", "sunglasses", "goggles", "snorkel"}:
        _fit(hat, width=width * 0.86)
        hat.x, hat.y = x, y - 0.02 * item.h
    elif name == "headphones":
        _fit(hat, width=width * 0.98)
        hat.x, hat.y = x, y - 0.1 * width
    elif name in {"scarf", "tie", "ribbon", "medal", "bow tie"}:
        _fit(hat, width=width * (0.62 if name != "scarf" else 0.75))
        hat.x, hat.y = x, y + width * 0.5 + hat.h * 0.32
    elif name in CARRIED:
        _fit(hat, height=item.h * 0.34)
        hat.x, hat.y = item.box[2] + hat.w * 0.62, item.box[3] - hat.h / 2
    else:
        _fit(hat, width=width * (1.12 if name in {"sun hat", "top hat"} else 0.92))
        top = max(item.box[1], y - width * 0.52)
        hat.x, hat.y = x, top - hat.h * 0.5 + hat.h * 0.24
        hat.turn = -6.0 if not item.flip else 6.0


CARRIED: Final = frozenset({"shirt", "dress", "coat", "vest", "jersey", "blouse", "kimono", "jeans", "shorts", "bikini",
                            "sneaker", "hiking boot", "socks", "gloves", "backpack"})  # fmt: skip
"""Clothes that no drawing of ours can be dressed in: they lie beside it."""
HATTED: Final = frozenset({"snowman", "santa", "mrs claus", "wizard", "cowboy", "prince", "princess", "guard",
                           "police officer"})  # fmt: skip
HATS: Final = frozenset({"top hat", "sun hat", "cap", "crown"})
"""What somebody with a hat of their own does not wear above it."""


def played(item: Item, instrument: Item, rng: random.Random) -> None:
    instrument.z = item.z + 3
    name = instrument.thing.name
    low = item.drawing.head[1] if item.drawing.head else None
    middle = item.y + item.h * (0.27 if low is not None else 0.12)
    if name in {"drum", "bongo"}:
        _fit(instrument, height=item.h * 0.42)
        instrument.x, instrument.y = item.x, item.box[3] - instrument.h * 0.4
    elif name == "piano":
        _fit(instrument, width=item.w * 1.1)
        instrument.x, instrument.y = item.x + item.w * 0.1, item.box[3] - instrument.h * 0.45
    elif name in {"trumpet", "saxophone", "flute", "microphone", "maracas"}:
        _fit(instrument, height=item.h * 0.4)
        instrument.x, instrument.y = item.x + item.w * 0.3, middle
    else:
        _fit(instrument, width=item.w * 0.86, height=item.h * 0.55)
        instrument.x, instrument.y = item.x + item.w * 0.06, middle
        instrument.turn = rng.uniform(2, 12)


def held(item: Item, thing: Item, number: int, others: Sequence[Item] = ()) -> None:
    """`others` are what it holds already, of other kinds. The hands take turns, and what comes third stands beyond."""
    x, y = item.grip()
    side = 1.0 if x >= item.x else -1.0
    thing.z = item.z + 3
    if thing.thing.name in OVERHEAD:
        _fit(thing, height=min(max(thing.h, item.h * 0.5), item.h * 0.72))
        if thing.thing.name == "umbrella":
            # Large enough for its roof to be above the head, and behind the head, which it would hide.
            _fit(thing, width=item.w * 1.5)
            thing.x, thing.y = x - side * 0.12 * thing.w, y - thing.h * 0.42
            thing.z = item.z - 1
            return
        thing.x, thing.y = (
            x + side * (0.25 * thing.w + number * thing.w * 0.8),
            item.box[1] - thing.h * (0.35 + 0.12 * (number % 2)),
        )
        if thing.thing.name != "flag":
            thing.string = (x, y)
        else:
            thing.x, thing.y = x + side * thing.w * 0.3, y - thing.h * 0.4
        return
    _fit(thing, height=min(thing.h, item.h * 0.42))
    _fit(thing, width=min(thing.w, item.w * 0.62))
    if len({other.subject for other in others}) % 2:
        x, y, side = 2 * item.x - x, item.box[1] + 0.7 * item.h, -side
    if item.drawing.grip:
        thing.x, thing.y = x + side * thing.w * 0.22, y - thing.h * 0.3
    else:
        thing.x, thing.y = x + side * thing.w * 0.36, y
    taken = [side * other.x + other.w / 2 for other in others if side * (other.x - item.x) > 0]
    thing.x = side * max([side * thing.x, *(edge + 0.47 * thing.w for edge in taken)])
    thing.x += side * number * thing.w * 0.7


def seated(block: Block, mount: Block) -> None:
    """The block gets onto (or into) the mount, and the mount becomes part of it."""
    if mount.main.thing.name == "broom":
        # Brush behind, handle ahead, and off the ground.
        part = mount.main.drawing.parts[0]
        if isinstance(part.art, GlyphArt):
            art = replace(part.art, turn=42.0)
            (x1, y1, x2, y2), before = art.box, mount.main.drawing.box
            unit = mount.main.h / (before[3] - before[1])
            mount.main.drawing = Drawing(art.box, (replace(part, art=art),))
            mount.main.w, mount.main.h = (x2 - x1) * unit, (y2 - y1) * unit
        mount.main.thing = replace(mount.main.thing, seat=(0.5, 0.5))
        for item in (*block.items, mount.main):
            item.aloft = True
    joined = put_on(block, mount) if mount.main.thing.rim is None else put_in(block, mount, share=0.62)
    block.items, block.main, block.place = joined.items, joined.main, mount.place


def _seat(item: Item) -> tuple[float, float]:
    """Where one sits on it."""
    x, y = item.thing.seat or (0.5, None)
    if y is None:
        y = 0.06
        art = item.drawing.parts[0].art
        if isinstance(art, GlyphArt) and len(item.drawing.parts) == 1:
            tops = art.glyph.extent[0][24:40]
            if not np.isnan(tops).all():
                y = float(np.nanmedian(tops)) + 0.02
    if item.flip:
        x = 1 - x
    return item.box[0] + x * item.w, item.box[1] + y * item.h


def topped(base: Block, top: Block) -> Block:
    """What crowns something is smaller than it, and stands where that is highest."""
    alive = top.main.thing.section in LIVING
    share = 0.6 if alive else 0.4 if base.main.thing.section == "food" else 0.3
    top.scale(min(1.5, share * base.h / top.h, 0.75 * base.w / top.w))
    item, art = base.main, base.main.drawing.parts[0].art
    if item.thing.name in FLAT or item.thing.seat or not isinstance(art, GlyphArt) or len(item.drawing.parts) > 1:
        return put_on(top, base)
    tops = art.glyph.extent[0]
    tops = tops[::-1] if item.flip else tops
    half = max(2, min(32, round(32 * top.w / item.w)))
    near = tops[32 - half : 32 + half]
    # On a point it stands with its lower part before it, on what is flat with its foot.
    high, flat = float(np.nanmin(near)), float(np.nanmedian(near))
    sunk = 0.3 if flat - high > 0.12 else 0.06
    top.put(middle=item.x, bottom=item.box[1] + high * item.h + sunk * top.h)
    top.raise_(item.z + 2)
    base.join(top, overlapping=True)
    return base


def put_on(rider: Block, base: Block) -> Block:
    item = base.main
    if item.thing.name == "swing":
        rider.scale(min(1.0, 0.5 * item.h / rider.h))
    riding = any(each.pose == "ride" for each in rider.items)
    if item.thing.name in FLAT:
        wide = rider.w * (1.12 if len(rider.items) > 1 else 1.7 if item.thing.name in {"sofa", "bench"} else 1.25)
        grow = min(max(wide / item.w, 0.75), 3.0)
        base.scale(grow)
        if item.thing.name in {"table", "stool"} and item.h > rider.h * 1.1:
            base.scale(max(rider.h * 1.1 / item.h, 0.6))
        rider.scale(min(1.0, 1.02 * item.w / rider.w))
    else:
        rider.scale(max(min(1.0, item.w * (0.9 if riding else 0.75) / rider.w), 0.3))
        if riding and item.thing.name != "broom":
            base.scale(max(1.0, min(1.8, rider.h * 0.72 / item.h)))
    x, y = _seat(item)
    rider.put(middle=x, bottom=y + (0.2 * rider.h if riding else 0.03 * rider.h))
    for each in rider.items:
        if each.drawing.seat is not None:
            # Legs hang from the seat, as far as there is room for them.
            _, top, _, low = each.drawing.box
            hang = (low - each.drawing.seat) / (low - top) * each.h
            rider.move(0.0, min(hang, 0.94 * (item.box[3] - y)) - 0.03 * rider.h)
            break
    if item.thing.name in {"bed", "sofa", "chair", "swing", "bench"} or riding:
        rider.raise_(item.z + 2)
    else:
        rider.raise_(2)
    base.join(rider, overlapping=True)
    return base


def put_in(inner: Block, outer: Block, share: float = 0.66) -> Block:
    item = outer.main
    low = item.box[3]
    rim = item.thing.rim
    if rim is None or item.thing.section == "buildings":
        # No opening to look out of: in front of it, as somebody in a doorway or in a tree.
        small = 0.42 if item.thing.section in {"buildings", "plants"} else 0.5
        inner.scale(min(1.0, small * item.h / inner.h, 0.6 * item.w / inner.w))
        bottom = (
            low
            if item.thing.section == "buildings"
            else item.y + inner.h * 0.5 - (0.16 * item.h if item.thing.section == "plants" else 0)
        )
        inner.put(middle=item.x, bottom=bottom)
        inner.raise_(item.z + 3)
    else:
        _heap(inner)
        outer.scale(max(1.0, min(1.7, inner.w / (item.w * 1.2))))
        if inner.main.thing.section == "plants":
            inner.scale(0.95 * item.h / inner.h)
        inner.scale(min(1.0, (0.8 if rim > 0.05 else 1.3) * item.w * share / 0.66 / inner.w, 1.15 * item.h / inner.h))
        edge = item.box[1] + rim * item.h
        inner.put(middle=item.x, bottom=edge + 0.36 * min(inner.main.h, item.h * (1 - rim) * 1.6))
        # Behind the front of what holds it, which is drawn once more, but in front of its back and its handles.
        inner.raise_(item.z + 1 - min(each.z for each in inner.items))
        fronts = [each for each in outer.items if each.clip is not None and each.subject == item.subject]
        outer.items = [each for each in outer.items if each not in fronts]
        front = replace(item, z=max(each.z for each in (*inner.items, *fronts)) + 1, clip=rim)
        front.joined |= {id(item)}
        outer.items.append(front)
    outer.join(inner, overlapping=True)
    return outer


def _heap(block: Block) -> None:
    """Many of a kind in a container lie on each other: rows that narrow upwards, closer than side by side."""
    alike = [each for each in block.items if each.subject == block.main.subject and each.clip is None]
    if len(alike) < 4 or len(alike) != len(block.items):
        return
    x1, _, x2, y2 = block.box
    w, h = max(each.w for each in alike), max(each.h for each in alike)
    wide = max(2, math.ceil((math.sqrt(8 * len(alike) + 1) - 1) / 2) + 1)
    by = min(1.0, (x2 - x1) / (wide * w * 0.86)) if (x2 - x1) < wide * w * 0.86 else 1.0
    together = frozenset(id(each) for each in alike)
    placed, row = 0, 0
    while placed < len(alike):
        here = alike[placed : placed + max(wide - row, 1)]
        for number, each in enumerate(here):
            each.w, each.h = each.w * by, each.h * by
            each.x = (x1 + x2) / 2 + (number - (len(here) - 1) / 2) * w * by * 0.86
            each.y = y2 - each.h / 2 - row * h * by * 0.62
            each.z, each.joined = -row, each.joined | together
        placed, row = placed + len(here), row + 1


def put_under(lower: Block, upper: Block) -> Block:
    item = upper.main
    if item.thing.name in {"table", "bench", "bridge", "swing", "bed", "chair"}:
        upper.scale(min(2.2, max(1.0, lower.h / (0.5 * item.h), lower.w / (0.62 * item.w))))
        lower.scale(min(1.0, 0.48 * item.h / lower.h, 0.7 * item.w / lower.w))
        lower.put(middle=item.x, bottom=item.box[3])
        lower.raise_(item.z - 1)
        upper.join(lower, overlapping=True)
        return upper
    if item.thing.name in ROOFS or item.thing.section == "plants":
        upper.scale(max(1.0, min(1.8, 2.1 * lower.h / item.h)))
        lower.scale(min(1.0, 0.5 * item.h / lower.h))
        lower.put(left=item.x + 0.14 * item.w, bottom=item.box[3])
        lower.raise_(item.z + 3)
        upper.join(lower, overlapping=True)
        return upper
    if item.thing.name in {"umbrella", "rainbow"} and len(upper.items) == 1:
        for each in upper.items:
            _fit(each, width=max(each.w, lower.w * (1.35 if item.thing.name == "umbrella" else 1.7)))
        upper.put(middle=(lower.box[0] + lower.box[2]) / 2, bottom=lower.box[1] + 0.3 * item.h)
        upper.raise_(-3)
        lower.join(upper, overlapping=True)
        return lower
    return stacked(upper, lower, GAP * 0.8, None)


def jumped(mine: Block, other: Block) -> Block:
    """At the top of a jump over it. Nobody jumps over what is much larger."""
    other.scale(min(1.0, max(0.45, 1.2 * mine.w / other.w, 0.9 * mine.h / other.h)))
    return stacked(mine, other, GAP * 1.2, None)


def stacked(upper: Block, lower: Block, gap: float, rng: random.Random | None) -> Block:
    x1, y1, x2, _ = lower.box
    shift = rng.uniform(-0.12, 0.12) * (x2 - x1) if rng else 0.0
    upper.put(middle=(x1 + x2) / 2 + shift, bottom=y1 - gap)
    for item in upper.items:
        item.aloft = True
    lower.join(upper, overlapping=False)
    return lower


def overlapped(front: Block, back: Block, rng: random.Random) -> Block:
    side = rng.choice((-1, 1))
    x1, _, x2, y2 = back.box
    if front.main.thing.section in LIVING and front.h > back.h * 1.05:
        back.scale(min(1.5, front.h * 1.05 / back.h))
        x1, _, x2, y2 = back.box
    if back.main.thing.section in LIVING:
        # Who is behind something looks out on the free side.
        for item in back.items:
            faces(item, "left" if side > 0 else "right")
    middle = (x1 + x2) / 2
    if front.main.h * front.main.w > 0.3 * back.main.h * back.main.w:
        reach = (front.w + back.w) / 2
        shifts = [side * reach * (0.94 - 0.94 * number / SHIFTS) for number in range(SHIFTS + 1)]
        front.put(middle=middle, bottom=y2 + 0.06)
        front.move(_covering(front, back, shifts), 0.0)
    else:
        front.put(middle=middle + side * 0.2 * (x2 - x1), bottom=y2 + 0.06)
    front.raise_(6 + max(item.z for item in back.items) - min(item.z for item in front.items))
    back.join(front, overlapping=True)
    return back


SHIFTS: Final = 14
HIDDEN: Final = 0.3
"""Share of what is behind something that it hides: enough to say so, and little enough to know it by the rest."""


def _covering(front: Block, back: Block, shifts: Sequence[float]) -> float:
    """How far aside the front one goes: the first shift that hides HIDDEN of the back one, but not its head."""
    x1, y1, x2, y2 = back.box
    across, down = np.meshgrid(np.linspace(x1, x2, 26)[1:-1], np.linspace(y1, y2, 26)[1:-1])
    points = np.stack([across.ravel(), down.ravel()], axis=1)
    points = points[np.any([item.covers(points) for item in back.items], axis=0)]
    x, y, wide = back.main.head()
    head = np.hypot(points[:, 0] - x, points[:, 1] - y) < wide * 0.45
    if back.main.thing.section not in LIVING or not head.any():
        head[:] = False
    best, most = shifts[0], -1.0
    for shift in shifts:
        hidden = np.any([item.covers(points - np.array([shift, 0.0])) for item in front.items], axis=0)
        seen = not head.any() or hidden[head].mean() < 0.3
        share = float(hidden.mean()) if len(hidden) else 0.0
        if seen and share > most:
            best, most = shift, share
        if most >= HIDDEN:
            break
    return best


def between(mine: Block, other: Block) -> Block:
    copies = [item for item in other.items if item.subject == other.main.subject]
    if len(copies) >= 2 and len(copies) < len(other.items):
        # Somebody is between them already, or they carry something: next to all of it.
        other.put(left=mine.box[2] + GAP * 0.8, bottom=mine.box[3])
        mine.join(other, overlapping=False)
        return mine
    if len(copies) >= 2:
        halves = [copies[: len(copies) // 2], copies[len(copies) // 2 :]]
        left, right = ([Block([item], other.place, item) for item in half] for half in halves)
        mine.put(middle=0.0, bottom=0.0)
        edge = mine.box[0] - GAP * 0.5
        for block in reversed(left):
            block.put(left=edge - block.w, bottom=0.0)
            edge -= block.w + GAP * 0.5
        edge = mine.box[2] + GAP * 0.5
        for block in right:
            block.put(left=edge, bottom=0.0)
            edge += block.w + GAP * 0.5
        mine.items += other.items
        return mine
    kept = [item for item in mine.items if item.subject == mine.main.subject]
    placed = [item for item in mine.items if item not in kept]
    if placed:
        # The first of the two stands on the left already.
        mine.put(middle=0.0, bottom=0.0)
        first = min(item.box[0] for item in kept) > min(item.box[0] for item in placed)
        other.put(left=mine.box[2] + GAP * 0.5 if first else mine.box[0] - other.w - GAP * 0.5, bottom=0.0)
    else:
        other.put(left=mine.box[0] - other.w - GAP * 0.5, bottom=mine.box[3])
    mine.join(other, overlapping=False)
    return mine


def beside(mine: Block, other: Block, relation: Relation, rng: random.Random) -> Block:
    sky = other.place == "sky" and mine.place != "sky"
    if relation is Relation.CHASE:
        for item in (*mine.items, *other.items):
            faces(item, "right")
    elif relation is Relation.FACE or (relation is Relation.BESIDE and not sky):
        for item in mine.items:
            faces(item, "right")
        for item in other.items:
            faces(item, "left" if relation is Relation.FACE or rng.random() < 0.7 else "right")
    if sky:
        _, y1, x2, _ = mine.box
        other.scale(min(1.0, 0.8 * mine.w / other.w) if mine.w > 0.6 else 1.0)
        other.put(left=x2 + GAP * 0.4, bottom=y1 + (mine.h * 0.42))
        mine.join(other, overlapping=False)
        return mine
    if mine.place == other.place == "sky":
        other.put(left=mine.box[2] + 0.1 * GAP, bottom=mine.box[1] + 0.2 * mine.h)
        mine.join(other, overlapping=False)
        return mine
    gap = GAP * (0.25 if relation is Relation.FACE else 1.5 if relation is Relation.CHASE else 0.8)
    other.put(left=mine.box[2] + gap, bottom=mine.box[3])
    mine.join(other, overlapping=False)
    return mine


def felt(mine: Block, sign: Block) -> Block:
    """The sign of a mood beside the top of the head."""
    item = mine.main
    x, y, width = item.head()
    x1, _, x2, _ = mine.box
    if item.thing.looks and not item.pose:
        side = -1.0 if (item.thing.looks == "left") != item.flip else 1.0
    else:
        side = -1.0 if item.x < (x1 + x2) / 2 - 0.02 * (x2 - x1) else 1.0
    sign.scale(min(1.0, 0.34 * item.h / sign.h, 0.5 * width / sign.w))
    sign.put(middle=x + side * (0.55 * width + 0.5 * sign.w), bottom=max(item.box[1], y - 0.55 * width) + 0.25 * sign.h)
    sign.raise_(item.z + 4)
    mine.join(sign, overlapping=True)
    return mine


def dreamt(mine: Block, other: Block) -> Block:
    """A thought above the head: a bubble with the thing in it."""
    _, y1, x2, _ = mine.box
    other.scale(min(1.0, 0.85 * mine.w / other.w, 0.75 * mine.h / other.h))
    thing = vocabulary.by_name()["thought bubble"]
    art = GlyphArt(font().glyph(thing.drawing))
    drawing = Drawing(art.box, (Part(art, thing.colours, thing.solid or INK),))
    ratio = (drawing.box[3] - drawing.box[1]) / (drawing.box[2] - drawing.box[0])
    side = max(other.w * 1.9, other.h * 1.9 / ratio, mine.w * 0.55)
    bubble = Item(other.main.subject, thing, drawing, side, side * ratio, z=min(item.z for item in other.items) - 1)
    bubble.x, bubble.y = x2 + side * 0.22, y1 - bubble.h * 0.53
    other.move(
        bubble.x + side * 0.03 - (other.box[0] + other.box[2]) / 2,
        bubble.y - side * 0.09 - (other.box[1] + other.box[3]) / 2,
    )
    other.join(Block([bubble], "sky", bubble), overlapping=True)
    mine.join(other, overlapping=False)
    return mine
