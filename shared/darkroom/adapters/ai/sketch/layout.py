"""Where everything stands: relations first, then a row on the ground, a band in the sky, and all of it onto the sheet.

Things are tempered towards each other, because a mouse drawn true to an elephant would be a dot. Two things overlap
only where a relation asks for it (held, worn, ridden, inside, behind).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from darkroom.adapters.ai.sketch import relations
from darkroom.adapters.ai.sketch.items import Block, Item, drawn, faces, size_of
from darkroom.adapters.ai.sketch.language import FACES, LIVING, Link, Relation, Scene, Subject
from darkroom.adapters.ai.sketch.limbs import TRAVELS
from darkroom.adapters.ai.sketch.relations import GAP, UPRIGHT

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

ORDER: Final = (
    Relation.FULL, Relation.IN, Relation.ON_TOP, Relation.ON, Relation.SIT, Relation.RIDE, Relation.HOLD, Relation.PLAY,
    Relation.WEAR, Relation.WITH, Relation.FEEL, Relation.UNDER, Relation.FRONT, Relation.BEHIND,
    Relation.CHASE, Relation.FACE, Relation.BETWEEN, Relation.BESIDE, Relation.ABOVE, Relation.OVER,
    Relation.DREAM,
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Items in pixels, from back to front; `ground` is where the ground is, None where nothing stands on any."""

    items: tuple[Item, ...]
    ground: float | None
    focus: tuple[float, float, float, float]
    """The box of what the picture is about."""


# --- blocks ----------------------------------------------------------------------------------------------------------


class _Builder:
    def __init__(self, scene: Scene, rng: random.Random, variant: int, aspect: float, *, roomy: bool) -> None:
        self.scene, self.rng, self.variant, self.aspect = scene, rng, variant, aspect
        self.roomy = roomy
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
        rest: dict[tuple[Relation, int], list[int]] = {}
        for link in scene.links:
            if link not in attached and link.subject != link.object:
                rest.setdefault((link.relation, link.object), []).append(link.subject)
        for (relation, other), subjects in sorted(rest.items(), key=lambda each: ORDER.index(each[0][0])):
            self._link(relation, subjects, other)
        going = [index for index, subject in enumerate(scene.subjects) if subject.motion in TRAVELS]
        if self.roomy and len(going) > 1:
            # Who goes somewhere together goes the same way.
            for item in [item for block in self.blocks.values() for item in block.items if item.subject in going]:
                faces(item, "right")
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
        for relation, pose in (
            (Relation.PLAY, "play"),
            (Relation.RIDE, "ride"),
            (Relation.SIT, "sit"),
            (Relation.HOLD, "hold"),
            (Relation.WEAR, "stand"),
        ):
            if relation in asked:
                return pose
        return ""

    def _units(self, index: int, subject: Subject, attached: Sequence[Link]) -> Block:
        units = [self._unit(index, subject, copy, attached) for copy in range(subject.count)]
        place = "sky" if subject.motion == "fly" else subject.place or subject.thing.place
        perched = any(
            (link.subject == index and link.relation in {Relation.ON, Relation.SIT})
            or (link.object == index and link.relation is Relation.ON_TOP)
            for link in self.scene.links
        )
        return arranged(units, place, self.rng, self.aspect, perched=perched)

    def _unit(self, index: int, subject: Subject, copy: int, attached: Sequence[Link]) -> Block:
        asked = self._upright(index)
        alone = len(self.scene.subjects) == 1 and not self.scene.links
        variant = self.variant if alone else 0
        if subject.thing.drawing in {face for faces_ in FACES.values() for face in faces_.values()}:
            variant = 0
        pose = asked or ("cheer" if subject.mood == "happy" or subject.motion in {"dance", "jump"} else "stand")
        sitting = not alone and not asked and self.variant % 3 == 1 and bool(subject.thing.face) and not subject.motion
        sitting = sitting and not any(
            link.relation is Relation.CHASE and index in {link.subject, link.object} for link in self.scene.links
        )
        if not asked and self.variant and not subject.motion:
            pose = ("stand", "cheer", "hold", "step")[self.variant % 4]
        moving = pose == "stand" and subject.motion in {"walk", "run", "wave"}
        if moving:
            pose = "wave" if subject.motion == "wave" else "walk"
        drawing, thing, taken = drawn(
            subject,
            self.rng,
            pose=pose,
            copy=copy,
            variant=variant,
            upright=bool(asked) or sitting or pose == "wave",
            airborne=self._airborne(index, subject),
        )
        w, h = size_of(subject, drawing)
        vary = self.rng.uniform(0.92, 1.08) if subject.count > 1 else 1.0
        item = Item(index, thing, drawing, w * vary, h * vary, pose=taken, copy=copy)
        if thing.looks and not taken and self.roomy:
            # Where things move, all of a kind go the same way.
            item.flip = index % 2 == 1
        elif thing.looks and not taken:
            item.flip = self.rng.random() < 0.5 if (subject.count > 1 or self.variant) else self.rng.random() < 0.3
        if self.variant:
            tilt = self.rng.uniform(-5, 5)
            item.turn = tilt if thing.section in LIVING or thing.place == "sky" else 0.0
            item.w *= self.rng.uniform(0.94, 1.06)
        item.aloft = subject.motion in {"fly", "swim"}
        place = "sky" if subject.motion == "fly" else subject.place or thing.place
        block = Block([item], place, item)
        block.put(middle=0.0, bottom=0.0)
        for link in attached:
            carried = self.scene.subjects[link.object]
            if copy and carried.count == 1:
                continue
            many = 1 if subject.count > 1 or link.relation is Relation.RIDE else min(carried.count, 3)
            for number in range(many):
                self._attach(block, link.relation, self._loose(link.object, carried, copy + number), number)
        return block

    def _airborne(self, index: int, subject: Subject) -> bool:
        """Is it in the air by its own wings? By nature only where it moves at all, and sits on nothing."""
        if subject.motion:
            return subject.motion in {"fly", "flap"}
        resting = {Relation.ON, Relation.SIT, Relation.IN, Relation.RIDE, Relation.ON_TOP, Relation.UNDER}
        rests = any(link.subject == index and link.relation in resting for link in self.scene.links)
        return self.roomy and not self.scene.moved and subject.thing.motion == "fly" and not rests

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
            relations.worn(item, thing, number)
        elif relation is Relation.PLAY:
            relations.played(item, thing, self.rng)
        elif relation is Relation.HOLD:
            kinds = {
                link.object
                for link in self.scene.links
                if link.relation is relation and link.subject == item.subject and link.object != thing.subject
            }
            held = [each for each in block.items if each.subject in kinds and each.thing.name not in relations.OVERHEAD]
            relations.held(item, thing, number, held)
        else:
            relations.seated(block, other)
            return
        block.join(other, overlapping=True)

    # what stands to what

    def _link(self, relation: Relation, subjects: Sequence[int], other: int) -> None:
        """Puts the subjects, side by side where they are several, into the relation to the other."""
        standing = [index for index in subjects if index in self.blocks]
        if not standing or other not in self.blocks:
            return
        blocks: list[Block] = []
        for index in standing:
            if self.blocks[index] not in blocks and self.blocks[index] is not self.blocks[other]:
                blocks.append(self.blocks[index])
        if not blocks:
            return
        mine, base = self._together(blocks), self.blocks[other]
        mine.main = next(item for item in mine.items if item.subject in standing)
        base.main = next(item for item in base.items if item.subject == other)
        merged = self._related(relation, mine, base)
        for index, block in list(self.blocks.items()):
            if block in {*blocks, mine, base}:
                self.blocks[index] = merged

    @staticmethod
    def _together(blocks: Sequence[Block]) -> Block:
        """Several blocks as one, in a row."""
        first, *others = blocks
        for block in others:
            block.put(left=first.box[2] + GAP * 0.6, bottom=first.box[3])
            first.join(block, overlapping=False)
        return first

    def _related(self, relation: Relation, mine: Block, other: Block) -> Block:
        rng = self.rng
        if relation in {Relation.ON, Relation.SIT} and other.main.thing.name in UPRIGHT:
            relation = Relation.IN
        ways: dict[Relation, Callable[[], Block]] = {
            Relation.ON: lambda: relations.put_on(mine, other),
            Relation.SIT: lambda: relations.put_on(mine, other),
            Relation.RIDE: lambda: relations.put_on(mine, other),
            Relation.ON_TOP: lambda: relations.topped(mine, other),
            Relation.FULL: lambda: relations.put_in(other, mine),
            Relation.IN: lambda: relations.put_in(mine, other),
            Relation.UNDER: lambda: relations.put_under(mine, other),
            Relation.ABOVE: lambda: relations.stacked(mine, other, GAP * 1.6, rng),
            Relation.OVER: lambda: relations.jumped(mine, other),
            Relation.BEHIND: lambda: relations.overlapped(other, mine, rng),
            Relation.FRONT: lambda: relations.overlapped(mine, other, rng),
            Relation.BETWEEN: lambda: relations.between(mine, other),
            Relation.FEEL: lambda: relations.felt(mine, other),
            Relation.DREAM: lambda: relations.dreamt(mine, other),
        }
        return ways.get(relation, lambda: relations.beside(mine, other, relation, rng))()


def arranged(units: list[Block], place: str, rng: random.Random, aspect: float, *, perched: bool = False) -> Block:
    """Copies of one thing, side by side: a row, staggered rows, or strewn over the sky; one row where they are on
    something.
    """
    if len(units) == 1:
        return units[0]
    wide, high = max(unit.w for unit in units) + GAP, max(unit.h for unit in units) + GAP

    def room(rows: int) -> float:
        """How large they could be drawn in so many rows; fewer rows are preferred."""
        return min(aspect / (math.ceil(len(units) / rows) * wide), 1 / (rows * high)) * 0.88**rows

    level = place == "ground" or perched
    few = level and len(units) <= 4 and aspect >= 0.75
    count = 1 if few or (perched and len(units) <= 8) else max(range(1, len(units) + 1), key=room)
    base, extra = divmod(len(units), count)
    # The longer rows first, third, fifth: as bricks are laid.
    longer = set([*range(0, count, 2), *range(1, count, 2)][:extra])
    rows, start = [], 0
    for number in range(count):
        size = base + (number in longer)
        rows.append(units[start : start + size])
        start += size
    result = Block([], place, units[0].main)
    bottom = 0.0
    for number, row in enumerate(rows):
        gap = GAP * (0.7 if level else 1.2)
        left = 0.0
        for unit in row:
            lift = rng.uniform(-0.5, 0.5) * gap if not level else 0.0
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


# --- onto the sheet --------------------------------------------------------------------------------------------------


def laid_out(
    scene: Scene,
    rng: random.Random,
    *,
    width: float,
    height: float,
    margin: float,
    variant: int = 0,
    grounded: bool = False,
    roomy: bool = False,
) -> Layout:
    """Every item in pixels. `grounded` keeps room for a horizon, `roomy` for what runs, flies or jumps.

    `variant` asks for another picture of the same.
    """
    whole, standing = _whole(_Builder(scene, rng, variant, width / height, roomy=roomy).build(), rng, width / height)
    if whole is None:
        return Layout((), None, (width / 2, height / 2, width / 2, height / 2))
    room_w, room_h = width * (1 - 2 * margin), height * (1 - 2 * margin)
    if grounded:
        # Room for the place: the fewer the things, the more of it.
        room_w, room_h = room_w * (0.8 if len(whole.items) < 3 else 0.94), room_h * 0.76
    leaps = False
    if roomy:
        motions = {subject.motion or ("" if scene.moved else subject.thing.motion) for subject in scene.subjects}
        over = [link for link in scene.links if link.relation is Relation.OVER]
        leaps = bool(motions & {"jump", "bounce"}) and standing and not over
        if over:
            # Room on both sides of what is jumped over, and in the air the jump is drawn already.
            room_w, room_h = min(room_w, room_w * whole.w / vaulting(scene, whole.items)), room_h * 0.86
        elif motions & {"walk", "run", "drive", "swim", "fly", "roll", "jump", "bounce"}:
            few = len(scene.subjects) == 1
            room_w, room_h = room_w * (0.62 if few else 0.84), room_h * (0.56 if leaps else 0.74)
    scale = min(room_w / whole.w, room_h / whole.h)
    if variant:
        scale *= rng.uniform(0.72, 0.98)
        if variant % 2:
            _mirror(whole)
    for item in whole.items:
        item.x, item.y, item.w, item.h = item.x * scale, item.y * scale, item.w * scale, item.h * scale
        if item.string:
            item.string = item.string[0] * scale, item.string[1] * scale
    x1, y1, x2, y2 = whole.box
    spare = height - (y2 - y1)
    base = height - spare * 0.5 if not grounded else height - max(spare * 0.36, height * (margin + 0.04))
    if leaps and not grounded:
        base = height * 0.86
    if grounded and not standing:
        # All of it is in the sky: high above the ground.
        base = height * 0.42 + (y2 - y1) / 2
    if variant and not standing:
        base += rng.uniform(-0.6, 0.6) * (spare / 2 - height * margin) if not grounded else 0.0
    # The first picture is centred; others are composed to one side.
    aside = rng.choice((-1, 1)) * rng.uniform(0.1, 0.36) * max(0.0, width * (1 - 2 * margin) - (x2 - x1))
    aside = aside if variant else 0.0
    whole.move(width / 2 - (x1 + x2) / 2 + aside, base - y2)
    items = tuple(sorted(whole.items, key=lambda each: each.z))
    return Layout(items, base if standing else None, whole.box)


def vaulting(scene: Scene, items: Sequence[Item]) -> float:
    """How wide a jump over something is: from one side of it to the other."""
    wide = [1e-6]
    for link in scene.links:
        if link.relation is Relation.OVER:
            sides = [[item.box for item in items if item.subject == each] for each in (link.subject, link.object)]
            (mine, other) = (max(b[2] for b in boxes) - min(b[0] for b in boxes) for boxes in sides)
            wide.append(other + 2 * mine * VAULT)
    return max(*wide, max(item.box[2] for item in items) - min(item.box[0] for item in items))


VAULT: Final = 1.05
"""Its own width, with which somebody comes down beside what they jump over."""
LETTERED: Final = frozenset({"store", "hotel", "bank", "question mark", "first place medal", "billiards", "dollar",
                             "money bag", "zzz", "musical note", "musical notes", "musical score"})  # fmt: skip
"""What would read wrong in a mirror."""


def _mirror(block: Block) -> None:
    """Left becomes right, of places and of drawings."""
    for item in block.items:
        item.x, item.turn = -item.x, -item.turn
        item.flip = item.flip if item.thing.name in LETTERED else not item.flip
        if item.string:
            item.string = -item.string[0], item.string[1]


def _whole(blocks: Sequence[Block], rng: random.Random, aspect: float) -> tuple[Block | None, bool]:
    """All blocks as one, what belongs into the sky above what stands; and whether anything stands."""
    ground = [block for block in blocks if block.place != "sky"]
    sky = [block for block in blocks if block.place == "sky"]
    lower, upper = _row(ground, aspect), _row(sky, aspect, airy=True, rng=rng)
    for block in (lower, upper):
        if block is not None:
            block.put(middle=0.0, bottom=0.0)
    if lower is None or upper is None:
        return lower or upper, lower is not None
    upper.scale(min(1.0, max(0.55, 1.15 * lower.w / upper.w)))
    shift = rng.uniform(-0.3, 0.3) * max(0.0, lower.w - upper.w) if lower.w > upper.w else 0.0
    upper.put(middle=shift, bottom=lower.box[1] - GAP * 1.2)
    return Block([*lower.items, *upper.items], "ground", lower.main), True


def _row(
    blocks: Sequence[Block], aspect: float, *, airy: bool = False, rng: random.Random | None = None
) -> Block | None:
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
