"""Pages in the manner of the common shop platforms, and pages that say in many ways whether the thing can be had.

Each was written with its truth before the reader saw it; what the first reading found is in docs/product-pages.md.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.pages.reader import PageProductReader

from benchmarks.extraction import sold_as
from tests.conftest import ROOT

if TYPE_CHECKING:
    from darkroom.domain.products import Product

FOLDER = ROOT / "tests" / "pages"
PLATFORMS: dict[str, dict[str, Any]] = json.loads((FOLDER / "platforms" / "expected.json").read_text())
STOCK: dict[str, dict[str, Any]] = json.loads((FOLDER / "stock" / "expected.json").read_text())

UNREAD = {"ruined-markup-table": "price", "state-of-skus": "availability"}
"""What is not found on a page; it must not be answered wrongly."""


def read(kind: str, name: str, url: str) -> Product:
    html = (FOLDER / kind / f"{name}.html").read_bytes()
    return PageProductReader().read(html, url=url, content_type="text/html; charset=utf-8")


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_price_of_a_page_of_a_platform_is_the_products_own(name: str) -> None:
    expected, unread = PLATFORMS[name], UNREAD.get(name)
    found = read("platforms", name, expected["url"])
    if unread == "price":
        assert found.price is None
    else:
        assert (Decimal(found.price.amount) if found.price else None) == (
            expected["price"] and Decimal(expected["price"])
        )
        assert (found.price.currency if found.price else None) == expected["currency"]
    assert sold_as(found) == (None if unread == "availability" else expected["availability"])
    if found.list_price:
        assert Decimal(found.list_price.amount) == Decimal(expected["list_price"])


@pytest.mark.parametrize("name", STOCK)
def test_a_page_says_in_many_ways_whether_the_thing_can_be_had(name: str) -> None:
    assert sold_as(read("stock", name, STOCK[name]["url"])) == STOCK[name]["availability"]
