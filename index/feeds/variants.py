"""Variants of formats that do not number them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..product_fields import MAX_ID

_SINGLE = ("price", "list_price", "currency", "stock", "sku", "gtin")


def with_variants(product: str, variants: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The fields for these variants: a single one without options is the product itself.

    A variant without an id is called by its product and its options ("boot/42/Red"), which stay the same when the file
    is sorted anew or the numbers in it change. Of two that are alike, the first wins.
    """
    if len(variants) == 1 and not variants[0].get("options") and "id" not in variants[0]:
        return {name: variants[0][name] for name in _SINGLE if name in variants[0]}
    made: dict[str, dict[str, Any]] = {}
    for each in variants:
        id = each.get("id") or variant_id(product, each.get("options", {}), each.get("sku", ""))
        made.setdefault(id, {"id": id, **each})
    return {"variants": list(made.values())}


def variant_id(product: str, options: Mapping[str, Any], sku: str = "") -> str:
    """An id from what the variant is; a long one ends in a hash instead."""
    parts = [str(value) for value in options.values()] or ([sku] if sku else [])
    made = "/".join([product, *parts])
    if len(made) <= MAX_ID:
        return made
    return f"{made[: MAX_ID - 13]}~{hashlib.sha256(made.encode('utf-8', 'replace')).hexdigest()[:12]}"
