"""The page reader on 36 real product pages, against what people wrote down: the benchmark's goals, as a test."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import extraction

if TYPE_CHECKING:
    from tests.conftest import Material


@pytest.fixture(scope="module")
def scores(testdata: Material) -> dict[str, extraction.Score]:
    pages = json.loads(testdata("html/expected.json").read_text())["pages"]
    found: dict[str, extraction.Score] = {}
    for name, page in pages.items():
        answer = extraction.our_answer(gzip.decompress(testdata(f"html/{name}").read_bytes()), page["url"])
        for field, (expected, given, right) in extraction.scored(page, answer).items():
            found.setdefault(field, extraction.Score()).count(name, expected, given, right)
    return found


def test_prices_are_found_and_are_right(scores: dict[str, extraction.Score]) -> None:
    assert scores["price, strict"].f1 >= 0.80, scores["price, strict"].wrong
    assert scores["price, strict"].precision >= 0.90, scores["price, strict"].wrong


def test_availability_is_right(scores: dict[str, extraction.Score]) -> None:
    assert scores["availability"].f1 >= 0.80, scores["availability"].wrong


def test_currency_and_name_are_right(scores: dict[str, extraction.Score]) -> None:
    assert scores["currency"].f1 >= 0.95, scores["currency"].wrong
    assert scores["name (not human)"].f1 >= 0.95, scores["name (not human)"].wrong
