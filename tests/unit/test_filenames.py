"""What becomes of the names that users give their files."""

from __future__ import annotations

import re
import unicodedata

import pytest
from darkroom.domain import filenames, limits
from darkroom.errors import InvalidRequestError
from hypothesis import given
from hypothesis import strategies as st

JPEG = ("jpg", "jpeg", "jfif")
ANY_TEXT = st.text(st.characters(codec=None), min_size=1, max_size=limits.FILENAME_CHARACTERS)  # surrogates too


@pytest.mark.parametrize(
    ("raw", "shown", "in_key"),
    [
        ("cat.jpg", "cat.jpg", "cat.jpg"),
        ("My Holiday (1).JPG", "My Holiday (1).JPG", "My-Holiday-1.JPG"),
        ("../../etc/passwd.jpg", "passwd.jpg", "passwd.jpg"),
        ("..\\..\\windows\\system32\\cat.jpg", "cat.jpg", "cat.jpg"),
        ("/etc/shadow", "shadow", "shadow.jpg"),
        ("cat.jpg\x00.png", "cat.jpg.png", "cat.jpg.png.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe", "photogpj.exe.jpg"),  # shows as photoexe.jpg, reversed
        ("\u200f\u0635\u0648\u0631\u0629.jpg", "\u0635\u0648\u0631\u0629.jpg", "file.jpg"),
        ("写真.jpg", "写真.jpg", "file.jpg"),
        ("cat写真.jpg", "cat写真.jpg", "cat.jpg"),
        ("Übergrößenträger.jpg", "Übergrößenträger.jpg", "Ubergro-entrager.jpg"),
        ("u\u0308ber.jpg", "\u00fcber.jpg", "uber.jpg"),
        ("uploads\uff0f..\uff0fcat.jpg", "uploads\uff0f..\uff0fcat.jpg", "cat.jpg"),  # full-width slashes
        ("\u2025\uff0fcat.jpg", "\u2025\uff0fcat.jpg", "cat.jpg"),  # a two-dot leader, a full-width slash
        ("a\r\nSet-Cookie: b.jpg", "aSet-Cookie: b.jpg", "aSet-Cookie-b.jpg"),
        ("<script>alert(1)</script>.jpg", "script>.jpg", "script.jpg"),
        ("${filename}.jpg", "${filename}.jpg", "filename.jpg"),
        (".jpg", ".jpg", "file.jpg"),
        (".htaccess", ".htaccess", "htaccess.jpg"),
        ("a....b---c.jpg", "a....b---c.jpg", "a.b-c.jpg"),
        ("cat.jpg.", "cat.jpg.", "cat.jpg"),
        ("  cat.jpg  ", "cat.jpg", "cat.jpg"),
        ("\ud800cat.jpg", "cat.jpg", "cat.jpg"),  # half a surrogate pair
        ("x" * 251 + ".jpg", "x" * 251 + ".jpg", "x" * 96 + ".jpg"),
    ],
)
def test_a_name_is_shown_without_tricks_and_its_key_is_plain_ascii(raw: str, shown: str, in_key: str) -> None:
    assert filenames.shown(raw) == shown
    assert filenames.for_key(shown, JPEG) == in_key


@pytest.mark.parametrize("raw", ["", "..", "../..", "\x00", "\u202e\u200f", " ", "cat.jpg/", "...", "\u2028"])
def test_a_name_of_which_nothing_is_left_is_refused(raw: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        filenames.shown(raw)
    assert refusal.value.problems == (("filename", "has no name in it"),)
    assert "cat.jpg" in refusal.value.fix


@pytest.mark.parametrize("length", [256, 5_000])
def test_a_name_that_is_too_long_is_refused_with_the_limit(length: int) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        filenames.shown("x" * length)
    assert f"{length} characters" in refusal.value.detail
    assert "255" in refusal.value.detail


@given(ANY_TEXT)
def test_whatever_the_name_the_key_is_safe_and_ends_in_an_extension_of_the_type(raw: str) -> None:
    try:
        name = filenames.shown(raw)
    except InvalidRequestError:
        return
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name)
    assert "/" not in name
    assert "\\" not in name
    part = filenames.for_key(name, JPEG)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,98}\.(?i:jpg|jpeg|jfif)", part)
    assert ".." not in part


@given(ANY_TEXT)
def test_a_name_that_was_made_safe_stays_as_it_is(raw: str) -> None:
    try:
        part = filenames.for_key(filenames.shown(raw), JPEG)
    except InvalidRequestError:
        return
    assert filenames.for_key(filenames.shown(part), JPEG) == part


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("cat.jpg", "jpg"),
        ("cat.JPG", "jpg"),
        ("cat", ""),
        ("cat.", ""),
        ("cat.svg. .", "svg"),
        ("cat.\uff53\uff56\uff47", "svg"),  # full-width letters
        ("archive.tar.gz", "gz"),
    ],
)
def test_the_extension_is_read_through_disguises(name: str, extension: str) -> None:
    assert filenames.extension(name) == extension
