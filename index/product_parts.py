"""What a product is made of: texts, values, offers and variants."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .context import best_locale
from .errors import FieldError
from .money import currency_of, price_of

PATH_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Text:
    """What the product says in one locale."""

    title: str
    description: str = ""
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute: a stable `code` that filters compare, labels by locale that people read.

    A measure also has its `number` (in `unit`), so that ranges work on it.
    """

    code: str
    labels: Mapping[str, str] = field(default_factory=dict)
    number: float | None = None
    unit: str = ""

    def label(self, locale: str | None = None) -> str:
        """The label nearest to `locale`; the code where there is none."""
        found = best_locale(locale, self.labels)
        return self.code if found is None else self.labels[found]


def number_text(number: float) -> str:
    """A number as a code: whole ones without a point."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def measure_code(number: float, unit: str) -> str:
    """The code of a measure that names none, "26 cm"."""
    return f"{number_text(number)} {unit}".strip()


Attributes = Mapping[str, tuple[Value, ...]]
CategoryPath = tuple[Value, ...]


def path_code(path: CategoryPath, depth: int | None = None) -> str:
    """A category's code: its levels' codes joined, "Shoes > Boots"."""
    return PATH_SEPARATOR.join(level.code for level in path[:depth])


@dataclass(frozen=True, slots=True)
class Offer:
    """A price at which a variant is sold, to whom and where, and how many there are.

    Blank `market`, `group` and `location` mean all. `stock` None means that it is not counted: always in stock.
    Valid from `starts` (included) to `ends` (excluded), both with a time zone.
    """

    price: Decimal
    currency: str = ""
    market: str = ""
    group: str = ""
    location: str = ""
    list_price: Decimal | None = None
    stock: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "price", price_of(self.price))
        set_(self, "list_price", None if self.list_price is None else price_of(self.list_price, "list_price"))
        set_(self, "currency", self.currency and currency_of(self.currency))
        for name in ("market", "group", "location"):
            set_(self, name, offer_code(getattr(self, name), name))
        if not isinstance(self.currency, str):
            raise FieldError("currency", self.currency, "an ISO 4217 currency code such as USD, EUR or CNY")
        set_(self, "stock", None if self.stock is None else stock_of(self.stock))
        set_(self, "starts", moment_of(self.starts, "starts"))
        set_(self, "ends", moment_of(self.ends, "ends"))

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells two offers of one variant apart."""
        return (self.currency, self.market, self.group, self.location)


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that can be put into a basket: its own options (size, colour), numbers and offers."""

    id: str
    sku: str = ""
    gtin: str = ""
    options: Attributes = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    image: str = ""


def clean(text: str) -> str:
    """NUL and other control characters out; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})


def line(value: object, name: str) -> str:
    """A text on one line, blanks run together, without control characters; raises `FieldError`."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(name, value, "a text")
    return " ".join(clean(value).split())


def offer_code(value: object, name: str) -> str:
    """A market, group or location; raises `FieldError`."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise FieldError(name, value, "a code of at most 200 printable characters")
    return value.strip()


def list_of(value: object, name: str, wanted: str) -> list[Any]:
    """An iterable as a list; None is empty. Raises `FieldError` for a text, a mapping or a single value."""
    if value is None:
        return []
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise FieldError(name, value, wanted)
    return list(value)


def stock_of(value: object) -> int:
    """A count of pieces; raises `FieldError`."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        raise FieldError("stock", value, "a whole number of pieces")
    return max(value, 0)  # shops that sell on back order count below zero; there is nothing to sell from


def moment_of(value: object, name: str) -> datetime | None:
    """A time with a zone (UTC where none is named); raises `FieldError`."""
    if value is None or value == "":
        return None
    wanted = "a date or time in ISO 8601, such as 2026-03-01 or 2026-03-01T12:00:00+01:00"
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise FieldError(name, value, wanted) from None
    if not isinstance(value, datetime):
        raise FieldError(name, value, wanted)
    return value if value.tzinfo else value.replace(tzinfo=UTC)
