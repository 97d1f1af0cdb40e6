"""How an import goes, on stderr: a bar on a terminal, and elsewhere only what a person should know."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ...index import ImportReport
from ...index import Progress as Watch
from . import screen


class ImportProgress(Watch):
    """Shows products read, their rate and the time left; `rows` is how many were acknowledged."""

    def __init__(self, source: str) -> None:
        self.rows = 0
        self._console = screen.err()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            _Count(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(f"Reading {screen.plain(source.rpartition('/')[2])}", total=None)

    def begins(self, products: int | None) -> None:
        """See `Progress`."""
        self._bar.update(self._task, description="Importing", total=products)

    def batch(self, report: ImportReport) -> None:
        """See `Progress`."""
        self.rows = report.rows
        hint = self._bar.tasks[0].total
        # The number is estimated: where there is more, the bar stays full instead of claiming 110%.
        self._bar.update(self._task, completed=report.rows, total=None if hint is None else max(hint, report.rows))

    def says(self, sentence: str) -> None:
        """See `Progress`."""
        style = "yellow" if sentence.startswith("Warning") else None
        self._console.print(screen.plain(sentence), style=style, soft_wrap=True)

    def __enter__(self) -> ImportProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class _Count(TextColumn):
    """`1,184 of about 8,208`."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """See rich's column."""
        if not task.completed:
            return Text("")
        return Text(f"{task.completed:,.0f}" + (f" of about {task.total:,.0f}" if task.total else ""))


class _Rate(TextColumn):
    """`312/s`."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """See rich's column."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")
