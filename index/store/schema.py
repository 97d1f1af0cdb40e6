"""The tables of a store. They are the only truth; everything else on disk can be made again from them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

FORMAT = 2  # of new stores; opening never changes a store's format
READS = (FORMAT - 1, FORMAT)  # what this version reads and writes

metadata = MetaData()

# Ids are compared byte by byte, as SQLite does by itself.
_ID = String(200).with_variant(String(200, collation="C"), "postgresql")
_LONG_ID = String(300).with_variant(String(300, collation="C"), "postgresql")

# Facts about the store itself: format, settings, and the number of the last change.
facts = Table("facts", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False))

# One row a product that ever was. `document` is what Product.to_dict gives, without offers; NULL once deleted, so that
# a process that follows the changes learns of it.
products = Table(
    "products",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("document", Text),
    Column("hash", String(32), nullable=False),  # an unchanged product is not written again
    Column("import_id", Integer),  # the last import that wrote it
    Index("products_by_change", "change"),
)

# Prices and stock, apart from the texts, because they change all day: a list of offers by variant id.
offers = Table(
    "offers",
    metadata,
    Column("product_id", _ID, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("offers_by_change", "change"),
)

# One row a text that was ever encoded: half-precision numbers, little-endian.
vectors = Table(
    "vectors",
    metadata,
    Column("text_hash", String(32), primary_key=True),
    Column("locale", String(35), primary_key=True),
    Column("encoder", String(64), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

# What was brought in, when, and how it went.
imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("started", String(40), nullable=False),
    Column("finished", String(40)),  # NULL: still running, or killed
    Column("report", Text),
)

# ---- since format 2 ----------------------------------------------------------------------------------------------

# Products whose texts are to be encoded by the maintainer, with the change that wrote them.
waiting = Table(
    "waiting",
    metadata,
    Column("product_id", _ID, primary_key=True),
    Column("change", BigInteger, nullable=False),
)

# What an import found before it changed something, so that it can be undone. No document: there was no such product.
history = Table(
    "history",
    metadata,
    Column("import_id", Integer, primary_key=True, autoincrement=False),
    Column("product_id", _ID, primary_key=True),
    Column("change", BigInteger, nullable=False),  # the import's own
    Column("row", Integer),  # of the feed, from 1; NULL where it came from elsewhere
    Column("document", Text),
    Column("offers", Text),
)

# What the shop writes besides products: landing pages, rules. JSON, by kind and key.
documents = Table(
    "documents",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("key", _LONG_ID, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

FORMAT_1 = (facts, products, offers, vectors, imports)
