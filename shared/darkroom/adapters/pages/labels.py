"""What stands beside a price and may say what it is. What the product is called says nothing of it.

`Luna Lamp`, `Monthly planner`, `Was it love`: a name may hold any word, and mostly stands right over the price.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from darkroom.adapters.pages import vocabulary as words
from darkroom.adapters.pages.document import words_of
from darkroom.domain.plain_text import folded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from darkroom.adapters.pages.document import Document

NAMES: Final = 12
PRICE: Final = re.compile(r"[$€£¥₹]\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£¥₹円]|zł|Kč|kr\b)")
HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True)
class Labels:
    """`names` are the pieces of text that name something and label nothing: of headings, and of the product's name
    wherever it stands again. `languages` are those whose words are looked for, none for any."""

    document: Document
    names: frozenset[int]
    languages: frozenset[str]
    _name: re.Pattern[str] | None
    _classes: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, document: Document, heading: int, names: Iterable[str], language: str | None) -> Labels:
        """`names` are those of the product, `heading` is the element's number that is its own, -1 where none is."""
        called = [name for name in (_without_price(name) for name in names) if len(name) > 1][:NAMES]
        places: set[int] = set()
        for number, element in enumerate(document.elements):
            # Headings after the product's own are of its parts: `Subscribe and save`.
            if element.tag == "h1" or number == heading or (heading < 0 and element.tag in HEADINGS):
                priced = PRICE.search(document.text(number, 400)) is not None
                places.update(range(element.first, min(element.last, element.first + 1) if priced else element.last))
        written = {folded(name) for name in called} - {""}
        places.update(place for place, piece in enumerate(document.pieces) if _is_name(piece.text, written))
        return cls(
            document,
            frozenset(places),
            words.languages_of(language, urlsplit(document.url).hostname or ""),
            _writing_of(called),
            tuple(made for name in called if len(made := words_of(name)) > 1),
        )

    def before(self, first: int, lowest: int) -> str:
        """Up to two pieces right before one, none of them beyond a name."""
        text = ""
        for place in range(first - 1, max(first - 3, lowest, 0) - 1, -1):
            if place in self.names:
                break
            gap = self.document.pieces[place + 1].gap if text else ""
            text = self.document.pieces[place].text[-200:] + gap + text
        return self.heard(text)

    def after(self, last: int, highest: int) -> str:
        text = ""
        for place in range(last, min(last + 2, highest, len(self.document.pieces))):
            if place in self.names:
                break
            text += (self.document.pieces[place].gap if text else "") + self.document.pieces[place].text[:60]
        return self.heard(text)

    def heard(self, text: str) -> str:
        """A text without the product's name, and without what is a label in other languages than the page's alone."""
        foreign = words.foreign_to(self.languages)
        return foreign.sub(" ", self.without_name(text)) if foreign else self.without_name(text)

    def without_name(self, text: str) -> str:
        return self._name.sub(" ", text) if self._name else text

    def classes(self, around: frozenset[str]) -> frozenset[str]:
        """The words of an element's class and id, without those that are there for the product's name."""
        for name in self._classes:
            if name <= around:
                around -= name
        return around


def _is_name(text: str, names: set[str]) -> bool:
    """Whether a text is the name, or several words of it."""
    if len(text) > 350:
        return False
    said = folded(text)
    return bool(said) and (said in names or (" " in said and any(f" {said} " in f" {name} " for name in names)))


def _without_price(name: str) -> str:
    return PRICE.split(name[:400])[0].strip(" |–—·•»›:-")


def _writing_of(names: list[str]) -> re.Pattern[str] | None:
    """The names as they may be written: any case, anything between the words."""
    each = {tuple(re.findall(r"\w+", name)) for name in names} - {()}
    if not each:
        return None
    longest = sorted(each, key=lambda parts: -len(parts))
    between = r"\W{1,4}"
    parts = "|".join(between.join(map(re.escape, parts)) for parts in longest)
    return re.compile(rf"(?<!\w)(?:{parts})(?!\w)", re.IGNORECASE)
