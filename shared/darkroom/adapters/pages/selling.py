"""Whether the product can be had, and what is offered with it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from darkroom.adapters.pages import structured, vocabulary
from darkroom.domain.money import amount_of, percent_off
from darkroom.domain.plain_text import folded, plain
from darkroom.domain.products import Availability, Claim, Fact, availability_of, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.adapters.pages.page import Page
    from darkroom.domain.products import Price

_OFFER: Final = re.compile(
    r"(?:(?:save|spare?n?|jetzt|up to|extra|ahorra|économisez|risparmia|bespaar)\s{1,2})?"
    r"[-−–]?\s?\d{1,2}(?:[.,]\d)?\s?[%٪]\s{0,2}"
    r"(?:off|discount|rabatt|reduziert|günstiger|sparen|de descuento|descuento|dto|de réduction|de remise|di sconto"
    r"|sconto|korting|taniej|zniżki|sleva|zľava|popust|kedvezmény|reducere|rabat|alennus|скидка|знижка|indirim"
    r"|خصم|הנחה|オフ)"
    r"|(?:save|spare?n?|sie sparen|rabatt|oszczędź|zniżka|sleva|zľava|ušetríte|popust|remise|descuento|sconto|korting"
    r"|скидка|знижка|خصم|تخفيض|הנחה)\s{1,2}[-−–]?\d{1,2}\s?[%٪]|[-−–]\s?\d{1,2}\s?[%٪]"
    r"|buy (?:one|1|two|2|three|3)[, ]{1,2}get (?:one|1|two|2|three|3)(?: (?:free|half price|\d{1,2}% off))?"
    r"|\bBOGO\b|\b[2-9] for (?:the price of )?[1-9£$€]\d{0,3}\b|\b[2-9]\s?für\s?[1-9]\b|\b[2-9]x1\b"
    r"|買一送一|买一送一|1\+1",
    re.IGNORECASE,
)

_STOCK: Final = (
    (Availability.DISCONTINUED, vocabulary.DISCONTINUED),
    (Availability.OUT_OF_STOCK, vocabulary.SOLD_OUT),
    (Availability.OUT_OF_STOCK, vocabulary.ENDED),
    (Availability.PRE_ORDER, vocabulary.PREORDER),
    (Availability.BACK_ORDER, vocabulary.BACKORDER),
    (Availability.LIMITED, vocabulary.LIMITED),
    (Availability.IN_STOCK, vocabulary.IN_STOCK),
)
"""What is said first where a text says several: `not available, back in stock soon`."""
_NAMED: Final = frozenset({"stock", "availability", "available", "avail", "status", "soldout", "sold"})
NOTICE: Final = 12
"""Pieces of text over the heading in which a page says that what follows is over."""


def offer_of(page: Page, price: Price | None, list_price: Price | None) -> Fact | None:
    """What the page says of an offer beside its price, else the discount that price and list price make."""
    anchor = next(
        (
            c
            for c in page.view.candidates
            if price and c.seen and not c.was and amount_of(c.amount) == price.amount and c.worth > 1
        ),
        None,
    )
    place = anchor.piece if anchor else page.view.heading_piece
    percent = percent_off(Decimal(price.amount), Decimal(list_price.amount)) if price and list_price else None
    for number in range(max(0, place - 10), min(len(page.document.pieces), place + 14)):
        text = page.document.pieces[number].text
        if len(text) > 60 or page.apart(page.document.pieces[number].element):
            continue
        if found := _OFFER.search(text):
            stated = plain(found.group(), 60)
            percents = re.search(r"\d{1,2}", stated) if "%" in stated or "٪" in stated else None
            # Without two prices that bear it out, a percentage inside a sentence may be of anything.
            if percents and percent is None and len(stated) < 0.6 * len(text):
                continue
            # Beside a computed discount, another percentage is of something else.
            if percents and percent is not None and abs(int(percents.group()) - percent) > 2:
                continue
            return Fact(stated, "visible text", 0.8 if percents and percent is not None else 0.6)
    for name in page.offers.names:
        if found := _OFFER.search(name):
            return Fact(plain(found.group(), 60), page.main.source if page.main else structured.JSON_LD, 0.6)
    if percent is None or price is None or list_price is None:
        return None
    english = (page.language or "en").lower().startswith("en")
    confidence = round(min(price.confidence, list_price.confidence), 2)
    return Fact(f"{percent}% off" if english else f"-{percent}%", "computed", confidence)


def availability_from(page: Page) -> Fact | None:
    claims: list[Claim] = []
    if page.main and page.offers.stock:
        claims.append(Claim(_best(page.offers.stock), page.main.source, 0.8))
    for key in ("product:availability", "og:availability", "availability"):
        claims.extend(
            Claim(found, structured.OPEN_GRAPH, 0.7)
            for term in page.said.metas.get(key, ())[:1]
            if (found := availability_of(term))
        )
    for term, number in page.said.loose.get("availability", ())[:2]:
        if (found := availability_of(term)) and page.view.distance(number) < 14:
            claims.append(Claim(found, structured.MICRODATA, 0.6))
    claims.extend(_seen_stock(page))
    claims.extend(
        Claim(found, "state", 0.3)
        for state in page.states[:3]
        if state.stock is not None and (found := availability_of(str(state.stock)))
    )
    return settled(claims)


def _best(stock: list[Availability]) -> Availability:
    """Of several variants: one that can be had is enough."""
    return min(stock, key=lambda one: (one is not Availability.IN_STOCK, not one.for_sale))


def _seen_stock(page: Page) -> Iterator[Claim]:
    """What is written where the product is bought, and whether it can be."""
    view = page.view
    prices = [c.piece for c in view.candidates if c.seen and not c.card and c.worth > 2]
    start = view.heading_piece
    end = max([start + 40, *(piece + 30 for piece in prices if start <= piece <= start + 150)])
    end = min(end, len(page.document.pieces))
    buttons = [b for b in view.buttons if start - 10 <= b.piece <= end + 30 and not page.apart(b.element)]
    enabled = [button for button in buttons if button.enabled]
    said, told = _said_of_stock(page, start, end)
    gone = max(Availability.OUT_OF_STOCK, Availability.DISCONTINUED, key=lambda kind: said.get(kind, 0.0))
    if gone in said:
        # Beside a button that buys, it is more likely said of something else.
        yield Claim(gone, "visible text", said[gone] * (0.6 if enabled else 1.2))
    elif not enabled and any(_says(vocabulary.SOLD_OUT, folded(button.text)) for button in buttons):
        yield Claim(Availability.OUT_OF_STOCK, "visible text", 0.8)
    elif not enabled and told:
        # A button that is off may only wait for a size; beside an offer to be told, it waits for the product.
        yield Claim(Availability.OUT_OF_STOCK, "visible text", 0.6 if buttons else 0.5)
    for kind in (Availability.PRE_ORDER, Availability.BACK_ORDER, Availability.LIMITED, Availability.IN_STOCK):
        if kind in said:
            yield Claim(kind, "visible text", said[kind])
            break
    else:
        if enabled:
            yield Claim(Availability.IN_STOCK, "dom", 0.5)


def _said_of_stock(page: Page, start: int, end: int) -> tuple[dict[Availability, float], bool]:
    """How surely each availability is written between two pieces of text, and whether one can be told of another."""
    said: dict[Availability, float] = {}
    told = False
    for place in range(max(0, start - NOTICE), end):
        piece = page.document.pieces[place]
        if len(piece.text) > 90 or page.apart(piece.element) or _is_choice(page, piece.element):
            continue
        text = folded(piece.text)
        if place < start:  # over the heading stands what makes the rest void, or nothing of the product
            if _says(vocabulary.ENDED, text):
                said[Availability.OUT_OF_STOCK] = 0.6
            continue
        told = told or _says(vocabulary.NOTIFY, text)
        if kind := next((kind for kind, what in _STOCK if _says(what, text)), None):
            weight = 0.4 + 0.2 * (len(piece.text) <= 40) + 0.15 * bool(_NAMED & _words_around(page, piece.element))
            said[kind] = max(said.get(kind, 0.0), weight)
    return said, told


def _says(what: str, text: str) -> bool:
    return vocabulary.pattern(what).search(text) is not None


def _words_around(page: Page, number: int) -> set[str]:
    words: set[str] = set()
    for outer, _ in zip(page.document.ancestors(number), range(3), strict=False):
        words |= page.document.elements[outer].words
    return words


def _is_choice(page: Page, number: int) -> bool:
    for outer, _ in zip(page.document.ancestors(number), range(4), strict=False):
        element = page.document.elements[outer]
        if element.tag in {"li", "label", "select"} and {
            "size",
            "swatch",
            "variant",
            "option",
            "colour",
            "color",
        } & (element.words | _words_around(page, element.parent)):
            return True
    return False
