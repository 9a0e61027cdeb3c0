"""The Noto fonts of the package manimgx-fonts: which of them has which characters.

All are variable fonts with a weight from 400 to 700; resvg sets text in them at any weight between.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from darkroom.adapters.rendering import font_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST: Final = "NotoSans[wght].ttf"
"""Latin, Greek and Cyrillic, digits, punctuation and signs of currency: the other fonts give what it lacks."""
SCRIPTS: Final = (
    *("NotoSansArabic[wght].ttf", "NotoSansHebrew[wght].ttf", "NotoSansDevanagari[wght].ttf"),
    *("NotoSansThai[wght].ttf", "NotoSansBengali[wght].ttf", "NotoSansTamil[wght].ttf", "NotoSansTelugu[wght].ttf"),
    *("NotoSansGujarati[wght].ttf", "NotoSansGurmukhi[wght].ttf", "NotoSansKannada[wght].ttf"),
    *("NotoSansMalayalam[wght].ttf", "NotoSansOriya[wght].ttf", "NotoSansSinhala[wght].ttf"),
    *("NotoSansArmenian[wght].ttf", "NotoSansGeorgian[wght].ttf", "NotoSansEthiopic[wght].ttf"),
    *("NotoSansKhmer[wght].ttf", "NotoSansLao[wght].ttf", "NotoSansMyanmar[wght].ttf"),
)
SIGNS: Final = ("NotoSansSymbols[wght].ttf", "NotoEmoji[wght].ttf")
FILES: Final = (FIRST, *SCRIPTS, *SIGNS)
"""What a layer has to hold, in the order in which a character is looked for."""


@dataclass(frozen=True, slots=True)
class Font:
    family: str
    path: str
    characters: frozenset[int]


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that one font sets."""

    font: Font
    text: str


@cache
def font(file: str) -> Font:
    from fontTools.ttLib import TTFont

    path = font_folder() / file
    with TTFont(path, lazy=True) as opened:
        family = opened["name"].getBestFamilyName()
        return Font(str(family), str(path), frozenset(opened.getBestCmap()))


def runs(text: str) -> tuple[Run, ...]:
    """The text cut where the font changes, in the order of its characters.

    Marks, joiners and spaces stay with what they follow. A character that no font has is left out: ask `missing`.
    """
    made: list[tuple[Font, list[str]]] = []
    for character in text:
        before = made[-1][0] if made else None
        chosen = _chosen(character, before)
        if chosen is None:
            continue
        if chosen is before:
            made[-1][1].append(character)
        else:
            made.append((chosen, [character]))
    return tuple(Run(one, "".join(characters)) for one, characters in made)


def _chosen(character: str, before: Font | None) -> Font | None:
    if _invisible(character):
        return before or font(FIRST)
    if before and _follows(character, before) and ord(character) in before.characters:
        return before
    return next((one for one in map(font, FILES) if ord(character) in one.characters), None)


def _follows(character: str, before: Font) -> bool:
    if character == " ":
        return Path(before.path).name not in SIGNS  # among pictographs a space is as wide as one of them
    return unicodedata.category(character) in ("Mn", "Mc", "Me")


def _invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf"


def missing(text: str) -> tuple[str, ...]:
    """The characters that no font has, each once."""
    return tuple(character for character in dict.fromkeys(text) if not covered(character))


def covered(character: str) -> bool:
    return _invisible(character) or any(ord(character) in one.characters for one in map(font, FILES))


def scripts(characters: Iterable[str]) -> str:
    """The scripts of some characters in words: `Hiragana and CJK`."""
    names = sorted({_script(character) for character in characters})
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _script(character: str) -> str:
    name = unicodedata.name(character, "unknown characters").split(" ")[0].split("-")[0]
    return {"CJK": "Han (Chinese, Japanese, Korean)", "unknown": "unassigned characters"}.get(name, name.capitalize())
