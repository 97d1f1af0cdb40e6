"""Single cells of a table, in whatever type they come: texts, amounts, category paths, lists, addresses."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from ..money import price_of
from ..product_parts import PATH_SEPARATOR
from .html_text import one_line, plain_text
from .prices import parse_price


def text_of(value: Any) -> str:
    """A cell as text: blank for None and NaN, whole floats without ".0", lists joined."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(each) for each in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def amount_of(value: Any, text: str, currency: str, field: str, decimal: str = "") -> tuple[Decimal, str]:
    """An amount and the currency it names: numbers by their shortest text, texts as feeds spell them."""
    if isinstance(value, float) and abs(value - round(value, 4)) < 1e-9:
        return price_of(round(value, 4), field), ""  # 19.990000000000002 is arithmetic, no finer price
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return price_of(value, field), ""
    return parse_price(text, currency, field, decimal)


def plain_amount(text: str) -> Decimal | None:
    """The number, if the text is a plain one."""
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


def shown_prices(fields: dict[str, Any]) -> dict[str, Any]:
    """A list price alone is the price; one that is not above the price says nothing."""
    price, listed = fields.get("price"), fields.get("list_price")
    if price is None and listed is not None:
        return {"price": listed}
    if listed is not None and price is not None and listed <= price:
        return {"price": price}
    return fields


def path_of(text: str) -> str:
    """A category path with our separator: "A / B", "A|B", "A >> B" and "A › B" become "A > B"."""
    for separator in (">", "›", "»", "|", " / "):
        if separator in text:
            levels = [level.strip() for level in text.split(separator)]
            return PATH_SEPARATOR.join(level for level in levels if level)
    return text.strip()


def split_list(text: str) -> list[str]:
    """Tags from one cell, separated by comma, semicolon, bar or their Chinese forms; also a JSON list."""
    if text.lstrip().startswith("["):
        try:
            return [one_line(text_of(each)) for each in json.loads(text) if text_of(each).strip()]
        except ValueError:
            pass
    return [tag for each in re.split(r"[,;|，；、\n]", plain_text(text)) if (tag := each.strip())]


def first_address(text: str) -> str:
    """The first of several addresses in one cell, or of a JSON list."""
    if text.lstrip().startswith("["):
        found = split_list(text)
        return found[0] if found else ""
    return re.split(r"[,;|]\s*(?=https?:|//)|\s+", text.strip())[0].rstrip(",;|")
