"""Products and vectors in and out of the tables."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Column, Connection, Select, Table, and_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from ..product import Product
from ..text import encoder_text, text_hash
from ..vectors.index import Vectors
from . import schema
from .building import Half

CHUNK = 500  # ids in one query; every database takes that many parameters

T = TypeVar("T")

logger = logging.getLogger("shelfwise.store")


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """A product as the tables hold it."""

    id: str
    document: str
    offers: str
    hash: str


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def to_row(product: Product, format_: int = schema.FORMAT) -> StoredProduct:
    """A resolved product as the tables hold it; the same product always gives the same."""
    fields = product.to_dict()
    offers: dict[str, Any] = {}
    for variant in fields["variants"]:
        if "offers" in variant:
            offers[variant["id"]] = variant.pop("offers")
    document, prices = to_json(fields), to_json(offers)
    return StoredProduct(product.id, document, prices, document_hash(document, prices, format_))


def to_json(fields: object) -> str:
    """As the tables hold it."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def document_hash(document: str, offers: str, format_: int = schema.FORMAT) -> str:
    """What tells whether a document changed; in format 1 its offers too."""
    text = document if format_ > 1 else f"{document}\n{offers}"
    return sha256(text.encode()).hexdigest()[:32]


def from_row(document: str, offers: str) -> Product:
    """The product of two columns that `to_row` wrote."""
    fields = json.loads(document)
    prices = json.loads(offers)
    for variant in fields["variants"]:
        variant["offers"] = prices.get(variant["id"], ())
    return Product.from_stored(fields)


# What json, decimal and a product say of a damaged document.
DAMAGED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


def readable(found: Iterable[Sequence[Any]]) -> list[Product]:
    """The products of rows of `select_products`; one whose document is damaged is passed over, and said in the log."""
    products = []
    for row in found:
        try:
            products.append(from_row(row[1], row[2] or "{}"))
        except DAMAGED as error:
            warn_of_damage(row[0], error)
    return products


def warn_of_damage(product_id: str, error: Exception) -> None:
    """Says in the log that a product is passed over."""
    logger.warning(
        "product %r: its document is damaged (%s), so it cannot be found; `shelfwise check` says what to do",
        product_id,
        error,
    )


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, or replaces those with the same primary key."""
    if not rows:
        return
    statement: Any = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), list(rows))


def _insert(connection: Connection, table: Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def select_products() -> Select[Any]:
    """All columns that `from_row` needs, with id and change; deleted ones have no document."""
    products, offers = schema.products, schema.offers
    joined = products.outerjoin(offers, products.c.id == offers.c.product_id)
    return select(products.c.id, products.c.document, offers.c.document, products.c.change).select_from(joined)


# Built once: building it anew, and its IN list, costs more than running it.
_BY_IDS = select_products().where(
    schema.products.c.id.in_(bindparam("ids", expanding=True)), schema.products.c.document.is_not(None)
)


def _possible(ids: Iterable[str]) -> Iterator[str]:
    """The ids that a product can have: with others, such as one with a NUL in it, a database cannot be asked."""
    return filter(str.isprintable, ids)


def products_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Product]:
    """The live products among these ids; see `readable`."""
    found: dict[str, Product] = {}
    for chunk in chunks(_possible(ids), CHUNK):
        for row in connection.execute(_BY_IDS, {"ids": chunk}):
            found.update((row[0], product) for product in readable([row]))
    return found


def live_products(connection: Connection) -> Iterator[list[Any]]:
    """All live products in the order of their ids' bytes, in lists."""
    statement = select_products().where(schema.products.c.document.is_not(None)).order_by(schema.products.c.id)
    # An option of the statement: one of the connection would stay, and a server-side cursor takes no lists of rows.
    result = connection.execute(statement.execution_options(yield_per=2_000))
    yield from (list(part) for part in result.partitions())


def count_since(connection: Connection, change: int) -> int:
    """How many products changed after `change`, deleted ones included; those whose offers alone did are not."""
    counted = select(func.count()).select_from(schema.products).where(schema.products.c.change > change)
    return int(connection.execute(counted).scalar_one())


def ids_since(connection: Connection, change: int) -> list[str]:
    """The live products that changed after `change`."""
    products = schema.products
    statement = select(products.c.id).where(products.c.change > change, products.c.document.is_not(None))
    return list(connection.execute(statement).scalars())


def count_live(connection: Connection) -> int:
    """How many products there are."""
    counted = select(func.count()).select_from(schema.products).where(schema.products.c.document.is_not(None))
    return int(connection.execute(counted).scalar_one())


Held = tuple[str, str]  # the hash of a product's document, and its offers as the table holds them


_HELD = (
    select(schema.products.c.id, schema.products.c.hash, schema.offers.c.document)
    .select_from(schema.products.outerjoin(schema.offers, schema.products.c.id == schema.offers.c.product_id))
    .where(schema.products.c.id.in_(bindparam("ids", expanding=True)), schema.products.c.document.is_not(None))
)


def held(connection: Connection, ids: Sequence[str]) -> dict[str, Held]:
    """What is there of those products that are live."""
    found: dict[str, Held] = {}
    for chunk in chunks(_possible(ids), CHUNK):
        found.update((row[0], (row[1], row[2] or "{}")) for row in connection.execute(_HELD, {"ids": chunk}))
    return found


def variant_ids(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    """The variants of live products, in their order; without those whose documents are damaged."""
    products = schema.products
    found: dict[str, list[str]] = {}
    for chunk in chunks(ids, CHUNK):
        statement = select(products.c.id, products.c.document).where(
            products.c.id.in_(chunk), products.c.document.is_not(None)
        )
        for key, document in connection.execute(statement):
            try:
                found[key] = [variant["id"] for variant in json.loads(document)["variants"]]
            except DAMAGED as error:
                warn_of_damage(key, error)
    return found


def remember(
    connection: Connection,
    import_id: int | None,
    ids: Sequence[str],
    change: int,
    places: Mapping[str, int] | None = None,
) -> None:
    """Writes down what these products are before an import changes them; the first time counts.

    `places`: in which row of the feed each stands; there the last counts.
    """
    if import_id is None:
        return
    before: dict[str, tuple[str | None, str | None]] = dict.fromkeys(ids, (None, None))
    for chunk in chunks(ids, CHUNK):
        for key, document, offers, _ in connection.execute(_BY_IDS, {"ids": chunk}):
            before[key] = (document, offers)
    statement: Any = _insert(connection, schema.history)
    again = statement.on_conflict_do_update(
        index_elements=["import_id", "product_id"],
        set_={"change": statement.excluded.change, "row": statement.excluded.row},
    )
    found = [
        {
            "import_id": import_id,
            "product_id": key,
            "change": change,
            "row": (places or {}).get(key),
            "document": document,
            "offers": offers,
        }
        for key, (document, offers) in before.items()
    ]
    if found:
        connection.execute(again, found)


def touch(connection: Connection, ids: Sequence[str], change: int) -> None:
    """In a store of format 1: these products changed, for their offers did."""
    for chunk in chunks(ids, CHUNK):
        for key, document, offers, _ in connection.execute(_BY_IDS, {"ids": chunk}).all():
            values = {"change": change, "hash": document_hash(document, offers or "{}", 1)}
            connection.execute(schema.products.update().where(schema.products.c.id == key).values(values))


def delete_in(connection: Connection, column: Column[str], values: Iterable[str]) -> None:
    """Deletes the rows with these values in a column."""
    for chunk in chunks(values, CHUNK):
        connection.execute(column.table.delete().where(column.in_(chunk)))


@dataclass(frozen=True, slots=True)
class TextKey:
    """What a vector is kept by, beside the encoder."""

    hash: str
    locale: str


def texts_of(product: Product) -> dict[str, tuple[TextKey, str]]:
    """The text for the encoder and its key, by locale."""
    made = {}
    for locale in product.texts:
        text = encoder_text(product, locale)
        made[locale] = (TextKey(text_hash(text), locale), text)
    return made


def vectors_of(
    connection: Connection, keys: Iterable[TextKey], encoder: str, dimension: int | None = None
) -> dict[TextKey, Half]:
    """The vectors that are there; with a `dimension`, none that is damaged and has another."""
    vectors = schema.vectors
    found: dict[TextKey, Half] = {}
    for chunk in chunks(dict.fromkeys(key.hash for key in keys), CHUNK):
        where = and_(vectors.c.encoder == encoder, vectors.c.text_hash.in_(chunk))
        for hash_, locale, blob in connection.execute(
            select(vectors.c.text_hash, vectors.c.locale, vectors.c.vector).where(where)
        ):
            if dimension is None or len(blob) == 2 * dimension:
                found[TextKey(hash_, locale)] = np.frombuffer(blob, "<f2")
    return found


def vector_rows(keys: Sequence[TextKey], vectors: Vectors, encoder: str) -> list[dict[str, Any]]:
    """Rows of the vectors table."""
    halves = vectors.astype("<f2")
    return [
        {"text_hash": key.hash, "locale": key.locale, "encoder": encoder, "vector": half.tobytes()}
        for key, half in zip(keys, halves, strict=True)
    ]
