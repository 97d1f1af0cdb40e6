"""Judgements out of what shoppers clicked, put into their carts and bought after a search."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..judgement import Judgement
from .errors import SignalError
from .events import CART, CLICK, IMPRESSION, PURCHASE, EventLog, SearchEvent, read_events
from .propensity import Propensities, by_clicks, by_impressions
from .queries import is_machine_text, normalized, tidy

__all__ = ["ClickJudgements", "click_judgements", "read_events"]

# What one shopper's strongest act counts: a purchase costs money, a click costs a second.
STRENGTH = {CLICK: 1.0, CART: 3.0, PURCHASE: 5.0}
WEIGHT = 0.5  # what a query and product with much evidence count beside a rater's judgement
# Evidence at which half of that weight is reached: looks where impressions are known, acts where they are not.
HALF_LOOKS, HALF_ACTS = 20.0, 3.0
# What each product starts with: so much evidence for its query's mean.
PRIOR_LOOKS, PRIOR_ACTS = 10.0, 1.0
# Nobody clicks so fast or so much; who does is a program.
MOST_A_MINUTE, MOST_A_DAY = 30, 500


@dataclass(frozen=True, slots=True)
class ClickJudgements:
    """Judgements whose gain is relative to the best product of the same query, and how they came about."""

    judgements: list[Judgement]
    propensities: Propensities
    report: list[str]


@dataclass(slots=True)
class _Pair:
    """What is known of one query and product."""

    shown: set[tuple[str, int | None]]  # to whom, and where
    acts: dict[str, tuple[float, int | None]]  # by shopper: the strongest act, and where

    def looks(self, look: Propensities) -> float:
        return sum(look[position] for _, position in self.shown)

    def worth(self, look: Propensities | None) -> float:
        """The acts' strength, each divided by how likely its place was looked at."""
        return sum(strength / (look[position] if look else 1.0) for strength, position in self.acts.values())


def click_judgements(events: Iterable[SearchEvent]) -> ClickJudgements:
    """A judgement for each query and product that a search with clicks, carts or purchases showed or led to.

    Programs' events are dropped (more than `MOST_A_MINUTE` acts in a minute, or `MOST_A_DAY` in a day, and queries
    that no shopper typed), a shopper's acts on one product for one query count once, as the strongest of them, and
    position bias is corrected by inverse propensity. With impressions a product's worth is acts for each look, without
    them the acts themselves; both lean towards the query's mean while evidence is thin. The gain is that worth against
    the query's best product, the weight grows with the evidence, up to `WEIGHT`. Raises `SignalError` where no act is
    left.
    """
    report = [*events.report] if isinstance(events, EventLog) else []
    kept = _by_shoppers(list(events), report)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    pairs: dict[str, dict[str, _Pair]] = defaultdict(dict)
    repeats = 0
    for number, each in enumerate(kept):
        query = normalized(each.query)
        pair = pairs[query].setdefault(each.product_id, _Pair(set(), {}))
        who = each.user or f"\n{number}"  # without users each event is another shopper's
        if each.kind == IMPRESSION:
            pair.shown.add((who, each.position))
            continue
        spellings[query][tidy(each.query)] += 1
        strength, position = pair.acts.get(who, (0.0, None))
        repeats += strength > 0
        if STRENGTH[each.kind] > strength:
            position = each.position if each.position is not None else position
            pair.acts[who] = (STRENGTH[each.kind], position)
    pairs = {
        query: of for query, of in pairs.items() if query in spellings
    }  # where nothing was clicked, nothing is known
    if not pairs:
        raise SignalError(
            "events: wanted clicks, carts or purchases of shoppers, and none is left; " + " ".join(report)
        )
    if repeats:
        report.append(f"{repeats:,} acts repeated what the same shopper had done with that product for that query.")
    seen = any(pair.shown for of in pairs.values() for pair in of.values())
    look = _propensities(pairs, seen)
    report.append(look.how)
    made = []
    for query, of in pairs.items():
        spelled = min(spellings[query], key=lambda text: (-spellings[query][text], text))
        made += _judged(spelled, of, look, seen)
    report.append(f"{len(made):,} judgements of {len(pairs):,} queries came out of it.")
    return ClickJudgements(made, look, report)


def _judged(query: str, pairs: dict[str, _Pair], look: Propensities, seen: bool) -> list[Judgement]:
    prior, half = (PRIOR_LOOKS, HALF_LOOKS) if seen else (PRIOR_ACTS, HALF_ACTS)
    worth, evidence = {}, {}
    for product, pair in pairs.items():
        if seen:
            # A click whose impression is missing was a look all the same.
            evidence[product] = max(pair.looks(look), float(len(pair.acts)))
            worth[product] = pair.worth(None) / evidence[product] if evidence[product] else 0.0
        else:
            evidence[product] = float(len(pair.acts))
            worth[product] = pair.worth(look)
    total = sum(evidence.values())
    mean = sum(worth[product] * evidence[product] for product in pairs) / total
    leaning = {
        product: (worth[product] * evidence[product] + mean * prior) / (evidence[product] + prior) for product in pairs
    }
    best = max(leaning.values())
    return [
        Judgement(query, product, leaning[product] / best, WEIGHT * evidence[product] / (evidence[product] + half))
        for product in pairs
        if evidence[product]
    ]


def _propensities(pairs: dict[str, dict[str, _Pair]], seen: bool) -> Propensities:
    shown: Counter[tuple[int, int]] = Counter()
    clicked: Counter[tuple[int, int]] = Counter()
    number = 0
    for of in pairs.values():
        for pair in of.values():
            shown.update((number, place) for _, place in pair.shown if place is not None)
            clicked.update((number, place) for _, place in pair.acts.values() if place is not None)
            number += 1
    rows = [*(shown if seen else clicked)]
    if not rows or not clicked:
        return Propensities(
            {}, "The log has no positions, so what stood first and was clicked for that is not corrected."
        )
    who, places = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    acts = np.array([clicked[each] for each in rows], dtype=np.float64)
    if not seen:
        return by_clicks(places, acts)
    counts = np.array([max(shown[each], clicked[each]) for each in rows], dtype=np.float64)
    return by_impressions(who, places, counts, acts)


def _by_shoppers(events: list[SearchEvent], report: list[str]) -> list[SearchEvent]:
    """The events without those of programs."""
    times: dict[str, list[float]] = defaultdict(list)
    for each in events:
        if each.kind != IMPRESSION and each.user and each.time is not None:
            times[each.user].append(each.time)
    programs = {user for user, moments in times.items() if _is_program(sorted(moments))}
    people = [each for each in events if each.user not in programs]
    if programs:
        report.append(
            f"{len(events) - len(people):,} events of {len(programs):,} users were dropped: more than {MOST_A_MINUTE}"
            f" acts in a minute or {MOST_A_DAY} in a day."
        )
    machine = {query for query in {each.query for each in people} if is_machine_text(query)}
    kept = [each for each in people if each.query not in machine]
    if machine:
        report.append(f"{len(people) - len(kept):,} events were of {len(machine):,} queries that no shopper typed.")
    if not times:
        report.append(
            "The log has no users with times, so programs and repeated clicks could not be told from shoppers."
        )
    return kept


def _is_program(moments: list[float]) -> bool:
    return any(
        later - earlier <= span
        for most, span in ((MOST_A_MINUTE, 60.0), (MOST_A_DAY, 86_400.0))
        for earlier, later in zip(moments, moments[most:], strict=False)
    )
