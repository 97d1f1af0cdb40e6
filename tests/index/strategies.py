"""Made-up products for property tests: small alphabets, so that they share words, codes, prices and ties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from shelfwise.index import Context, Offer, Product, Value, Variant

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOCALES = ("en", "zh", "de", "zh-TW")
CURRENCIES = ("EUR", "USD")
MARKETS = ("", "de", "us")
GROUPS = ("", "trade", "staff")
LOCATIONS = ("", "berlin")
COLOURS = ("red", "blue", "green")
SIZES = ("S", "M", "L")
CATEGORIES = ("Shoes", "Shoes > Boots", "Shoes > Boots > Winter", "Shoes > Sandals", "Garden > Boots", "Home")
BRANDS = ("", "Fern", "Hill & Co", "保温")
WORDS = ("red", "boot", "winter", "lamp", "27", "in", "steel", "oak", "保温杯", "水壶", "Jacke", "running", "shoes")

# What people and feeds really type, control characters and all scripts included; no lone surrogates.
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
titles = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
ids = st.one_of(
    st.integers(0, 30).map(lambda number: f"p{number}"),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6),
)
prices = st.sampled_from(["0", "4.99", "10", "10.0001", "19.90", "250"]).map(Decimal)
moments = st.sampled_from([None, *(NOW + timedelta(hours=hours) for hours in (-48, -1, 0, 1, 48))])


@st.composite
def offers(draw: st.DrawFn, currencies: tuple[str, ...] = CURRENCIES) -> Offer:
    """One offer; with `currencies=("",)` in the shop's own."""
    return Offer(
        price=draw(prices),
        currency=draw(st.sampled_from(currencies)),
        market=draw(st.sampled_from(MARKETS)),
        group=draw(st.sampled_from(GROUPS)),
        location=draw(st.sampled_from(LOCATIONS)),
        list_price=draw(st.none() | prices),
        stock=draw(st.sampled_from([None, 0, 1, 7])),
        starts=draw(moments),
        ends=draw(moments),
    )


contexts = st.builds(
    Context,
    locale=st.sampled_from([None, "en", "zh", "de", "fr"]),
    market=st.sampled_from([None, "de", "us", "nowhere"]),
    currency=st.sampled_from([*CURRENCIES, "CNY"]),
    groups=st.lists(st.sampled_from(["trade", "staff", "unheard"]), max_size=2, unique=True).map(tuple),
    location=st.sampled_from([None, "berlin", "mars"]),
)


def _values(codes: tuple[str, ...]) -> st.SearchStrategy[tuple[Value, ...]]:
    made = [Value(code, {"en": code.title(), "de": f"{code} (de)"}) for code in codes]
    return st.lists(st.sampled_from(made), max_size=2, unique_by=lambda value: value.code).map(tuple)


def _measures() -> st.SearchStrategy[tuple[Value, ...]]:
    numbers = st.sampled_from([0.5, 1.0, 2.0, 27.0])
    return numbers.map(lambda number: (Value(f"{number:g} kg", number=number, unit="kg"),))


def _drop_empty(fields: dict[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
    return {name: values for name, values in fields.items() if values}


@st.composite
def variants(draw: st.DrawFn, id: str) -> Variant:
    """A variant whose options are missing as often as not."""
    options = st.fixed_dictionaries({}, optional={"colour": _values(COLOURS), "size": _values(SIZES)})
    return Variant(
        id=id,
        sku=draw(st.sampled_from(["", f"SKU-{id}"])),
        options=_drop_empty(draw(options)),
        offers=tuple(draw(st.lists(offers(), max_size=3))),
    )


@st.composite
def products(draw: st.DrawFn, id: st.SearchStrategy[str] = ids, locales: tuple[str, ...] = LOCALES) -> Product:
    """A product as a store holds it: no blank locale, no blank currency."""
    spoken = draw(st.lists(st.sampled_from(locales), min_size=1, max_size=2, unique=True))
    name = draw(id)
    attributes = st.fixed_dictionaries({}, optional={"colour": _values(COLOURS), "weight": _measures()})
    made: dict[str, Any] = {
        "title": {locale: draw(titles) for locale in spoken},
        "description": {locale: draw(st.just("") | titles) for locale in spoken},
        "brand": draw(st.sampled_from(BRANDS)),
        "category": draw(st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True)),
        "attributes": _drop_empty(draw(attributes)),
        "tags": draw(st.lists(st.sampled_from(["new", "sale"]), max_size=2)),
        "added": draw(moments),
    }
    count = draw(st.sampled_from([0, 0, 1, 2, 3]))
    if count:
        made["variants"] = [draw(variants(f"{name}/{number}")) for number in range(count)]
    else:
        made["offers"] = draw(st.lists(offers(), max_size=2))
    return Product(name, **made).resolved(spoken[0], "EUR")


def catalogues(min_size: int = 0, max_size: int = 8) -> st.SearchStrategy[list[Product]]:
    """Products with different ids, in any order."""
    return st.lists(products(), min_size=min_size, max_size=max_size, unique_by=lambda product: product.id)
