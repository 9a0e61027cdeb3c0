"""The prices and the stock that a declared product's offers name: of itself, their specifications, its variants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from darkroom.adapters.pages.prices import declared_amount, mark_in
from darkroom.adapters.pages.structured import text_of
from darkroom.domain.money import iso_code
from darkroom.domain.products import Availability, availability_of

if TYPE_CHECKING:
    from decimal import Decimal

    from darkroom.adapters.pages.structured import Node


@dataclass(slots=True)
class Amount:
    """A claim of a price: `text` as it is written, `weight` how far its source is believed, 0 to 1."""

    amount: Decimal
    currency: str | None
    text: str
    source: str
    weight: float


@dataclass(slots=True)
class Offers:
    amounts: list[Amount] = field(default_factory=list)
    lists: list[Amount] = field(default_factory=list)
    stock: list[Availability] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, product: Node | None, *, url: str, local: str | None) -> Offers:
        """What the product at this address is declared to cost; `local` is the currency of the page's country."""
        read = cls()
        if product is None:
            return read
        variants = product.variants[:100]
        named = [variant for variant in variants if _is_named(variant, url)]
        for node in (product, *(named or variants)):
            weight = 0.8 if node is product or named else 0.55
            for entry in node.values.get("offers", [])[:100]:
                if isinstance(entry, dict):
                    read._offer(entry, node.source, local, weight)
            if "price" in node.values and not read.amounts:
                read._price(node.values, node.source, local, 0.6)
        # Several prices, of variants: each may be it, the first the likeliest.
        if len({amount.amount for amount in read.amounts}) > 1:
            for place, amount in enumerate(read.amounts):
                amount.weight *= 0.85 if place == 0 else 0.5
        return read

    def _offer(self, entry: dict[str, Any], source: str, local: str | None, weight: float, depth: int = 0) -> None:
        values = lowered(entry)
        kinds = _kinds_of(entry)
        for inner in values.get("offers", [])[:100]:
            if isinstance(inner, dict) and depth < 3:
                self._offer(inner, source, local, weight * 0.9, depth + 1)
        taken = self._price(values, source, local, weight)
        for specification in values.get("pricespecification", [])[:10]:
            if isinstance(specification, dict):
                taken = self._specification(lowered(specification), source, local, weight, taken)
        if "aggregateoffer" in kinds and not taken:
            for name, share in (("lowprice", 0.9), ("highprice", 0.5)):
                named = {"price": values.get(name, []), "pricecurrency": values.get("pricecurrency", [])}
                self._price(named, source, local, weight * share)
        for term in values.get("availability", [])[:3]:
            if (found := availability_of(text_of(term))) is not None:
                self.stock.append(found)
        if (name := text_of(values.get("name", []))) and len(name) < 100:
            self.names.append(name)

    def _specification(
        self, values: dict[str, list[Any]], source: str, local: str | None, weight: float, taken: bool
    ) -> bool:
        kind = f"{text_of(values.get('pricetype', []))} {text_of(values.get('name', []))}".lower()
        if any(word in kind for word in ("list", "strikethrough", "msrp", "srp", "regular")):
            former = Offers()
            former._price(values, source, local, 0.7)
            self.lists.extend(former.amounts)
        elif not taken and "referencequantity" not in values:  # of a kilo, not of the product
            return self._price(values, source, local, weight)
        return taken

    def _price(self, values: dict[str, list[Any]], source: str, local: str | None, weight: float) -> bool:
        mark = text_of(values.get("pricecurrency", []))
        for value in (values.get("price") or values.get("lowprice") or [])[:3]:
            text = text_of(value)
            code = iso_code(mark[:10], local) or iso_code(mark_in(text), local)
            amount = declared_amount(text, code or local)
            if amount is not None:
                self.amounts.append(Amount(amount, code, text, source, weight))
                return True
        return False


def lowered(entry: dict[str, Any]) -> dict[str, list[Any]]:
    """The properties of a thing inside another, of JSON-LD or microdata, by lower-case name."""
    inner = entry["properties"] if isinstance(entry.get("properties"), dict) else entry
    values: dict[str, list[Any]] = {}
    for name, value in inner.items():
        if isinstance(name, str):
            short = name.rpartition("/")[2].rpartition(":")[2].lower()
            values.setdefault(short, []).extend(value if isinstance(value, list) else [value])
    return values


def _kinds_of(entry: dict[str, Any]) -> set[str]:
    kinds = entry.get("type" if isinstance(entry.get("properties"), dict) else "@type") or []
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return {kind.rstrip("/").rpartition("/")[2].lower() for kind in kinds if isinstance(kind, str)}


def _is_named(variant: Node, url: str) -> bool:
    """Whether the page's address names the variant."""
    query = urlsplit(url).query.lower()
    marks = (variant.text("sku"), variant.text("productid"), urlsplit(variant.text("url")).query)
    return any(len(mark) > 2 and mark.lower() in query for mark in marks)
