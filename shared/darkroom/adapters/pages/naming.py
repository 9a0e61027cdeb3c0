"""What the product is called, and by whom it is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from darkroom.adapters.pages import structured, vocabulary
from darkroom.adapters.pages.page import TITLE_ENDS
from darkroom.adapters.pages.structured import text_of
from darkroom.domain.plain_text import folded, plain
from darkroom.domain.products import Claim, Fact, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.adapters.pages.page import Page

_PRICED: Final = re.compile(r"^(?:[$€£¥₹]\s?\d[\d.,]{0,11}|\d[\d.,]{0,11}\s?[$€£¥₹])\s[·|–-]\s")
"""A price before the name, as classified ads put it into their titles."""
_LABEL: Final = re.compile(
    r"^(?:brand|by|marke|von|marca|marque|par|manufacturer|hersteller|producent|znacka|merk)\b\s?:?", re.IGNORECASE
)


def name_of(page: Page) -> Fact | None:
    claims: list[Claim] = []
    if page.main and (text := plain(page.main.text("name"))):
        claims.append(Claim(text, page.main.source, 0.8))
    heading = plain(page.view.heading_text)
    if heading and page.view.heading >= 0:
        claims.append(Claim(heading, "visible text", 0.75))
    metas = page.said.metas
    suffixes = {folded(text) for text in metas.get("og:site_name", ())}
    host = folded((urlsplit(page.document.url).hostname or "").removeprefix("www.").partition(".")[0])
    for key, source, weight in (("og:title", structured.OPEN_GRAPH, 0.6), ("twitter:title", structured.META, 0.4)):
        claims.extend(
            Claim(_without_shop(plain(text), suffixes, host, heading), source, weight)
            for text in metas.get(key, ())[:1]
        )
    if page.title:
        claims.append(Claim(_without_shop(plain(page.title), suffixes, host, heading), structured.META, 0.35))
    claims.extend(Claim(plain(text), structured.MICRODATA, 0.5) for text, _ in page.said.loose.get("name", ())[:1])
    return settled(_shortened(claims))


def brand_of(page: Page, name: str) -> Fact | None:
    claims: list[Claim] = []
    if page.main:
        for key, weight in (("brand", 0.85), ("manufacturer", 0.5)):
            text = plain(text_of(page.main.values.get(key, [])), 100)
            if text and not text.startswith(("http:", "https:")):
                claims.append(Claim(text, page.main.source, weight))
    for key in ("product:brand", "og:brand", "brand", "product:manufacturer"):
        claims.extend(Claim(plain(text, 100), structured.OPEN_GRAPH, 0.7) for text in page.said.metas.get(key, ())[:1])
    claims.extend(
        Claim(plain(text, 100), structured.MICRODATA, 0.6) for text, _ in page.said.loose.get("brand", ())[:1]
    )
    claims.extend(_seen_brands(page, name))
    claims.extend(_labelled_brands(page))
    return settled(claim for claim in claims if 1 < len(claim.value) <= 80)


def _seen_brands(page: Page, name: str) -> Iterator[Claim]:
    document = page.document
    for number, element in enumerate(document.elements):
        if element.hidden or not {"brand", "manufacturer", "marke", "marca", "marque"} & element.words:
            continue
        text = plain(document.text(number, 60), 60)
        text = _LABEL.sub("", text).strip(" :")
        if not 1 < len(text) <= 40 or folded(text) in {
            "brand",
            "brands",
            "marke",
            "marca",
            "marque",
            "manufacturer",
        }:
            continue
        near = abs(element.first - page.view.heading_piece) < 25 and page.view.distance(number) < 9
        if near:
            in_name = f" {folded(text)} " in f" {folded(name)} "
            yield Claim(text, "visible text", 0.55 if in_name else 0.4)
            return


def _labelled_brands(page: Page) -> Iterator[Claim]:
    """`Manufacturer` in one cell, and a short text in the next, somewhere after the heading."""
    pieces = page.document.pieces
    for place in range(page.view.heading_piece, min(len(pieces) - 1, page.view.heading_piece + 400)):
        label, value = pieces[place].text, pieces[place + 1].text
        if len(label) > 30 or page.apart(pieces[place].element):
            continue
        named = vocabulary.pattern(vocabulary.BRAND_LABELS).fullmatch(folded(label))
        if named and 1 < len(value) <= 40 and value[-1] not in ":.!?":
            yield Claim(plain(value, 60), "visible text", 0.5)
            return


def _shortened(claims: list[Claim]) -> list[Claim]:
    """A heading often has more in it than the name (a label, a hidden hint): where it ends with a title, that is it."""
    titles = [claim.value for claim in claims if claim.source in {structured.OPEN_GRAPH, structured.META}]

    def short(value: str) -> str:
        whole = folded(value)
        return next(
            (one for one in titles if folded(one) and whole.endswith(f" {folded(one)}") and len(one) * 2 > len(value)),
            value,
        )

    return [Claim(_PRICED.sub("", short(claim.value)) or claim.value, claim.source, claim.weight) for claim in claims]


def _without_shop(title: str, sites: set[str], host: str, heading: str) -> str:
    """A title without the shop's name at its end or beginning."""
    parts = [part for part in TITLE_ENDS.split(title) if part]
    if len(parts) < 2:
        return title
    if heading:
        for part in (parts[0], parts[-1], " - ".join(parts[:-1])):
            if folded(part) == folded(heading):
                return part
    if folded(parts[-1]) in sites or folded(parts[-1]).replace(" ", "").startswith(host.replace(" ", "")):
        return title[: title.rfind(parts[-1])].rstrip(" |–—·•»›:-")
    if folded(parts[0]) in sites:
        return title[title.find(parts[1]) :]
    return title
