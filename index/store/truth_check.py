"""Whether the tables agree with themselves, and what is searched with the tables: in one look at every product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from ..columns.offers import Offers
from ..product import Product
from . import rows, schema, settings
from .comparing import Comparison, Ids, TruthRow, offer_rows, rebuilt_differ
from .folder import Generation
from .loading import entries
from .problem import AGAIN, MAINTAIN, REPAIR, RESTORE, Problem, rebuild
from .segment import Segment
from .vector_check import VectorCheck
from .view import LiveSegment, View

if TYPE_CHECKING:
    from .store import Store

SAMPLE = 300  # products whose words are computed anew
AT_ONCE = 1_000
FACTS = ("locale", "currency", "market")  # without the others a store does not open
WRONG = {
    "document": "documents cannot be read",
    "hash": "documents are not those that were written, for their hashes differ",
    "offers": "offers are missing, or are not those of the product's variants",
    "lone": "offers are there though the product is not",
    "newer": "changes are later than the store's last one",
}


class TruthCheck:
    """Looks at the tables within one read transaction, which began after `view` and `live` were taken.

    `view`: what this process searches; `live`: the generation that a process would search that opens the store now.
    """

    def __init__(self, store: Store, connection: Connection, view: View, live: Generation | None) -> None:
        self._store, self._connection, self._live = store, connection, live
        self._facts = settings.read(connection)
        self._format, self._change = settings.check_format(self._facts, store.name), int(self._facts["change"])
        self._wrong = {name: Ids() for name in WRONG}
        self._vectors = VectorCheck(store, connection, self._facts)
        self._view = Comparison(view)
        self._segment = Segment.load(live.folder) if live is not None else None
        self._generation: Comparison | None = None
        if live is not None and self._segment is not None:
            self._generation = Comparison(View((LiveSegment(self._segment),), live.manifest.change, live.number))
        self._every = max(1, rows.count_live(connection) // SAMPLE)
        self._differ = Ids()

    def problems(self, ask_encoder: bool) -> Iterator[Problem]:
        """Everything that is wrong. Raises `StoreError` where the database cannot be read."""
        for part in self._rows():
            self._look(part)
        yield from self._of_facts()
        yield from self._of_rows()
        yield from self._vectors.problems(ask_encoder)
        for said in self._view.sentences():
            do = f"{REPAIR}, and start the processes anew that were open before"
            yield Problem("cache", f"this process would answer wrongly: {said}", do)
        if self._live is not None:
            for said in self._of_generation():
                yield rebuild(f"generation {self._live.number:06d}: {said}", self._live.folder)

    def _rows(self) -> Iterator[list[TruthRow]]:
        products, offers = schema.products, schema.offers
        joined = products.outerjoin(offers, products.c.id == offers.c.product_id)
        columns = (products.c.id, products.c.change, products.c.document, products.c.hash)
        statement = select(*columns, offers.c.document, offers.c.change).select_from(joined).order_by(products.c.id)
        result = self._connection.execute(statement.execution_options(yield_per=AT_ONCE))
        for part in result.partitions():
            yield [TruthRow(*row[:5], row[5] or 0) for row in part]

    def _look(self, part: Sequence[TruthRow]) -> None:
        products = [self._read(row) for row in part]
        offers = Offers.build([variant.offers for product in products if product for variant in product.variants])
        at = 0
        for row, product in zip(part, products, strict=True):
            count = len(product.variants) if product else 0
            own = [offer_rows(offers, variant) for variant in range(at, at + count)]
            at += count
            self._view.look(row, product, own)
            if self._generation is not None:
                self._generation.look(row, product, own)
        self._vectors.look([product for product in products if product is not None])
        readable = [row for row, product in zip(part, products, strict=True) if product is not None]
        self._look_at_words(readable[:: self._every])

    def _read(self, row: TruthRow) -> Product | None:
        """The product of a row; None for a deleted one, and for one that cannot be read."""
        if max(row.change, row.offers_change) > self._change:
            self._wrong["newer"].add(row.id)
        if row.document is None:
            if row.offers is not None:
                self._wrong["lone"].add(row.id)
            return None
        try:
            product = rows.from_row(row.document, row.offers or "{}")
            fits = product.id == row.id and rows.to_row(product, self._format).offers == row.offers
        except Exception:  # whatever a damaged document makes json or a product say
            self._wrong["document"].add(row.id)
            return None
        if rows.document_hash(row.document, row.offers or "{}", self._format) != row.hash:
            self._wrong["hash"].add(row.id)
        if not fits:
            self._wrong["offers"].add(row.id)
        return product

    def _look_at_words(self, sample: Sequence[TruthRow]) -> None:
        if self._live is None or self._segment is None:
            return
        until, find = self._live.manifest.change, self._segment.ids.find
        there = [
            (row.id, row.document, row.offers, row.change)
            for row in sample
            if row.change <= until and find(row.id) >= 0
        ]
        fresh = entries(self._connection, there, self._live.manifest.encoder)
        for key in rebuilt_differ(self._segment, fresh):
            self._differ.add(key)

    # ---- in sentences --------------------------------------------------------------------------------------------

    def _of_facts(self) -> Iterator[Problem]:
        known = "encoder_hash" in self._facts
        wanted = [*FACTS, *(("encoder_reference", "encoder_dimension") if known else ())]
        for name in [*wanted, *(("store",) if self._format > 1 else ())]:
            if name not in self._facts:
                yield Problem("database", f"the store does not know its {name}", RESTORE)
        if not known and self._connection.execute(select(schema.vectors.c.encoder).limit(1)).first() is not None:
            yield Problem("database", "there are vectors, and the store does not know of which encoder", RESTORE)

    def _of_rows(self) -> Iterator[Problem]:
        products, offers, waiting = schema.products, schema.offers, schema.waiting
        lone = select(offers.c.product_id).where(offers.c.product_id.not_in(select(products.c.id)))
        for key in self._connection.execute(lone).scalars():
            self._wrong["lone"].add(key)
        for name, said in WRONG.items():
            if found := self._wrong[name]:
                yield Problem("database", f"{found.count:,} products ({found}): their {said}", AGAIN)
        if self._format > 1:
            live = select(products.c.id).where(products.c.document.is_not(None))
            gone = select(func.count()).select_from(waiting).where(waiting.c.product_id.not_in(live))
            if count := self._connection.execute(gone).scalar_one():
                yield Problem("database", f"{count:,} products wait to be encoded, and are not there", MAINTAIN)

    def _of_generation(self) -> Iterator[str]:
        if self._generation is not None:
            yield from self._generation.sentences()
        if self._differ:
            yield f"words or vectors are other than the documents' ({self._differ})"
