"""Text of a stranger's page as plain text: one line, nothing invisible, nothing that turns the reading direction.

Pure and linear in the length of what is looked at.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final

from darkroom.domain.limits import OVERLAY_CHARACTERS

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BLANKS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and symbols by their category that nevertheless show nothing: fillers, and the empty Braille cell."""
_JOINERS: Final = frozenset("\u200c\u200d")
_JOINED: Final = (("\u0600", "\u10a0"), ("\u1780", "\u1800"), ("\ufb50", "\ufe00"), ("\ufe70", "\ufeff"))
"""From Arabic to Myanmar, Khmer, and Arabic's forms: there a joiner is spelling, as in Persian, and not a trick."""
MARKS_IN_A_ROW: Final = 3
_STROKES: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ħ": "h"})
"""Letters whose stroke is no mark that could be taken off."""
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,300}>")


def plain(text: str, limit: int = OVERLAY_CHARACTERS) -> str:
    """The text as a reader would see it, on one line, in NFC, at most `limit` characters.

    Markup and entities that a field holds as text (`<b>Mug</b> &amp; spoon`) are taken out and resolved.
    """
    text = text[: limit * 20]
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return visible(text)[:limit].strip()


def visible(text: str) -> str:
    """What of a text can be seen, on one line, in NFC; nothing in it is markup.

    Dropped are controls, bidirectional and zero-width marks, variation selectors, unassigned and private characters,
    fillers, and all but three combining marks in a row. The joiners stay between letters of the scripts that spell with
    them.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept: list[str] = []
    marks = 0
    normal = unicodedata.normalize("NFC", text)
    for place, character in enumerate(normal):
        if character.isspace():
            kept.append(" ")
            continue
        category = unicodedata.category(character)
        if category in _UNSEEN or character in _BLANKS:
            if not (character in _JOINERS and _joins(normal, place)):
                continue
        elif category in {"Mn", "Me"}:
            marks += 1
            if not kept or marks > MARKS_IN_A_ROW or _selects_a_variant(character):
                continue
        else:
            marks = 0
        kept.append(character)
    return " ".join("".join(kept).split())


def folded(text: str) -> str:
    """For comparing: without accents and case, punctuation as blanks."""
    return " ".join("".join(c if c.isalnum() or _is_vowel_sign(c) else " " for c in unaccented(text)).split())


def _is_vowel_sign(character: str) -> bool:
    """Of Thai and the scripts of India: what `unaccented` leaves of marks is part of the spelling."""
    return character >= "\u0300" and unicodedata.category(character)[0] == "M"


def unaccented(text: str) -> str:
    """In lower case, without accents and other marks on letters; punctuation stays."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)


def likeness(one: str, other: str) -> float:
    """How much two names share, 0 to 1: of the words of the shorter one, those that the other has too.

    Scripts without blanks between words are compared by pairs of characters.
    """
    first, second = _parts(one), _parts(other)
    if not first or not second:
        return 0.0
    return len(first & second) / min(len(first), len(second))


def script_of(text: str) -> str | None:
    """The script of most of the letters, by ISO 15924; None without letters."""
    counts: dict[str, int] = {}
    for character in text[:2_000]:
        if character.isalpha():
            name = _script(character)
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return None
    if "Jpan" in counts:  # kana amid Han: Japanese mixes both
        return "Jpan"
    return max(counts, key=lambda name: counts[name])


_SCRIPTS: Final = {
    "LATIN": "Latn",
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "CJK": "Hani",
    "HIRAGANA": "Jpan",
    "KATAKANA": "Jpan",
    "HANGUL": "Kore",
    "THAI": "Thai",
    "DEVANAGARI": "Deva",
    "BENGALI": "Beng",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "GUJARATI": "Gujr",
    "GURMUKHI": "Guru",
    "KANNADA": "Knda",
    "MALAYALAM": "Mlym",
    "SINHALA": "Sinh",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
    "ETHIOPIC": "Ethi",
    "KHMER": "Khmr",
    "LAO": "Laoo",
    "MYANMAR": "Mymr",
}


@lru_cache(maxsize=4_096)
def _script(character: str) -> str:
    return _SCRIPTS.get(unicodedata.name(character, "").partition(" ")[0], "Zyyy")


def _joins(text: str, place: int) -> bool:
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return len(around) == 2 and all(
        unicodedata.category(c)[0] in "LM" and any(low <= c < high for low, high in _JOINED) for c in around
    )


def _selects_a_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _parts(text: str) -> set[str]:
    words = folded(text[:1_000]).split()
    if words and max(map(len, words)) > 3 and _script(next(iter(words[0]))) in {"Hani", "Jpan", "Thai", "Laoo", "Khmr"}:
        joined = "".join(words)
        return {joined[place : place + 2] for place in range(max(1, len(joined) - 1))}
    return set(words)
