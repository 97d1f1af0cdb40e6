"""What found products are ordered by: a price, a date, or any number that they have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError
from ..store.view import View
from .found import FoundProducts
from .nearest import named, nearest
from .shown import Asking, shown_variants
from .view_fields import Kind

OWN_SORTS = ("relevance", "newest", "price", "-price")


def check_sort(view: View, sort: str) -> None:
    """Raises `RequestError` for what products cannot be ordered by."""
    name = sort.removeprefix("-")
    if sort in OWN_SORTS or name == "added" or not view.n_products:
        return
    if name in view.fields and view.fields[name].kind in (Kind.NUMBER, Kind.DATE):
        return
    sortable = [name for name, field in view.fields.items() if field.kind in (Kind.NUMBER, Kind.DATE)]
    known = sorted([*OWN_SORTS, "added", *sortable])
    reason = "which has no numbers" if name in view.fields else "which no product has"
    raise RequestError(
        f"sort: wanted one of {named(nearest(sort, known), len(known))}, got {sort!r:.80}, {reason}; name a field with "
        "numbers or dates"
    )


def sort_keys(found: FoundProducts, sort: str, asking: Asking) -> NDArray[np.float64] | NDArray[np.int64]:
    """A key for each found product, the lowest first; NaN, or a very large price, for one that has nothing to go by.

    Of several numbers the lowest counts, in descending order the highest. A price is that of the variant shown.
    """
    down, name = sort.startswith("-"), sort.removeprefix("-")
    if name == "price":
        prices = shown_variants(found, asking).prices
        return np.where(prices < 0, np.iinfo(np.int64).max, -prices if down else prices)
    if name in ("newest", "added"):
        down, pairs = down or name == "newest", found.added
    else:
        field = found.view.fields.get(name)
        if field is None:
            return np.full(len(found), np.nan)
        pairs = found.moments(field) if field.kind is Kind.DATE else found.numbers(field)
    keys = np.full(len(found), np.inf)
    values = np.asarray(pairs.values, np.float64)
    np.minimum.at(keys, pairs.products, -values if down else values)
    return np.where(keys == np.inf, np.nan, keys)
