"""What the product costs now and cost before: every witness weighed, then the amount that most speaks for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from darkroom.adapters.pages import structured, vocabulary
from darkroom.adapters.pages.offers import Amount
from darkroom.adapters.pages.prices import declared_amount, mark_in
from darkroom.domain.money import CODES, amount_of, iso_code
from darkroom.domain.plain_text import folded, plain
from darkroom.domain.products import Price

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from darkroom.adapters.pages.page import Page
    from darkroom.adapters.pages.visible import Candidate

_VISIBLE_ENOUGH: Final = 3.3
"""The worth at which a visible price is as likely the product's as not."""
_SURE_ENOUGH: Final = 0.3
_DISTINCT: Final = 2.0
"""How many times as likely, in odds, the first must be as the second."""


def prices_of(page: Page) -> tuple[Price | None, Price | None]:
    """The price and the list price. None where nothing speaks for one, or where two are about as likely: on a picture a
    wrong price is worse than none."""
    claims = _claims(page)
    groups: dict[Decimal, list[Amount]] = {}
    for claim in claims:
        groups.setdefault(claim.amount, []).append(claim)
    if not groups:
        return None, None
    ranked = sorted(((_sureness(group), amount) for amount, group in groups.items()), reverse=True)
    confidence, amount = ranked[0]
    rivals = [one for one in ranked[1:] if _odds(confidence) < _DISTINCT * _odds(one[0])]
    if len(rivals) > 1:  # a list of prices, of things that are not told apart
        return None, None
    if rivals:
        # Of two that stand side by side the lower is the one to pay.
        confidence, amount = min(ranked[:2], key=lambda one: one[1])
        if not _side_by_side(page, ranked[0][1], ranked[1][1]):
            return None, None
    if confidence < _SURE_ENOUGH:
        return None, None
    group = groups[amount]
    seen = max(
        (one for one in page.view.candidates if one.seen and one.amount == amount and not one.was),
        key=lambda one: one.worth,
        default=None,
    )
    leading = max(group, key=lambda claim: claim.weight)
    currency = _currency_of(page, group, seen)
    text = plain(seen.text, 60) if seen else _written(leading, currency)
    price = Price(amount_of(amount) or "", currency, text, leading.source, round(confidence, 2))
    return price, _list_price(page, amount, currency, seen)


def _side_by_side(page: Page, one: Decimal, other: Decimal) -> bool:
    places = {
        amount: [seen.piece for seen in page.view.candidates if seen.seen and seen.amount == amount and not seen.card]
        for amount in (one, other)
    }
    return any(abs(here - there) <= 4 for here in places[one] for there in places[other])


def _sureness(claims: list[Amount]) -> float:
    """Of claims of one amount: their sources are independent witnesses, each heard once."""
    by_source: dict[str, float] = {}
    for claim in claims:
        by_source[claim.source] = max(by_source.get(claim.source, 0.0), min(claim.weight, 0.97))
    return 1 - math.prod(1 - weight for weight in by_source.values())


def _odds(probability: float) -> float:
    return probability / (1 - probability)


def _claims(page: Page) -> list[Amount]:
    """Every witness for a price. What is declared is checked against what is seen."""
    claims: list[Amount] = []
    seen = [candidate for candidate in page.view.candidates if candidate.seen]
    strongest = max((c.worth for c in seen), default=-10.0)
    for one in (*page.offers.amounts, *_meta_amounts(page)):
        matching = [c for c in seen if c.amount == one.amount]
        weight = one.weight
        if matching and all(c.was for c in matching):
            weight *= 0.3  # declared, but struck through on the page
        elif matching and all(c.was or c.topped for c in matching):
            weight *= 0.5  # a lower one, reduced by what the page itself says, stands beside it
        elif not matching and strongest >= _VISIBLE_ENOUGH:
            weight *= 0.75
        claims.append(Amount(one.amount, one.currency, one.text, one.source, weight))
    read = 0.4 if page.main is None and page.is_article else 1.0
    for candidate in page.view.candidates:
        weight = read * (0.97 if candidate.reduced else 0.92) / (1 + math.exp(_VISIBLE_ENOUGH - candidate.worth))
        if weight >= 0.05:
            source = "visible text" if candidate.seen else "dom"
            claims.append(
                Amount(
                    candidate.amount,
                    candidate.currency,
                    candidate.text,
                    source,
                    weight if candidate.seen else weight * 0.6,
                )
            )
    supported = {claim.amount for claim in claims}
    for state in page.states:
        if state.price is not None:
            amount = state.price
            cents = state.in_cents or amount / 100 in supported
            if cents and amount not in supported:
                amount = amount / 100
            claims.append(Amount(amount, state.currency, str(amount), "state", 0.35))
    return claims


def _meta_amounts(page: Page) -> Iterator[Amount]:
    metas = page.said.metas
    for key, source, weight in (
        ("product:sale_price:amount", structured.OPEN_GRAPH, 0.75),
        ("product:price:amount", structured.OPEN_GRAPH, 0.7),
        ("og:price:amount", structured.OPEN_GRAPH, 0.7),
        ("og:price", structured.OPEN_GRAPH, 0.5),
        ("product:price", structured.OPEN_GRAPH, 0.5),
        ("price", structured.META, 0.5),
    ):
        for text in metas.get(key, ())[:1]:
            code = page.meta_currency or iso_code(mark_in(text), page.local)
            if (amount := declared_amount(text, code or page.local)) is not None:
                yield Amount(amount, code, text, source, weight)
    for number in ("1", "2"):
        label = next(iter(metas.get(f"twitter:label{number}", ())), "")
        text = next(iter(metas.get(f"twitter:data{number}", ())), "")
        if vocabulary.PRICE_WORDS & set(folded(label).split()) and (amount := declared_amount(text, page.local)):
            yield Amount(amount, iso_code(mark_in(text), page.local), text, structured.META, 0.5)
    for key in ("price", "lowprice"):
        for text, place in page.said.loose.get(key, ())[:3]:
            if (amount := declared_amount(text, page.currency or page.local)) is not None:
                apart = page.view.distance(place) > 12
                yield Amount(amount, page.meta_currency, text, structured.MICRODATA, 0.3 if apart else 0.5)


def _currency_of(page: Page, group: list[Amount], seen: Candidate | None) -> str | None:
    declared_codes = [
        claim.currency for claim in group if claim.currency and claim.source not in {"visible text", "dom"}
    ]
    if declared_codes:
        return declared_codes[0]
    if page.currency and (seen is None or seen.mark is None or page.currency in _may_be(seen.mark)):
        return page.currency
    if seen and seen.currency:
        return seen.currency
    return next((claim.currency for claim in group if claim.currency), None) or page.currency or page.local


def _list_price(page: Page, amount: Decimal, currency: str | None, seen: Candidate | None) -> Price | None:
    """What it cost before: struck or called so beside the price, or declared as such. Always above the price."""
    claims = [claim for claim in _former(page, amount, currency, seen) if amount < claim.amount < amount * 20]
    if not claims:
        return None
    best = max(claims, key=lambda claim: claim.weight)
    witnesses = {claim.source: claim.weight for claim in claims if claim.amount == best.amount}
    confidence = 1 - math.prod(1 - weight for weight in witnesses.values())
    shown = next((c for c in page.view.candidates if c.seen and c.amount == best.amount), None)
    text = plain(shown.text, 60) if shown else _written(best, currency)
    return Price(amount_of(best.amount) or "", currency, text, best.source, round(confidence, 2))


def _former(page: Page, amount: Decimal, currency: str | None, seen: Candidate | None) -> Iterator[Amount]:
    yield from page.offers.lists
    keys = ["product:original_price:amount", "og:price:standard_amount", "product:original_price"]
    if "product:sale_price:amount" in page.said.metas:
        keys.append("product:price:amount")  # the regular one, where Open Graph has a sale price too
    for key in keys:
        for text in page.said.metas.get(key, ())[:1]:
            if (found := declared_amount(text, currency)) is not None:
                yield Amount(found, currency, text, structured.OPEN_GRAPH, 0.7)
    for state in page.states:
        if state.list_price is not None and state.price is not None:
            scale = 100 if state.price == amount * 100 else 1
            if state.price / scale == amount:
                yield Amount(state.list_price / scale, state.currency, "", "state", 0.4)
    for one in page.view.candidates:
        if one.was and one.seen and not one.other and not one.card:
            weight = 0.85 * math.exp(-abs(one.piece - seen.piece) / 30) if seen else 0.2
            if weight > 0.25:
                yield Amount(one.amount, one.currency, one.text, "visible text", weight)


def _may_be(mark: str) -> set[str]:
    return {code for code in CODES if iso_code(mark, code) == code}


def _written(claim: Amount, currency: str | None) -> str:
    """A price that the page shows nowhere, in the plainest writing."""
    amount = amount_of(claim.amount) or ""
    whole, dot, cents = amount.partition(".")
    amount = f"{whole}.{cents:0<2}" if dot else whole
    return f"{amount} {currency}" if currency else amount
