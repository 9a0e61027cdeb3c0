"""Product pictures: what a page says, then a finished picture of it with name, price and offer laid over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx

from local import page
from local.shop import PRODUCTS
from local.stack import StackError

if TYPE_CHECKING:
    from local.tour import Tour

TITLE: Final = "A product's page becomes a picture"
STYLES: Final = {"blue-mug": "podium", "brass-lamp": "spotlight"}


def run(tour: Tour) -> page.Chapter:
    plates, rows = [], []
    transcripts: list[page.Exchange] = []
    for product in PRODUCTS:
        url = tour.shop.url(product)
        with tour.step(f"POST /generative-ai-images/preview of {product.slug}"):
            read = tour.call(
                f"What the page of {product.slug} says",
                "POST",
                "/generative-ai-images/preview",
                body={"productUrl": url},
                expect=200,
            ).json()
        transcripts += tour.last()
        rows += [
            (product.slug, name, *_told(read[name])) for name in ("name", "price", "listPrice", "offer") if name in read
        ]
        with tour.step("POST /generative-ai-images/generate, then its status until it is completed"):
            begun = tour.call(
                f"A picture of {product.slug}",
                "POST",
                "/generative-ai-images/generate",
                body={"productUrl": url, "style": STYLES[product.slug], "seed": 4},
                expect=202,
            ).json()
            transcripts += tour.last()
            status = tour.wait("How it stands", begun["statusUrl"], until="completed")
            picture = httpx.get(status["imageUrl"], timeout=30, trust_env=False)
        transcripts += tour.last()
        if picture.status_code != 200:
            raise StackError(
                f"The picture's URL answered {picture.status_code}", fix="See .darkroom/demo/embedded.log."
            )
        tour.say(f"{status['fileName']}, {len(picture.content):,} bytes: {status['overlayText']}")
        plates.append(page.Plate(picture.content, "image/jpeg", read["name"]["value"], f"style {STYLES[product.slug]}"))
    return page.Chapter(
        TITLE,
        "A shop of two pages on this machine, one of them in Arabic. Each page is fetched behind the guard, read from "
        "what it declares and shows; its product is taken off its background and set into a scene, and the text is "
        "laid where it can be read. What the page hides, among it an order to whoever reads it, goes nowhere.",
        [
            page.Plates(plates),
            page.Table(("Page", "Read", "Value", "From", "Confidence"), rows),
            *transcripts,
        ],
    )


def _told(fact: dict[str, Any]) -> tuple[str, str, str]:
    value = fact.get("value") or f"{fact['amount']} {fact.get('currency', '')}".strip()
    return value, fact["source"], f"{fact['confidence']:.0%}"
