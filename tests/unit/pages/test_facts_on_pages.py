"""Name, brand, offer, availability, pictures and language of pages of every kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.pages.reader import PageProductReader
from darkroom.domain.products import Availability, Claim, Fact, Product, availability_of, settled

from tests.conftest import ROOT
from tests.unit.pages.conftest import NAME, json_ld, product

if TYPE_CHECKING:
    from tests.unit.pages.conftest import Read

FOLDER = ROOT / "tests" / "pages"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text())
PRICE = '<p class="price">$24.00</p>'
BUY = "<button>Add to cart</button>"
TWO_OFFERS = [{"availability": "OutOfStock"}, {"availability": "InStock"}]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_page_of_every_platform_is_read_in_full(name: str) -> None:
    expected = EXPECTED[name]
    found = PageProductReader().read(
        (FOLDER / f"{name}.html").read_bytes(), url=expected["url"], content_type="text/html"
    )
    read = {
        "name": found.name and found.name.value,
        "price": found.price and found.price.amount,
        "currency": found.price and found.price.currency,
        "text": found.price and found.price.text,
        "list_price": found.list_price and found.list_price.amount,
        "offer": found.offer and found.offer.value,
        "availability": found.availability and found.availability.value,
        "brand": found.brand and found.brand.value,
        "language": found.language,
        "script": found.script,
        "found": found.found,
    }
    assert read == {key: expected[key] for key in read}
    assert expected["picture"] in found.pictures[0].value
    assert all(picture.value.startswith(("http://", "https://")) for picture in found.pictures)


@pytest.mark.parametrize(
    ("body", "head", "availability"),
    [
        (BUY, "", "InStock"),
        ("<p>In stock - ships today</p>", "", "InStock"),
        ('<button disabled class="add-to-cart">Sold out</button>', "", "OutOfStock"),
        ('<div class="stock">Out of stock</div>', "", "OutOfStock"),
        ("<p>This item is currently unavailable.</p><button>Notify me when available</button>", "", "OutOfStock"),
        ("<p>Derzeit nicht verfügbar</p>", "", "OutOfStock"),
        ('<ul class="sizes"><li class="size">S <i>Sold out</i></li><li class="size">M</li></ul>' + BUY, "", "InStock"),
        ('<p class="stock">Available on backorder</p>' + BUY, "", "BackOrder"),
        ("<button>Pre-order now</button>", "", "PreOrder"),
        ("<p>Only 3 left</p>" + BUY, "", "LimitedAvailability"),
        ("", json_ld(product(price="24", availability="https://schema.org/Discontinued")), "Discontinued"),
        (BUY, json_ld(product(price="24", availability="http://schema.org/SoldOut")), "SoldOut"),
        ("", '<meta property="product:availability" content="out of stock">', "OutOfStock"),
        (
            BUY,
            json_ld(
                {
                    "@type": "Product",
                    "name": NAME,
                    "offers": [{"availability": "OutOfStock"}, {"availability": "InStock"}],
                }
            ),
            "InStock",
        ),
        ("", "", None),
    ],
)
def test_availability_is_declared_or_seen_where_the_product_is_bought(
    read: Read, body: str, head: str, availability: str | None
) -> None:
    found = read(PRICE + body, head=head).availability
    assert (found and found.value) == availability


@pytest.mark.parametrize(
    ("body", "lang", "offer", "source"),
    [
        ("<s>$30.00</s>" + PRICE, "en", "20% off", "computed"),
        ("<s>30,00 €</s><b>24,00 €</b>", "de", "-20%", "computed"),
        ("<s>$30.00</s>" + PRICE + "<em>-20%</em>", "en", "-20%", "visible text"),
        (PRICE + "<p>Buy one, get one free</p>", "en", "Buy one, get one free", "visible text"),
        (PRICE + "<p>3 for 2</p>", "en", "3 for 2", "visible text"),
        (PRICE + "<p>Our members have had 5% off of a great many things</p>", "en", None, None),
        (PRICE, "en", None, None),
    ],
)
def test_an_offer_is_what_is_said_else_what_the_prices_make(
    read: Read, body: str, lang: str, offer: str | None, source: str | None
) -> None:
    found = read(body + BUY, lang=lang).offer
    assert (found and found.value, found and found.source) == (offer, source)


def test_the_name_is_what_heading_title_and_markup_agree_on(read: Read) -> None:
    assert read(PRICE).name == Fact(NAME, "visible text", 0.84)
    declared = read(PRICE, head=json_ld(product(price="24")))
    assert declared.name is not None
    assert declared.name.source == "json-ld"
    assert declared.name.confidence > 0.9
    # A heading that is the shop's name does not become the product's.
    assert read(PRICE, heading=f"<h1>Shop</h1><h2>{NAME}</h2>").name == read(PRICE, heading=f"<h2>{NAME}</h2>").name


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        (f"<h1>Log in needed {NAME}</h1>", NAME),
        (f"<h1>$24 · {NAME}</h1>", NAME),
        ("<h1>501 - Straight jeans</h1>", "501 - Straight jeans"),
    ],
)
def test_a_heading_with_more_in_it_than_the_name_is_cut_to_the_title(read: Read, heading: str, name: str) -> None:
    found = read(
        PRICE,
        heading=heading,
        head="" if NAME in heading else '<meta property="og:title" content="501 - Straight jeans">',
    )
    assert found.name is not None
    assert found.name.value == name


@pytest.mark.parametrize(
    ("body", "head", "brand"),
    [
        ("", json_ld(product(price="24") | {"brand": {"@type": "Brand", "name": "Acme"}}), "Acme"),
        ("", json_ld(product(price="24") | {"brand": "Acme"}), "Acme"),
        ("", json_ld(product(price="24") | {"brand": {"@id": "https://x.example/#b"}}), None),
        ("", '<meta property="product:brand" content="Acme">', "Acme"),
        ('<p class="product-brand">Brand: Acme</p>', "", "Acme"),
        ("<table><tr><th>Hersteller</th><td>Acme</td></tr></table>", "", "Acme"),
        ("<p>Brand</p><p>All our brands are made with care, and we mean it.</p>", "", None),
        ("", "", None),
    ],
)
def test_the_brand_is_declared_or_named_near_the_heading(read: Read, body: str, head: str, brand: str | None) -> None:
    found = read(body + PRICE, head=head).brand
    assert (found and found.value) == brand


def test_pictures_are_the_products_the_largest_and_the_surest_first(read: Read) -> None:
    found = read(
        '<img src="/i/kettle-front_100x100.jpg" srcset="/i/kettle-front_400x400.jpg 400w, '
        f'/i/kettle-front_1600x1600.jpg 1600w" alt="{NAME}">'
        f'<img data-src="/i/kettle-back.jpg" src="data:image/gif;base64,AA" width="600" alt="{NAME}">'
        '<img src="/i/spinner-loading.gif" width="600"><img src="/i/visa-logo.png" width="300">'
        '<img src="/i/px.png" width="1">' + PRICE,
        head='<meta property="og:image" content="https://www.shop.example/i/kettle-front.jpg">',
    )
    assert [picture.value.rpartition("/")[2] for picture in found.pictures] == [
        "kettle-front_1600x1600.jpg",
        "kettle-back.jpg",
    ]
    assert found.pictures[0].confidence > found.pictures[1].confidence


def test_the_language_is_what_the_page_states(read: Read) -> None:
    assert read(PRICE, lang="pt-BR").language == "pt-BR"
    assert read(PRICE, lang="<b>").language is None
    assert read(PRICE, lang="", head='<meta property="og:locale" content="de_AT">').language == "de-AT"


def test_a_page_is_a_product_by_its_price_its_declaration_or_its_button() -> None:
    name, price = Fact("Mug", "visible text", 0.8), None
    picture = Fact("https://x.example/a.jpg", "dom", 0.5)
    stock = Fact("InStock", "dom", 0.5)
    assert not Product("u").found
    assert not Product("u", name=name, price=price).found
    assert not Product("u", name=name, pictures=(picture,)).found
    assert Product("u", name=name, pictures=(picture,), availability=stock).found
    assert Product("u", name=name, declared=True).found
    assert not Product("u", declared=True, pictures=(picture,)).found


@pytest.mark.parametrize(
    ("term", "availability"),
    [
        ("http://schema.org/InStock", Availability.IN_STOCK),
        ("in stock", Availability.IN_STOCK),
        ("OUT_OF_STOCK", Availability.OUT_OF_STOCK),
        ("https://schema.org/PreOrder/", Availability.PRE_ORDER),
        ("oos", Availability.OUT_OF_STOCK),
        ("perhaps", None),
        ("", None),
    ],
)
def test_terms_of_availability_are_those_of_schema_org(term: str, availability: Availability | None) -> None:
    assert availability_of(term) is availability


def test_independent_witnesses_strengthen_each_other_and_one_that_repeats_itself_does_not() -> None:
    assert settled([]) is None
    stock = settled([Claim(Availability.IN_STOCK, "a", 0.5)])
    assert stock is not None
    assert type(stock.value) is str
    assert settled([Claim("Mug", "a", 0.5), Claim("mug!", "b", 0.5), Claim("Cup", "c", 0.7)]) == Fact("Mug", "a", 0.75)
    assert settled([Claim("Mug", "a", 0.5), Claim("mug", "a", 0.5), Claim("Cup", "c", 0.7)]) == Fact("Cup", "c", 0.7)


def test_what_was_mended_and_what_was_not_are_both_read(read: Read) -> None:
    broken = '<script type="application/ld+json">{"@type": nonsense</script>'
    loose = (
        '<script type="Application/LD+JSON">{"@type":"Product","name":"'
        + NAME
        + '","offers":{"price":"24",},}</script>'
    )
    found = read("", head=broken + loose).price
    assert found is not None
    assert found.amount == "24"


MICRODATA = (
    f'<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">{NAME}</b>'
    '<i itemprop="offers" itemscope><meta itemprop="price" content="24"></i></div>'
)
RDFA = (
    f'<div vocab="https://schema.org/" typeof="Product"><b property="name">{NAME}</b>'
    '<i property="offers" typeof="Offer"><meta property="price" content="24"></i></div>'
)


@pytest.mark.parametrize(("markup", "source"), [(MICRODATA, "microdata"), (RDFA, "rdfa")])
def test_rdfa_and_microdata_say_the_same(read: Read, markup: str, source: str) -> None:
    found = read(markup).price
    assert found is not None
    assert (found.amount, found.source) == ("24", source)
