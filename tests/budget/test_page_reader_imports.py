"""Reading a page loads what it uses: extruct without its front door, Beautiful Soup for pages that say nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PROGRAM = """
import json, sys
import darkroom.wiring
from darkroom.adapters.pages.reader import PageProductReader
before = sorted(sys.modules)
page = {page!r}
found = PageProductReader().read(page, url="https://x.example/", content_type="text/html")
print(json.dumps([before, sorted(sys.modules), found.price.amount]))
"""
UTF8 = (
    '<h1>Mug</h1><p itemscope itemtype="https://schema.org/Product"><b itemprop=name>Mug</b></p><p class=price>£5</p>'
)


def modules(page: bytes) -> tuple[set[str], set[str], str]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(page=page)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "shared")},
        check=True,
        timeout=60,
    )
    before, after, price = json.loads(ran.stdout)
    return set(before), {name.partition(".")[0] for name in after}, price


def test_a_page_that_says_its_encoding_loads_neither_rdflib_nor_beautiful_soup() -> None:
    before, after, price = modules(UTF8.encode())
    assert price == "5"
    assert "price_parser" not in before
    assert "extruct.jsonld" not in before
    assert not after & {"rdflib", "pyRdfa", "mf2py", "bs4", "html5lib", "requests"}


@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis"])
def test_a_page_whose_encoding_must_be_guessed_loads_beautiful_soup(encoding: str) -> None:
    text = (
        UTF8.replace("Mug", "Müg").replace("£", "USD ")
        if encoding == "cp1252"
        else UTF8.replace("Mug", "価格").replace("£", "USD ")
    )
    _, after, price = modules(text.encode(encoding))
    assert price == "5"
    assert "bs4" in after


def test_the_whole_of_extruct_is_still_there_for_whoever_wants_it() -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM.format(page=UTF8.encode()) + "\nimport extruct; print(extruct.extract.__name__)",
        ],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "shared")},
        check=True,
        timeout=60,
    )
    assert ran.stdout.splitlines()[-1] == "extract"
