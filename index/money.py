"""Money: a Decimal and an ISO 4217 currency, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from .errors import FieldError

# ISO 4217, active codes of countries and unions (funds and metals left out).
CURRENCIES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG".split()
)

DECIMALS = 4  # finest price unit kept: 1/10,000; enough for unit prices, and a million millions still fit 64 bits
SCALE = 10**DECIMALS
LARGEST = Decimal(10) ** 13

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥", "INR": "₹"}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in one currency, as shown to a shopper."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """`$34.90`, `¥249.00`, `129.00 SEK`."""
        amount = f"{self.amount:,.2f}" if self.currency not in {"JPY", "KRW", "VND"} else f"{self.amount:,.0f}"
        symbol = SYMBOLS.get(self.currency)
        return f"{symbol}{amount}" if symbol else f"{amount} {self.currency}"


def price_of(value: object, field: str = "price") -> Decimal:
    """A price as Decimal: at least 0, with at most four decimals.

    Takes Decimal, int or a plain decimal string; a float rounded to four decimals (49.9 is 49.9). Feeds' own spellings
    ("1.299,00 €") are the feed readers' business. Raises `FieldError`.
    """
    wanted = "an amount of money of 0 or more with at most four decimals, such as 49 or '49.90'"
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, float, str)):
        raise FieldError(field, value, wanted)
    try:
        # A float is rounded to what is kept: sums of floats (20.810000000000002) are usual and meant as 20.81.
        text = repr(round(value, DECIMALS)) if isinstance(value, float) else str(value).strip()
        amount = value if isinstance(value, Decimal) else Decimal(text)
    except InvalidOperation:
        raise FieldError(field, value, wanted) from None
    if not amount.is_finite() or amount < 0 or amount >= LARGEST:
        raise FieldError(field, value, wanted)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS and amount != round(amount, DECIMALS):
        raise FieldError(field, value, wanted)
    return amount or abs(amount)  # -0 would be shown with its sign


def currency_of(value: object, field: str = "currency") -> str:
    """An ISO 4217 code in capitals; raises `FieldError` for anything else."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if code not in CURRENCIES:
        raise FieldError(field, value, "an ISO 4217 currency code such as USD, EUR or CNY")
    return code


def to_units(amount: Decimal) -> int:
    """Decimal to the integer that columns hold (1/10,000 of the currency)."""
    return int(amount * SCALE)


def from_units(units: int) -> Decimal:
    """The column's integer back to Decimal, with at least two decimals."""
    amount = Decimal(int(units)) / SCALE
    cents: Decimal = amount.quantize(Decimal("0.01"))
    return cents if cents == amount else amount.normalize()
