"""Options that several of these commands share, and the library that they need."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from ...plugin.commands import screen

Judgements = Annotated[
    Path,
    typer.Option(
        "--judgements",
        metavar="FILE",
        help="Which product answers which query how well: CSV, JSON Lines, Parquet, TREC qrels and others.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Of the judgements, where the file does not say it itself."),
]
Queries = Annotated[
    Path | None,
    typer.Option(
        "--queries", metavar="FILE", help="How often each query is searched, to tell frequent ones from rare ones."
    ),
]


def needs_ir_measures(command: str) -> None:
    """Raises `MissingExtra` where ir-measures is not installed."""
    if importlib.util.find_spec("ir_measures") is None:
        from ...plugin import MissingExtra

        raise MissingExtra(
            f"{command}: wanted the library ir-measures, which is not installed; pip install 'shelfwise[train]'"
        )


class Asking:
    """How many queries are answered, as a bar on a terminal and nothing elsewhere."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = screen.err()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("Asking", total=None)

    def __call__(self, done: int, of: int) -> None:
        """So many queries are answered."""
        self._bar.update(self._task, completed=done, total=of)

    def __enter__(self) -> Asking:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
