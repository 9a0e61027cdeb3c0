"""What a page says becomes one bounded line of visible characters, spelt as it was."""

from __future__ import annotations

import unicodedata

import pytest
from darkroom.adapters.studio import wording
from darkroom.domain.plain_text import MARKS_IN_A_ROW
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("  two\n\twords \u00a0 ", "two words"),
        ("a\u200bb\ufeffc\u2060d", "abcd"),
        ("\u202egnp.exe\u202c \u2066x\u2069 \u200e\u200f", "gnp.exe x"),
        ("\x00\x07\x1b[31mred", "[31mred"),
        ("e\u0301te\u0301", "été"),
        ("\ue000private\U000f0000", "private"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("a\u200cb \u0645\u200c", "ab \u0645"),
        ("\u2764\ufe0f", "\u2764"),
        ("\u0301\u0301", ""),
        ("", ""),
    ],
)
def test_only_what_is_seen_or_spelt_is_kept(given_: str, kept: str) -> None:
    assert wording.cleaned(given_) == kept


def test_towers_of_marks_are_cut_to_what_letters_need() -> None:
    assert len(wording.cleaned("z" + "\u0316" * 500)) == 1 + MARKS_IN_A_ROW


@given(st.text(max_size=2_000))
def test_whatever_comes_is_cleaned_to_at_most_300_characters_and_stays_so(text: str) -> None:
    once = wording.cleaned(text)
    assert len(once) <= 300
    assert wording.cleaned(once) == once
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Co") for character in once)
    assert "\u202e" not in once


def test_a_long_text_ends_between_words_with_an_ellipsis() -> None:
    cut = wording.cleaned("seven words are repeated here for ever " * 3_000)
    assert len(cut) <= 300
    assert cut.endswith("\u2026")
    assert cut[:-1].rstrip().split(" ")[-1] in ["seven", "words", "are", "repeated", "here", "for", "ever"]


def test_a_word_is_broken_only_between_clusters() -> None:
    assert wording.breaks("क्षत्रिय") == (3, 7)
    assert wording.breaks("น้ำแก้ว") == (3, 6)
    assert wording.breaks("e\u0301a") == (2,)


@pytest.mark.parametrize(
    ("text", "rtl"),
    [("123 ₪", None), ("₪ 12 שקל", True), ("Sony سماعات", False), ("سماعات Sony", True), ("", None), ("(3) ÅB", False)],
)
def test_the_first_letter_gives_the_direction(text: str, rtl: bool | None) -> None:
    assert wording.runs_right_to_left(text) is rtl
