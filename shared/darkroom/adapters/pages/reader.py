"""The port ProductReader on real pages: each source says what it knows, and agreement decides.

Structured data is believed first, but not blindly: pages declare the price before the discount, of another variant, of
last year. So every claim has a weight, what a reader of the page sees is a witness like the others, and what is
declared but shown struck through, or not shown at all, loses weight.
"""

from __future__ import annotations

from darkroom.adapters.pages.document import parsed
from darkroom.adapters.pages.encoding import decoded
from darkroom.adapters.pages.naming import brand_of, name_of
from darkroom.adapters.pages.page import Page
from darkroom.adapters.pages.pictures import pictures_of
from darkroom.adapters.pages.pricing import prices_of
from darkroom.adapters.pages.selling import availability_from, offer_of
from darkroom.adapters.pages.structured import declared
from darkroom.domain.plain_text import script_of
from darkroom.domain.products import Product


class PageProductReader:
    """Reads what product pages say, on lxml's tree, with extruct and price-parser."""

    def read(self, html: bytes, *, url: str, content_type: str) -> Product:
        document = parsed(decoded(html, content_type), url)
        said = declared(document)
        page = Page(document, said)
        name = name_of(page)
        price, list_price = prices_of(page)
        called = name.value if name else ""
        return Product(
            url=url,
            name=name,
            price=price,
            list_price=list_price,
            offer=offer_of(page, price, list_price),
            availability=availability_from(page),
            brand=brand_of(page, called),
            pictures=pictures_of(page.view, page.main, said, called),
            language=page.language,
            script=script_of(called),
            declared=page.main is not None or "product" in " ".join(said.metas.get("og:type", ())).lower(),
        )
