"""Marks: terms beside the words of a product, which no typed word meets, for what must agree and not only resemble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..product import Product
from .analysis import tokens
from .identifiers import identifier_term, identifiers_in
from .measures import measure_terms

ANY_BRAND = "@"


def marks_of(product: Product, locale: str) -> list[str]:
    """Identifiers, measures and brand of a product in one locale, each once."""
    found: dict[str, None] = {}
    if brand := brand_term(tokens(product.brand, locale)):
        found.update({brand: None, ANY_BRAND: None})
    for variant in product.variants:
        found.update(dict.fromkeys(filter(None, map(identifier_term, (variant.sku, variant.gtin)))))
    for text in _texts(product, locale):
        found.update(dict.fromkeys([*identifiers_in(text), *measure_terms(text)]))
    return list(found)


def brand_term(words: Sequence[str]) -> str:
    """The term of a brand, or of words that may be one; blank without words."""
    return f"@{' '.join(words)}" if words else ""


def _texts(product: Product, locale: str) -> Iterator[str]:
    # Not the description: it names what the product goes with, which is another product.
    yield product.texts[locale].title
    groups = [product.attributes, *(variant.options for variant in product.variants)]
    for values in (values for group in groups for values in group.values()):
        for value in values:
            yield value.label(locale)
