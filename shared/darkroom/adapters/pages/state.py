"""What a page keeps for its own scripts: JSON in script elements, states put into variables, data layers of analytics.

It is the weakest source: such states hold carts, related products and prices in cents. So a product in one counts only
where its name is the page's, and its price only beside other evidence or alone as a last resort.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.pages import json_text
from darkroom.adapters.pages.prices import declared_amount
from darkroom.domain.money import CODES
from darkroom.domain.plain_text import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.adapters.pages.document import Document

SCRIPT_CHARACTERS: Final = 2_000_000
SCRIPTS: Final = 200
STARTS: Final = 60
"""Places in one script where a value is tried: after an assignment, in a call."""
VALUES: Final = 60_000
STATES: Final = 40

_START: Final = re.compile(r"[=(]\s{0,4}(?=[{\[])")
_NAMES: Final = ("name", "title", "productName", "product_name", "displayName", "item_name", "goodsName", "fullName")
_PRICES: Final = (
    *("salePrice", "sale_price", "specialPrice", "special_price", "finalPrice", "final_price", "currentPrice"),
    *(
        "current_price",
        "discountedPrice",
        "priceAmount",
        "price",
        "sellingPrice",
        "selling_price",
        "nowPrice",
        "unitPrice",
    ),
)
_LISTS: Final = (
    *("compare_at_price", "compareAtPrice", "regularPrice", "regular_price", "listPrice", "list_price", "oldPrice"),
    *("old_price", "originalPrice", "original_price", "wasPrice", "rrp", "msrp", "basePrice"),
)
_PRICING: Final = ("pricing", "prices", "priceInfo", "price_info", "priceData", "price", "offer", "offers")
"""Where a product of a state keeps its prices together."""
_AMOUNTS: Final = ("value", "amount", "sale", "current", "final", "price", "raw", "min")
"""What the number is called in a price that is an object, or the lower of its two."""
_VARIANTS: Final = ("variants", "skus", "variations", "models")
_STOCK: Final = ("availability", "available", "inStock", "in_stock", "isInStock", "stockStatus", "isAvailable")
_LOOSE_PRICE: Final = re.compile(
    r"[\"']?\b(?:price|productPrice|product_price|ecomm_totalvalue|salePrice|sale_price|finalPrice)[\"']?\s{0,3}:\s{0,3}"
    r"(?:\{[^{}]{0,120}?\b(?:(centAmount)|amount|value)[\"']?\s{0,3}:\s{0,3})?"
    r"[\"']?(\d{1,9}(?:[.,]\d{1,4})?)[\"']?\s{0,3}[,}\n]"
)
_LOOSE_CODE: Final = re.compile(
    r"[\"']?\b(?:currency|currencyCode|priceCurrency)[\"']?\s{0,3}:\s{0,3}[\"']([A-Z]{3})[\"']"
)
_LOOSE_NAME: Final = re.compile(
    r"[\"']?\b(?:name|productName|product_name|title)[\"']?\s{0,3}:\s{0,3}(\"[^\"\n]{2,300}\"|'[^'\n]{2,300}')"
)


@dataclass(frozen=True, slots=True)
class State:
    """One thing of a page's state that bears the product's name."""

    price: Decimal | None
    list_price: Decimal | None
    currency: str | None
    stock: Any
    in_cents: bool


def states(document: Document, names: list[str], currency: str | None) -> list[State]:
    """Those about a product of one of these names."""
    wanted = {folded(name) for name in names if len(name) > 2}
    found: list[State] = []
    for text, kind in _scripts(document):
        before = len(found)
        for value in _values(text, kind):
            found.extend(_about(value, wanted, currency))
            if len(found) >= STATES:
                return found
        if len(found) == before and "json" not in kind:
            found.extend(_loosely(text, wanted, currency))
    return found


def _scripts(document: Document) -> Iterator[tuple[str, str]]:
    for count, script in enumerate(document.root.iter("script")):
        text = script.text
        kind = (script.get("type") or "").lower()
        if count >= SCRIPTS:
            return
        if text and "ld+json" not in kind and len(text) <= SCRIPT_CHARACTERS and ("rice" in text or "PRICE" in text):
            yield text, kind


def _values(text: str, kind: str) -> Iterator[Any]:
    if "json" in kind:
        yield from json_text.values(text)
        return
    end = 0
    for tried, start in enumerate(_START.finditer(text)):
        if tried >= STARTS:
            return
        if start.end() < end:
            continue
        found = json_text.value_at(text, start.end())
        if found is not None:
            value, end = found
            yield value


def _about(value: Any, wanted: set[str], currency: str | None) -> Iterator[State]:
    waiting: deque[Any] = deque([value])
    seen = 0
    while waiting and seen < VALUES:
        one = waiting.popleft()
        seen += 1
        if isinstance(one, list):
            waiting.extend(entry for entry in one[:2_000] if isinstance(entry, dict | list))
        elif isinstance(one, dict):
            name = next((one[key] for key in _NAMES if isinstance(one.get(key), str)), None)
            if name and folded(name[:400]) in wanted:
                yield from _state(one, currency)
            waiting.extend(entry for entry in one.values() if isinstance(entry, dict | list))


def _state(one: dict[str, Any], currency: str | None) -> Iterator[State]:
    # Where these names stand, whole numbers are cents.
    variants: list[Any] = next((one[key] for key in _VARIANTS if isinstance(one.get(key), list) and one[key]), [{}])
    first: dict[str, Any] = variants[0] if isinstance(variants[0], dict) else {}
    cents = bool({"compare_at_price", "price_min"} & (one.keys() | first.keys()))
    inner: dict[str, Any] = next((one[key] for key in _PRICING if isinstance(one.get(key), dict)), {})
    one = {**inner, **one}
    code = _code(one) or currency
    price, list_price = _number(one, _PRICES, code), _number(one, _LISTS, code)
    if price is None and first:
        code = _code(first) or code
        price, list_price = _number(first, _PRICES, code), _number(first, _LISTS, code)
    stock = next((one[key] for key in _STOCK if key in one and not isinstance(one[key], dict | list)), None)
    if price is not None or stock is not None:
        whole = price is not None and price == price.to_integral_value()
        yield State(price, list_price, _code(one) or _code(first), stock, in_cents=cents and whole)


def _number(one: dict[str, Any], keys: tuple[str, ...], currency: str | None) -> Decimal | None:
    lowered = {key.lower().replace("_", ""): value for key, value in list(one.items())[:300]}
    for key in keys:
        value = lowered.get(key.lower().replace("_", ""))
        for _ in range(3):
            if isinstance(value, list):
                value = value[0] if value else None
            if isinstance(value, dict):
                if isinstance(cents := value.get("centAmount"), str) and cents.isdigit():
                    return Decimal(cents) / 100
                value = next((value[inner] for inner in _AMOUNTS if inner in value), None)
        if isinstance(value, str) and (amount := declared_amount(value, currency)) is not None:
            return amount
    return None


def _code(one: dict[str, Any], depth: int = 0) -> str | None:
    """The currency that stands beside a price, or in it."""
    for key in ("currency", "priceCurrency", "currencyCode", "currency_code", "currencyIso"):
        value = one.get(key)
        if isinstance(value, str) and value.upper() in CODES:
            return value.upper()
    for key in (*_PRICING, *_AMOUNTS) if depth < 2 else ():
        value = one.get(key)
        if isinstance(value, dict) and (code := _code(value, depth + 1)):
            return code
    return None


def _loosely(text: str, wanted: set[str], currency: str | None) -> Iterator[State]:
    """Objects that are script, not JSON: the price that stands nearest after the product's name."""
    for tried, named in enumerate(_LOOSE_NAME.finditer(text)):
        if tried >= STARTS:
            return
        if folded(named.group(1)) not in wanted:
            continue
        close = text[max(0, named.start() - 400) : named.end() + 600]
        priced = _LOOSE_PRICE.search(close, min(named.start(), 400)) or _LOOSE_PRICE.search(close)
        if priced and (amount := declared_amount(priced.group(2), currency)) is not None:
            coded = _LOOSE_CODE.search(close, priced.start())
            code = coded.group(1) if coded and coded.group(1) in CODES else None
            yield State(amount / 100 if priced.group(1) else amount, None, code, None, in_cents=False)
            return
