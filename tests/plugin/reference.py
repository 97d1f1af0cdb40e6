"""What an answer is, written from "The match set" in docs/search.md: slow, plain, without any index.

How words match and where the list ends stand at the head: they are what the definition grows by.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
from shelfwise.index import Context, Filter, Product, Variant, best_locale, field_of, tokens
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.index.text import encoder_text
from shelfwise.index.words import FIELD_WEIGHTS
from shelfwise.plugin import Request

from ..index.columns.reference import date_of, number_of, offer_here, passing, values_of

K1, WORDS, MEANING = 0.8, 0.6, 0.4


def holds_all(query: Sequence[str], said: Mapping[str, float]) -> bool:
    """Whether a product holds all required words."""
    return bool(query) and all(word in said for word in query)


def word_score(query: Sequence[str], said: Mapping[str, float], texts: Sequence[Mapping[str, float]]) -> float:
    """BM25 of what one product says, `texts` being what all products say in all locales."""
    holding = {word: sum(word in text for text in texts) for word in query}
    rare = {word: math.log1p((len(texts) - count + 0.5) / (count + 0.5)) for word, count in holding.items()}
    return sum(rare[word] * said.get(word, 0.0) for word in query)


def above_cutoff(score: float) -> bool:
    """Whether the list has not ended yet."""
    return True


def said_by(product: Product, locale: str) -> dict[str, float]:
    """Each word's weight in what a product says."""
    options = [variant.options for variant in product.variants]
    values = [value for each in (product.attributes, *options) for values in each.values() for value in values]
    labels = [value.label(locale) for value in values if value.code not in ("true", "false")]
    attributes = dict.fromkeys([*labels, *(v.sku for v in product.variants), *product.tags])
    text, levels = product.texts[locale], [level.label(locale) for path in product.categories for level in path]
    fields = {"title": text.title, "brand": product.brand, "category": " ".join(dict.fromkeys(levels))}
    fields |= {"attributes": " ".join(attributes), "description": text.description}
    weights: Counter[str] = Counter()
    for name, written in fields.items():
        field, words = FIELD_WEIGHTS[name], tokens(written, locale)
        for word in words:
            weights[word] += field.weight / (1 - field.b + field.b * len(words) / field.usual_length)  # type: ignore[assignment]
    return {word: weight * (K1 + 1) / (weight + K1) for word, weight in weights.items()}


class Reference:
    """A shop as the page says it is. `most`: of the best of a source that belong to the match set."""

    def __init__(self, products: Sequence[Product], now: float, most: int) -> None:
        self.products, self.now, self.most = {each.id: each for each in products}, now, most
        self.texts = {(each.id, locale): said_by(each, locale) for each in products for locale in each.texts}

    def variants(self, id: str, filters: Sequence[Filter], context: Context) -> list[Variant]:
        """The variants of a product that pass all filters."""
        return passing(self.products[id], filters, context, self.now)

    def match_set(self, request: Request, context: Context) -> tuple[dict[str, float], bool]:
        """The ids of what is found with their scores, and whether that is all there is."""
        there = [id for id in self.products if self.variants(id, request.filters, context)]
        if not request.query:
            return dict.fromkeys(there, 0.0), True
        locale = context.locale or ""
        spoken = {id: best_locale(locale, self.products[id].texts) or "" for id in there}
        query = list(dict.fromkeys(tokens(request.query, locale)))
        said = {id: self.texts[id, spoken[id]] for id in there}
        bm25 = {id: word_score(query, said[id], list(self.texts.values())) for id in there}
        possible = word_score(query, dict.fromkeys(query, K1 + 1), list(self.texts.values()))
        scale = math.sqrt(max(bm25.values(), default=0.0) * possible) or 1.0
        vector = HashingEncoder().encode_queries([request.query])[0]
        passages = HashingEncoder().encode_passages([encoder_text(self.products[id], spoken[id]) for id in there])
        cosine = dict(zip(there, (passages.astype(np.float16).astype(np.float64) @ vector).tolist(), strict=True))
        found = {id for id in there if holds_all(query, said[id])}
        with_words = [id for id in there if bm25[id] > 0]
        for source, ids in ((bm25, with_words), (cosine, there)):
            found.update(sorted(ids, key=lambda id: (-round(source[id], 6), tie(id)))[: self.most])
        scores = {id: WORDS * bm25[id] / scale + MEANING * cosine[id] for id in found}
        exact = len(with_words) <= self.most and len(there) <= self.most
        return {id: score for id, score in scores.items() if above_cutoff(score)}, exact

    def without_own(self, request: Request, field: str) -> tuple[Filter, ...]:
        """The filters under which a facet is counted."""
        return tuple(each for each in request.filters if field_of(each) != field or request.narrow_facets)

    def sort_key(self, id: str, request: Request, context: Context, score: float) -> tuple[float, ...]:
        """What a product is ordered by, the lowest first; ties go by a hash of the id."""
        sort, name, down = request.sort, request.sort.removeprefix("-"), -1 if request.sort.startswith("-") else 1
        product, variants = self.products[id], self.variants(id, request.filters, context)
        if sort == "relevance" and request.query:
            return (-score, tie(id))
        if name == "price":
            offer = offer_here(self.shown(id, request, context), context, self.now)
            return (offer is None, 0 if offer is None else down * float(offer.price), tie(id))
        if name in ("relevance", "newest", "added"):
            down = 1 if name == "added" and down == 1 else -1
            numbers = [product.added.timestamp()] if product.added else []
        else:
            values = [value for variant in variants for value in values_of(product, variant, name)]
            read = [moment.timestamp() if (moment := date_of(value)) else number_of(value, "cm") for value in values]
            numbers = [number for number in read if number is not None]
        return (not numbers, min((down * number for number in numbers), default=0.0), tie(id))

    def shown(self, id: str, request: Request, context: Context) -> Variant:
        """The variant that stands for a product."""
        product, locale = self.products[id], context.locale or ""
        query = set(tokens(request.query or "", locale))
        names = {name for variant in product.variants for name in variant.options}

        def rank(variant: Variant) -> tuple[float, ...]:
            # A variant without an option of its own has the product's attribute of that name.
            said = sum(
                any(
                    {*tokens(text, locale)} <= query
                    for value in (variant.options.get(name) or product.attributes.get(name, ()))
                    for text in (value.code, value.label(locale))
                )
                for name in names
            )
            offer = offer_here(variant, context, self.now)
            return (-said, offer is not None and offer.stock == 0, float(offer.price) if offer else 0.0)

        return min(self.variants(id, request.filters, context), key=rank)


def tie(id: str) -> int:
    """Decides between equals, alike everywhere."""
    return int.from_bytes(blake2b(id.encode(), digest_size=8).digest(), "big") >> 1
