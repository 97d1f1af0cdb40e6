"""How good the answers are: judged queries against the full catalogue, through the same `Shop` that serves.

python benchmarks/search.py --products P.parquet --judgements J.parquet --json OUT

Columns: product_uid and product_title; search_term, product_uid and relevance (1 to 3, the mean of raters). A query
without a relevant product is left out; of two judgements of the same query and product the higher one counts.
`--queries-from A --queries-to B` takes the queries whose sha256 modulo 100 is from A to B, both included.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from judged import BenchmarkError, Judgements, Titles, read_judgements
from machine import console, facts, in_a_line
from measures import MEASURES, intervals, per_query
from rich.console import Console
from rich.table import Table
from shelfwise.index import ImportReport, Progress, ShelfwiseError
from shelfwise.plugin import FusionWeights, Request, Shop
from shelfwise.plugin.pipeline import Pipeline, Source
from shelfwise.plugin.sources import MeaningSource, WordsSource

DEPTH = 100  # hits asked for
BATCH = 64  # requests answered together; the encoder gains nothing above


def legs(shop: Shop, weights: FusionWeights | None) -> Mapping[str, Shop]:
    """The shop with its words alone, with its meaning alone, and as it answers."""
    return {
        "bm25": _with_one(shop, WordsSource(1.0)),
        "dense": _with_one(shop, MeaningSource(1.0)),
        "fused": Shop(shop.store, weights),
    }


def _with_one(shop: Shop, source: Source) -> Shop:
    made = Shop(shop.store)
    made._answering.pipeline = Pipeline([source])
    return made


def rankings(shop: Shop, queries: Sequence[str]) -> list[list[str]]:
    """The ids of each answer, best first. A hit that no source proposed (the whole catalogue, newest first, answers
    a query that nothing can read) is not an answer here.
    """
    found: list[list[str]] = []
    for start in range(0, len(queries), BATCH):
        answers = shop.answer_many([Request(query, k=DEPTH) for query in queries[start : start + BATCH]])
        for answer in answers:
            if answer.degraded:
                raise BenchmarkError(
                    f"{answer.request.query!r} was answered without {', '.join(answer.degraded)}: "
                    f"{' '.join(answer.notes)}"
                )
            found.append([hit.product.id for hit in answer if hit.parts])
    return found


def measure(shop: Shop, judged: Judgements, weights: FusionWeights | None) -> dict[str, dict[str, object]]:
    """The measures of each leg, as they are written."""
    queries = sorted(judged)
    written: dict[str, dict[str, object]] = {}
    for name, leg in legs(shop, weights).items():
        found = intervals(per_query(rankings(leg, queries), [judged[query] for query in queries]))
        written[name] = {
            **{each: found[each].mean for each in MEASURES},
            "intervals": {each: [found[each].low, found[each].high] for each in MEASURES},
        }
    return written


class _Said(Progress):
    """Import progress as lines on the error stream."""

    def batch(self, report: ImportReport) -> None:
        if report.rows % 8_192 < 1_024:
            self.says(f"{report.rows:,} products, {report.encoded:,} texts encoded")

    def says(self, sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)


def fill(shop: Shop, products: Path) -> ImportReport:
    """Imports the catalogue, encoding nothing that the store knows, and checks that nothing else is there."""
    report = shop.upsert(Titles(products), progress=_Said())
    if report.bad:
        print(f"{report.bad:,} rows were not taken:\n{report}", file=sys.stderr)
    expected = report.rows - report.bad - report.duplicates
    if len(shop) != expected:
        raise BenchmarkError(
            f"--store: wanted a store of these {expected:,} products alone, got one of {len(shop):,}; name a new folder"
        )
    return report


def show(result: Mapping[str, object], screen: Console) -> None:
    """The table that a person reads."""
    table = Table(title=f"{result['queries']:,} queries over {result['products']:,} products, {result['encoder']}")
    table.add_column("")
    for name in MEASURES:
        table.add_column(f"{name} (95%)", justify="right")
    for leg in ("bm25", "dense", "fused"):
        row = result[leg]
        if isinstance(row, dict):
            spans = row["intervals"]
            table.add_row(leg, *(f"{row[m]:.4f} ({spans[m][0]:.3f}-{spans[m][1]:.3f})" for m in MEASURES))
    screen.print(table)
    screen.print(in_a_line(dict(result)), style="dim")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser, first_bucket=0)
    parser.add_argument("--weights", type=_weights, help="words=0.55,meaning=0.45; the shop's own if not said")
    options = parser.parse_args(arguments)
    check_buckets(parser, options)
    return options


def add_arguments(parser: argparse.ArgumentParser, first_bucket: int) -> None:
    """What is judged, and where it is kept: the same for all that measures judged queries."""
    parser.add_argument("--products", type=Path, required=True, help="with product_uid, product_title")
    parser.add_argument(
        "--judgements", type=Path, required=True, help="Parquet with search_term, product_uid, relevance"
    )
    parser.add_argument("--json", type=Path, required=True, help="where the figures are written")
    parser.add_argument(
        "--queries-from", type=int, default=first_bucket, metavar="A", help="first bucket of queries, 0 to 99"
    )
    parser.add_argument("--queries-to", type=int, default=99, metavar="B", help="last bucket, included")
    parser.add_argument("--store", type=Path, help="a folder to keep the store in and to use again")
    parser.add_argument("--encoder", help="model folder, installed package or hub name")


def check_buckets(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends the program with a sentence for buckets that there are not."""
    if not 0 <= options.queries_from <= options.queries_to <= 99:
        parser.error(f"buckets: wanted 0 <= A <= B <= 99, got {options.queries_from} and {options.queries_to}")


def _weights(text: str) -> FusionWeights:
    try:
        return FusionWeights(**{name: float(value) for name, value in (each.split("=") for each in text.split(","))})
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(f"wanted words=0.55,meaning=0.45 with numbers, got {text!r}") from None


def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Fills the store, asks every query of every leg, and says what it was measured on."""
    judged = read_judgements(options.judgements, options.queries_from, options.queries_to)
    known = facts()
    with Shop.open(folder, encoder=options.encoder) as shop:
        fill(shop, options.products)
        chosen = options.weights or FusionWeights()
        return {
            **measure(shop, judged, options.weights),
            "queries": len(judged),
            "buckets": [options.queries_from, options.queries_to],
            "products": len(shop),
            "encoder": shop.store.encoder.reference,
            "weights": asdict(chosen),
            **known,
        }


def main() -> None:
    """Measures, prints and writes."""
    options = parse()
    try:
        with tempfile.TemporaryDirectory(prefix="shelfwise-") as scratch:
            result = run(options, options.store or Path(scratch) / "store")
    except (BenchmarkError, ShelfwiseError, OSError) as error:
        sys.exit(f"search benchmark: {error}")
    options.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result, console())


if __name__ == "__main__":
    main()
