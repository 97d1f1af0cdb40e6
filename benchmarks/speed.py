"""How fast it is: importing against the bare encoder, one search at several sizes, a page with facets, and memory.

python benchmarks/speed.py --products N --json OUT

Real titles and queries are read from SHELFWISE_DATA (default: ../shared/data beside the repository) and recombined
beyond what is at hand; without them the sample shop's titles are. Sizes are 1,000, 10,000 and 54,667, as far as they
are at most N, and N. Vectors of products are kept in --cache; the import's rate is measured with real encoding.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facet_times import ALL_BUT_ENCODER, facet_times
from import_rate import BLOCKS, import_rate
from machine import console, facts, in_a_line
from rich.console import Console
from rich.table import Table
from search_time import A_BLOCK, PARTS, K, search_times


def show(result: Mapping[str, Any], screen: Console) -> None:
    """The tables that a person reads."""
    if rate := result.get("import"):
        low, high = rate["ratio_spread"]
        screen.print(
            f"Import: {rate['import_a_second']:,.0f} products a second, the bare encoder {rate['bare_a_second']:,.0f}; "
            f"{rate['ratio']:.1%} of it ({low:.1%} to {high:.1%}, {BLOCKS} blocks of {rate['products_a_block']:,}); "
            f"by processor time {rate['processor_ratio']:.1%}"
        )
    if search := result.get("search"):
        screen.print(_times(search, result["searches_a_block"]))
        screen.print(_memories(search))
        screen.print(_profile(search[max(search, key=int)]["profile"]))
    if result.get("facets"):
        screen.print(_facets(result))
    screen.print(in_a_line(dict(result)), style="dim")


def _facets(result: Mapping[str, Any]) -> Table:
    made = Table(
        title=f"One result page of {result['products']:,} products, milliseconds: a query, two filters, five facets, "
        f"k = {K}; median of {BLOCKS} blocks of {result['searches_a_block']} (lowest-highest)"
    )
    for name in ("facets that are filtered", "", *ALL_BUT_ENCODER):
        made.add_column(name, justify="right")
    for kind, figures in result["facets"].items():
        for percent in ("p50", "p99"):
            spreads = (_spread(figures[part][percent]) for part in ALL_BUT_ENCODER)
            made.add_row(kind, percent, *spreads, end_section=percent == "p99")
    return made


def _times(search: Mapping[str, Any], a_block: int) -> Table:
    title = (
        f"One search, milliseconds: k = {K}, one price filter; median of {BLOCKS} blocks of {a_block} (lowest-highest)"
    )
    table = Table(title=title)
    for name in ("products", "", *PARTS):
        table.add_column(name, justify="right")
    for size, figures in search.items():
        for percent in ("p50", "p99"):
            table.add_row(f"{int(size):,}", percent, *(_spread(figures[part][percent]) for part in PARTS))
        table.add_row(
            "",
            "p50, new filter",
            *(_spread(figures["new_filter_each"][part]["p50"]) for part in PARTS),
            end_section=True,
        )
    return table


def _spread(figure: Mapping[str, float]) -> str:
    return f"{figure['median']:.2f} ({figure['low']:.2f}-{figure['high']:.2f})"


def _memories(search: Mapping[str, Any]) -> Table:
    table = Table(title="Memory of a process, MB: all / its own, and filling the store with vectors at hand")
    for name in ("products", "encoder alone", "after 100 searches", "import without encoding"):
        table.add_column(name, justify="right")
    for size, figures in search.items():
        used, seconds = figures["memory"], figures["import_seconds_without_encoding"]
        table.add_row(
            f"{int(size):,}",
            f"{used['encoder_rss']:,.0f} / {used['encoder_uss']:,.0f}",
            f"{used['rss']:,.0f} / {used['uss']:,.0f}",
            f"{seconds:.1f} s",
        )
    return table


def _profile(functions: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="Our functions at the largest size, ms a search (cProfile makes short ones look longer)")
    for name in ("function", "calls", "own", "with callees"):
        table.add_column(name, justify="left" if name == "function" else "right")
    for each in functions[:25]:
        table.add_row(each["function"], f"{each['calls']:.1f}", f"{each['own']:.3f}", f"{each['with_callees']:.3f}")
    return table


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--products", type=int, required=True, metavar="N", help="the largest store that is measured")
    parser.add_argument("--json", type=Path, required=True, help="where the figures are written")
    parser.add_argument("--encoder", help="model folder, installed package or hub name")
    parser.add_argument("--only", choices=("import", "search", "facets"), help="one of the measurements")
    parser.add_argument("--block", type=int, default=2_048, help="products in one of the import's blocks")
    parser.add_argument(
        "--searches", type=int, default=A_BLOCK, help="searches in a block, for each size and kind of filter"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "shelfwise-benchmark",
        help="where vectors of products are kept for the next run",
    )
    options = parser.parse_args(arguments)
    for name in ("products", "block", "searches"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}: wanted 1 or more, got {getattr(options, name)}")
    return options


def main() -> None:
    """Measures, prints and writes."""
    options = parse()
    result: dict[str, Any] = facts()
    with tempfile.TemporaryDirectory(prefix="shelfwise-") as scratch:
        folder = Path(scratch)
        result["searches_a_block"], result["products"] = options.searches, options.products
        if options.only in (None, "import"):
            result["import"] = import_rate(options.encoder, min(options.block, options.products), folder)
        if options.only in (None, "facets"):
            result["facets"] = facet_times(options.encoder, options.products, folder, options.cache, options.searches)
        if options.only in (None, "search"):
            result["search"] = search_times(options.encoder, options.products, folder, options.cache, options.searches)
    options.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result, console())


if __name__ == "__main__":
    main()
