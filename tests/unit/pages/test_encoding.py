"""The characters of a page."""

from __future__ import annotations

import codecs

import pytest
from darkroom.adapters.pages.encoding import decoded

TEXT = "Preis: 12,50 € für Möbel"


@pytest.mark.parametrize(
    ("data", "content_type", "text"),
    [
        (TEXT.encode(), "text/html; charset=utf-8", TEXT),
        (TEXT.encode(), "text/html", TEXT),
        (TEXT.encode("cp1252"), 'text/html; charset="ISO-8859-1"', TEXT),  # as browsers read that label
        (b"<meta charset=windows-1252>" + TEXT.encode("cp1252"), "", f"<meta charset=windows-1252>{TEXT}"),
        (codecs.BOM_UTF8 + TEXT.encode(), "text/html; charset=latin-1", TEXT),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "text/html", TEXT),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "text/html", TEXT),
        ("価格".encode("shift_jis"), "text/html; charset=Shift_JIS", "価格"),
        ("가격".encode("euc-kr"), "text/html; charset=euc-kr", "가격"),
        ("цена".encode("cp1251"), "text/html; charset=windows-1251", "цена"),
        (b"<meta charset=utf-16>x", "", "<meta charset=utf-16>x"),  # it was read as ASCII so far
        (TEXT.encode(), "text/html; charset=no-such-thing", TEXT),
        (TEXT.encode(), "text/html; charset=base64", TEXT),  # a codec, but not of text
        (b"", "", ""),
    ],
)
def test_the_encoding_is_what_mark_header_or_page_say(data: bytes, content_type: str, text: str) -> None:
    assert decoded(data, content_type) == text


def test_a_stated_encoding_survives_a_damaged_byte() -> None:
    data = ("상품 가격 " * 50).encode("euc-kr")
    assert decoded(data[:100] + b"\xff" + data[100:], "text/html; charset=euc-kr").count("가격") >= 48


def test_a_stated_encoding_that_cannot_be_is_not_believed() -> None:
    assert decoded(("Möbel für Büro " * 40).encode("cp1252"), "text/html; charset=utf-8").startswith("Möbel für")


def test_a_page_of_old_japanese_mail_encoding_is_not_taken_for_utf_8() -> None:
    text = "価格は五千円です。" * 20
    assert decoded(b"<meta charset=iso-2022-jp>" + text.encode("iso-2022-jp"), "").endswith(text)
