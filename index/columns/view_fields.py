"""One field over all live segments of a view: its codes numbered once, its type read from them."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..lazy import cached_property
from ..product_parts import Value
from ..vectors.index import Mask
from .field import Field
from .nearest import MOST_NAMED, nearest
from .readings import DIGITS, TRUTH, factor, read_moment, read_number

# Texts that may look like numbers, and are names all the same.
ALWAYS_TEXT = frozenset({"brand", "category", "tags", "sku", "gtin"})
SAMPLE = 2_000  # codes that a large field's type is read from
MOST_TRUTHS = len(TRUTH)
MOST_COMPARED = 20_000  # codes among which near ones are looked for


class Kind(enum.Enum):
    """What the values of a field are."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TRUTH = "truth"  # yes and no, in whatever words


class ViewField:
    """A field's codes, numbered over all segments: those of the first that has it in their order, then all others.

    What is said of codes is an array or mask of shape (n_codes,).
    """

    def __init__(self, name: str, parts: Sequence[Field | None]) -> None:
        self.name = name
        self.parts = tuple(parts)  # by segment; None where no product of it has the field
        known = [field for field in self.parts if field is not None]
        self._main = known[0].codes
        self._others: dict[str, int] = {}
        self._places: list[slice | NDArray[np.int64]] = []  # by segment: the number of each of its codes
        for field in self.parts:
            if field is None or field is known[0]:
                self._places.append(slice(0 if field is None else len(self._main)))
                continue
            places = field.places_in(self._main).copy()
            for at in np.flatnonzero(places < 0).tolist():
                number = len(self._main) + len(self._others)
                places[at] = self._others.setdefault(field.codes[at], number)
            self._places.append(places)
        self._other_codes = tuple(self._others)
        self._read: dict[int, str] = {}  # codes that were asked for
        self._labels: dict[tuple[int, str], str] = {}

    @property
    def n_codes(self) -> int:
        """How many distinct codes there are."""
        return len(self._main) + len(self._others)

    def code(self, number: int) -> str:
        """The code of a number."""
        code = self._read.get(number)
        if code is None:
            at = number - len(self._main)
            code = self._read[number] = self._main[number] if at < 0 else self._other_codes[at]
        return code

    def find(self, code: str) -> int:
        """The number of a code, or -1."""
        at = self._main.find(code)
        return at if at >= 0 else self._others.get(code, -1)

    def numbered(self, segment: int, codes: NDArray[np.int32]) -> NDArray[np.int64]:
        """The numbers of codes of one segment."""
        places = self._places[segment]
        return codes.astype(np.int64) if isinstance(places, slice) else places[codes]

    def in_segment(self, segment: int, wanted: Mask) -> Mask:
        """A mask over all codes as one over a segment's own."""
        return wanted[self._places[segment]]

    def label(self, number: int, locale: str) -> str:
        """What a person reads for a code."""
        label = self._labels.get((number, locale))
        if label is None:
            code = self.code(number)
            labels: dict[str, str] = {}
            for field in self.parts:
                if field is not None:
                    labels = {**field.labels.get(code, {}), **labels}
            label = self._labels[number, locale] = Value(code, labels).label(locale)
        return label

    def own_label(self, numbers: Sequence[int], locale: str) -> str:
        """The label of the first of these codes that has one of its own; "" where none has."""
        for number in numbers:
            if any(field is not None and self.code(number) in field.labels for field in self.parts):
                return self.label(number, locale)
        return ""

    def most_frequent(self, counts: NDArray[np.int64], most: int, among: NDArray[np.int64] | None = None) -> list[int]:
        """The numbers of the codes with the highest counts, zero left out; of equal ones the first by their letters."""
        there = np.flatnonzero(counts) if among is None else among[counts[among] > 0]
        if len(there) > most:
            own = counts[there]
            least = np.partition(own, len(own) - most)[len(own) - most]
            more, ties = there[own > least], there[own == least]
            # Those of the main table stand in the order of their letters already.
            in_order, others = ties[ties < len(self._main)], ties[ties >= len(self._main)]
            there = np.concatenate((more, np.sort(in_order)[:most], others))
        return sorted(there.tolist(), key=lambda number: (-counts[number], self.code(number)))[:most]

    def children_of(self, path: str) -> NDArray[np.int64]:
        """The numbers of the codes that lie directly below a path; the top level's for ""."""
        found = [self.numbered(at, field.children_of(path)) for at, field in enumerate(self.parts) if field is not None]
        return np.unique(np.concatenate(found))

    @cached_property
    def kind(self) -> Kind:
        """What most of its values are. One that is always text is a text field however its codes look."""
        if self.name in ALWAYS_TEXT or not self.n_codes:
            return Kind.TEXT
        if self.truths is not None:
            codes = {self.code(number).casefold() for number in range(self.n_codes)}
            return Kind.TRUTH if codes - DIGITS else Kind.NUMBER
        sample = np.unique(np.linspace(0, self.n_codes - 1, min(self.n_codes, SAMPLE)).astype(np.int64)).tolist()
        given = self._over_all([None if field is None else field.numbers for field in self.parts])
        dates, units = 0, Counter[str]()
        for number in sample:
            code = self.code(number)
            if (read := read_number(code)) is not None:
                units[read[1]] += 1
            elif not np.isnan(given[number]):
                units[""] += 1
            elif read_moment(code) is not None:
                dates += 1
        usual = _usual(units)
        numbers = sum(count for unit, count in units.items() if factor(unit, usual) is not None)
        if numbers * 2 > len(sample):
            return Kind.NUMBER
        return Kind.DATE if dates * 2 > len(sample) else Kind.TEXT

    @cached_property
    def unit(self) -> str:
        """The unit that most of its numbers are in; "" where they have none."""
        counted: Counter[str] = Counter()
        for field in self.parts:
            if field is not None:
                read = field.readings
                counts = np.bincount(read.units[~np.isnan(read.numbers)], minlength=len(read.names))
                counted.update(dict(zip(read.names, counts.tolist(), strict=True)))
        return _usual(counted)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """Each code's number in `unit`; NaN where it is none, or does not compare."""
        return self._over_all([None if field is None else field.readings.numbers_in(self.unit) for field in self.parts])

    @cached_property
    def moments(self) -> NDArray[np.float64]:
        """Each code's date in Unix seconds; NaN where it is none."""
        return self._over_all([None if field is None else field.readings.moments for field in self.parts])

    @cached_property
    def truths(self) -> NDArray[np.bool_] | None:
        """Each code as yes or no; None unless all are."""
        if self.name in ALWAYS_TEXT or self.n_codes > MOST_TRUTHS:
            return None
        read = [TRUTH.get(self.code(number).casefold()) for number in range(self.n_codes)]
        return None if None in read or not read else np.array(read, bool)

    def _over_all(self, by_segment: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64]:
        made = np.full(self.n_codes, np.nan)
        # The first segment that has a code speaks for it.
        for places, values in reversed(list(zip(self._places, by_segment, strict=True))):
            if values is not None:
                made[places] = values
        return made

    def nearest(self, code: str) -> list[str]:
        """At most eight known codes, those most like an unknown one first; none where there are too many to compare."""
        if self.n_codes > MOST_COMPARED:
            return []
        return nearest(code, [self.code(number) for number in range(self.n_codes)], MOST_NAMED)


def _usual(units: Counter[str]) -> str:
    """The most frequent unit; "" only where there is no other."""
    return min((unit for unit in units if unit), key=lambda unit: (-units[unit], unit), default="")


class ViewFields(Mapping[str, ViewField]):
    """All fields of a view by name; each is put together when first asked for."""

    def __init__(self, by_segment: Sequence[Mapping[str, Field]]) -> None:
        self._by_segment = tuple(by_segment)
        self._names = sorted({name for fields in by_segment for name in fields})
        self._made: dict[str, ViewField] = {}

    def __getitem__(self, name: str) -> ViewField:
        made = self._made.get(name)
        if made is None:
            parts = [fields.get(name) for fields in self._by_segment]
            if not any(part is not None for part in parts):
                raise KeyError(name)
            made = self._made[name] = ViewField(name, parts)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
