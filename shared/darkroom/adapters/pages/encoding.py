"""The characters of a page: by byte order mark, by header, by what it declares, else by trying."""

from __future__ import annotations

import codecs
import re
from typing import Final

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARSET: Final = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_BROWSERS: Final = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "utf-16": "utf-16-le",
}
"""What browsers read a label as (WHATWG Encoding): the superset that pages of that label are really written in."""
_DAMAGED: Final = 0.02
"""A page of which more than this share does not decode is not in that encoding."""


def decoded(data: bytes, content_type: str) -> str:
    """The page's text; bytes that fit no encoding become U+FFFD."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    stated = _CHARSET.search(content_type[:1_000])
    for label in (stated.group(1) if stated else None, _declared(data)):
        text = _tried(data, label)
        if text is not None:
            return text
    # Escape sequences mark ISO-2022-JP, whose bytes are all valid UTF-8.
    if b"\x1b" not in data[:100_000]:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    # Nobody says what it is. Only such a page pays for Beautiful Soup, whose guesses are good.
    from bs4.dammit import EncodingDetector

    for guess in EncodingDetector(data[:100_000], is_html=True).encodings:
        text = _tried(data, guess)
        if text is not None:
            return text
    return data.decode("utf-8", "replace")


def _declared(data: bytes) -> str | None:
    """What the head says: a meta element, or an XML declaration."""
    head = data[:4_096].decode("latin-1")
    found = _CHARSET.search(head) or re.match(r"\s{0,8}<\?xml[^>]{0,80}encoding=[\"']([\w.:-]{1,40})", head)
    # A page that was read as ASCII so far cannot be UTF-16, whatever it says.
    return found.group(1) if found and not found.group(1).lower().startswith("utf-16") else None


def _tried(data: bytes, label: str | None) -> str | None:
    if not label:
        return None
    try:
        name = codecs.lookup(label).name
        name = _BROWSERS.get(name, name)
        text = data.decode(name, "replace")
    except (LookupError, ValueError, AssertionError):
        return None
    if not isinstance(text, str):
        return None
    return text if text.count("\ufffd") <= max(8, len(text) * _DAMAGED) else None
