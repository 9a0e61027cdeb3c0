"""What a page's own styles say about being seen: inline, and by rules of its style elements for simple selectors.

No browser: rules of files, of descendants and of states are not known here. What they hide stays, what they show is
not lost. Linear in the length of the styles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

Declarations = dict[str, str]

STYLE_CHARACTERS: Final = 1_000_000
RULES: Final = 5_000
INLINE_CHARACTERS: Final = 2_000
_SELECTOR: Final = re.compile(r"([a-z][a-z0-9-]{0,30})?((?:[.#][\w-]{1,100}){0,4})", re.IGNORECASE)
_CLIPPED: Final = re.compile(r"rect\(\s?[01](?:px)?[,\s]|inset\(\s?(?:[5-9]\d|100)%|circle\(0")
_BRACE: Final = re.compile(r"[{}]")
_PART: Final = re.compile(r"([.#])([\w-]{1,100})")
_LENGTH: Final = re.compile(r"(-?\d{0,7}\.?\d{0,4})\s?(px|em|rem|%|vw|vh|pt|in|cm)?")
_WATCHED: Final = frozenset(
    {
        "display",
        "visibility",
        "opacity",
        "font-size",
        "text-indent",
        "position",
        "left",
        "top",
        "right",
        "bottom",
        "clip",
    }
    | {"clip-path", "width", "height", "max-width", "max-height", "overflow", "color", "background", "background-color"}
    | {"transform", "text-decoration", "text-decoration-line", "margin-left", "margin-top"}
)


def declarations(text: str) -> Declarations:
    """`a: b; c: d !important` as a dict of the properties that matter here, in lower case."""
    found: Declarations = {}
    for part in text[:INLINE_CHARACTERS].lower().split(";"):
        name, colon, value = part.partition(":")
        name = name.strip()
        if colon and name in _WATCHED:
            found[name] = value.replace("!important", "").strip()
    return found


@dataclass(frozen=True, slots=True)
class _Rule:
    rank: tuple[int, int, int, int]
    tag: str | None
    needs: frozenset[str]
    says: Declarations


@dataclass(slots=True)
class Sheet:
    """The rules of a page, looked up by the rarest thing that an element must have for one to be about it."""

    _by_key: dict[str, list[_Rule]] = field(default_factory=dict)
    _count: int = 0

    def read(self, css: str) -> None:
        """Take in one style element. Rules inside `@media screen` or `all` count, of other conditions none do."""
        css = _without_comments(css[:STYLE_CHARACTERS])
        place = 0
        while self._count < RULES:
            opening = css.find("{", place)
            if opening < 0:
                return
            selectors = css[place:opening].strip().lstrip("};").strip()
            if selectors.startswith("@"):
                if selectors.startswith("@media") and not re.search(r"[(]|print|not", selectors[:200]):
                    place = opening + 1  # its rules are read as if they stood alone
                    continue
                if css.startswith("@import", place) and ";" in selectors:
                    place = place + css[place:opening].rfind(";") + 1
                    continue
                place = _end_of_block(css, opening)
                continue
            closing = css.find("}", opening)
            if closing < 0:
                return
            self._add(selectors, css[opening + 1 : closing])
            place = closing + 1

    def about(self, tag: str, identity: str, classes: list[str]) -> Declarations:
        """What the rules say of an element, the more particular over the less, the later over the earlier."""
        if not self._by_key:
            return {}
        rules: list[_Rule] = []
        has = {f".{name}" for name in classes}
        if identity:
            has.add(f"#{identity}")
        for key in (*has, tag):
            rules.extend(
                rule
                for rule in self._by_key.get(key, ())
                if rule.needs <= has and (rule.tag is None or rule.tag == tag)
            )
        if not rules:
            return {}
        said: Declarations = {}
        for rule in sorted(rules, key=lambda one: one.rank):
            said.update(rule.says)
        return said

    def _add(self, selectors: str, body: str) -> None:
        says = declarations(body)
        if not says:
            return
        for selector in selectors[:4_000].split(","):
            match = _SELECTOR.fullmatch(selector.strip())
            if not match or not match.group():
                continue
            parts = _PART.findall(match.group(2))
            needs = frozenset(sign + name for sign, name in parts)
            tag = match.group(1).lower() if match.group(1) else None
            important = 1 if "!important" in body else 0
            ids = sum(sign == "#" for sign, _ in parts)
            rank = (important, ids, len(parts) - ids, self._count)
            key = max(needs, key=lambda name: (name[0] == "#", name)) if needs else (tag or "")
            self._by_key.setdefault(key, []).append(_Rule(rank, tag, needs, says))
            self._count += 1


def unseen(says: Declarations) -> bool:
    """Whether an element of these declarations, and all within it, shows nothing."""
    return bool(says) and (_off(says) or _shrunk(says) or _away(says))


def _off(says: Declarations) -> bool:
    return (
        says.get("display") == "none"
        or says.get("visibility") in {"hidden", "collapse"}
        or _small(says.get("opacity"), 0.05)
    )


def _shrunk(says: Declarations) -> bool:
    """To nothing, or cut down to nothing."""
    clipped = says.get("overflow", "").startswith(("hidden", "clip"))
    return (
        _small(says.get("font-size"), 1.0)
        or _CLIPPED.match(says.get("clip", "")) is not None
        or _CLIPPED.match(says.get("clip-path", "")) is not None
        or re.match(r"scale\(\s?0(?:\.0{1,4})?\s?[,)]", says.get("transform", "")) is not None
        or (clipped and any(_small(says.get(side), 1.0) for side in ("width", "height", "max-width", "max-height")))
    )


def _away(says: Declarations) -> bool:
    """Out of the window."""
    placed = says.get("position") in {"absolute", "fixed"}
    sides = ("left", "top", "right", "bottom", "margin-left", "margin-top")
    return (
        _far(says.get("text-indent"))
        or (placed and any(_far(says.get(side)) for side in sides))
        or re.match(r"translate[xy]?\(\s?-\d{4}", says.get("transform", "")) is not None
    )


def struck(says: Declarations) -> bool:
    return "line-through" in says.get("text-decoration", "") or "line-through" in says.get("text-decoration-line", "")


Colour = tuple[int, int, int]
_NAMED: Final[dict[str, Colour]] = {
    "white": (255, 255, 255),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "yellow": (255, 255, 0),
}
_TRANSPARENT: Final = re.compile(r"transparent|rgba\([^)]{0,40},\s?0?\.?0{1,3}\)|#[0-9a-f]{6}00|#[0-9a-f]{3}0")


def colour(text: str | None) -> Colour | None:
    """A colour as (red, green, blue) of 0-255; None for one that is not written plainly."""
    if not text:
        return None
    text = text.strip()
    if found := re.match(r"#([0-9a-f]{6})\b", text):
        value = int(found.group(1), 16)
        return value >> 16, value >> 8 & 255, value & 255
    if found := re.match(r"#([0-9a-f])([0-9a-f])([0-9a-f])\b", text):
        red, green, blue = (int(digit * 2, 16) for digit in found.groups())
        return red, green, blue
    if found := re.match(r"rgba?\(\s?(\d{1,3})[,\s]\s?(\d{1,3})[,\s]\s?(\d{1,3})", text):
        red, green, blue = (min(255, int(part)) for part in found.groups())
        return red, green, blue
    return _NAMED.get(text.split(" ")[0])


def see_through(text: str | None) -> bool:
    return bool(text and _TRANSPARENT.fullmatch(text.strip()))


def alike(one: Colour, other: Colour) -> bool:
    """So near to each other that text of the one cannot be read on the other."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 12


def _small(text: str | None, limit: float) -> bool:
    found = _LENGTH.match(text) if text else None
    if not found or not found.group(1).strip("-."):
        return False
    unit = found.group(2)
    return abs(float(found.group(1))) <= (limit if unit in {None, "px", "pt"} else 0.02)


def _far(text: str | None) -> bool:
    """A length that takes text out of the window: -500 px and beyond."""
    found = _LENGTH.match(text) if text else None
    if not found or not found.group(1).strip("-."):
        return False
    value = float(found.group(1)) * {"em": 16, "rem": 16, "%": 8, "vw": 8, "vh": 8, "in": 96, "cm": 38}.get(
        found.group(2) or "px", 1
    )
    return value <= -500 or value >= 20_000


def _without_comments(css: str) -> str:
    if "/*" not in css:
        return css
    kept: list[str] = []
    place = 0
    while (opening := css.find("/*", place)) >= 0:
        kept.append(css[place:opening])
        closing = css.find("*/", opening + 2)
        if closing < 0:
            return "".join(kept)
        place = closing + 2
    kept.append(css[place:])
    return "".join(kept)


def _end_of_block(css: str, opening: int) -> int:
    depth = 0
    for match in _BRACE.finditer(css, opening):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.end()
    return len(css)
