"""From products to a segment, one product at a time."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .. import vectors as vector_indexes
from ..columns.field import FieldBuilder
from ..columns.offers import OffersBuilder
from ..product import Product
from ..product_parts import PATH_SEPARATOR, Value, path_code
from ..strings import StringTable
from ..text import words_of
from ..words.marks import marks_of
from ..words.postings import PostingsBuilder
from ..words.vocabulary import VocabularyBuilder
from .segment import Segment, key_of

Half = NDArray[np.float16]


class SegmentBuilder:
    """Collects products in ascending order of their ids' UTF-8 bytes."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._first_variant = array("q", [0])
        self._locales: dict[str, int] = {}
        self._text_product, self._text_locale, self._vector_text = array("i"), array("h"), array("i")
        self._words, self._vocabulary = PostingsBuilder(), VocabularyBuilder()
        self._vectors: list[Half] = []
        self._fields: dict[str, FieldBuilder] = {}
        self._added = array("d")
        self._offers = OffersBuilder()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, product: Product, vectors: Mapping[str, Half]) -> None:
        """The next product with its vector by locale; a locale without one is found by its words alone."""
        row, first_variant = len(self._ids), self._first_variant[-1]
        self._ids.append(product.id)
        for locale in product.texts:
            if locale in vectors:
                self._vector_text.append(len(self._text_product))
                self._vectors.append(vectors[locale])
            self._text_product.append(row)
            self._text_locale.append(self._locales.setdefault(locale, len(self._locales)))
            marks = dict.fromkeys(marks_of(product, locale), 1.0)
            found = words_of(product, locale)
            self._words.add({**found.weights, **marks})
            self._vocabulary.add(locale, found.written)
        for name, (own, options) in _values_by_field(product).items():
            self._fields.setdefault(name, FieldBuilder()).add(row, first_variant, own, options)
        for variant in product.variants:
            self._offers.add(variant.offers)
        self._added.append(product.added.timestamp() if product.added else float("nan"))
        self._first_variant.append(first_variant + len(product.variants))

    def build(self) -> Segment:
        """The segment; the builder is used up."""
        n_products, n_variants = len(self._ids), self._first_variant[-1]
        vectors = np.array(self._vectors) if self._vectors else None
        self._vectors = []
        words = self._words.build()
        return Segment(
            ids=StringTable.build(self._ids),
            keys=np.fromiter(map(key_of, self._ids), np.int64, count=n_products),
            first_variant=np.array(self._first_variant, np.int64),
            locales=tuple(self._locales),
            text_product=np.array(self._text_product, np.int32),
            text_locale=np.array(self._text_locale, np.int16),
            words=words,
            vocabulary=self._vocabulary.build(words.terms),
            vectors=None if vectors is None else vector_indexes.on_best_device(vector_indexes.build(vectors)),
            vector_text=np.array(self._vector_text, np.int32),
            fields={name: each.build(n_products, n_variants) for name, each in sorted(self._fields.items())},
            added=np.array(self._added, np.float64),
            offers=self._offers.build(),
        )


Values = tuple[Value, ...]


def _values_by_field(product: Product) -> dict[str, tuple[Values, list[Values]]]:
    """For each field: the product's own values, and those of each variant."""
    nothing: list[Values] = [()] * len(product.variants)
    made: dict[str, tuple[Values, list[Values]]] = {}
    if product.brand:
        made["brand"] = ((Value(product.brand),), nothing)
    if product.categories:
        levels = {
            path_code(path, depth): path[:depth] for path in product.categories for depth in range(1, len(path) + 1)
        }
        made["category"] = (tuple(Value(code, _path_labels(path)) for code, path in levels.items()), nothing)
    if product.tags:
        made["tags"] = (tuple(Value(tag) for tag in product.tags), nothing)
    for name in ("sku", "gtin"):
        numbers = [getattr(variant, name) for variant in product.variants]
        if any(numbers):
            made[name] = ((), [(Value(number),) if number else () for number in numbers])
    names = dict.fromkeys([*product.attributes, *(name for variant in product.variants for name in variant.options)])
    for name in names:
        if name not in made:  # a shop's attribute that is called like a field of ours stays readable, not filterable
            made[name] = (
                product.attributes.get(name, ()),
                [variant.options.get(name, ()) for variant in product.variants],
            )
    return made


def _path_labels(path: Values) -> dict[str, str]:
    locales = dict.fromkeys(locale for level in path for locale in level.labels)
    return {locale: PATH_SEPARATOR.join(level.label(locale) for level in path) for locale in locales}
