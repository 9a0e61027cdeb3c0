"""A product as its page tells it, and the text that goes over its picture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from darkroom.domain.plain_text import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a page says, plain text of at most OVERLAY_CHARACTERS. `source` is where the page says it best:
    json-ld, microdata, rdfa, open-graph, meta, state (the data that the page keeps for its scripts), visible text, dom
    (attributes), or computed from others of these. `confidence` is 0 to 1: what agrees is surer than what stands alone.
    """

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
    schema.org names them. `pictures` are absolute URLs, the best first. `language` is a BCP 47 tag as the page states
    it, `script` ISO 15924 of the name. `declared` says that the page itself calls it a product."""

    url: str
    name: Fact | None = None
    price: Price | None = None
    list_price: Price | None = None
    offer: Fact | None = None
    availability: Fact | None = None
    brand: Fact | None = None
    pictures: tuple[Fact, ...] = ()
    language: str | None = None
    script: str | None = None
    declared: bool = False

    @property
    def found(self) -> bool:
        """Whether there is a product on the page at all: something with a name that is sold, shown or declared so.

        A name alone is any page. A picture alone makes one only beside a price or a declaration, or where something on
        the page can be bought: every article has a title and a picture.
        """
        if self.name is None:
            return False
        return self.price is not None or self.declared or (bool(self.pictures) and self.availability is not None)


@dataclass(frozen=True, slots=True)
class Look:
    """A template that a product's picture can be made by. `words` mean it as well as its name does."""

    summary: str
    words: tuple[str, ...]


LOOKS: Final[Mapping[str, Look]] = {
    "studio": Look("a seamless sweep, softly lit", ("sweep", "classic", "clean", "soft", "professional")),
    "spotlight": Look("a dark room and one lamp", ("dark", "dramatic", "luxury", "premium", "night", "moody")),
    "podium": Look("a plinth before an arch", ("3d", "stage", "plinth", "arch")),
    "split": Look("two fields of colour", ("duotone", "colour", "color", "block", "contrast")),
    "paper": Look("layers of cut paper", ("geometric", "organic", "craft", "playful", "nature")),
    "glow": Look("colours running into one another", ("gradient", "neon", "vibrant", "modern", "tech")),
    "minimal": Look("paper white and room", ("minimalist", "white", "simple", "elegant", "plain")),
    "poster": Look("one loud colour, rays and a disc", ("bold", "retro", "pop", "loud", "fun", "sale")),
}


def look_meant(style: str) -> str | None:
    """The look that a style means: by its name or one of its words, in any phrase. None where it means none."""
    for word in re.findall(r"[^\W_]+", style.lower()):
        for name, look in LOOKS.items():
            if word == name or word in look.words:
                return name
    return None


@dataclass(frozen=True, slots=True)
class Overlay:
    """The texts to lay over a picture; None where there is none. `left_off` says, by field, why one is not on it, or
    which words of it are not. `currency` (ISO 4217) is of both prices, for where their own mark cannot be drawn."""

    name: str | None = None
    price: str | None = None
    list_price: str | None = None
    offer: str | None = None
    currency: str | None = None
    left_off: Mapping[str, str] = field(default_factory=dict)


class Availability(StrEnum):
    """schema.org's ItemAvailability."""

    IN_STOCK = "InStock"
    LIMITED = "LimitedAvailability"
    ONLINE_ONLY = "OnlineOnly"
    IN_STORE_ONLY = "InStoreOnly"
    MADE_TO_ORDER = "MadeToOrder"
    PRE_ORDER = "PreOrder"
    PRE_SALE = "PreSale"
    BACK_ORDER = "BackOrder"
    RESERVED = "Reserved"
    OUT_OF_STOCK = "OutOfStock"
    SOLD_OUT = "SoldOut"
    DISCONTINUED = "Discontinued"

    @property
    def for_sale(self) -> bool:
        return self not in {Availability.OUT_OF_STOCK, Availability.SOLD_OUT, Availability.DISCONTINUED, self.RESERVED}


_TERMS: Final = {
    "instock": Availability.IN_STOCK,
    "available": Availability.IN_STOCK,
    "availablefororder": Availability.IN_STOCK,
    "instockonline": Availability.IN_STOCK,
    "true": Availability.IN_STOCK,
    "limitedavailability": Availability.LIMITED,
    "limited": Availability.LIMITED,
    "lowstock": Availability.LIMITED,
    "onlineonly": Availability.ONLINE_ONLY,
    "instoreonly": Availability.IN_STORE_ONLY,
    "madetoorder": Availability.MADE_TO_ORDER,
    "preorder": Availability.PRE_ORDER,
    "presale": Availability.PRE_SALE,
    "backorder": Availability.BACK_ORDER,
    "reserved": Availability.RESERVED,
    "outofstock": Availability.OUT_OF_STOCK,
    "oos": Availability.OUT_OF_STOCK,
    "notinstock": Availability.OUT_OF_STOCK,
    "unavailable": Availability.OUT_OF_STOCK,
    "notavailable": Availability.OUT_OF_STOCK,
    "false": Availability.OUT_OF_STOCK,
    "pending": Availability.OUT_OF_STOCK,
    "soldout": Availability.SOLD_OUT,
    "sold": Availability.SOLD_OUT,
    "discontinued": Availability.DISCONTINUED,
}


def availability_of(term: str) -> Availability | None:
    """The availability that a declared term means: `http://schema.org/InStock`, `in stock`, `OUT_OF_STOCK`."""
    last = term.strip().rstrip("/").rpartition("/")[2].rpartition("#")[2]
    return _TERMS.get(re.sub(r"[^a-z]", "", last.lower()[:60]))


@dataclass(frozen=True, slots=True)
class Claim:
    """That a fact has this value, and how far its source is to be believed, 0 to 1."""

    value: str
    source: str
    weight: float


def settled(claims: Iterable[Claim]) -> Fact | None:
    """The value that most speaks for. Equal values of different sources strengthen each other as independent witnesses:
    1 - (1-a)(1-b). One source that repeats itself is heard once. None without claims."""
    groups: dict[str, dict[str, Claim]] = {}
    for claim in claims:
        key = folded(claim.value)
        if key and claim.weight > 0:
            by_source = groups.setdefault(key, {})
            if claim.source not in by_source or by_source[claim.source].weight < claim.weight:
                by_source[claim.source] = claim
    best: Fact | None = None
    for by_source in groups.values():
        doubt = 1.0
        for claim in by_source.values():
            doubt *= 1 - min(claim.weight, 0.99)
        if best is None or 1 - doubt > best.confidence:
            spoken = max(by_source.values(), key=lambda claim: claim.weight)
            best = Fact(str(spoken.value), spoken.source, 1 - doubt)
    return best and Fact(best.value, best.source, round(best.confidence, 2))
