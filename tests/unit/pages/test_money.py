"""What a price in a text is: which number, which currency, which separator."""

from __future__ import annotations

from decimal import Decimal

import pytest
from darkroom.adapters.pages.prices import declared_amount, mark_in, money_in
from darkroom.domain import money
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "local", "amount", "currency"),
    [
        ("£12.99", None, "12.99", "GBP"),
        ("1.234,50 €", None, "1234.50", "EUR"),
        ("1 234,50 zł", None, "1234.50", "PLN"),
        ("CHF 1’234.–", "CHF", "1234", "CHF"),
        ("35,- kr", "SEK", "35", "SEK"),
        ("35,- kr", "DKK", "35", "DKK"),
        ("59:- kr", "SEK", "59", "SEK"),
        ("R$ 1.299,90", "BRL", "1299.90", "BRL"),
        ("$24.990", "CLP", "24990", "CLP"),
        ("$24.99", "CAD", "24.99", "CAD"),
        ("US $11.99", "GBP", "11.99", "USD"),
        ("Rs 23,450", "PKR", "23450", "PKR"),
        ("Rs. 1,00,000.00", "INR", "100000.00", "INR"),
        ("12€99", None, "12.99", "EUR"),
        ("12 € 99", None, "12.99", "EUR"),
        ("KWD 1.250", None, "1.250", "KWD"),
        ("¥1,980(税込)", "JPY", "1980", "JPY"),
        ("¥1,980", "CNY", "1980", "CNY"),
        ("٢٨٠٫٠٠ د.إ", "AED", "280.00", "AED"),
        ("30,000원~", None, "30000", "KRW"),
        ("13.990.000₫", None, "13990000", "VND"),
        ("502,20 руб.", "BYN", "502.20", "BYN"),
        ("$.75", "USD", "0.75", "USD"),
        ("From €1.299", None, "1299", "EUR"),
        ("270,00 Kn", "HRK", "270.00", "HRK"),
        ("R 499", "ZAR", "499", "ZAR"),
    ],
)
def test_a_price_is_read_as_its_country_writes_it(text: str, local: str | None, amount: str, currency: str) -> None:
    found = money_in(text, local)[0]
    assert (found.amount, found.currency) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["-20%", "20 % off", "500 g", "1.7 L", "12:30", "- $5.00", "(1=1)", "", "no number"])
def test_what_is_no_price_is_none(text: str) -> None:
    assert [one for one in money_in(text, "USD") if one.mark] == []


def test_a_letter_is_a_currency_in_its_own_country_only() -> None:
    assert money_in("R 499", "ZAR")[0].currency == "ZAR"
    assert money_in("R 499", "GBP")[0].mark is None


def test_of_a_range_the_lower_end_is_the_price() -> None:
    assert [one.amount for one in money_in("$35.00 – $55.00", "USD")] == [Decimal("35.00")]


def test_a_price_keeps_the_signs_of_its_page() -> None:
    assert money_in("jetzt CHF 1’149.90 nur", "CHF")[0].text == "CHF 1’149.90"


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        ("12.50", "EUR", "12.50"),
        ("12,50", "EUR", "12.50"),
        ("1,250.00", None, "1250.00"),
        ("34.000", "EUR", "34.000"),  # a machine's dot is the decimal one
        ("24.990", "CLP", "24990"),  # but not where there is no small change
        ("€ 1.299,00", "EUR", "1299.00"),
        ("0.00", "EUR", None),
        ("free", "EUR", None),
        ("1 of 2 or 3", "EUR", None),
        ("9" * 60, "EUR", None),
    ],
)
def test_a_declared_amount_is_a_machines_number(value: str, currency: str | None, amount: str | None) -> None:
    assert declared_amount(value, currency) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("host", "language", "currency"),
    [
        ("www.shop.se", "en", "SEK"),
        ("shop.example", "en-CA", "CAD"),
        ("shop.co.uk", None, "GBP"),
        ("ar-sa.shop.com", None, "SAR"),
        ("shop.co", "en", None),  # the world's ending
        ("shop.co", "es", "COP"),
        ("shop.com", "pl", "PLN"),
        ("shop.com", "en", None),
        ("", None, None),
    ],
)
def test_the_country_of_a_page_says_whose_mark_it_is(host: str, language: str | None, currency: str | None) -> None:
    assert money.local_currency(host, language) == currency


def test_a_mark_of_many_countries_is_the_pages_own_else_the_likeliest() -> None:
    assert money.iso_code("$", "AUD") == "AUD"
    assert money.iso_code("$", "EUR") == "USD"
    assert money.iso_code("kr", "NOK") == "NOK"
    assert money.iso_code("gbp", None) == "GBP"
    assert money.iso_code("☺", None) is None
    assert mark_in("EUR 5") == "EUR"
    assert "£" in money.marks_of("GBP")


@pytest.mark.parametrize(
    ("number", "currency", "mark"),
    [
        *(("1,234.50", None, "."), ("1.234,50", None, ","), ("1.234.567", None, None), ("1.234", "EUR", None)),
        *(
            ("1.234", "KWD", "."),
            ("0.125", "EUR", "."),
            ("12,5", None, ","),
            ("12.3456", None, "."),
            ("12", None, None),
        ),
    ],
)
def test_the_decimal_separator_follows_from_the_number(number: str, currency: str | None, mark: str | None) -> None:
    assert money.decimal_mark(number, currency) == mark


def test_a_discount_promises_no_more_than_it_gives() -> None:
    assert money.percent_off(Decimal("64.90"), Decimal("79.90")) == 18  # 18.8
    assert money.percent_off(Decimal(10), Decimal(10)) is None
    assert money.percent_off(Decimal(10), Decimal("10.01")) is None
    assert money.percent_off(Decimal(1), Decimal(1000)) is None  # nobody gives that


@pytest.mark.parametrize(
    ("value", "text"), [("12.50", "12.5"), ("12.00", "12"), ("0", None), ("-3", None), ("1e13", None), ("NaN", None)]
)
def test_an_amount_is_a_plain_number(value: str, text: str | None) -> None:
    assert money.amount_of(Decimal(value)) == text


@given(st.text(max_size=500))
def test_no_text_breaks_the_search_for_money(text: str) -> None:
    for found in money_in(text, "EUR"):
        assert found.amount > 0
    declared_amount(text, None)
