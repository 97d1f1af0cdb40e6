"""One attribute over all rows of a segment: which codes each product and each variant has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import load_array, map_text
from ..lazy import cached_property
from ..product_parts import PATH_SEPARATOR, Value
from ..strings import StringTable
from ..vectors.index import Mask
from ..words import tokens
from .lists import Lists, ListsBuilder
from .readings import Readings, read_codes

MOST_WORDED = 2_000  # codes of an option that queries are compared with


@dataclass(frozen=True)
class Field:
    """Codes by product and, where variants differ, by variant.

    A variant's codes are its own option if it has one, else the product's attribute. `numbers` has one entry a code,
    NaN where the code is no number.
    """

    codes: StringTable
    numbers: NDArray[np.float64]
    by_product: Lists  # all codes that the product or any of its variants has
    by_variant: Lists | None  # None: no variant has an option of this name
    label_source: Callable[[], str]
    _worded: dict[str, list[set[frozenset[str]]]] = field(default_factory=dict, compare=False)
    _places: list[tuple[StringTable, NDArray[np.int64]]] = field(default_factory=list, compare=False)

    @cached_property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Labels by code and locale; read when first asked for."""
        loaded: Mapping[str, Mapping[str, str]] = json.loads(self.label_source())
        return loaded

    @cached_property
    def readings(self) -> Readings:
        """What the codes say as numbers and dates; read when first asked for."""
        return read_codes(self.codes, self.numbers)

    def places_in(self, other: StringTable) -> NDArray[np.int64]:
        """The place of each code in another table, or -1; the last table's are remembered."""
        if not self._places or self._places[0][0] is not other:
            places = np.fromiter(map(other.find, self.codes), np.int64, count=len(self.codes))
            self._places[:] = [(other, places)]
        return self._places[0][1]

    def children_of(self, path: str) -> NDArray[np.int32]:
        """The codes that lie directly below a path, of a field whose codes are paths; the top level's for ""."""
        start = f"{path}{PATH_SEPARATOR}".encode() if path else b""
        first = self.codes.first_not_below(start)
        end = self.codes.first_not_below(start[:-1] + b"!") if path else len(self.codes)  # "!" follows the blank
        depth = start.count(PATH_SEPARATOR.encode())
        return (first + np.flatnonzero(self._depths[first:end] == depth)).astype(np.int32)

    @cached_property
    def _depths(self) -> NDArray[np.int32]:
        separator = PATH_SEPARATOR.encode()
        return np.array([self.codes.bytes_at(at).count(separator) for at in range(len(self.codes))], np.int32)

    def codes_saying(self, words: frozenset[str], locale: str) -> Mask | None:
        """Which codes, or their labels, consist of some of these words; None where there is none, or too many codes."""
        if len(self.codes) > MOST_WORDED:
            return None
        if locale not in self._worded:
            labels = self.labels
            self._worded[locale] = [
                {frozenset(tokens(text, locale)) for text in (code, Value(code, labels.get(code, {})).label(locale))}
                for code in self.codes
            ]
        named = [any(each and each <= words for each in sets) for sets in self._worded[locale]]
        return np.array(named, bool) if any(named) else None

    def save(self, folder: Path, name: str) -> None:
        """Files in the folder that start with `name`."""
        self.codes.save(folder, f"{name}.codes")
        np.save(folder / f"{name}.numbers.npy", self.numbers)
        self.by_product.save(folder, f"{name}.products")
        if self.by_variant is not None:
            self.by_variant.save(folder, f"{name}.variants")
        (folder / f"{name}.labels.json").write_text(self.label_source(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, name: str) -> Field:
        """The saved field, mapped and not read."""
        has_variants = (folder / f"{name}.variants.starts.npy").is_file()
        return cls(
            codes=StringTable.load(folder, f"{name}.codes"),
            numbers=load_array(folder / f"{name}.numbers.npy"),
            by_product=Lists.load(folder, f"{name}.products"),
            by_variant=Lists.load(folder, f"{name}.variants") if has_variants else None,
            label_source=map_text(folder / f"{name}.labels.json"),
        )


class FieldBuilder:
    """Collects one field while products come by; rows that never name it cost nothing until the end."""

    def __init__(self) -> None:
        self._numbers_of: dict[str, int] = {}  # code -> order of first sight
        self._values: dict[str, Value] = {}
        self._products = ListsBuilder()
        self._variants = ListsBuilder()
        self._has_options = False

    def add(
        self, product_row: int, first_variant: int, own: Sequence[Value], options: Sequence[Sequence[Value]]
    ) -> None:
        """One product's values, and those of each of its variants (empty where a variant has no such option)."""
        self._has_options |= any(options)
        self._products.pad_to(product_row)
        together = {value.code: value for values in (own, *options) for value in values}
        self._products.add(self._number(value) for value in together.values())
        self._variants.pad_to(first_variant)
        for values in options:
            self._variants.add(self._number(value) for value in (values or own))

    def _number(self, value: Value) -> int:
        number = self._numbers_of.setdefault(value.code, len(self._numbers_of))
        known = self._values.get(value.code)
        if known is None or len(value.labels) > len(known.labels):
            self._values[value.code] = value
        return number

    def build(self, n_products: int, n_variants: int) -> Field:
        """The field over all rows."""
        codes = StringTable.build(self._numbers_of)
        renumbered = np.zeros(len(codes), np.int32)
        for position in range(len(codes)):
            renumbered[self._numbers_of[codes[position]]] = position
        self._products.pad_to(n_products)
        self._variants.pad_to(n_variants)
        values = [self._values[codes[position]] for position in range(len(codes))]
        numbers = np.array([np.nan if value.number is None else value.number for value in values], np.float64)
        labels = json.dumps({value.code: dict(value.labels) for value in values if value.labels}, ensure_ascii=False)
        return Field(
            codes=codes,
            numbers=numbers,
            by_product=self._products.build(renumbered),
            by_variant=self._variants.build(renumbered) if self._has_options else None,
            label_source=lambda: labels,
        )
