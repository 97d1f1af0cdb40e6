"""How well an answer says that nothing fits: real queries that it turns away, and junk that it lets through.

python benchmarks/nothing_fits.py --json OUT [--shops sample,bestbuy] [--plot curve.svg]

Asks the queries of `sets/foreign.jsonl`, each read by hand against its shop: "fits", "near" or "absent". Of `confident`
it counts the fits that are turned away and the absent ones that are let through. Of a scoring (a number that an answer
yields, higher where more fits) it draws the curve between both: thresholds are chosen on one half of the queries, by
their hash, and reported on the other. A query that the shop cannot judge (`confident` None) counts as let through.
Each shop is calibrated with the answered queries of the tuning half, and the tricky ones over it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from judged import BenchmarkError
from machine import console, facts, in_a_line
from rich.console import Console
from rich.table import Table
from search import BATCH
from shelfwise.index import RequestError, ShelfwiseError
from shelfwise.plugin import Context, Request, Results, Shop
from tricky import open_filled
from written import LABELS, Labelled, missing, read_judged, read_labelled, read_tricky

SHOPS = ("sample", "bestbuy", "litemall", "homedepot")
HITS = 10
TARGETS = (0.005, 0.01, 0.02, 0.05, 0.1)  # of false "nothing fits", for which a threshold is chosen
Z = 1.959964  # of a 95% interval

Scoring = Callable[[Results], float]


def best_part(name: str) -> Scoring:
    """The highest part of this name among the first hits; -1, the least that a cosine can be, without any."""
    return lambda found: max((hit.parts[name] for hit in found if name in hit.parts), default=-1.0)


def best_score(found: Results) -> float:
    """The score of the first hit that a source proposed; -1 without one."""
    return max((hit.score for hit in found if hit.parts), default=-1.0)


def best_relevance(found: Results) -> float:
    """The highest relevance of a product, of those that are offered instead where nothing fits; -1 without any."""
    return max((hit.relevance for hit in (*found.hits, *found.nearest) if hit.relevance is not None), default=-1.0)


SCORINGS: dict[str, Scoring] = {
    "relevance": best_relevance,
    "score": best_score,
    "words": best_part("words"),
    "meaning": best_part("meaning"),
}


@dataclass(frozen=True)
class Answered:
    """A labelled query with what the shop said."""

    labelled: Labelled
    confident: bool | None
    scores: Mapping[str, float]  # by scoring

    @property
    def accepted(self) -> bool:
        """Whether the shop offers what it found as an answer."""
        return self.confident is not False


@dataclass(frozen=True)
class Rate:
    """How many of how many, with Wilson's 95% interval."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """0 where nothing was counted."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """From 0 to 1 where nothing was counted."""
        if not self.of:
            return 0.0, 1.0
        middle = self.share + Z**2 / (2 * self.of)
        spread = Z * math.sqrt(self.share * (1 - self.share) / self.of + Z**2 / (4 * self.of**2))
        scale = 1 + Z**2 / self.of
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.1%} ({low:.1%}-{high:.1%}) of {self.of}"

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        return {"count": self.count, "of": self.of, "share": self.share, "interval": list(self.interval)}


def ask(shop: Shop, labelled: Sequence[Labelled], scorings: Mapping[str, Scoring] | None = None) -> list[Answered]:
    """The shop's answers to queries whose text is at hand."""
    chosen = SCORINGS if scorings is None else scorings
    answered = []
    for start in range(0, len(labelled), BATCH):
        batch = labelled[start : start + BATCH]
        requests = [Request(each.query, k=HITS, context=Context(locale=each.locale)) for each in batch]
        for each, found in zip(batch, shop.answer_many(requests), strict=True):
            if found.degraded:
                raise BenchmarkError(f"{each.query!r} was answered without {', '.join(found.degraded)}: {found.notes}")
            scores = {name: float(scoring(found)) for name, scoring in chosen.items()}
            answered.append(Answered(each, found.confident, scores))
    return answered


def count(answered: Iterable[Answered], label: str, is_counted: Callable[[Answered], bool]) -> Rate:
    """How many with a label are counted."""
    those = [each for each in answered if each.labelled.label == label]
    return Rate(sum(map(is_counted, those)), len(those))


def decided(answered: Sequence[Answered], is_accepted: Callable[[Answered], bool]) -> dict[str, Rate]:
    """False "nothing fits" on fits; near and absent ones that are let through, the latter also by kind."""
    made = {
        "false nothing fits": count(answered, "fits", lambda each: not is_accepted(each)),
        "near accepted": count(answered, "near", is_accepted),
        "junk accepted": count(answered, "absent", is_accepted),
    }
    for kind in ("foreign", "nonsense", "half"):
        of_kind = [each for each in answered if each.labelled.kind == kind]
        made[f"junk accepted, {kind}"] = count(of_kind, "absent", is_accepted)
    return made


def threshold(answered: Sequence[Answered], scoring: str, target: float) -> float:
    """The highest score below which at most this share of the fits lies."""
    scores = sorted(each.scores[scoring] for each in answered if each.labelled.label == "fits")
    if not scores:
        raise BenchmarkError("no query that fits is at hand: set SHELFWISE_DATA, or name other shops")
    return scores[math.floor(target * len(scores))]


def reaching(scoring: str, limit: float) -> Callable[[Answered], bool]:
    """Accepts what scores at least `limit`."""
    return lambda each: each.scores[scoring] >= limit


def curve(answered: Sequence[Answered], scoring: str) -> list[tuple[float, float, float]]:
    """(threshold, false "nothing fits", junk accepted) at every score of a query, ascending."""
    fits = np.sort([each.scores[scoring] for each in answered if each.labelled.label == "fits"])
    junk = np.sort([each.scores[scoring] for each in answered if each.labelled.label == "absent"])
    at = np.unique(np.concatenate([fits, junk]))
    turned_away = np.searchsorted(fits, at) / max(len(fits), 1)
    let_through = 1 - np.searchsorted(junk, at) / max(len(junk), 1)
    return list(zip(at.tolist(), turned_away.tolist(), let_through.tolist(), strict=True))


def area(answered: Sequence[Answered], scoring: str) -> float:
    """The chance that a query that fits scores above one that does not; ties count half."""
    fits = np.array([each.scores[scoring] for each in answered if each.labelled.label == "fits"])
    junk = np.sort([each.scores[scoring] for each in answered if each.labelled.label == "absent"])
    if not len(fits) or not len(junk):
        return float("nan")
    below = np.searchsorted(junk, fits, "left") + np.searchsorted(junk, fits, "right")
    return float(below.mean() / (2 * len(junk)))


def measure(answered: Sequence[Answered]) -> dict[str, object]:
    """What is written: `confident` as it is, and each scoring with thresholds from one half for the other."""
    tune = [each for each in answered if each.labelled.half == "tune"]
    test = [each for each in answered if each.labelled.half == "test"]
    scorings: dict[str, object] = {}
    for name in answered[0].scores if answered else ():
        chosen = []
        for target in TARGETS:
            limit = threshold(tune, name, target)
            rates = decided(test, reaching(name, limit))
            chosen.append({"target": target, "threshold": limit, **_plain(rates)})
        scorings[name] = {"area": area(test, name), "thresholds": chosen, "curve": curve(test, name)}
    return {
        "queries": {label: sum(each.labelled.label == label for each in answered) for label in LABELS},
        "undecided": sum(each.confident is None for each in answered),
        "confident": {
            half: _plain(decided(those, lambda each: each.accepted)) for half, those in (("tune", tune), ("test", test))
        },
        "confident by shop": {
            shop: _plain(decided([each for each in test if each.labelled.shop == shop], lambda each: each.accepted))
            for shop in dict.fromkeys(each.labelled.shop for each in test)
        },
        "scorings": scorings,
    }


def _plain(rates: Mapping[str, Rate]) -> dict[str, object]:
    return {name: rate.to_dict() for name, rate in rates.items()}


def show(answered: Sequence[Answered], screen: Console) -> None:
    """The tables that a person reads."""
    test = [each for each in answered if each.labelled.half == "test"]
    tune = [each for each in answered if each.labelled.half == "tune"]
    undecided = sum(each.confident is None for each in answered)
    table = Table(title=f"confident, half that is reported (no judgement on {undecided} of {len(answered)} queries)")
    for heading in ("", 'false "nothing fits"', "near accepted", "junk accepted"):
        table.add_column(heading)
    for shop in (None, *dict.fromkeys(each.labelled.shop for each in test)):
        rates = decided([each for each in test if shop in (None, each.labelled.shop)], lambda each: each.accepted)
        table.add_row(shop or "all", *(str(rate) for rate in list(rates.values())[:3]))
    screen.print(table)
    for name in answered[0].scores if answered else ():
        table = Table(title=f"{name}: threshold from one half, rates of the other; area {area(test, name):.3f}")
        for heading in ("wanted", "threshold", 'false "nothing fits"', "near accepted", "junk accepted"):
            table.add_column(heading)
        for target in TARGETS:
            limit = threshold(tune, name, target)
            rates = decided(test, reaching(name, limit))
            table.add_row(f"{target:.1%}", f"{limit:.3f}", *(str(rate) for rate in list(rates.values())[:3]))
        screen.print(table)


def draw(answered: Sequence[Answered], path: Path) -> bool:
    """The curves as PNG or SVG, by the path's suffix; False where matplotlib is not installed."""
    try:
        matplotlib = importlib.import_module("matplotlib")
    except ImportError:
        return False
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    test = [each for each in answered if each.labelled.half == "test"]
    figure, axes = pyplot.subplots(figsize=(6, 5), layout="constrained")
    for name in answered[0].scores:
        points = curve(test, name)
        axes.step([100 * each[1] for each in points], [100 * each[2] for each in points], where="post", label=name)
    rates = decided(test, lambda each: each.accepted)
    if any(each.confident is not None for each in test):
        axes.plot(100 * rates["false nothing fits"].share, 100 * rates["junk accepted"].share, "ko", label="confident")
    axes.set(xlabel='false "nothing fits" on fits, %', ylabel="junk accepted, %", xlim=(-0.5, 25), ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)
    return True


def gather(options: argparse.Namespace, folder: Path) -> Iterator[Answered]:
    """The answers of every shop whose catalogue is at hand; says what is left out and why."""
    labelled = read_labelled()
    for name in options.shops:
        if reason := missing(name):
            print(f"{name}: left out, {reason}", file=sys.stderr)
            continue
        own = [each for each in labelled if each.shop == name]
        if name == "homedepot":
            own += read_judged(options.judged)
        at_hand = [each for each in own if each.query is not None]
        if len(at_hand) < len(own):
            print(f"{name}: {len(own) - len(at_hand)} queries left out, their text is not here", file=sys.stderr)
        with open_filled(folder / name, name, options.encoder) as shop:
            try:
                shop.calibrate(known_queries(name, at_hand))
            except RequestError as error:
                print(f"{name}: not calibrated, {error}", file=sys.stderr)
            yield from ask(shop, at_hand)


def known_queries(shop: str, labelled: Sequence[Labelled]) -> list[Request]:
    """Queries that the shop answers, as its log would know them: half of those that fit, and the tricky ones."""
    fits = [each for each in labelled if each.label == "fits" and each.half == "tune" and each.query is not None]
    made = [Request(each.query, context=Context(locale=each.locale)) for each in fits]
    return made + [Request(each.query, context=Context(locale=each.locale)) for each in read_tricky(shop)]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shops", type=lambda text: text.split(","), default=list(SHOPS[:3]), metavar="A,B")
    parser.add_argument("--json", type=Path, required=True, help="where the figures are written")
    parser.add_argument(
        "--judged", type=int, default=0, metavar="N", help="as many more queries that fit Home Depot, by its raters"
    )
    parser.add_argument("--plot", type=Path, help="where the curve is drawn, PNG or SVG; needs matplotlib")
    parser.add_argument("--stores", type=Path, help="a folder to keep the stores in and to use again")
    parser.add_argument("--encoder", help="model folder, installed package or hub name")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.shops if name not in SHOPS]:
        parser.error(f"--shops: wanted some of {', '.join(SHOPS)}, got {', '.join(unknown)}")
    return options


def main() -> None:
    """Measures, prints, writes and draws."""
    options = parse()
    known = facts()
    try:
        with tempfile.TemporaryDirectory(prefix="shelfwise-") as scratch:
            answered = list(gather(options, options.stores or Path(scratch)))
        written = {**measure(answered), "shops": options.shops, **known}
    except (BenchmarkError, ShelfwiseError, OSError) as error:
        sys.exit(f"benchmark of nothing fits: {error}")
    options.json.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    screen = console()
    show(answered, screen)
    if options.plot and not draw(answered, options.plot):
        print("no curve was drawn: install matplotlib", file=sys.stderr)
    screen.print(in_a_line(known), style="dim")


if __name__ == "__main__":
    main()
