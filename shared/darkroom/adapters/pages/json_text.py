"""JSON as pages write it: read as it stands, else mended where what was meant is clear.

Numbers stay as written, because `24.990` and `24.99` are not the same price everywhere. Linear in the length of the
text; no depth, size or nonsense makes it raise.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any, Final

TEXT_CHARACTERS: Final = 3_000_000
MENDED_CHARACTERS: Final = 500_000
"""Mending looks at each character, so it stops sooner than reading does."""
VALUES: Final = 8
"""How many values one after another are read from one text."""
_decoder: Final = json.JSONDecoder(strict=False, parse_float=str, parse_int=str, parse_constant=str)
_WRAPPING: Final = re.compile(
    r"\s*(?:<!--|/\*\s?<!\[CDATA\[\s?\*/|//\s?<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s?\]\]>|\]\]>)\s*\Z"
)
_BLANK: Final = " \t\r\n\ufeff\xa0\u2028\u2029;,"


def values(text: str) -> list[Any]:
    """The JSON values in a text, usually one; none where even mending does not make any."""
    text = text[:TEXT_CHARACTERS]
    found = _read(text)
    if found or len(text) > MENDED_CHARACTERS:
        return found
    return _read(mended(text)) or _read(mended(html.unescape(text)))


def value_at(text: str, place: int) -> tuple[Any, int] | None:
    """The JSON value that begins at a place of a longer text, and where it ends; None where none does."""
    try:
        return _decoder.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None


def mended(text: str) -> str:
    """The text without comments, trailing commas and wrapping, with quotes inside strings escaped, and closed.

    A quote ends a string only where JSON may go on after it (`,`, `:`, a closing bracket, the end); else it is part of
    the text, as in `"a 19" screen"`.
    """
    text = _WRAPPING.sub("", text)
    kept: list[str] = []
    closers: list[str] = []
    place = 0
    length = len(text)
    while place < length:
        sign = text[place]
        if sign == '"':
            end = _string_end(text, place)
            kept.append('"' + _quoted(text[place + 1 : end]) + '"')
            place = end + 1
            continue
        if sign == "/" and text.startswith(("//", "/*"), place):
            place = _after_comment(text, place)
            continue
        if sign in "{[":
            closers.append("}" if sign == "{" else "]")
        elif sign in "}]":
            _drop_comma(kept)
            if closers and closers[-1] == sign:
                closers.pop()
            elif closers:  # the wrong bracket, or one too many
                place += 1
                continue
        kept.append(sign)
        place += 1
    _drop_comma(kept)
    return "".join(kept) + "".join(reversed(closers))


def _read(text: str) -> list[Any]:
    found: list[Any] = []
    place = 0
    while place < len(text) and len(found) < VALUES:
        while place < len(text) and text[place] in _BLANK:
            place += 1
        if place == len(text):
            break
        try:
            value, place = _decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return found
        found.append(value)
    return found


def _string_end(text: str, opening: int) -> int:
    """Where the string that opens here is closed; the end of the text for one that is not."""
    place = opening + 1
    while True:
        quote = text.find('"', place)
        if quote < 0:
            return len(text)
        escapes = 0
        while escapes < 64 and text[quote - 1 - escapes] == "\\" and quote - 1 - escapes > opening:
            escapes += 1
        if escapes % 2 == 0:
            after = quote + 1
            while after < len(text) and after < quote + 200 and text[after].isspace():
                after += 1
            if after >= len(text) or text[after] in ",:}]" or text.startswith(("//", "/*"), after):
                return quote
        place = quote + 1


def _quoted(inside: str) -> str:
    """The inside of a string with quotes escaped and escapes that JSON does not know taken as what they show."""
    if '"' not in inside and "\\" not in inside:
        return inside
    inside = re.sub(r'\\(["\\/bfnrtu])|\\', lambda found: found.group() if found.group(1) else "", inside)
    return re.sub(r'(\\.)|"', lambda found: found.group(1) or '\\"', inside, flags=re.DOTALL)


def _after_comment(text: str, place: int) -> int:
    mark = "\n" if text[place + 1] == "/" else "*/"
    end = text.find(mark, place + 2)
    return len(text) if end < 0 else end + len(mark)


def _drop_comma(kept: list[str]) -> None:
    while kept and kept[-1].isspace():
        kept.pop()
    if kept and kept[-1] == ",":
        kept.pop()
