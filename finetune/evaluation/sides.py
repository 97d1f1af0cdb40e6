"""The two that are compared: a store that is asked, or a file with what another engine answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...index import Store
from ...plugin import NO_LIMITS, Shop
from ..judgement import RELEVANT, Judged
from .asking import DEPTH, ask
from .errors import EvaluationError
from .measures import answerable
from .runs import of_queries, read_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .measures import Run

Says = Callable[[int, int], None]
Answers = Callable[[Iterable[str], int], "Run"]  # the rankings of some queries, at most so many products each


@dataclass(frozen=True)
class Side:
    """One of two."""

    name: str
    answers: Answers
    holds: Callable[[str], bool]  # whether it knows a product
    answered: frozenset[str] | None = None  # the queries that it can tell of; None: any
    depth: int | None = None  # the most products that it can tell of; None: any


@contextmanager
def open_shop(store: str) -> Iterator[Shop]:
    """A store as it is measured: nothing is made, maintained or hurried."""
    with Shop.open(store, create=False, maintain=False, limits=NO_LIMITS) as shop:
        yield shop


@contextmanager
def baseline_side(baseline: str, queries: Iterable[str], says: Says | None = None) -> Iterator[Side]:
    """A store's folder or URL, or a run file of any engine, whichever it is.

    `queries`: what will be asked. Raises `EvaluationError` where a run file has none of them, and what opening raises.
    """
    path = Path(baseline)
    if "://" in baseline or path.is_dir() or Store.exists(baseline):
        with open_shop(baseline) as shop:
            yield shop_side(shop, says)
    elif path.is_file():
        yield run_side(read_run(path), baseline, queries)
    else:
        raise EvaluationError(f"{baseline}: wanted a store, or a run file of another engine, found nothing there")


def shop_side(shop: Shop, says: Says | None = None) -> Side:
    """A shop, which is asked."""
    view = shop.store.view

    def answers(queries: Iterable[str], depth: int) -> Run:
        return ask(shop.answer_many, queries, depth, says)

    return Side(shop.store.name, answers, lambda product: view.row_of(product) >= 0)


def run_side(run: Run, name: str, queries: Iterable[str]) -> Side:
    """Rankings that are there already; it can tell of the queries that they hold."""
    known = of_queries(run, queries, name)
    products = frozenset(product for ranking in known.values() for product in ranking)

    def answers(queries: Iterable[str], depth: int) -> Run:
        return {query: known[query][:depth] for query in queries}

    return Side(name, answers, products.__contains__, frozenset(known), max(map(len, known.values())))


@dataclass(frozen=True)
class Answered:
    """What both answered to the same judged queries, as deep as both can tell."""

    before: Run
    after: Run
    judged: dict[str, dict[str, float]]  # each with a relevant product
    notes: tuple[str, ...]  # sentences on what was left out


def answer_both(baseline: Side, candidate: Side, judged: Judged, depth: int = DEPTH) -> Answered:
    """Asks both. Left out are judgements of products that neither holds, queries without a relevant product, and those
    that the baseline cannot tell of. Raises `EvaluationError` where nothing is left.
    """
    known, notes = usable(judged, lambda product: baseline.holds(product) or candidate.holds(product))
    if baseline.answered is not None and (lacking := known.keys() - baseline.answered):
        known = {query: gains for query, gains in known.items() if query not in lacking}
        notes.append(f"Left out: {len(lacking):,} judged queries that {baseline.name} lacks.")
    if not known:
        raise EvaluationError(
            f"judgements: wanted queries with a relevant product that {baseline.name} has, found none"
        )
    if baseline.depth is not None and baseline.depth < depth:
        depth = max(1, baseline.depth)
        notes.append(f"Both are measured to depth {depth:,}: {baseline.name} has no more of an answer.")
    before = baseline.answers(known, depth)
    return Answered(before, candidate.answers(known, depth), known, tuple(notes))


def usable(judged: Judged, holds: Callable[[str], bool]) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The queries that have a relevant product, by judgements of products that there are; sentences on the others.

    Raises `EvaluationError` where none is left.
    """
    held = {query: {each: gain for each, gain in gains.items() if holds(each)} for query, gains in judged.items()}
    count = sum(map(len, judged.values()))
    unknown = count - sum(map(len, held.values()))
    if unknown == count:
        raise EvaluationError(
            f"judgements: wanted products that the store holds, found none of {count:,}; are the ids the store's own?"
        )
    kept = answerable(held)
    if not kept:
        raise EvaluationError(
            f"judgements: wanted queries with a product of gain {RELEVANT} or more, found none of {len(judged):,}"
        )
    notes = []
    if unknown:
        notes.append(f"Left out: {unknown:,} of {count:,} judgements, of products that are not there.")
    if without := len(judged) - len(kept):
        notes.append(f"Left out: {without:,} of {len(judged):,} judged queries, which have no relevant product.")
    return kept, notes
