"""`shelfwise evaluate`: how good a store's answers to judged queries are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...plugin.commands import options, screen
from . import options as own

if TYPE_CHECKING:
    from ..evaluation.bootstrap import Interval

Figures = dict[str, dict[str, "Interval"]]  # segment -> measure -> its mean


def evaluate(
    store: options.Store,
    judgements: own.Judgements,
    metric: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="P@5, nDCG@20, AP or a plugin's own; may be repeated. Else recall@100, MRR@10, nDCG@10 and the "
            "plugins' own.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    run: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Write the rankings: a name with .csv, .tsv, .jsonl, .parquet or .trec."),
    ] = None,
    queries: own.Queries = None,
    format: own.Format = None,
    json: options.Json = False,
) -> None:
    """Measure a store's answers to judged queries, over all and by kind of query."""
    own.needs_ir_measures("evaluate")
    import numpy as np

    from ..evaluation.asking import DEPTH, ask
    from ..evaluation.bootstrap import bootstrap
    from ..evaluation.measures import MAIN, depth_of, extra_metrics, per_query
    from ..evaluation.queries import read_queries
    from ..evaluation.runs import check_run_name, write_run
    from ..evaluation.segments import brand_finder, segments_of
    from ..evaluation.sides import open_shop, shop_side, usable
    from ..gate import ALL
    from ..judgement import by_query
    from ..signals.reading import read_judgements

    if run is not None:
        check_run_name(run)
    file = read_judgements(judgements, format=format)
    counts = read_queries(queries) if queries is not None else None
    with own.Asking() as says, open_shop(store) as shop:
        extra = extra_metrics(shop.plugins, screen.warn)
        names = metric or [*MAIN, *extra]
        depth = max(DEPTH, *(depth_of(name, extra) for name in names))
        judged, notes = usable(by_query(file.judgements), shop_side(shop).holds)
        answers = ask(shop.answer_many, judged, depth, says)
        locale = shop.store.context.locale or "en"
        has_brand = brand_finder(shop.store.view, locale)
        segments = segments_of(list(judged), locale, counts=counts, has_brand=has_brand)
        encoder = shop.store.encoder.reference
    if run is not None:
        write_run(answers, run)
    values = per_query(answers, judged, names, extra).values
    members = {ALL: np.ones(len(judged), bool), **segments}
    figures = {
        segment: {name: bootstrap(values[name][inside]).interval for name in names}
        for segment, inside in members.items()
    }
    sizes = {segment: int(np.count_nonzero(inside)) for segment, inside in members.items()}
    notes = [*file.report, *notes]
    if json:
        screen.print_json({"encoder": encoder, "segments": _plain(figures, sizes), "notes": notes})
    else:
        _show(figures, sizes, notes)


def _plain(figures: Figures, sizes: dict[str, int]) -> dict[str, Any]:
    return {
        segment: {
            "queries": sizes[segment],
            "measures": {
                name: {"mean": each.mean, "interval": [each.low, each.high]} for name, each in measures.items()
            },
        }
        for segment, measures in figures.items()
    }


def _show(figures: Figures, sizes: dict[str, int], notes: list[str]) -> None:
    for note in notes:
        screen.say(note)
    names = list(next(iter(figures.values())))
    columns = ("queries", *(f"{name} (95%)" for name in names))
    table = screen.table("", *columns, right=columns)
    for segment, measures in figures.items():
        cells = (f"{each.mean:.4f} ({each.low:.3f} to {each.high:.3f})" for each in measures.values())
        table.add_row(segment, f"{sizes[segment]:,}", *cells)
    screen.out().print(table)
