"""How publishing goes, on stderr: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from . import screen


class PublishProgress:
    """Shows how many products are encoded."""

    def __init__(self) -> None:
        console = screen.err()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("Encoding", total=None)

    def __call__(self, done: int, of: int) -> None:
        """So many products are encoded; when all are, the generation is built."""
        self._bar.update(self._task, completed=done, total=of, description="Building" if done >= of else "Encoding")

    def __enter__(self) -> PublishProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
