"""From a match set to the page that is shown: ordered, cut, filled with products, counted."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..index import (
    Asking,
    Facet,
    FoundProducts,
    Money,
    Product,
    Rows,
    check_sort,
    facet,
    field_of,
    from_units,
    shown_variants,
    sort_keys,
)
from .arranging import Moves, add_moves, arranged
from .browsing import browse_order
from .candidates import Candidates, Part
from .live_offers import MOST_ROUNDS, LiveOffers
from .paging import fingerprint, not_shown, page_token, shown_before
from .pipeline import Asked, Found
from .results import Hit, Results

_FAR = datetime(9000, 1, 1, tzinfo=UTC).timestamp()  # beyond, a moment means never

Products = Callable[[Sequence[str]], Mapping[str, Product]]


@dataclass(frozen=True, slots=True)
class _Offered:
    """The variant that stands for a product on the page, and what it costs."""

    variant: int
    price: Money | None
    list_price: Money | None
    in_stock: bool


def asked_for_facets(asked: Asked) -> dict[str, Asked]:
    """For each facet whose own field is filtered the same request without those filters: it is counted in its answer.

    A shopper who chose one brand is shown what another would bring.
    """
    request, view = asked.request, asked.view
    filtered = {field_of(each) for each in request.filters[request.fixed_filters :]}
    made = {}
    for name in () if request.narrow_facets else request.facets:
        if name in filtered:
            matching = asked.matching.without(name)
            if request.product_id is not None and (row := view.row_of(request.product_id)) >= 0:
                mask = matching.mask.copy()
                mask[row] = False
                matching = replace(matching, mask=mask)
            relaxed = replace(request, filters=matching.filters, fixed_filters=0)
            own: dict[str, Any] = {"timings": {}, "used_weights": {}, "degraded": [], "notes": []}
            made[name] = replace(asked, request=relaxed, matching=matching, **own)
    return made


def make_results(
    asked: Asked,
    found: Found,
    products: Products,
    started: float,
    apart: Mapping[str, tuple[Asked, Found]],
    live: LiveOffers,
) -> Results:
    """The answer to one request. A product that was deleted a moment ago is left out of the page.

    `apart`: the answers in which some facets are counted, see `asked_for_facets`. `live`: price and stock as they are.
    """
    request, view = asked.request, asked.view
    for each in request.sort.split(","):
        check_sort(view, each)
    candidates = _by_row(found.candidates)
    asking = _asking(asked)
    together = FoundProducts(view, asked.matching, candidates.rows)
    order, moves = _ordered(asked, together, candidates, asking)
    shown = np.zeros(0, np.int64)
    # As it was asked: whatever plugins make of it, a token stays good.
    given = asked.given or request
    if given.after is not None:
        shown = shown_before(given)
        order = order[not_shown(view.keys[candidates.rows[order]], shown)]
    before, order = order[: request.offset], order[request.offset :]
    hits, used = _filled(asked, candidates, order, products, asking, live)
    hits = tuple(replace(hit, moves=moves.get(view.row_of(hit.product.id), ())) for hit in hits) if moves else hits
    new = view.keys[candidates.rows[np.concatenate((before, order[:used]))]]
    nearest = _nearest(asked, products, asking, live)
    degraded = tuple(dict.fromkeys(one for each in (asked, *(a for a, _ in apart.values())) for one in each.degraded))
    return Results(
        request=request,
        request_id=uuid.uuid4().hex,
        hits=hits,
        nearest=nearest,
        total=len(candidates.rows),
        total_is_exact=not found.cut,
        facets=_facets(asked, together, apart),
        confident=asked.confident,
        corrected_query=asked.understood.corrected,
        change=view.change,
        generation=view.generation,
        after=page_token(given, shown, new) if used < len(order) else None,
        etag=None if request.personalise or degraded or live.wanted else _etag(asked),
        redirect=asked.redirect,
        banners=asked.banners,
        valid_until=_moment(min(asked.matching.until, asked.rules_until)),
        timings=_timings(asked, started, [each for each, _ in apart.values()]),
        degraded=degraded,
        notes=(*asked.notes, *asked.matching.notes),
    )


def _filled(
    asked: Asked, candidates: Candidates, order: Rows, products: Products, asking: Asking, live: LiveOffers
) -> tuple[tuple[Hit, ...], int]:
    """A page of hits, and how many of the order were looked at for it: what cannot be had any more makes place."""
    wanted = asked.request.k
    if not live.wanted:
        return _hits(asked, candidates, order[:wanted], products, asking), min(wanted, len(order))
    made: list[Hit] = []
    used = 0
    for _ in range(MOST_ROUNDS):
        batch = order[used : used + wanted - len(made)]
        if not len(batch) or live.failed:
            break
        used += len(batch)
        made += _as_they_are_now(_hits(asked, candidates, batch, products, asking), live)
    return tuple(made), used


def _as_they_are_now(hits: Sequence[Hit], live: LiveOffers) -> list[Hit]:
    offers = live.of([hit.product.id for hit in hits])
    made = []
    for hit in hits:
        now = offers[hit.product.id]
        if now is not None:
            in_stock = hit.in_stock if now.in_stock is None else now.in_stock
            made.append(replace(hit, price=now.price or hit.price, in_stock=in_stock))
    return made


def _hits(asked: Asked, candidates: Candidates, order: Rows, products: Products, asking: Asking) -> tuple[Hit, ...]:
    """The products at these positions, as far as they are still there."""
    rows = candidates.rows[order]
    ids = [asked.view.id_of(row) for row in rows.tolist()]
    there = products(ids)
    made = []
    for at, row, key, offered in zip(order.tolist(), rows.tolist(), ids, _offered(asked, rows, asking), strict=True):
        if key in there:
            parts = {name: float(part[at]) for name, part in candidates.parts.items()}
            made.append(_hit(asked, offered, there[key], parts, asked.relevance.get(row)))
    return tuple(made)


def _nearest(asked: Asked, products: Products, asking: Asking, live: LiveOffers) -> tuple[Hit, ...]:
    if asked.nearest is None:
        return ()
    ascending = _by_row(asked.nearest)
    order = np.lexsort((asked.view.keys[ascending.rows], -np.round(ascending.scores, 6)))
    found = _hits(asked, ascending, order[: asked.request.k], products, asking)
    return tuple(_as_they_are_now(found, live)) if live.wanted else found


def order_of(asked: Asked, candidates: Candidates) -> tuple[Rows, Moves]:
    """The rows of a match set in the order of the pages, and what changed their places."""
    ascending = _by_row(candidates)
    found = FoundProducts(asked.view, asked.matching, ascending.rows)
    order, moves = _ordered(asked, found, ascending, _asking(asked))
    return ascending.rows[order], moves


def _by_row(candidates: Candidates) -> Candidates:
    rows = candidates.rows
    return candidates if (rows[1:] > rows[:-1]).all() else candidates.keep(np.argsort(rows))


def _asking(asked: Asked) -> Asking:
    if not asked.request.query:
        return Asking()
    return Asking.of(asked.request.query, asked.words, asked.locale, asked.agreement.identified)


def _ordered(asked: Asked, found: FoundProducts, candidates: Candidates, asking: Asking) -> tuple[Rows, Moves]:
    """Positions in the order of the page, after boosts and all arrangements, and who changed whose place."""
    scores, moves = candidates.scores, Moves()
    order = _order(asked, found, scores, asking)
    if asked.request.sort != "relevance":
        return order, moves
    if asked.boosted and "boost" in candidates.parts:
        others = {name: part for name, part in candidates.parts.items() if name != "boost"}
        before = _order(asked, found, Candidates(candidates.rows, others).scores, asking)
        add_moves(moves, found.rows[before], found.rows[order], asked.boosted)
    return order[arranged(asked, found.rows[order], scores[order], moves)], moves


def _order(asked: Asked, found: FoundProducts, scores: Part, asking: Asking) -> Rows:
    """Positions in the order of the page. Ties go by a hash of the id: alike in every process."""
    request, view, ties = asked.request, asked.view, asked.view.keys[found.rows]
    if request.sort != "relevance":
        return np.lexsort((ties, *_keys(found, request.sort, asking)))
    if len(scores) and scores.any():
        # Where nobody asked for anything, what scores alike stands in the shop's own order.
        alike = [] if request.query or request.product_id else _keys(found, browse_order(view), asking)
        # Rounded, because the last digits of a dot product depend on which rows it was computed with.
        return np.lexsort((ties, *alike, -np.round(scores, 6)))
    return np.lexsort((ties, *_keys(found, browse_order(view), asking)))


def _keys(found: FoundProducts, sort: str, asking: Asking) -> list[NDArray[Any]]:
    """The keys of an order, the one that decides first at the end, as numpy wants them."""
    return [sort_keys(found, each, asking) for each in reversed(sort.split(","))]


def _etag(asked: Asked) -> str:
    """Equal for two answers only if they are equal: request, change, what was published, and what time decides."""
    view, matching = asked.view, asked.matching
    unit = (view.encoder, view.weights, view.cutoff, view.generation, sorted(asked.used_weights.items()))
    # The store's name stands for its id: one shop's caches serve one store.
    asks = (fingerprint(asked.request, paging=True), asked.mandatory, asked.context)
    known = (*asks, view.change, unit, matching.until, asked.rules_until)
    return blake2b(repr(known).encode(), digest_size=16).hexdigest()


def _moment(until: float) -> datetime | None:
    return datetime.fromtimestamp(until, UTC) if until < _FAR else None


def _facets(asked: Asked, together: FoundProducts, apart: Mapping[str, tuple[Asked, Found]]) -> dict[str, Facet]:
    made = {}
    for name in asked.request.facets:
        found = together
        if name in apart:
            other, its_found = apart[name]
            found = FoundProducts(asked.view, other.matching, _by_row(its_found.candidates).rows)
        own = tuple(each for each in asked.request.filters if field_of(each) == name)
        made[name] = facet(found, name, asked.locale, own)
    return made


def _hit(asked: Asked, offered: _Offered, product: Product, parts: Mapping[str, float], relevance: float | None) -> Hit:
    return Hit(
        product=product.localized(asked.locale),
        variant=product.variants[min(offered.variant, len(product.variants) - 1)],
        price=offered.price,
        list_price=offered.list_price,
        in_stock=offered.in_stock,
        score=sum(parts.values()),
        parts=parts,
        relevance=relevance,
    )


def _offered(asked: Asked, rows: Rows, asking: Asking) -> list[_Offered]:
    """The variant that stands for each product of the page."""
    ascending = np.argsort(rows)
    shown = shown_variants(FoundProducts(asked.view, asked.matching, rows[ascending]), asking)
    variants = np.zeros(len(rows), np.int64)
    variants[ascending] = shown.variants
    currency = asked.context.currency or ""
    made = []
    for row, variant in zip(rows.tolist(), variants.tolist(), strict=True):
        at = int(np.searchsorted(asked.view.offsets, row, side="right")) - 1
        segment, prices = asked.view.segments[at].segment, asked.matching.prices[at]
        price, before, stock = (int(each[variant]) for each in (prices.price, prices.list_price, prices.stock))
        made.append(
            _Offered(
                variant=variant - int(segment.first_variant[row - int(asked.view.offsets[at])]),
                price=Money(from_units(price), currency) if price >= 0 else None,
                list_price=Money(from_units(before), currency) if before >= 0 else None,
                in_stock=stock != 0 if price >= 0 else True,  # a product without any offer has no stock to run out of
            )
        )
    return made


def _timings(asked: Asked, started: float, apart: Sequence[Asked]) -> dict[str, float]:
    total = (perf_counter() - started) * 1_000
    named = {
        name: sum(each.timings.get(name, 0.0) for each in (asked, *apart)) for name in ("encode", "vector", "lexical")
    }
    return {**named, "rest": max(0.0, total - sum(named.values())), "total": total}
