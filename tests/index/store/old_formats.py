"""Stores as older versions made them, in SQL of their time, so that they stay as they were whatever becomes of ours."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from shelfwise.index import Product
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.index.text import encoder_text, text_hash

FORMAT_1 = """
CREATE TABLE facts (name VARCHAR(64) NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE products (
    id VARCHAR(200) NOT NULL, change BIGINT NOT NULL, document TEXT, hash VARCHAR(32) NOT NULL, import_id INTEGER,
    PRIMARY KEY (id)
);
CREATE INDEX products_by_change ON products (change);
CREATE TABLE offers (
    product_id VARCHAR(200) NOT NULL, change BIGINT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (product_id)
);
CREATE INDEX offers_by_change ON offers (change);
CREATE TABLE vectors (
    text_hash VARCHAR(32) NOT NULL, locale VARCHAR(35) NOT NULL, encoder VARCHAR(64) NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (text_hash, locale, encoder)
);
CREATE TABLE imports (
    id INTEGER NOT NULL, source TEXT NOT NULL, mode VARCHAR(16) NOT NULL, started VARCHAR(40) NOT NULL,
    finished VARCHAR(40), report TEXT, PRIMARY KEY (id)
);
"""
FACTS_1 = {
    "format": "1",
    "generation": "0",
    "locale": "en",
    "currency": "USD",
    "market": "",
    "encoder_reference": "hashing",
    "encoder_hash": HashingEncoder.hash,
    "encoder_dimension": str(HashingEncoder.dimension),
    "encoder_settings": json.dumps({"query_prompt": None, "passage_prompt": None, "max_tokens": 128, "batch_size": 64}),
}


def make_format_1(path: Path, products: Iterable[Product], deleted: Sequence[str] = ()) -> None:
    """A store of format 1 in a new folder: each product is a change of its own, and has its vectors; one import.

    `deleted`: ids of products that were there once.
    """
    stored = [product.resolved("en", "USD") for product in products]
    for folder in ("generations", "reports"):
        (path / folder).mkdir(parents=True)
    with closing(sqlite3.connect(path / "shelfwise.db")) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(FORMAT_1)
        connection.execute(
            "INSERT INTO imports VALUES (1, 'feed.csv', 'merge', '2025-01-01T10:00:00+00:00', NULL, NULL)"
        )
        for change, product in enumerate(stored, 1):
            document, offers = documents_of(product)
            row = (product.id, change, document, hash_1(document, offers), 1)
            connection.execute("INSERT INTO products VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO offers VALUES (?, ?, ?)", (product.id, change, offers))
            for locale in product.texts:
                text = encoder_text(product, locale)
                vector = HashingEncoder().encode_passages([text])[0].astype("<f2").tobytes()
                values = (text_hash(text), locale, HashingEncoder.hash, vector)
                connection.execute("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?, ?)", values)
        for change, key in enumerate(deleted, len(stored) + 1):
            connection.execute("INSERT INTO products VALUES (?, ?, NULL, '', NULL)", (key, change))
        facts = {**FACTS_1, "change": str(len(stored) + len(deleted))}
        connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())


def documents_of(product: Product) -> tuple[str, str]:
    """A product's two documents."""
    fields = product.to_dict()
    offers = {each["id"]: each.pop("offers") for each in fields["variants"] if "offers" in each}
    document, prices = (json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in (fields, offers))
    return document, prices


def hash_1(document: str, offers: str) -> str:
    """What format 1 tells a changed product by."""
    return sha256(f"{document}\n{offers}".encode()).hexdigest()[:32]


def hash_2(document: str, offers: str) -> str:
    """What format 2 tells a changed product by; changed offers are told by themselves."""
    return sha256(document.encode()).hexdigest()[:32]


def assert_format(path: Path, format_: int) -> None:
    """A store's tables, facts and hashes are all of this format."""
    with closing(sqlite3.connect(path / "shelfwise.db")) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        facts = dict(connection.execute("SELECT name, value FROM facts"))
        own = {"facts", "products", "offers", "vectors", "imports"}
        assert tables == (own if format_ == 1 else own | {"waiting", "history", "documents"})
        assert facts["format"] == str(format_)
        assert ("store" in facts, "removed_vectors" in facts) == (format_ == 2, format_ == 2)
        hash_of = hash_1 if format_ == 1 else hash_2
        joined = (
            "SELECT p.document, o.document, p.hash FROM products p LEFT JOIN offers o ON o.product_id = p.id "
            "WHERE p.document IS NOT NULL"
        )
        rows = connection.execute(joined).fetchall()
        assert rows and all(hash_of(document, offers) == hash_ for document, offers, hash_ in rows)
        assert {row[0] for row in connection.execute("SELECT hash FROM products WHERE document IS NULL")} <= {""}
