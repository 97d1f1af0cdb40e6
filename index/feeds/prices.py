"""Prices as feeds spell them: "1.299,00 €", "¥99.9", "USD 12", "1'299.00", "Rs. 45"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from ..errors import FieldError
from ..money import CURRENCIES, price_of

# What stands beside an amount, by the currencies that it may mean, the most widespread first.
_SIGNS: dict[str, tuple[str, ...]] = {
    sign: tuple(codes.split())
    for codes, signs in {
        "USD CAD AUD NZD HKD SGD TWD MXN COP CLP ARS": "$",
        "CNY JPY": "¥",
        "SEK NOK DKK ISK": "kr",
        "INR PKR LKR NPR MUR": "rs",
        "USD": "us$",
        "CAD": "c$ ca$",
        "AUD": "a$ au$",
        "NZD": "nz$",
        "HKD": "hk$",
        "SGD": "s$",
        "TWD": "nt$",
        "MXN": "mx$",
        "BRL": "r$",
        "CNY": "元 人民币 rmb cn¥",
        "JPY": "円 jp¥",
        "EUR": "€ euro euros",
        "GBP": "£",
        "CHF": "fr sfr",
        "INR": "₹",
        "PLN": "zł",
        "CZK": "kč",
        "HUF": "ft",
        "RON": "lei",
        "RUB": "₽ руб р",
        "TRY": "₺ tl",
        "UAH": "₴",
        "KRW": "₩",
        "VND": "₫",
        "THB": "฿",
        "MYR": "rm",
        "IDR": "rp",
        "PHP": "₱",
        "ILS": "₪",
        "NGN": "₦",
    }.items()
    for sign in signs.split()
}
_WITHOUT_DECIMALS = {"JPY", "KRW", "VND", "CLP"}
_THREE_DECIMALS = {"KWD", "BHD", "OMR", "TND", "JOD", "IQD", "LYD"}

_PRICE = re.compile(
    r"(?P<before>[^\d\s+-][^\d+-]*?)?\s*(?P<amount>\d[\d.,' ]*?)(?:[.,]?-+)?\s*(?P<after>[^\d\s.,'+-][^\d+-]*)?"
)
_WANTED = "a price of 0 or more such as '49.90', '1.299,00 €' or 'USD 12'"


def parse_price(text: str, currency: str = "", field: str = "price", decimal: str = "") -> tuple[Decimal, str]:
    """The amount, and the ISO code of the currency that the text names; "" where it names none.

    A sign that several currencies share ($, ¥, kr, Rs) means `currency` where that is one of them, otherwise the most
    widespread (USD, CNY, SEK, INR). The last of two different separators is the decimal one. A single separator before
    exactly three digits marks thousands ("1.299" and "1,299" are 1299), but not after a leading 0 ("0.299") and not in
    a currency of three decimals, and not where `decimal` says that it is the decimal separator. Raises `FieldError`.
    """
    if len(text) > 100:
        raise FieldError(field, text, _WANTED)
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").replace("−", "-").replace("–", "-").replace("—", "-")
    plain = re.sub(r"(^|[^\w.])\.(?=\d)", r"\g<1>0.", " ".join(plain.split()))  # "$.50"
    found = _PRICE.fullmatch(plain)
    if found is None:
        raise FieldError(field, text, _WANTED)
    signs = [sign for sign in (_sign(found["before"]), _sign(found["after"])) if sign]
    meant = [
        each for each in _meanings(signs, text, field) if not (each in _WITHOUT_DECIMALS and _cents(found["amount"]))
    ]
    named = (currency if currency in meant else meant[0]) if meant else ""
    return price_of(_amount(found["amount"].strip(), named or currency, decimal, text, field), field), named


def _sign(text: str | None) -> str:
    return (text or "").strip(" .:'").casefold()


def _meanings(signs: list[str], text: str, field: str) -> tuple[str, ...]:
    """The currencies that all signs allow ("$ 12 CAD" is CAD); empty without a sign."""
    meant: tuple[str, ...] = ()
    for sign in signs:
        each = (sign.upper(),) if sign.upper() in CURRENCIES else _SIGNS.get(sign, ())
        meant = tuple(one for one in each if one in meant) if meant else each
        if not meant:
            raise FieldError(field, text, _WANTED)
    return meant


def _cents(amount: str) -> bool:
    return bool(re.search(r"[.,]\d{1,2}$", amount))


def decimal_mark(texts: Iterable[str]) -> str:
    """The decimal separator that a column's prices show (by one, two or four decimals); "" for none or both."""
    marks = {match[1] for text in texts if (match := re.search(r"\d([.,])(?:\d{1,2}|\d{4})(?!\d|[.,]\d)", text))}
    return marks.pop() if len(marks) == 1 else ""


def _amount(digits: str, currency: str, decimal: str, text: str, field: str) -> Decimal:
    """Digits with separators to a number."""
    digits = digits.rstrip(".,' ")
    marks = [mark for mark in digits if mark in ".,"]
    last = marks[-1] if marks else ""
    whole, fraction = digits, ""
    if last and (
        len(set(marks)) == 2 or (len(marks) == 1 and not (last != decimal and _is_thousands(digits, last, currency)))
    ):
        whole, _, fraction = digits.rpartition(last)
        if last in whole:
            raise FieldError(field, text, _WANTED)  # "1.2,3.4"
    if not re.fullmatch(r"\d+|\d{1,4}(?:[.,' ]\d{2,4})*[.,' ]\d{3,4}", whole) or not (
        fraction.isdecimal() or not fraction
    ):
        raise FieldError(field, text, _WANTED)
    return Decimal(re.sub(r"\D", "", whole) + (f".{fraction}" if fraction else ""))


def _is_thousands(digits: str, mark: str, currency: str) -> bool:
    whole, _, rest = digits.partition(mark)
    return (
        len(rest) == 3
        and 1 <= len(whole) <= 3
        and whole.strip("0") == whole.lstrip("0") != ""
        and not (whole.startswith("0") or currency in _THREE_DECIMALS)
    )
