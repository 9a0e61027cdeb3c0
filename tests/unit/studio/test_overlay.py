# ruff: noqa: RUF001 - prices in Arabic digits look alike to a linter
"""Words over a picture: readable by measurement, off the product, complete or accounted for, and never anything but
words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.studio.designs import DESIGNS
from darkroom.adapters.studio.overlay import FIELDS, shown_contrast
from darkroom.domain.generation import DrawRequest, Picture, straight
from darkroom.domain.products import Overlay
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.product_photos import photo
from tests.studio_pictures import busy, flat, overlayer, picture_of, pixels_of, studio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]

SIDE = 640
SUBJECT = (160, 60, 480, 400)
WORDS = Overlay("Auréa Night Serum", "€ 48.00", "€ 64.00", "-25 %")
TEXTS = {
    "short": WORDS,
    "long": Overlay(
        "Professional ultra-lightweight carbon fibre travel tripod with fluid head, quick-release plate, case, "
        "phone adapter and Bluetooth remote for DSLR, mirrorless and action cameras, supports up to 12 kg",
        "$1,249.00",
        "$1,599.00",
        "Free shipping over $50",
    ),
    "arabic": Overlay("سماعات رأس لاسلكية Sony WH-1000XM5 (أسود)", "١٬٢٩٩٫٠٠ ر.س", "١٬٥٩٩٫٠٠ ر.س", "خصم 20٪"),
    "hebrew": Overlay("אוזניות אלחוטיות", "₪ 1,299.90", "₪ 1,499.00", "מבצע"),
    "hindi": Overlay("स्टेनलेस स्टील पानी की बोतल, 1 लीटर", "₹1,499", "₹1,999", "सीमित समय"),
    "thai": Overlay("หูฟังไร้สายตัดเสียงรบกวนรุ่นใหม่ล่าสุด", "฿12,990", None, None),
    "one word": Overlay("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "9 €"),
}
GROUNDS: dict[str, Bytes] = {
    "white": flat((255, 255, 255)),
    "black": flat((0, 0, 0)),
    "mid-grey": flat((119, 119, 119)),
    "orange": flat((240, 120, 30)),
    "busy": busy(),
    "stripes": np.where((np.arange(SIDE) // 9 % 2)[:, None, None], flat((255, 255, 255)), flat((0, 0, 0))).astype(
        np.uint8
    ),
}


def laid(ground: Bytes, words: Overlay, subject: tuple[int, int, int, int] | None = SUBJECT) -> tuple[Bytes, Overlay]:
    data, answer = overlayer().lay(picture_of(ground, subject), words)
    assert data.startswith(b"\xff\xd8\xff")
    return pixels_of(data), answer


def changed_field(words: Overlay, field: str, text: str | None) -> Overlay:
    given: dict[str, Any] = {field: text}
    return replace(words, **given)


def light(pixels: Bytes) -> Floats:
    """Relative luminance, written down again from WCAG 2.2 so that nothing is measured with the code's own ruler."""
    value = pixels.astype(float) / 255
    value = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(value @ np.array([0.2126, 0.7152, 0.0722]))


def measured(seen: Bytes) -> float:
    """The contrast of words whose ink is the lightest or the darkest in their neighbourhood, tile by tile.

    In each tile that has strokes (many pixels of an extreme, next to many that are far from it), the extreme that is
    rarer is the ink; what is neither ink nor touching it is beneath.
    """
    values = light(seen)
    worst = 21.0
    for top in range(0, len(values) - 31, 16):
        for left in range(0, values.shape[1] - 31, 16):
            tile = values[top : top + 32, left : left + 32]
            low, high = float(np.percentile(tile, 2)), float(np.percentile(tile, 98))
            if (high + 0.05) / (low + 0.05) < 3:
                continue
            middle = np.sqrt((high + 0.05) * (low + 0.05)) - 0.05
            bright = tile > middle
            ink = bright if bright.mean() < 0.5 else ~bright
            inked, beneath = tile[ink], tile[~touching(ink)]
            if min(len(inked), len(beneath)) < 40:
                continue
            one, other = float(np.percentile(inked, 85 if bright.mean() < 0.5 else 15)), float(np.median(beneath))
            worst = min(worst, (max(one, other) + 0.05) / (min(one, other) + 0.05))
    return worst


def touching(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, 2)
    height, width = mask.shape
    shifted = [padded[y : y + height, x : x + width] for y in range(5) for x in range(5)]
    return np.asarray(np.any(shifted, axis=0))


def changed(ground: Bytes, seen: Bytes) -> NDArray[np.bool_]:
    return np.asarray(np.abs(ground.astype(int) - seen.astype(int)).max(axis=-1) > 48)


@pytest.mark.parametrize("words", TEXTS)
@pytest.mark.parametrize("ground", ["white", "black", "mid-grey", "orange"])
def test_every_letter_has_contrast_on_plain_grounds(ground: str, words: str) -> None:
    seen, answer = laid(GROUNDS[ground], replace(TEXTS[words], offer=None))
    assert not answer.left_off
    assert changed(GROUNDS[ground], seen).sum() > 500
    assert measured(seen) >= 4.5


@pytest.mark.parametrize("offer", ["NEW -25 %", "خصم 20٪", "सीमित समय"])
@pytest.mark.parametrize("ground", ["white", "black", "mid-grey", "orange"])
def test_an_offer_has_contrast_on_its_badge(ground: str, offer: str) -> None:
    seen, answer = laid(GROUNDS[ground], Overlay(offer=offer), (40, 40, 600, 400))
    assert answer.offer == offer
    difference = changed(GROUNDS[ground], seen)
    rows, columns = np.flatnonzero(difference.mean(axis=1) > 0.02), np.flatnonzero(difference[450:].mean(axis=0) > 0.02)
    badge = seen[rows[0] + 6 : rows[-1] - 5, columns[0] + 12 : columns[-1] - 11]
    assert measured(badge) >= 4.5


@pytest.mark.parametrize("words", ["short", "long", "arabic"])
@pytest.mark.parametrize("ground", ["busy", "stripes"])
@pytest.mark.parametrize("subject", [SUBJECT, None], ids=["subject", "none"])
def test_every_letter_has_contrast_where_the_picture_gives_none(
    ground: str, words: str, subject: tuple[int, int, int, int] | None
) -> None:
    seen, answer = laid(GROUNDS[ground], TEXTS[words], subject)
    assert not answer.left_off
    # The strip with the words is all that may be looked at: the picture itself is black on white.
    rows = np.flatnonzero(np.abs(GROUNDS[ground].astype(int) - seen.astype(int)).max(axis=(1, 2)) > 60)
    band = seen[rows[0] : rows[-1] + 1]
    inner = band[len(band) // 4 :] if rows[-1] > SIDE - 80 else band[: -len(band) // 4]
    values = light(inner)
    ink = 0.9 if np.percentile(values, 99.5) > 0.9 else 0.04
    strokes = values > ink if ink > 0.5 else values < ink
    beneath = values[~touching(strokes)]
    worst = np.percentile(beneath, 97 if ink > 0.5 else 3)
    ratio = (max(worst, ink) + 0.05) / (min(worst, ink) + 0.05)
    assert strokes.mean() > 0.01
    assert ratio >= 4.5


@pytest.mark.parametrize("style", DESIGNS)
@pytest.mark.parametrize(("product", "words"), [("serum", "short"), ("sneaker", "arabic"), ("mug", "long")])
def test_words_stay_off_the_product_on_every_design(style: str, product: str, words: str) -> None:
    asked = DrawRequest("", TEXTS[words].name or "", style=style, reference=photo(product, on="grey", side=500), seed=4)
    (picture,) = studio().draw(replace(asked, width=512, height=512), trial=straight).pictures
    data, answer = overlayer().lay(picture, TEXTS[words])
    assert not answer.left_off
    assert picture.subject is not None
    x1, y1, x2, y2 = picture.subject
    before, after = pixels_of(picture.data).astype(int), pixels_of(data).astype(int)
    assert np.abs(before - after)[y1:y2, x1:x2].mean() < 6
    assert (np.abs(before - after).max(axis=-1) > 60)[y1 + 8 : y2 - 8, x1 + 8 : x2 - 8].mean() < 0.005


@pytest.mark.parametrize("subject", [(10, 10, 630, 630), (0, 0, 640, 640), None], ids=["large", "all", "unknown"])
@pytest.mark.parametrize("words", ["short", "long", "hindi"])
def test_words_never_cover_the_product_s_middle(words: str, subject: tuple[int, int, int, int] | None) -> None:
    ground = GROUNDS["mid-grey"]
    seen, answer = laid(ground, TEXTS[words], subject)
    assert answer.name
    x1, y1, x2, y2 = subject or (0, 0, SIDE, SIDE)
    third_x, third_y = (x2 - x1) // 3, (y2 - y1) // 3
    assert not changed(ground, seen)[y1 + third_y : y2 - third_y, x1 + third_x : x2 - third_x].any()


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(("text", "script"), [("ソニー", "Katakana"), ("漢字 AB", "Han"), ("한국어", "Hangul")])
def test_a_script_that_no_font_has_stays_off_and_the_answer_says_so(field: str, text: str, script: str) -> None:
    words = changed_field(WORDS, field, text)
    seen, answer = laid(GROUNDS["white"], words)
    assert getattr(answer, field) is None
    assert script in answer.left_off[field]
    others = [other for other in FIELDS if other not in (field, "list_price" if field == "price" else field)]
    assert all(getattr(answer, other) == getattr(words, other) for other in others)
    # What is left looks as if the field had never been there.
    bare, _ = laid(GROUNDS["white"], changed_field(words, field, None))
    assert np.array_equal(seen, bare)


@pytest.mark.parametrize(
    ("name", "left", "gone"),
    [
        ("Sencha Tea Pot 急須 600 ml", "Sencha Tea Pot 600 ml", "急須"),
        ("Iron Teapot (急須) Iwachu", "Iron Teapot Iwachu", "急須"),
        ("Camera X100漢 black", "Camera X100 black", "漢"),
        ("Tea cups, set 3個", "Tea cups, set", "3個"),
        ("Notebook - ノート - A5 dotted", "Notebook - A5 dotted", "ノート"),
        ("كوب أزرق كبير \U0001ee00و", "كوب أزرق كبير", "\U0001ee00و"),  # one letter lacks, the word goes
        ("שעון קיר מעץ 時計", "שעון קיר מעץ", "時計"),
    ],
)
def test_words_that_no_font_has_are_left_out_of_a_text_that_reads_without_them(name: str, left: str, gone: str) -> None:
    seen, answer = laid(GROUNDS["white"], replace(WORDS, name=name))
    assert answer.name == left
    assert gone in answer.left_off["name"]
    assert "no font here has" in answer.left_off["name"]
    plain, _ = laid(GROUNDS["white"], replace(WORDS, name=left))
    assert np.array_equal(seen, plain)


def test_a_price_whose_mark_no_font_has_is_told_by_its_currency() -> None:
    words = Overlay(name="Tea pot", price="3,850円", list_price="4,400円(税込)", currency="JPY")
    _, answer = laid(GROUNDS["white"], words)
    assert (answer.price, answer.list_price) == ("3,850 JPY", "4,400 JPY")
    assert not answer.left_off
    _, unknown = laid(GROUNDS["white"], replace(words, currency=None))
    assert unknown.price is None
    assert "Han" in unknown.left_off["price"]


def test_what_was_left_off_before_stays_accounted_for() -> None:
    _, answer = laid(GROUNDS["white"], Overlay(name="Mug", left_off={"price": "the page has none"}))
    assert answer.left_off == {"price": "the page has none"}


def test_a_pictograph_that_no_font_has_is_left_out_of_its_text() -> None:
    _, answer = laid(GROUNDS["white"], Overlay(name="Star \u2605 mug \U0001f525"))
    assert answer.name == "Star mug \U0001f525"
    assert not answer.left_off


@pytest.mark.parametrize(
    "hostile",
    [
        '</text><image href="file:///etc/passwd" width="640" height="640"/><text>',
        "&lt;b&gt; &#65; &amp; <![CDATA[x]]> <!-- -->",
        '"><script>alert(1)</script>',
        "{{7*7}} ${env} %s %n",
    ],
)
def test_markup_is_drawn_as_text_and_changes_nothing_else(hostile: str) -> None:
    seen, answer = laid(GROUNDS["white"], Overlay(name=hostile))
    assert answer.name == hostile
    plain = "".join(one if one.isalnum() or one == " " else "x" for one in hostile)
    other, _ = laid(GROUNDS["white"], Overlay(name=plain))
    marked, unmarked = changed(GROUNDS["white"], seen), changed(GROUNDS["white"], other)
    assert 0.5 < marked.sum() / unmarked.sum() < 2


def test_a_hundred_thousand_characters_are_cut_to_three_hundred() -> None:
    seen, answer = laid(GROUNDS["white"], Overlay("long name " * 10_000, "9" * 100_000, "1" * 100_000, "x" * 100_000))
    for field in FIELDS:
        text = getattr(answer, field)
        assert (text and len(text) <= 300) or field in answer.left_off
    assert answer.name
    assert answer.name.endswith("\u2026")
    assert measured(seen) >= 4.5


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u202e\x00", "\u0301"])
def test_a_text_of_nothing_visible_is_said_to_be_that(text: str) -> None:
    seen, answer = laid(GROUNDS["white"], Overlay(name=text))
    assert answer.name is None
    assert "name" in answer.left_off
    assert not changed(GROUNDS["white"], seen).any()


def test_a_former_price_without_a_present_one_stays_off() -> None:
    _, answer = laid(GROUNDS["white"], Overlay(name="Mug", list_price="9 €"))
    assert answer.list_price is None
    assert "list_price" in answer.left_off


def test_nothing_to_lay_gives_the_picture_as_it_is() -> None:
    seen, answer = laid(GROUNDS["busy"], Overlay())
    assert answer == Overlay()
    assert np.abs(seen.astype(int) - GROUNDS["busy"].astype(int)).mean() < 3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 16), (64, 64), (900, 60), (60, 900), (128, 128)])
def test_small_and_narrow_pictures_take_what_fits_and_name_the_rest(width: int, height: int) -> None:
    ground = flat((250, 250, 250), width, height)
    data, answer = overlayer().lay(picture_of(ground), WORDS)
    assert pixels_of(data).shape == (height, width, 3)
    for field in FIELDS:
        assert (getattr(answer, field) is not None) != (field in answer.left_off)


def test_words_from_right_to_left_are_set_from_the_right() -> None:
    for words, rtl in ((TEXTS["hebrew"], True), (TEXTS["short"], False)):
        seen, _ = laid(GROUNDS["white"], replace(words, price=None, list_price=None), (40, 40, 600, 400))
        columns = np.flatnonzero(changed(GROUNDS["white"], seen).any(axis=0))
        left, right = columns[0], SIDE - 1 - columns[-1]
        assert bool(left > right) is rtl
        assert min(left, right) == pytest.approx(0.064 * SIDE, abs=3)


def test_a_former_price_is_struck_through() -> None:
    seen, _ = laid(GROUNDS["white"], Overlay(name="Mug", price="€ 5", list_price="€ 9"))
    plain, _ = laid(GROUNDS["white"], Overlay(name="Mug", price="€ 5", list_price=None))
    dark = (light(seen) < 0.4) & (light(plain) > 0.8)
    runs = max(longest(row) for row in dark)
    assert runs > 30


def longest(row: NDArray[np.bool_]) -> int:
    best = run = 0
    for value in row:
        run = run + 1 if value else 0
        best = max(best, run)
    return best


def test_the_same_words_on_the_same_picture_are_the_same_bytes() -> None:
    picture = picture_of(GROUNDS["busy"], SUBJECT)
    assert overlayer().lay(picture, WORDS) == overlayer().lay(picture, WORDS)


def test_a_transparent_picture_is_laid_on_white() -> None:
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    data, _ = overlayer().lay(picture_of(pixels), Overlay())
    assert pixels_of(data).min() > 250


@settings(max_examples=25, deadline=None)
@given(st.builds(Overlay, *(st.none() | st.text(max_size=80) for _ in FIELDS)))
def test_whatever_the_words_they_are_on_the_picture_or_accounted_for(words: Overlay) -> None:
    _, answer = laid(flat((90, 140, 160), 320, 320), words, (80, 30, 240, 190))
    for field in FIELDS:
        if getattr(words, field) is None:
            assert getattr(answer, field) is None
        else:
            said = answer.left_off.get(field)
            assert (said is not None and "on it without" not in said) == (getattr(answer, field) is None)


@pytest.mark.parametrize(("ink", "ground", "ratio"), [(0, 255, 21.0), (118, 255, 4.54), (255, 118, 4.54), (0, 0, 1.0)])
def test_the_measurement_itself_is_right(ink: int, ground: int, ratio: float) -> None:
    seen = np.full((40, 120, 3), ground, np.uint8)
    mask = np.zeros((40, 120), np.float32)
    mask[10:30, 20:100:2] = 1
    mask[10:30, 60:80] = 1
    seen[mask > 0] = ink
    assert shown_contrast(seen, mask) == pytest.approx(ratio, abs=0.01)


def test_the_measurement_counts_the_worst_of_what_is_beneath() -> None:
    seen = np.full((40, 120, 3), 255, np.uint8)
    seen[:, 100:] = 60
    mask = np.zeros((40, 120), np.float32)
    mask[10:30, 10:110:4] = 1
    mask[10:30, 40:60] = 1
    seen[mask > 0] = 20
    assert shown_contrast(seen, mask) < 2


@pytest.mark.parametrize("name", ["detect/coffee.png", "photos/prairie_falcon.jpg", "faces/astronaut.png"])
@pytest.mark.parametrize("words", ["short", "arabic", "long"])
def test_real_photographs_can_be_written_on(name: str, words: str, testdata: Callable[[str], Path]) -> None:
    from PIL import Image, ImageOps

    with Image.open(testdata(name)) as image:
        ground = np.asarray(ImageOps.fit(image.convert("RGB"), (SIDE, SIDE)))
    seen, answer = laid(ground, TEXTS[words], None)
    assert answer.name
    assert not answer.left_off
    # The hem of the veil may reach in a little, the words may not.
    middle = np.s_[SIDE // 3 : 2 * SIDE // 3, SIDE // 3 : 2 * SIDE // 3]
    assert changed(ground, seen)[middle].mean() < 0.05


def test_a_picture_in_bytes_of_another_kind_is_taken_too() -> None:
    data = photo("mug", side=300)
    _, answer = overlayer().lay(Picture(data, "image/jpeg", 300, 300), Overlay(name="Mug"))
    assert answer.name == "Mug"
