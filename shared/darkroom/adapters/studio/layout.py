"""Where the words of a picture go, how large, and in which lines: one column, or name and price at two ends of a strip.

All boxes are [x1, y1, x2, y2] in pixels. Sizes are shares of the picture's shorter side, tried from the largest down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from darkroom.adapters.studio import fonts, typesetting, wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from darkroom.adapters.studio.typesetting import Block

    Box = tuple[float, float, float, float]

NAME, PRICE, LIST_PRICE, OFFER = "name", "price", "list_price", "offer"
SIZES: Final = {NAME: 0.060, PRICE: 0.080, LIST_PRICE: 0.040, OFFER: 0.029}
WEIGHTS: Final = {NAME: 600, PRICE: 700, LIST_PRICE: 400, OFFER: 700}
SMALLEST: Final = 0.0165
"""Of the shorter side: what can still be read where the picture is shown small. Eleven pixels at least."""
SHORT: Final = 30
"""Characters up to which a name may be larger than usual."""
STEPS: Final = (1.3, 1.2, 1.1, 1.0, 0.92, 0.84, 0.77, 0.7, 0.64, 0.58, 0.52, 0.47, 0.42, 0.37, 0.33, 0.3, 0.275)
BREAKING: Final = 0.72
"""Step from which on a word that is too long is broken; before, everything gets smaller."""
BREAKING_SYLLABLES: Final = 0.84
"""The same in scripts without spaces between words, where a break is no fault."""
STRIP: Final = 1.9
"""Width over height from which on a room is a strip, with the price opposite the name."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One field in its place. `left` or `right` is where its lines are aligned; `top` is the top of its ink.

    `plate` is the box of a badge behind it.
    """

    field: str
    block: Block
    edge: float
    at_left: bool
    top: float
    plate: Box | None = None

    @property
    def box(self) -> Box:
        width = self.block.width
        x1 = self.edge if self.at_left else self.edge - width
        return x1, self.top, x1 + width, self.top + self.block.height

    @property
    def outer(self) -> Box:
        return self.plate or self.box

    def lines(self) -> Iterator[tuple[str, float, float, Box]]:
        """Each line with its origin (x, baseline) and the box of its ink."""
        size = self.block.size
        baseline = self.top + self.block.ascent
        for text, extent in zip(self.block.lines, self.block.extents, strict=True):
            x = self.edge - extent.left * size if self.at_left else self.edge - extent.right * size
            yield (
                text,
                x,
                baseline,
                (
                    x + extent.left * size,
                    baseline - extent.top * size,
                    x + extent.right * size,
                    baseline + extent.bottom * size,
                ),
            )
            baseline += self.block.leading

    def moved(self, x: float, y: float) -> Piece:
        plate = self.plate
        if plate:
            plate = plate[0] + x, plate[1] + y, plate[2] + x, plate[3] + y
        return replace(self, edge=self.edge + x, top=self.top + y, plate=plate)


@dataclass(frozen=True, slots=True)
class Layout:
    """`step` says how large it came out, 1 at best."""

    pieces: tuple[Piece, ...]
    step: float

    @property
    def box(self) -> Box:
        boxes = [piece.outer for piece in self.pieces]
        return (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )


def laid_out(texts: Mapping[str, str], room: Box, *, unit: float, rtl: bool) -> Layout | None:
    """The texts in a room, as large as they go; None where they do not fit at the smallest size.

    `rtl` is the direction of the page: its columns begin at the right, and so do texts without letters.
    """
    wide, high = room[2] - room[0], room[3] - room[1]
    if wide < 0.12 * unit or high < 0.03 * unit:
        return None
    for step in STEPS:
        if step > 1 and len(texts.get(NAME, "")) > SHORT:
            continue
        if SIZES[NAME] * step * unit < max(11.0, SMALLEST * unit):
            break
        setting = _Setting(texts, wide, unit, step, rtl)
        pieces = setting.strip() if wide > STRIP * high and NAME in texts and PRICE in texts else setting.column()
        if pieces is None and wide > STRIP * high:
            pieces = setting.column()
        if pieces is None:
            continue
        layout = Layout(tuple(pieces), step)
        x1, y1, x2, y2 = layout.box
        if y2 - y1 <= high and x2 - x1 <= wide * 1.005:
            down = room[1] + (high - (y2 - y1)) / 2 - y1
            return Layout(tuple(piece.moved(room[0], down) for piece in pieces), step)
    return None


@dataclass(frozen=True, slots=True)
class _Setting:
    """One try: the pieces around an origin at the room's top left corner."""

    texts: Mapping[str, str]
    width: float
    unit: float
    step: float
    rtl: bool

    def column(self) -> list[Piece] | None:
        """Badge, name, prices, one below the other, all beginning at the same edge."""
        pieces: list[Piece] = []
        top = 0.0
        for field in (OFFER, NAME):
            if field in self.texts:
                piece = self._badge(self.width) if field == OFFER else self._name(self.width, lines=7)
                if piece is None:
                    return None
                pieces.append(self._down_to(piece, top))
                top = pieces[-1].outer[3] + self._gap(0.030 if field == OFFER else 0.044)
        prices = self._prices(self.width)
        if prices is None:
            return None
        return [*pieces, *(piece.moved(0, top) for piece in prices)]

    def strip(self) -> list[Piece] | None:
        """Badge and name at the beginning, prices at the end, on one last baseline."""
        gap = self._gap(0.07)
        price = self._line(PRICE, 0.42 * self.width)
        before = self._line(LIST_PRICE, 0.42 * self.width) if LIST_PRICE in self.texts else None
        if price is None or (LIST_PRICE in self.texts and before is None):
            return None
        column = max(block.width for block in (price, before) if block)
        rest = self.width - column - gap
        name = self._name(rest, lines=4)
        badge = self._badge(rest) if OFFER in self.texts else None
        if name is None or (OFFER in self.texts and badge is None):
            return None
        pieces = []
        top = 0.0
        if badge:
            pieces.append(self._down_to(badge, top))
            top = pieces[-1].outer[3] + self._gap(0.026)
        pieces.append(self._down_to(name, top))
        *_, (_, _, baseline, _) = pieces[-1].lines()
        end = 0.0 if self.rtl else self.width
        set_price = Piece(PRICE, price, end, self.rtl, baseline - price.ascent)
        pieces.append(set_price)
        if before:
            pieces.append(Piece(LIST_PRICE, before, end, self.rtl, set_price.top - self._gap(0.022) - before.height))
        return pieces

    def _prices(self, width: float) -> list[Piece] | None:
        """The price and, beside it or below, what it was."""
        price = self._line(PRICE, width) if PRICE in self.texts else None
        before = self._line(LIST_PRICE, width) if LIST_PRICE in self.texts else None
        if (PRICE in self.texts and price is None) or (LIST_PRICE in self.texts and before is None):
            return None
        if price and before:
            gap = 0.42 * before.size + 0.2 * price.size
            one = Piece(PRICE, price, self._start, not self.rtl, 0.0)
            if price.width + gap + before.width <= width and len(price.lines) == len(before.lines) == 1:
                edge = self._start + (price.width + gap) * (-1 if self.rtl else 1)
                return [one, Piece(LIST_PRICE, before, edge, not self.rtl, price.ascent - before.ascent)]
            below = price.height + self._gap(0.022)
            return [one, Piece(LIST_PRICE, before, self._start, not self.rtl, below)]
        field = PRICE if price else LIST_PRICE
        block = price or before
        return [Piece(field, block, self._start, not self.rtl, 0.0)] if block else []

    def _name(self, width: float, *, lines: int) -> Piece | None:
        text, size = self.texts[NAME], SIZES[NAME] * self.step * self.unit
        if self.step <= (BREAKING_SYLLABLES if wording.runs_on(text) else BREAKING):
            text = typesetting.broken(text, size=size, weight=WEIGHTS[NAME], rtl=self.rtl, width=width)
        # Short names may be loud; a long one at full size would shout.
        room = lines if len(text) > 60 else min(lines, 4)
        block = typesetting.fitted(
            text, size=size, weight=WEIGHTS[NAME], rtl=self._direction(NAME), width=width, lines=room
        )
        return Piece(NAME, block, self._start, not self.rtl, 0.0) if block else None

    def _badge(self, width: float) -> Piece | None:
        """An offer of a few words on a plate; a longer one is a plain text."""
        block = self._line(OFFER, width - 2 * self._gap(0.024))
        if block is None:
            return None
        if len(block.lines) > 1:
            return Piece(OFFER, block, self._start, not self.rtl, 0.0)
        across, down = 0.72 * block.size, 0.48 * block.size
        # Latin sits in its plate by its capitals, whether or not it has any; other scripts by their ink.
        latin = [run.font.path for run in fonts.runs(block.lines[0])] == [fonts.font(fonts.FIRST).path]
        cap = (max(0.72, block.extents[0].top) if latin else block.extents[0].top) * block.size
        low = max(0.0, block.extents[0].bottom - (0.06 if latin else 0.0)) * block.size
        high, wide = max(cap + low, 0.74 * block.size) + 2 * down, block.width + 2 * across
        x1 = self._start if not self.rtl else self._start - wide
        edge = x1 + across if not self.rtl else x1 + wide - across
        top = (high - cap - low) / 2 + cap - block.ascent
        return Piece(OFFER, block, edge, not self.rtl, top, (x1, 0.0, x1 + wide, high))

    def _line(self, field: str, width: float) -> Block | None:
        """A field that belongs on one line, smaller if need be; in several lines if that is not enough."""
        text, weight = self.texts[field], WEIGHTS[field]
        least = 0.78 if field == OFFER else 0.62
        size = SIZES[field] * min(max(self.step, least), 1.15) * self.unit
        smallest = max(10.0, 0.8 * SMALLEST * self.unit)
        rtl = self._direction(field)
        for share in (1.0, 0.86, 0.74, 0.64):
            if size * share >= smallest:
                block = typesetting.fitted(text, size=size * share, weight=weight, rtl=rtl, width=width, lines=1)
                if block:
                    return block
        size = max(0.45 * size, smallest)
        text = typesetting.broken(text, size=size, weight=weight, rtl=rtl, width=width)
        return typesetting.fitted(text, size=size, weight=weight, rtl=rtl, width=width, lines=6)

    def _direction(self, field: str) -> bool:
        found = wording.runs_right_to_left(self.texts[field])
        return self.rtl if found is None else found

    @property
    def _start(self) -> float:
        return self.width if self.rtl else 0.0

    def _gap(self, share: float) -> float:
        return share * self.unit * max(self.step, 0.5)

    @staticmethod
    def _down_to(piece: Piece, top: float) -> Piece:
        return piece.moved(0, top - piece.outer[1])
