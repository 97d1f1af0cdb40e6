"""What rules choose, as masks and as filters that hide it."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Sequence
from time import time

import numpy as np

from ...index import AnyOf, Context, Filter, Filters, InStock, Mask, Not, PriceRange, View, match, unwrapped
from .rule import Rule

KEPT = 256
MOST_IDS = 10_000  # of one filter
_BESIDE_FIELDS = ("id", "added")

_masks: OrderedDict[tuple[int, Filters, Context], tuple[weakref.ref[View], float, float, Mask]] = OrderedDict()


def mask_of(view: View, filters: Filters, context: Context) -> Mask:
    """The products that a search with these filters would find; a field that no product has, no product passes."""
    kept: list[Filter] = []
    for each in filters:
        inner, negations = unwrapped(each)
        unknown = not isinstance(inner, (PriceRange, InStock)) and not _is_known(view, inner.field)
        if unknown and negations % 2 == 0:
            return np.zeros(view.n_rows, bool)
        if not unknown:
            kept.append(each)
    key = (id(view), tuple(kept), context)
    known = _masks.get(key)
    if known is not None and known[0]() is view and known[1] <= time() < known[2]:
        return known[3]
    found = match(view, tuple(kept), context)
    _masks[key] = (weakref.ref(view), found.since, found.until, found.mask)
    while len(_masks) > KEPT:
        _masks.popitem(last=False)
    return found.mask


def hiding(view: View, rules: Sequence[Rule], context: Context) -> Filters:
    """Filters that hide what the rules choose, and nothing else."""
    ids: dict[str, None] = {}
    made: list[Filter] = []
    for rule in rules:
        if rule.products:
            ids.update(dict.fromkeys(rule.products))
        elif len(rule.filters) == 1 and _is_of_products(view, rule.filters[0]):
            made.append(Not(rule.filters[0]))
        else:
            rows = np.flatnonzero(mask_of(view, rule.filters, context))
            ids.update(dict.fromkeys(view.id_of(row) for row in rows.tolist()))
    listed = list(ids)
    made += [Not(AnyOf("id", tuple(listed[at : at + MOST_IDS]))) for at in range(0, len(listed), MOST_IDS)]
    return tuple(made)


def _is_known(view: View, field: str) -> bool:
    return field in _BESIDE_FIELDS or field in view.fields or not view.n_products


def _is_of_products(view: View, each: Filter) -> bool:
    """Whether a filter asks the product itself, so that its opposite is exact."""
    inner, _ = unwrapped(each)
    if isinstance(inner, (PriceRange, InStock)):
        return False  # an unknown price is neither within nor without
    if inner.field in _BESIDE_FIELDS:
        return True
    field = view.fields.get(inner.field)
    return field is not None and all(part is None or part.by_variant is None for part in field.parts)
