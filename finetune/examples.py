"""The rows that a model is trained on: a query, a product that answers it, and others that answer it less or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .judgement import RELEVANT, Judgement, by_query

WRONG = 0.34  # a gain up to which a product is wrong: of raters from 1 to 3, two of three said 1 and one 2
GAIN_UNITS = 1_000  # labels are whole numbers: gains in thousandths


@dataclass(frozen=True, slots=True)
class Example:
    """One row; products are ids, the first one answers the query."""

    query: str
    products: tuple[str, ...]
    gains: tuple[float, ...]  # of the products, 0 to 1


@dataclass(frozen=True)
class TrainingData:
    """What is given to the trainer."""

    examples: Sequence[Example]
    texts: Mapping[str, str]  # what the encoder reads of each product
    answers: Sequence[tuple[str, str]]  # all queries and products that are known to belong together

    def columns(self) -> dict[str, list[object]]:
        """As columns: the query, each product's text, and a label of whole numbers; see `RankingLoss`."""
        queries = {each: at for at, each in enumerate(dict.fromkeys(e.query for e in self.examples))}
        products = self._numbers()
        width = len(self.examples[0].products)
        made: dict[str, list[object]] = {"query": [each.query for each in self.examples]}
        for at in range(width):
            made[f"product_{at}"] = [self.texts[each.products[at]] for each in self.examples]
        made["label"] = [
            [
                queries[each.query],
                *(products[key] for key in each.products),
                *(round(gain * GAIN_UNITS) for gain in each.gains),
            ]
            for each in self.examples
        ]
        return made

    def answer_numbers(self) -> list[tuple[int, int]]:
        """The answers by the numbers that the labels use."""
        queries = {each: at for at, each in enumerate(dict.fromkeys(e.query for e in self.examples))}
        products = self._numbers()
        return [(queries[q], products[p]) for q, p in self.answers if q in queries and p in products]

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        rows = [[each.query, each.products, each.gains] for each in self.examples]
        used = {key for each in self.examples for key in each.products}
        return {"rows": rows, "texts": {key: self.texts[key] for key in sorted(used)}, "answers": self.answers}

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> TrainingData:
        """What `to_json` gave."""
        rows = [Example(query, tuple(products), tuple(gains)) for query, products, gains in read["rows"]]
        return cls(rows, read["texts"], [(query, product) for query, product in read["answers"]])

    def _numbers(self) -> dict[str, int]:
        return {key: at for at, key in enumerate(dict.fromkeys(p for e in self.examples for p in e.products))}


def drawn(judgements: Sequence[Judgement], rows: int, seed: int) -> list[Judgement]:
    """The judgements of as many queries, by chance, as give `rows` rows; of a made-up million not all need be asked."""
    by_query: dict[str, list[Judgement]] = {}
    for each in judgements:
        by_query.setdefault(each.query, []).append(each)
    kept: list[Judgement] = []
    expected = 0.0
    queries = list(by_query)
    for at in np.random.default_rng(seed).permutation(len(queries)):
        if expected >= rows:
            break
        mine = by_query[queries[at]]
        kept += mine
        expected += sum(min(each.weight, 1.0) for each in mine if each.gain >= RELEVANT)
    return kept


def make_examples(
    judgements: Sequence[Judgement],
    negatives: Mapping[str, Sequence[str]],
    texts: Mapping[str, str],
    *,
    others: int = 1,
    graded: bool = True,
    most: int | None = None,
    seed: int = 0,
) -> TrainingData:
    """A row for each pair of a query and a product that answers it.

    Its `others` are drawn from what was judged as worse and from mined negatives, by chance and the same for the same
    seed; a query that has neither takes a product by chance. Where `graded`, what was judged keeps its gain, squared:
    a product of half the gain is to come clearly after. Where not, only gains up to WRONG serve, as wrong ones. A
    judgement that is trusted less is taken more rarely: with the probability of its weight. Of more than `most` rows so
    many are drawn.
    """
    chance = np.random.default_rng(seed)
    judged = by_query(judgements)
    weights = {(each.query, each.product_id): min(each.weight, 1.0) for each in judgements}
    everything = list(texts)
    rows: list[Example] = []
    for query, gains in judged.items():
        known = {key: gain for key, gain in gains.items() if key in texts}
        worse = [key for key, gain in known.items() if gain < (RELEVANT if graded else WRONG)]
        mined = [key for key in negatives.get(query, ()) if key in texts and key not in known]
        for key, gain in known.items():
            if gain < RELEVANT or chance.random() > weights[query, key]:
                continue
            drawn = _drawn(chance, worse, mined, everything, others, {key})
            given = (
                (gain**2, *(known.get(each, 0.0) ** 2 for each in drawn)) if graded else (1.0, *(0.0 for _ in drawn))
            )
            rows.append(Example(query, (key, *drawn), given))
    answers = [(query, key) for query, gains in judged.items() for key, gain in gains.items() if gain >= RELEVANT]
    chance.shuffle(rows)
    return TrainingData(rows[:most], texts, answers)


def _drawn(
    chance: np.random.Generator,
    worse: Sequence[str],
    mined: Sequence[str],
    everything: Sequence[str],
    count: int,
    taken: set[str],
) -> list[str]:
    """Judged and mined ones in equal parts as far as there are both."""
    made: list[str] = []
    while len(made) < count:
        judged_next = len(worse) and (not len(mined) or chance.random() < 0.5)
        pool = worse if judged_next else mined or everything
        free = [key for key in pool if key not in taken] if len(pool) < 100 else pool
        if not free:
            free = everything
        key = free[int(chance.integers(len(free)))]
        if key not in taken:
            taken.add(key)
            made.append(key)
    return made
