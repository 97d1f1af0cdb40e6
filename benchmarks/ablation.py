"""What each step of understanding a query gives: the shop's answer with all of them, and without one at a time.

python benchmarks/ablation.py --products P.parquet --judgements J.parquet --queries-from 30 --queries-to 99 --json OUT

Columns and buckets as in `search.py`; `--store` is its folder too. Every row answers the same queries with the same
vectors, so rows differ by the step alone; the interval is that of the difference from the first row.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from judged import BenchmarkError, Judgements, read_judgements
from machine import console, facts, in_a_line
from measures import MEASURES, PerQuery, intervals, per_query
from rich.console import Console
from rich.table import Table
from search import add_arguments, check_buckets, fill, rankings
from shelfwise.index import ShelfwiseError
from shelfwise.plugin import Shop, query_vectors
from shelfwise.plugin.understanding import STEPS, understand


def rows() -> Mapping[str, frozenset[str]]:
    """What is left out in each row, by its name."""
    alone = {f"without {step}": frozenset((step,)) for step in sorted(STEPS)}
    return {"all steps": frozenset(), **alone, "none of them": STEPS}


def measure(shop: Shop, judged: Judgements, names: Sequence[str]) -> dict[str, dict[str, object]]:
    """The measures of each row; of all but the first also how much they lie above it, with a 95% interval."""
    queries = sorted(judged)
    written: dict[str, dict[str, object]] = {}
    first: PerQuery | None = None
    for name, without in rows().items():
        if names and name not in names:
            continue
        shop._answering.understand = partial(understand, without=without)
        found = per_query(rankings(shop, queries), [judged[query] for query in queries])
        print(f"{name}: {np.round(found.mean(0), 4).tolist()}", file=sys.stderr, flush=True)
        first = found if first is None else first
        apart = intervals(found - first)
        written[name] = {
            **{each: float(found[:, at].mean()) for at, each in enumerate(MEASURES)},
            "changed": int((found != first).any(1).sum()),
            "above the first": {each: [apart[each].mean, apart[each].low, apart[each].high] for each in MEASURES},
        }
    return written


def show(result: Mapping[str, object], screen: Console) -> None:
    """The table that a person reads."""
    table = Table(title=f"{result['queries']:,} queries over {result['products']:,} products, {result['encoder']}")
    for heading in ("", *MEASURES, "queries that change"):
        table.add_column(heading, justify="right" if heading else "left")
    measured = result["rows"]
    for name, row in measured.items() if isinstance(measured, dict) else ():
        table.add_row(name, *(f"{row[each]:.4f}" for each in MEASURES), f"{row['changed']:,}")
    screen.print(table)
    screen.print(in_a_line(dict(result)), style="dim")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser, first_bucket=30)
    parser.add_argument("--most", type=int, metavar="N", help="only so many queries, chosen by a fixed seed")
    parser.add_argument("--rows", type=lambda text: text.split(","), default=[], metavar="A,B", help="only these rows")
    options = parser.parse_args(arguments)
    check_buckets(parser, options)
    if unknown := [name for name in options.rows if name not in rows()]:
        parser.error(f"--rows: wanted some of {', '.join(rows())}, got {', '.join(unknown)}")
    return options


def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Fills the store, asks every query of every row, and says what it was measured on."""
    judged = read_judgements(options.judgements, options.queries_from, options.queries_to)
    if options.most is not None:
        chosen = np.random.default_rng(1).permutation(sorted(judged))[: options.most]
        judged = {query: judged[query] for query in chosen.tolist()}
    known = facts()
    query_vectors.KEPT = len(judged)  # each query is encoded once
    with Shop.open(folder, encoder=options.encoder) as shop:
        fill(shop, options.products)
        return {
            "rows": measure(shop, judged, options.rows),
            "queries": len(judged),
            "buckets": [options.queries_from, options.queries_to],
            "products": len(shop),
            "encoder": shop.store.encoder.reference,
            **known,
        }


def main() -> None:
    """Measures, prints and writes."""
    options = parse()
    try:
        with tempfile.TemporaryDirectory(prefix="shelfwise-") as scratch:
            result = run(options, options.store or Path(scratch) / "store")
    except (BenchmarkError, ShelfwiseError, OSError) as error:
        sys.exit(f"ablation: {error}")
    options.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result, console())


if __name__ == "__main__":
    main()
