"""Pages that mean harm: what they say is data, what they hide is not read, and none takes long."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.pages.reader import PageProductReader
from darkroom.domain.limits import OVERLAY_CHARACTERS
from darkroom.domain.products import Fact, Price, Product
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile_pages import ORDER, URL, bombs, hides, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = dict(pages())
BOMBS = dict(bombs())
SECONDS = 20
"""For any page, on a busy machine; docs/product-pages.md has what a quiet one takes."""


def texts(found: Product) -> Iterator[str]:
    for one in fields(Product):
        value = getattr(found, one.name)
        for fact in value if isinstance(value, tuple) else (value,):
            if isinstance(fact, Fact):
                yield fact.value
            elif isinstance(fact, Price):
                yield from (fact.amount, fact.currency or "", fact.text)
            elif isinstance(fact, str) and one.name != "url":
                yield fact


def test_there_are_fifty() -> None:
    assert len(PAGES) == 50
    assert all(ORDER in html.lower() for html in PAGES.values())


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_is_short_plain_text_and_what_it_hides_is_not_read(name: str) -> None:
    found = PageProductReader().read(PAGES[name].encode(), url=URL, content_type="text/html; charset=utf-8")
    for text in texts(found):
        limit = 2_048 if text.startswith("http") else OVERLAY_CHARACTERS
        assert len(text) <= limit
        assert not {unicodedata.category(sign) for sign in text} & {"Cc", "Cf", "Cs", "Co"}
        assert not text.startswith(("javascript:", "data:"))
    assert found.price is not None
    assert found.price.amount == "24"
    if hides(name):
        assert found.name is not None
        assert found.name.value == "Teapot"
        assert not any(word in text.lower() for text in texts(found) for word in (ORDER, "secret", "prompt", "weapon"))


@pytest.mark.parametrize("name", BOMBS)
def test_no_page_breaks_or_holds_up_the_reader(name: str) -> None:
    began = time.monotonic()
    found = PageProductReader().read(BOMBS[name], url=URL, content_type="text/html")
    assert time.monotonic() - began < SECONDS
    assert all(len(text) <= 2_048 for text in texts(found))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2_000), st.text(max_size=60), st.text(max_size=60))
def test_no_bytes_break_the_reader(data: bytes, url: str, content_type: str) -> None:
    PageProductReader().read(data, url=url, content_type=content_type)
    PageProductReader().read(b"<h1>x</h1><p class=price>$1</p>" + data, url=f"https://{url}", content_type=content_type)
