"""Changing the named fields of a product, and leaving the rest as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..product import Product

TEXTS = ("title", "description", "slug")
OFFERED = ("price", "list_price", "currency", "stock")


def patched(product: Product, fields: Mapping[str, Any]) -> Product:
    """The product with just these fields changed; raises `FieldError`.

    Texts change in the locales that are named (a plain text: the product's first locale). A price or stock changes the
    offers in its currency of every variant. `variants` replaces those it names by id and adds new ones. `attributes`
    replaces those it names.
    """
    new = product.to_dict()
    default = next(iter(product.texts))
    for name, value in fields.items():
        if name in TEXTS:
            given = value if isinstance(value, Mapping) else {default: value}
            new[name] = {**new.get(name, {}), **{locale or default: text for locale, text in given.items()}}
        elif name == "attributes" and isinstance(value, Mapping):
            new[name] = {**new.get(name, {}), **value}
        elif name == "variants":
            named = Product.from_dict({"id": product.id, "title": product.title, "variants": value}).to_dict()[
                "variants"
            ]
            new[name] = list({each["id"]: each for each in (*new["variants"], *named)}.values())
        elif name in ("sku", "gtin"):
            new["variants"][0][name] = value
        elif name not in (*OFFERED, "id", "offers"):
            new[name] = value
    if any(name in fields for name in (*OFFERED, "offers")):
        _patch_offers(new, fields)
    return Product.from_dict(new)


def _patch_offers(new: dict[str, Any], fields: Mapping[str, Any]) -> None:
    given = {name: fields[name] for name in (*OFFERED, "offers") if name in fields and name != "stock"}
    named = Product.from_dict({"id": "x", "title": "x", **given}).to_dict()["variants"][0].get("offers", [])
    for variant in new["variants"]:
        offers = {_key(offer): offer for offer in variant.get("offers", [])}
        for offer in named:
            currency = offer.get("currency", "") or next((each["currency"] for each in offers.values()), "")
            merged = {**offer, "currency": currency} if currency else offer
            offers[_key(merged)] = {**offers.get(_key(merged), {}), **merged}
        if "stock" in fields:
            offers = {key: {**offer, "stock": fields["stock"]} for key, offer in offers.items()}
        variant["offers"] = list(offers.values())


def _key(offer: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(offer.get(name, "") for name in ("currency", "market", "group", "location"))
