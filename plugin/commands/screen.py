"""What is printed: sentences and tables for people, one JSON object for programs.

Answers go to stdout, everything else to stderr. Colour is left out where rich would: NO_COLOR, or no terminal.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDE = 160  # columns where there is no terminal whose width would count: a file, a pipe


def prepare() -> None:
    """Makes stdout and stderr take any text: what the terminal's encoding lacks is shown as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def hush() -> None:
    """After a broken pipe: nothing more is written, and nothing is said when Python closes its streams."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def out() -> Console:
    """The console for answers."""
    return _console(stderr=False)


def err() -> Console:
    """The console for what is said beside the answer."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def fail(sentence: str) -> None:
    """An error: its first line is red."""
    first, _, rest = sentence.partition("\n")
    err().print(f"Error: {plain(first)}", style="red", soft_wrap=True)
    if rest:
        err().print(rest, soft_wrap=True)


def warn(sentence: str) -> None:
    """Something to know before going on."""
    err().print(plain(sentence), style="yellow", soft_wrap=True)


def say(sentence: str) -> None:
    """A sentence beside the answer."""
    err().print(sentence, soft_wrap=True)


def answer(sentence: str, style: str | None = None) -> None:
    """A sentence that is (part of) the answer."""
    out().print(sentence, style=style, soft_wrap=True)


def table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """An empty table with these columns; those in `right` hold numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    for column in columns:
        number = column in right
        made.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return made


def plain(text: str) -> str:
    """The text on one line, without control characters: data must not steer a terminal."""
    return "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)


def print_json(value: object) -> None:
    """One JSON value on stdout."""
    encoding: Any = getattr(sys.stdout, "encoding", None) or ""
    escaped = not encoding.lower().replace("-", "").startswith("utf")
    sys.stdout.write(json.dumps(value, ensure_ascii=escaped, indent=2) + "\n")
    sys.stdout.flush()
