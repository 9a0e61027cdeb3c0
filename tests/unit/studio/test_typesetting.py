# ruff: noqa: RUF001 - prices in Arabic digits look alike to a linter
"""Text is shaped, ordered and measured as each script asks."""

from __future__ import annotations

import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.studio import fonts, svg
from darkroom.adapters.studio.colours import Colour
from darkroom.adapters.studio.typesetting import BREAK, broken, element, fitted, measured, used

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 40
BLACK = Colour(0, 0, 0)
SCRIPTS = {
    "Latin": "Größe naïve Łódź",
    "Greek": "Ωμέγα",
    "Cyrillic": "Щётка",
    "Arabic": "سماعات",
    "Hebrew": "אוזניות",
    "Devanagari": "क्षत्रिय",
    "Bengali": "পানির বোতল",
    "Gujarati": "પાણીની",
    "Gurmukhi": "ਪਾਣੀ",
    "Kannada": "ನೀರು",
    "Malayalam": "വെള്ളം",
    "Oriya": "ପାଣି",
    "Sinhala": "වතුර",
    "Tamil": "தண்ணீர்",
    "Telugu": "నీరు",
    "Thai": "น้ำดื่ม",
    "Lao": "ນ້ຳ",
    "Khmer": "ទឹក",
    "Myanmar": "ရေဘူး",
    "Ethiopic": "ውሃ",
    "Georgian": "წყალი",
    "Armenian": "ջուր",
}


def ink(text: str, *, rtl: bool = False, weight: int = 400, width: int = 900) -> NDArray[np.uint8]:
    """The ink of a line, cropped to itself."""
    line = element(text, x=60, y=90, size=SIZE, weight=weight, rtl=rtl, fill=BLACK)
    return cropped(svg.drawn(line, width, 150, font_files=[font.path for font in used(text)])[..., 3])


def cropped(alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = np.flatnonzero((alpha > 40).any(axis=1)), np.flatnonzero((alpha > 40).any(axis=0))
    return alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else alpha[:0, :0]


def alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """The same drawing but for the fraction of a pixel that it may be moved by."""
    height, width = max(one.shape[0], other.shape[0]), max(one.shape[1], other.shape[1])
    if abs(one.shape[0] - other.shape[0]) > 2 or abs(one.shape[1] - other.shape[1]) > 2:
        return False
    best = 255.0
    for down in range(3):
        for across in range(3):
            first = np.zeros((height + 2, width + 2))
            second = first.copy()
            first[1 : 1 + one.shape[0], 1 : 1 + one.shape[1]] = one
            rows, columns = min(other.shape[0], height + 2 - down), min(other.shape[1], width + 2 - across)
            second[down : down + rows, across : across + columns] = other[:rows, :columns]
            best = min(best, float(np.abs(first - second).sum() / max(1, one.astype(float).sum()) * 255))
    return best < 90


def tofu(font: fonts.Font) -> NDArray[np.uint8]:
    """What the font draws for a character that it lacks."""
    letter = next(chr(code) for code in range(0xE0F0, 0xF8FF) if code not in font.characters)
    line = svg.tag("text", letter, x=60, y=90, font_size=SIZE, font_family=font.family, fill=BLACK)
    return cropped(svg.drawn(line, 300, 150, font_files=[font.path])[..., 3])


@pytest.mark.parametrize("file", fonts.FILES)
def test_every_font_draws_its_own_letters_and_no_boxes(file: str) -> None:
    font = fonts.font(file)
    box = tofu(font)
    # Letters alone: a mark has nothing to stand on, and joins or reorders.
    own = (
        chr(code)
        for code in sorted(font.characters)
        if code > 0x2FF and unicodedata.category(chr(code)) in ("Lo", "Ll", "So")
    )
    letters = list(islice((one for one in own if [run.font for run in fonts.runs(one)] == [font]), 12))
    assert len(letters) == 12
    for letter in letters:
        drawn = ink(letter)
        assert drawn.size, f"U+{ord(letter):04X} is blank"
        assert not alike(drawn, box), f"U+{ord(letter):04X} is a box"


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_of_the_package_is_covered_and_drawn(script: str) -> None:
    text = SCRIPTS[script]
    assert fonts.missing(text) == ()
    assert ink(text).size
    assert measured(text, 600, rtl=script in ("Arabic", "Hebrew")).width > 0.5


@pytest.mark.parametrize("text", ["漢字", "ソニー", "한국어", "ᚠ"])
def test_scripts_that_no_font_has_are_missed(text: str) -> None:
    assert "".join(fonts.missing(text)) == text


def test_missing_scripts_are_named() -> None:
    assert fonts.scripts(fonts.missing("ソニー 漢字")) == "Han (Chinese, Japanese, Korean) and Katakana"


def test_a_heavier_weight_is_heavier() -> None:
    masses = [int(ink("Handgloves", weight=weight).astype(int).sum()) for weight in (400, 500, 600, 700)]
    assert masses == sorted(masses)
    assert masses[3] > 1.3 * masses[0]


@pytest.mark.parametrize(
    ("text", "seen"),
    [  # as it is read from left to right on paper
        ("אבג 123", "123 גבא"),
        ("אבג (דה)", "(הד) גבא"),
        ("₪ 1,299.90", "1,299.90 ₪"),
        ("אבג Sony 5 דה", "הד Sony 5 גבא"),
        ("מחיר: 12.50 ₪!", "!₪ 12.50 :ריחמ"),
    ],
)
def test_right_to_left_comes_out_in_the_order_of_paper(text: str, seen: str) -> None:
    # Under a left-to-right override nothing is reordered: what is written is what is seen.
    override = f"\u202d{seen}\u202c"
    assert alike(ink(text, rtl=True), ink(override))


def test_where_a_line_begins_is_a_matter_of_its_page() -> None:
    assert not alike(ink("₪ 1,299.90", rtl=True), ink("₪ 1,299.90", rtl=False))


def test_in_an_arabic_price_the_number_stands_right_of_the_currency() -> None:
    price, number, currency = ink("١٬٢٩٩ ر.س", rtl=True), ink("١٬٢٩٩", rtl=True), ink("ر.س", rtl=True)
    assert alike(cropped(price[:, -number.shape[1] :]), number)
    assert alike(cropped(price[:, : currency.shape[1]]), currency)


def gaps(text: str) -> int:
    """Stretches of columns without ink."""
    inked = ink(text, rtl=True).max(axis=0) > 40
    return int((inked[1:] & ~inked[:-1]).sum())


def test_arabic_letters_join() -> None:
    assert gaps("سمعت") == 0
    assert gaps("\u200c".join("سمعت")) >= 2


def test_devanagari_conjuncts_and_reordered_vowels_are_formed() -> None:
    assert measured("क्ष", 400, rtl=False).width < measured("कष", 400, rtl=False).width
    # The vowel sign i is written after its consonant and stands before it.
    written = ink("कि")
    stem = ink("क")
    assert alike(cropped(written[-stem.shape[0] :, -stem.shape[1] :]), stem) or written.shape[1] > stem.shape[1]


def test_marks_stand_on_their_letters() -> None:
    plain, marked = measured("n", 400, rtl=False), measured("n\u0302", 400, rtl=False)
    assert marked.top > plain.top + 0.15
    assert marked.width == pytest.approx(plain.width, abs=0.08)


def test_markup_in_a_text_is_drawn_as_it_is_written() -> None:
    line = element('<tspan fill="red">&lt;x</tspan>', x=0, y=0, size=9, weight=400, rtl=False, fill=BLACK)
    assert "&lt;tspan fill=&quot;red&quot;&gt;&amp;lt;x&lt;/tspan&gt;" in line
    assert line.count("<tspan") == 1


@pytest.mark.parametrize(
    "text",
    [
        "A handsome and rather long name of some product",
        "سماعات رأس لاسلكية مع خاصية إلغاء الضوضاء",
        "स्टेनलेस स्टील की पानी की बोतल",
    ],
)
@pytest.mark.parametrize("width", [180.0, 260.0, 500.0])
def test_lines_are_no_wider_than_they_may_be_and_hold_all_the_words(text: str, width: float) -> None:
    rtl = text[0] == "س"
    found = fitted(text, size=30, weight=600, rtl=rtl, width=width, lines=9)
    assert found is not None
    assert found.width <= width * 1.002
    assert " ".join(found.lines) == text
    for line in found.lines:
        drawn = svg.drawn(
            element(line, x=100, y=90, size=30, weight=600, rtl=rtl, fill=BLACK),
            800,
            150,
            font_files=[font.path for font in used(line)],
        )
        assert cropped(drawn[..., 3]).shape[1] <= width + 2


def test_a_word_that_is_too_wide_is_broken_with_a_hyphen_and_nothing_is_lost() -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    text = broken(word, size=30, weight=600, rtl=False, width=200)
    found = fitted(text, size=30, weight=600, rtl=False, width=200, lines=20)
    assert found is not None
    assert found.width <= 200.4
    assert all(line.endswith("-") for line in found.lines[:-1])
    assert "".join(line.removesuffix("-") for line in found.lines) == word


def test_where_there_is_room_after_all_a_broken_word_is_whole_again() -> None:
    text = broken("Donaudampfschifffahrt ahoi", size=30, weight=600, rtl=False, width=200)
    assert BREAK in text
    found = fitted(text, size=30, weight=600, rtl=False, width=900, lines=1)
    assert found is not None
    assert found.lines == ("Donaudampfschifffahrt ahoi",)


def test_thai_is_broken_between_syllables_without_a_hyphen() -> None:
    word = "หูฟังไร้สายตัดเสียงรบกวนรุ่นใหม่"
    text = broken(word, size=30, weight=600, rtl=False, width=120)
    found = fitted(text, size=30, weight=600, rtl=False, width=120, lines=9)
    assert found is not None
    assert len(found.lines) > 2
    assert "".join(found.lines) == word
    for line in found.lines:
        assert unicodedata.category(line[0]) == "Lo"
