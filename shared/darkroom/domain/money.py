"""Prices as pages write them: which currency a mark stands for, which separator is the decimal one, what is a price.

Pure. What a number in a text is, the page adapter asks price-parser; what it cannot know from one text is here.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Final

_CODES: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHF CLP CNY COD COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD"
    " HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL"
    " LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR"
    " PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP"
    " TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
)
CODES: Final = frozenset(_CODES.split(" "))
"""ISO 4217, those that pages may still show."""
WHOLE: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF"}
)
"""Currencies without a smaller unit: no separator in their prices is a decimal one."""
ROUND: Final = WHOLE | {"COP", "HUF", "IDR", "IRR", "TWD", "UZS", "LBP"}
"""Currencies whose prices rarely show one."""
THOUSANDTHS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

_MARKS: Final[dict[str, tuple[str, ...]]] = {
    "€": ("EUR",), "euro": ("EUR",), "euros": ("EUR",), "eur": ("EUR",), "ευρώ": ("EUR",),
    "£": ("GBP", "EGP", "LBP", "SYP"), "￡": ("GBP",),
    "US$": ("USD",), "U$S": ("USD",), "US $": ("USD",), "USD$": ("USD",), "$": (
        "USD", "CAD", "AUD", "NZD", "MXN", "CLP", "ARS", "COP", "HKD", "SGD", "TWD", "UYU", "BSD", "BBD", "JMD", "TTD",
    ), "＄": ("USD", "TWD"),
    "A$": ("AUD",), "AU$": ("AUD",), "C$": ("CAD",), "CA$": ("CAD",), "CDN$": ("CAD",), "NZ$": ("NZD",),
    "HK$": ("HKD",), "NT$": ("TWD",), "S$": ("SGD",), "MX$": ("MXN",), "R$": ("BRL",), "CL$": ("CLP",),
    "AR$": ("ARS",), "COL$": ("COP",), "$U": ("UYU",), "RD$": ("DOP",), "J$": ("JMD",), "TT$": ("TTD",),
    "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"), "円": ("JPY",), "CN¥": ("CNY",), "RMB": ("CNY",), "元": ("CNY", "TWD"),
    "圓": ("TWD", "HKD"), "₩": ("KRW",), "￦": ("KRW",), "원": ("KRW",),
    "₹": ("INR",), "Rs.": ("INR", "PKR", "LKR", "NPR", "MUR"), "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"),
    "₨": ("INR", "PKR", "LKR", "NPR", "MUR"), "रु": ("INR", "NPR"), "৳": ("BDT",), "Tk": ("BDT",),
    "zł": ("PLN",), "zl": ("PLN",), "Kč": ("CZK",), "Kc": ("CZK",), "Ft": ("HUF",), "HUF": ("HUF",),
    "kr": ("SEK", "NOK", "DKK", "ISK"), "kr.": ("DKK", "NOK", "SEK", "ISK"), "SEK": ("SEK",),
    "kn": ("HRK",), "lei": ("RON", "MDL"), "лв": ("BGN",), "лв.": ("BGN",), "din": ("RSD",), "din.": ("RSD",),
    "дин": ("RSD", "MKD"), "ден": ("MKD",), "KM": ("BAM",),
    "₽": ("RUB",), "руб": ("RUB", "BYN"), "руб.": ("RUB", "BYN"), "р.": ("RUB", "BYN"), "Br": ("BYN", "ETB"),
    "₴": ("UAH",), "грн": ("UAH",), "грн.": ("UAH",), "₸": ("KZT",), "тг": ("KZT",), "тенге": ("KZT",),
    "сум": ("UZS",), "so'm": ("UZS",), "₾": ("GEL",), "֏": ("AMD",), "₼": ("AZN",), "сом": ("KGS",),
    "₺": ("TRY",), "TL": ("TRY",), "₪": ("ILS",), "ש״ח": ("ILS",), "฿": ("THB",), "บาท": ("THB",),
    "₫": ("VND",), "đ": ("VND",), "VNĐ": ("VND",), "Rp": ("IDR",), "Rp.": ("IDR",), "RM": ("MYR",), "₱": ("PHP",),
    "₭": ("LAK",), "៛": ("KHR",), "₮": ("MNT",), "₦": ("NGN",), "KSh": ("KES",), "Ksh": ("KES",), "KSh.": ("KES",),
    "TSh": ("TZS",), "USh": ("UGX",), "GH₵": ("GHS",), "₵": ("GHS",), "GH¢": ("GHS",), "R": ("ZAR",),
    "S/": ("PEN",), "S/.": ("PEN",), "Bs": ("BOB", "VES"), "Bs.": ("BOB", "VES"), "₲": ("PYG",), "Gs.": ("PYG",),
    "₡": ("CRC",), "Q": ("GTQ",), "L": ("HNL",), "B/.": ("PAB",),
    "CHF": ("CHF",), "Fr.": ("CHF",), "SFr.": ("CHF",), "sFr.": ("CHF",), "Fr": ("CHF",),
    "ر.س": ("SAR",), "ر.س.": ("SAR",), "ريال": ("SAR", "QAR", "OMR", "YER"), "﷼": ("SAR", "IRR"), "SR": ("SAR",),
    "د.إ": ("AED",), "د.إ.": ("AED",), "درهم": ("AED", "MAD"), "Dhs": ("AED",), "Dh": ("AED", "MAD"),
    "DH": ("MAD", "AED"),
    "د.ك": ("KWD",), "د.ك.": ("KWD",), "KD": ("KWD",), "د.ب": ("BHD",), "BD": ("BHD",), "ر.ق": ("QAR",),
    "ر.ع": ("OMR",), "ج.م": ("EGP",), "ج.م.": ("EGP",), "جنيه": ("EGP",), "LE": ("EGP",), "E£": ("EGP",),
    "د.أ": ("JOD",), "JD": ("JOD",), "د.م": ("MAD",), "د.ت": ("TND",), "DT": ("TND",), "د.ج": ("DZD",), "DA": ("DZD",),
    "تومان": ("IRR",), "ریال": ("IRR",),
}  # fmt: skip
"""What marks stand for, the likeliest first."""
_NEEDS_ITS_COUNTRY: Final = frozenset(
    {"R", "Q", "L", "KM", "BD", "KD", "JD", "LE", "DT", "DA", "DH", "SR", "Br", "Dh", "B/."}
)
"""Letters that are a currency only where the page is of its country."""

_COUNTRIES: Final = {
    "us": "USD", "gb": "GBP", "uk": "GBP", "ie": "EUR", "de": "EUR", "at": "EUR", "fr": "EUR", "es": "EUR", "it": "EUR",
    "pt": "EUR", "nl": "EUR", "be": "EUR", "fi": "EUR", "gr": "EUR", "sk": "EUR", "si": "EUR", "ee": "EUR", "lv": "EUR",
    "lt": "EUR", "lu": "EUR", "mt": "EUR", "cy": "EUR", "ch": "CHF", "li": "CHF", "se": "SEK", "no": "NOK", "dk": "DKK",
    "is": "ISK", "pl": "PLN", "cz": "CZK", "hu": "HUF", "ro": "RON", "bg": "BGN", "hr": "HRK", "rs": "RSD", "ba": "BAM",
    "mk": "MKD", "md": "MDL", "ua": "UAH", "ru": "RUB", "by": "BYN", "kz": "KZT", "uz": "UZS", "ge": "GEL", "am": "AMD",
    "az": "AZN", "kg": "KGS", "tr": "TRY", "il": "ILS", "sa": "SAR", "ae": "AED", "qa": "QAR", "om": "OMR", "kw": "KWD",
    "bh": "BHD", "jo": "JOD", "lb": "LBP", "eg": "EGP", "ma": "MAD", "tn": "TND", "dz": "DZD", "ir": "IRR", "iq": "IQD",
    "in": "INR", "pk": "PKR", "lk": "LKR", "np": "NPR", "bd": "BDT", "mu": "MUR", "cn": "CNY", "hk": "HKD", "tw": "TWD",
    "jp": "JPY", "kr": "KRW", "sg": "SGD", "my": "MYR", "id": "IDR", "th": "THB", "vn": "VND", "ph": "PHP", "kh": "KHR",
    "la": "LAK", "mn": "MNT", "au": "AUD", "nz": "NZD", "ca": "CAD", "mx": "MXN", "br": "BRL", "ar": "ARS", "cl": "CLP",
    "co": "COP", "pe": "PEN", "uy": "UYU", "bo": "BOB", "py": "PYG", "ve": "VES", "ec": "USD", "cr": "CRC", "gt": "GTQ",
    "hn": "HNL", "do": "DOP", "pa": "PAB", "jm": "JMD", "tt": "TTD", "za": "ZAR", "ng": "NGN", "ke": "KES", "gh": "GHS",
    "tz": "TZS", "ug": "UGX", "et": "ETB",
}  # fmt: skip
_GENERIC: Final = frozenset({"co", "la", "am", "is", "it", "me", "io", "tv", "ai", "in"})
"""Endings that the whole world uses: they count where the language agrees, or two levels say so (`com.co`, `co.in`)."""
_LANGUAGES: Final = {
    "sv": "SEK", "nb": "NOK", "no": "NOK", "nn": "NOK", "da": "DKK", "is": "ISK", "ja": "JPY", "zh": "CNY", "ko": "KRW",
    "pl": "PLN", "cs": "CZK", "hu": "HUF", "ro": "RON", "bg": "BGN", "uk": "UAH", "ru": "RUB", "be": "BYN", "tr": "TRY",
    "he": "ILS", "iw": "ILS", "th": "THB", "vi": "VND", "id": "IDR", "ms": "MYR", "hi": "INR", "fa": "IRR", "bn": "BDT",
    "ur": "PKR", "si": "LKR", "ne": "NPR", "af": "ZAR", "fil": "PHP", "kk": "KZT", "ka": "GEL", "hy": "AMD",
}  # fmt: skip
_HOMES: Final = {"co": "es", "it": "it", "is": "is", "am": "hy", "la": "lo", "in": "hi"}


def local_currency(host: str, language: str | None) -> str | None:
    """The currency of the country that a page seems to be of, by its language's region, its host, its language."""
    subtags = (language or "").replace("_", "-").lower().split("-")
    for subtag in subtags[1:]:
        if subtag in _COUNTRIES:
            return _COUNTRIES[subtag]
    labels = host.lower().rstrip(".").split(".")
    ending = labels[-1]
    second = len(labels) > 2 and labels[-2] in {"co", "com", "net", "org"}
    if ending in _COUNTRIES and (ending not in _GENERIC or second or _HOMES.get(ending) == subtags[0]):
        return _COUNTRIES[ending]
    # A country as the first label or part of it, as in `ar-sa.shop.example`.
    for part in reversed(re.split(r"[-_]", labels[0][:12])):
        if len(labels) > 2 and len(part) == 2 and part in _COUNTRIES and part not in _GENERIC and part != subtags[0]:
            return _COUNTRIES[part]
    return _LANGUAGES.get(subtags[0])


def iso_code(mark: str | None, local: str | None) -> str | None:
    """ISO 4217 of a currency's mark or code; where one mark is of several countries, that of `local` if it is one."""
    if not mark:
        return None
    bare = mark.strip(" \u200e\u200f\xa0")
    upper = bare.upper()
    if upper in CODES:
        return upper
    codes = _MARKS.get(bare) or _MARKS.get(bare.rstrip(".")) or _folded_marks().get(bare.casefold())
    if not codes:
        return None
    if local in codes:
        return local
    if bare in _NEEDS_ITS_COUNTRY:
        return None
    return codes[0]


def marks_of(code: str) -> frozenset[str]:
    """Every mark that may stand for the currency, its code included."""
    return frozenset(mark for mark, codes in _MARKS.items() if code in codes) | {code}


@cache
def mark_pattern() -> str:
    """A regular expression of all marks and codes, the longest first; letters only as whole words."""
    marks = sorted({*_MARKS, *CODES}, key=lambda mark: (-len(mark), mark))
    return "|".join(_bounded(mark) for mark in marks)


@cache
def _folded_marks() -> dict[str, tuple[str, ...]]:
    return {mark.casefold(): codes for mark, codes in _MARKS.items()}


def _bounded(mark: str) -> str:
    escaped = re.escape(mark)
    before = r"(?<![^\W\d_])" if mark[0].isalpha() and mark[0] < "\u0e00" else ""
    after = r"(?![^\W\d_])" if mark[-1].isalpha() and mark[-1] < "\u0e00" else ""
    caseless = mark.islower() or mark in CODES or mark in {"Rs", "Rs.", "Kč", "KSh", "Rp"}
    return f"{before}(?i:{escaped}){after}" if caseless else f"{before}{escaped}{after}"


_SIGNS: Final = str.maketrans({
    "٫": ".", "٬": ",", "，": ",", "．": ".", "。": ".", "’": "'", "ʼ": "'", "′": "'", "‘": "'", "´": "'", "˙": ".",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u2008": " ", "\u3000": " ",
    "\u200e": "", "\u200f": "", "\u061c": "", "\u2066": "", "\u2067": "", "\u2069": "", "\u202c": "", "\ufeff": "",
})  # fmt: skip


def western(text: str) -> str:
    """The same text with digits of any script as 0-9 and separators as the ASCII ones."""
    text = text.translate(_SIGNS)
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(c)) if not c.isascii() and unicodedata.category(c) == "Nd" else c for c in text
    )


def decimal_mark(number: str, currency: str | None) -> str | None:
    """The decimal separator of a number as written, `.` or `,`; None where it has none.

    Of two kinds of separators the last is the decimal one. One that repeats groups thousands. One alone before three
    digits groups thousands, but in currencies of thousandths and after a lone zero; before one, two or four it is
    decimal.
    """
    number = number.strip()
    places = [(place, sign) for place, sign in enumerate(number) if sign in ".,"]
    if not places:
        return None
    place, last = places[-1]
    after = len(number) - place - 1
    if len({sign for _, sign in places}) == 2:
        return last if sum(sign == last for _, sign in places) == 1 else None
    if len(places) > 1:
        return None
    if after == 3:
        return last if currency in THOUSANDTHS or number.startswith(("0.", "0,")) else None
    return last


def declared_mark(number: str, currency: str | None) -> str | None:
    """The same for a number in a machine's field (JSON-LD, an attribute), where a dot is the decimal separator.

    Pages of currencies without small change fill such fields with what they show (`24.990` pesos): there it is not.
    """
    if number.count(".") == 1 and "," not in number and currency not in ROUND:
        return "."
    return decimal_mark(number, currency)


def amount_of(value: Decimal) -> str | None:
    """A price as a plain decimal number without needless zeros; None where it cannot be one."""
    try:
        if not value.is_finite() or value <= 0 or value >= 10**12:
            return None
        rounded = value.quantize(Decimal("0.0001"))
    except InvalidOperation:
        return None
    if rounded <= 0:
        return None
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent_off(price: Decimal, list_price: Decimal) -> int | None:
    """Whole percent, rounded down so that nothing is promised that is not given; None where it is not an offer."""
    if price <= 0 or list_price <= price or list_price > price * 20:
        return None
    percent = int((list_price - price) * 100 / list_price)
    return percent if percent >= 1 else None
