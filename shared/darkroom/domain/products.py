"""A product as its page tells it, and the text that goes over its picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a page says. `source` is where: json-ld, microdata, open-graph, visible text, or the DOM."""

    value: str
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Price:
    """`amount` is a plain decimal number, `currency` ISO 4217 where it is known, `text` as the page writes it."""

    amount: str
    currency: str | None
    text: str
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Product:
    """What was read; None where the page does not say. `availability` is InStock, OutOfStock, PreOrder and so on, as
    schema.org names them. `pictures` are absolute URLs, the best first."""

    url: str
    name: Fact | None = None
    price: Price | None = None
    list_price: Price | None = None
    offer: Fact | None = None
    availability: Fact | None = None
    brand: Fact | None = None
    pictures: tuple[Fact, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Overlay:
    """The texts to lay over a picture; None where there is none. `left_off` says, by field, why one is not on it."""

    name: str | None = None
    price: str | None = None
    list_price: str | None = None
    offer: str | None = None
    left_off: Mapping[str, str] = field(default_factory=dict)
