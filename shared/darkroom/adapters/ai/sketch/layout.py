"""Where everything stands: relations first, then a row on the ground, a band in the sky, and all of it onto the sheet.

Things are tempered towards each other, because a mouse drawn true to an elephant would be a dot. Two things overlap
only where a relation asks for it (held, worn, ridden, inside, behind).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch import shapes, vocabulary
from darkroom.adapters.ai.sketch.art import Drawing, GlyphArt, Part
from darkroom.adapters.ai.sketch.glyphs import font
from darkroom.adapters.ai.sketch.language import FACES, LIVING, Link, Relation, Scene, Subject
from darkroom.adapters.ai.sketch.styles import recoloured

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from darkroom.adapters.ai.sketch.vocabulary import Thing

TEMPER: Final = 0.3
"""Heights in nature to this power are heights in the drawing."""
GAP: Final = 0.16
"""Between neighbours, in units of layout; a person is about 1.2 high."""
SHIRTS: Final = ("#5fa8d8", "#ef7f5f", "#6fbf8a", "#f2b84b", "#a58be0", "#f08aa5")
TROUSERS: Final = ("#45566b", "#5b6fa5", "#7b5a44", "#4f7a6b")
SHOES: Final = ("#8a3f38", "#3f3f48", "#c9803f")
RAINBOW: Final = ("#ef5a5a", "#f6a53c", "#f7d04a", "#6cc070", "#5fa8e0", "#9b7fe0", "#f08ab5")
DRESSED: Final = frozenset({"girl", "woman", "princess", "bride", "old woman", "mrs claus", "dancer"})
SKIN: Final = ("#f6c9a0", "#eab98c", "#c98f62", "#8f5f3f", "#fbd9b8")
FLAT: Final = frozenset({"rug", "table", "bench", "sofa", "bed", "stage", "fence", "branch", "lily pad", "cushion",
                         "box", "shelf", "stool", "chair", "log"})  # fmt: skip
"""What is made to carry: as wide as what is on it."""
ROOFS: Final = frozenset({"tree", "pine", "christmas tree", "palm", "beach umbrella", "table", "street lamp", "bridge",
                          "mushroom", "swing"})  # fmt: skip
"""What one stands under without being under the ground."""
OVERHEAD: Final = frozenset({"umbrella", "balloon", "kite", "parachute", "heart", "flag", "broken heart"})
"""What is held up, not in front."""


@dataclass(eq=False)
class Item:
    """One drawing on the sheet. `x`, `y` is the middle of its box; `turn` in degrees clockwise, about it."""

    subject: int
    thing: Thing
    drawing: Drawing
    w: float
    h: float
    x: float = 0.0
    y: float = 0.0
    flip: bool = False
    turn: float = 0.0
    z: int = 0
    pose: str = "stand"
    """The pose that it would be drawn in by itself; a walk alternates with it."""
    other: Drawing | None = None
    """The other step of its walk."""
    joined: frozenset[int] = field(default_factory=frozenset)
    """Ids of the items that it may overlap."""
    string: tuple[float, float] | None = None
    """Where the string that it hangs on ends."""
    aloft: bool = False
    """In the air, whatever it is: it has no shadow."""
    clip: float | None = None
    """Drawn only below this share of its height: the front of what holds something."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        return self.x - self.w / 2, self.y - self.h / 2, self.x + self.w / 2, self.y + self.h / 2

    def head(self) -> tuple[float, float, float]:
        """Middle and width of its head, on the sheet."""
        if self.drawing.head:
            x, y, width = self.drawing.head
            scale = self.h / (self.drawing.box[3] - self.drawing.box[1])
            across = (x - (self.drawing.box[0] + self.drawing.box[2]) / 2) * scale
            return self.x + (-across if self.flip else across), self.box[1] + (y - self.drawing.box[1]) * scale, width * scale
        x, y, width = self.thing.head or (0.5, 0.42, 0.8)
        if self.flip:
            x = 1 - x
        return self.box[0] + x * self.w, self.box[1] + y * self.h, width * self.w

    def grip(self) -> tuple[float, float]:
        """Where it holds things, on the sheet."""
        if self.drawing.grip:
            x, y = self.drawing.grip
            scale = self.h / (self.drawing.box[3] - self.drawing.box[1])
            across = (x - (self.drawing.box[0] + self.drawing.box[2]) / 2) * scale
            return self.x + (-across if self.flip else across), self.box[1] + (y - self.drawing.box[1]) * scale
        left = (self.thing.looks == "left") != self.flip
        return self.x + (-0.46 if left else 0.46) * self.w, self.box[1] + 0.6 * self.h


@dataclass(eq=False)
class Block:
    """Items that stand together. `place` is ground, sky or water; `main` is the one that carries others."""

    items: list[Item]
    place: str
    main: Item

    @property
    def box(self) -> tuple[float, float, float, float]:
        boxes = [item.box for item in self.items]
        return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)

    @property
    def w(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def h(self) -> float:
        return self.box[3] - self.box[1]

    def move(self, dx: float, dy: float) -> None:
        for item in self.items:
            item.x, item.y = item.x + dx, item.y + dy
            if item.string:
                item.string = item.string[0] + dx, item.string[1] + dy

    def put(self, *, left: float | None = None, bottom: float | None = None, middle: float | None = None) -> None:
        x1, _, x2, y2 = self.box
        dx = 0.0 if left is None else left - x1
        if middle is not None:
            dx = middle - (x1 + x2) / 2
        self.move(dx, 0.0 if bottom is None else bottom - y2)

    def scale(self, by: float) -> None:
        x1, _, x2, y2 = self.box
        x = (x1 + x2) / 2
        for item in self.items:
            item.x, item.y = x + (item.x - x) * by, y2 + (item.y - y2) * by
            item.w, item.h = item.w * by, item.h * by
            if item.string:
                item.string = x + (item.string[0] - x) * by, y2 + (item.string[1] - y2) * by

    def raise_(self, by: int) -> None:
        for item in self.items:
            item.z += by

    def join(self, other: Block, *, overlapping: bool) -> None:
        """Takes the other's items; from now on they stand together."""
        if overlapping:
            mine = frozenset(id(item) for item in self.items)
            theirs = frozenset(id(item) for item in other.items)
            for item in self.items:
                item.joined |= theirs
            for item in other.items:
                item.joined |= mine
        self.items += [item for item in other.items if item not in self.items]


@dataclass(frozen=True)
class Layout:
    """Items in pixels, from back to front; `ground` is where the ground is, None where nothing stands on any."""

    items: tuple[Item, ...]
    ground: float | None
    focus: tuple[float, float, float, float]
    """The box of what the picture is about."""


# --- drawings of things ----------------------------------------------------------------------------------------------


def drawn(subject: Subject, rng: random.Random, *, pose: str = "stand", copy: int = 0, variant: int = 0, upright: bool = False) -> tuple[Drawing, Thing, str]:
    """The drawing of one copy of a subject, the thing as which it is drawn, and the pose it has taken."""
    thing = subject.thing
    colours, solid = thing.colours or ("#ffffff",), thing.solid or shapes.INK
    body, emoji = thing.body, thing.drawing
    if upright and thing.face:
        body, emoji = "plush", thing.face
    elif variant:
        choices = [emoji, *([thing.face] if thing.face else []), *(other for other in thing.others if other != thing.face)]
        emoji = choices[variant % len(choices)]
        if emoji == thing.face:
            body = "plush"
        elif emoji != thing.drawing:
            other = vocabulary.known_drawings().get(vocabulary.bare(emoji))
            if other is not None:
                colours, solid, body = other.colours or colours, other.solid or solid, other.body
            else:
                body = ""
    if emoji != thing.drawing:
        thing = replace(thing, head=None, seat=None)
    tint = subject.colour
    if tint == "rainbow":
        tint = RAINBOW[(copy + rng.randrange(len(RAINBOW))) % len(RAINBOW)] if subject.count == 1 else RAINBOW[copy % len(RAINBOW)]
    if emoji.startswith("@"):
        drawing = shapes.shape(emoji[1:], (tint, *colours[1:]) if tint else colours)
    elif body:
        drawing = _figure(subject, emoji, body, colours, solid, tint, pose, rng)
    else:
        glyph = font().glyph(emoji)
        part = Part(GlyphArt(glyph), colours, solid)
        drawing = Drawing(glyph.box, (recoloured(part, tint) if tint else part,))
    return drawing, thing, pose if body else ""


def _figure(
    subject: Subject, emoji: str, body: str, colours: tuple[str, ...], solid: str, tint: str, pose: str, rng: random.Random
) -> Drawing:
    clothes = (rng.choice(SHIRTS), rng.choice(TROUSERS), rng.choice(SHOES))
    if body == "person":
        clothes = (tint or COSTUMES.get(subject.thing.name, clothes[0]), *clothes[1:])
        if subject.thing.name in COSTUMES:
            clothes = (clothes[0], COSTUMES[subject.thing.name], clothes[2])
        skin = rng.choice(SKIN) if colours[0] == SKIN[0] else colours[0]
        colours = (skin, *colours[1:])
    elif tint:
        if solid in {"#8a5a38"}:
            solid = tint
        else:
            colours = (tint, *colours[1:])
    return shapes.figure(
        font().glyph(emoji), body, colours, solid, pose=pose, clothes=clothes, dress=subject.thing.name in DRESSED
    )


COSTUMES: Final = {
    "astronaut": "#eef1f5", "santa": "#d63a34", "mrs claus": "#d63a34", "cook": "#ffffff", "police officer": "#4f6fb0",
    "firefighter": "#c9803f", "ninja": "#3a3a44", "skeleton": "#f7f4ea", "robot": "#c3d0db", "alien": "#b5dd8a",
    "vampire": "#3a2f3f", "doctor": "#ffffff", "bride": "#ffffff", "groom": "#33333c", "wizard": "#7e6fc4",
    "witch": "#7e6fc4", "princess": "#f3a0c4", "prince": "#7e5fb0", "clown": "#f6cf4a", "zombie": "#6b7f8a",
    "elf": "#5b8a4a", "judge": "#3f3f48",
}  # fmt: skip


def size_of(subject: Subject, drawing: Drawing) -> tuple[float, float]:
    """Width and height in units of layout."""
    x1, y1, x2, y2 = drawing.box
    aspect = (x2 - x1) / (y2 - y1)
    high = max(subject.thing.height, 0.03) ** TEMPER * subject.size / max(1.0, aspect) ** 0.5
    return high * aspect, high


def faces(item: Item, way: str) -> None:
    """Turns it to look left or right, if it looks to either side at all."""
    if item.thing.looks and item.pose == "":
        item.flip = item.thing.looks != way


# --- blocks ----------------------------------------------------------------------------------------------------------


class _Builder:
    def __init__(self, scene: Scene, rng: random.Random, variant: int, aspect: float) -> None:
        self.scene, self.rng, self.variant, self.aspect = scene, rng, variant, aspect
        self.blocks: dict[int, Block] = {}
        self.taken: set[int] = set()

    def build(self) -> list[Block]:
        scene = self.scene
        attached = [link for link in scene.links if self._attaches(link)]
        for link in attached:
            if link.object != link.subject:
                self.taken.add(link.object)
        for index, subject in enumerate(scene.subjects):
            if index not in self.taken:
                self.blocks[index] = self._units(index, subject, [link for link in attached if link.subject == index])
        rest = [link for link in scene.links if link not in attached]
        for link in sorted(rest, key=lambda each: ORDER.index(each.relation)):
            self._link(link)
        unique: list[Block] = []
        for block in self.blocks.values():
            if block not in unique:
                unique.append(block)
        return unique

    def _attaches(self, link: Link) -> bool:
        if link.subject == link.object:
            return False
        # A thing that several carry, or that has relations of its own, stands by itself.
        carried = sum(each.object == link.object for each in self.scene.links)
        own = any(each.subject == link.object for each in self.scene.links)
        if link.relation in {Relation.WEAR, Relation.HOLD, Relation.PLAY}:
            return carried == 1 and not own
        return link.relation is Relation.RIDE and carried == 1 and not own

    def _upright(self, index: int) -> str:
        """The pose that a subject's links ask for."""
        asked = {link.relation for link in self.scene.links if link.subject == index}
        for relation, pose in ((Relation.PLAY, "play"), (Relation.RIDE, "ride"), (Relation.HOLD, "hold"), (Relation.WEAR, "stand")):
            if relation in asked:
                return pose
        return ""

    def _units(self, index: int, subject: Subject, attached: Sequence[Link]) -> Block:
        units = [self._unit(index, subject, copy, attached) for copy in range(subject.count)]
        place = subject.place or subject.thing.place
        return arranged(units, place, self.rng, self.aspect)

    def _unit(self, index: int, subject: Subject, copy: int, attached: Sequence[Link]) -> Block:
        asked = self._upright(index)
        alone = len(self.scene.subjects) == 1 and not self.scene.links
        variant = self.variant if alone else 0
        if subject.thing.drawing in {face for faces_ in FACES.values() for face in faces_.values()}:
            variant = 0
        pose = asked or ("cheer" if subject.mood in {"happy"} or subject.motion in {"dance", "jump"} else "stand")
        if alone and not asked and variant % 3 == 2:
            pose = "cheer"
        drawing, thing, taken = drawn(subject, self.rng, pose=pose, copy=copy, variant=variant, upright=bool(asked))
        w, h = size_of(subject, drawing)
        vary = self.rng.uniform(0.92, 1.08) if subject.count > 1 else 1.0
        item = Item(index, thing, drawing, w * vary, h * vary, pose=taken)
        if thing.looks and not taken:
            item.flip = self.rng.random() < 0.5 if (subject.count > 1 or self.variant) else self.rng.random() < 0.3
        block = Block([item], subject.place or thing.place, item)
        block.put(middle=0.0, bottom=0.0)
        for link in attached:
            other = self.scene.subjects[link.object]
            if copy and other.count == 1:
                continue
            for number in range(1 if subject.count > 1 else min(other.count, 3)):
                self._attach(block, link.relation, self._loose(link.object, other, copy + number), number)
        return block

    def _loose(self, index: int, subject: Subject, copy: int) -> Block:
        drawing, thing, pose = drawn(subject, self.rng, copy=copy)
        w, h = size_of(subject, drawing)
        item = Item(index, thing, drawing, w, h, pose=pose)
        block = Block([item], thing.place, item)
        block.put(middle=0.0, bottom=0.0)
        return block

    # what is worn, held, played and ridden

    def _attach(self, block: Block, relation: Relation, other: Block, number: int) -> None:
        item, thing = block.main, other.main
        if relation is Relation.WEAR:
            _worn(item, thing)
        elif relation is Relation.PLAY:
            _played(item, thing, self.rng)
        elif relation is Relation.HOLD:
            _held(item, thing, number)
        else:
            _seated(block, other)
            return
        block.join(other, overlapping=True)

    # what stands to what

    def _link(self, link: Link) -> None:
        if link.subject not in self.blocks or link.object not in self.blocks:
            return
        mine, other = self.blocks[link.subject], self.blocks[link.object]
        if mine is other:
            return
        mine.main = next(item for item in mine.items if item.subject == link.subject)
        other.main = next(item for item in other.items if item.subject == link.object)
        merged = self._related(link, mine, other)
        for index, block in list(self.blocks.items()):
            if block in {mine, other}:
                self.blocks[index] = merged

    def _related(self, link: Link, mine: Block, other: Block) -> Block:
        relation = link.relation
        if relation in {Relation.ON, Relation.RIDE}:
            if other.main.thing.name in {"swing"}:
                mine.scale(min(1.0, 0.5 * other.h / mine.h))
            return _put_on(mine, other)
        if relation is Relation.ON_TOP:
            other.scale(min(1.0, 0.5 * mine.h / other.h))
            return _put_on(other, mine)
        if relation is Relation.FULL:
            return _put_in(other, mine)
        if relation is Relation.IN:
            return _put_in(mine, other)
        if relation is Relation.UNDER:
            return _put_under(mine, other)
        if relation is Relation.ABOVE:
            return _stacked(mine, other, GAP * 1.6, self.rng)
        if relation is Relation.BEHIND:
            return _overlapped(other, mine, self.rng)
        if relation is Relation.FRONT:
            return _overlapped(mine, other, self.rng)
        if relation is Relation.BETWEEN:
            return _between(mine, other)
        if relation is Relation.FEEL:
            return _felt(mine, other)
        if relation is Relation.DREAM:
            return _dreamt(mine, other)
        return _beside(mine, other, relation, self.rng)


ORDER: Final = (
    Relation.FULL, Relation.IN, Relation.ON_TOP, Relation.ON, Relation.RIDE, Relation.HOLD, Relation.PLAY, Relation.WEAR, Relation.WITH,
    Relation.UNDER, Relation.FRONT, Relation.BEHIND, Relation.CHASE, Relation.FACE, Relation.BETWEEN, Relation.BESIDE,
    Relation.FEEL, Relation.ABOVE, Relation.DREAM,
)  # fmt: skip


def arranged(units: list[Block], place: str, rng: random.Random, aspect: float) -> Block:
    """Copies of one thing, side by side: a row, staggered rows, or strewn over the sky."""
    if len(units) == 1:
        return units[0]
    shape = (units[0].h + GAP) / (units[0].w + GAP) * min(max(aspect, 0.5), 2.0)
    across = len(units) if len(units) <= 3 else max(1, round(math.sqrt(len(units) * 1.25 * shape)))
    rows = [units[start : start + across] for start in range(0, len(units), across)]
    if len(rows) > 1 and len(rows[-1]) < len(rows[-2]) - 1 and len(units) > 3:
        flat = [unit for row in rows for unit in row]
        base, extra = divmod(len(flat), len(rows))
        rows, start = [], 0
        for number in range(math.ceil(len(flat) / across)):
            size = base + (number < extra)
            rows.append(flat[start : start + size])
            start += size
    result = Block([], place, units[0].main)
    bottom = 0.0
    for number, row in enumerate(rows):
        gap = GAP * (0.7 if place == "ground" else 1.2)
        left = 0.0
        for unit in row:
            lift = rng.uniform(-0.5, 0.5) * gap if place != "ground" else 0.0
            unit.put(left=left, bottom=bottom + lift)
            left += unit.w + gap * rng.uniform(0.7, 1.2)
        offset = -left / 2 + (rng.uniform(-0.1, 0.1) if number else 0)
        for unit in row:
            unit.move(offset, 0)
            unit.raise_(-10 * number)
            result.items += unit.items
        bottom -= max(unit.h for unit in row) + gap * 0.9
    result.put(middle=0.0, bottom=0.0)
    return result


# --- one by one ------------------------------------------------------------------------------------------------------


def _fit(item: Item, *, width: float | None = None, height: float | None = None) -> None:
    by = min(width / item.w if width else math.inf, height / item.h if height else math.inf)
    item.w, item.h = item.w * by, item.h * by


def _worn(item: Item, hat: Item) -> None:
    x, y, width = item.head()
    name = hat.thing.name
    hat.z = item.z + 3
    if item.thing.name in HATTED and hat.thing.name in HATS:
        hat.drawing, hat.w, hat.h = Drawing((0.0, 0.0, 1.0, 1.0), ()), 0.01, 0.01
        hat.x, hat.y = x, y
        return
    if name in {"glasses", "sunglasses", "goggles", "snorkel"}:
        _fit(hat, width=width * 0.86)
        hat.x, hat.y = x, y - 0.02 * item.h
    elif name in {"headphones"}:
        _fit(hat, width=width * 1.2)
        hat.x, hat.y = x, y - 0.02 * item.h
    elif name in {"scarf", "tie", "ribbon", "medal"}:
        _fit(hat, width=width * (0.62 if name != "scarf" else 0.75))
        hat.x, hat.y = x, y + width * 0.5 + hat.h * 0.32
    elif name in {"shirt", "dress", "coat", "vest", "jersey", "blouse", "kimono", "jeans", "shorts", "bikini", "sneaker",
                  "hiking boot", "socks", "gloves", "backpack"}:  # fmt: skip
        _fit(hat, height=item.h * 0.34)
        hat.x, hat.y = item.box[2] + hat.w * 0.62, item.box[3] - hat.h / 2
    else:
        _fit(hat, width=width * (1.12 if name in {"sun hat", "top hat"} else 0.92))
        top = max(item.box[1], y - width * 0.52)
        hat.x, hat.y = x, top - hat.h * 0.5 + hat.h * 0.24
        hat.turn = -6.0 if not item.flip else 6.0


HATTED: Final = frozenset({"snowman", "santa", "mrs claus", "wizard", "cowboy", "prince", "princess", "guard", "police officer"})
HATS: Final = frozenset({"top hat", "sun hat", "cap", "crown"})
"""What somebody with a hat of their own does not wear above it."""


def _played(item: Item, instrument: Item, rng: random.Random) -> None:
    instrument.z = item.z + 3
    name = instrument.thing.name
    low = item.drawing.head[1] if item.drawing.head else None
    middle = item.y + item.h * (0.27 if low is not None else 0.12)
    if name in {"drum", "bongo"}:
        _fit(instrument, height=item.h * 0.42)
        instrument.x, instrument.y = item.x, item.box[3] - instrument.h * 0.4
    elif name in {"piano"}:
        _fit(instrument, width=item.w * 1.1)
        instrument.x, instrument.y = item.x + item.w * 0.1, item.box[3] - instrument.h * 0.45
    elif name in {"trumpet", "saxophone", "flute", "microphone", "maracas"}:
        _fit(instrument, height=item.h * 0.4)
        instrument.x, instrument.y = item.x + item.w * 0.3, middle
    else:
        _fit(instrument, width=item.w * 0.86, height=item.h * 0.55)
        instrument.x, instrument.y = item.x + item.w * 0.06, middle
        instrument.turn = rng.uniform(2, 12)


def _held(item: Item, thing: Item, number: int) -> None:
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
        thing.x, thing.y = x + side * (0.25 * thing.w + number * thing.w * 0.8), item.box[1] - thing.h * (0.35 + 0.12 * (number % 2))
        if thing.thing.name != "flag":
            thing.string = (x, y)
        else:
            thing.x, thing.y = x + side * thing.w * 0.3, y - thing.h * 0.4
        return
    _fit(thing, height=min(thing.h, item.h * 0.42))
    _fit(thing, width=min(thing.w, item.w * 0.62))
    if item.drawing.grip:
        thing.x, thing.y = x + side * thing.w * 0.22, y - thing.h * 0.3
    else:
        thing.x, thing.y = x + side * thing.w * 0.36, y
    thing.x += side * number * thing.w * 0.7


def _seated(block: Block, mount: Block) -> None:
    """The block gets onto (or into) the mount, and the mount becomes part of it."""
    if mount.main.thing.name == "broom":
        # Brush behind, handle ahead, and off the ground.
        mount.main.turn = 42.0
        mount.main.thing = replace(mount.main.thing, seat=(0.5, 0.5))
        for item in (*block.items, mount.main):
            item.aloft = True
    joined = _put_on(block, mount) if mount.main.thing.rim is None else _put_in(block, mount, share=0.62)
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


def _put_on(rider: Block, base: Block) -> Block:
    item = base.main
    riding = any(each.pose == "ride" for each in rider.items)
    if item.thing.name in FLAT:
        wide = rider.w * (1.12 if len(rider.items) > 1 else 1.25)
        grow = min(max(wide / item.w, 0.75), 3.0)
        base.scale(grow)
        if item.thing.name in {"table", "stool"} and item.h > rider.h * 1.1:
            base.scale(max(rider.h * 1.1 / item.h, 0.6))
        rider.scale(min(1.0, 1.02 * item.w / rider.w))
    else:
        rider.scale(max(min(1.0, item.w * (0.9 if riding else 0.75) / rider.w), 0.3))
        if riding:
            base.scale(max(1.0, min(1.8, rider.h * 0.72 / item.h)))
    x, y = _seat(item)
    taken = [each for each in base.items if each is not item and each.box[3] <= y + item.h * 0.12 and each.z > item.z]
    rider.put(middle=x, bottom=y + (0.2 * rider.h if riding else 0.03 * rider.h))
    if taken:
        # Somebody sits there already: next to them.
        right = max(each.box[2] for each in taken)
        rider.put(left=right + 0.04, bottom=y + 0.03 * rider.h)
        both = [*taken, *rider.items]
        middle = (min(each.box[0] for each in both) + max(each.box[2] for each in both)) / 2
        for each in both:
            each.x += x - middle
        if item.thing.name in FLAT:
            needed = (max(each.box[2] for each in both) - min(each.box[0] for each in both)) * 1.08
            if needed > item.w:
                grow = needed / item.w
                low = item.box[3]
                item.w, item.h = item.w * grow, item.h * grow
                item.y = low - item.h / 2
                shift = _seat(item)[1] - y
                for each in both:
                    each.y += shift
    if item.thing.name in {"bed", "sofa", "chair", "swing"} or riding:
        rider.raise_(item.z + 2)
    else:
        rider.raise_(2)
    base.join(rider, overlapping=True)
    return base


def _put_in(inner: Block, outer: Block, share: float = 0.66) -> Block:
    item = outer.main
    low = item.box[3]
    rim = item.thing.rim
    if rim is None or item.thing.section == "buildings":
        # No opening to look out of: in front of it, as somebody in a doorway or in a tree.
        small = 0.42 if item.thing.section in {"buildings", "plants"} else 0.5
        inner.scale(min(1.0, small * item.h / inner.h, 0.6 * item.w / inner.w))
        bottom = low if item.thing.section == "buildings" else item.y + inner.h * 0.5 - (0.16 * item.h if item.thing.section == "plants" else 0)
        inner.put(middle=item.x, bottom=bottom)
        inner.raise_(item.z + 3)
    else:
        outer.scale(max(1.0, min(1.7, inner.w / (item.w * 1.2))))
        if inner.main.thing.section == "plants":
            inner.scale(0.95 * item.h / inner.h)
        inner.scale(min(1.0, (0.8 if rim > 0.05 else 1.3) * item.w * share / 0.66 / inner.w, 1.15 * item.h / inner.h))
        edge = item.box[1] + rim * item.h
        inner.put(middle=item.x, bottom=edge + 0.36 * min(inner.h, item.h * (1 - rim) * 1.6))
        # Behind the front of what holds it, which is drawn once more, but in front of its back and its handles.
        inner.raise_(item.z + 1 - min(each.z for each in inner.items))
        front = replace(item, z=max(each.z for each in inner.items) + 1, clip=rim)
        outer.items.append(front)
    outer.join(inner, overlapping=True)
    return outer


def _put_under(lower: Block, upper: Block) -> Block:
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
    if item.thing.name in {"umbrella", "rainbow"}:
        for each in upper.items:
            _fit(each, width=max(each.w, lower.w * (1.35 if item.thing.name == "umbrella" else 1.7)))
        upper.put(middle=(lower.box[0] + lower.box[2]) / 2, bottom=lower.box[1] + 0.3 * item.h)
        upper.raise_(-3)
        lower.join(upper, overlapping=True)
        return lower
    return _stacked(upper, lower, GAP * 0.8, None)


def _stacked(upper: Block, lower: Block, gap: float, rng: random.Random | None) -> Block:
    x1, y1, x2, _ = lower.box
    shift = rng.uniform(-0.12, 0.12) * (x2 - x1) if rng else 0.0
    upper.put(middle=(x1 + x2) / 2 + shift, bottom=y1 - gap)
    for item in upper.items:
        item.aloft = True
    lower.join(upper, overlapping=False)
    return lower


def _overlapped(front: Block, back: Block, rng: random.Random) -> Block:
    side = rng.choice((-1, 1))
    x1, _, x2, y2 = back.box
    if front.main.thing.section in LIVING and front.h > back.h * 1.05:
        back.scale(min(1.5, front.h * 1.05 / back.h))
        x1, _, x2, y2 = back.box
    overlap = 0.34 * min(front.w, back.w)
    middle = x2 - overlap + front.w / 2 if side > 0 else x1 + overlap - front.w / 2
    if back.w > 1.8 * front.w:
        middle = (x1 + x2) / 2 + side * 0.2 * (x2 - x1)
    front.put(middle=middle, bottom=y2 + 0.06)
    front.raise_(6 + max(item.z for item in back.items) - min(item.z for item in front.items))
    back.join(front, overlapping=True)
    return back


def _between(mine: Block, other: Block) -> Block:
    copies = [item for item in other.items if item.subject == other.main.subject]
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


def _beside(mine: Block, other: Block, relation: Relation, rng: random.Random) -> Block:
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
        x1, y1, x2, _ = mine.box
        other.scale(min(1.0, 0.8 * mine.w / other.w) if mine.w > 0.6 else 1.0)
        other.put(left=x2 + GAP * 0.4, bottom=y1 + (mine.h * 0.42))
        mine.join(other, overlapping=False)
        return mine
    if mine.place == other.place == "sky":
        other.put(left=mine.box[2] - 0.05 * mine.w, bottom=mine.box[1] + 0.35 * mine.h)
        mine.join(other, overlapping=False)
        return mine
    gap = GAP * (0.25 if relation is Relation.FACE else 1.5 if relation is Relation.CHASE else 0.8)
    other.put(left=mine.box[2] + gap, bottom=mine.box[3])
    mine.join(other, overlapping=False)
    return mine


def _felt(mine: Block, sign: Block) -> Block:
    """The sign of a mood beside the top of the head."""
    item = mine.main
    x, y, width = item.head()
    side = -1.0 if (item.thing.looks == "left") == item.flip else 1.0
    sign.scale(min(1.0, 0.34 * item.h / sign.h, 0.5 * width / sign.w))
    sign.put(middle=x + side * (0.5 * width + 0.4 * sign.w), bottom=max(item.box[1], y - 0.55 * width) + 0.25 * sign.h)
    sign.raise_(item.z + 4)
    mine.join(sign, overlapping=True)
    return mine


def _dreamt(mine: Block, other: Block) -> Block:
    """A thought above the head: a bubble with the thing in it."""
    _, y1, x2, _ = mine.box
    thing = vocabulary.by_name()["thought bubble"]
    drawing, thing, _ = drawn(Subject(thing), _Still())
    ratio = (drawing.box[3] - drawing.box[1]) / (drawing.box[2] - drawing.box[0])
    side = max(other.w * 1.9, other.h * 1.9 / ratio, mine.w * 0.55)
    bubble = Item(other.main.subject, thing, drawing, side, side * ratio, z=min(item.z for item in other.items) - 1)
    bubble.x, bubble.y = x2 + side * 0.22, y1 - bubble.h * 0.42
    other.move(bubble.x + side * 0.03 - (other.box[0] + other.box[2]) / 2, bubble.y - side * 0.09 - (other.box[1] + other.box[3]) / 2)
    other.join(Block([bubble], "sky", bubble), overlapping=True)
    mine.join(other, overlapping=False)
    return mine


class _Still:
    """A source of chance for what has none."""

    def randrange(self, _stop: int) -> int:
        return 0

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


# --- onto the sheet --------------------------------------------------------------------------------------------------


def laid_out(
    scene: Scene, rng: random.Random, *, width: float, height: float, margin: float, variant: int = 0, grounded: bool = False
) -> Layout:
    """Every item in pixels. `grounded` keeps room for a horizon; `variant` asks for another picture of the same."""
    blocks = _Builder(scene, rng, variant, width / height).build()
    ground = [block for block in blocks if block.place != "sky"]
    sky = [block for block in blocks if block.place == "sky"]
    if variant % 2 and len(ground) > 1:
        ground.reverse()
    lower = _row(ground, width / height)
    upper = _row(sky, width / height, airy=True, rng=rng)
    for block in (lower, upper):
        if block:
            block.put(middle=0.0, bottom=0.0)
    if lower and upper:
        upper.scale(min(1.0, max(0.55, 1.15 * lower.w / upper.w)))
        shift = rng.uniform(-0.3, 0.3) * max(0.0, lower.w - upper.w) if lower.w > upper.w else 0.0
        upper.put(middle=shift, bottom=lower.box[1] - GAP * 1.2)
        whole = Block([*lower.items, *upper.items], "ground", lower.main)
    else:
        whole = lower or upper
    if whole is None:
        return Layout((), None, (width / 2, height / 2, width / 2, height / 2))
    room_w, room_h = width * (1 - 2 * margin), height * (1 - 2 * margin)
    if grounded:
        # Room for the place: the fewer the things, the more of it.
        room_w, room_h = room_w * (0.8 if len(whole.items) < 3 else 0.94), room_h * 0.76
    scale = min(room_w / whole.w, room_h / whole.h)
    if variant:
        scale *= rng.uniform(0.84, 1.0)
    for item in whole.items:
        item.x, item.y, item.w, item.h = item.x * scale, item.y * scale, item.w * scale, item.h * scale
        if item.string:
            item.string = item.string[0] * scale, item.string[1] * scale
    x1, y1, x2, y2 = whole.box
    spare = height - (y2 - y1)
    base = height - spare * 0.5 if not grounded else height - max(spare * 0.36, height * (margin + 0.04))
    aside = rng.uniform(-0.3, 0.3) * max(0.0, width * (1 - 2 * margin) - (x2 - x1)) if variant else 0.0
    whole.move(width / 2 - (x1 + x2) / 2 + aside, base - y2)
    items = tuple(sorted(whole.items, key=lambda each: each.z))
    standing = lower is not None
    return Layout(items, base if standing else None, whole.box)


def _row(blocks: Sequence[Block], aspect: float, *, airy: bool = False, rng: random.Random | None = None) -> Block | None:
    """All blocks of one band, in one row or in more where one would be too long for the sheet."""
    if not blocks:
        return None
    total = sum(block.w for block in blocks) + GAP * (len(blocks) - 1)
    tallest = max(block.h for block in blocks)
    rows = max(1, min(len(blocks), round(math.sqrt(total / (tallest * max(aspect, 0.3) * 1.5)))))
    per = math.ceil(len(blocks) / rows)
    result: list[Item] = []
    bottom = 0.0
    for number in range(0, len(blocks), per):
        row = blocks[number : number + per]
        left = 0.0
        for block in row:
            lift = rng.uniform(0.0, 0.35) if airy and rng and len(row) > 1 else 0.0
            block.put(left=left, bottom=bottom - lift)
            left += block.w + GAP * (1.3 if airy else 1.0)
        for block in row:
            block.move(-(left - GAP) / 2, 0)
            block.raise_(-20 * (number // per))
            result += block.items
        bottom = min(item.box[1] for block in row for item in block.items) - GAP * 0.8
    return Block(result, blocks[0].place, blocks[0].main)


def collisions(items: Iterable[Item], slack: float = 0.04) -> list[tuple[Item, Item]]:
    """Pairs that overlap though no relation asks for it, by more than `slack` of the smaller one's sides."""
    listed = list(items)
    found = []
    for number, one in enumerate(listed):
        for two in listed[number + 1 :]:
            if id(two) in one.joined or id(one) in two.joined:
                continue
            across = min(one.box[2], two.box[2]) - max(one.box[0], two.box[0])
            down = min(one.box[3], two.box[3]) - max(one.box[1], two.box[1])
            if across > slack * min(one.w, two.w) and down > slack * min(one.h, two.h):
                found.append((one, two))
    return found
