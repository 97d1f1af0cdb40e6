"""`shelfwise compare`: a store beside another engine, as an HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...plugin.commands import options, screen
from . import options as own


def compare(
    store: options.Store,
    queries: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Queries, one a line, or a table with query and perhaps count; judgements are fine too.",
            show_default=False,
        ),
    ],
    run: Annotated[
        Path,
        typer.Option(
            metavar="OLD", help="What the other engine answered: query, product and rank.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="PAGE", help="The page that is written.")] = Path("compare.html"),
    depth: Annotated[int, typer.Option(metavar="N", help="Products of each answer.", min=1, max=100)] = 10,
    most: Annotated[int, typer.Option(metavar="N", help="Queries, the most frequent ones.", min=1)] = 500,
    json: options.Json = False,
) -> None:
    """Write a page that shows, query by query, what moves from another engine to this store, and why."""
    from ..compare_page import compare_page
    from ..comparing import compare as compare_shop
    from ..evaluation.queries import read_queries
    from ..evaluation.runs import of_queries, read_run
    from ..evaluation.sides import open_shop

    counts = read_queries(queries)
    baseline = of_queries(read_run(run), counts, str(run))
    with own.Asking() as says, open_shop(store) as shop:
        found = compare_shop(shop, baseline, counts, name=run.name, depth=depth, most=most, says=says)
    out.write_text(compare_page(found), encoding="utf-8")
    if json:
        screen.print_json(
            {
                "page": str(out),
                "queries": len(found.queries),
                "searches": found.searches,
                "overlap": found.overlap,
                "kinds": dict(found.kinds),
                "left_out": found.left_out,
                "rest": found.rest,
            }
        )
        return
    screen.answer(
        f"{len(found.queries):,} queries compared: {found.overlap:.0%} of products are in both answers. "
        f"Open {out} in a browser."
    )
