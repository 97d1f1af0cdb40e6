"""The door: what a shop's developer types."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
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
    OffersReport,
    OfferUpdate,
    PluginError,
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
    change_documents,
    check_locale,
    check_store,
    dump_store,
    import_products,
    last_imports,
    load_dictionary,
    load_encoder,
    maintain,
    parse_filters,
    publish,
    reconcile,
    rollback,
    set_cutoff,
    set_threads,
    store_status,
    undo_import,
    update_offers,
)
from .answering import Answering
from .browsing import browse_order, set_browse_order
from .calibrating import calibrated
from .cutoff import Cutoff
from .events import Event
from .fusion import FusionWeights
from .hook_calls import HookCalls, HookLimits
from .hooks import OWN, Plugins, left_out
from .landing import LandingPage, all_pages, delete_page, find_page, save_pages
from .pipeline import Asked, Pipeline
from .request import Request, check_id, id_list
from .results import Results
from .rules.keeping import RuleChange, all_rules, delete_rule, rule_history, save_rules, undo_rule
from .rules.previewing import Preview, preview_rules
from .rules.rule import Rule
from .scoped import ScopedShop
from .stages.diversity import Diversity, diversity, set_diversity
from .why import Why

logger = logging.getLogger("shelfwise.shop")

AnswerMany = Callable[[Sequence[Request]], list[Results]]


class Shop:
    """Search and recommendation over one store; use it from as many threads as you like."""

    def __init__(
        self,
        store: Store,
        weights: FusionWeights | None = None,
        *,
        plugins: Plugins | None = None,
        limits: HookLimits | None = None,
        strict: bool = False,
        trust_stored_offers: bool = False,
    ) -> None:
        """Most callers want `Shop.open`."""
        self.store = store
        self.weights = weights or FusionWeights()  # of the sources, where none are published
        self._own_weights = weights is not None
        if plugins is None:
            plugins = Plugins()
            plugins.add_own()
        self.plugins = plugins
        calls = HookCalls(plugins, limits, strict)
        pipeline = self._assembled(calls)
        self._answering = Answering(self, pipeline, calls, trust_stored_offers)
        prepares = calls.implementations("prepare_text")
        store.prepare_text = self._prepared_text if prepares else None

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
        plugins: Iterable[object] = (),
        limits: HookLimits | None = None,
        strict: bool = False,
        trust_stored_offers: bool = False,
    ) -> Shop:
        """Opens the store in a folder, or at a PostgreSQL URL with a folder `cache` for this host's indexes.

        It is made on first use unless `create` is False. `locale`, `currency` and `market` are the shop's own ("en",
        "USD" and none unless said when it is made). `encoder`: a model folder, an installed package, a hub name, or an
        `Encoder`; one that is named is loaded at once, the default when first needed. `threads`: of FAISS and torch in
        this process; one for answers and all cores for imports unless said here or in OMP_NUM_THREADS. `durable`,
        `lock_seconds` and `maintain` as in `Store.open`. `plugins`: modules, objects, module names or paths of Python
        files, beside those that installed packages and the variable SHELFWISE_PLUGINS name; `limits`: how long their
        hooks may take; `strict`: whether what fails in them is raised, for development; `trust_stored_offers`: whether
        stored price and stock are shown where live ones cannot be had. Raises `StoreMissing`, `StoreError`,
        `EncoderError`, `PluginError`.
        """
        set_threads(threads)
        folder = None if "://" in str(path) else Path(path)
        taking_part = Plugins()
        taking_part.add_own()
        taking_part.add_installed(logger.warning)
        taking_part.add_from_setting(folder)
        taking_part.add_named(plugins, folder)
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
            shop = cls(
                store,
                weights,
                plugins=taking_part,
                limits=limits,
                strict=strict,
                trust_stored_offers=trust_stored_offers,
            )
            shop._warn_of_missing_plugins()
            return shop
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
        return self._answering.why(request, product_id)

    def answer(self, request: Request) -> Results:
        """The answer to one request; what `search` and `similar` are."""
        return self.answer_many([request])[0]

    def answer_many(self, requests: Sequence[Request]) -> list[Results]:
        """The answers to several requests, in their order, encoded and searched in batches."""
        return self._answering.answer_many(requests)

    def scoped(self, filters: Mapping[str, Any] | Filters | None = None, context: Context | None = None) -> ScopedShop:
        """The same shop for shoppers who may see a part of it alone: the filters hold for every answer, whatever is
        asked, and the context is what requests leave open. Raises `RequestError`.
        """
        return ScopedShop(self, self._answering, parse_filters(filters), context or Context())

    def record(self, event: Event) -> None:
        """Tells the plugins what a shopper did (`on_event`); the store itself keeps no events yet."""
        if not isinstance(event, Event):
            raise RequestError(
                f"record: wanted an Event, got {type(event).__name__}; write Event('view', product_id=…)"
            )
        self.calls.call("on_event", self.calls.budget(), shop=self, event=event)

    # ---- plugins -------------------------------------------------------------------------------------------------

    @property
    def calls(self) -> HookCalls:
        """How the hooks of plugins are called, with counts of calls and failures."""
        return self._answering.calls

    def weights_of(self, view: View) -> Mapping[str, float]:
        """Of the sources, where they differ from the sources' own."""
        return {} if self._own_weights else view.weights or {}

    @property
    def live_weights(self) -> FusionWeights:
        """How much each source counts now."""
        return FusionWeights(**self.weights_of(self.store.view)) if not self._own_weights else self.weights

    def expect_plugins(self, names: Iterable[str] | None = None) -> None:
        """Records in the store which plugins belong to it, those that take part now unless named: who opens it without
        one of them is warned. Nothing is ever imported because of it.
        """
        wanted = names if names is not None else [p.name for p in self.plugins.active() if not p.name.startswith(OWN)]
        written = json.dumps(sorted(id_list(wanted, "plugins")))
        change_documents(self.store, "settings", lambda now: {"plugins": written})

    def _warn_of_missing_plugins(self) -> None:
        written = self.store.view.documents.get("settings", {}).get("plugins")
        there = {each.name for each in self.plugins.active()}
        if written and (missing := [name for name in json.loads(written) if name not in there]):
            logger.warning(
                "store %s: it was made for the plugins %s, which are not there; answers may differ, and texts be "
                "encoded otherwise; install or name them",
                self.store.name,
                ", ".join(missing),
            )

    def _assembled(self, calls: HookCalls) -> Pipeline:
        """The pipeline of what the plugins bring; two of one name are one too many."""
        sources = self._brought(calls, "register_sources", ("name", "weight", "propose", "score"))
        stages = self._brought(calls, "register_stages", ("name", "phase", "order", "__call__"))
        owners = {id(part): plugin for plugin, part in (*sources, *stages)}
        return Pipeline([part for _, part in sources], [part for _, part in stages], owners)

    def _brought(self, calls: HookCalls, hook: str, needs: Sequence[str]) -> list[tuple[str, Any]]:
        found: dict[str, tuple[str, Any]] = {}
        for each in calls.implementations(hook):
            try:
                parts = list(each.call({"shop": self}) or ())
            except (Exception, SystemExit) as error:
                if calls.strict:
                    raise
                logger.warning(left_out(each.plugin, error))
                continue
            for part in parts:
                if lacking := [name for name in needs if not hasattr(part, name)]:
                    raise PluginError(
                        f"plugin {each.plugin}: what {hook} gives lacks {lacking[0]!r}; see docs/plugins.md"
                    )
                if wrong := _misfit(part, hook):
                    raise PluginError(f"plugin {each.plugin}: {hook} wants {wrong}; see docs/plugins.md")
                if part.name in found:
                    raise PluginError(
                        f"plugin {each.plugin}: {hook} gives {part.name!r}, as {found[part.name][0]} does"
                    )
                found[part.name] = (each.plugin, part)
        return list(found.values())

    def _prepared_text(self, product: Product, locale: str) -> str | None:
        """What the first plugin that has one gives as the encoder's text; one that fails stops the write."""
        for each in self.calls.implementations("prepare_text"):
            try:
                text = each.call({"product": product, "locale": locale})
            except Exception as error:
                raise PluginError(left_out(each.plugin, error)) from error
            if text is not None and not isinstance(text, str):
                raise PluginError(f"plugin {each.plugin}: its hook prepare_text gave no text but {text!r:.80}")
            if text:
                return text
        return None

    # ---- landing pages -------------------------------------------------------------------------------------------

    @property
    def browse_order(self) -> str:
        """What decides the order where nobody searches, one after another, as in `Request.sort`."""
        return browse_order(self.store.view)

    def browse_by(self, sort: str | None) -> None:
        """Sets that order, `"-sales,newest"` say, for all processes; None: the default again. Raises `RequestError`."""
        set_browse_order(self.store, sort)

    def save_pages(self, pages: LandingPage | Iterable[LandingPage]) -> int:
        """Saves landing pages, each in place of the one with its slug and locale; how many. All of them, or none.

        Raises `RequestError` for fields that no product of the store has, if there are products.
        """
        given = [pages] if isinstance(pages, LandingPage) else list(pages)
        if len(self):
            for page in given:
                if isinstance(page, LandingPage):
                    request = Request(filters=page.filters, sort=page.sort, facets=page.facets, k=1)
                    self._answering.answer_many([request], previewed=self.store.view)  # nobody is told of it
        return save_pages(self.store, given)

    def delete_page(self, slug: str, locale: str | None = None) -> int:
        """Deletes the landing pages of a slug, or that of one locale; how many there were."""
        return delete_page(self.store, slug, locale)

    def pages(self) -> list[LandingPage]:
        """All landing pages, by slug and locale."""
        return all_pages(self.store.view)

    def find_page(self, slug: str, *, locale: str | None = None) -> LandingPage:
        """The landing page of a slug in the locale, else in its language, else that of all. Raises `RequestError`."""
        return find_page(self.store.view, slug, check_locale(locale or self.store.context.locale or ""))

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
        return self.answer(
            self.page_request(
                slug,
                filters=filters,
                facets=facets,
                sort=sort,
                context=context,
                k=k,
                offset=offset,
                after=after,
                user_id=user_id,
                session=session,
                history=history,
                personalise=personalise,
            )
        )

    def page_request(
        self,
        slug: str,
        *,
        filters: Mapping[str, Any] | Filters | None = None,
        facets: Iterable[str] = (),
        sort: str | None = None,
        context: Context | None = None,
        **others: Any,
    ) -> Request:
        """The request that `page` answers; see there."""
        page = self.find_page(slug, locale=context.locale if context else None)
        return Request(
            page.query,
            filters=(*page.filters, *parse_filters(filters)),
            fixed_filters=len(page.filters),
            facets=list(dict.fromkeys((*page.facets, *facets))),
            sort=sort or page.sort,
            first=page.first,
            context=context,
            **others,
        )

    # ---- merchandising ---------------------------------------------------------------------------------------------

    def save_rules(self, rules: Rule | Iterable[Rule]) -> int:
        """Saves rules, each in place of the one with its id, for all processes at once; how many are other than they
        were. All of them, or none. Raises `RequestError`.
        """
        return save_rules(self.store, [rules] if isinstance(rules, Rule) else rules)

    def delete_rule(self, rule_id: str, author: str = "") -> int:
        """Deletes a rule; how many there were. `undo_rule` brings it back."""
        return delete_rule(self.store, rule_id, author)

    def rules(self) -> list[Rule]:
        """All rules, active or not, by id."""
        return all_rules(self.store.view)

    def rule_history(self, rule_id: str | None = None) -> list[RuleChange]:
        """What was done to one rule, or to all, by whom and when; the latest last."""
        return rule_history(self.store, rule_id)

    def undo_rule(self, rule_id: str, author: str = "") -> Rule | None:
        """Makes a rule what it was before its last change (None: there is none now); again: takes that back. Raises
        `RequestError`.
        """
        return undo_rule(self.store, rule_id, author)

    def preview_rules(self, rules: Rule | Iterable[Rule], request: Request) -> Preview:
        """A request answered without these rules and with them, as if they were saved. Raises `RequestError`."""
        return preview_rules(
            self._answering, self.store.view, [rules] if isinstance(rules, Rule) else list(rules), request
        )

    @property
    def diversity(self) -> Diversity:
        """How different the products of a page are to be; see `diversify`."""
        return diversity(self.store.view)

    def diversify(self, mmr: float = 0.0, most_of_brand: int | None = None, page: int = 24) -> None:
        """Sets it for all processes, see `Diversity`; without arguments it is off again. Raises `RequestError`."""
        set_diversity(self.store, Diversity(mmr, most_of_brand, page))

    # ---- what is live --------------------------------------------------------------------------------------------

    def publish(
        self,
        encoder: str | EncoderSettings | Encoder | None = None,
        weights: FusionWeights | None = None,
        says: Callable[[int, int], None] | None = None,
        *,
        cutoff: Cutoff | None = None,
        check: Callable[[AnswerMany], None] | None = None,
        keep: bool = False,
    ) -> int:
        """Makes another encoder or other weights live, beside the traffic; the generation's number. See `rollback`.

        `says`: told how many products of how many are encoded. `cutoff`: where relevance ends by what is published.
        `check`: is given a function that answers requests as they would be answered then, and raises for what must not
        be live; nothing is switched then. `keep`: a model that lies in a folder is copied into the store's, where it
        goes with it. Raises `EncoderError`, `RequestError`, `StoreBusy`, and what `check` raises.
        """

        def checked(view: View) -> None:
            if check is not None:
                check(lambda requests: self._answering.answer_many(requests, previewed=view))

        return publish(
            self.store,
            encoder,
            asdict(weights) if weights else None,
            says or (lambda done, of: None),
            cutoff=asdict(cutoff) if cutoff else None,
            check=checked if check is not None else None,
            keep=keep,
        )

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
            asked = [self._answering.prepare(request, view) for request in requests]
            self._answering.encode(asked)
            return asked

        found = calibrated(queries, prepare, self._answering.pipeline)
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

    # ---- the end -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Releases files and connections; a second call does nothing."""
        self._answering.close()
        self.calls.close()
        self.store.close()

    def __enter__(self) -> Shop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _misfit(part: Any, hook: str) -> str | None:
    """What is wanted where a source or stage has a name, weight, phase or order of another kind."""
    if not isinstance(part.name, str) or not part.name:
        return f"a text as name, got {part.name!r:.60}"
    for name in ("weight",) if hook == "register_sources" else ("phase", "order"):
        value = getattr(part, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
            return f"a number as {name} of {part.name!r}, got {value!r:.60}"
    return None
