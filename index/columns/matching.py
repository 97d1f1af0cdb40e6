"""Which products pass a request's filters, compiled once into a mask that every source honours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from ..context import Context
from ..money import SCALE
from ..store.segment import Segment
from ..store.view import LiveSegment, View
from ..vectors.index import Mask
from .filters import AnyOf, DateRange, Filter, Filters, InStock, PriceRange, field_of, unwrapped
from .offers import PriceView
from .view_fields import ViewField
from .wanted import Wanted, between, check_fields, shown, unknown_values, wanted_codes

MANY_IDS = 100  # in one filter, from which on they are looked up together
MOST_EXPLAINED = 12  # filters among which those that exclude each other are looked for


Answer = tuple[Mask | None, Mask | None]  # one filter as a mask over products or over variants; exactly one of the two


@dataclass(frozen=True)
class Judged:
    """One segment with what each filter says of it."""

    live: LiveSegment
    price: PriceView
    here: Mask  # the variants that are for sale here, or of a product that has no offer anywhere
    answers: tuple[Answer, ...]

    @classmethod
    def of(cls, live: LiveSegment, price: PriceView, answers: tuple[Answer, ...]) -> Judged:
        """A segment with the filters' answers."""
        offered, here = live.has_offer(), price.for_sale
        if not offered.all():
            here = here | ~_of_products(live.segment, _any(live.segment, offered))
        return cls(live, price, here, answers)

    def passing(self, which: Sequence[int]) -> tuple[Mask, Mask]:
        """The products and the variants that pass some of the filters."""
        segment, variants = self.live.segment, self.here
        products = np.ones(segment.n_products, bool) if self.live.alive is None else self.live.alive.copy()
        for by_product, by_variant in (self.answers[at] for at in which):
            if by_product is not None:
                products &= by_product
            if by_variant is not None:
                variants = variants & by_variant
        products &= _any(segment, variants)
        return products, variants & _of_products(segment, products)


@dataclass(frozen=True)
class Matching:
    """What passes: products over all rows of the view, variants and prices by segment."""

    mask: Mask  # shape (view.n_rows,)
    variants: tuple[Mask, ...]  # shape (n_variants,) each; those of products that pass
    filters: Filters = ()
    judged: tuple[Judged, ...] = ()  # by segment
    kept: int = 0  # of the filters, the first so many hold whatever is left out
    notes: tuple[str, ...] = ()  # sentences: values that no product has, and why nothing passes
    _without: dict[str, Matching] = dataclass_field(default_factory=dict, compare=False)

    @property
    def prices(self) -> tuple[PriceView, ...]:
        """What each variant costs, by segment."""
        return tuple(each.price for each in self.judged)

    @property
    def since(self) -> float:
        """The moment that it was computed for, in Unix seconds; the masks do not hold before."""
        return max((view.since for view in self.prices), default=float("-inf"))

    @property
    def until(self) -> float:
        """When an offer starts or ends next, in Unix seconds; the masks hold until then."""
        return min((view.until for view in self.prices), default=float("inf"))

    def without(self, field: str) -> Matching:
        """What passes all filters but those on one field, of those that are not kept."""
        if field not in self._without:
            which = [at for at, each in enumerate(self.filters) if at < self.kept or field_of(each) != field]
            judged = tuple(replace(each, answers=tuple(each.answers[at] for at in which)) for each in self.judged)
            self._without[field] = _matching(tuple(self.filters[at] for at in which), judged, self.kept)
        return self._without[field]


def match(
    view: View, filters: Filters, context: Context, now: float | None = None, kept: int = 0, says: bool = True
) -> Matching:
    """All filters applied: those on options, price and stock must hold for one and the same variant.

    A product with offers, but none that holds in the context, is not for sale there and never passes. One without any
    offer at all passes (its price is unknown, not absent) unless price or stock is asked for. The first `kept` filters
    hold whatever facet is counted. Without `says` there are no notes, which could name what is hidden. Raises
    `FilterError`.
    """
    check_fields(view, filters)
    wanted = [wanted_codes(view, each) for each in filters]
    judged = []
    for at, live in enumerate(view.segments):
        price = live.prices(context, now)
        answers = tuple(_evaluate(view, at, each, codes, price) for each, codes in zip(filters, wanted, strict=True))
        judged.append(Judged.of(live, price, answers))
    made = _matching(filters, tuple(judged), kept)
    if not says:
        return made
    notes = unknown_values(view, filters, wanted)
    if view.n_products and not made.mask.any():
        notes += (_why_nothing(filters, judged, context),)
    return replace(made, notes=notes)


def _matching(filters: Filters, judged: tuple[Judged, ...], kept: int) -> Matching:
    passing = [each.passing(range(len(filters))) for each in judged]
    mask = np.concatenate([products for products, _ in passing]) if passing else np.zeros(0, bool)
    return Matching(mask, tuple(variants for _, variants in passing), filters, judged, kept)


def _why_nothing(filters: Filters, judged: Sequence[Judged], context: Context) -> str:
    """The fewest filters that nothing passes together."""

    def nothing(which: Sequence[int]) -> bool:
        return not any(each.passing(which)[0].any() for each in judged)

    if nothing(()):
        return f"No product is for sale here: {_place(context)}."
    which = list(range(len(filters)))
    fields = [field_of(each) for each in filters]
    # Filters of one field stay longest: red and not red explains more than not red and whatever else there is.
    for at in sorted(which, key=lambda at: fields.count(fields[at])) if len(filters) <= MOST_EXPLAINED else ():
        if nothing(fewer := [each for each in which if each != at]):
            which = fewer
    texts = [repr(shown(filters[at])) for at in which]
    return f"No product passes {' and '.join(texts)}{' together' if len(texts) > 1 else ''}."


def _place(context: Context) -> str:
    named = {"currency": context.currency, "market": context.market, "location": context.location}
    named["groups"] = ", ".join(context.groups)
    return ", ".join(f"{name} {value}" for name, value in named.items() if value) or "no currency is set"


def _any(segment: Segment, variants: Mask) -> Mask:
    """Which products have at least one of the variants."""
    if segment.one_variant_each:
        return variants
    counted = np.zeros(len(variants) + 1, np.int32)
    np.cumsum(variants, out=counted[1:])
    at_first = counted.take(segment.first_variant)
    found: Mask = at_first[1:] > at_first[:-1]
    return found


def _of_products(segment: Segment, products: Mask) -> Mask:
    """The variants of the products."""
    if segment.one_variant_each:
        return products
    found: Mask = products.take(segment.variant_product)
    return found


def _evaluate(view: View, at: int, each: Filter, wanted: Wanted, price: PriceView) -> Answer:
    segment = view.segments[at].segment
    inner, negations = unwrapped(each)
    if isinstance(inner, (PriceRange, InStock)):
        if isinstance(inner, PriceRange):
            variants = _price_between(price, inner.low, inner.high)
        else:
            variants = price.in_stock if inner.wanted else price.for_sale & ~price.in_stock
        # An unknown price is not "another price".
        return None, price.for_sale & ~variants if negations % 2 else variants
    if isinstance(inner, AnyOf) and inner.field == "id":
        these = np.zeros(segment.n_products, bool)
        rows = segment.rows_of(inner.values) if len(inner.values) > MANY_IDS else map(segment.ids.find, inner.values)
        these[[row for row in rows if row >= 0]] = True
        found: Answer = these, None
    elif isinstance(inner, DateRange) and inner.field == "added":
        ends = [None if end is None else end.timestamp() for end in (inner.low, inner.high)]
        found = between(segment.added, *ends), None
    else:
        found = _having(view.fields.get(inner.field), at, wanted.codes, segment)
    products, of_variants = found
    if negations % 2 == 0:
        return found
    return (None if products is None else ~products), (None if of_variants is None else ~of_variants)


def _having(field: ViewField | None, at: int, codes: Mask | None, segment: Segment) -> Answer:
    """Who has one of the codes. A category's code stands on all below it too: each product carries its whole path."""
    part = None if field is None else field.parts[at]
    if field is None or part is None or codes is None:
        return np.zeros(segment.n_products, bool), None
    own = field.in_segment(at, codes)
    if part.by_variant is not None:
        return None, part.by_variant.any_in(own)
    return part.by_product.any_in(own), None


def _price_between(price: PriceView, low: Decimal | None, high: Decimal | None) -> Mask:
    mask = price.for_sale
    if low is not None:
        mask = mask & (price.price >= _units(low, ROUND_CEILING))
    if high is not None:
        mask = mask & (price.price <= _units(high, ROUND_FLOOR))
    return mask


def _units(amount: Decimal, rounding: str) -> int:
    return int((amount * SCALE).to_integral_value(rounding=rounding))
