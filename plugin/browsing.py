"""The shop's own order of what was found without a query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..index import RequestError, View, change_documents, check_sort

if TYPE_CHECKING:
    from ..index import Store
from .request import check_order

BROWSE = "-sales,newest"  # unless the shop says otherwise; a field that no product has decides nothing
_KIND, _KEY = "settings", "browse"


def browse_order(view: View) -> str:
    """What decides one after another, as in `Request.sort`."""
    written = view.documents.get(_KIND, {}).get(_KEY)
    return str(json.loads(written)) if written else BROWSE


def set_browse_order(store: Store, sort: str | None) -> None:
    """Writes the order (None: the default again); raises `RequestError` for what products cannot be ordered by."""
    if sort is not None:
        if check_order(sort) == "relevance":
            raise RequestError("browse order: wanted fields such as '-sales,newest', got 'relevance'; that is its name")
        for each in sort.split(","):
            check_sort(store.view, each)
    change_documents(store, _KIND, lambda now: {_KEY: None if sort is None else json.dumps(sort)})
