"""What a page declares of its product in machine-readable form: JSON-LD, microdata, RDFa Lite, Open Graph.

The extractors are extruct's, with two hooks of ours: broken JSON is mended (one bad script costs extruct all the
others), and the text of a microdata property is its visible text (extruct copies and cleans a subtree for each).
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.pages import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from darkroom.adapters.pages.document import Document

JSON_LD: Final = "json-ld"
MICRODATA: Final = "microdata"
RDFA: Final = "rdfa"
OPEN_GRAPH: Final = "open-graph"
META: Final = "meta"

NODES: Final = 20_000
PROPERTIES: Final = 4_000
SCOPES: Final = 500
NESTED_SCOPES: Final = 12
METAS: Final = 500
"""How much of it is read. A list page of 60 products has some 1,000 properties in 200 scopes."""

PRODUCTS: Final = frozenset(
    {"product", "productgroup", "productmodel", "individualproduct", "someproducts", "vehicle", "car", "motorcycle"}
    | {"book", "productcollection", "softwareapplication", "mobileapplication", "videogame", "service", "menuitem"}
)
_LOOSE: Final = frozenset({"book", "softwareapplication", "mobileapplication", "videogame", "service", "menuitem"})
"""Types that are a product only where they are offered."""
_importing: Final = Lock()
_ASIDE: Final = frozenset(
    {"isrelatedto", "issimilarto", "isaccessoryorsparepartfor", "isconsumablefor", "itemlistelement", "recommendations"}
    | {"review", "itemreviewed", "hasoffercatalog", "makesoffer", "subjectof"}
)
"""Below these is another product than the page's own."""


@dataclass(slots=True)
class Node:
    """One declared thing. `values` has its properties by lower-case name, each a list; `place` is its element's number.

    `aside` says that it stands below a list or among related things.
    """

    source: str
    types: frozenset[str]
    values: dict[str, list[Any]]
    aside: bool
    place: int | None = None
    variants: list[Node] = field(default_factory=list)

    def first(self, *names: str) -> Any:
        for name in names:
            for value in self.values.get(name, ()):
                if value not in (None, "", [], {}):
                    return value
        return None

    def text(self, *names: str) -> str:
        return text_of(self.first(*names))

    @property
    def is_product(self) -> bool:
        return bool(self.types & PRODUCTS - _LOOSE) or (bool(self.types & _LOOSE) and "offers" in self.values)


@dataclass(slots=True)
class Declared:
    products: list[Node]
    metas: dict[str, list[str]]
    """Contents of meta elements by lower-case property or name."""
    loose: dict[str, list[tuple[str, int]]]
    """Microdata properties that stand in no item: their values and elements."""


def text_of(value: Any) -> str:
    """A property's value as text: of a thing, its name or value; of a list, that of its first."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = next(
                (value[key] for key in ("name", "@value", "value", "url", "@id") if value.get(key)),
                next(iter(value["properties"].get("name") or [None]), None) if _is_item(value) else None,
            )
        else:
            break
    return value if isinstance(value, str) else ""


def declared(document: Document) -> Declared:
    _rdfa_to_microdata(document)
    _prune(document)
    nodes: list[Node] = []
    extractors = _extractors()
    for item in extractors.json_ld(document.root):
        nodes += _nodes(item, JSON_LD, document)
    if any("itemscope" in element.markup.attrib for element in document.elements):
        for item in extractors.microdata(document):
            nodes += _nodes(item, MICRODATA, document)
    return Declared(
        products=[node for node in nodes if node.is_product],
        metas=_metas(document, extractors),
        loose=_loose(document),
    )


# --- the extractors ---------------------------------------------------------------------------------------------------


class _Extractors:
    def __init__(self, json_ld: Any, microdata: Any, open_graph: Any) -> None:
        self._json_ld, self._microdata, self._open_graph = json_ld, microdata, open_graph

    def json_ld(self, root: HtmlElement) -> list[Any]:
        return list(self._json_ld().extract_items(root))

    def microdata(self, document: Document) -> list[Any]:
        try:
            return list(self._microdata(document).extract_items(document.root, document.base))
        except (RecursionError, ValueError, KeyError):
            return []

    def open_graph(self, root: HtmlElement) -> list[tuple[str, str]]:
        return [pair for item in self._open_graph().extract_items(root) for pair in item["properties"]]


@cache
def _extractors() -> _Extractors:
    with _without_front_door("extruct"):
        from extruct.jsonld import JsonLdExtractor
        from extruct.opengraph import OpenGraphExtractor
        from extruct.w3cmicrodata import MicrodataExtractor
    from lxml.etree import XPath

    class Mending(JsonLdExtractor):  # type: ignore[misc] # extruct has no types
        _xp_jsonld = XPath(
            "descendant-or-self::script[contains("
            "translate(@type, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), 'ld+json')]"
        )

        def _extract_items(self, node: HtmlElement) -> Iterator[Any]:
            for value in json_text.values(node.text or ""):
                yield from value if isinstance(value, list) else [value]

    class Seen(MicrodataExtractor):  # type: ignore[misc]
        def __init__(self, document: Document) -> None:
            super().__init__(strict=True, add_html_node=True)
            self._document = document

        def _extract_textContent(self, node: HtmlElement) -> str:  # noqa: N802 - extruct's name
            number = self._document.numbers.get(node)
            return "" if number is None else self._document.text(number, 2_000)

    return _Extractors(Mending, Seen, OpenGraphExtractor)


@contextmanager
def _without_front_door(name: str) -> Iterator[None]:
    """Import modules of a package, not the package: extruct's own `__init__` loads rdflib and ten times more."""
    with _importing:
        if name in sys.modules:
            yield
            return
        spec = find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            raise ModuleNotFoundError(f"{name} is not installed", name=name)
        bare = ModuleType(name)
        bare.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = bare
        try:
            yield
        finally:
            del sys.modules[name]  # whoever wants the whole package gets it


def _rdfa_to_microdata(document: Document) -> None:
    """RDFa Lite says the same with other words: `typeof` opens a thing, `property` names what it has."""
    typed = [element.markup for element in document.elements if "typeof" in element.markup.attrib]
    if not typed:
        return
    for markup in typed:
        if "itemscope" not in markup.attrib:
            markup.set("itemscope", "")
            markup.set("itemtype", markup.get("typeof", ""))
            markup.set("data-rdfa", "")
    for element in document.elements:
        markup = element.markup
        name = markup.get("property")
        # In the head such properties are Open Graph's, which knows no things.
        if name and "itemprop" not in markup.attrib and not name.startswith(("og:", "product:", "fb:", "article:")):
            markup.set("itemprop", name.rpartition(":")[2])


def _prune(document: Document) -> None:
    """Take microdata away beyond what is read: the extractor's time grows with the square of it."""
    properties = scopes = 0
    depths: dict[int, int] = {}
    for number, element in enumerate(document.elements):
        attributes = element.markup.attrib
        depth = depths.get(element.parent, 0)
        if "itemscope" in attributes:
            scopes += 1
            depth += 1
            if scopes > SCOPES or depth > NESTED_SCOPES:
                del attributes["itemscope"]
        if depth:
            depths[number] = depth
        if "itemprop" in attributes:
            properties += 1
            if properties > PROPERTIES:
                del attributes["itemprop"]
        if scopes > SCOPES // 5 and "itemref" in attributes:
            del attributes["itemref"]


# --- nodes ------------------------------------------------------------------------------------------------------------


def _is_item(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("properties"), dict)


def _nodes(item: Any, source: str, document: Document) -> list[Node]:
    """Every typed thing in a value, outermost first. References by @id within it are followed once."""
    found: list[Node] = []
    by_id: dict[str, dict[str, Any]] = {}
    waiting: list[tuple[Any, bool, Node | None]] = [(item, False, None)]
    seen = 0
    while waiting and seen < NODES:
        value, aside, group = waiting.pop()
        seen += 1
        if isinstance(value, list):
            waiting.extend((entry, aside, group) for entry in reversed(value[:1_000]))
            continue
        if not isinstance(value, dict):
            continue
        properties, kinds, place = _opened(value, document)
        if isinstance(value.get("@id"), str) and len(value) > 1:
            by_id.setdefault(value["@id"], value)
        origin = RDFA if place is not None and "data-rdfa" in document.elements[place].markup.attrib else source
        node = Node(origin, kinds, properties, aside, place)
        if kinds:
            if group is not None and node.is_product:
                group.variants.append(node)
            else:
                found.append(node)
        below_list = bool(kinds & {"itemlist", "offercatalog", "breadcrumblist", "searchresultspage", "collectionpage"})
        for name in reversed(properties):
            inner_group = node if name == "hasvariant" and node.is_product else None
            waiting.extend(
                (entry, aside or below_list or name in _ASIDE, inner_group)
                for entry in reversed(properties[name][:1_000])
                if isinstance(entry, dict | list)
            )
    for node in found:
        _follow(node, by_id)
    return found


def _opened(value: dict[str, Any], document: Document) -> tuple[dict[str, list[Any]], frozenset[str], int | None]:
    if _is_item(value):
        kinds = value.get("type") or []
        place = document.numbers.get(value.get("htmlNode"))  # type: ignore[arg-type] # None is in no dict of elements
        pairs = value["properties"].items()
    else:
        kinds = value.get("@type") or []
        place = None
        pairs = ((name, entry) for name, entry in value.items() if isinstance(name, str))
    if isinstance(kinds, str):
        kinds = kinds.split()
    types = frozenset(
        kind.rstrip("/").rpartition("/")[2].rpartition("#")[2].rpartition(":")[2].lower()
        for kind in kinds
        if isinstance(kind, str)
    )
    properties: dict[str, list[Any]] = {}
    for name, entry in pairs:
        short = name.rpartition("/")[2].rpartition(":")[2].lower()
        properties.setdefault(short, []).extend(entry if isinstance(entry, list) else [entry])
    return properties, types, place


def _follow(node: Node, by_id: dict[str, dict[str, Any]]) -> None:
    for name in ("offers", "brand", "image", "manufacturer"):
        entries = node.values.get(name)
        if entries:
            node.values[name] = [
                by_id.get(entry["@id"], entry)
                if isinstance(entry, dict) and len(entry) <= 2 and isinstance(entry.get("@id"), str)
                else entry
                for entry in entries
            ]


def _metas(document: Document, extractors: _Extractors) -> dict[str, list[str]]:
    """What Open Graph declares, and the same where pages put it: under `name`, in the body, and Twitter's."""
    found: dict[str, list[str]] = {}
    pairs = extractors.open_graph(document.root)[:METAS]
    pairs += [
        (markup.get("name") or markup.get("property") or "", markup.get("content") or "")
        for markup in list(document.root.iter("meta"))[:METAS]
        if markup.get("itemprop") is None
    ]
    for name, content in pairs:
        entries = found.setdefault(name.strip().lower()[:100], [])
        text = content.strip()[:4_096]
        if text and text not in entries:
            entries.append(text)
    return found


_LOOSE_NAMES: Final = frozenset({"price", "pricecurrency", "name", "image", "availability", "brand", "lowprice"})


def _loose(document: Document) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    scoped: set[int] = set()
    for number, element in enumerate(document.elements):
        attributes = element.markup.attrib
        if "itemscope" in attributes or element.parent in scoped:
            scoped.add(number)
            continue
        for name in attributes.get("itemprop", "").lower().split():
            if name in _LOOSE_NAMES:
                value = attributes.get("content") or attributes.get("href") or attributes.get("src")
                found.setdefault(name, []).append((value or document.text(number, 600), number))
    return found
