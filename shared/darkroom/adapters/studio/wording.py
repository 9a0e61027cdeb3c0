"""A text from a page as it may stand on a picture: one line of visible characters, bounded, cut where words end."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from darkroom.domain.limits import OVERLAY_CHARACTERS
from darkroom.domain.plain_text import visible

if TYPE_CHECKING:
    from collections.abc import Collection

EDGES: Final = " -\u2013\u2014/|:;,\u00b7&+"
"""What stands between words and means nothing without both."""
_EMPTY: Final = re.compile(
    r"[(\[{\u3010\u300c\u300e\uff08]\s*[)\]}\u3011\u300d\u300f\uff09]|(?<=\s)[-\u2013\u2014/|:;,\u00b7&+]+(?=\s+[-\u2013\u2014/|:;,\u00b7&+)\]])"
)
HELD: Final = "\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3"
"""Vowels of Thai and Lao that are letters to Unicode, and never begin a syllable."""
FINAL: Final = "\u0e30\u0e33\u0e46\u0e4c\u0eb0\u0eb3\u0ec6\u0ecc"
"""Vowels and signs of Thai and Lao that end a syllable."""
LEADING: Final = "เแโใไເແໂໃໄ"
"""Vowels of Thai and Lao that stand before their consonant."""


def cleaned(text: str) -> str:
    """What can be seen of it, in one line, at most OVERLAY_CHARACTERS; nothing is markup."""
    return shortened(visible(text[: 20 * OVERLAY_CHARACTERS]), OVERLAY_CHARACTERS)


def shortened(text: str, most: int) -> str:
    """At most so many characters, the last of them an ellipsis where it was longer; cut between words if that works."""
    if len(text) <= most:
        return text
    cut = most - 1
    space = text.rfind(" ", 0, cut + 1)
    if space > 0.6 * cut:
        cut = space
    while cut > 0 and not _may_break(text, cut):
        cut -= 1
    return text[:cut].rstrip(" ,;:-\u2013(") + "\u2026"


def breaks(word: str) -> tuple[int, ...]:
    """Where a word may be broken if it must: never before a mark, nor inside what is written as one cluster."""
    return tuple(index for index in range(1, len(word)) if _may_break(word, index))


def ends_syllable(word: str, place: int) -> bool:
    """Whether a syllable of Thai or Lao ends there for certain: before a leading vowel, after a final sign."""
    return word[place] in LEADING or word[place - 1] in FINAL


def _may_break(text: str, index: int) -> bool:
    before, after = text[index - 1], text[index]
    if unicodedata.category(after) in ("Mn", "Mc", "Me", "Cf") or unicodedata.category(before) == "Cf":
        return False
    # A virama (combining class 9) binds the next consonant.
    return unicodedata.combining(before) != 9 and after not in HELD and before not in LEADING


def hyphenated(part: str, following: str) -> str:
    """A part of a broken word at the end of its line: with a hyphen between small letters, whatever else as it is."""
    return f"{part}-" if part[-1:].islower() and following[:1].islower() else part


def runs_on(text: str) -> bool:
    """Whether it is in a script that puts no spaces between words, so that lines end within what looks like one."""
    return any(
        "\u0e00" <= one <= "\u0eff" or "\u1000" <= one <= "\u109f" or "\u1780" <= one <= "\u17ff" for one in text
    )


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split(" ")) if text else ()


def parted(word: str, lacking: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """What is left of a word without the characters that cannot be drawn, and what goes with them.

    Where writing changes its script within a word, a part may go alone, as Han after `X100`. A part that lacks some of
    its letters goes whole, for what is left would be misspelt, and so does a number that only such a part belongs to.
    """
    if not any(character in lacking for character in word):
        return word, ()
    parts: list[str] = []
    current: str | None = None
    for character in word:
        script = _script(character) or current
        if parts and (script == current or current is None):
            parts[-1] += character
        else:
            parts.append(character)
        current = script
    gone = tuple(part for part in parts if any(character in lacking for character in part))
    return "".join(part.strip(EDGES) for part in parts if part not in gone), gone


def tidied(text: str) -> str:
    """A text from which words were taken, without the brackets and marks that had only these between them."""
    while (bare := _EMPTY.sub(" ", text)) != text:
        text = bare
    return " ".join(text.split()).strip(EDGES)


def _script(character: str) -> str | None:
    """None for what is of the script around it: digits and marks."""
    if not character.isalpha():
        return None
    name = unicodedata.name(character, "unknown").split(" ")[0].split("-")[0]
    return "CJK" if name in {"HIRAGANA", "KATAKANA", "HALFWIDTH"} else name


def runs_right_to_left(text: str) -> bool | None:
    """The direction of the first letter that has one (the Unicode bidirectional algorithm, P2); None without any."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return None
