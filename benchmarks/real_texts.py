"""Titles and queries as shops have them: real ones where they are at hand, recombined beyond that."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from measures import bucket
from shelfwise.demo.catalogue.reader import products as sample_products
from shelfwise.index import Product

TITLES = (("homedepot/products.parquet", "product_title"), ("bestbuy/products.parquet", "name"))
QUERIES = ("homedepot/judgements.parquet", "search_term")
FIRST_BUCKET = 30  # 15 to 29 are for measuring quality, and looked at for nothing else


def data_folder() -> Path:
    """Where the real data is: SHELFWISE_DATA, or beside the repository."""
    return Path(os.environ.get("SHELFWISE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


@cache
def titles(count: int) -> tuple[str, ...]:
    """Distinct titles in a fixed order: real ones first, then recombined from halves of two."""
    # Cleaned as an import cleans them, so that two that differ by an entity are one text.
    real = list(dict.fromkeys(Product(id="-", title=title).title for title in _real_titles() if title.strip()))
    return (*real[:count], *_recombined(real, count - len(real)))


def _real_titles() -> Iterator[str]:
    found = False
    for name, column in TITLES:
        path = data_folder() / name
        if path.is_file():
            found = True
            yield from pq.read_table(path, columns=[column]).column(column).to_pylist()
    if not found:
        for fields in sample_products():
            yield fields["title"]["en"]


def _recombined(real: list[str], count: int) -> list[str]:
    made: dict[str, None] = {}
    there = set(real)
    rng = np.random.default_rng(0)
    while len(made) < count:
        first, second = (real[at].split() for at in rng.integers(0, len(real), 2))
        title = " ".join(first[: (len(first) + 1) // 2] + second[len(second) // 2 :])
        if title not in there:
            made[title] = None
    return list(made)


def queries(count: int) -> list[str]:
    """Distinct queries in a fixed order, spread over all; three words of a title each where no real ones are."""
    path = data_folder() / QUERIES[0]
    if path.is_file():
        typed = dict.fromkeys(pq.read_table(path, columns=[QUERIES[1]]).column(QUERIES[1]).to_pylist())
        real = [query for query in typed if bucket(query) >= FIRST_BUCKET]
    else:
        real = []
    rng = np.random.default_rng(1)
    chosen = [real[at] for at in rng.permutation(len(real))[:count]]
    known = titles(10_000)
    made = dict.fromkeys(chosen)
    while len(made) < count:
        words = known[int(rng.integers(len(known)))].split()
        made[" ".join(words[at] for at in sorted(rng.permutation(len(words))[:3]))] = None
    return list(made)


def products(given: Sequence[str]) -> Iterator[Product]:
    """The titles as products with a price from 5 to 500, the same on every machine."""
    for number, title in enumerate(given, 1):
        cents = 500 + int(sha256(title.encode()).hexdigest()[:8], 16) % 49_500
        yield Product(id=f"p{number:07}", title=title, price=f"{cents / 100:.2f}")
