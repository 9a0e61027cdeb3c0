"""What is left of a stranger's text."""

from __future__ import annotations

import unicodedata

import pytest
from darkroom.domain.limits import OVERLAY_CHARACTERS
from darkroom.domain.plain_text import folded, likeness, plain, script_of
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("  Blue\n\tmug ", "Blue mug"),
        ("<b>Mug</b> &amp; spoon", "Mug & spoon"),
        ("pay\u202eload\u202c\u2066x\u2069", "payloadx"),
        ("z\u200be\u2060r\ufeffo\u00ad", "zero"),
        ("\U000e0049\U000e0067hidden tags", "hidden tags"),
        ("A\x00B\x1b[31mC", "AB[31mC"),
        ("blank\u3164\u2800", "blank"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that Persian spells with
        ("no\u200cne", "none"),
        ("e\u0301", "é"),
        ("x" + "\u0336" * 40, "x" + "\u0336" * 3),
        ("❤\ufe0f", "❤"),
        ("5 < 6 > 4", "5 < 6 > 4"),
    ],
)
def test_only_what_a_reader_sees_is_left(text: str, left: str) -> None:
    assert plain(text) == left


@given(st.text(st.characters(codec=None), max_size=2_000))
def test_any_text_becomes_one_short_visible_line(text: str) -> None:
    line = plain(text)
    assert len(line) <= OVERLAY_CHARACTERS
    assert line == " ".join(line.split())
    assert not {unicodedata.category(c) for c in line.replace("\u200c", "").replace("\u200d", "")} & {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Zl",
    }


def test_names_are_compared_without_case_accents_and_punctuation() -> None:
    assert folded("  Café — “Crème”! ") == "cafe creme"
    assert folded("Żółty KUBEK") == folded("zolty kubek")
    assert " " not in folded("เพิ่มลงตะกร้า")
    assert folded("カート") == folded("カ\u30fcト")


def test_likeness_is_the_share_of_the_shorter_names_words() -> None:
    assert likeness("Alder Camp Mug", "Alder Camp Mug | Fernwood") == 1.0
    assert likeness("Red pan", "Blue kettle") == 0.0
    assert likeness("南部鉄器 急須", "南部鉄器の急須 0.6L") > 0.6
    assert likeness("", "x") == 0.0


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Mug 5", "Latn"),
        ("Кружка", "Cyrl"),
        ("عطر oud", "Arab"),
        ("急須 あられ", "Jpan"),
        ("保温杯", "Hani"),
        ("12 €", None),
    ],
)
def test_the_script_is_that_of_most_letters(text: str, script: str | None) -> None:
    assert script_of(text) == script
