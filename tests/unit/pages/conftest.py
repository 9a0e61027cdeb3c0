"""A page around a product, as shops build them: what frames it, what else is sold, and the product itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from darkroom.adapters.pages.reader import PageProductReader

if TYPE_CHECKING:
    from darkroom.domain.products import Product

NAME = "Blue Kettle 1.7 L"
OTHERS = "".join(
    f'<li><a href="/p{place}"><img src="/t{place}.jpg" width="160" height="160" alt="Thing">'
    f"<span>Thing {place}</span></a>"
    f'<span class="price">{price}</span><button>Add to cart</button></li>'
    for place, price in enumerate(("$15.00", "$22.50", "$9.99", "$31.00"))
)


class Read(Protocol):
    def __call__(
        self, body: str, *, head: str = ..., lang: str = ..., url: str = ..., heading: str = ...
    ) -> Product: ...


@pytest.fixture(scope="session")
def read() -> Read:
    """What is read of a page with this body under its heading, among decoys."""

    def call(
        body: str,
        *,
        head: str = "",
        lang: str = "en",
        url: str = "https://www.shop.example/p/blue-kettle",
        heading: str = f"<h1>{NAME}</h1>",
    ) -> Product:
        page = (
            f'<html lang="{lang}"><head><meta charset="utf-8"><title>{NAME} | Shop</title>{head}</head><body>'
            f'<header><a href="/">Home</a> <a href="/cart">Cart $0.00</a></header><div id="main">{heading}{body}</div>'
            f"<section><h2>Customers also bought</h2><ul>{OTHERS}</ul></section>"
            "<footer>Free shipping on orders over $35.00</footer></body></html>"
        )
        return PageProductReader().read(page.encode(), url=url, content_type="text/html; charset=utf-8")

    return call


def json_ld(*things: Any) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(thing)}</script>' for thing in things)


def product(name: str = NAME, /, **offer: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "Product", "name": name, "offers": {"@type": "Offer", **offer}}
