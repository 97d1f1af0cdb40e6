"""A product as plain JSON values, and back: for feeds with all checks, for what a store wrote without."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .product_parts import Attributes, Offer, Value, Variant, measure_code


def value_to_dict(value: Value) -> dict[str, Any]:
    """One value; what follows from the rest is left out."""
    made: dict[str, Any] = {}
    if value.number is not None:
        made = {"value": value.number, "unit": value.unit}
    if value.number is None or value.code != measure_code(value.number, value.unit):
        made["code"] = value.code
    return {**made, "label": dict(value.labels)} if value.labels else made


def attributes_to_dict(attributes: Attributes) -> dict[str, list[dict[str, Any]]]:
    """Attributes or options."""
    return {key: [value_to_dict(value) for value in values] for key, values in attributes.items()}


def variant_to_dict(variant: Variant) -> dict[str, Any]:
    """One variant; blank fields are left out."""
    made: dict[str, Any] = {"id": variant.id, "sku": variant.sku, "gtin": variant.gtin, "image": variant.image}
    made["options"] = attributes_to_dict(variant.options)
    made["offers"] = [offer_to_dict(offer) for offer in variant.offers]
    return {key: value for key, value in made.items() if value not in ("", [], {})}


def offer_to_dict(offer: Offer) -> dict[str, Any]:
    """An offer as plain JSON values; blank fields are left out."""
    made: dict[str, Any] = {name: getattr(offer, name) for name in Offer.__dataclass_fields__}
    for name in ("price", "list_price"):
        made[name] = None if made[name] is None else str(made[name])
    for name in ("starts", "ends"):
        made[name] = made[name].isoformat() if made[name] else None
    return {key: value for key, value in made.items() if value not in ("", None)}


# ---- reading back what `to_dict` wrote: nothing is checked again, for it was when it was stored ---------------------


def value_from_dict(fields: Mapping[str, Any]) -> Value:
    """One value."""
    number, unit = fields.get("value"), fields.get("unit", "")
    code = fields["code"] if number is None or "code" in fields else measure_code(number, unit)
    return Value(code, fields.get("label", {}), number, unit)


def attributes_from_dict(fields: Mapping[str, Any]) -> Attributes:
    """Attributes or options."""
    return {key: tuple(map(value_from_dict, values)) for key, values in fields.items()}


def variant_from_dict(fields: Mapping[str, Any]) -> Variant:
    """One variant."""
    return Variant(
        id=fields["id"],
        sku=fields.get("sku", ""),
        gtin=fields.get("gtin", ""),
        options=attributes_from_dict(fields.get("options", {})),
        offers=tuple(map(offer_from_dict, fields.get("offers", ()))),
        image=fields.get("image", ""),
    )


def offer_from_dict(fields: Mapping[str, Any]) -> Offer:
    """One offer."""
    made = object.__new__(Offer)  # past the checks
    set_ = object.__setattr__
    for name in ("currency", "market", "group", "location"):
        set_(made, name, fields.get(name, ""))
    set_(made, "price", Decimal(fields["price"]))
    set_(made, "list_price", Decimal(fields["list_price"]) if "list_price" in fields else None)
    set_(made, "stock", fields.get("stock"))
    for name in ("starts", "ends"):
        set_(made, name, datetime.fromisoformat(fields[name]) if name in fields else None)
    return made
