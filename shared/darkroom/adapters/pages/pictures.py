"""Pictures of the product, the best first: the declared, those that several sources name, the large and near ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from darkroom.adapters.pages.document import words_of
from darkroom.adapters.pages.offers import lowered
from darkroom.adapters.pages.structured import text_of
from darkroom.adapters.pages.vocabulary import ELSEWHERE_WORDS
from darkroom.domain.plain_text import folded, likeness
from darkroom.domain.products import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.adapters.pages.structured import Declared, Node
    from darkroom.adapters.pages.visible import View

PICTURES: Final = 10
IMAGES: Final = 400
_NO_PICTURE: Final = frozenset(
    {
        "logo",
        "logos",
        "icon",
        "icons",
        "sprite",
        "sprites",
        "pixel",
        "favicon",
        "badge",
        "badges",
        "flag",
        "flags",
        "payment",
    }
    | {
        "payments",
        "placeholder",
        "blank",
        "spacer",
        "transparent",
        "loading",
        "loader",
        "spinner",
        "lazyload",
        "avatar",
    }
    | {
        "captcha",
        "tracking",
        "beacon",
        "button",
        "btn",
        "arrow",
        "star",
        "stars",
        "rating",
        "banner",
        "banners",
        "visa",
    }
    | {
        "mastercard",
        "paypal",
        "amex",
        "facebook",
        "twitter",
        "instagram",
        "pinterest",
        "whatsapp",
        "youtube",
        "noimage",
    }
    | {"dummy", "watermark", "social", "share", "sharing", "noimg", "nophoto", "default"}
)
_SOURCES: Final = (
    *("data-zoom-image", "data-large_image", "data-large", "data-zoom", "data-full", "data-original", "data-hires"),
    *("data-image-large-src", "data-magnify-src", "data-old-hires", "data-src", "data-lazy-src", "data-lazy", "src"),
)
_SIZE_IN_NAME: Final = re.compile(
    r"[_-]?\d{2,4}x\d{0,4}(?=[._@/-]|\Z)|[_-](?:small|thumb|thumbnail|medium|large|grande|compact|master|tn|xl|xs|sm|md|lg)"
    r"(?=[._]|\Z)|@\dx|_?(?:\d{2,4})w(?=[._]|\Z)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Picture:
    url: str
    source: str
    worth: float
    size: int


def pictures_of(view: View, main: Node | None, declared: Declared, name: str) -> tuple[Fact, ...]:
    """Absolute http(s) URLs without icons, logos and pixels; one of each picture, in its largest size."""
    document = view.document
    found: dict[str, _Picture] = {}
    sources: dict[str, set[str]] = {}

    def take(link: str, source: str, worth: float, size: int = 0) -> None:
        url = document.absolute(link)
        if url is None or _is_none(url):
            return
        key = _same(url)
        sources.setdefault(key, set()).add(source)
        size = size or _size_in(url)
        known = found.get(key)
        if known is None:
            found[key] = _Picture(url, source, worth, size)
            return
        known.worth = max(known.worth, worth)
        if size > known.size and source != "open-graph":
            known.url, known.size = url, size

    if main is not None:
        for place, link in enumerate(_links(main.values.get("image", []))):
            take(link, main.source, 0.85 - place * 0.02)
    for place, link in enumerate((*declared.metas.get("og:image:secure_url", ()), *declared.metas.get("og:image", ()))):
        take(link, "open-graph", 0.75 - place * 0.03)
    for link in declared.metas.get("twitter:image", ())[:1]:
        take(link, "meta", 0.6)
    for link, _ in declared.loose.get("image", ())[:5]:
        take(link, "microdata", 0.5)
    for link in (markup.get("href", "") for markup in document.root.iter("link") if markup.get("rel") == "image_src"):
        take(link, "meta", 0.5)
    for link, worth, size in _shown(view, name):
        take(link, "dom", worth, size)

    best = sorted(found.items(), key=lambda item: -(item[1].worth + 0.1 * (len(sources[item[0]]) - 1)))
    return tuple(
        Fact(one.url, one.source, round(min(0.99, one.worth + 0.1 * (len(sources[key]) - 1)), 2))
        for key, one in best[:PICTURES]
    )


def _links(values: list[Any]) -> Iterator[str]:
    for value in values[:20]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            inner = lowered(value)
            yield from [text for name in ("contenturl", "url", "@id") if (text := text_of(inner.get(name, [])))][:1]


def _shown(view: View, name: str) -> Iterator[tuple[str, float, int]]:
    """Images of the page by how near they stand to the heading, how large they are, what they are called."""
    document = view.document
    counted = 0
    for number, element in enumerate(document.elements):
        if element.tag not in {"img", "a", "source"} or counted >= IMAGES:
            continue
        attributes = element.markup.attrib
        link = _link(element.tag, attributes)
        if not link:
            continue
        counted += 1
        width = _pixels(attributes.get("width")) or 0
        height = _pixels(attributes.get("height")) or 0
        if (width and width < 80) or (height and height < 80):
            continue
        alt = attributes.get("alt") or attributes.get("title") or ""
        around: set[str] = set()
        framed = False
        linked = False
        for outer in document.ancestors(number):
            if outer in view.chain:
                break
            one = document.elements[outer]
            around |= one.words
            framed = framed or one.tag in {"header", "footer", "nav", "aside"}
            href = one.markup.get("href", "") if one.tag == "a" and outer != number else ""
            linked = linked or (bool(href) and not href.startswith("#") and not _is_image_file(href))
        if element.hidden and element.tag != "a" and not {"gallery", "product", "image", "media"} & around:
            continue
        worth = 0.2
        worth += 0.25 if name and likeness(alt, name) >= 0.6 and len(folded(alt)) > 5 else 0.0
        worth += 0.1 if {"product", "gallery", "zoom", "main", "media", "image"} & around else 0.0
        worth += 0.1 if max(width, height) >= 300 else 0.0
        worth += 0.15 * (1 / (1 + view.distance(number) / 4)) if view.heading >= 0 else 0.0
        worth -= 0.3 if framed else 0.0
        worth -= 0.2 if linked else 0.0
        worth -= 0.25 if ELSEWHERE_WORDS - {"carousel", "slick", "swiper", "owl", "modal"} & around else 0.0
        if worth >= 0.3:
            yield link, worth, max(width, height)


def _link(tag: str, attributes: Any) -> str:
    if tag == "a":
        href = attributes.get("href", "")
        return href if _is_image_file(href) else ""
    for name in ("srcset", "data-srcset"):
        if listed := _largest(attributes.get(name, "")):
            return listed
    return next((attributes[name] for name in _SOURCES if attributes.get(name, "").strip()), "")


def _largest(listed: str) -> str:
    """Of a srcset, the candidate of the largest width or density."""
    best, best_size = "", -1.0
    for part in re.split(r",\s+", listed[:8_000])[:30]:
        link, _, size = part.strip().partition(" ")
        number = re.match(r"\d{1,5}(?:\.\d{1,3})?", size.strip())
        value = float(number.group()) if number else 1.0
        if link and not link.startswith("data:") and value > best_size:
            best, best_size = link, value
    return best


def _is_image_file(link: str) -> bool:
    return re.search(r"\.(?:jpe?g|png|webp|avif)(?:\?|\Z)", link[:2_048], re.IGNORECASE) is not None


def _is_none(url: str) -> bool:
    """Icons, logos, pixels and what stands in for a picture, by name; vectors, which products are not drawn as."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    if path.lower().endswith((".svg", ".gif", ".ico", ".js", ".css", ".html", ".mp4", ".webm")):
        return True
    last = path.rpartition("/")[2]
    folders = path.rpartition("/")[0]
    return bool(words_of(last) & _NO_PICTURE) or bool(words_of(folders[-200:]) & {"icons", "sprites", "logos", "flags"})


def _same(url: str) -> str:
    """What two sizes of one picture share: host and path without what names a size."""
    path = urlsplit(url).path
    last = _SIZE_IN_NAME.sub("", path.rpartition("/")[2])
    return (last if len(last) > 12 else _SIZE_IN_NAME.sub("", path)).lower()


def _size_in(url: str) -> int:
    found = re.search(r"(?:[?&](?:w|width|sw|wid|imwidth)=|[_/-])(\d{3,4})(?=x\d|\b)", url)
    return min(int(found.group(1)), 4_000) if found else 0


def _pixels(text: str | None) -> int | None:
    found = re.match(r"\s?(\d{1,5})(?:px)?\s?\Z", text) if text else None
    return int(found.group(1)) if found else None
