"""Amounts of money in text, by price-parser and what it leaves open: whose mark, which separator, which number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from darkroom.domain.money import amount_of, decimal_mark, declared_mark, iso_code, mark_pattern, western

if TYPE_CHECKING:
    from decimal import Decimal

TEXT_CHARACTERS: Final = 400
_NUMBER: Final = re.compile(
    r"(?<![\d.,:/=])(?:"
    r"\d{1,3}(?:[ .,']\d{3}){1,4}(?:[.,]\d{1,2})?"  # 1 234,50  1.234.567  1'234.50
    r"|\d{1,3}(?:,\d{2}){1,3},\d{3}(?:\.\d{1,2})?"  # 1,00,000.00
    r"|\d{1,9}[.,]\d{1,4}"
    r"|\d{1,12}"
    r"|\.\d{2}"
    r")(?!\d)"
)
_DASH: Final = re.compile(r"[.,:]?\s?[-–—]{1,2}(?!\s?[\d£$€])")
"""What some write for no cents: 35,-"""
_CENTS_AFTER_MARK: Final = re.compile(r"\s?(€|£|\$|₴|zł|Kč|Lei|lei)\s?(\d{2})(?![\d.,%])")
_NOT_MONEY: Final = re.compile(
    r"\s?(?:%|°|x\s|×|[:/]\d)|\s?(?:mm|cm|km|kg|g|mg|ml|cl|l|oz|lb|lbs|gb|mb|tb|hz|ghz|mah|w|v|inch|in|ft|px|pcs|stk|szt)\b"
    r"|[\"″'](?!\d)",
    re.IGNORECASE,
)
_PERCENT: Final = re.compile(r"\s?[%٪]")
_RANGE: Final = re.compile(r"\s{0,3}(?:[-–—~]|to|bis|à|do|до)\s{0,3}")
_MINUS_BEFORE: Final = re.compile(r"(?:^[-−–]\s?|[\s(][-−–])\Z")
"""Not the dash with blanks on both sides, between a name and its price."""


@dataclass(frozen=True, slots=True)
class Money:
    """`mark` is the currency as it stands there, `text` the number with its mark; `start` and `end` are its place."""

    amount: Decimal
    mark: str | None
    currency: str | None
    text: str
    start: int
    end: int


def money_in(text: str, local: str | None) -> list[Money]:
    """Every number in a short text that may be a price, with the mark beside it if there is one."""
    written = text[:TEXT_CHARACTERS]
    text = western(written)
    if len(written) != len(text):
        written = text  # marks of direction are gone, and places with them
    found: list[Money] = []
    taken = 0
    for number in _NUMBER.finditer(text):
        if number.start() < taken:
            continue
        digits, mark, start, end = _with_mark(text, number, taken, local)
        if (not mark and _NOT_MONEY.match(text, end)) or _PERCENT.match(text, end):
            continue
        if not found and _MINUS_BEFORE.search(text, max(0, start - 3), start):
            continue
        if found and mark and _RANGE.fullmatch(text, found[-1].end, start):
            taken = end
            continue  # the upper end of a range
        currency = iso_code(mark, local)
        amount = _parsed(digits, decimal_mark(digits, currency or local))
        if amount is not None:
            taken = end
            found.append(Money(amount, mark, currency, " ".join(written[start:end].split()), start, end))
    return found


def _with_mark(text: str, number: re.Match[str], taken: int, local: str | None) -> tuple[str, str | None, int, int]:
    """The number's digits, the currency's mark beside it, and where the two begin and end."""
    before, after = _patterns()
    digits = number.group()
    start, end = number.span()
    leading = before.search(text, max(taken, start - 9), start)
    if leading and iso_code(leading.group(1), local):
        dash = _DASH.match(text, end)
        return digits, leading.group(1), leading.start(), dash.end() if dash else end
    cents = _CENTS_AFTER_MARK.match(text, end)
    if cents and "," not in digits and "." not in digits[-3:]:
        return f"{digits}.{cents.group(2)}", cents.group(1), start, cents.end()
    dash = _DASH.match(text, end)
    trailing = after.match(text, dash.end() if dash else end)
    # Letters that are a currency elsewhere (1.7 L) are none here.
    if trailing and iso_code(trailing.group(1), local) and not text[trailing.end() : trailing.end() + 1].isdigit():
        return digits, trailing.group(1), start, trailing.end()
    return digits, None, start, end


def declared_amount(value: str, currency: str | None) -> Decimal | None:
    """The amount in a field that declares one: `12.50`, `1,250.00`, `€ 12,50`."""
    text = western(value[:60]).strip()
    numbers = _NUMBER.findall(text)
    if not numbers or len(numbers) > 2:
        return None
    return _parsed(numbers[0], declared_mark(numbers[0], currency))


def mark_in(text: str) -> str | None:
    """The first currency mark of a short text."""
    found = re.search(mark_pattern(), western(text[:40]))
    return found.group() if found else None


def _parsed(digits: str, separator: str | None) -> Decimal | None:
    from price_parser import Price

    bare = digits.replace(" ", "").replace("'", "")
    # price-parser guesses a separator where it is given none: a number without one has its groups closed first.
    if separator is None:
        bare = bare.replace(".", "").replace(",", "")
    amount: Decimal | None = Price.fromstring(bare, decimal_separator=separator).amount
    if amount is None or amount_of(amount) is None:
        return None
    return amount


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    marks = mark_pattern()
    return re.compile(rf"({marks})[\s:]{{0,2}}\Z"), re.compile(rf"\s{{0,2}}({marks})")
