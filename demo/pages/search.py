"""From what was chosen to what is shown: the requests of one page, and its filters with their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from time import perf_counter
from typing import Any

from ...plugin import Context, Product, Request, Results, Shop
from ..catalogue import attribute_labels
from .choice import Choice, Price
from .wording import LANGUAGES, Wording, wording

ATTRIBUTES = 3  # filters by attribute, the most frequent ones among the hits
FEWEST = 3  # hits that must have an attribute before it is offered
SEPARATOR = " > "  # between the levels of a category's code and label


@dataclass(frozen=True)
class Option:
    """One value of a filter."""

    code: str
    label: str
    count: int
    on: bool


@dataclass(frozen=True)
class Group:
    """One filter with its values, the chosen ones first, then by count."""

    field: str
    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Band:
    """A price range that one click chooses."""

    low: Decimal
    high: Decimal | None  # None: the band is open above
    count: int
    on: bool


@dataclass(frozen=True)
class Page:
    """Everything that is shown for one choice."""

    choice: Choice
    results: Results
    categories: tuple[Option, ...]  # the departments, or what lies under the chosen one
    trail: tuple[Option, ...]  # the chosen category's levels, outermost first
    bands: tuple[Band, ...]
    in_stock: Option
    groups: tuple[Group, ...]
    counting: float  # milliseconds spent on counts, beside those of the answer
    words_only: bool  # the encoder does not read the page's language
    everything: bool  # the match set is all that passes the filters: nothing was cut off


def find(shop: Shop, choice: Choice) -> Page:
    """The page for a choice: one request for the answer, one batch for the counts. Raises `RequestError`."""
    says = wording(choice.language)
    results = shop.answer(request_for(choice, facets=("category", "brand", "in_stock"), k=choice.shown))
    started = perf_counter()
    fields = ("brand", *attributes_to_offer(results, choice))
    bands = price_bands(says)
    asked = [request_for(choice, without=name, facets=(name,)) for name in (*fields, "in_stock")]
    asked += [request_for(choice, price=band) for band in bands]
    asked.append(request_for(replace(choice, query="")))  # all that passes the filters
    counted = shop.answer_many(asked)
    counts = dict(zip((*fields, "in_stock"), counted, strict=False))
    return Page(
        choice=choice,
        results=results,
        categories=_categories(results, choice),
        trail=trail(shop, choice),
        bands=tuple(
            Band(low or Decimal(), high, each.total, choice.price == (low, high))
            for (low, high), each in zip(bands, counted[len(counts) : -1], strict=True)
        ),
        in_stock=Option(
            "true", says.in_stock_only, counts["in_stock"].facets["in_stock"].count("true"), choice.in_stock
        ),
        groups=tuple(_group(shop, name, counts[name], choice, says) for name in fields),
        counting=(perf_counter() - started) * 1_000,
        words_only=bool(choice.query.strip()) and not reads(shop, results, choice.language),
        everything=results.total == counted[-1].total,
    )


def request_for(
    choice: Choice,
    *,
    without: str = "",
    price: Price | None = None,
    facets: Sequence[str] = (),
    k: int = 1,
) -> Request:
    """The choice as a request. `without` leaves one filter out: its values are counted as if it were not set."""
    filters: dict[str, Any] = {name: list(codes) for name, codes in choice.picked.items() if name != without}
    if choice.category:
        filters["category"] = choice.category
    if choice.in_stock and without != "in_stock":
        filters["in_stock"] = True
    within = choice.price if price is None else price
    if within != (None, None):
        filters["price"] = within
    return Request(choice.query, filters=filters, facets=facets, sort=choice.sort, k=k, context=context_of(choice))


def context_of(choice: Choice) -> Context:
    """English pays in dollars, Chinese in yuan."""
    says = wording(choice.language)
    return Context(locale=says.locale, currency=says.currency)


def price_bands(says: Wording) -> list[Price]:
    """The bands of a language's currency; they touch without overlapping."""
    starts = says.price_bands
    ends = [Decimal(end) - Decimal("0.01") for end in starts[1:]]
    return [(Decimal(start) if start else None, end) for start, end in zip(starts, [*ends, None], strict=True)]


def attributes_to_offer(results: Results, choice: Choice) -> list[str]:
    """The attributes that tell the hits apart: the chosen ones, then the most frequent with several values."""
    chosen = [name for name in choice.picked if name != "brand"]
    having: Counter[str] = Counter()
    values: dict[str, set[str]] = {}
    for hit in results:
        for name, codes in _named_values(hit.product).items():
            having[name] += 1
            values.setdefault(name, set()).update(codes)
    ranked = sorted(having, key=lambda name: (-having[name], name))
    useful = [name for name in ranked if len(values[name]) > 1 and having[name] >= min(FEWEST, len(results))]
    return list(dict.fromkeys([*chosen, *useful]))[: max(ATTRIBUTES, len(chosen))]


def _named_values(product: Product) -> dict[str, set[str]]:
    """Attribute -> codes, of those values that have a name in every language: no measures, no model numbers."""
    found: dict[str, set[str]] = {}
    for attributes in (product.attributes, *(variant.options for variant in product.variants)):
        for name, values in attributes.items():
            codes = {value.code for value in values if set(LANGUAGES) <= set(value.labels)}
            if codes:
                found.setdefault(name, set()).update(codes)
    return found


def _group(shop: Shop, name: str, counted: Results, choice: Choice, says: Wording) -> Group:
    picked = choice.picked.get(name, ())
    there = [
        Option(value.code, says.value(value.code, value.label), value.count, value.code in picked)
        for value in counted.facets[name]
    ]
    absent = [code for code in picked if code not in {option.code for option in there}]
    missing = [Option(code, says.value(code, _label(shop, name, code, choice)), 0, on=True) for code in absent]
    options = sorted([*there, *missing], key=lambda option: (not option.on, -option.count, option.label))
    return Group(name, field_title(name, says), tuple(options))


def _label(shop: Shop, name: str, code: str, choice: Choice) -> str:
    """The label of a value that none of the found products has."""
    inside = shop.answer(Request(filters={name: code}, facets=(name,), k=1, context=context_of(choice)))
    return next((value.label for value in inside.facets[name] if value.code == code), code)


def field_title(name: str, says: Wording) -> str:
    """What a filter is called."""
    if name == "brand":
        return says.brand
    return _titles().get(name, {}).get(says.locale, name.replace("_", " ").capitalize())


@cache
def _titles() -> dict[str, dict[str, str]]:
    return attribute_labels()


def _categories(results: Results, choice: Choice) -> tuple[Option, ...]:
    """The level below the chosen category."""
    start = f"{choice.category}{SEPARATOR}" if choice.category else ""
    depth = start.count(SEPARATOR)
    return tuple(
        Option(value.code, value.label.split(SEPARATOR)[-1], value.count, on=False)
        for value in results.facets["category"]
        if value.code.startswith(start) and value.code.count(SEPARATOR) == depth
    )


def trail(shop: Shop, choice: Choice) -> tuple[Option, ...]:
    """The chosen category's levels with their labels, whatever else is filtered."""
    if not choice.category:
        return ()
    codes = choice.category.split(SEPARATOR)
    inside = shop.answer(Request(filters={"category": choice.category}, k=1, context=context_of(choice)))
    labels = _labels(inside.hits[0].product, codes, choice.language) if inside.hits else codes
    return tuple(
        Option(SEPARATOR.join(codes[: depth + 1]), label, 0, on=depth == len(codes) - 1)
        for depth, label in enumerate(labels)
    )


def _labels(product: Product, codes: Sequence[str], language: str) -> list[str]:
    for path in product.categories:
        if [level.code for level in path[: len(codes)]] == list(codes):
            return [level.label(language) for level in path[: len(codes)]]
    return list(codes)


def reads(shop: Shop, results: Results, language: str) -> bool:
    """Whether the shop's encoder was trained for a language; one that does not say is believed to be."""
    if "meaning" in results.degraded:  # it does not even load, which the answer's own note says
        return True
    languages: Iterable[str] | None = shop.store.encoder.languages
    return languages is None or language in languages
