"""Why a product is, or is not, in an answer: what happened to it, in order, in plain sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from ..index import Filter, Filters, Product, Store, field_of, filters_to_text, match, path_code, product_facts
from .browsing import browse_order
from .cutoff import Cutoff, CutoffStage
from .hook_calls import HookCalls
from .page import order_of
from .pipeline import PER_SOURCE, Asked, Found, Pipeline, Proposal
from .rules.hiding import hide_filters, hide_rules
from .rules.masks import mask_of

MOST_SAID = 8  # values of a product in one sentence


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `cause` is a word that does not change; `sentence` is for a person."""

    cause: str
    sentence: str


@dataclass(frozen=True)
class Why:
    """What happened to one product on the way to an answer."""

    product_id: str
    found: bool  # whether it is in the match set
    rank: int | None  # its place in the answer, from 1, whatever the page
    steps: tuple[Step, ...]
    parts: dict[str, float] = field(default_factory=dict)  # of its score

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes in order; where it was not found, the last is what kept it out."""
        return tuple(step.cause for step in self.steps)

    def __str__(self) -> str:
        return "\n".join(step.sentence for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        steps = [{"cause": step.cause, "sentence": step.sentence} for step in self.steps]
        return {"id": self.product_id, "found": self.found, "rank": self.rank, "parts": self.parts, "steps": steps}


@dataclass
class Explainer:
    """Follows one product through the pipeline."""

    asked: Asked
    pipeline: Pipeline
    store: Store
    product_id: str
    calls: HookCalls | None = None
    steps: list[Step] = field(default_factory=list)

    def say(self, cause: str, sentence: str) -> None:
        """One more step."""
        self.steps.append(Step(cause, sentence))

    def explain(self) -> Why:
        """All of it."""
        for look in (self._in_store, self._visible, self._understood):
            if not look():
                return self._left_out()
        row = self.asked.view.row_of(self.product_id)
        proposals, stages = self.pipeline.trace(self.asked, self.calls)
        self._proposed(row, proposals)
        for (before, had), (name, after) in pairwise(stages):
            if _holds(had, row) and not _holds(after, row):
                self.say(name, self._taken_out(name, before, row))
            elif _holds(after, row) and not _holds(had, row):
                self.say(name, f"The stage {name!r} brought it in.")
        if not _holds(stages[-1][1], row):
            return self._left_out()
        return self._ranked(row, stages[-1][1])

    def _taken_out(self, name: str, before: str, row: int) -> str:
        cutoff = Cutoff.of(self.asked.view.cutoff)
        if name == CutoffStage.name and cutoff is not None and row in self.asked.relevance:
            relevance, wanted = self.asked.relevance[row], 1 / (1 + math.exp(-cutoff.limit))
            return f"The list ends before it: its relevance is {relevance:.3f}, and {wanted:.3f} is wanted (cutoff)."
        return f"The stage {name!r} took it out, after {before!r}."

    def _left_out(self) -> Why:
        return Why(self.product_id, False, None, tuple(self.steps))

    # ---- the store -----------------------------------------------------------------------------------------------

    def _in_store(self) -> bool:
        facts = product_facts(self.store, self.product_id)
        if facts is None or self._hidden():
            self.say("unknown", f"There is no product {self.product_id!r} in the store, and never was.")
            return False
        origin = f" by import {facts.import_id}" if facts.import_id is not None else ""
        origin += f" of {facts.source}" if facts.source else ""
        origin += f", row {facts.row}" if facts.row is not None else ""
        if facts.deleted:
            self.say("deleted", f"It was deleted with change {facts.change}{origin}.")
            return False
        self.say("stored", f"It is in the store; written last with change {facts.change}{origin}.")
        if self.asked.view.row_of(self.product_id) < 0:
            self.say("behind", f"This process has seen changes up to {self.asked.view.change}; it will follow soon.")
            return False
        if facts.waiting:
            self.say("waiting", "It waits to be encoded: until then it is found by its words alone.")
        return True

    @property
    def _hides(self) -> Filters:
        return hide_filters(self.store, self.asked.request)

    def _hidden(self) -> bool:
        """Whether the mandatory filters hide it: nobody may learn that it is there."""
        row = self.asked.view.row_of(self.product_id)
        mandatory = tuple(each for each in self.asked.mandatory if each not in self._hides)
        return bool(mandatory) and (row < 0 or not self._passes(row, mandatory))

    # ---- filters and offers --------------------------------------------------------------------------------------

    def _visible(self) -> bool:
        asked, row = self.asked, self.asked.view.row_of(self.product_id)
        if asked.request.product_id == self.product_id:
            self.say("itself", "It is the product that similar ones are wanted of, so it is left out.")
            return False
        product: Product = self.store.products([self.product_id])[self.product_id]
        for rule in hide_rules(asked.view, asked.request, asked.context):
            if mask_of(asked.view, rule.chosen, asked.context)[row]:
                self.say("hidden", f"The rule {rule.id!r} hides it" + (f": {rule.reason}." if rule.reason else "."))
                return False
        if not match(asked.view, (), asked.context).mask[row]:
            self.say("offer", self._no_offer(product))
            return False
        failing = [each for each in asked.request.filters if not self._passes(row, (each,))]
        together = (*asked.mandatory, *asked.request.filters)
        for each in failing:
            has = _own(product, field_of(each))
            self.say("filter", f"The filter {filters_to_text((each,))} removed it: it has {has}.")
        if not failing and asked.request.filters and not self._passes(row, together):
            self.say("variant", "Each filter fits one of its variants, but no single variant fits all of them.")
            return False
        if asked.request.filters and not failing:
            self.say("passed", "It passes all filters.")
        return not failing

    def _passes(self, row: int, filters: tuple[Filter, ...]) -> bool:
        return bool(match(self.asked.view, filters, self.asked.context).mask[row])

    def _no_offer(self, product: Product) -> str:
        context = self.asked.context
        there = dict.fromkeys(
            "/".join(filter(None, (offer.currency, offer.market, offer.group, offer.location)))
            for _, offer in product.offers
        )
        where = " ".join(filter(None, (context.currency, context.market, *context.groups, context.location)))
        return f"It is not for sale here ({where}) now; it has offers for {', '.join(there)}."

    # ---- the query -----------------------------------------------------------------------------------------------

    def _understood(self) -> bool:
        asked = self.asked
        if not asked.request.query:
            return True
        if not asked.words and asked.vector is None:
            self.say("no-words", f"The query {asked.request.query!r} has no words, so nothing was searched.")
            return False
        for change in asked.understood.changes:
            self.say("corrected", f"{change.typed!r} was read as {change.used!r}.")
        self.say("query", f"The query {asked.request.query!r} was searched as the words {', '.join(asked.words)}.")
        if asked.understood.excluded:
            excluded = ", ".join(" ".join(word.term for word in phrase) for phrase in asked.understood.excluded)
            self.say("excluded", f"Products that hold what is not wanted ({excluded}) were lowered.")
        if asked.vector is None:
            self.say("no-vector", "The query has no vector, so words alone were searched.")
        return True

    # ---- sources and stages --------------------------------------------------------------------------------------

    def _proposed(self, row: int, proposals: dict[str, Proposal | None]) -> bool:
        proposed = False
        for source in self.pipeline.sources:
            proposal = proposals[source.name]
            if proposal is None:
                continue
            score = float(self.pipeline.scored(self.asked, source, np.array([row]), self.calls)[0])
            at = np.flatnonzero(proposal.rows == row)
            if len(at):
                rank = int(at[0]) + 1
                self.say(source.name, f"The source {source.name!r} found it at rank {rank} with {score:.3f}.")
                proposed = True
            elif row in proposal.also:
                self.say(source.name, f"The source {source.name!r} found it beyond its best {PER_SOURCE:,}.")
                proposed = True
            else:
                last = float(proposal.scores[-1]) if len(proposal.scores) else 0.0
                needed = f"; its last of {len(proposal.rows):,} has {last:.3f}" if len(proposal.rows) else ""
                self.say(f"not-{source.name}", f"The source {source.name!r} gave it {score:.3f}, too little{needed}.")
        return proposed

    def _ranked(self, row: int, found: Found) -> Why:
        candidates, request = found.candidates, self.asked.request
        order, moves = order_of(self.asked, candidates)
        rank = int(np.flatnonzero(order == row)[0]) + 1
        at = int(np.flatnonzero(candidates.rows == row)[0])
        parts = {name: float(part[at]) for name, part in candidates.parts.items()}
        if parts:
            total = " + ".join(f"{name} {value:.3f}" for name, value in parts.items())
            self.say("score", f"Its score is {sum(parts.values()):.3f} = {total}.")
        for move in moves.get(row, ()):
            because = f": {move.reason}" if move.reason else ""
            self.say("moved", f"{_rule(move.rule)} moved it from {move.from_rank:,} to {move.to_rank:,}{because}.")
        by = request.sort
        if by == "relevance" and not request.query and request.product_id is None:
            by = browse_order(self.asked.view)
        self.say("ranked", f"It is number {rank:,} of {len(candidates.rows):,} by {by}.")
        if self.product_id in request.first and request.sort == "relevance":
            self.say("first", "It was placed at the head by hand.")
        first, last = request.offset + 1, request.offset + request.k
        if request.after is None and not first <= rank <= last:
            self.say("page", f"This page shows {first:,} to {last:,}.")
        return Why(self.product_id, True, rank, tuple(self.steps), parts)


def _rule(name: str) -> str:
    named = {"first": "Its position on this page", "diversity": "Diversity"}
    return named.get(name, f"The rule {name!r}")


def _holds(found: Found, row: int) -> bool:
    return bool((found.candidates.rows == row).any())


def _own(product: Product, name: str) -> str:
    """What the product itself has in a field, as a person would say it."""
    if name in {"price", "in_stock"}:
        offers = [
            f"{variant.id}: {offer.price} {offer.currency}"
            + ("" if offer.stock is None else f", {offer.stock} in stock")
            for variant, offer in product.offers
        ]
        return "; ".join(offers[:MOST_SAID]) or "no price"
    values: list[str] = []
    if name == "category":
        values = [path_code(path) for path in product.categories]
    elif name == "added":
        values = [product.added.isoformat()] if product.added else []
    elif name in {"id", "brand"}:
        values = list(filter(None, [getattr(product, name)]))
    elif name == "tags":
        values = list(product.tags)
    else:
        values = [value.code for value in product.attributes.get(name, ())]
        for variant in product.variants:
            values += [value.code for value in variant.options.get(name, ())]
            values += list(filter(None, [getattr(variant, name)])) if name in {"sku", "gtin"} else []
    return ", ".join(list(dict.fromkeys(values))[:MOST_SAID]) or "nothing there"
