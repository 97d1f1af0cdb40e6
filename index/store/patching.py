"""Changing the named fields of a product, and leaving the rest as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import FieldError
from ..product import Product
from ..product_parts import Variant

TEXTS = ("title", "description", "slug")
OFFERED = ("price", "list_price", "currency", "stock", "offers")
NUMBERS = ("sku", "gtin")

Fields = Mapping[str, Any]


def patched(product: Product, fields: Fields, currency: str = "") -> Product:
    """The product with just these fields changed; raises `FieldError`.

    Texts change in the locales that are named (a plain text: the product's first locale). `attributes` replaces those
    it names, and `variants` changes the named fields of those it names by id and adds new ones. For the product they
    change every variant: a price (or list price) its offer in that currency which holds everywhere, a stock all offers
    (of the named currency, if one is named). A price without a currency is in the shop's, `currency`, or where the
    product is not sold in that, in the one of its first offer.
    """
    new = product.to_dict()
    default = next(iter(product.texts))
    for name, value in fields.items():
        if name in TEXTS:
            given = value if isinstance(value, Mapping) else {default: value}
            if name == "title" and any(text == "" for text in given.values()):
                raise FieldError("title", value, "a title that is not empty; leave it out to keep the one there is")
            new[name] = {**new.get(name, {}), **{locale or default: text for locale, text in given.items()}}
        elif name == "attributes" and isinstance(value, Mapping):
            new[name] = {**new.get(name, {}), **value}
        elif name == "variants":
            if not isinstance(value, (list, tuple)):
                raise FieldError(name, value, "a list of variants")
            new[name] = _patch_variants(new["variants"], value, currency)
        elif name in NUMBERS:
            new["variants"][0][name] = value
        elif name not in (*OFFERED, "id"):
            new[name] = value
    if any(name in fields for name in OFFERED):
        for variant in new["variants"]:
            variant["offers"] = _patch_offers(variant.get("offers", []), fields, currency)
    return Product.from_dict(new)


def _patch_variants(old: list[dict[str, Any]], given: list[Any] | tuple[Any, ...], currency: str) -> list[Any]:
    made: dict[Any, Any] = {each["id"]: each for each in old}
    for each in given:
        key = each.id if isinstance(each, Variant) else str(each.get("id", "")) if isinstance(each, Mapping) else each
        if isinstance(each, Mapping) and key in made:
            own = made[key]
            others = {name: value for name, value in each.items() if name not in (*OFFERED, "options", "id")}
            options = {**own.get("options", {}), **(each.get("options") or {})}
            offers = _patch_offers(own.get("offers", []), each, currency)
            made[key] = {**own, **others, "options": options, "offers": offers}
        else:
            made[key] = each  # new, or given as a whole; what it is gets checked with the product
    return list(made.values())


def _patch_offers(old: list[Fields], fields: Fields, currency: str) -> list[Fields]:
    offers = {_key(offer): dict(offer) for offer in old}
    codes = [offer["currency"] for offer in offers.values()]
    blank = currency if currency in codes or not codes else codes[0]  # what a price without a currency means
    given = {name: fields[name] for name in OFFERED if name in fields and name != "stock"}
    for offer in Product.from_dict({"id": "x", "title": "x", **given}).to_dict()["variants"][0].get("offers", []):
        named = {**offer, "currency": offer.get("currency") or blank}
        kept = dict(offers.get(_key(named), {}))
        if fields.get("list_price", "") is None:  # named, and taken away
            kept.pop("list_price", None)
        offers[_key(named)] = {**kept, **named}
    for offer in offers.values():
        if "list_price" in fields and "price" not in fields and not (offer.get("market") or offer.get("location")):
            amounts = fields["list_price"]
            if not isinstance(amounts, Mapping):
                amounts = {str(fields.get("currency") or blank).upper(): amounts}
            offer["list_price"] = amounts.get(offer["currency"], offer.get("list_price"))
        if "stock" in fields and str(fields.get("currency") or offer["currency"]).upper() == offer["currency"]:
            offer["stock"] = fields["stock"]
    return list(offers.values())


def _key(offer: Fields) -> tuple[str, ...]:
    return tuple(offer.get(name, "") for name in ("currency", "market", "group", "location"))
