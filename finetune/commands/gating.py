"""`shelfwise gate`: whether a store answers better than another one, or than another engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ...plugin.commands import options, screen
from . import options as own

if TYPE_CHECKING:
    from ..gate import SegmentGain, Verdict


def gate(
    store: options.Store,
    judgements: own.Judgements,
    baseline: Annotated[
        str,
        typer.Option(
            metavar="OLD",
            help="What it must beat: another store, or a file with query, product and rank of any engine.",
            show_default=False,
        ),
    ],
    metric: Annotated[
        str, typer.Option(metavar="NAME", help="What decides: recall@100, MRR@10, P@5, or a measure of a plugin.")
    ] = "nDCG@10",
    non_inferior: Annotated[
        bool, typer.Option("--non-inferior", help="Let through what loses at most 0.005: it is smaller, or quicker.")
    ] = False,
    queries: own.Queries = None,
    format: own.Format = None,
    json: options.Json = False,
) -> None:
    """Compare a store with OLD by judged queries: ends with 0 if it is better, 1 if not, 2 if there are too few."""
    own.needs_ir_measures("gate")
    from ..evaluation.asking import DEPTH
    from ..evaluation.measures import depth_of, extra_metrics, per_query
    from ..evaluation.queries import read_queries
    from ..evaluation.segments import brand_finder, segments_of
    from ..evaluation.sides import answer_both, baseline_side, open_shop, shop_side
    from ..gate import judge
    from ..judgement import by_query
    from ..signals.reading import read_judgements

    file = read_judgements(judgements, format=format)
    judged = by_query(file.judgements)
    counts = read_queries(queries) if queries is not None else None
    with own.Asking() as says, open_shop(store) as shop:
        extra = extra_metrics(shop.plugins, screen.warn)
        depth = depth_of(metric, extra) or DEPTH
        with baseline_side(baseline, judged, says) as old:
            both = answer_both(old, shop_side(shop, says), judged, depth)
        before, after = (
            per_query(run, both.judged, [metric], extra).values[metric] for run in (both.before, both.after)
        )
        locale = shop.store.context.locale or "en"
        has_brand = brand_finder(shop.store.view, locale)
        segments = segments_of(list(both.judged), locale, counts=counts, has_brand=has_brand)
    verdict = judge(before, after, segments, metric=metric, non_inferior=non_inferior)
    notes = [*file.report, *both.notes]
    if json:
        screen.print_json({**verdict.to_dict(), "baseline": baseline, "notes": notes})
    else:
        _show(verdict, notes)
    raise typer.Exit(verdict.exit_code)


def _show(verdict: Verdict, notes: list[str]) -> None:
    for note in notes:
        screen.say(note)
    numbers = ("queries", "before", "now", "gain", "95% interval", "p")
    table = screen.table(verdict.metric, *numbers, "", right=numbers)
    for each in (verdict.overall, *verdict.segments):
        table.add_row(*_row(each))
    screen.out().print(table)
    heads = {"accepted": ("Accepted.", "green"), "refused": ("Refused.", "red"), "too_few": ("Too few.", "yellow")}
    said, style = heads[verdict.outcome]
    screen.answer(said, style=style)
    for reason in verdict.reasons:
        screen.answer(reason)


def _row(each: SegmentGain) -> tuple[str, ...]:
    return (
        each.name,
        f"{each.queries:,}",
        f"{each.baseline:.4f}",
        f"{each.candidate:.4f}",
        f"{each.gain.mean:+.4f}",
        f"{each.gain.low:+.4f} to {each.gain.high:+.4f}",
        "" if each.p is None else f"{each.p:.3f}",
        "worse" if each.is_worse else "",
    )
