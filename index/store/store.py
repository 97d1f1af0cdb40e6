"""A store: the shop's products on disk, and the view of them that this process searches."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from ..context import Context
from ..encoder import Encoder, EncoderSettings
from ..errors import EncoderError, StoreClosed, StoreError, StoreMissing
from ..product import Product
from . import forking, maintenance, rows, schema, settings, writing
from .database import LOCK_SECONDS, Database
from .documents import documents_change, load_documents
from .encoders import Encoders
from .folder import Generation, StoreFolder, check_files
from .following import Follower
from .loading import changes_since
from .postgres import PostgresDatabase, is_url
from .processes import ProcessFile, ProcessState
from .segment import Segment
from .settings import Published, StoreSettings
from .sqlite import SqliteDatabase
from .tail import Tail
from .view import LiveSegment, View
from .writing import Written

logger = logging.getLogger("shelfwise.store")

PrepareText = Callable[[Product, str], str | None]


class Store:
    """Reads and writes of one store, for one process. Safe to call from several threads, and over a fork."""

    def __init__(self, folder: StoreFolder, database: Database, context: Context, encoders: Encoders) -> None:
        self.folder = folder
        self.context = context  # the shop's own: what a request leaves open
        self.encoders = encoders
        self._checked: set[tuple[int, int]] = set()  # seals of generations whose files are whole
        self.bad: dict[tuple[int, int], str] = {}  # generations that could not be read, by seal, and why
        self._database = database
        self._lock = threading.RLock()  # of what follows; held while the view is brought up to date
        self._view, self._tail = View(), Tail()
        self._closed = False
        self.closing = threading.Event()  # long work in other threads ends soon
        self._seen: tuple[object, object] | None = None  # of the database and the folder, when the view was made
        self._seal: tuple[int, int] | None = None  # of the view's generation
        self._facts: Mapping[str, str] = {}
        self.prepare_text: PrepareText | None = None  # gives what the encoder reads of products that are written here
        self._follower: Follower | None = None
        self._process: ProcessFile | None = None
        self._locked_for_fork = False
        forking.watch(self)

    @staticmethod
    def exists(path: str | Path) -> bool:
        """Whether a store lies at this path or URL."""
        if is_url(path):
            database = PostgresDatabase(str(path))
            try:
                return database.has_tables()
            finally:
                database.close()
        return StoreFolder(Path(path)).exists()

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        cache: str | Path | None = None,
        settings_: StoreSettings | None = None,
        encoder: EncoderSettings | Encoder | str | None = None,
        durable: bool = True,
        lock_seconds: float = LOCK_SECONDS,
        maintain: bool = True,
    ) -> Store:
        """Opens the store in a folder, or at a PostgreSQL URL with a folder `cache` for this host's generations (one in
        the user's cache unless named).

        It is made on first use unless `create` is False. Loads no model. An empty or broken cache is built again
        before this returns. `durable` False: a power cut may take the last moments' writes (a killed process never).
        `lock_seconds`: how long a write waits for another. `maintain`: whether a thread of this process does what is
        due where nobody else does (`shelfwise maintain`). Raises `StoreMissing`, `StoreError`.
        """
        wanted = settings_ or StoreSettings()
        folder, database = place(path, cache, create, wanted, durable, lock_seconds)
        try:
            facts = facts_of(database, wanted, create)
            context = settings.check(facts, wanted, database.name)
            store = cls(folder, database, context, Encoders(database.name, folder, encoder))
            store._fill_cache(facts)
            store.refresh()
            store._follower = Follower(store, maintain and store.writable)
            store._follower.start()
        except BaseException:
            database.close()
            raise
        return store

    @property
    def writable(self) -> bool:
        """Whether this process may write."""
        return getattr(self._database, "writable", True)

    @property
    def name(self) -> str:
        """What errors call it; without a password."""
        return self._database.name

    # ---- the view ------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What can be found now: all that this process wrote, and others' writes of a moment ago."""
        follower = self._follower
        if self._closed or follower is None:
            self._check_open()
        elif not follower.is_alive():
            self._follow_again(follower)
        return self._view

    def _follow_again(self, ended: Follower) -> None:
        # After a fork: threads stay with the parent.
        with self._lock:
            if self._follower is ended and not self._closed:
                self._follower = Follower(self, ended.maintains)
                self._follower.start()

    def follow(self) -> None:
        """Brings the view up to date if another process changed anything; what the follower does, again and again."""
        if self._closed:
            return
        with self._lock:
            if self._stamp() != self._seen:
                self.refresh()
        if self._process is None and self.writable:
            self._process = ProcessFile(self.folder.processes)
        if self._process is not None:
            self._process.write(ProcessState(self._process.pid, self._view.change, self._view.generation))

    @property
    def must_load(self) -> bool:
        """Whether another encoder was published than the one whose vectors answer here."""
        published = settings.published(self._facts).encoder
        return published is not None and self._view.encoder not in ("", published.hash)

    def load_published(self) -> None:
        """Loads the published encoder, beside the traffic, before its vectors answer. Raises `EncoderError`."""
        if self.must_load and not self._closed:
            self.encoders.get(settings.published(self._facts).encoder)
            self.refresh()

    def _stamp(self) -> tuple[object, object]:
        return self._database.version(), self.folder.stamp()

    def refresh(self) -> None:
        """Brings the view up to the last change, of whatever process."""
        self._check_open()
        with self._lock:
            stamp = self._stamp()
            with self._database.read() as connection:
                facts = settings.read(connection)
                settings.check_format(facts, self.name)
                published, before = settings.published(facts), settings.previous(facts)
                units = [unit for unit in (published, before) if unit is not None]
                self.encoders.kept = tuple(unit.encoder for unit in units if unit.encoder is not None)
                encoder = self._shown_encoder(published.encoder.hash if published.encoder else "")
                view, tail, seal = self._view, self._tail, self._seal
                # A look at all files of the generation takes longer than reading a few new prices.
                if self._seen is None or self._seen[1] != stamp[1] or encoder != view.encoder:
                    view, tail, seal = self._with_generation(facts, encoder)
                change = int(facts["change"])
                if change > view.change:
                    view, tail = changes_since(connection, view, encoder).apply(view, tail, change)
                if (written := documents_change(facts)) != view.documents_change:
                    view = replace(view, documents=load_documents(connection), documents_change=written)
            cutoff = published.cutoff if encoder == published.hash else None
            if (view.encoder, view.weights, view.cutoff) != (encoder, published.weights, cutoff):
                view = replace(view, encoder=encoder, weights=published.weights, cutoff=cutoff)
            # In one step: a thread that searches beside must never see a generation without its tail.
            self._view, self._tail, self._facts, self._seen, self._seal = view, tail, facts, stamp, seal

    def _shown_encoder(self, published: str) -> str:
        """The hash of the encoder whose vectors are searched: the published one, as soon as it is loaded here."""
        shown = self._view.encoder
        if shown in ("", published) or self.encoders.has(published) or not self.encoders.any_loaded:
            return published
        return shown if shown in {each.hash for each in self.encoders.kept} else published

    def _with_generation(self, facts: Mapping[str, str], encoder: str) -> tuple[View, Tail, tuple[int, int] | None]:
        """View, tail and seal as they are, or the generation alone where another is to be searched."""
        same = self._view.encoder in ("", encoder)
        while True:
            found, wrong = self.folder.find(facts.get("store", ""), encoder, self.bad)
            self._note_bad(wrong)
            # By its seal: one that was deleted and built again has the same number.
            if found is None or (same and found.seal == self._seal):
                return (self._view, self._tail, self._seal) if same else (View(), Tail(), None)
            try:
                self._check_files(found)
                return _alone(found, Segment.load(found.folder)), Tail(), found.seal
            except Exception as error:  # whatever damaged files make numpy, json or the vector index say
                self._note_bad({found.seal: str(error)})

    def _check_files(self, found: Generation) -> None:
        """Once a process: a flipped bit in an index would give wrong answers, or end the process."""
        if found.seal not in self._checked:
            check_files(found.folder, found.manifest)
            self._checked.add(found.seal)

    def _note_bad(self, wrong: Mapping[tuple[int, int], str]) -> None:
        # A generation is a cache: without it an older one and the tail hold everything, slower and just as right.
        for seal, why in wrong.items():
            self.bad[seal] = why
            logger.warning("%s; its products are read from the database until a new one is built", why)

    def _fill_cache(self, facts: Mapping[str, str]) -> None:
        """Builds a generation where there is none and the products are too many for a tail."""
        encoder = settings.published(facts).encoder
        while self.writable:
            found, wrong = self.folder.find(facts.get("store", ""), encoder.hash if encoder else "", self.bad)
            self._note_bad(wrong)
            if found is None:
                break
            try:
                self._check_files(found)
                return
            except StoreError as error:
                self._note_bad({found.seal: str(error)})
        with self._database.read() as connection:
            many = rows.count_live(connection) > maintenance.TAIL_AT_LEAST
        if many and self.writable:
            try:
                maintenance.build_generation(self, wait=True)
            except OSError as error:
                logger.warning("store %s: no generation could be built (%s)", self.name, error)

    def view_of(self, unit: Published, generation: Generation) -> View:
        """What would be searched if `unit` were live; `generation` is one of its encoder's."""
        self._check_open()
        self._check_files(generation)
        view = _alone(generation, Segment.load(generation.folder))
        with self._database.read() as connection:
            facts = settings.read(connection)
            view, _ = changes_since(connection, view, unit.hash).apply(view, Tail(), int(facts["change"]))
            view = replace(view, documents=load_documents(connection), documents_change=documents_change(facts))
        return replace(view, encoder=unit.hash, weights=unit.weights, cutoff=unit.cutoff)

    def resolve(self, product: Product) -> Product:
        """A product as it is stored: with the shop's own locale and currency, and the prepared texts."""
        made = product.resolved(self.context.locale or "", self.context.currency or "")
        if self.prepare_text is not None:
            prepared = {locale: self.prepare_text(made, locale) for locale in made.texts}
            own = {locale: text for locale, text in prepared.items() if text}
            made = made.with_encoder_texts({**made.encoder_texts, **own})
        return made

    # ---- reading -------------------------------------------------------------------------------------------------

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        """The live products among these ids, from the truth."""
        self._check_open()
        with self._database.read() as connection:
            return rows.products_by_id(connection, ids)

    def last_change(self) -> int:
        """The number of the last change, from the truth; a view is at it, or a moment behind."""
        self._check_open()
        with self._database.read() as connection:
            return int(settings.read(connection)["change"])

    def ids(self) -> set[str]:
        """The ids of all live products, from the truth."""
        self._check_open()
        with self._database.read() as connection:
            statement = select(schema.products.c.id).where(schema.products.c.document.is_not(None))
            return set(connection.execute(statement).scalars())

    def waiting(self) -> set[str]:
        """The ids of products that are found by their words alone until the maintainer has encoded them."""
        self._check_open()
        with self._database.read() as connection:
            if int(settings.read(connection)["format"]) < 2:
                return set()
            return set(connection.execute(select(schema.waiting.c.product_id)).scalars())

    @property
    def encoder(self) -> Encoder:
        """The encoder that is live, loaded on first use; raises `EncoderError` when the store's vectors are another's.

        In a store without vectors: the one that was asked for.
        """
        self._check_open()
        with self._database.read() as connection:
            facts = settings.read(connection)
        return self.encoders.get(settings.published(facts).encoder)

    def encoder_of(self, view: View) -> Encoder:
        """The encoder whose vectors a view holds; raises `EncoderError`."""
        known = next((each for each in self.encoders.kept if each.hash == view.encoder), None)
        if view.encoder and known is None and not self.encoders.has(view.encoder):
            raise EncoderError(
                f"store {self.name}: the encoder of this answer was given up while it was made; ask again"
            )
        return self.encoders.loaded(view.encoder) or self.encoders.get(known)

    # ---- writing -------------------------------------------------------------------------------------------------

    def put(
        self,
        products: Iterable[Product],
        import_id: int | None = None,
        base: Mapping[str, rows.Held | None] | None = None,
        wait: bool = True,
        places: Mapping[str, int] | None = None,
        gone: Sequence[str] = (),
    ) -> Written:
        """See `writing.put`."""
        self._check_open()
        return writing.put(self, products, import_id, base, wait, places, gone)

    def remove(self, ids: Iterable[str], import_id: int | None = None) -> int:
        """See `writing.remove`."""
        self._check_open()
        return writing.remove(self, ids, import_id)

    def settle(self, tail_at_least: int | None = None) -> None:
        """Makes writes searchable here; after a bulk import by a new generation, where `tail_at_least` is exceeded."""
        self._check_open()
        if tail_at_least is not None:
            with self._database.read() as connection:
                unit = settings.published(settings.read(connection))
            try:
                # Another may be building one of the first half of an import; then that is waited for.
                while maintenance.due(self, unit, tail_at_least):
                    if maintenance.build_generation(self) is not None:
                        return
                    time.sleep(0.1)
            except OSError as error:  # what was written is safe in the database; a cache can wait
                logger.warning("store %s: no new generation could be built (%s)", self.name, error)
        self.refresh()

    def build_generation(self) -> int | None:
        """See `maintenance.build_generation`."""
        self._check_open()
        return maintenance.build_generation(self)

    @property
    def database(self) -> Database:
        """The store's database, for the modules beside this one."""
        self._check_open()
        return self._database

    # ---- the end, and forks --------------------------------------------------------------------------------------

    def close(self) -> None:
        """Releases files and connections; a second call does nothing."""
        self.closing.set()
        if self._follower is not None:
            self._follower.stop()
        with self._lock:
            if not self._closed:
                self._closed = True
                if self._process is not None:
                    self._process.close()
                self._database.close()
                self._view, self._tail = View(), Tail()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed(f"store {self.name}: it was closed; open it again")

    def before_fork(self) -> None:
        """No refresh is under way, and no transaction, when the process is copied."""
        self._locked_for_fork = self._lock.acquire(timeout=forking.PATIENCE)
        self._database.before_fork()

    def after_fork(self, child: bool) -> None:
        """See `forking`."""
        self._database.after_fork(child)
        if not child:
            if self._locked_for_fork:
                self._lock.release()
            return
        self._lock = threading.RLock()
        self.encoders.after_fork()
        if self._process is not None:
            self._process.forget()
            self._process = None


def _alone(found: Generation, segment: Segment) -> View:
    return View((LiveSegment(segment),), found.manifest.change, found.number)


def place(
    path: str | Path,
    cache: str | Path | None,
    create: bool,
    wanted: StoreSettings,
    durable: bool = True,
    lock_seconds: float = LOCK_SECONDS,
) -> tuple[StoreFolder, Database]:
    """The folder and the database of a path or URL; the folder is made. Raises `StoreMissing`, `StoreError`."""
    if is_url(path):
        database = PostgresDatabase(str(path), durable=durable, lock_seconds=lock_seconds)
        folder = StoreFolder(Path(cache or _default_cache(database.name)).absolute())
        folder.create()
        return folder, database
    if cache is not None:
        raise StoreError(f"store {path}: a folder is its own cache; leave out cache, or name a PostgreSQL URL")
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
    return folder, SqliteDatabase(folder.database, durable=durable, lock_seconds=lock_seconds)


def _default_cache(name: str) -> Path:
    """Where this host's indexes of a store at a URL lie unless that is said: in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "shelfwise" / sha256(name.encode()).hexdigest()[:16]


def facts_of(database: Database, wanted: StoreSettings, create: bool) -> Mapping[str, str]:
    """The facts of the store in a database, which is made if that is wanted; raises `StoreMissing`."""
    # Opening a store that is there writes nothing: it waits for no writer, and a newer format stays as it is.
    if database.has_tables():
        with database.read() as connection:
            facts = settings.read(connection)
        if facts:
            return facts
    if not create:
        raise StoreMissing(f"store {database.name}: its database is empty; import a feed, or check the path")
    settings.check_new(wanted)
    database.create_tables()
    return settings.create_once(database, wanted)
