"""What rules do to the candidates of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...index import FilterError, FoundProducts, Rows
from ..arranging import Arranged, Because
from ..candidates import Candidates, Part
from ..pipeline import Asked, Phase
from .book import Situation, rules_now
from .masks import mask_of
from .rule import Rule


class RulesStage:
    """Finds the rules that hold, adds the part "boost", and lets in what is pinned."""

    name = "rules"
    phase = Phase.MERCHANDISE
    order = 10

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        """See `Stage`."""
        window = rules_now(asked.view)
        situation = Situation.of(asked.request, asked.context, asked.understood.corrected)
        rules = asked.rules = tuple(window.applying(situation))
        asked.rules_until = window.until
        asked.redirect = next((rule.url for rule in rules if rule.kind == "redirect"), None)
        asked.banners = tuple(rule.text for rule in rules if rule.kind == "banner" and rule.text)
        if asked.request.sort != "relevance":
            return candidates
        candidates = _with_pinned(asked, candidates)
        strengths = [rule for rule in rules if rule.kind in ("boost", "bury")]
        return _boosted(asked, candidates, strengths) if strengths else candidates


def _with_pinned(asked: Asked, candidates: Candidates) -> Candidates:
    """With what is pinned and passes the filters, found or not."""
    named = dict.fromkeys(key for rule in asked.rules if rule.kind == "pin" for key in rule.products)
    if not named:
        return candidates
    rows = np.array([asked.view.row_of(key) for key in named], np.int64)
    rows = rows[rows >= 0]
    rows = np.setdiff1d(rows[asked.matching.mask[rows]], candidates.rows)
    if not len(rows):
        return candidates
    nothing = np.zeros(len(rows), np.float32)
    parts = {name: np.concatenate((part, nothing)) for name, part in candidates.parts.items()}
    return Candidates(np.concatenate((candidates.rows, rows)), parts)


def _boosted(asked: Asked, candidates: Candidates, rules: list[Rule]) -> Candidates:
    scores = candidates.scores
    # Without a query nothing has a score: a factor counts as if each had one of 1.
    base = np.abs(scores) if scores.any() else np.ones(len(scores), np.float32)
    part = np.zeros(len(scores), np.float32)
    touched: dict[int, list[Because]] = {}
    for rule in rules:
        try:
            mask = mask_of(asked.view, rule.chosen, asked.context)[candidates.rows]
        except FilterError as error:
            asked.notes.append(f"The rule {rule.id!r} is left out: {error}")
            continue
        if rule.factor is not None:
            part += mask * np.float32(rule.factor - 1) * base
        else:
            part += mask * np.float32((rule.amount or 0) * (1 if rule.kind == "boost" else -1))
        for row in candidates.rows[mask].tolist():
            touched.setdefault(row, []).append(because(rule))
    if not touched:
        return candidates
    asked.boosted = touched
    return candidates.with_part("boost", part)


class PinStage:
    """Has products stand where rules, and the request itself, put them."""

    name = "pins"
    phase = Phase.PLACE
    order = 10

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        """See `Stage`."""
        pins = tuple(rule for rule in asked.rules if rule.kind == "pin")
        if pins or asked.request.first:
            asked.arrangements = (*asked.arrangements, Pinning(pins))
        return candidates


@dataclass(frozen=True)
class Pinning:
    """Positions by hand. What is sold out stays where it was."""

    pins: tuple[Rule, ...]

    def __call__(self, asked: Asked, rows: Rows, scores: Part) -> Arranged:
        """See `Arrangement`."""
        why: dict[int, list[Because]] = {}
        order = _first(asked, rows, why)
        placed = self._placed(asked, rows[order])
        if placed:
            at_of = {row: at for at, row in enumerate(rows.tolist())}
            rest = iter([at for at in order.tolist() if int(rows[at]) not in {row for row, _ in placed.values()}])
            made = []
            for place in range(len(rows)):
                if place in placed:
                    row, rule = placed[place]
                    made.append(at_of[row])
                    why.setdefault(row, []).append(because(rule))
                else:
                    made.append(next(rest))
            order = np.array(made, np.int64)
        return Arranged(order, why)

    def _placed(self, asked: Asked, rows: Rows) -> dict[int, tuple[int, Rule]]:
        """What stands at which place, from 0; a place that is taken gives way to the next."""
        there = set(rows.tolist())
        wanted: dict[int, tuple[int, Rule]] = {}
        for rule in self.pins:
            for behind, key in enumerate(rule.products):
                row = asked.view.row_of(key)
                if row in there:
                    wanted.setdefault(row, ((rule.position or 1) - 1 + behind, rule))
        for row in _sold_out(asked, list(wanted)):
            del wanted[row]
        made: dict[int, tuple[int, Rule]] = {}
        # Beyond the end there is no place: then those at the end.
        for row, (place, rule) in wanted.items():
            place = min(place, len(rows) - 1)
            while place in made and place < len(rows):
                place += 1
            if place >= len(rows):
                place = max(set(range(len(rows))) - set(made))
            made[place] = (row, rule)
        return made


def because(rule: Rule) -> Because:
    """What a move says of its rule."""
    return Because(rule.id, rule.reason)


def _first(asked: Asked, rows: Rows, why: dict[int, list[Because]]) -> Rows:
    """The order with what the request itself wants first at its head."""
    places: Mapping[int, int] = {
        asked.view.row_of(key): place for place, key in reversed(list(enumerate(asked.request.first)))
    }
    ranks = np.array([places.get(row, len(places)) for row in rows.tolist()], np.int64)
    why.update({row: [Because("first", "")] for row in rows.tolist() if row in places})
    order: Rows = np.argsort(ranks, kind="stable")
    return order


def _sold_out(asked: Asked, rows: list[int]) -> list[int]:
    """Those that have a price and nothing in stock, in the variants that pass."""
    ascending = np.array(sorted(rows), np.int64)
    found = FoundProducts(asked.view, asked.matching, ascending)
    can_be_had = np.zeros(len(rows), bool)
    for (variants, products), prices in zip(found.variants, asked.matching.prices, strict=True):
        can_be_had[products[(prices.stock[variants] != 0) | (prices.price[variants] < 0)]] = True
    left: list[int] = ascending[~can_be_had].tolist()
    return left
