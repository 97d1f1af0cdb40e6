"""A store: the shop's products on disk, and the view of them that this process searches."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, inspect, select

from ..context import Context
from ..encoder import Encoder, EncoderSettings, check_vectors, load_encoder
from ..errors import EncoderError, ShelfwiseError, StoreClosed, StoreError, StoreMissing
from ..product import Product
from . import rows, schema, settings
from .building import SegmentBuilder
from .database import Database, last_change, next_change
from .folder import StoreFolder, check_files, read_manifest
from .segment import Segment
from .settings import EncoderFacts, StoreSettings
from .tail import Entry, Tail, extended
from .view import LiveSegment, View

logger = logging.getLogger("shelfwise.store")

RETRY_SECONDS = 60.0  # after a model could not be loaded; a hub that does not answer must not hold up every search
FOLLOW_SECONDS = 0.2  # how often a search looks whether another process wrote
# A tail larger than both is built into a new generation.
TAIL_AT_LEAST = 2_000
TAIL_SHARE = 0.05


class ChangedMeanwhile(Exception):
    """A product is no longer what a patch of it was made from."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one write did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    encoded: int = 0  # texts
    unread: int = 0  # texts that the encoder cannot read; found by their words alone

    def __add__(self, other: Written) -> Written:
        return Written(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


class Store:
    """Reads and writes of one store, for one process. Safe to call from several threads."""

    def __init__(
        self, folder: StoreFolder, database: Database, context: Context, encoder: EncoderSettings | Encoder
    ) -> None:
        self.folder = folder
        self.context = context  # the shop's own: what a request leaves open
        self._database = database
        self._wanted_encoder = encoder
        self._encoder: Encoder | None = None
        self._encoder_lock = threading.Lock()
        self._encoder_error: ShelfwiseError | None = None
        self._encoder_retry = 0.0
        self._lock = threading.RLock()
        self._view, self._tail = View(), Tail()
        self._closed = False
        self._looked = 0.0
        self._bad: set[tuple[int, int]] = set()  # generations that could not be read
        self._warned = ""  # about the live generation: said once, not at every write
        self._seen_version = -1

    @staticmethod
    def exists(path: str | Path) -> bool:
        """Whether a store lies at this path."""
        return StoreFolder(Path(path)).exists()

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        settings_: StoreSettings | None = None,
        encoder: EncoderSettings | Encoder | str | None = None,
    ) -> Store:
        """Opens the store in a folder, making it on first use unless `create` is False. Loads no model.

        Raises `StoreMissing`, `StoreError`.
        """
        wanted = settings_ or StoreSettings()
        folder = StoreFolder(Path(path).absolute())  # a host that changes its working folder keeps its store
        if not folder.exists():
            if not create:
                raise StoreMissing(
                    f"store {path}: there is none; make one with `shelfwise import {path} FEED`, or check the path"
                )
            if not folder.is_free() and not folder.exists():  # another process may be making it now
                raise StoreError(
                    f"store {path}: wanted an empty or new folder, or a store, got something else; choose another path"
                )
            settings.check_new(wanted)
            folder.create()
        database = Database(folder.database)
        try:
            facts = _facts(database, wanted, create)
            context = settings.check(facts, wanted, str(path))
            store = cls(folder, database, context, _chosen_encoder(encoder, facts))
            store.settle()
        except BaseException:
            database.close()
            raise
        return store

    # ---- the view ------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What can be found now: all that this process wrote, and others' writes of a moment ago."""
        self._check_open()
        now = time.monotonic()
        # Where another thread brings the view up to date, or builds, this one answers from the view that is there.
        if now - self._looked > FOLLOW_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._check_open()
                self._looked = now
                if self._database.version() != self._seen_version:
                    self.refresh()
            finally:
                self._lock.release()
        return self._view

    def refresh(self) -> None:
        """Brings the view up to the last change, of whatever process."""
        self._check_open()
        with self._lock:
            self._seen_version = self._database.version()
            view, tail = self._with_generation()
            with self._database.read() as connection:
                change = last_change(connection)
                if change != view.change:
                    view, tail = extended(view, tail, self._changed_since(connection, view.change), change)
            # In one step: a thread that searches beside must never see a generation without its tail.
            self._view, self._tail = view, tail

    def _with_generation(self) -> tuple[View, Tail]:
        """View and tail as they are, or the live generation alone where that is another."""
        seal = None
        try:
            live = self.folder.live()
            if live is None or live[0] == self._view.generation:
                return self._view, self._tail
            number, folder = live
            seal = self.folder.seal(number)
            if seal in self._bad:
                return self._view, self._tail
            manifest = read_manifest(folder)
            if not manifest.readable:
                raise StoreError(f"generation {folder.name}: it was made by another version")
            # Once a process: a flipped bit in an index would give wrong answers, or end the process.
            check_files(folder, manifest)
            segment = Segment.load(folder)
        except Exception as error:  # whatever damaged files make numpy, json or the vector index say
            # A generation is a cache: without it the tail holds everything, slower and just as right.
            if seal is not None:
                self._bad.add(seal)
            if str(error) != self._warned:
                logger.warning("%s; its products are read from the database until a new one is built", error)
            self._warned = str(error)
            return self._view, self._tail
        return View((LiveSegment(segment),), manifest.change, number), Tail()

    def _changed_since(self, connection: Connection, change: int) -> dict[str, Entry | None]:
        statement = rows.select_products().where(schema.products.c.change > change)
        changed: dict[str, Entry | None] = {}
        for chunk in rows.chunks(connection.execute(statement), 2_000):
            present = [row for row in chunk if row[1] is not None]
            changed.update((row[0], None) for row in chunk if row[1] is None)
            for entry in self._entries(connection, present):
                changed[entry.product.id] = entry
        return changed

    def _entries(self, connection: Connection, found: Sequence[Sequence[object]]) -> list[Entry]:
        """Products with their vectors, from rows of `select_products`."""
        products = [rows.from_row(str(row[1]), str(row[2] or "{}")) for row in found]
        known = settings.encoder_facts(settings.read(connection))
        if known is None:
            return [Entry(product, {}) for product in products]
        keys = [{locale: key for locale, (key, _) in rows.texts_of(product).items()} for product in products]
        vectors = rows.vectors_of(connection, (key for each in keys for key in each.values()), known.hash)
        return [
            Entry(product, {locale: vectors[key] for locale, key in each.items() if key in vectors})
            for product, each in zip(products, keys, strict=True)
        ]

    # ---- reading -------------------------------------------------------------------------------------------------

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        """The live products among these ids, from the truth."""
        self._check_open()
        with self._database.read() as connection:
            return rows.products_by_id(connection, ids)

    def ids(self) -> set[str]:
        """The ids of all live products, from the truth."""
        self._check_open()
        with self._database.read() as connection:
            statement = select(schema.products.c.id).where(schema.products.c.document.is_not(None))
            return set(connection.execute(statement).scalars())

    # ---- writing -------------------------------------------------------------------------------------------------

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded on first use; raises `EncoderError` when the store's vectors are another's."""
        # A lock of its own: while a model loads, or a hub does not answer, prices can still be written.
        with self._encoder_lock:
            if self._encoder is None:
                if self._encoder_error is not None and time.monotonic() < self._encoder_retry:
                    raise self._encoder_error
                try:
                    encoder = load_encoder(self._wanted_encoder)
                    with self._database.read() as connection:
                        self._check_encoder(connection, encoder)
                except ShelfwiseError as error:
                    self._encoder_error, self._encoder_retry = error, time.monotonic() + RETRY_SECONDS
                    raise
                self._encoder = encoder
            return self._encoder

    def _check_encoder(self, connection: Connection, encoder: Encoder) -> bool:
        """Whether it is the store's encoder; False while the store has none. Raises `EncoderError` for another."""
        known = settings.encoder_facts(settings.read(connection))
        if known is not None and known.hash != encoder.hash:
            raise EncoderError(
                f"store {self.folder.path}: its vectors are from {known.reference} (dimension "
                f"{known.dimension}, hash {known.hash[:8]}), "
                f"got {encoder.reference} (dimension {encoder.dimension}, hash {encoder.hash[:8]}; prompts and "
                "max_tokens count too); open it with the former, or import into a new store"
            )
        return known is not None

    def put(
        self, products: Iterable[Product], import_id: int | None = None, base: Mapping[str, str] | None = None
    ) -> Written:
        """Stores products, encoding what is new; durable when it returns, searchable after `refresh`.

        Of two with the same id the last wins. Unchanged products are not written, known texts not encoded. `base`:
        the hashes of the products that these were made from; raises `ChangedMeanwhile`, and writes nothing, when
        another writer changed one of them since.
        """
        self._check_open()
        resolved = {p.id: p.resolved(self.context.locale or "", self.context.currency or "") for p in products}
        stored = {key: rows.to_row(product) for key, product in resolved.items()}
        with self._database.read() as connection:
            hashes = rows.hashes_of(connection, list(stored))
        new = {key: row for key, row in stored.items() if hashes.get(key) != row.hash}
        vectors, encoded, unread = self._encode([resolved[key] for key in new])
        if new:
            with self._database.write() as connection:
                if base and rows.hashes_of(connection, list(base)) != dict(base):
                    raise ChangedMeanwhile
                self._note_encoder(connection)
                rows.upsert(connection, schema.vectors, vectors)
                change = next_change(connection)
                written = [
                    {"id": row.id, "change": change, "document": row.document, "hash": row.hash, "import_id": import_id}
                    for row in new.values()
                ]
                rows.upsert(connection, schema.products, written)
                prices = [{"product_id": row.id, "change": change, "document": row.offers} for row in new.values()]
                rows.upsert(connection, schema.offers, prices)
        changed = sum(key in hashes for key in new)
        return Written(len(new) - changed, changed, len(stored) - len(new), 0, encoded, unread)

    def _encode(self, products: Sequence[Product]) -> tuple[list[dict[str, object]], int, int]:
        """Rows of vectors for texts that have none yet; how many were encoded, and how many cannot be read."""
        texts = {key: text for product in products for key, text in rows.texts_of(product).values()}
        if not texts:
            return [], 0, 0
        encoder = self.encoder
        with self._database.read() as connection:
            there = rows.vectors_of(connection, texts, encoder.hash)
        missing = [key for key in texts if key not in there]
        known = encoder.knows([texts[key] for key in missing])
        readable = [key for key, knows in zip(missing, known, strict=True) if knows]
        if not readable:
            return [], 0, len(missing)
        vectors = check_vectors(encoder, encoder.encode_passages([texts[key] for key in readable]), len(readable))
        return rows.vector_rows(readable, vectors, encoder.hash), len(readable), len(missing) - len(readable)

    def _note_encoder(self, connection: Connection) -> None:
        # Asked again under the writer's lock: of two processes that begin a store, one may have chosen another encoder.
        if self._encoder is None or self._check_encoder(connection, self._encoder):
            return
        settings.set_encoder(
            connection,
            EncoderFacts(self._encoder.reference, self._encoder.hash, self._encoder.dimension, self._settings_text()),
        )

    def _settings_text(self) -> str:
        """The encoder's settings but for its reference, as JSON."""
        wanted = self._wanted_encoder
        fields = asdict(wanted) if isinstance(wanted, EncoderSettings) else {}
        fields.pop("reference", None)
        return json.dumps(fields)

    def remove(self, ids: Iterable[str], import_id: int | None = None) -> int:
        """Deletes products, durably, in one transaction; how many there were. Unknown ids are ignored."""
        self._check_open()
        with self._database.write() as connection:
            there = list(rows.hashes_of(connection, list(dict.fromkeys(ids))))
            if there:
                change = next_change(connection)
                gone = [
                    {"id": key, "change": change, "document": None, "hash": "", "import_id": import_id} for key in there
                ]
                rows.upsert(connection, schema.products, gone)
                for chunk in rows.chunks(there, rows.CHUNK):
                    connection.execute(schema.offers.delete().where(schema.offers.c.product_id.in_(chunk)))
        return len(there)

    def settle(self, tail_at_least: int | None = None) -> None:
        """Makes writes searchable here, and builds a new generation when the tail has grown too large.

        `tail_at_least`: the size below which a tail is left alone; None: TAIL_AT_LEAST.
        """
        with self._lock:
            view, tail = self._with_generation()
            with self._database.read() as connection:
                pending = rows.count_since(connection, view.change)
            large = view.n_products - tail.size
            limit = max(TAIL_AT_LEAST if tail_at_least is None else tail_at_least, TAIL_SHARE * large)
            try:
                if pending + tail.size > limit and self.build_generation() is not None:
                    return
            except OSError as error:  # what was written is safe in the database; a cache can wait
                logger.warning("store %s: no new generation could be built (%s)", self.folder.path, error)
            self.refresh()

    def build_generation(self) -> int | None:
        """Builds a generation from the truth and makes it live; its number, or None while another process builds."""
        self._check_open()
        with self.folder.building() as scratch:
            if scratch is None:
                return None
            builder = SegmentBuilder()
            with self._database.read() as connection:
                change = last_change(connection)
                known = settings.encoder_facts(settings.read(connection))
                for part in rows.live_products(connection):
                    for entry in self._entries(connection, part):
                        builder.add(entry.product, entry.vectors)
            products = len(builder)
            builder.build().save(scratch)
            number = self.folder.finish(
                scratch, change, known.hash if known else "", known.dimension if known else 0, products
            )
        with self._database.write() as connection:
            settings.set_generation(connection, number)
        self.refresh()
        return number

    @property
    def database(self) -> Database:
        """The store's database, for the modules beside this one."""
        self._check_open()
        return self._database

    def close(self) -> None:
        """Releases files and connections; a second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._database.close()
                self._view, self._tail = View(), Tail()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed(f"store {self.folder.path}: it was closed; open it again")


def _chosen_encoder(
    given: EncoderSettings | Encoder | str | None, facts: Mapping[str, str]
) -> EncoderSettings | Encoder:
    """What was asked for; where that names no model, the one whose vectors the store holds."""
    chosen = EncoderSettings(given) if isinstance(given, str) or given is None else given
    known = settings.encoder_facts(facts)
    if isinstance(chosen, EncoderSettings) and chosen.reference is None and known is not None:
        # What is not said now is as it was when the vectors were made.
        kept = EncoderSettings(known.reference, **json.loads(known.settings))
        said = {name: value for name, value in asdict(chosen).items() if value != getattr(EncoderSettings(), name)}
        return replace(kept, **said)
    return chosen


def _facts(database: Database, wanted: StoreSettings, create: bool) -> Mapping[str, str]:
    with database.read() as connection:
        # Opening a store that is there writes nothing: it waits for no writer, and a newer format stays as it is.
        if inspect(connection).has_table(schema.facts.name) and (facts := settings.read(connection)):
            return facts
    if not create:
        raise StoreMissing(f"store {database.path.parent}: its database is empty; import a feed, or check the path")
    with database.write() as connection:
        schema.metadata.create_all(connection)
        facts = settings.read(connection)
        if not facts:
            settings.create(connection, wanted)
            facts = settings.read(connection)
    return facts
