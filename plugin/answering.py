"""How an answer is made: a request is prepared, sources and stages run, a page is cut; with all hooks around."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..index import (
    AnyOf,
    Context,
    Filters,
    Matching,
    Not,
    RequestError,
    ShelfwiseError,
    UnknownProduct,
    View,
    Wanted,
    match,
    parse_filters,
    tokens,
    watch_forks,
)
from .agreement import find_agreement
from .hook_calls import Answer, Budget, HookCalls, HookFailure
from .hooks import Implementation
from .live_offers import LiveOffers
from .page import asked_for_facets, make_results
from .pipeline import Asked, Pipeline
from .query_vectors import QueryVectors
from .request import Request, check_id, id_list
from .results import Results
from .rules.book import Situation, rules_now
from .rules.hiding import hide_filters
from .rules.synonyms import known_words, widened
from .understanding import Understood, understand
from .why import Explainer, Why

if TYPE_CHECKING:
    from .shop import Shop

logger = logging.getLogger("shelfwise.shop")

MOST_HISTORY = 1_000  # of the latest ids that a plugin knows of a shopper
KEPT_MATCHINGS = 32  # masks of recent filters
NOTHING: Filters = (AnyOf("id", ("nothing",)), Not(AnyOf("id", ("nothing",))))


class Answering:
    """Answers the requests of one shop; safe to call from several threads."""

    def __init__(self, shop: Shop, pipeline: Pipeline, calls: HookCalls, trust_stored_offers: bool) -> None:
        self._shop, self._store = shop, shop.store
        self.pipeline = pipeline
        self.calls = calls
        self.understand = understand
        self._trust_stored_offers = trust_stored_offers
        self._query_vectors = QueryVectors(shop.store)
        self._parsed: tuple[object, Filters] = (None, ())  # what a plugin gave last as its mandatory filters
        self._lock = threading.Lock()  # of the masks below
        self._matchings: OrderedDict[tuple[int, Filters, int, Context, bool], tuple[View, Matching]] = OrderedDict()
        watch_forks(self)

    def answer_many(
        self, requests: Sequence[Request], mandatory: Filters = (), previewed: View | None = None
    ) -> list[Results]:
        """The answers to several requests, in their order. `mandatory`: filters that hold whatever else is asked.
        `previewed`: a view in place of the store's own, for an answer that no plugin hears of.
        """
        for request in requests:
            if not isinstance(request, Request):
                raise RequestError(f"answer: wanted a Request, got {type(request).__name__}; write Request(query=…)")
        started = perf_counter()
        view = previewed or self._store.view
        asked = [self.prepare(request, view, mandatory) for request in requests]
        self.encode(asked)
        # A facet whose own field is filtered is counted in an answer of its own, found in the same run.
        apart = [asked_for_facets(each) for each in asked]
        everything = [*asked, *(one for each in apart for one in each.values())]
        for each in everything:
            _find_nothing_without_words(each)
        shared = perf_counter() - started
        answers = []
        all_found = self.pipeline.run(everything, self.calls)
        rest = zip(everything[len(asked) :], all_found[len(asked) :], strict=True)
        for each, found, own in zip(asked, all_found, apart, strict=False):
            # With several requests each carries its share of what was done for all of them.
            begun = started if len(asked) == 1 else perf_counter() - shared / len(asked)
            counted = {name: next(rest) for name in own}
            live = LiveOffers(self._shop, each, self.calls, self._trust_stored_offers)
            results = make_results(each, found, self._store.products, begun, counted, live)
            known = len(each.degraded)
            if results.etag is not None and self._store.last_change() != view.change:
                # Products are read as they are now: the page may hold what a write of this moment made of them.
                results = replace(results, etag=None)
            if previewed is None:
                self._call(each, "on_results", shop=self._shop, request=each.request, results=results)
            if len(each.degraded) > known:
                results = replace(results, degraded=(*results.degraded, *each.degraded[known:]), etag=None)
            answers.append(results)
        return answers

    def why(self, request: Request, product_id: str, mandatory: Filters = ()) -> Why:
        """What happened to one product on the way to an answer. Raises `RequestError`."""
        check_id(product_id, "product_id")
        asked = self.prepare(request, self._store.view, mandatory)
        self.encode([asked])
        _find_nothing_without_words(asked)
        return Explainer(asked, self.pipeline, self._store, product_id, self.calls).explain()

    # ---- preparing -----------------------------------------------------------------------------------------------

    def prepare(self, request: Request, view: View, mandatory: Filters = ()) -> Asked:
        """A request with all that the sources need, but for the vector of its query."""
        budget = self.calls.budget()
        degraded: list[str] = []
        given = request
        request = self._prepared(given, budget, degraded)
        context = request.context.filled(self._store.context)
        # Who asks is not for `prepare_query` to say.
        permitted = self._permitted(given, view, budget, degraded)
        # What it was rewritten to may be hidden too.
        rewritten = request is not given and permitted != NOTHING
        hidden = hide_filters(self._store, request) if rewritten else ()
        kept = (*mandatory, *permitted, *hidden)
        filters = (*kept, *request.filters)
        matching = self._match(view, filters, len(kept) + request.fixed_filters, context, secret=bool(kept))
        asked = Asked(request, context, view, matching, self._shop.weights_of(view), budget=budget, degraded=degraded)
        asked.mandatory, asked.given = kept, given
        if permitted == NOTHING:
            asked.notes.append("Who may see what could not be found out, so nothing is shown.")
        asked.history = request.history or self._history(asked)
        if request.query:
            asked.understood = self._read(asked)
            asked.words = asked.understood.terms
            asked.agreement = find_agreement(request.query, asked.words, view)
        elif request.product_id is not None:
            self._look_at(request.product_id, asked)
        elif request.query is not None:
            asked.notes.append("The query is empty, so these are all products that pass the filters.")
        return asked

    def _read(self, asked: Asked) -> Understood:
        """The query, with what the shop's synonyms let stand for its words."""
        request, view, locale = asked.request, asked.view, asked.locale
        window, query = rules_now(view), request.query or ""
        known = known_words(window, locale)
        understood = self.understand(query, locale, view, request.correct, known=known)
        if asked.mandatory and not all(self._is_seen(each.used, asked) for each in understood.changes):
            # What it was read as would tell of a product that is hidden.
            understood = self.understand(query, locale, view, False, known=known)
        return widened(understood, window, Situation.of(request, asked.context, understood.corrected))

    def _is_seen(self, text: str, asked: Asked) -> bool:
        """Whether a product that the mandatory filters show holds these words."""
        held = asked.view.lexicon.holding([Wanted(each) for each in tokens(text, asked.locale)], (), asked.locale)
        return bool((held[self._shown(asked)] > 0).any())

    def _prepared(self, request: Request, budget: Budget, degraded: list[str]) -> Request:
        # One after another: each sees what the one before made of it.
        for each in self.calls.implementations("prepare_query"):
            work = partial(_rewritten, each, request)
            answer = self.calls.guard(each.plugin, each.hook, budget, work, each)
            if answer.failure is not None:
                degraded.append(_left_out(answer, each.hook))
            elif answer.value is not None:
                request = answer.value
        return request

    def _permitted(self, request: Request, view: View, budget: Budget, degraded: list[str]) -> Filters:
        """The filters that hold for this shopper; where that cannot be found out, such as nothing passes."""
        context = request.context.filled(self._store.context)

        def read(value: object) -> Filters:
            # Rules that hide give thousands of ids, the same each time.
            given, parsed = self._parsed
            if given is not value or not isinstance(value, tuple):
                parsed = parse_filters(value)  # type: ignore[arg-type]
                self._parsed = value, parsed
            self._match(view, parsed, len(parsed), context)  # whether the store knows these fields
            return parsed

        made = self.calls.call("mandatory_filters", budget, required=True, read=read, shop=self._shop, request=request)
        failed = [_left_out(each, "mandatory_filters") for each in made if each.failure is not None]
        degraded += failed
        return NOTHING if failed else tuple(one for each in made for one in each.value)

    def _history(self, asked: Asked) -> tuple[str, ...]:
        request = asked.request
        if not request.personalise or (request.user_id is None and request.session is None):
            return ()
        made = self._call(asked, "user_history", _history_of, shop=self._shop, request=request)
        found = [one for each in made for one in each.value]
        return tuple(dict.fromkeys(found[::-1]))[::-1]  # what was looked at twice counts where it was last

    def _call(
        self, asked: Asked, hook: str, read: Callable[[Any], Any] | None = None, **arguments: Any
    ) -> list[Answer]:
        made = self.calls.call(hook, asked.budget, read=read, **arguments)
        asked.degraded += [_left_out(each, hook) for each in made if each.failure is not None]
        return [each for each in made if each.failure is None]

    def _look_at(self, product_id: str, asked: Asked) -> None:
        """Fills in the words and the vector of a product, and takes the product itself out of its answer."""
        row = asked.view.row_of(product_id)
        if asked.mandatory and (row < 0 or not self.visible(asked, row)):
            raise UnknownProduct(f"product {product_id!r}: there is none in {self._store.name}; check the id")
        title = self._shop.get(product_id, context=asked.context).title
        asked.words = tuple(dict.fromkeys(tokens(title, asked.locale)))
        if row >= 0:
            asked.vector = asked.view.vector_of(row, asked.locale)
            mask = asked.matching.mask.copy()
            mask[row] = False
            asked.matching = replace(asked.matching, mask=mask)

    def visible(self, asked: Asked, row: int) -> bool:
        """Whether the mandatory filters show a product."""
        return bool(self._shown(asked)[row])

    def _shown(self, asked: Asked) -> NDArray[np.bool_]:
        return self._match(asked.view, asked.mandatory, len(asked.mandatory), asked.context).mask

    def shows(self, product_id: str, context: Context, mandatory: Filters) -> bool:
        """Whether a product that there is may be seen; that it is for sale nobody asks where no filter holds."""
        view = self._store.view
        request = Request(filters={"id": product_id}, k=1, context=context)
        kept = (*mandatory, *self._permitted(request, view, self.calls.budget(), []))
        row = view.row_of(product_id)
        if not kept:
            return True
        return row >= 0 and bool(self._match(view, kept, len(kept), context.filled(self._store.context)).mask[row])

    def _match(self, view: View, filters: Filters, kept: int, context: Context, secret: bool = True) -> Matching:
        says = not (kept and secret)
        key = (id(view), filters, kept, context, says)
        with self._lock:
            known = self._matchings.get(key)
        if known is not None and known[0] is view and known[1].since <= time() < known[1].until:
            return known[1]
        made = match(view, filters, context, kept=kept, says=says)
        with self._lock:
            self._matchings[key] = (view, made)
            while len(self._matchings) > KEPT_MATCHINGS:
                self._matchings.popitem(last=False)
        return made

    def encode(self, asked: Sequence[Asked]) -> None:
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
        """Lets go of the mapped files."""
        self._matchings.clear()
        self._query_vectors.clear()

    def before_fork(self) -> None:
        """Nothing need be at rest for a fork."""

    def after_fork(self, child: bool) -> None:
        """A forked child has locks of its own, for another thread of the parent may have held them."""
        if child:
            self._lock = threading.Lock()
            self._query_vectors.after_fork()


def _left_out(answer: Answer, hook: str) -> str:
    return f"{hook} of {answer.plugin}"


def _rewritten(each: Implementation, request: Request) -> Request | None:
    made = each.call({"request": request})
    if made is not None and not isinstance(made, Request):
        # Not the value: to write out a million ids takes longer than a hook may.
        raise HookFailure(f"wanted a Request or None, got {type(made).__name__}")
    return made


def _history_of(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        raise HookFailure(f"wanted ids, got {type(value).__name__}")
    return id_list(deque(value, MOST_HISTORY), "user_history")


def _find_nothing_without_words(asked: Asked) -> None:
    """A query of signs alone ("!!!") asks for nothing that could be found; it must not show everything."""
    if asked.request.query and not asked.words and asked.vector is None:
        asked.matching = replace(asked.matching, mask=asked.matching.mask & False)
        asked.notes.append("The query has no words, so nothing was searched.")
