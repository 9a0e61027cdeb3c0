"""The tour's page: one HTML file that needs nothing from anywhere, light or dark, on a desk or a phone."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

STYLE: Final = (Path(__file__).with_name("page.css")).read_text()
SHOWN_CHARACTERS: Final = 96
"""Of one string in a transcript: a presigned URL or an image in base64 would bury the rest."""
SHOWN_NUMBERS: Final = 12
"""Of one list of numbers, such as the vector of a face."""


@dataclass(frozen=True, slots=True)
class Box:
    """Something found in a picture; `bbox` is (x1, y1, x2, y2) in its pixels, confidence 0-1."""

    label: str
    confidence: float
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with what was found in it. `width` and `height` are the pixels that the boxes are in."""

    jpeg: bytes
    width: int
    height: int
    caption: str
    credit: str = ""
    boxes: Sequence[Box] = ()

    def html(self) -> str:
        names = ", ".join(box.label for box in self.boxes) or "nothing found"
        return (
            f'<figure style="--ratio:{self.width}/{self.height}"><div class="frame">'
            f'<img alt="{escape(self.caption)}: {escape(names)}" '
            f'src="data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}">'
            f'<svg viewBox="0 0 {self.width} {self.height}" aria-hidden="true">{self._drawn()}</svg></div>'
            f"<figcaption>{escape(self.caption)}<span>{escape(names)}</span><small>{escape(self.credit)}</small>"
            "</figcaption></figure>"
        )

    def _drawn(self) -> str:
        """Boxes first, then their names, each where no name is yet: above its box, inside it, or further down."""
        size = max(self.width, self.height) / 34
        tall = 1.45 * size
        boxes, names, taken = [], [], list[tuple[float, float, float]]()
        for box in self.boxes:
            x1, y1, x2, y2 = box.bbox
            name = f"{box.label} {box.confidence:.0%}"
            wide = (len(name) * 0.58 + 0.8) * size
            left = min(max(x1, 0), max(self.width - wide, 0))
            top = y1 - tall if y1 >= tall else max(y1, 0)
            while any(abs(top - other) < tall and left < end and start < left + wide for start, end, other in taken):
                top += tall
            taken.append((left, left + wide, top))
            hue = sum(ord(letter) * (place + 7) for place, letter in enumerate(box.label)) * 47 % 360
            boxes.append(
                f'<rect class="box" style="--hue:{hue}" x="{x1:.1f}" y="{y1:.1f}" '
                f'width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" rx="{size / 4:.1f}"/>'
            )
            names.append(
                f'<rect class="tag" style="--hue:{hue}" x="{left:.1f}" y="{top:.1f}" '
                f'width="{wide:.1f}" height="{tall:.1f}" rx="{size / 4:.1f}"/>'
                f'<text x="{left + 0.4 * size:.1f}" y="{top + 1.04 * size:.1f}" font-size="{size:.1f}" '
                f'textLength="{wide - 0.8 * size:.1f}" lengthAdjust="spacingAndGlyphs">{escape(name)}</text>'
            )
        return "".join(boxes + names)


@dataclass(frozen=True, slots=True)
class Gallery:
    figures: Sequence[Figure]

    def html(self) -> str:
        return f'<div class="gallery">{"".join(figure.html() for figure in self.figures)}</div>'


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture that was made here: any format that a browser shows, moving or not."""

    data: bytes
    media_type: str
    caption: str
    note: str = ""

    def html(self) -> str:
        return (
            f'<figure class="plate"><img alt="{escape(self.caption)}" '
            f'src="data:{self.media_type};base64,{base64.b64encode(self.data).decode()}">'
            f'<figcaption dir="auto">{escape(self.caption)}<span>{escape(self.note)}</span></figcaption></figure>'
        )


@dataclass(frozen=True, slots=True)
class Plates:
    plates: Sequence[Plate]

    def html(self) -> str:
        return f'<div class="plates">{"".join(plate.html() for plate in self.plates)}</div>'


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as a transcript that opens on a click."""

    title: str
    request: str
    sent: Any
    status: int
    received: Any
    milliseconds: float

    def html(self) -> str:
        sort = "good" if self.status < 400 else "refused"
        sent = "" if self.sent is None else f"<pre>{_json(self.sent)}</pre>"
        received = "" if self.received is None else f"<pre>{_json(self.received)}</pre>"
        return (
            f"<details><summary><b>{escape(self.title)}</b><code>{escape(shortened(self.request))}</code>"
            f'<span class="status {sort}">{self.status}</span><time>{self.milliseconds:.0f} ms</time></summary>'
            f"{sent}{received}</details>"
        )


@dataclass(frozen=True, slots=True)
class Table:
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def html(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.head)
        rows = "".join(
            "<tr>"
            + "".join(
                f'<td data-name="{escape(name)}">{escape(cell)}</td>' for name, cell in zip(self.head, row, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


@dataclass(frozen=True, slots=True)
class Bars:
    """What took how long, in seconds, the longest as wide as the page."""

    rows: Sequence[tuple[str, float]]

    def html(self) -> str:
        longest = max((seconds for _, seconds in self.rows), default=0) or 1
        rows = "".join(
            f'<li><span>{escape(name)}</span><i style="--part:{seconds / longest:.3f}"></i>'
            f"<time>{seconds:.2f} s</time></li>"
            for name, seconds in self.rows
        )
        return f'<ol class="bars">{rows}</ol>'


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str

    def html(self) -> str:
        return f"<p>{escape(self.text)}</p>"


Block = Gallery | Plates | Exchange | Table | Bars | Paragraph


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    lede: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Page:
    """`facts` are the figures at the top: (value, what it is)."""

    title: str
    lede: str
    facts: Sequence[tuple[str, str]]
    chapters: Sequence[Chapter]
    next_steps: Sequence[tuple[str, str]] = field(default=())

    def html(self) -> str:
        facts = "".join(f"<li><b>{escape(value)}</b>{escape(name)}</li>" for value, name in self.facts)
        chapters = "".join(
            f'<section><h2><span>{number}</span>{escape(chapter.title)}</h2><p class="lede">{escape(chapter.lede)}</p>'
            f"{''.join(block.html() for block in chapter.blocks)}</section>"
            for number, chapter in enumerate(self.chapters, 1)
        )
        steps = "".join(f"<li><code>{escape(command)}</code> {escape(what)}</li>" for command, what in self.next_steps)
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head><body>"
            f"<header><h1>{escape(self.title)}</h1><p>{escape(self.lede)}</p><ul>{facts}</ul></header>"
            f"<main>{chapters}</main><footer><h2>And now</h2><ul>{steps}</ul></footer></body></html>\n"
        )


def shortened(value: Any) -> Any:
    """The same JSON with long strings cut in their middle, and long rows of numbers after a few."""
    if isinstance(value, str) and len(value) > SHOWN_CHARACTERS:
        kept = SHOWN_CHARACTERS // 2
        return f"{value[:kept]} … {value[-kept // 2 :]}"
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        if len(value) > SHOWN_NUMBERS and all(isinstance(item, float | int) for item in value):
            return [*value[: SHOWN_NUMBERS // 2], f"… {len(value)} in all"]
        return [shortened(item) for item in value]
    return value


def _json(value: Any) -> str:
    return escape(json.dumps(shortened(value), indent=2, ensure_ascii=False))
