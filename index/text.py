"""What a product says, as one text for the encoder and as fields of words for the lexical index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from .product import Product
from .product_parts import Value
from .words import term_weights
from .words.analysis import terms_of, words
from .words.negation import NEGATED, negated_terms

LACKED = 0.5  # what a word counts that a product names only to say that it is without it
DESCRIPTION_CHARACTERS = 600  # the encoder reads 128 tokens; the rest would only cost time


def encoder_text(product: Product, locale: str) -> str:
    """The passage that stands for a product in one locale: title, brand, category, attributes, description.

    A title alone is the whole text, so a shop with nothing else encodes just its titles. A product may bring a text of
    its own for the encoder.
    """
    if own := product.encoder_texts.get(locale):
        return own
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


@dataclass(frozen=True, slots=True)
class ProductWords:
    """The words of one product in one locale."""

    weights: dict[str, float]  # of each term
    written: list[list[str]]  # its texts word by word, as they are written


def words_of(product: Product, locale: str) -> ProductWords:
    """What a product is found by, but for its marks; what it says that it lacks is a term with a sign before it."""
    text = product.texts[locale]
    attributes = [label for values in product.attributes.values() for label in _labels(values, locale)]
    for variant in product.variants:
        attributes += [label for values in variant.options.values() for label in _labels(values, locale)]
        attributes += [variant.sku, variant.gtin]
    categories = [level.label(locale) for path in product.categories for level in path]
    # Lines of their own: the value "no" of one attribute does not negate the value of the next.
    described = "\n".join(dict.fromkeys(each for each in (*attributes, *product.tags) if each))
    texts = {
        "title": text.title,
        "brand": product.brand,
        "category": "\n".join(dict.fromkeys(categories)),
        "attributes": described,
        "description": text.description,
    }
    written = {name: words(each, locale) for name, each in texts.items()}
    terms = {name: terms_of(each, locale) for name, each in written.items()}
    lacking = negated_terms([(each, terms[name]) for name, each in texts.items() if each], locale)
    weights = term_weights(terms)
    weights.update({term: LACKED * weights[term] for term, without in lacking.items() if without})
    weights.update(dict.fromkeys([NEGATED + term for term in lacking], 1.0))
    return ProductWords(weights, [*filter(None, written.values())])


def _labels(values: Sequence[Value], locale: str) -> list[str]:
    # "true" and "false" say nothing without their attribute's name.
    return [value.label(locale) for value in values if value.code not in {"true", "false"}]
