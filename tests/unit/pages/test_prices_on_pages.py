"""Which of the prices on a page is the product's."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.unit.pages.conftest import NAME, json_ld, product

if TYPE_CHECKING:
    from tests.unit.pages.conftest import Read

BUY = "<button>Add to cart</button>"
TIERS = "<table><tr><td>5+</td><td>$9.00</td></tr><tr><td>10+</td><td>$8.00</td></tr></table>"
GROUP = {
    "@type": "ProductGroup",
    "name": NAME,
    "hasVariant": [product("S", price="24") | {"sku": "K-1"}, product("L", price="28") | {"sku": "K-77"}],
}
REFERRING = {
    "@type": "Product",
    "name": NAME,
    "offers": {"@id": "#o"},
    "potentialAction": {"@id": "#o", "@type": "Offer", "price": "24"},
}


def amounts(read: Read, body: str, **more: str) -> tuple[str | None, str | None]:
    found = read(body, **more)
    return (
        found.price.amount if found.price else None,
        found.list_price.amount if found.list_price else None,
    )


@pytest.mark.parametrize(
    ("body", "lang", "price", "list_price"),
    [
        # split over elements, as large shops do
        (
            (
                '<span class="a-price"><span class="off">$249.99</span><span aria-hidden="true"><span>$</span>'
                '<span class="whole">249<span class="dec">.</span></span><span class="fraction">99</span></span></span>'
                '<span>List Price: <span data-strike="true">$299.99</span></span>'
            ),
            "en",
            "249.99",
            "299.99",
        ),
        ('<p class="price">$24<sup>99</sup></p>', "en", "24.99", None),
        ('<p><span>$</span><span>24</span><span class="cents">99</span></p>', "en", "24.99", None),
        ('<p class="price"><span>12</span><span class="cents">50</span> <span>€</span></p>', "fr", "12.5", None),
        # former prices: struck, said, by class, by arithmetic
        ("<div><s>$29.99</s> <b>$19.99</b></div>", "en", "19.99", "29.99"),
        (
            "<div><span>Now $19.97</span> <span>was $24.99</span> <span>You save $5.02</span></div>",
            "en",
            "19.97",
            "24.99",
        ),
        ('<div class="price"><ins>1.290.000₫</ins><del>1.590.000₫</del></div>', "vi", "1290000", "1590000"),
        ('<div class="price-regular">£30.00</div><div class="price-now">£25.00</div>', "en", "25", "30"),
        ("<p>-50%</p><p>540,00 kn</p><p>270,00 kn</p>", "hr", "270", "540"),
        ("<p>Vorher</p><p>4.50</p><p>CHF 2.25</p><p>-50%</p>", "de-CH", "2.25", "4.5"),
        # called regular, and the only one
        ('<span class="price-item price-item--regular">$24.00</span>', "en", "24", None),
        # not the product's price
        ("<p>$80.00</p><p>Spend $100.00 and get a gift worth $20.00</p>", "en", "80", None),
        ("<p>£45.00</p><p>Delivery £3.95, free over £50</p><p>Add 2 year guarantee £12.00</p>", "en-GB", "45", None),
        ("<p>€ 899</p><p>oder 37,50 € pro Monat, 24 Raten</p>", "de", "899", None),
        ("<p>R$ 189,90</p><p>ou 6x de R$ 31,65 sem juros</p>", "pt-BR", "189.9", None),
        ("<p>£4.75 <small>(£1.40 per 100 g)</small></p>", "en-GB", "4.75", None),
        ("<p>$24.00</p><p>Subscribe and save: $21.60</p>", "en", "24", None),
        ("<p>US $24.99</p><p>Approximately £19.80</p>", "en", "24.99", None),
        (f'<p class="price">$10.00</p>{TIERS}', "en", "10", None),
        ("<p>Cena bez DPH</p><p>4 123,97 Kč</p><p>Cena s DPH</p><p>4 990 Kč</p>", "cs", "4990", None),
        ("<p>$5,999.00</p><p>12 meses sin intereses de $499.92</p>", "es-MX", "5999", None),
        # a range is its lower end
        ('<p class="price">$35.00 – $55.00</p>', "en", "35", None),
        ('<p class="price"><span>$35.00</span> – <span>$55.00</span></p>', "en", "35", None),
        # no currency, but called a price
        ('<div class="product-price">42.50</div>', "en", "42.5", None),
        ('<div class="pris">59:-</div>', "sv", "59", None),
        # none
        ("<p>Price on application</p>", "en", None, None),
        ("<p>I saved $500 in a year by boiling less: a coffee at $4 a day is $1,460 a year.</p>", "en", None, None),
        ("<p>Capacity 1.7 L, cord 75 cm, article 4711000</p>", "en", None, None),
    ],
)
def test_the_products_own_price_wins(
    read: Read, body: str, lang: str, price: str | None, list_price: str | None
) -> None:
    assert amounts(read, body + BUY, lang=lang) == (price, list_price)


@pytest.mark.parametrize(
    ("declared", "body", "price"),
    [
        # the main product among several
        ([product("Red Pan", price="99"), product(price="24", priceCurrency="USD")], "<p>$24.00</p>", "24"),
        (
            [{"@type": "ItemList", "itemListElement": [{"item": product("Red Pan", price="99")}]}, product(price="24")],
            "",
            "24",
        ),
        ([{"@graph": [{"@type": "WebPage"}, product(price="24")]}], "", "24"),
        ([product(price="24") | {"isRelatedTo": [product(NAME, price="99")]}], "", "24"),
        # how offers are written
        ([product(price=24.0)], "", "24"),
        ([product(price="1.299,00", priceCurrency="EUR")], "", "1299"),
        ([product(priceSpecification={"price": 24})], "", "24"),
        (
            [
                {
                    "@type": "Product",
                    "name": NAME,
                    "offers": {"@type": "AggregateOffer", "lowPrice": "24", "highPrice": "99"},
                }
            ],
            "",
            "24",
        ),
        ([{"@type": "Product", "name": NAME, "offers": [{"price": "24"}, {"price": "30"}]}], "<p>$24.00</p>", "24"),
        (
            [{"@type": "Product", "name": NAME, "offers": [{"price": "30"}, {"price": "24"}]}],
            '<p class="price">$24.00</p>',
            "24",
        ),
        ([GROUP], '<p class="price">$24.00</p>', "24"),
        ([REFERRING], "", "24"),
        # what is seen corrects what is declared
        ([product(price="29.99")], '<div class="price"><s>$29.99</s> <b>$19.99</b></div>', "19.99"),
        ([product(price="29.99")], '<p class="price">$29.99</p><p>Shipping $4.00</p>', "29.99"),
        # nothing to sell
        ([product(price="0.00", availability="OutOfStock")], "<p>Out of stock</p>", None),
    ],
)
def test_declared_prices_are_believed_as_far_as_the_page_bears_them_out(
    read: Read, declared: list[object], body: str, price: str | None
) -> None:
    assert amounts(read, body + BUY, head=json_ld(*declared))[0] == price


def test_of_two_prices_that_are_as_likely_and_far_apart_none_is_given(read: Read) -> None:
    filler = "<p>A word about this kettle.</p>" * 12
    assert amounts(read, f"<p>$24.00</p>{BUY}{filler}<p>$31.00</p>{BUY}", heading="")[0] is None


def test_of_two_prices_side_by_side_the_lower_is_the_one_to_pay(read: Read) -> None:
    assert amounts(read, f"<div><p>1 599 ₴</p><p>1 299 ₴</p></div>{BUY}", lang="uk")[0] == "1299"


def test_a_list_price_may_be_declared(read: Read) -> None:
    prices = [{"priceType": "https://schema.org/ListPrice", "price": 29.99}, {"price": 19.99}]
    assert amounts(read, "<p>$19.99</p>", head=json_ld(product(priceSpecification=prices))) == ("19.99", "29.99")


def test_open_graph_says_the_sale_price_and_the_former(read: Read) -> None:
    regular = '<meta property="product:price:amount" content="30,00">'
    sale = '<meta property="product:sale_price:amount" content="25,00">'
    assert amounts(read, "<p>€ 25,00</p>", head=regular + sale, lang="de") == ("25", "30")


def test_a_variant_that_the_address_names_is_the_one(read: Read) -> None:
    found = read("", head=json_ld(GROUP), url="https://www.shop.example/p/blue-kettle?sku=K-77")
    assert found.price is not None
    assert found.price.amount == "28"


def test_the_state_of_scripts_counts_only_under_the_products_name(read: Read) -> None:
    def state(name: str) -> str:
        return f'<script>window.S = {{"items": [{{"name": "{name}", "price": 24.5}}]}};</script>'

    assert amounts(read, state(NAME))[0] == "24.5"
    assert amounts(read, state("Red Pan"))[0] is None


def test_a_state_in_cents_is_known_by_what_else_is_said(read: Read) -> None:
    state = (
        f'<script>var P = {{"title": "{NAME}", "price": 2450, "compare_at_price": 3000, "available": true}};</script>'
    )
    found = read(state)
    assert found.price is not None
    assert found.list_price is not None
    assert (found.price.amount, found.list_price.amount) == ("24.5", "30")


def test_currency_is_what_is_declared_else_the_mark_by_the_pages_country(read: Read) -> None:
    def currency(body: str, **more: str) -> str | None:
        found = read(body, **more).price
        return found.currency if found else None

    assert currency("<p>$24.00</p>", lang="en-CA") == "CAD"
    assert currency("<p>$24.00</p>", head=json_ld(product(price="24", priceCurrency="AUD"))) == "AUD"
    assert currency("<p>24 kr</p>", url="https://www.shop.dk/p") == "DKK"


def test_agreement_makes_surer(read: Read) -> None:
    alone = read("", head=json_ld(product(price="24"))).price
    seen = read('<p class="price">$24.00</p>' + BUY, head=json_ld(product(price="24"))).price
    assert alone is not None
    assert seen is not None
    assert alone.confidence < seen.confidence <= 1


def test_prices_are_numbers_that_python_can_add(read: Read) -> None:
    found = read('<p class="price">£1,234.50</p>', lang="en-GB").price
    assert found is not None
    assert Decimal(found.amount) + 1 == Decimal("1235.5")
    assert found.text == "£1,234.50"
