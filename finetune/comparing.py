"""A shop beside the engine that is there now: what moved, query by query, weighted by how often it is searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..plugin import Request, Shop
from .evaluation.asking import ask

if TYPE_CHECKING:
    from .evaluation.measures import Run

DEPTH = 10  # products of each answer that are compared: a shopper's first page
BELOW = 100  # how deep it is looked for where a product went

Kind = Literal["new", "lost", "up", "down", "same"]
KINDS: tuple[Kind, ...] = ("new", "lost", "up", "down", "same")


@dataclass(frozen=True)
class Moved:
    """One product of one query, before and now."""

    product_id: str
    title: str  # blank where the store has no such product
    kind: Kind
    before: int | None  # its rank from 1; None: not among the first
    now: int | None  # for a lost product also below the first, as far as BELOW
    why: tuple[str, ...] = ()  # of a lost product: what happened to it, in sentences


@dataclass(frozen=True)
class QueryChange:
    """One query: the products of now in their order, then the lost ones in theirs."""

    query: str
    count: float  # how often it is searched
    products: tuple[Moved, ...]
    overlap: float  # 0 to 1: the share of the longer list that is in both

    @property
    def kinds(self) -> Counter[str]:
        """How many products there are of each kind."""
        return Counter(each.kind for each in self.products)

    @property
    def changed(self) -> float:
        """How much shoppers see of it: searches times what is not in both lists."""
        return self.count * (1 - self.overlap)


@dataclass(frozen=True)
class Comparison:
    """All queries, the most frequent first."""

    store: str
    baseline: str
    depth: int
    queries: tuple[QueryChange, ...]
    left_out: int = 0  # queries that the other engine's file lacks
    rest: int = 0  # less frequent queries that were not compared

    @property
    def searches(self) -> float:
        """How many searches the queries stand for."""
        return sum(each.count for each in self.queries)

    @property
    def overlap(self) -> float:
        """The mean overlap, weighted by frequency, 0 to 1."""
        return sum(each.count * each.overlap for each in self.queries) / self.searches

    @property
    def kinds(self) -> Counter[str]:
        """How many products there are of each kind, in all queries."""
        return sum((each.kinds for each in self.queries), Counter[str]())

    def most_changed(self, count: int = 10) -> list[QueryChange]:
        """The queries of which shoppers will see most, those that did not change left out."""
        changed = [each for each in self.queries if each.overlap < 1]
        return sorted(changed, key=lambda each: -each.changed)[:count]


def compare(
    shop: Shop,
    baseline: Run,
    counts: Mapping[str, float],
    *,
    name: str = "the other engine",
    depth: int = DEPTH,
    most: int | None = None,
    says: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Asks the shop the queries of `counts` that `baseline` has, and says what moved among the first `depth`.

    `counts`: how often each query is searched; queries that nobody searched are left out. `most`: only so many, the
    most frequent ones. `says`: told how many queries are done. Raises what `ask` raises.
    """
    known = {query: count for query, count in counts.items() if query in baseline and count > 0}
    ordered = sorted(known, key=lambda query: -known[query])
    asked = ordered[:most]
    now = ask(shop.answer_many, asked, max(BELOW, depth))
    made = []
    for query in asked:
        made.append(_change(shop, query, known[query], baseline[query], now[query], depth))
        if says is not None:
            says(len(made), len(asked))
    left_out = len(counts.keys() - baseline.keys())
    store = shop.store.name.rstrip("/").rpartition("/")[2]
    return Comparison(store, name, depth, tuple(made), left_out, len(ordered) - len(asked))


def _change(
    shop: Shop, query: str, count: float, baseline: Sequence[str], found: Sequence[str], depth: int
) -> QueryChange:
    before = {product: rank for rank, product in enumerate(baseline[:depth], 1)}
    now = {product: rank for rank, product in enumerate(found, 1)}
    first = list(found[:depth])
    lost = [product for product in before if product not in first]
    titles = _titles(shop, [*first, *lost])
    products = [
        Moved(each, titles.get(each, ""), _kind(before.get(each), now[each]), before.get(each), now[each])
        for each in first
    ]
    products += [
        Moved(each, titles.get(each, ""), "lost", before[each], now.get(each), _why(shop, query, each)) for each in lost
    ]
    in_both = len(before) - len(lost)
    longer = max(len(before), len(first))
    return QueryChange(query, count, tuple(products), in_both / longer if longer else 1.0)


def _kind(before: int | None, now: int) -> Kind:
    if before is None:
        return "new"
    return "same" if before == now else "up" if now < before else "down"


def _titles(shop: Shop, product_ids: Sequence[str]) -> dict[str, str]:
    locale = shop.store.context.locale
    found = shop.store.products(list(product_ids))
    return {product_id: product.localized(locale).title for product_id, product in found.items()}


def _why(shop: Shop, query: str, product_id: str) -> tuple[str, ...]:
    asked = Request(query, k=BELOW, personalise=False)
    return tuple(step.sentence for step in shop.why(asked, product_id).steps)
