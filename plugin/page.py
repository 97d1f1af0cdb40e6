"""From a match set to the page that is shown: ordered, cut, filled with products, counted."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from ..index import Context, Facet, Mask, Matching, Money, Product, Rows, View, facet, from_units, lowest_prices
from .candidates import Part
from .pipeline import Asked, Found
from .results import Hit, Results

Products = Callable[[Sequence[str]], Mapping[str, Product]]


@dataclass(frozen=True, slots=True)
class _Offered:
    """The variant that stands for a product on the page, and what it costs."""

    variant: int
    price: Money | None
    list_price: Money | None
    in_stock: bool


def make_results(asked: Asked, found: Found, products: Products, started: float) -> Results:
    """The answer to one request. A product that was deleted a moment ago is left out of the page."""
    request, view, candidates = asked.request, asked.view, found.candidates
    scores = candidates.scores
    order = _order(asked, candidates.rows, scores)[request.offset : request.offset + request.k]
    ids = [view.id_of(row) for row in candidates.rows[order].tolist()]
    there = products(ids)
    hits = tuple(
        _hit(
            asked,
            int(candidates.rows[at]),
            there[key],
            {name: float(part[at]) for name, part in candidates.parts.items()},
        )
        for at, key in zip(order.tolist(), ids, strict=True)
        if key in there
    )
    return Results(
        request=request,
        request_id=uuid.uuid4().hex,
        hits=hits,
        total=len(candidates.rows),
        total_is_exact=not found.cut,
        facets=_facets(asked, candidates.rows),
        change=view.change,
        generation=view.generation,
        timings=_timings(asked, started),
        degraded=tuple(asked.degraded),
        notes=tuple(asked.notes),
    )


def _order(asked: Asked, rows: Rows, scores: Part) -> Rows:
    """Positions in the order of the page. Ties go by a hash of the id: alike in every process."""
    ties = asked.view.keys[rows]
    sort = asked.request.sort
    if sort == "relevance" and len(scores) and scores.any():
        # Rounded, because the last digits of a dot product depend on which rows it was computed with.
        return np.lexsort((ties, -np.round(scores, 6)))
    if sort in {"price", "-price"}:
        found = np.zeros(asked.view.n_rows, bool)
        found[rows] = True
        prices = lowest_prices(asked.view, asked.matching, found)[rows]
        unpriced = prices < 0
        return np.lexsort((ties, prices if sort == "price" else -prices, unpriced))
    added = np.concatenate([live.segment.added for live in asked.view.segments])[rows] if len(rows) else np.zeros(0)
    return np.lexsort((ties, -np.nan_to_num(added, nan=-np.inf)))


def _facets(asked: Asked, rows: Rows) -> dict[str, Facet]:
    if not asked.request.facets:
        return {}
    found: Mask = np.zeros(asked.view.n_rows, bool)
    found[rows] = True
    return {name: facet(asked.view, asked.matching, found, name, asked.locale) for name in asked.request.facets}


def _hit(asked: Asked, row: int, product: Product, parts: Mapping[str, float]) -> Hit:
    offered = _offered(asked.view, asked.matching, asked.context, row)
    return Hit(
        product=product.localized(asked.locale),
        variant=product.variants[min(offered.variant, len(product.variants) - 1)],
        price=offered.price,
        list_price=offered.list_price,
        in_stock=offered.in_stock,
        score=sum(parts.values()),
        parts=parts,
    )


def _offered(view: View, matching: Matching, context: Context, row: int) -> _Offered:
    """The cheapest variant that passes, one in stock before others."""
    at = int(np.searchsorted(view.offsets, row, side="right")) - 1
    segment, local = view.segments[at].segment, row - int(view.offsets[at])
    first, end = int(segment.first_variant[local]), int(segment.first_variant[local + 1])
    prices, passing = matching.prices[at], matching.variants[at]
    best = first
    if end - first > 1:
        best = min(
            (variant for variant in range(first, end) if passing[variant]),
            key=lambda variant: (prices.stock[variant] == 0, prices.price[variant]),
            default=first,
        )
    price, before, stock = (int(column[best]) for column in (prices.price, prices.list_price, prices.stock))
    currency = context.currency or ""
    return _Offered(
        variant=best - first,
        price=Money(from_units(price), currency) if price >= 0 else None,
        list_price=Money(from_units(before), currency) if before >= 0 else None,
        in_stock=stock != 0 if price >= 0 else True,  # a product without any offer has no stock to run out of
    )


def _timings(asked: Asked, started: float) -> dict[str, float]:
    total = (perf_counter() - started) * 1_000
    named = {name: asked.timings.get(name, 0.0) for name in ("encode", "vector", "lexical")}
    return {**named, "rest": max(0.0, total - sum(named.values())), "total": total}
