"""What a product says, as one text for the encoder and as fields of words for the lexical index."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from .product import Product
from .product_parts import Value
from .words import term_weights, tokens

DESCRIPTION_CHARACTERS = 600  # the encoder reads 128 tokens; the rest would only cost time


def encoder_text(product: Product, locale: str) -> str:
    """The passage that stands for a product in one locale: title, brand, category, attributes, description.

    A title alone is the whole text, so a shop with nothing else encodes just its titles.
    """
    text = product.texts[locale]
    parts = [text.title]
    if product.brand and product.brand.casefold() not in text.title.casefold():
        parts.append(product.brand)
    parts += [path[-1].label(locale) for path in product.categories[:2]]
    described = [value.label(locale) for values in product.attributes.values() for value in values if value.labels]
    if described:
        parts.append(", ".join(described[:12]))
    if text.description:
        parts.append(" ".join(text.description.split())[:DESCRIPTION_CHARACTERS])
    return ". ".join(part.rstrip(". ") if len(parts) > 1 else part for part in parts)


def text_hash(text: str) -> str:
    """The key under which a text's vector is kept."""
    return sha256(text.encode()).hexdigest()[:32]


def words_of(product: Product, locale: str) -> dict[str, float]:
    """Each word's weight for one product in one locale."""
    text = product.texts[locale]
    attributes = [label for values in product.attributes.values() for label in _labels(values, locale)]
    for variant in product.variants:
        attributes += [label for values in variant.options.values() for label in _labels(values, locale)]
        attributes += [variant.sku, variant.gtin]
    categories = [level.label(locale) for path in product.categories for level in path]
    described = " ".join(dict.fromkeys(each for each in (*attributes, *product.tags) if each))
    return term_weights(
        {
            "title": tokens(text.title, locale),
            "brand": tokens(product.brand, locale),
            "category": tokens(" ".join(dict.fromkeys(categories)), locale),
            "attributes": tokens(described, locale),
            "description": tokens(text.description, locale),
        }
    )


def _labels(values: Sequence[Value], locale: str) -> list[str]:
    # "true" and "false" say nothing without their attribute's name.
    return [value.label(locale) for value in values if value.code not in {"true", "false"}]
