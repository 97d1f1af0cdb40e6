"""What a run leaves for people: a model card, two plots, and the figures as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .evaluation.bootstrap import Interval
from .evaluation.measures import Run, per_query
from .judgement import Judged
from .knobs import Knobs
from .trial import Trial, facts_of, intervals
from .workplace import Workplace

if TYPE_CHECKING:
    from .training import Learned

MADE_UP = (
    "- The held-out queries were made up from the catalogue too: what they say is that training worked, and not that "
    "shoppers are served better."
)
CARD = """\
---
base_model: {base}
library_name: sentence-transformers
---

# An encoder trained on a shop's own data

Turns what shoppers type, and what products say, into vectors of {dimension} numbers. Trained from `{base}` with
Shelfwise {version}; made for this catalogue, and for no other use.

## What it was trained on

{report}

{rows:,} rows: a query, a product that answers it, and {others} that answer it less or not. {steps:,} steps of
{batch:,} rows in {minutes:.0f} minutes; learning rate {learning_rate:g}, seed {seed}.

## Figures

On {queries:,} held-out queries that were not trained on, over the whole catalogue of {products:,} products:

{table}

The gate says: **{verdict}**. {reasons}

## Limits

- It knows what this catalogue's shoppers asked for until today. New kinds of products may be found no better than
  before; train again when the catalogue changes.
- Held-out queries come from the same source as those it was trained on. What people asked who searched elsewhere, or
  gave up, is not in them.
{limits}
"""


def write_report(place: Workplace, knobs: Knobs, learned: Learned, signals: Mapping[str, Any], trial: Trial) -> None:
    """Writes README.md (the card), metrics.json, learning.png and before_after.png."""
    before, after = intervals(trial.before), intervals(trial.after)
    began = place.read("work/before")
    place.write("metrics", {**facts_of(trial), "training": learned.to_json()})
    plot_curve(place.folder / "learning.png", learned.curve, learned.batch_size)
    plot_before_after(place.folder / "before_after.png", before, after)
    limits = [] if set(signals["kinds"]) != {"catalogue"} else [MADE_UP]
    if knobs.dimensions:
        limits.append(f"- The first {min(knobs.dimensions)} numbers of a vector serve by themselves, less well.")
    (place.folder / "README.md").write_text(
        CARD.format(
            base=knobs.encoder or began["encoder"],
            version=version("shelfwise"),
            dimension=began["dimension"],
            report="\n".join(f"- {each}" for each in signals["report"]),
            rows=learned.rows,
            others=knobs.others,
            steps=learned.steps,
            batch=learned.batch_size,
            minutes=learned.seconds / 60,
            learning_rate=knobs.learning_rate,
            seed=knobs.seed,
            queries=len(trial.before.queries),
            products=began["products"],
            table=_table(before, after),
            verdict={"accepted": "accepted", "refused": "refused", "too_few": "too few queries"}[trial.verdict.outcome],
            reasons=str(trial.verdict),
            limits="\n".join(limits),
        ),
        encoding="utf-8",
    )


def in_words(run: Run, judged: Judged) -> str:
    """The main measures of a run, in one line."""
    return ", ".join(f"{name} {values.mean():.4f}" for name, values in per_query(run, judged).values.items())


def _table(before: Mapping[str, Interval], after: Mapping[str, Interval]) -> str:
    rows = [f"| {name} | {_figure(before[name])} | {_figure(after[name])} |" for name in before]
    return "\n".join(["| | before | after |", "|---|---|---|", *rows])


def _figure(found: Interval) -> str:
    return f"{found.mean:.4f} ({found.low:.3f} to {found.high:.3f})"


def plot_curve(path: Path, curve: Sequence[Mapping[str, float]], batch: int) -> None:
    """Loss and held-out figure over the rows seen, as PNG."""
    figure, axis, plt = _figure_and_axis()
    losses = [(each["step"] * batch, each["loss"]) for each in curve if "loss" in each]
    held = [(each["step"] * batch, each["held_out"]) for each in curve if "held_out" in each]
    if losses:
        axis.plot(*zip(*losses, strict=True), color="#1f6f8b", label="loss")
    axis.set_xlabel("rows seen")
    axis.set_ylabel("loss")
    other = axis.twinx()
    if held:
        other.plot(*zip(*held, strict=True), color="#c05621", marker="o", label="held-out nDCG@10")
    other.set_ylabel("nDCG@10 on held-out queries, over a pool")
    handles = [*axis.get_legend_handles_labels()[0], *other.get_legend_handles_labels()[0]]
    axis.legend(handles, [each.get_label() for each in handles], loc="center right", frameon=False)
    figure.savefig(path)
    plt.close(figure)


def plot_before_after(path: Path, before: Mapping[str, Interval], after: Mapping[str, Interval]) -> None:
    """The measures before and after with their intervals, as PNG."""
    figure, axis, plt = _figure_and_axis()
    names = list(before)
    for shift, label, colour, found in ((-0.18, "before", "#9aa5b1", before), (0.18, "after", "#1f6f8b", after)):
        means = [found[name].mean for name in names]
        spans = [[found[n].mean - found[n].low for n in names], [found[n].high - found[n].mean for n in names]]
        places = [at + shift for at in range(len(names))]
        bars = axis.bar(places, means, 0.34, color=colour, label=label, yerr=spans, capsize=3, ecolor="#52606d")
        axis.bar_label(bars, [f"{mean:.3f}" for mean in means], padding=6, fontsize=9)
    axis.set_xticks(range(len(names)), names)
    axis.set_ylim(0, 1.12)
    axis.legend(frameon=False)
    axis.set_title("Held-out queries over the whole catalogue, with 95% intervals", fontsize=10)
    figure.savefig(path)
    plt.close(figure)


def _figure_and_axis() -> tuple[Any, Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 4), dpi=130, layout="constrained")
    axis.spines[["top", "right"]].set_visible(False)
    return figure, axis, pyplot
