"""A segment: some of the products, made findable; never changed once built.

A generation on disk is one, and so is each small piece of the tail in memory. Products are rows in the order of their
ids; a text row is one product in one locale; a vector row is a text row that the encoder could read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import vectors as vector_indexes
from ..arrays import load_array
from ..columns.field import Field
from ..columns.offers import Offers
from ..context import best_locale
from ..courtesy import politely
from ..strings import StringTable
from ..vectors.index import Mask, VectorIndex
from ..words import Postings
from ..words.vocabulary import Vocabulary


@dataclass(frozen=True)
class Segment:
    """Everything that a search needs of some products, except what is shown of them."""

    ids: StringTable  # sorted; a product's row is its place here
    keys: NDArray[np.int64]  # a hash of each id: ties in score are broken the same way wherever a product lies
    first_variant: NDArray[np.int64]  # shape (n_products + 1,)
    locales: tuple[str, ...]
    text_product: NDArray[np.int32]  # the product row of each text row; ascending
    text_locale: NDArray[np.int16]  # its place in `locales`
    words: Postings  # over text rows
    vocabulary: Vocabulary  # the words of the same rows as they are written
    vectors: VectorIndex | None  # None: no text has a vector
    vector_text: NDArray[np.int32]  # the text row of each vector row; ascending
    fields: Mapping[str, Field]
    added: NDArray[np.float64]  # Unix seconds, NaN where unknown
    offers: Offers
    _text_masks: dict[str, Mask | None] = field(default_factory=dict, compare=False)
    _by_key: list[NDArray[np.int64]] = field(default_factory=list, compare=False)
    _variant_product: list[NDArray[np.int32]] = field(default_factory=list, compare=False)

    @property
    def n_products(self) -> int:
        """How many products there are, deleted ones included."""
        return len(self.ids)

    @property
    def n_variants(self) -> int:
        """How many variants there are."""
        return int(self.first_variant[-1])

    @property
    def variant_product(self) -> NDArray[np.int32]:
        """The product row of each variant row."""
        if not self._variant_product:
            rows = np.arange(self.n_products, dtype=np.int32)
            self._variant_product.append(np.repeat(rows, np.diff(self.first_variant)))
        return self._variant_product[0]

    @property
    def one_variant_each(self) -> bool:
        """Whether variant rows and product rows are the same."""
        return self.n_variants == self.n_products

    def rows_of(self, product_ids: Sequence[str]) -> NDArray[np.int64]:
        """The row of each product, or -1; twenty times as fast for many as `ids.find` for each."""
        if not self._by_key:
            self._by_key.append(np.argsort(self.keys, kind="stable"))
        order = self._by_key[0]
        wanted = np.fromiter(map(key_of, politely(product_ids, 256)), np.int64, count=len(product_ids))
        at = np.searchsorted(self.keys, wanted, sorter=order)
        rows = np.full(len(wanted), -1, np.int64)
        found = np.flatnonzero(at < len(order))
        hit = found[self.keys[order[at[found]]] == wanted[found]]
        rows[hit] = order[at[hit]]
        for place in politely(hit.tolist(), 256):
            # Two ids may share a key, though nobody will see it.
            if self.ids[int(rows[place])] != product_ids[place]:
                rows[place] = self.ids.find(product_ids[place])
        return rows

    def texts_in(self, locale: str) -> Mask | None:
        """Which text rows a request in this locale searches: for each product the nearest locale it has.

        None: all of them.
        """
        if locale not in self._text_masks:
            self._text_masks[locale] = self._compute_texts_in(locale)
        return self._text_masks[locale]

    def _compute_texts_in(self, locale: str) -> Mask | None:
        if len(self.text_product) == self.n_products:
            return None
        starts = np.searchsorted(self.text_product, np.arange(self.n_products + 1))
        mask = np.zeros(len(self.text_product), bool)
        nearest: dict[tuple[int, ...], int] = {}
        codes = self.text_locale.tolist()
        for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            there = tuple(codes[start:end])
            if there not in nearest:
                available = [self.locales[code] for code in there]
                nearest[there] = available.index(best_locale(locale, available) or available[0])
            mask[start + nearest[there]] = True
        return mask

    def save(self, folder: Path) -> None:
        """All files of the segment, in an empty folder."""
        self.ids.save(folder, "ids")
        for name in ("keys", "first_variant", "text_product", "text_locale", "vector_text", "added"):
            np.save(folder / f"{name}.npy", getattr(self, name))
        words, vocabulary, columns = folder / "words", folder / "vocabulary", folder / "columns"
        words.mkdir()
        vocabulary.mkdir()
        columns.mkdir()
        self.words.save(words)
        self.vocabulary.save(vocabulary)
        if self.vectors is not None:
            self.vectors.save(folder / "vectors.faiss")
        for number, each in enumerate(self.fields.values()):
            each.save(columns, f"field{number}")
        self.offers.save(columns)
        (folder / "segment.json").write_text(
            json.dumps({"locales": self.locales, "fields": list(self.fields)}, ensure_ascii=False), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> Segment:
        """A saved segment, mapped and not read."""
        about = json.loads((folder / "segment.json").read_text(encoding="utf-8"))
        arrays: dict[str, Any] = {
            name: load_array(folder / f"{name}.npy")
            for name in ("keys", "first_variant", "text_product", "text_locale", "vector_text", "added")
        }
        vectors = folder / "vectors.faiss"
        return cls(
            ids=StringTable.load(folder, "ids"),
            **arrays,
            locales=tuple(about["locales"]),
            words=Postings.load(folder / "words"),
            vocabulary=Vocabulary.load(folder / "vocabulary"),
            vectors=vector_indexes.on_best_device(vector_indexes.load(vectors)) if vectors.is_file() else None,
            fields={name: Field.load(folder / "columns", f"field{at}") for at, name in enumerate(about["fields"])},
            offers=Offers.load(folder / "columns", int(arrays["first_variant"][-1])),
        )


def key_of(product_id: str) -> int:
    """The tie-breaking number of an id, uniform over 63 bits."""
    return int.from_bytes(blake2b(product_id.encode(), digest_size=8).digest(), "big") >> 1
