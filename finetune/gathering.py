"""What is known of which product answers which query, mixed as it is at hand, and kept apart: to learn, tune, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..index import Product
from .errors import TrainingError
from .judgement import RELEVANT, Judged, Judgement, by_query
from .knobs import Knobs
from .signals.catalogue import synthetic_queries
from .signals.cleaning import clean
from .signals.reading import read_judgements
from .signals.searches import click_judgements, read_events
from .signals.splitting import split, without_leaks

FEWEST = 10  # queries on each side; with fewer nothing can be said at all


@dataclass(frozen=True)
class Signals:
    """Judgements on three sides; no query of one is nearly one of another."""

    train: Sequence[Judgement]
    tune: Judged  # decides when training ends, and weighs words against meaning
    held_out: Judged  # judges the result; nothing is chosen by it
    kinds: Mapping[str, int]  # how many judgements of which kind are trained on
    report: Sequence[str] = field(default_factory=list)

    @property
    def judged(self) -> Judged:
        """All that is known of the queries that are trained on."""
        return by_query(self.train)

    def to_json(self) -> dict[str, Any]:
        """What is needed after training."""
        return {"tune": self.tune, "held_out": self.held_out, "kinds": self.kinds, "report": list(self.report)}

    @property
    def judged_by_people(self) -> bool:
        """Whether what judges is more than made-up queries."""
        return set(self.kinds) != {"catalogue"}


def gather(knobs: Knobs, products: Sequence[Product], locale: str) -> Signals:
    """Reads, cleans and splits all signals that the knobs name; of a catalogue alone, queries are made up.

    Raises `TrainingError` or `SignalError` before any long work begins.
    """
    known = {each.id for each in products}
    report: list[str] = []
    real: list[Judgement] = []
    kinds: dict[str, int] = {}
    if knobs.judgements is not None:
        file = read_judgements(knobs.judgements)
        cleaned = clean(file.judgements, known)
        report += [*file.report, *cleaned.report]
        real += cleaned.judgements
        kinds["judgements"] = len(cleaned.judgements)
    if knobs.searches is not None:
        clicked = click_judgements(read_events(knobs.searches))
        cleaned = clean(clicked.judgements, known)
        report += [*clicked.report, *cleaned.report]
        # What people judged of a query and product is not made less sure by a click.
        judged = {(each.query, each.product_id) for each in real}
        own = [each for each in cleaned.judgements if (each.query, each.product_id) not in judged]
        real += own
        kinds["searches"] = len(own)
    if knobs.test is not None:
        tested = read_judgements(knobs.test)
        leaks = without_leaks(real, {each.query for each in tested.judgements}, locale=locale)
        report += leaks.report
        real = leaks.train
    if not real:
        return _of_catalogue(knobs, products, locale, report)
    _check(real)
    rest, held_out = split(real, knobs.held_out, knobs.seed, locale=locale)
    train, tune = split(rest, knobs.held_out, knobs.seed + 1, locale=locale)
    sides = Signals(train, _answered(tune), _answered(held_out), kinds, report)
    for name, side in (("to tune with", sides.tune), ("to judge with", sides.held_out)):
        if len(side) < FEWEST:
            raise TrainingError(
                f"train: wanted at least {FEWEST} queries with a good product {name}, got {len(side)} of "
                f"{len(by_query(real)):,} queries; bring more judgements, or a larger --held-out"
            )
    return sides


def _of_catalogue(knobs: Knobs, products: Sequence[Product], locale: str, report: list[str]) -> Signals:
    made = synthetic_queries(products, each=knobs.synthetic, seed=knobs.seed, locale=locale)
    report.append(
        f"Nothing is known of what shoppers search: {len(made):,} queries were made up from {len(products):,} products."
    )
    rest, held_out = split(made, 0.02, knobs.seed, locale=locale)
    train, tune = split(rest, 0.02, knobs.seed + 1, locale=locale)
    return Signals(train, _answered(tune), _answered(held_out), {"catalogue": len(train)}, report)


def _check(judgements: Sequence[Judgement]) -> None:
    gains = {each.gain for each in judgements}
    if max(gains) < RELEVANT:
        raise TrainingError(
            f"train: wanted some products that answer their query (a gain of {RELEVANT:g} or more), got gains up to "
            f"{max(gains):g}; is the scale of the grades another?"
        )


def _answered(judgements: Sequence[Judgement]) -> dict[str, dict[str, float]]:
    """The queries that have a good product: of the others nothing can be measured."""
    return {query: gains for query, gains in by_query(judgements).items() if max(gains.values()) >= RELEVANT}
