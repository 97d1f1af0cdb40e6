"""The written sets of `sets/`: what was judged by hand, and the catalogues that it was judged on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from judged import read_judgements
from real_texts import FIRST_BUCKET, data_folder
from shelfwise.demo.catalogue.reader import products as sample_products
from shelfwise.index import Product
from shelfwise.index.feeds.html_text import one_line, plain_text

SETS = Path(__file__).resolve().parent / "sets"
KINDS = (
    *("model", "sku", "gtin", "unit", "typo", "negation", "brand", "colour"),
    *("compound", "order", "plural", "accent", "chinese", "inflection", "elision"),
)
LABELS = ("fits", "near", "absent")
# Where texts lie that are no part of the project: catalogues by shop, queries by source.
CATALOGUES = {
    "bestbuy": "bestbuy/products.parquet",
    "homedepot": "homedepot/products.parquet",
    "litemall": "zh_litemall/litemall_goods.parquet",
}
QUERIES = {"homedepot": "homedepot/judgements.parquet", "zh_queries": "zh_queries/train.query.txt"}
LOCALES = {"german": "de", "french": "fr", "litemall": "zh"}  # of shops; others speak English
CURRENCIES = {"german": "EUR", "french": "EUR"}  # others sell in dollars, or name no price


@dataclass(frozen=True)
class Tricky:
    """A query with what must come first and what must not come before it."""

    shop: str
    locale: str
    kind: str
    query: str
    first: tuple[str, ...]  # ids
    within: int  # the rank that one of them must reach
    not_within: tuple[str, ...]  # ids that look alike; each of them stands behind all of `first`
    why: str

    def is_met(self, ranking: Sequence[str]) -> bool:
        """Whether an answer, best first, is as it must be. What it does not hold stands behind its end."""
        rank = {key: place for place, key in reversed(list(enumerate(ranking, 1)))}
        last = len(ranking) + 1
        wanted = [rank.get(key, last) for key in self.first]
        unwanted = [rank[key] for key in self.not_within if key in rank]
        return min(wanted) <= min(self.within, len(ranking)) and (not unwanted or max(wanted) < min(unwanted))


@dataclass(frozen=True)
class Relevant:
    """A query with all products that answer it."""

    kind: str
    query: str
    relevant: frozenset[str]


@dataclass(frozen=True)
class Labelled:
    """A query and whether the shop has what it asks for."""

    shop: str
    locale: str
    kind: str  # "ordinary", "judged" (by Home Depot's raters), "foreign", "nonsense", "half" (a thing, an odd wish)
    label: str  # of LABELS
    why: str
    sha256: str  # of the query, hexadecimal
    source: str  # of QUERIES, where only the hash stands in the set; blank: the query is ours
    query: str | None  # None: not at hand

    @property
    def half(self) -> str:
        """ "tune" for choosing, "test" for what is reported."""
        return ("tune", "test")[int(self.sha256, 16) % 2]


def read_tricky(shop: str) -> list[Tricky]:
    """The tricky queries over one shop."""
    entries = [entry for entry in _lines("tricky.jsonl") if entry["shop"] == shop]
    return [
        Tricky(**{**each, "first": tuple(each["first"]), "not_within": tuple(each["not_within"])}) for each in entries
    ]


def read_relevant(shop: str) -> list[Relevant]:
    """The queries of "german" or "french"."""
    return [
        Relevant(entry["kind"], entry["query"], frozenset(entry["relevant"]))
        for entry in _lines(f"{shop}_queries.jsonl")
    ]


def read_labelled() -> list[Labelled]:
    """The queries that fit, nearly fit or do not fit a shop; their texts as far as the data is at hand."""
    made = []
    for entry in _lines("foreign.jsonl"):
        source = entry.pop("source", "")
        key = entry.pop("sha256", None) or _hash(entry["query"])
        query = entry.pop("query", None) if not source else _texts(source).get(key)
        made.append(Labelled(**entry, source=source, sha256=key, query=query))
    return made


def read_judged(count: int) -> list[Labelled]:
    """Home Depot's own queries with a product that its raters found relevant, as many as are wanted, by their hash."""
    if not count:
        return []
    judged = read_judgements(data_folder() / QUERIES["homedepot"], FIRST_BUCKET, 99)
    chosen = sorted((_hash(query), query) for query in judged)[:count]
    return [Labelled("homedepot", "en", "judged", "fits", "judged", key, "homedepot", query) for key, query in chosen]


def missing(shop: str) -> str | None:
    """Why a shop's catalogue cannot be read here; None where it can."""
    path = data_folder() / CATALOGUES[shop] if shop in CATALOGUES else None
    if path is None or path.is_file():
        return None
    return f"no {CATALOGUES[shop]} in {data_folder()}: set SHELFWISE_DATA to the folder with the real data"


def catalogue(shop: str) -> Iterator[Product]:
    """A shop's products, in a fixed order."""
    if shop == "sample":
        yield from map(Product.from_dict, sample_products())
    elif shop in CATALOGUES:
        yield from {"bestbuy": _bestbuy, "homedepot": _homedepot, "litemall": _litemall}[shop]()
    else:
        yield from map(Product.from_dict, _lines(f"{shop}_products.jsonl"))


def bestbuy_ids() -> list[str]:
    """The fixed list of 3,000; `bestbuy_ids.py` has the rule."""
    return (SETS / "bestbuy_ids.txt").read_text("ascii").split()


def _bestbuy() -> Iterator[Product]:
    rows = {row["upc"]: row for row in pq.read_table(data_folder() / CATALOGUES["bestbuy"]).to_pylist()}
    for key in bestbuy_ids():
        row = rows[key]
        yield Product(
            id=key,
            title=one_line(row["name"]),
            brand=one_line(row["manufacturer"]),
            description=plain_text(row["short_description"]),
            gtin=key,
        )


def _homedepot() -> Iterator[Product]:
    for row in pq.read_table(data_folder() / CATALOGUES["homedepot"]).to_pylist():
        yield Product(id=str(row["product_uid"]), title=one_line(row["product_title"]))


def _litemall() -> Iterator[Product]:
    path = data_folder() / CATALOGUES["litemall"]
    names = pq.read_table(path.with_name("litemall_category.parquet"), columns=["id", "name"]).to_pylist()
    categories = {row["id"]: row["name"] for row in names}
    for row in pq.read_table(path).to_pylist():
        title, brief = {"zh": one_line(row["name"])}, {"zh": plain_text(row["brief"])}
        category = {"zh": categories[row["category_id"]]} if row["category_id"] in categories else ()
        yield Product(id=str(row["id"]), title=title, description=brief, category=category)


@cache
def _texts(source: str) -> Mapping[str, str]:
    """The queries of a source by their hash; none where the data is not at hand."""
    path = data_folder() / QUERIES[source]
    if not path.is_file():
        return {}
    if path.suffix == ".parquet":
        queries = pq.read_table(path, columns=["search_term"]).column(0).to_pylist()
    else:
        queries = [line.partition("\t")[2] for line in path.read_text("utf-8").splitlines()]
    return {_hash(query): query for query in queries}


def _hash(query: str) -> str:
    return sha256(query.encode()).hexdigest()


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with (SETS / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
