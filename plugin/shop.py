"""The door: what a shop's developer types."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter, time
from types import TracebackType
from typing import Any

from ..index import (
    LOCK_SECONDS,
    Context,
    Dumped,
    Encoder,
    EncoderSettings,
    Feed,
    FeedRow,
    Filters,
    ImportOptions,
    ImportReport,
    Maintained,
    Matching,
    OffersReport,
    OfferUpdate,
    Problem,
    Product,
    Progress,
    ReconcileReport,
    RequestError,
    ShelfwiseError,
    Status,
    Store,
    StoreSettings,
    UndoReport,
    UnknownProduct,
    View,
    check_store,
    dump_store,
    import_products,
    last_imports,
    load_dictionary,
    load_encoder,
    maintain,
    match,
    parse_filters,
    publish,
    reconcile,
    rollback,
    set_cutoff,
    set_threads,
    store_status,
    tokens,
    undo_import,
    update_offers,
    watch_forks,
)
from .agreement import find_agreement
from .browsing import browse_order, set_browse_order
from .calibrating import calibrated
from .cutoff import Cutoff, CutoffStage
from .fusion import FusionWeights
from .landing import LandingPage, all_pages, delete_page, find_page, save_pages
from .negation import NegationStage
from .page import asked_for_facets, make_results
from .pipeline import Asked, Pipeline
from .query_vectors import QueryVectors
from .request import Request, check_id, id_list
from .results import Results
from .sources import IdentifiersSource, MeaningSource, WordsSource
from .stages.agreement import AgreementStage
from .understanding import understand
from .why import Explainer, Why

logger = logging.getLogger("shelfwise.shop")

KEPT_MATCHINGS = 32  # masks of recent filters


class Shop:
    """Search and recommendation over one store; use it from as many threads as you like."""

    def __init__(self, store: Store, weights: FusionWeights | None = None) -> None:
        """Most callers want `Shop.open`."""
        self.store = store
        self._own_weights = weights is not None
        chosen = weights or FusionWeights()
        self._pipeline = Pipeline(
            [WordsSource(chosen.words), MeaningSource(chosen.meaning), IdentifiersSource()],
            [AgreementStage(), NegationStage(), CutoffStage()],
        )
        self._understand = understand
        self._query_vectors = QueryVectors(store)
        self._lock = threading.Lock()  # of the masks below
        self._matchings: OrderedDict[tuple[int, Filters, Context], tuple[View, Matching]] = OrderedDict()
        watch_forks(self)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        cache: str | Path | None = None,
        encoder: str | EncoderSettings | Encoder | None = None,
        locale: str | None = None,
        currency: str | None = None,
        market: str | None = None,
        weights: FusionWeights | None = None,
        threads: int | None = None,
        durable: bool = True,
        lock_seconds: float = LOCK_SECONDS,
        maintain: bool = True,
    ) -> Shop:
        """Opens the store in a folder, or at a PostgreSQL URL with a folder `cache` for this host's indexes.

        It is made on first use unless `create` is False. `locale`, `currency` and `market` are the shop's own ("en",
        "USD" and none unless said when it is made). `encoder`: a model folder, an installed package, a hub name, or an
        `Encoder`; one that is named is loaded at once, the default when first needed. `threads`: of FAISS and torch in
        this process; one for answers and all cores for imports unless said here or in OMP_NUM_THREADS. `durable`,
        `lock_seconds` and `maintain` as in `Store.open`. Raises `StoreMissing`, `StoreError`, `EncoderError`.
        """
        set_threads(threads)
        settings = StoreSettings(locale=locale, currency=currency, market=market)
        if encoder is not None and create and not Store.exists(path):
            encoder = load_encoder(encoder)  # one that cannot be had leaves no store behind
        store = Store.open(
            path,
            create=create,
            cache=cache,
            settings_=settings,
            encoder=encoder,
            durable=durable,
            lock_seconds=lock_seconds,
            maintain=maintain,
        )
        try:
            if encoder is not None:
                store.encoder  # noqa: B018 - an encoder that is named and does not fit is said now
            return cls(store, weights)
        except BaseException:
            store.close()
            raise

    def warm(self) -> None:
        """Loads everything that the first request would: the encoder, the mapped files, the prices, dictionaries.

        Where the encoder cannot be loaded, says so in the log: words will answer.
        """
        view = self.store.view
        for live in view.segments:
            segment = live.segment
            tables = (*segment.words.arrays().values(), *segment.vocabulary.arrays().values())
            for array in (segment.keys, segment.added, *tables):
                array.max(initial=0)  # reads every page
            for language in segment.vocabulary.languages:
                load_dictionary(language)
        try:
            self.search("warm", k=1, facets=())
        except ShelfwiseError:
            logger.exception("warming up failed; requests will answer as far as they can")

    # ---- the catalogue -------------------------------------------------------------------------------------------

    def upsert(
        self,
        products: Product | Iterable[Product | FeedRow] | Feed,
        *,
        wait: bool = True,
        options: ImportOptions | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Stores products or a feed; durable and searchable when it returns. Bad rows are in the report.

        With `wait=False` nothing is encoded here: new texts are found by their words at once, and by meaning when the
        maintainer has encoded them, a moment later (`waiting`). That is the way for web code. Raises `ImportRefused`
        when `options` ask for it, `StoreBusy`, `EncoderError`.
        """
        given = [products] if isinstance(products, Product) else products
        chosen = options or ImportOptions()
        return import_products(self.store, given, chosen if wait else replace(chosen, wait=False), progress)

    def update_offers(self, updates: Iterable[OfferUpdate | Mapping[str, Any]]) -> OffersReport:
        """Changes prices and stock alone; durable, and seen by filters, facets and sorts when it returns.

        An update is an `OfferUpdate` or a mapping such as `{"id": "p1", "price": 9.5, "stock": 3}`. What is wrong or
        unknown is in the report. Nothing is encoded and no index touched, so hundreds a second are fine.
        """
        report = update_offers(self.store, updates)
        self.store.settle()
        return report

    def waiting(self) -> set[str]:
        """The ids of products that were stored with `wait=False` and are not found by meaning yet."""
        return self.store.waiting()

    def delete(self, ids: str | Iterable[str]) -> int:
        """Deletes products, durably and at once; how many there were. Unknown ids are ignored."""
        gone = self.store.remove(id_list([ids] if isinstance(ids, str) else ids, "ids"))
        self.store.settle()
        return gone

    def get(self, product_id: str, *, context: Context | None = None) -> Product:
        """One product, in the context's locale; raises `UnknownProduct`."""
        if not isinstance(product_id, str):
            raise RequestError(f"product_id: wanted a text, got {product_id!r:.80}")
        found = self.store.products([product_id]).get(product_id)
        if found is None:
            raise UnknownProduct(
                f"product {product_id!r}: there is none in {self.store.name}; check the id, or import it"
            )
        return found.localized((context or Context()).filled(self.store.context).locale)

    def __len__(self) -> int:
        return self.store.view.n_products

    # ---- answers -------------------------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        *,
        correct: bool = True,
        user_id: str | None = None,
        session: str | None = None,
        history: Iterable[str] = (),
        filters: Mapping[str, Any] | Filters | None = None,
        facets: Iterable[str] = (),
        narrow_facets: bool = False,
        sort: str = "relevance",
        k: int = 24,
        offset: int = 0,
        after: str | None = None,
        personalise: bool = True,
        context: Context | None = None,
    ) -> Results:
        """The products that fit the query, best first; see `Request` for the arguments. Raises `RequestError`."""
        return self.answer(
            Request(
                query,
                correct=correct,
                user_id=user_id,
                session=session,
                history=history,
                filters=filters,
                facets=facets,
                narrow_facets=narrow_facets,
                sort=sort,
                k=k,
                offset=offset,
                after=after,
                personalise=personalise,
                context=context,
            )
        )

    def browse(
        self,
        *,
        user_id: str | None = None,
        session: str | None = None,
        history: Iterable[str] = (),
        filters: Mapping[str, Any] | Filters | None = None,
        facets: Iterable[str] = (),
        narrow_facets: bool = False,
        sort: str = "relevance",
        first: Iterable[str] = (),
        k: int = 24,
        offset: int = 0,
        after: str | None = None,
        personalise: bool = True,
        context: Context | None = None,
    ) -> Results:
        """A category page: all that passes the filters, `first` at its head, then in the shop's own order (see
        `browse_by`). Raises `RequestError`.
        """
        return self.answer(
            Request(
                user_id=user_id,
                session=session,
                history=history,
                filters=filters,
                facets=facets,
                narrow_facets=narrow_facets,
                sort=sort,
                first=first,
                k=k,
                offset=offset,
                after=after,
                personalise=personalise,
                context=context,
            )
        )

    def similar(
        self,
        product_id: str,
        *,
        filters: Mapping[str, Any] | Filters | None = None,
        k: int = 12,
        context: Context | None = None,
    ) -> Results:
        """Products like this one, which is not among them. Raises `UnknownProduct`, `RequestError`."""
        check_id(product_id, "product_id")
        return self.answer(Request(product_id=product_id, filters=filters, k=k, context=context))

    def why(self, request: Request, product_id: str) -> Why:
        """What happened to one product on the way to an answer, in order, in sentences. Raises `RequestError`."""
        check_id(product_id, "product_id")
        asked = self._prepare(request, self.store.view)
        self._encode([asked])
        _find_nothing_without_words(asked)
        return Explainer(asked, self._pipeline, self.store, product_id).explain()

    def answer(self, request: Request) -> Results:
        """The answer to one request; what `search` and `similar` are."""
        return self.answer_many([request])[0]

    def answer_many(self, requests: Sequence[Request]) -> list[Results]:
        """The answers to several requests, in their order, encoded and searched in batches."""
        for request in requests:
            if not isinstance(request, Request):
                raise RequestError(f"answer: wanted a Request, got {type(request).__name__}; write Request(query=…)")
        started = perf_counter()
        view = self.store.view
        asked = [self._prepare(request, view) for request in requests]
        self._encode(asked)
        # A facet whose own field is filtered is counted in an answer of its own, found in the same run.
        apart = [asked_for_facets(each) for each in asked]
        everything = [*asked, *(one for each in apart for one in each.values())]
        for each in everything:
            _find_nothing_without_words(each)
        shared = perf_counter() - started
        answers = []
        all_found = self._pipeline.run(everything)
        rest = zip(everything[len(asked) :], all_found[len(asked) :], strict=True)
        for each, found, own in zip(asked, all_found, apart, strict=False):
            # With several requests each carries its share of what was done for all of them.
            begun = started if len(asked) == 1 else perf_counter() - shared / len(asked)
            counted = {name: next(rest) for name in own}
            answers.append(make_results(each, found, self.store.products, begun, counted))
        return answers

    # ---- landing pages -------------------------------------------------------------------------------------------

    @property
    def browse_order(self) -> str:
        """What decides the order where nobody searches, one after another, as in `Request.sort`."""
        return browse_order(self.store.view)

    def browse_by(self, sort: str | None) -> None:
        """Sets that order, `"-sales,newest"` say, for all processes; None: the default again. Raises `RequestError`."""
        set_browse_order(self.store, sort)

    def save_pages(self, pages: LandingPage | Iterable[LandingPage]) -> int:
        """Saves landing pages, each in place of the one with its slug and locale; how many. All of them, or none."""
        return save_pages(self.store, [pages] if isinstance(pages, LandingPage) else pages)

    def delete_page(self, slug: str, locale: str | None = None) -> int:
        """Deletes the landing pages of a slug, or that of one locale; how many there were."""
        return delete_page(self.store, slug, locale)

    def pages(self) -> list[LandingPage]:
        """All landing pages, by slug and locale."""
        return all_pages(self.store.view)

    def find_page(self, slug: str, *, locale: str | None = None) -> LandingPage:
        """The landing page of a slug in the locale, else in its language, else that of all. Raises `RequestError`."""
        return find_page(self.store.view, slug, locale or self.store.context.locale or "")

    def page(
        self,
        slug: str,
        *,
        filters: Mapping[str, Any] | Filters | None = None,
        facets: Iterable[str] = (),
        sort: str | None = None,
        k: int = 24,
        offset: int = 0,
        after: str | None = None,
        user_id: str | None = None,
        session: str | None = None,
        history: Iterable[str] = (),
        personalise: bool = True,
        context: Context | None = None,
    ) -> Results:
        """The answer of a landing page, narrowed by what a shopper chose on it. Raises `RequestError`.

        `filters` hold beside the page's own, `facets` are counted beside its own, `sort` is in place of its own.
        """
        page = self.find_page(slug, locale=context.locale if context else None)
        return self.answer(
            Request(
                page.query,
                user_id=user_id,
                session=session,
                history=history,
                filters=(*page.filters, *parse_filters(filters)),
                facets=list(dict.fromkeys((*page.facets, *facets))),
                sort=sort or page.sort,
                first=page.first,
                k=k,
                offset=offset,
                after=after,
                personalise=personalise,
                context=context,
            )
        )

    # ---- what is live --------------------------------------------------------------------------------------------

    def publish(
        self,
        encoder: str | EncoderSettings | Encoder | None = None,
        weights: FusionWeights | None = None,
        says: Callable[[int, int], None] | None = None,
    ) -> int:
        """Makes another encoder or other weights live, beside the traffic; the generation's number. See `rollback`.

        `says`: told how many products of how many are encoded. Raises `EncoderError`, `RequestError`, `StoreBusy`.
        """
        return publish(self.store, encoder, asdict(weights) if weights else None, says or (lambda done, of: None))

    def rollback(self) -> None:
        """Makes live again what was live before the last `publish`, within a second and without losing a product.

        Raises `StoreError` where there is no way back.
        """
        rollback(self.store)

    def calibrate(self, queries: Iterable[str | Request]) -> Cutoff:
        """Learns where relevance ends, from queries that the shop has an answer to, such as those that led to a click.

        From then on, in all processes, lists end there, hits have a `relevance`, and `found.confident` says whether
        anything fits. It holds for the live encoder, and goes and comes back with it. At least 50 different queries
        are wanted, and some hundred are better; they are not kept. Raises `RequestError`.
        """
        view = replace(self.store.view, cutoff=None)

        def prepare(requests: Sequence[Request]) -> list[Asked]:
            asked = [self._prepare(request, view) for request in requests]
            self._encode(asked)
            return asked

        found = calibrated(queries, prepare, self._pipeline)
        set_cutoff(self.store, view.encoder, asdict(found))
        return found

    def forget_calibration(self) -> None:
        """Ends what `calibrate` began."""
        set_cutoff(self.store, self.store.view.encoder, None)

    def imports(self, count: int = 5) -> list[dict[str, Any]]:
        """The latest imports, single `upsert` calls included, newest first: id, source, mode, started, finished (None:
        it runs still, or was stopped) and report (JSON).
        """
        return last_imports(self.store, count)

    def undo(self, import_id: int) -> UndoReport:
        """Restores what an import changed, as far as nobody changed it since; see `undo_import`. Raises `RequestError`
        for an import that there never was, `StoreError` where it is no longer known what it changed.
        """
        return undo_import(self.store, import_id)

    def reconcile(
        self, products: Iterable[Product | FeedRow] | Feed, *, dry_run: bool = False, allow_shrink: bool = False
    ) -> ReconcileReport:
        """Compares the store with the shop's own products, all of them, and repairs what differs; see `reconcile`.

        `dry_run` compares alone. Raises `ImportRefused` where more than a tenth would vanish or lose price or stock,
        unless `allow_shrink` says so.
        """
        return reconcile(self.store, products, dry_run, allow_shrink)

    def status(self) -> Status:
        """What the store is, and how far everybody is; takes milliseconds."""
        return store_status(self.store)

    def check(self) -> list[Problem]:
        """Everything that is wrong with the store, and what to do; empty where all is well. Reads all of it."""
        return check_store(self.store)

    def maintain(self) -> Maintained | None:
        """Does what is due, once: encodes what waits, builds a generation, clears up. None while another does."""
        return maintain(self.store)

    def dump(self, path: str | Path, *, overwrite: bool = False) -> Dumped:
        """Writes all that the store holds now into one archive; see `dump_store`, `restore_store`. Raises `StoreError`.

        Others may go on writing. A file of that name is replaced only if `overwrite` says so.
        """
        return dump_store(self.store, path, overwrite=overwrite)

    # ---- how an answer is made -----------------------------------------------------------------------------------

    def _prepare(self, request: Request, view: View) -> Asked:
        context = request.context.filled(self.store.context)
        weights = {} if self._own_weights else view.weights or {}
        asked = Asked(request, context, view, self._match(view, request.filters, context), weights)
        if request.query:
            asked.understood = self._understand(request.query, asked.locale, view, request.correct)
            asked.words = asked.understood.terms
            asked.agreement = find_agreement(request.query, asked.words, view)
        elif request.product_id is not None:
            self._look_at(request.product_id, asked)
        elif request.query is not None:
            asked.notes.append("The query is empty, so these are all products that pass the filters.")
        return asked

    def _look_at(self, product_id: str, asked: Asked) -> None:
        """Fills in the words and the vector of a product, and takes the product itself out of its answer."""
        row = asked.view.row_of(product_id)
        title = self.get(product_id, context=asked.context).title
        asked.words = tuple(dict.fromkeys(tokens(title, asked.locale)))
        if row >= 0:
            asked.vector = asked.view.vector_of(row, asked.locale)
            mask = asked.matching.mask.copy()
            mask[row] = False
            asked.matching = replace(asked.matching, mask=mask)

    def _match(self, view: View, filters: Filters, context: Context) -> Matching:
        key = (id(view), filters, context)
        with self._lock:
            known = self._matchings.get(key)
        if known is not None and known[0] is view and known[1].since <= time() < known[1].until:
            return known[1]
        made = match(view, filters, context)
        with self._lock:
            self._matchings[key] = (view, made)
            while len(self._matchings) > KEPT_MATCHINGS:
                self._matchings.popitem(last=False)
        return made

    def _encode(self, asked: Sequence[Asked]) -> None:
        """Vectors of the queries; where the encoder fails, words alone answer and the results say so."""
        started = perf_counter()
        waiting = [each for each in asked if each.request.query]
        if not waiting or all(live.segment.vectors is None for live in waiting[0].view.segments):
            return
        try:
            vectors = self._query_vectors.of([each.understood.encoded for each in waiting], waiting[0].view)
        except Exception as error:
            if isinstance(error, RequestError):
                raise
            logger.exception("the encoder failed; words alone answer")
            for each in waiting:
                each.degraded.append("meaning")
                each.notes.append(
                    f"Words alone answered: {error if isinstance(error, ShelfwiseError) else 'the encoder failed'}"
                )
            return
        for each in waiting:
            each.vector = vectors.get(each.understood.encoded)
            each.timings["encode"] = (perf_counter() - started) * 1_000 / len(waiting)

    # ---- the end -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Releases files and connections; a second call does nothing."""
        self._matchings.clear()  # they hold the mapped files
        self._query_vectors.clear()
        self.store.close()

    def before_fork(self) -> None:
        """Nothing of the door itself need be at rest for a fork."""

    def after_fork(self, child: bool) -> None:
        """A forked child has locks of its own, for another thread of the parent may have held them."""
        if child:
            self._lock = threading.Lock()
            self._query_vectors.after_fork()

    def __enter__(self) -> Shop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _find_nothing_without_words(asked: Asked) -> None:
    """A query of signs alone ("!!!") asks for nothing that could be found; it must not show everything."""
    if asked.request.query and not asked.words and asked.vector is None:
        asked.matching = replace(asked.matching, mask=asked.matching.mask & False)
        asked.notes.append("The query has no words, so nothing was searched.")
