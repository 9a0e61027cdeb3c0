"""A page with its product found on it: which heading, which declared thing, what country, what currency."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from darkroom.adapters.pages.offers import Offers
from darkroom.adapters.pages.state import State, states
from darkroom.adapters.pages.visible import View, view_of
from darkroom.domain.money import iso_code, local_currency
from darkroom.domain.plain_text import folded, likeness, plain

if TYPE_CHECKING:
    from darkroom.adapters.pages.document import Document
    from darkroom.adapters.pages.structured import Declared, Node

TITLE_ENDS: Final = re.compile(r"\s+[|–—·•»›:-]\s+|\s*[|»]\s*")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_APART: Final = frozenset({"related", "recommended", "recommendations", "similar", "upsell", "upsells"})


class Page:
    """What every fact is read from. `main` is the declared product that the page is about, None where none is.

    `local` is the currency of the page's country, `currency` the one that the page names.
    """

    def __init__(self, document: Document, said: Declared) -> None:
        self.document = document
        self.said = said
        self.language = self._language()
        self.local = local_currency(urlsplit(document.url).hostname or "", self.language)
        self.title = plain(next((element.text or "" for element in document.root.iter("title")), ""), 400)
        self.titles = self._title_texts()
        declared_names = [node.text("name") for node in said.products[:100] if not node.aside]
        names = [*self.titles, *declared_names[:30], _slug(document.url)]
        self.view: View = view_of(document, names, self.local, self.language)
        self.main: Node | None = self._main()
        self.offers = Offers.of(self.main, url=document.url, local=self.local)
        named = [amount.currency for amount in self.offers.amounts if amount.currency]
        self.currency = named[0] if named else self.meta_currency
        names = [self.main.text("name") if self.main else "", self.view.heading_text, *self.titles]
        self.states: list[State] = states(document, names, self.currency or self.local)

    @cached_property
    def meta_currency(self) -> str | None:
        for key in (
            "product:price:currency",
            "og:price:currency",
            "product:sale_price:currency",
            "currency",
            "og:currency",
        ):
            for text in self.said.metas.get(key, ()):
                if code := iso_code(text[:10], self.local):
                    return code
        for text, _ in self.said.loose.get("pricecurrency", ()):
            if code := iso_code(text[:10], self.local):
                return code
        return None

    @property
    def is_article(self) -> bool:
        """Whether it calls itself something to read; some shops call every page so."""
        return any(kind.strip().lower() in {"article", "blog", "video"} for kind in self.said.metas.get("og:type", ()))

    def apart(self, number: int) -> bool:
        """Whether an element belongs to a frame of the page or to other products."""
        for outer in self.document.ancestors(number):
            if outer in self.view.chain:
                return False
            element = self.document.elements[outer]
            if element.tag in {"header", "footer", "nav", "aside"} or _APART & element.words:
                return True
        return False

    def _language(self) -> str | None:
        metas = self.said.metas
        for text in (
            self.document.root.get("lang") or "",
            self.document.root.get("xml:lang") or "",
            next(iter(metas.get("og:locale", ())), ""),
            next(iter(metas.get("content-language", ())), ""),
            next(iter(metas.get("language", ())), ""),
        ):
            if found := _LANGUAGE.fullmatch(text.strip()):
                return found.group().replace("_", "-")
        return None

    def _title_texts(self) -> list[str]:
        metas = self.said.metas
        texts = [*metas.get("og:title", ())[:1], *metas.get("twitter:title", ())[:1], self.title]
        parts = [part for text in texts for part in TITLE_ENDS.split(text[:600])[:2]]
        shop = {folded(text) for text in metas.get("og:site_name", ())}
        shop.update((urlsplit(self.document.url).hostname or "").removeprefix("www.").split(".")[:1])
        return [
            text
            for text in (plain(text, 400) for text in (*texts, *parts))
            if len(text) > 1 and folded(text) not in shop
        ]

    def _main(self) -> Node | None:
        """Of the products that are declared, the one that the page is about."""
        best, best_score = None, -1.0
        heading = self.view.heading_text
        path = unquote(urlsplit(self.document.url).path).lower()
        for place, node in enumerate(self.said.products[:200]):
            name = node.text("name")
            score = 0.5 / (1 + place)
            alike = (
                max((likeness(name, other) for other in (heading, *self.titles[:3]) if other), default=0.0)
                if name
                else 0.0
            )
            score += alike * 2
            link = urlsplit(str(node.first("url") or node.first("@id") or ""))
            if link.path and len(link.path) > 1 and unquote(link.path).lower().rstrip("/") == path.rstrip("/"):
                score += 1.5
            sku = node.text("sku", "productid", "mpn")
            score += 0.7 if len(sku) > 3 and sku.lower() in self.document.url.lower() else 0.0
            score += 0.6 if "offers" in node.values else 0.0
            score -= 2.5 if node.aside else 0.0
            if node.place is not None and self._in_list(node.place):
                score -= 1.5
            # Several of a kind, none of which is like the heading: a list of other products.
            if score > best_score and (alike > 0.3 or not heading or not node.aside):
                best, best_score = node, score
        return best if best_score > 0 else None

    def _in_list(self, number: int) -> bool:
        """Whether an item is one of several of its kind that stand side by side, apart from the heading."""
        element = self.document.elements[number]
        if number in self.view.chain:
            return False
        peers = sum(
            node.place is not None
            and self.document.elements[node.place].parent == element.parent
            and node.place != number
            for node in self.said.products[:200]
        )
        return peers > 0


def _slug(url: str) -> str:
    """The words of the address: `/shoes/red-canvas-shoe-4711.html` is often all the name that a page declares."""
    parts = [part for part in unquote(urlsplit(url).path).split("/") if part]
    longest = max(parts[-3:], key=len, default="")
    return plain(re.sub(r"\.[a-z]{3,5}$|[-_+]", " ", longest), 200)
