"""Written queries with expected answers: how many are answered as they must be, through the same `Shop` that serves.

python benchmarks/tricky.py --json OUT                  tricky queries over the sample catalogue and the bestbuy ids
python benchmarks/tricky.py --shops german,french --json OUT

A tricky query passes if an expected product is first (or among the first three, where it says so) and no look-alike
stands before any expected one. A German or French one passes if a relevant product is first; recall@10 is beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from judged import BenchmarkError
from machine import console, facts, in_a_line
from measures import recall
from rich.console import Console
from rich.table import Table
from search import BATCH, DEPTH, legs
from shelfwise.index import ShelfwiseError
from shelfwise.plugin import Context, Request, Shop
from written import CURRENCIES, LOCALES, Relevant, Tricky, catalogue, missing, read_relevant, read_tricky

SHOPS = ("sample", "bestbuy", "german", "french")
Written = Tricky | Relevant


def open_filled(folder: Path, shop: str, encoder: str | None) -> Shop:
    """A store with a shop's products, filled where it is empty."""
    opened = Shop.open(folder, encoder=encoder, locale=LOCALES.get(shop, "en"), currency=CURRENCIES.get(shop, "USD"))
    try:
        if not len(opened):
            report = opened.upsert(catalogue(shop))
            if report.bad:
                raise BenchmarkError(f"{shop}: {report.bad:,} products were not taken:\n{report}")
    except BaseException:
        opened.close()
        raise
    return opened


def rank(shop: Shop, queries: Sequence[str], locale: str) -> list[list[str]]:
    """The ids of each answer, best first, without what no source proposed."""
    found: list[list[str]] = []
    context = Context(locale=locale)
    for start in range(0, len(queries), BATCH):
        asked = [Request(query, k=DEPTH, context=context) for query in queries[start : start + BATCH]]
        found += [[hit.product.id for hit in answer if hit.parts] for answer in shop.answer_many(asked)]
    return found


def read(shop: str) -> Sequence[Written]:
    """The written queries over a shop."""
    return read_relevant(shop) if shop in LOCALES else read_tricky(shop)


def passes(written: Written, ranking: Sequence[str]) -> bool:
    """Whether an answer is as it must be."""
    if isinstance(written, Tricky):
        return written.is_met(ranking)
    return bool(ranking) and ranking[0] in written.relevant


def ask(shop: Shop, written: Sequence[Written], name: str) -> dict[str, list[list[str]]]:
    """The answers of words alone, meaning alone and the shop as it answers, in the order of the queries."""
    answers: dict[str, list[list[str]]] = {}
    for leg, legged in legs(shop, None).items():
        answers[leg] = [[] for _ in written]
        for locale, places in _by_locale(written, name):
            ranked = rank(legged, [written[place].query for place in places], locale)
            for place, ranking in zip(places, ranked, strict=True):
                answers[leg][place] = ranking
    return answers


def _by_locale(written: Sequence[Written], name: str) -> Iterator[tuple[str, list[int]]]:
    spoken = [each.locale if isinstance(each, Tricky) else LOCALES[name] for each in written]
    for locale in dict.fromkeys(spoken):
        yield locale, [place for place, each in enumerate(spoken) if each == locale]


def measure(shop: Shop, name: str) -> dict[str, object]:
    """Pass rates by leg and kind, and the queries that the shop's answer fails."""
    written = read(name)
    answers = ask(shop, written, name)
    met = {leg: [passes(each, found) for each, found in zip(written, answers[leg], strict=True)] for leg in answers}
    kinds = list(dict.fromkeys(each.kind for each in written))
    made: dict[str, object] = {
        "queries": len(written),
        "encoder": shop.store.encoder.reference,
        "pass": {leg: _share(met[leg]) for leg in met},
        "kinds": {
            kind: {
                "queries": sum(each.kind == kind for each in written),
                **{
                    leg: _share([m for m, each in zip(met[leg], written, strict=True) if each.kind == kind])
                    for leg in met
                },
            }
            for kind in kinds
        },
        "failed": [
            {"query": each.query, "kind": each.kind, "got": found[:3]}
            for each, found, fine in zip(written, answers["fused"], met["fused"], strict=True)
            if not fine
        ],
    }
    judged = [dict.fromkeys(each.relevant, 3.0) for each in written if isinstance(each, Relevant)]
    if judged:
        recalls = {leg: [recall(f, j, 10) for f, j in zip(answers[leg], judged, strict=True)] for leg in answers}
        made["recall@10"] = {leg: sum(values) / len(values) for leg, values in recalls.items()}
    return made


def _share(met: Sequence[bool]) -> float:
    return sum(met) / len(met)


def show(name: str, result: Mapping[str, object], screen: Console, failed: bool) -> None:
    """The table that a person reads."""
    table = Table(title=f"{name}: {result['queries']} queries, {result['encoder']}")
    for heading in ("", "queries", "bm25", "dense", "fused"):
        table.add_column(heading, justify="right" if heading else "left")
    rows = {"all": {"queries": result["queries"], **_mapping(result["pass"])}, **_mapping(result["kinds"])}
    if "recall@10" in result:
        rows["recall@10"] = {"queries": "", **_mapping(result["recall@10"])}
    for row, values in rows.items():
        legged = (f"{_mapping(values)[leg]:.3f}" for leg in ("bm25", "dense", "fused"))
        table.add_row(row, str(_mapping(values)["queries"]), *legged)
    screen.print(table)
    if failed and isinstance(result["failed"], list):
        for each in result["failed"]:
            screen.print(f"{each['kind']:>10}  {each['query']}  [dim]{' '.join(each['got'])}[/dim]")


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"wanted a mapping, got {type(value).__name__}")
    return value


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shops", type=lambda text: text.split(","), default=["sample", "bestbuy"], metavar="A,B")
    parser.add_argument("--json", type=Path, required=True, help="where the figures are written")
    parser.add_argument("--stores", type=Path, help="a folder to keep the stores in and to use again")
    parser.add_argument("--encoder", help="model folder, installed package or hub name")
    parser.add_argument("--failed", action="store_true", help="print the queries that the shop's answer fails")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.shops if name not in SHOPS]:
        parser.error(f"--shops: wanted some of {', '.join(SHOPS)}, got {', '.join(unknown)}")
    return options


def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Measures every shop whose catalogue is at hand, and prints what is left out and why."""
    made: dict[str, object] = {}
    for name in options.shops:
        if reason := missing(name):
            print(f"{name}: left out, {reason}", file=sys.stderr)
            continue
        with open_filled(folder / name, name, options.encoder) as shop:
            made[name] = measure(shop, name)
    return made


def main() -> None:
    """Measures, prints and writes."""
    options = parse()
    known = facts()
    try:
        with tempfile.TemporaryDirectory(prefix="shelfwise-") as scratch:
            made = run(options, options.stores or Path(scratch))
    except (BenchmarkError, ShelfwiseError, OSError) as error:
        sys.exit(f"tricky benchmark: {error}")
    options.json.write_text(json.dumps({**made, **known}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    screen = console()
    for name, result in made.items():
        show(name, _mapping(result), screen, options.failed)
    screen.print(in_a_line(known), style="dim")


if __name__ == "__main__":
    main()
