"""What a reader sees of the product: its heading, the prices around it, the button that buys it.

Every price on the page is a candidate. How likely it is the product's own follows from where it stands (near the
heading and the button, not in a list of cards, not in what frames the page), what it is called (classes, words beside
it) and how it looks (struck through). No rule knows a shop.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from darkroom.adapters.pages import vocabulary as words
from darkroom.adapters.pages.labels import HEADINGS, PRICE, Labels
from darkroom.adapters.pages.prices import declared_amount, money_in
from darkroom.domain.plain_text import folded, likeness

if TYPE_CHECKING:
    from collections.abc import Iterable

    from darkroom.adapters.pages.document import Document
    from darkroom.adapters.pages.prices import Money

CANDIDATES: Final = 1_500
ALIKE: Final = 0.5
"""From which likeness on a heading and a name are of one thing."""
HIGHEST_TAX: Final = Decimal("1.28")
CARD_PIECES: Final = 30
"""Largest box, in pieces of text, that is one product among others and not a part of the page."""
PRICE_CHARACTERS: Final = 80
"""Longest text around a price that is still a price and not a sentence."""
_LISTS: Final = frozenset({"ul", "ol", "li", "dl"})
"""A list by its make, whose class says `list` and means no price."""
_FRAMES: Final = frozenset({"header", "footer", "nav", "aside"})
_PRICE_ATTRIBUTES: Final = (
    *(
        "data-price-amount",
        "data-price",
        "data-product-price",
        "data-current-price",
        "data-sale-price",
        "data-final-price",
    ),
    *(
        "data-productprice",
        "data-product_price",
        "data-price-value",
        "data-item-price",
        "data-amount",
        "data-base-price",
    ),
)
_STATED: Final = ("data-price-type",)


@dataclass(slots=True)
class Candidate:
    """A price that is on the page. `worth` is how much speaks for its being the product's own; 0 is neither way.

    `was` it is called, or shown as, a former price; `other` is of something beside the product: a saving, a delivery,
    an instalment; a `card` is another product's; `reduced` is what a percentage beside it makes of a higher price;
    `topped` has such a lower price at its side; a `net` one is called without tax; a `regular` one is former only where
    a lower one stands beside it, and else the only one there is. `section` is the heading of a later part of the page,
    -1 for none.
    """

    amount: Decimal
    currency: str | None
    mark: str | None
    text: str
    element: int
    piece: int
    seen: bool
    before: str = ""
    after: str = ""
    worth: float = 0.0
    was: bool = False
    other: bool = False
    card: bool = False
    reduced: bool = False
    topped: bool = False
    regular: bool = False
    net: bool = False
    section: int = -1


@dataclass(slots=True)
class View:
    """The page as seen from its product. `heading` is an element's number, -1 where none is the product's."""

    document: Document
    heading: int
    heading_piece: int
    labels: Labels
    candidates: list[Candidate] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    chain: dict[int, int] = field(default_factory=dict)

    @property
    def heading_text(self) -> str:
        return self.document.text(self.heading, 600) if self.heading >= 0 else ""

    def distance(self, number: int) -> int:
        """Steps from the heading outward until it is around the element too; the page's depth where there is none."""
        for outer in self.document.ancestors(number):
            if outer in self.chain:
                return self.chain[outer]
        return 30


@dataclass(frozen=True, slots=True)
class Button:
    element: int
    piece: int
    text: str
    enabled: bool


def view_of(document: Document, names: Iterable[str], local: str | None, language: str | None) -> View:
    """`names` are what the page is said to be about: its title and what it declares."""
    names = [name for name in names if name]
    heading = _heading(document, names)
    place = document.elements[heading].first if heading >= 0 else 0
    if heading >= 0:
        headed = document.text(heading, 400)
        names = [headed, *(name for name in names if _match(headed, name) >= ALIKE)]
    view = View(document, heading, place, Labels.of(document, heading, names, language))
    if heading >= 0:
        view.chain = {outer: steps for steps, outer in enumerate(document.ancestors(heading))}
    buttons = _buttons(document)
    of_others = _in_cards(view, [document.elements[button.element].parent for button in buttons])
    view.buttons = [button for button in buttons if document.elements[button.element].parent not in of_others]
    view.candidates = _candidates(view, local)
    of_others = _in_cards(view, [candidate.element for candidate in view.candidates])
    for candidate in view.candidates:
        candidate.card = candidate.element in of_others
    _find_sections(view)
    _find_reductions(view)
    for candidate in view.candidates:
        _weigh(candidate, view)
    _compare(view)
    return view


def _heading(document: Document, names: list[str]) -> int:
    """The visible heading that says what the page is about."""
    best, best_score = -1, 0.0
    first_h1 = -1
    for number, element in enumerate(document.elements):
        named = "name" in element.words or "title" in element.words or "heading" in element.words
        if element.hidden or element.first == element.last or (element.tag not in HEADINGS and not named):
            continue
        text = document.text(number, 400)
        if not 2 <= len(text) <= 350:
            continue
        alike = max((_match(text, name) for name in names), default=0.0)
        score = alike + {"h1": 0.6, "h2": 0.2, "h3": 0.1}.get(element.tag, 0.0)
        score += 0.1 * bool({"product", "item"} & element.words) + 0.1 * ("itemprop" in element.markup.attrib)
        if element.tag == "h1" and first_h1 < 0:
            first_h1 = number
        if alike >= ALIKE and score > best_score:
            best, best_score = number, score
    return best if best >= 0 else first_h1


def _match(text: str, name: str) -> float:
    """Likeness, of which a single shared word is no proof, and which falls as the lengths differ."""
    one, other = folded(text), folded(name)
    if not one or not other:
        return 0.0
    if one == other:
        return 1.2 if " " in one or len(one) > 12 else 0.9
    lengths = min(len(one), len(other)) / max(len(one), len(other))
    shared = len(set(one.split()) & set(other.split()))
    return likeness(one, other) * (0.7 + 0.3 * lengths) * (1.0 if shared > 1 or lengths > 0.5 else 0.4)


# --- candidates -------------------------------------------------------------------------------------------------------


def _candidates(view: View, local: str | None) -> list[Candidate]:
    document = view.document
    found: list[Candidate] = []
    done: set[tuple[int, int]] = set()
    for place, piece in enumerate(document.pieces):
        if len(found) >= CANDIDATES:
            break
        if len(piece.text) > PRICE_CHARACTERS or not any(sign.isdigit() for sign in piece.text):
            continue
        found.extend(_around(view, place, local, done))
    found.extend(_in_attributes(document, local))
    return found


def _around(view: View, place: int, local: str | None, done: set[tuple[int, int]]) -> list[Candidate]:
    """The prices in a piece, or the one that the smallest element around completes: `£ <b>12</b><sup>99</sup>`."""
    document, labels = view.document, view.labels
    pieces = document.pieces
    piece = pieces[place]
    split = place + 1 < len(pieces) and _glued(pieces[place + 1].gap, piece.text, pieces[place + 1].text)
    split = split or (place > 0 and _glued(piece.gap, pieces[place - 1].text, piece.text))
    number, first, last, text = piece.element, place, place + 1, piece.text
    moneys = [] if split else [money for money in money_in(text, local) if money.mark]
    if not moneys:
        for outer, steps in zip(document.ancestors(piece.element), range(5), strict=False):
            element = document.elements[outer]
            around = document.text(outer, PRICE_CHARACTERS + 1)
            if len(around) > PRICE_CHARACTERS or (steps and element.last - element.first > 12):
                break
            start = len(document.text_between(element.first, place, 400))
            start += len(piece.gap) if place > element.first else 0
            moneys = _covering(around, start, start + len(piece.text), local)
            if moneys:
                number, first, last, text = outer, element.first, element.last, around
                break
    if not moneys:
        first, last = _line(document, place)
        text = document.text_between(first, last, PRICE_CHARACTERS)
        start = len(document.text_between(first, place, 400)) + (len(piece.gap) if place > first else 0)
        moneys = _covering(text, start, start + len(piece.text), local)
        number = document.common(pieces[first].element, pieces[last - 1].element)
    if not moneys and not split:
        number, first, last, text = piece.element, place, place + 1, piece.text
        moneys = _unmarked(document, place, local)
    made: list[Candidate] = []
    for money in moneys:
        if (number, money.start + (place * 1_000 if number == piece.element else 0)) in done:
            continue
        done.add((number, money.start + (place * 1_000 if number == piece.element else 0)))
        made.append(
            Candidate(
                amount=money.amount,
                currency=money.currency,
                mark=money.mark,
                text=_as_written(text, money.text),
                element=number,
                piece=place if money.mark is None or number == piece.element else first,
                seen=True,
                before=_before(labels, first, number) + labels.heard(text[: money.start])[-40:],
                after=labels.heard(text[money.end :])[:30] + _after(labels, last, number),
            )
        )
    return made


def _covering(text: str, start: int, end: int, local: str | None) -> list[Money]:
    """The price with a mark that takes in some of `text[start:end]`."""
    return [money for money in money_in(text, local) if money.mark and money.start < end and money.end > start][:1]


def _line(document: Document, place: int) -> tuple[int, int]:
    """The pieces that stand on one line with this one, at most three to either side."""
    pieces = document.pieces
    first, last = place, place + 1
    while first > max(0, place - 3) and pieces[first].gap != "\n" and len(pieces[first - 1].text) < 30:
        first -= 1
    while last < min(len(pieces), place + 4) and pieces[last].gap != "\n" and len(pieces[last].text) < 30:
        last += 1
    return first, last


def _unmarked(document: Document, place: int, local: str | None) -> list[Money]:
    """A number without a currency is a price where it stands alone and is called one, struck, or said to be the old."""
    piece = document.pieces[place]
    if len(re.sub(r"[\d.,'\s-]", "", piece.text)) > 6:
        return []
    called = document.elements[piece.element].struck or any(
        words.PRICE_WORDS & document.elements[outer].words
        for outer, _ in zip(document.ancestors(piece.element), range(3), strict=False)
    )
    if not called and place:
        called = _says(words.LIST_PRICE, folded(document.pieces[place - 1].text)[-28:])
    moneys = money_in(piece.text, local) if called else []
    # Seven digits in a row are an article's number.
    return moneys if len(moneys) == 1 and not re.search(r"\d{7}", piece.text) else []


def _as_written(text: str, money: str) -> str:
    """The price with the signs around it, where the text is nothing but the price."""
    whole = " ".join(text.split())
    more = whole.replace(money, "", 1)
    return whole if len(more) <= 3 and not any(sign.isalnum() for sign in more) else money


def _glued(gap: str, left: str, right: str) -> bool:
    if gap == ".":
        return True
    return gap == "" and (left[-1].isdigit() or left[-1] in ".,") and (right[0].isdigit() or right[0] in ".,")


def _before(labels: Labels, first: int, number: int) -> str:
    """The words right before, within the box around."""
    text = labels.before(first, labels.document.elements[_box(labels.document, number)].first)
    return f"{text} "[-50:] if text else ""


def _after(labels: Labels, last: int, number: int) -> str:
    return f" {labels.after(last, labels.document.elements[_box(labels.document, number)].last)}"[:31]


def _box(document: Document, number: int) -> int:
    """A few steps outward, to an element that holds little more than this one."""
    chosen = number
    for outer, _ in zip(document.ancestors(number), range(4), strict=False):
        element = document.elements[outer]
        if element.last - element.first > 8:
            break
        chosen = outer
    return chosen


def _in_attributes(document: Document, local: str | None) -> list[Candidate]:
    """Prices that elements carry for scripts: `data-price="12.50"`. Worth less than what is seen, but often exact."""
    found: list[Candidate] = []
    for number, element in enumerate(document.elements):
        attributes = element.markup.attrib
        if not attributes or len(found) >= CANDIDATES // 5:
            continue
        for name in _PRICE_ATTRIBUTES:
            value = attributes.get(name)
            if not value or len(value) > 30:
                continue
            amount = declared_amount(value, local)
            if amount is None:
                continue
            kind = " ".join(attributes.get(stated, "") for stated in _STATED)
            found.append(Candidate(amount, None, None, value, number, element.first, seen=False, before=kind))
            break
    return found


# --- what speaks for and against --------------------------------------------------------------------------------------


def _in_cards(view: View, numbers: list[int]) -> set[int]:
    """Of these elements, those of other products: within one of several siblings of one make, each with a link.

    None of the siblings is around the heading. Rows of a table are facts and instalments, not products.
    """
    document = view.document
    rows: dict[tuple[int, str], set[int]] = {}
    paths: dict[int, list[int]] = {}
    for number in numbers:
        path = paths[number] = []
        for outer, _ in zip(document.ancestors(number), range(12), strict=False):
            if outer in view.chain:
                break
            element = document.elements[outer]
            if element.tag not in {"tr", "td", "tbody", "th", "dd", "dt"}:
                path.append(outer)
                rows.setdefault((element.parent, element.signature), set()).add(outer)
    linked: dict[int, bool] = {}
    found: set[int] = set()
    for number, path in paths.items():
        for outer in path:
            element = document.elements[outer]
            large = element.last - element.first > CARD_PIECES or {"row", "container"} & element.words
            if large or len(rows[element.parent, element.signature]) < 2:
                continue
            if outer not in linked:
                linked[outer] = _links_away(document, outer)
            if linked[outer]:
                found.add(number)
                break
    return found


def _links_away(document: Document, number: int) -> bool:
    element = document.elements[number]
    for inner in range(number, min(element.end, number + 80)):
        one = document.elements[inner]
        href = one.markup.get("href", "") if one.tag == "a" else ""
        if href and not href.startswith(("#", "javascript:", "tel:", "mailto:")):
            return True
    return False


def _find_sections(view: View) -> None:
    """Which heading stands last before each price, of those that come after the product's own."""
    document = view.document
    priced = {candidate.element for candidate in view.candidates}
    headings = [
        number
        for number, element in enumerate(document.elements)
        if element.tag in HEADINGS[1:5]
        and not element.hidden
        and element.last > element.first
        and number not in priced
        and element.first not in view.labels.names
    ]
    for candidate in view.candidates:
        last = bisect_left(headings, candidate.element)
        for number in reversed(headings[max(0, last - 3) : last]):
            if not document.within(candidate.element, number):
                if document.elements[number].first > view.heading_piece:
                    candidate.section = number
                break


_PERCENT: Final = re.compile(r"[-−–(]?\s?(\d{1,2})(?:[.,]\d)?\s?[%٪]")


def _find_reductions(view: View) -> None:
    """Two prices side by side and a saving that makes the one of the other: it says itself which is which.

    The saving is a percentage, unless it is the reward of a subscription, or an amount that is called one.
    """
    seen = sorted((candidate for candidate in view.candidates if candidate.seen), key=lambda one: one.piece)
    places = [candidate.piece for candidate in seen]
    done: set[tuple[int, int]] = set()
    for place, piece in enumerate(view.document.pieces):
        found = _PERCENT.search(piece.text) if len(piece.text) <= 30 else None
        if not found or _says(words.SUBSCRIPTION, folded(piece.text)):
            continue
        share = int(found.group(1)) / 100
        first, last = bisect_left(places, place - 9), bisect_left(places, place + 10)
        near = seen[first : min(last, first + 12)]
        if (first, int(found.group(1))) in done:
            continue
        done.add((first, int(found.group(1))))
        for high in near:
            for low in near:
                if low.amount < high.amount and abs(1 - float(low.amount / high.amount) - share) <= 0.0101:
                    high.was, low.reduced = True, True
                    for between in near:
                        between.topped = between.topped or low.amount < between.amount < high.amount
    for place, saved in enumerate(seen):
        if not _is_saving(saved):
            continue
        near = [one for one in seen[max(0, place - 6) : place + 7] if abs(one.piece - saved.piece) <= 9]
        for high in near:
            if any(low is not saved and high.amount - low.amount == saved.amount for low in near):
                high.was = True


def _is_saving(candidate: Candidate) -> bool:
    return _says(words.SAVING, _words_before(candidate)[-22:]) or _opens(words.SAVING, _own_after(candidate))


def _weigh(candidate: Candidate, view: View) -> None:
    """Add up what speaks for and against. The figures are worth what they get right, and nothing else."""
    around = _surroundings(candidate, view)
    _judge_words(candidate, view, around.near)
    worth = _nearness(candidate, view)
    worth += 1.5 if candidate.mark else -1.0
    worth += 1.5 if words.PRICE_WORDS & around.near else 0.0
    worth += 0.7 if words.NOW_WORDS & around.near else 0.0
    worth += 1.5 if candidate.reduced else 0.0
    worth -= 0.0 if candidate.seen else 1.5
    worth -= 4.0 if candidate.was else 0.0
    worth -= 3.5 if candidate.other else 0.0
    worth -= 3.5 if candidate.card else 0.0
    worth -= 2.0 if around.framed else 0.0
    worth -= 1.5 if around.linked else 0.0
    worth -= 2.5 if around.chosen else 0.0  # of one of several sizes, beside what the page leads with
    worth -= 1.5 if around.taxed else 0.0  # the same with or without tax, beside the one the page leads with
    worth -= 2.5 if words.ELSEWHERE_WORDS & around.beside else 0.0
    worth -= 1.5 if _says(words.MISLEADING, _words_before(candidate)[-14:]) and not candidate.was else 0.0
    worth -= _spoken_of(candidate, view)
    worth -= 1.0 if candidate.net else 0.0
    worth -= 2.0 if _says(words.UNIT_LABELS, _words_before(candidate)[-22:]) else 0.0
    worth -= 1.0 if _PLUS_MORE.match(candidate.after) or candidate.before.rstrip().endswith("+") else 0.0
    if candidate.section >= 0:
        other_products = _says(words.NEXT_SECTION, folded(view.document.text(candidate.section, 120)))
        worth -= 2.5 if other_products else 0.7
    candidate.worth = worth


def _spoken_of(candidate: Candidate, view: View) -> float:
    """A price stands alone or with a word or two; one in the midst of many is spoken of."""
    pieces = view.document.pieces
    if not candidate.seen or not pieces:
        return 0.0
    text = view.labels.without_name(pieces[min(candidate.piece, len(pieces) - 1)].text).strip()
    letters = sum(sign.isalpha() for sign in text)
    if letters <= 24:
        return 0.0
    amid = text[:1].isalpha() and text.rstrip(".!")[-1:].isalpha()
    return (3.0 if letters > 40 else 1.5) + (1.0 if amid else 0.0)


def _compare(view: View) -> None:
    """Of two prices side by side, the one that is called regular (or list, base, original) is the former one."""
    own = [one for one in view.candidates if one.seen and not one.card and not one.other and not one.was]
    for candidate in own:
        if candidate.regular and any(
            other.amount < candidate.amount and not other.was and abs(other.piece - candidate.piece) <= 10
            for other in own
        ):
            candidate.was = True
            candidate.worth -= 4.0
    # Of two that differ by a tax the page leads with the one that it asks.
    for candidate in own:
        if candidate.net and any(
            candidate.amount < other.amount <= candidate.amount * HIGHEST_TAX
            and not other.net
            and 0 <= candidate.piece - other.piece <= 10
            for other in own
        ):
            candidate.other = True
            candidate.worth -= 3.5
    # Many shops write a price twice, once for reading aloud.
    former = [one for one in view.candidates if one.seen and one.was]
    for candidate in own:
        if not candidate.was and any(
            one.amount == candidate.amount and abs(one.piece - candidate.piece) <= 3 for one in former
        ):
            candidate.was = True
            candidate.worth -= 4.0


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """The words of the elements close around, and of all that are not around the heading as well."""

    near: frozenset[str]
    beside: frozenset[str]
    framed: bool
    linked: bool
    taxed: bool
    chosen: bool


def _surroundings(candidate: Candidate, view: View) -> _Surroundings:
    near: set[str] = set()
    beside: set[str] = set()
    framed = linked = taxed = chosen = False
    for steps, outer in enumerate(view.document.ancestors(candidate.element)):
        element = view.document.elements[outer]
        if outer in view.chain and steps > 3:
            break
        named = view.labels.classes(element.words)
        if steps < 4:
            near.update(named)
        if outer not in view.chain:
            beside.update(named)
        framed = framed or element.tag in _FRAMES
        chosen = chosen or (element.tag == "label" and element.last - element.first <= 6)
        taxed = taxed or (steps < 4 and bool(element.words) and element.words <= words.TAX_WORDS)
        href = element.markup.get("href", "") if element.tag == "a" and steps < 8 else ""
        linked = linked or (bool(href) and not href.startswith(("#", "javascript")))
    return _Surroundings(frozenset(near), frozenset(beside), framed, linked, taxed, chosen)


_PLUS_MORE: Final = re.compile(r"\s+\+|\+\s?[\d$€£¥]")
"""Something is added, while `from 12.00+` is the least of several."""
_BRACKETED: Final = re.compile(r"\s?[(\uff08][^)\uff09]*")
_THRESHOLD: Final = re.compile(
    r"\s?(?:\(含\))?\s?(?:以上|이상|or more\b|and (?:over|above|up)\b|oder mehr\b|ou plus\b|o más\b|ou mais\b)",
    re.IGNORECASE,
)
"""What follows an amount that one must spend."""


def _judge_words(candidate: Candidate, view: View, near: frozenset[str]) -> None:
    """Whether it is the former price, or the price of something beside the product."""
    document, labels = view.document, view.labels
    element = document.elements[candidate.element]
    parent = document.elements[element.parent]
    outer = labels.classes(parent.words)
    own = labels.classes(element.words) | (outer - {"list"} if parent.tag in _LISTS else outer)
    before, whole_before = _words_before(candidate), folded(candidate.before)
    own_after = _own_after(candidate)
    bracketed = _BRACKETED.match(candidate.after)  # what stands behind is of the next price
    after = bracketed.group() if bracketed else candidate.after
    candidate.net = _says(words.WITHOUT_TAX, f"{before[-16:]} {folded(after)[:14]}")
    candidate.regular = bool(words.OLD_WORDS & own) and not words.NOW_WORDS & own and not {"final", "sale"} & near
    candidate.was = (
        candidate.was
        or element.struck
        or (candidate.seen and _inner_struck(document, candidate))
        or bool(words.SURE_OLD_WORDS & own)
        or _says(words.LIST_PRICE, before[-28:])
    )
    candidate.other = (
        (bool(words.OTHER_WORDS & near) and not _says(words.LIST_PRICE, before[-28:]))
        or _is_saving(candidate)
        or _says(words.DELIVERY, before[-40:])
        or _says(words.DELIVERY, own_after[:14])
        or _says(words.INSTALMENT, whole_before[-14:])
        or _says(words.INSTALMENT, before[-30:])
        or _says(words.INSTALMENT, _until_next(candidate.after)[:14])
        or _says(words.ABOUT, before[-16:])
        or re.search(r"\d[^\w]{0,4}\s{0,2}[–—-]\s{0,2}$", candidate.before) is not None  # the upper end of a range
        or _of_a_measure(candidate.after.strip()[:14])
        or _says(words.SUBSCRIPTION, _since_price(candidate.before)[-30:])
        or _ends(words.TIERS, _since_price(candidate.before))
        or _ends(words.LOWEST, _since_price(candidate.before))
        or re.search(r"\d\s?\+\s?(?:pcs|pieces|units|stück|szt)?\s?[:=–-]?\s?\Z", candidate.before) is not None
        or _THRESHOLD.match(candidate.after) is not None
    )


def _own_after(candidate: Candidate) -> str:
    """What follows the price, unless another number does: then it was said of that one."""
    return folded(candidate.after[:16]) if not re.search(r"\d", candidate.after[:24]) else ""


def _since_price(before: str) -> str:
    """What was said after the last price, with the numbers that are none: `subscribe and save 15 %`."""
    return folded(PRICE.split(before)[-1]).strip()


def _words_before(candidate: Candidate) -> str:
    """What was said before another number was said of that one."""
    return folded(re.split(r"\d", candidate.before)[-1])


def _until_next(after: str) -> str:
    """What follows, up to the next price; a number of months belongs to it."""
    if re.match(r"\s?(?:[x×/]|for|over|in|en)\s?\d", after):
        return folded(after[:24])
    return folded(re.split(r"[\d$€£¥₹]", after)[0])


def _of_a_measure(after: str) -> bool:
    """`/ 100 g`, `per litre`, not `/ piece`."""
    if not re.match(r"/|\(?\s?(?:per|pro|za|par|por|al)\b", after, re.IGNORECASE):
        return False
    return _says(words.PER_UNIT, folded(after)) and not re.match(
        r"/\s?(?:szt|ks|stk|st|pc|pcs|шт|db|kom|buc|each|ea|unit|pièce|stück)\b", after, re.IGNORECASE
    )


def _nearness(candidate: Candidate, view: View) -> float:
    """Up to 4.5: by steps outward from the heading, by text between, by the button that buys."""
    near = 0.0
    if view.heading >= 0:
        steps = view.distance(candidate.element)
        near += 1.6 * math.exp(-steps / 6)
        between = candidate.piece - view.heading_piece
        near += 1.6 * math.exp(-between / 40) if between >= 0 else 0.8 * math.exp(between / 15)
    buying = [abs(button.piece - candidate.piece) for button in view.buttons]
    if buying:
        near += 1.3 * math.exp(-min(buying) / 20)
    return near


def _inner_struck(document: Document, candidate: Candidate) -> bool:
    element = document.elements[candidate.element]
    numbers = [
        document.elements[document.pieces[place].element].struck
        for place in range(element.first, min(element.last, element.first + 12))
        if any(sign.isdigit() for sign in document.pieces[place].text)
    ]
    return bool(numbers) and all(numbers)


def _says(what: str, text: str) -> bool:
    return bool(text) and words.pattern(what).search(text) is not None


def _ends(what: str, text: str) -> bool:
    return any(found.end() == len(text) for found in words.pattern(what).finditer(text))


def _opens(what: str, text: str) -> bool:
    return words.pattern(what).match(text) is not None


# --- the button -------------------------------------------------------------------------------------------------------

_BUY_WORDS: Final = frozenset(
    {"addtocart", "addtobag", "addtobasket", "buynow", "buybutton", "addcart", "btncart", "tocart"}
)


def _buttons(document: Document) -> list[Button]:
    found: list[Button] = []
    for number, element in enumerate(document.elements):
        attributes = element.markup.attrib
        kind = attributes.get("type", "").lower()
        clickable = element.tag == "button" or (element.tag == "input" and kind in {"submit", "button", "image"})
        styled = bool({"btn", "button", "buy", "cart", "basket", "addtocart"} & element.words)
        styled = styled or attributes.get("role") == "button" or _is_buying_link(document, number)
        if not clickable and not (element.tag in {"a", "div", "span"} and styled):
            continue
        if element.hidden and (element.tag != "input" or document.elements[element.parent].hidden):
            continue
        if element.last - element.first > 6 or len(found) >= 200:
            continue
        text = document.text(number, 80) or attributes.get("value", "") or attributes.get("aria-label", "")
        joined = re.sub(
            r"[^a-z]",
            "",
            f"{attributes.get('class', '')} {attributes.get('id', '')} {attributes.get('name', '')}".lower()[:300],
        )
        says = _says(words.BUY, folded(text)) and len(text) <= 60
        if not says and not any(word in joined for word in _BUY_WORDS):
            continue
        if element.tag in {"div", "span"} and not says:
            continue
        off = "disabled" in attributes or attributes.get("aria-disabled") == "true" or "disabled" in element.words
        found.append(Button(number, element.first, text, enabled=not off))
    return found


def _is_buying_link(document: Document, number: int) -> bool:
    """A link that says `Buy it now` and nothing else, outside what frames the page."""
    element = document.elements[number]
    if element.tag != "a" or element.last - element.first != 1:
        return False
    text = document.pieces[element.first].text
    if len(text) > 30 or not words.pattern(words.BUY).fullmatch(folded(text)):
        return False
    return not any(document.elements[outer].tag in _FRAMES for outer in document.ancestors(number))
