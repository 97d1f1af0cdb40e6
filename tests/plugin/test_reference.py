"""Answers of a shop compared with the definition: total, facets, order, pages and the variants shown."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shelfwise.index import Offer, Product, Variant, field_of, filters_from_text, parse_filters
from shelfwise.plugin import Context, Request, Results, Shop

from ..index.columns.reference import values_of
from .reference import Reference, tie

# No word is near another, part of another, or two of them in one: what is corrected or joined is another test's.
VOCABULARY = ("boots", "lamp", "silver", "winter", "garden", "quiet", "marble", "oxygen")
COLOURS, SIZES, BRANDS = ("red", "blue", "green"), ("S", "M"), ("Fern", "Ostra & Co", "保温")
PATHS = ("Shoes", "Shoes > Boots", "Shoes > Boots > Winter", "Garden", "Home > Lamps")
DAYS = ("2024-05-01", "2025-12-31T10:00:00+00:00", "2026-02-03", "2026-02-04")
PAST, FUTURE = ("2020-01-01T00:00:00+00:00", "2090-01-01T00:00:00+00:00")

texts = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4).map(" ".join)
queries = texts | st.sampled_from(["boots unheard", "red boots", "lamp m", "blue silver m"])
offers = st.builds(
    Offer,
    price=st.sampled_from(["0", "5", "9.99", "10.0001", "19.90", "20", "250"]).map(Decimal),
    currency=st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
    market=st.sampled_from(["", "", "", "de"]),
    group=st.sampled_from(["", "", "", "trade"]),
    stock=st.sampled_from([None, 0, 3]),
    starts=st.sampled_from([None, None, None, PAST, FUTURE]),
    ends=st.sampled_from([None, None, None, PAST, FUTURE]),
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "colour": st.lists(st.sampled_from(COLOURS), min_size=1, max_size=2, unique=True),
        "width": st.sampled_from(["20 cm", "25.5 cm", "0.3 m", "140 cm"]),
        "rating": st.sampled_from([1, 2.5, 4, 4.5]),
        "vegan": st.sampled_from(["yes", "no"]),
        "released": st.sampled_from(DAYS),
    },
)
options = st.fixed_dictionaries({}, optional={"size": st.sampled_from(SIZES), "colour": st.sampled_from(COLOURS)})
EVERYTHING = {"colour": "red", "width": "20 cm", "rating": 3, "vegan": "yes", "released": DAYS[0], "size": "M"}


@st.composite
def products(draw: st.DrawFn, id: str) -> Product:
    made: dict[str, Any] = {
        "title": {locale: draw(texts) for locale in draw(st.sampled_from([("en",), ("en", "es"), ("es",)]))},
        "brand": draw(st.sampled_from(["", *BRANDS])),
        "category": draw(st.lists(st.sampled_from(PATHS), max_size=2, unique=True)),
        "attributes": draw(attributes),
        "tags": draw(st.lists(st.sampled_from(["new", "sale"]), max_size=2, unique=True)),
        "added": draw(st.sampled_from([None, *DAYS])),
    }
    count = draw(st.sampled_from([0, 0, 2, 3]))
    if count:
        made["variants"] = [
            Variant(f"{id}/{at}", options=Product("x", "x", attributes=draw(options)).attributes,
                    offers=tuple(draw(st.lists(offers, max_size=2))))
            for at in range(count)
        ]  # fmt: skip
    else:
        made["offers"] = draw(st.lists(offers, max_size=2))
    return Product(id, **made).resolved("en", "EUR")


@st.composite
def catalogues(draw: st.DrawFn) -> list[Product]:
    """Some products, and one that has every field, so that every field can be asked."""
    made = [draw(products(f"p{at}")) for at in range(draw(st.integers(4, 10)))]
    complete = Product(
        "complete", "lamp", brand="Fern", category="Shoes", tags=["new"], attributes=EVERYTHING, price=7, added=DAYS[1]
    )
    return [*made, complete.resolved("en", "EUR")]


TERMS = """
brand:Fern  brand:Fern,保温
brand:'Ostra & Co'  tags:new  tags:sale  colour:red  colour:red,green  size:M  id:p0,p1,complete
category:Shoes  category:'Shoes > Boots',Garden  price:..10  price:5..19.90  price:10..  in_stock:yes  in_stock:no
width:20cm..30cm  width:..<0.3m  width:1m..  rating:2..4  rating:..<4  vegan:yes  vegan:false
released:2026-02-03..  released:..2025-12-31  added:2025-12-31..2026-02-03
"""
terms = st.tuples(st.sampled_from(["", "", "-", "--", "---"]), st.sampled_from(re.split(r"\s\s+|\n", TERMS.strip())))
FACETS = (
    "brand",
    "category",
    "tags",
    "colour",
    "size",
    "price",
    "in_stock",
    "width",
    "rating",
    "vegan",
    "released",
    "added",
)
SORTS = ("relevance", "relevance", "price", "-price", "newest", "added", "rating", "-rating", "width", "-released")
contexts = st.builds(
    Context,
    locale=st.sampled_from([None, None, "en", "es", "fr"]),
    currency=st.sampled_from([None, None, None, "USD"]),
    market=st.sampled_from([None, None, "de"]),
    groups=st.sampled_from([(), (), ("trade",)]),
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Half of the facets are of fields that are filtered."""
    filters = filters_from_text(" ".join("".join(each) for each in draw(st.lists(terms, max_size=2))))
    asked = [field_of(each) for each in filters if field_of(each) in FACETS and draw(st.booleans())]
    return Request(
        draw(st.none() | queries),
        correct=False,
        filters=filters,
        facets=list(dict.fromkeys([*asked, *draw(st.lists(st.sampled_from(FACETS), max_size=2))])),
        narrow_facets=draw(st.sampled_from([False, False, True])),
        sort=draw(st.sampled_from(SORTS)),
        k=draw(st.integers(1, 5)),
        context=draw(contexts),
    )


@contextmanager
def shop_of(given_products: list[Product]) -> Iterator[Shop]:
    """A shop whose products lie in a generation and in the tail, after one of them was deleted."""
    with (
        tempfile.TemporaryDirectory(prefix="shelfwise-") as folder,
        Shop.open(folder, encoder="hashing", locale="en", currency="EUR", durable=False, maintain=False) as shop,
    ):
        half = len(given_products) // 2
        shop.upsert([*given_products[:half], Product("gone", "lamp boots", price=1, attributes=EVERYTHING)])
        shop.store.build_generation()
        shop.upsert(given_products[half:])
        shop.delete("gone")
        yield shop


def whole(shop: Shop, request: Request) -> list[Any]:
    """All hits, page by page."""
    made: list[Any] = []
    offset, page = 0, shop.answer(request)
    while page.hits:
        made += page.hits
        offset += request.k
        page = shop.answer(Request(request.query, correct=request.correct, filters=request.filters, sort=request.sort,
                                   k=request.k, offset=offset, context=request.context))  # fmt: skip
    return made


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(catalogues(), st.lists(requests(), min_size=4, max_size=8), st.sampled_from([1_000, 2, 4]))
def test_answers_are_what_the_definition_says(given_products: list[Product], asked: list[Request], most: int) -> None:
    reference = Reference(given_products, time.time(), most)
    with pytest.MonkeyPatch.context() as patch, shop_of(given_products) as shop:
        for source in ("words", "meaning"):
            patch.setattr(f"shelfwise.plugin.sources.{source}.PER_SOURCE", most)
        for request, found in zip(asked, shop.answer_many(asked), strict=True):
            compare(shop, reference, request, found)


def compare(shop: Shop, reference: Reference, request: Request, found: Results) -> None:
    context = request.context.filled(shop.store.context)
    scores, exact = reference.match_set(request, context)
    hits = whole(shop, request)
    assert [hit.product.id for hit in found] == [hit.product.id for hit in hits[: request.k]]
    assert {hit.product.id for hit in hits} == set(scores) and len(hits) == len(scores) == found.total
    assert found.total_is_exact == exact
    for hit in hits:
        assert hit.score == pytest.approx(scores[hit.product.id], abs=1e-5)
        assert hit.variant.id == reference.shown(hit.product.id, request, context).id
    keys = [reference.sort_key(hit.product.id, request, context, scores[hit.product.id]) for hit in hits]
    for first, second in pairwise(keys):
        # Scores that differ in their last digits alone may stand either way round.
        near = request.query and request.sort == "relevance" and abs(first[0] - second[0]) < 2e-6
        assert first <= second or near
    for name in request.facets:
        compare_facet(reference, request, context, found, name)


def compare_facet(reference: Reference, request: Request, context: Context, found: Results, name: str) -> None:
    filters = reference.without_own(request, name)
    relaxed = Request(request.query, correct=False, filters=filters)
    there, _ = reference.match_set(relaxed, context)
    facet = found.facets[name]
    for value in facet:
        chosen = (*filters, *parse_filters({name: value.code}))
        assert value.count == sum(bool(reference.variants(id, chosen, context)) for id in there), value
    having = {
        id
        for id in there
        if any(has(reference, id, variant, name, context) for variant in reference.variants(id, filters, context))
    }
    counted = {
        id for id in there for value in facet
        if reference.variants(id, (*filters, *parse_filters({name: value.code})), context)
    }  # fmt: skip
    assert counted == having, "every value is in one of those that are listed"
    if name in ("brand", "tags", "colour", "size", "category"):
        shown = [value for value in facet if value.count]
        assert shown == sorted(shown, key=lambda value: (-value.count, value.code))


def has(reference: Reference, id: str, variant: Variant, name: str, context: Context) -> bool:
    """Whether a variant has any value in a field."""
    product = reference.products[id]
    if name in ("price", "in_stock"):
        return bool(reference.variants(id, parse_filters({"price": (None, None), "id": id}), context)) and any(
            each is variant or each == variant
            for each in reference.variants(id, parse_filters({"price": (None, None)}), context)
        )
    return product.added is not None if name == "added" else bool(values_of(product, variant, name))


def test_ties_are_broken_alike_in_every_process() -> None:
    assert [tie(id) for id in ("p1", "保温")] == [8361833091136382792, 8552103747778705508]


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(catalogues(), requests(), st.sets(st.integers(1, 7), min_size=1, max_size=3))
def test_pages_of_any_size_put_together_are_the_whole_order(
    given_products: list[Product], request_: Request, sizes: set[int]
) -> None:
    with shop_of(given_products) as shop:
        orders = []
        for size in sizes:
            sized = Request(request_.query, correct=False, filters=request_.filters, sort=request_.sort, k=size,
                            context=request_.context)  # fmt: skip
            orders.append([hit.product.id for hit in whole(shop, sized)])
            assert len(set(orders[-1])) == len(orders[-1]) == shop.answer(sized).total
        assert all(order == orders[0] for order in orders)
        assume(orders[0])
