"""A page as one walk over its markup leaves it: elements in order, what of their text is seen, what they are called.

Everything else here reads this, never the markup. An element is its number in document order; the elements within it
are the numbers up to its `end`, and the visible text within it is the pieces from `first` up to `last`. So the text of
any element is a slice, and no question about an element walks the tree again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from darkroom.adapters.pages import styles
from darkroom.adapters.pages.styles import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_CHARACTERS: Final = 10_000_000
ELEMENTS: Final = 60_000
PIECES: Final = 40_000
PIECE_CHARACTERS: Final = 4_000
"""What is looked at of a page; the rest is not read. Real product pages have some 1,000 to 12,000 elements."""

_NEVER_SEEN: Final = frozenset(
    {"script", "style", "noscript", "template", "iframe", "object", "embed", "head", "title", "textarea", "datalist"}
    | {"svg", "math", "audio", "video", "canvas", "map", "noframes", "noembed", "xmp", "optgroup", "option", "rp"}
)
_INLINE: Final = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "em",
        "font",
        "i",
        "ins",
        "label",
        "mark",
        "q",
    }
    | {"s", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "meta", "link", "wbr", "img"}
    | {"script", "style", "price", "nobr", "input", "svg"}
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CENTS: Final = re.compile(
    r"cents?|centimes?|centavos|centim|dec|decimals?|fraction|fractional|kop|kopecks?|grosze?|haler|pence|minor|sup|fill"
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Za-z]+|\d+")
_DRAWN_OVER: Final = frozenset({"modal", "dialog", "drawer", "popup", "offcanvas", "flyout", "tooltip", "overlay"})


@dataclass(slots=True)
class Element:
    """`parent` is -1 for the root. `words` are the parts of its class, id and the like, in lower case."""

    markup: html.HtmlElement
    tag: str
    hidden: bool
    struck: bool
    words: frozenset[str]
    signature: str
    parent: int = -1
    first: int = 0
    end: int = 0
    last: int = 0


@dataclass(slots=True)
class Piece:
    """A run of visible text, `element` right around it, and what stands between it and the piece before."""

    text: str
    element: int
    gap: str


@dataclass(slots=True)
class Document:
    url: str
    root: html.HtmlElement
    base: str
    elements: list[Element] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    numbers: dict[html.HtmlElement, int] = field(default_factory=dict)

    def text(self, number: int, limit: int = 1_000) -> str:
        """The visible text within an element."""
        element = self.elements[number]
        return self.text_between(element.first, element.last, limit)

    def text_between(self, first: int, last: int, limit: int = 1_000) -> str:
        parts: list[str] = []
        length = 0
        for place in range(max(0, first), min(last, len(self.pieces))):
            piece = self.pieces[place]
            if parts:
                parts.append(piece.gap)
            parts.append(piece.text)
            length += len(piece.text)
            if length >= limit:
                break
        return "".join(parts)[:limit]

    def ancestors(self, number: int) -> Iterator[int]:
        """The element itself, then outward."""
        while number >= 0:
            yield number
            number = self.elements[number].parent

    def within(self, number: int, outer: int) -> bool:
        return outer <= number < self.elements[outer].end

    def common(self, one: int, other: int) -> int:
        """The smallest element around both."""
        while not self.within(other, one):
            one = self.elements[one].parent
        return one

    def absolute(self, link: str) -> str | None:
        """An http(s) URL of at most 2,048 characters; None for anything else, `javascript:` and `data:` among them."""
        link = re.sub(r"[\x00-\x20\x7f]+", "", link[:4_096]) if "\n" in link or "\t" in link else link[:4_096].strip()
        try:
            found = urljoin(self.base, link.replace(" ", "%20"))
            parts = urlsplit(found)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        except ValueError:
            return None
        return found if good and len(found) <= 2_048 and found.isprintable() else None


def parsed(text: str, url: str) -> Document:
    """Read markup of any quality: never raises for what it holds, nor for an address that is none."""
    try:
        urlsplit(url)
    except ValueError:
        url = ""
    text = _CONTROLS.sub("", text[:PAGE_CHARACTERS])
    # As bytes, because lxml refuses text that declares an encoding. `huge_tree` lifts the limit of 256 levels to 2,048;
    # beyond it libxml2 stops reading.
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser, ensure_head_body=True)
    except (etree.ParserError, etree.XMLSyntaxError, AssertionError, ValueError, IndexError):
        root = html.document_fromstring("<html><head></head><body></body></html>")
    document = Document(url=url, root=root, base=_base(root, url))
    _walk(document)
    return document


@lru_cache(maxsize=4_096)
def words_of(text: str) -> frozenset[str]:
    """`productPrice--old price_was` as its words."""
    words = {word.lower() for word in _WORD.findall(text[:400])}
    for word in [word for word in words if len(word) > 5 and "price" in word]:
        words.update(("price", *filter(None, word.split("price", 1))))  # oldprice, pricenew
    return frozenset(words)


def _base(root: html.HtmlElement, url: str) -> str:
    for element in root.iter("base"):
        href = (element.get("href") or "").strip()
        if href:
            try:
                joined = urljoin(url, href)
                return joined if urlsplit(joined).scheme in {"http", "https"} else url
            except ValueError:
                return url
    return url


@dataclass(slots=True)
class _Ground:
    """What an element hands down to those within it: the colour of text and of what is behind it."""

    ink: styles.Colour | None
    paper: styles.Colour | None
    hidden: bool
    struck: bool


def _walk(document: Document) -> None:
    sheet = Sheet()
    for style in document.root.iter("style"):
        if (style.get("media") or "all").strip().lower() in {"all", "screen", ""} and style.text:
            sheet.read(style.text)
    elements, pieces = document.elements, document.pieces
    grounds: list[_Ground] = []
    open_numbers: list[int] = []
    gap = ""

    for event, markup in etree.iterwalk(document.root, events=("start", "end")):
        tag = markup.tag
        if not isinstance(tag, str):
            continue
        if event == "start":
            if len(elements) >= ELEMENTS or len(pieces) >= PIECES:
                break
            number = len(elements)
            above = grounds[-1] if grounds else _Ground(None, (255, 255, 255), hidden=False, struck=False)
            ground, element = _opened(markup, above, sheet)
            element.parent = open_numbers[-1] if open_numbers else -1
            element.first = len(pieces)
            elements.append(element)
            document.numbers[markup] = number
            open_numbers.append(number)
            grounds.append(ground)
            if tag not in _INLINE:
                gap = "\n"
            if markup.text and not element.hidden:
                gap = _take(document, markup.text, number, gap)
        else:
            number = open_numbers.pop()
            grounds.pop()
            element = elements[number]
            element.end = len(elements)
            element.last = len(pieces)
            if tag not in _INLINE or tag == "br":
                gap = "\n"
            if markup.tail and open_numbers and not elements[open_numbers[-1]].hidden:
                gap = _take(document, markup.tail, open_numbers[-1], gap)
    for number in open_numbers:
        elements[number].end = len(elements)
        elements[number].last = len(pieces)


def _opened(markup: html.HtmlElement, above: _Ground, sheet: Sheet) -> tuple[_Ground, Element]:
    tag, attributes = str(markup.tag), markup.attrib
    classes = attributes.get("class", "")[:500]
    identity = attributes.get("id", "")[:100]
    hidden = above.hidden
    ink, paper, struck = above.ink, above.paper, above.struck or tag in {"del", "s", "strike"}
    if not hidden:
        says = sheet.about(tag, identity, classes.split()[:20])
        if style := attributes.get("style"):
            says = says | styles.declarations(style)
        if says:
            ink = styles.colour(says.get("color")) or ink
            behind = says.get("background-color") or says.get("background")
            if behind and not styles.see_through(behind):
                paper = styles.colour(behind)  # None for a picture or a gradient: anything may be behind the text then
            struck = struck or styles.struck(says)
            own_ink = "color" in says
            unreadable = (own_ink or behind is not None) and (
                (ink is not None and paper is not None and styles.alike(ink, paper))
                or styles.see_through(says.get("color"))
            )
            # Pages hide all of themselves until their scripts have run.
            hidden = tag not in {"html", "body", "main"} and (styles.unseen(says) or unreadable)
        hidden = hidden or _hidden_by_markup(tag, attributes, classes)
    named = f"{classes} {identity} {attributes.get('itemprop', '')} {attributes.get('data-testid', '')[:80]}"
    element = Element(
        markup=markup,
        tag=tag,
        hidden=hidden,
        struck=struck,
        words=words_of(named),
        signature=f"{tag}.{classes.split()[0] if classes.split() else ''}",
    )
    return _Ground(ink, paper, hidden, struck), element


def _hidden_by_markup(tag: str, attributes: etree._Attrib, classes: str) -> bool:
    if tag in _NEVER_SEEN or "hidden" in attributes:
        return True
    if tag == "input" or (tag == "dialog" and "open" not in attributes):
        return True
    # What is read out only is still drawn, unless it is a window that waits to be opened.
    if attributes.get("aria-hidden", "").lower() == "true" and tag not in _INLINE:
        return attributes.get("role") in {"dialog", "alertdialog", "tooltip", "menu"} or bool(
            _DRAWN_OVER & words_of(f"{classes} {attributes.get('id', '')}")
        )
    # Text that stands there for readers of screens alone: by the names that frameworks give it.
    return any(
        name in {"sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text"} for name in classes.split()
    )


def _take(document: Document, raw: str, number: int, gap: str) -> str:
    """Keep a run of text; the gap before the next one."""
    text = " ".join(raw.split())[:PIECE_CHARACTERS]
    if not text:
        return gap or (" " if raw else gap)
    if not gap and raw[0].isspace():
        gap = " "
    pieces = document.pieces
    if pieces and pieces[-1].text[-1].isdigit() and len(text) == 2 and text.isdigit():
        element = document.elements[number]
        around = element.words if element.parent < 0 else element.words | document.elements[element.parent].words
        if element.tag in {"sup", "sub"} or any(_CENTS.fullmatch(word) for word in around):
            gap = "."  # £12 with a small 99 beside it
    elif pieces and pieces[-1].text[-1] in ".," and text[0].isdigit() and len(pieces[-1].text) < 12:
        gap = ""
    pieces.append(Piece(text, number, gap))
    return " " if raw[-1].isspace() else ""
