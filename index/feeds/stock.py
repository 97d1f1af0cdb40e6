"""Stock, availability and yes-or-no as feeds spell them."""

from __future__ import annotations

import re
import unicodedata

from ..errors import FieldError

_IN = set(
    "in stock|instock|available|available now|yes|true|y|1|preorder|pre order|backorder|back order|onbackorder|"
    "limited availability|limited|auf lager|lagernd|lieferbar|sofort lieferbar|verfügbar|vorrätig|ja|wahr|"
    "en stock|disponible|oui|vrai|有货|现货|有库存|在售|预售|是|有".split("|")
)
_OUT = set(
    "out of stock|outofstock|out stock|sold out|soldout|unavailable|not available|discontinued|no|false|n|0|"
    "nicht auf lager|nicht lieferbar|nicht verfügbar|nicht vorrätig|ausverkauft|vergriffen|nein|falsch|"
    "rupture de stock|en rupture|épuisé|indisponible|non|faux|无货|缺货|售罄|已售罄|下架|否|无".split("|")
)
_YES = set("1 1.0 true yes y ja wahr oui vrai active published visible publish enabled on 是 上架 在售".split())
_NO = set(
    "0 0.0 -1 false no n nein falsch non faux draft archived inactive hidden private pending unlisted disabled off "
    "否 下架".split()
)
_COUNT = re.compile(
    r"([+-]?\d{1,15}|[+-]?\d{1,3}(?:[,' ]\d{3}){1,4})(?:\.0+)?"
    r"(?: ?(?:pcs?|pieces?|units?|stück|stk|st|pièces?|件|个))?\.?"
)


def parse_stock(text: str, field: str = "stock") -> int | None:
    """Pieces in stock ("12", "12.0", "1,200", "12 pcs"); below zero is 0. Words mean what `parse_availability` says."""
    plain = _plain(text)
    found = _COUNT.fullmatch(plain)
    if found:
        return max(0, int(re.sub(r"[,' ]", "", found[1])))
    return parse_availability(text, field)


def parse_availability(text: str, field: str = "stock") -> int | None:
    """None (not counted, to be had) or 0 (not to be had); preorder and backorder can be had. Raises `FieldError`."""
    plain = re.sub(r"[_-]", " ", _plain(text)).rsplit("/", 1)[-1]  # also "https://schema.org/InStock"
    if plain in _IN:
        return None
    if plain in _OUT:
        return 0
    raise FieldError(field, text, "a whole number of pieces, or words such as 'in stock' or 'out of stock'")


def parse_flag(text: str, field: str) -> bool:
    """Yes or no, also as a status ("draft" is no). Raises `FieldError`."""
    plain = _plain(text)
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise FieldError(field, text, "yes or no: true, false, 1, 0, active, draft")


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
