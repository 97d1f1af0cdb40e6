"""How an answer is made: a request is prepared, sources and stages run, a page is cut; with all hooks around."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

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
    match,
    parse_filters,
    tokens,
    watch_forks,
)
from .agreement import find_agreement
from .hook_calls import Answer, Budget, HookCalls
from .live_offers import LiveOffers
from .page import asked_for_facets, make_results
from .pipeline import Asked, Pipeline
from .query_vectors import QueryVectors
from .request import Request, id_list
from .results import Results
from .understanding import understand
from .why import Explainer, Why

if TYPE_CHECKING:
    from .shop import Shop

logger = logging.getLogger("shelfwise.shop")

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
        self._lock = threading.Lock()  # of the masks below
        self._matchings: OrderedDict[tuple[int, Filters, int, Context], tuple[View, Matching]] = OrderedDict()
        watch_forks(self)

    def answer_many(self, requests: Sequence[Request], mandatory: Filters = ()) -> list[Results]:
        """The answers to several requests, in their order. `mandatory`: filters that hold whatever else is asked."""
        for request in requests:
            if not isinstance(request, Request):
                raise RequestError(f"answer: wanted a Request, got {type(request).__name__}; write Request(query=…)")
        started = perf_counter()
        view = self._store.view
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
            self._call(each, "on_results", shop=self._shop, request=each.request, results=results)
            answers.append(results)
        return answers

    def why(self, request: Request, product_id: str, mandatory: Filters = ()) -> Why:
        """What happened to one product on the way to an answer."""
        asked = self.prepare(request, self._store.view, mandatory)
        self.encode([asked])
        _find_nothing_without_words(asked)
        return Explainer(asked, self.pipeline, self._store, product_id, self.calls).explain()

    # ---- preparing -----------------------------------------------------------------------------------------------

    def prepare(self, request: Request, view: View, mandatory: Filters = ()) -> Asked:
        """A request with all that the sources need, but for the vector of its query."""
        budget = self.calls.budget()
        degraded: list[str] = []
        request = self._prepared(request, budget, degraded)
        context = request.context.filled(self._store.context)
        permitted = self._permitted(request, budget, degraded)
        kept = (*mandatory, *permitted)
        matching = self._match(view, (*kept, *request.filters), len(kept), context)
        asked = Asked(request, context, view, matching, self._shop.weights_of(view), budget=budget, degraded=degraded)
        asked.mandatory = kept
        if permitted == NOTHING:
            asked.notes.append("Who may see what could not be found out, so nothing is shown.")
        asked.history = request.history or self._history(asked)
        if request.query:
            asked.understood = self.understand(request.query, asked.locale, view, request.correct)
            asked.words = asked.understood.terms
            asked.agreement = find_agreement(request.query, asked.words, view)
        elif request.product_id is not None:
            self._look_at(request.product_id, asked)
        elif request.query is not None:
            asked.notes.append("The query is empty, so these are all products that pass the filters.")
        return asked

    def _prepared(self, request: Request, budget: Budget, degraded: list[str]) -> Request:
        # One after another: each sees what the one before made of it.
        for each in self.calls.implementations("prepare_query"):
            work = partial(each.call, {"request": request})
            answer = self.calls.guard(each.plugin, each.hook, budget, work, each)
            if answer.failure is None and answer.value is not None and not isinstance(answer.value, Request):
                answer = self.calls.reject(answer, each.hook, f"no Request but {_kind(answer.value)}")
            if answer.failure is not None:
                degraded.append(_left_out(answer, each.hook))
            elif answer.value is not None:
                request = answer.value
        return request

    def _permitted(self, request: Request, budget: Budget, degraded: list[str]) -> Filters:
        """The filters that hold for this shopper; where that cannot be found out, such as nothing passes."""
        filters: list[Any] = []
        for answer in self.calls.call("mandatory_filters", budget, required=True, shop=self._shop, request=request):
            if answer.failure is None:
                try:
                    filters += parse_filters(answer.value)
                    continue
                except Exception as error:
                    answer = self.calls.reject(answer, "mandatory_filters", f"no filters ({error})")
            degraded.append(_left_out(answer, "mandatory_filters"))
            return NOTHING
        return tuple(filters)

    def _history(self, asked: Asked) -> tuple[str, ...]:
        request = asked.request
        if not request.personalise or (request.user_id is None and request.session is None):
            return ()
        found: list[str] = []
        for answer in self._call(asked, "user_history", shop=self._shop, request=request):
            if answer.value is not None:
                try:
                    found += id_list(answer.value, "user_history")
                except RequestError as error:
                    asked.degraded.append(
                        _left_out(self.calls.reject(answer, "user_history", str(error)), "user_history")
                    )
        return tuple(dict.fromkeys(found))

    def _call(self, asked: Asked, hook: str, **arguments: Any) -> list[Answer]:
        made = self.calls.call(hook, asked.budget, **arguments)
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
        return bool(self._match(asked.view, asked.mandatory, len(asked.mandatory), asked.context).mask[row])

    def _match(self, view: View, filters: Filters, kept: int, context: Context) -> Matching:
        key = (id(view), filters, kept, context)
        with self._lock:
            known = self._matchings.get(key)
        if known is not None and known[0] is view and known[1].since <= time() < known[1].until:
            return known[1]
        made = match(view, filters, context, kept=kept)
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


def _kind(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"


def _find_nothing_without_words(asked: Asked) -> None:
    """A query of signs alone ("!!!") asks for nothing that could be found; it must not show everything."""
    if asked.request.query and not asked.words and asked.vector is None:
        asked.matching = replace(asked.matching, mask=asked.matching.mask & False)
        asked.notes.append("The query has no words, so nothing was searched.")
