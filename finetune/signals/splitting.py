"""Queries that are trained on, and queries that judge: none of one side is nearly one of the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..judgement import Judgement
from .errors import SignalError
from .queries import normalized, stems

NEAR = 90.0  # from this likeness on (of 100) two queries with the same numbers are one to a model
_ROWS = 1_000  # compared at once, so that a block of 20,000 needs 20 MB

Stems = tuple[str, ...]


class Split(NamedTuple):
    """Judgements of two sets of queries, each in the order given."""

    train: list[Judgement]
    held_out: list[Judgement]


class WithoutLeaks(NamedTuple):
    """What may be trained on, and what was left out and why, in sentences."""

    train: list[Judgement]
    report: list[str]


def split(judgements: Iterable[Judgement], held_out: float = 0.1, seed: int = 0, *, locale: str = "en") -> Split:
    """About `held_out` of the queries with all their judgements on one side, the others on the other.

    Queries with the same stemmed words, or with the same numbers and a likeness of `NEAR` or more, stay together, and
    so does whatever such neighbours link. The side follows from a hash of the words, so a query keeps it when the data
    grow; only where a new query joins two groups, or one of them, the group may change its side as a whole. `locale`:
    the language of the queries, for stemming. Raises `SignalError` where one side would be empty.
    """
    if not 0 < held_out < 1:
        raise SignalError(f"held_out: wanted a share above 0 and below 1, got {held_out!r}")
    given = list(judgements)
    key_of = {each.query: _key(each.query, locale) for each in given}
    keys = sorted(set(key_of.values()))
    groups = _groups(keys)
    first: dict[int, tuple[bytes, Stems]] = {}  # each group's key with the lowest hash: growing seldom changes that
    for key, group in zip(keys, groups, strict=True):
        named = (sha256("\n".join(key).encode()).digest(), key)
        first[group] = min(first.get(group, named), named)
    out = {group: _share(seed, key) < held_out for group, (_, key) in first.items()}
    side = {key: out[group] for key, group in zip(keys, groups, strict=True)}
    made = Split([], [])
    for each in given:
        made[side[key_of[each.query]]].append(each)
    if not made.train or not made.held_out:
        raise SignalError(
            f"judgements: wanted queries to train on and queries to hold out, got {len(key_of):,} queries that make"
            f" {len(first):,} groups of like ones, all on one side; bring more, or another held_out or seed"
        )
    return made


def without_leaks(train: Iterable[Judgement], test_queries: Iterable[str], *, locale: str = "en") -> WithoutLeaks:
    """What is left of `train` without the queries that equal one of `test_queries` or are near to one."""
    given = list(train)
    tested = {_key(each, locale) for each in test_queries}
    key_of = {each.query: _key(each.query, locale) for each in given}
    keys = sorted(tested | set(key_of.values()))
    is_test = [key in tested for key in keys]
    near = {keys[b if is_test[a] else a] for a, b in _near_pairs(keys) if is_test[a] != is_test[b]}
    kept = [each for each in given if (key := key_of[each.query]) not in tested and key not in near]
    equal_count = sum(key in tested for key in key_of.values())
    near_count = sum(key in near for key in key_of.values())
    if not equal_count and not near_count:
        return WithoutLeaks(kept, [f"None of {len(key_of):,} queries is one that tests, or near to one."])
    report = [
        f"{equal_count:,} of {len(key_of):,} queries were left out because they test, with the same words, and"
        f" {near_count:,} because they are near to one that does: {len(given) - len(kept):,} of {len(given):,}"
        " judgements."
    ]
    return WithoutLeaks(kept, report)


def _key(query: str, locale: str) -> Stems:
    return stems(query, locale) or (normalized(query),)


def _share(seed: int, key: Stems) -> float:
    return int.from_bytes(sha256("\n".join((str(seed), *key)).encode()).digest()[:8]) / 2**64


def _groups(keys: Sequence[Stems]) -> list[int]:
    pairs = np.array([*_near_pairs(keys)], dtype=np.int64).reshape(-1, 2)
    links = coo_matrix((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(keys), len(keys)))
    return [int(each) for each in connected_components(links, directed=False)[1]]


def _near_pairs(keys: Sequence[Stems]) -> Iterator[tuple[int, int]]:
    """Positions of near keys; a pair may come more than once.

    Keys are compared only with those that have the same numbers and a word with the same two first or last letters,
    or four where very many share two: what is 90% alike does, but for slips at both ends of its only word.
    """
    numbers = [tuple(word for word in key if any(map(str.isdigit, word))) for key in keys]
    ends = [
        {end for word in set(key).difference(own) for end in ((word[:4], ""), ("", word[-4:]))}
        for key, own in zip(keys, numbers, strict=True)
    ]
    common = Counter(
        (own, *short)
        for own, of_key in zip(numbers, ends, strict=True)
        for short in {(a[:2], b[-2:]) for a, b in of_key}
    )
    blocks: dict[tuple[Stems, str, str], list[int]] = defaultdict(list)
    for place, (own, of_key) in enumerate(zip(numbers, ends, strict=True)):
        for first, last in {(a, b) if common[own, a[:2], b[-2:]] > _ROWS else (a[:2], b[-2:]) for a, b in of_key}:
            blocks[own, first, last].append(place)
    texts = [" ".join(key) for key in keys]
    for block in blocks.values():
        if len(block) < 2:
            continue
        block.sort(key=lambda place: len(texts[place]))
        lengths = np.array([len(texts[place]) for place in block])
        for start in range(0, len(block), _ROWS):
            rows = block[start : start + _ROWS]
            # Texts of which one is more than 11/9 as long as the other cannot be 90% alike.
            end = int(np.searchsorted(lengths, len(texts[rows[-1]]) * 11 / 9, side="right"))
            alike = process.cdist(
                [texts[place] for place in rows],
                [texts[place] for place in block[start:end]],
                scorer=fuzz.ratio,
                score_cutoff=NEAR,
                dtype=np.uint8,
            )
            for row, column in np.argwhere(alike):
                if row < column:
                    yield rows[row], block[start + column]
