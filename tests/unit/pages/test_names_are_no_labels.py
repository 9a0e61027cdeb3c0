"""A word in the product's own name says nothing of the price beside it, in whatever language it would be a label."""

from __future__ import annotations

import pytest
from darkroom.adapters.pages.reader import PageProductReader

NAMES = (
    "Luna Lamp",
    "Spider Man figure",
    "Old Man Coffee",
    "Coffee des Alpes",
    "Transport box",
    "Monthly planner",
    "Delivery box",
    "Member jacket",
    "Subscription box",
    "Discount book",
    "Coupon holder",
    "Finance for beginners",
    "Weekly menu pad",
    "Was it love",
    "Save the bees mug",
    "Savings jar",
    "Rat trap",
    "Mo Farah poster",
    "Mese bowl",
    "Mes amis mug",
    "Ay Caramba shirt",
    "The Rate book",
    "Returns policy stamp",
    "Shipping crate",
    "Postage scale",
    "Dispatch bag",
    "Handling gloves",
    "About a boy",
    "Before sunrise",
    "Prima Donna dress",
    "Norm the gnome",
    "Members only coat",
    "Abo blood test",
    "Leden vase",
    "Gift card wallet",
    "Bonus track vinyl",
    "Total recall poster",
    "Value bucket",
    "Tax law reader",
    "Newsletter template",
    "Insurance folder",
    "Points of view",
    "Kit for one month",
    "Collect them all",
    "Rewards board",
    "Voucher wallet",
    "Cashback game",
    "Off road tyre",
    "Portes ouvertes",
    "iPhone 8+",
    "Buy 2",
    "Unit price tag",
    "Payments of love",
    "Afterpay pen",
    "Original price sign",
    "Accessories bag",
    "Lowest price pie",
    "Balance board",
    "Credit slip",
    "Deposit box",
)
PRICE, BUY = "$89.99", "<button>Add to cart</button>"
LAYOUTS = {
    "bare": "<h1>{name}</h1><p>{price}</p>{buy}",
    "price first": "<main><p>{price}</p><h1>{name}</h1>{buy}</main>",
    "named again over the price": '<nav><a href="/">Home</a> <a href="/x">{name}</a></nav>'
    '<img src="/a.jpg" alt="{name}">'
    '<div class="product"><h1>{name}</h1><div class="buy"><span>{name}</span> <span>{price}</span>{buy}</div></div>',
    "split price": "<div><h1>{name}</h1><span>$</span><span>89</span><sup>99</sup>{buy}</div>",
    "second heading": "<h1>{name}</h1><p>Made by hand in a small place.</p><h2>{name}</h2><p>{price}</p>{buy}",
    "a heading that is no first": "<title>{name} - Shop</title><h2>{name}</h2><p>{price}</p>{buy}",
    "classes made of the name": '<h1>{name}</h1><div id="buy-{slug}"><p>{price}</p>{buy}</div>',
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("lang", ["en", ""])
def test_what_a_product_is_called_is_not_what_its_price_is(layout: str, lang: str) -> None:
    wrong = {}
    for name in NAMES:
        slug = name.lower().replace(" ", "-")
        page = LAYOUTS[layout].format(name=name, slug=slug, price=PRICE, buy=BUY)
        found = PageProductReader().read(
            f'<html lang="{lang}">{page}'.encode(), url="https://shop.example/p/1", content_type="text/html"
        )
        if found.price is None or found.price.amount != "89.99" or found.list_price is not None:
            wrong[name] = (found.price and found.price.amount, found.list_price and found.list_price.amount)
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "body", "price", "list_price"),
    [
        ("Was it love", "<p>Was</p><p>$30.00</p><p>Now</p><p>$24.00</p>", "24", "30"),
        ("Monthly planner", "<p>$24.00</p><p>or 4 monthly payments of $6.00</p>", "24", None),
        ("Delivery box", "<p>$24.00</p><p>Delivery $3.95</p>", "24", None),
        ("Subscription box", "<p>$24.00</p><h3>Subscribe and save</h3><p>$21.60</p>", "24", None),
    ],
)
def test_such_a_word_still_says_what_a_price_is_where_it_is_a_label(
    name: str, body: str, price: str, list_price: str | None
) -> None:
    found = PageProductReader().read(
        f'<html lang="en"><h1>{name}</h1>{body}{BUY}'.encode(), url="https://shop.example/", content_type="text/html"
    )
    assert (found.price and found.price.amount, found.list_price and found.list_price.amount) == (price, list_price)


@pytest.mark.parametrize(
    ("lang", "line", "labelled"),
    [
        ("en", "A gift for every man", False),
        ("sv", "245 kr per man", True),
        ("en", "Designed under the luna", False),
        ("ro", "pe luna", True),
        ("pt", "por mes", True),
        ("en-GB", "Trapped by a rat", False),
        ("", "pe luna", True),
    ],
)
def test_a_word_of_another_language_than_the_pages_is_no_label(lang: str, line: str, labelled: bool) -> None:
    found = PageProductReader().read(
        f'<html lang="{lang}"><h1>Desk Fan</h1><p>{line}</p><p>$89.99</p>{BUY}'.encode(),
        url="https://shop.example/",
        content_type="text/html",
    )
    assert (found.price is None) is labelled
