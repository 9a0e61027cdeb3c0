"""What is put on a sheet: drawings of the things that were asked for, each with its place, and blocks of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch import shapes, vocabulary
from darkroom.adapters.ai.sketch.art import Drawing, GlyphArt, Part
from darkroom.adapters.ai.sketch.glyphs import font
from darkroom.adapters.ai.sketch.limbs import limbs
from darkroom.adapters.ai.sketch.styles import recoloured

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.language import Subject
    from darkroom.adapters.ai.sketch.vocabulary import Thing

    Points = NDArray[np.float64]

TEMPER: Final = 0.3
"""Heights in nature to this power are heights in the drawing."""
SHIRTS: Final = ("#5fa8d8", "#ef7f5f", "#6fbf8a", "#f2b84b", "#a58be0", "#f08aa5")
TROUSERS: Final = ("#45566b", "#5b6fa5", "#7b5a44", "#4f7a6b")
SHOES: Final = ("#8a3f38", "#3f3f48", "#c9803f")
RAINBOW: Final = ("#ef5a5a", "#f6a53c", "#f7d04a", "#6cc070", "#5fa8e0", "#9b7fe0", "#f08ab5")
DRESSED: Final = frozenset({
    "girl", "woman", "princess", "bride", "old woman", "mrs claus", "dancer", "fairy", "angel", "mermaid",
})  # fmt: skip
SKIN: Final = ("#f6c9a0", "#eab98c", "#c98f62", "#8f5f3f", "#fbd9b8")


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
    """The pose of its body, "" for what has none of ours."""
    copy: int = 0
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

    def covers(self, points: Points) -> NDArray[np.bool_]:
        """(n,): which of the points on the sheet, (n, 2), it hides."""
        x1, y1, x2, y2 = self.drawing.box
        scale = (y2 - y1) / self.h
        local = (points - np.array([self.x, self.y])) * np.array([-scale if self.flip else scale, scale])
        local += np.array([(x1 + x2) / 2, (y1 + y2) / 2])
        hidden = np.zeros(len(points), dtype=np.bool_)
        for part in self.drawing.parts:
            if part.art.silhouette:
                hidden |= within(part.art.silhouette, local)
        return hidden

    def head(self) -> tuple[float, float, float]:
        """Middle and width of its head, on the sheet."""
        if self.drawing.head:
            x, y, width = self.drawing.head
            scale = self.h / (self.drawing.box[3] - self.drawing.box[1])
            across = (x - (self.drawing.box[0] + self.drawing.box[2]) / 2) * scale
            return (
                self.x + (-across if self.flip else across),
                self.box[1] + (y - self.drawing.box[1]) * scale,
                width * scale,
            )
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


def within(outlines: Sequence[Points], points: Points) -> NDArray[np.bool_]:
    """(n,): which points lie within closed outlines: those from which a ray crosses an odd number of edges."""
    starts = np.concatenate([*outlines])
    ends = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
    level, x = points[:, 1:], points[:, :1]
    crossing = (starts[:, 1] <= level) != (ends[:, 1] <= level)
    across, down = (ends - starts).T
    slope = np.divide(across, down, out=np.zeros(len(starts)), where=down != 0)
    inside: NDArray[np.bool_] = (crossing & (starts[:, 0] + (level - starts[:, 1]) * slope > x)).sum(axis=1) % 2 == 1
    return inside


# --- drawings of things ----------------------------------------------------------------------------------------------


def drawn(
    subject: Subject,
    rng: random.Random,
    *,
    pose: str = "stand",
    copy: int = 0,
    variant: int = 0,
    upright: bool = False,
    airborne: bool = False,
) -> tuple[Drawing, Thing, str]:
    """The drawing of one copy of a subject, the thing as which it is drawn, and the pose it has taken."""
    thing = subject.thing
    colours, solid = thing.colours or ("#ffffff",), thing.solid or shapes.INK
    body, emoji = thing.body, thing.drawing
    if thing.face and (body or upright):
        body, emoji = body or "plush", thing.face
    elif variant:
        choices = [
            emoji,
            *([thing.face] if thing.face else []),
            *(other for other in thing.others if other != thing.face),
        ]
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
    if variant and not tint and thing.section in {"vehicles", "furniture and things", "clothes", "buildings"}:
        tint = RAINBOW[(variant * 3 + rng.randrange(len(RAINBOW))) % len(RAINBOW)]
    if tint == "rainbow":
        tint = (
            RAINBOW[(copy + rng.randrange(len(RAINBOW))) % len(RAINBOW)]
            if subject.count == 1
            else RAINBOW[copy % len(RAINBOW)]
        )
    if emoji.startswith("@"):
        drawing = shapes.shape(emoji[1:], (tint, *colours[1:]) if tint else colours)
    elif body:
        drawing = _figure(subject, emoji, body, colours, solid=solid, tint=tint, pose=pose, rng=rng)
    else:
        art = GlyphArt(font().glyph(emoji), turn=thing.turn if emoji == subject.thing.drawing else 0.0)
        mine = thing if emoji == subject.thing.drawing else vocabulary.known_drawings().get(vocabulary.bare(emoji))
        part = Part(art, colours, solid, limbs(mine.limbs, art.box, looks=mine.looks) if mine else ())
        drawing = Drawing(art.box, (recoloured(part, tint) if tint else part,))
        drawing = _spread(drawing, mine) if airborne and mine else drawing
    return drawing, thing, pose if body else ""


def _spread(drawing: Drawing, thing: Thing) -> Drawing:
    """With its wings spread, where the font has drawn them folded."""
    return shapes.winged(drawing, thing.pinions, thing.head, thing.looks) if thing.pinions else drawing


def _figure(
    subject: Subject,
    emoji: str,
    body: str,
    colours: tuple[str, ...],
    *,
    solid: str,
    tint: str,
    pose: str,
    rng: random.Random,
) -> Drawing:
    clothes = (rng.choice(SHIRTS), rng.choice(TROUSERS), rng.choice(SHOES))
    if body != "plush":
        clothes = (tint or COSTUMES.get(subject.thing.name, clothes[0]), *clothes[1:])
        if subject.thing.name in COSTUMES and subject.thing.name not in DRESSED:
            clothes = (clothes[0], COSTUMES[subject.thing.name], clothes[2])
        skin = rng.choice(SKIN) if colours[0] == SKIN[0] else colours[0]
        colours = (skin, *colours[1:])
    elif tint:
        if solid == "#8a5a38":
            solid = tint
        else:
            colours = (tint, *colours[1:])
    return shapes.figure(
        font().glyph(emoji), body, colours, solid, pose=pose, clothes=clothes, dress=subject.thing.name in DRESSED
    )


COSTUMES: Final = {
    "astronaut": "#eef1f5", "santa": "#d63a34", "mrs claus": "#d63a34", "cook": "#ffffff", "police officer": "#4f6fb0",
    "firefighter": "#c9803f", "ninja": "#3a3a44", "skeleton": "#f7f4ea", "robot": "#c3d0db", "alien": "#b5dd8a",
    "vampire": "#7a2a3f", "doctor": "#ffffff", "bride": "#ffffff", "groom": "#33333c", "wizard": "#7e6fc4",
    "witch": "#7e6fc4", "princess": "#f3a0c4", "prince": "#7e5fb0", "clown": "#f6cf4a", "zombie": "#6b7f8a",
    "elf": "#5b8a4a", "judge": "#3f3f48", "superhero": "#3f6fd0", "villain": "#5b4a7a", "dancer": "#e0493c",
    "fairy": "#f3a9cf", "angel": "#ffffff", "mermaid": "#b58ad0", "merman": "#b58ad0",
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
