"""What becomes of an error: a sentence on stderr or a JSON object on stdout, and an exit code."""

from __future__ import annotations

import traceback
from typing import Any

import typer

from . import screen

REFUSED = 1  # an import that was stopped before it changed anything
FAILED = 2
INTERRUPTED = 130  # what a shell reports for Ctrl-C
BROKEN_PIPE = 141  # what a shell reports for a reader that went away

# The root of what typer raises for a wrong command line; the module it lives in differs between versions of typer.
_UsageError: Any = next(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")


def tell(error: Exception, *, as_json: bool) -> int:
    """Says what went wrong, and returns the exit code. What nobody foresaw keeps its traceback."""
    if isinstance(error, _UsageError):
        return _tell_usage(error, as_json)
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    from ...index import ImportRefused, ShelfwiseError

    if isinstance(error, OSError) and not isinstance(error, ShelfwiseError):
        sentence = f"{error.filename or 'output'}: {error.strerror or error}"
    elif isinstance(error, ShelfwiseError):
        sentence = str(error)
    else:
        traceback.print_exception(error)
        first = next(iter(str(error).splitlines()), "")
        sentence = f"{type(error).__name__}: {first}; nobody foresaw this, please report it with the lines above"
    _print(type(error).__name__, sentence, as_json)
    if isinstance(error, OSError) and error.filename is None:
        screen.hush()  # it may be stdout, which Python would try, and fail, to write once more in the end
    return REFUSED if isinstance(error, ImportRefused) else FAILED


def _tell_usage(error: Any, as_json: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
        typer.echo(error.format_message(), err=True)
    else:
        context = getattr(error, "ctx", None)
        said = error.format_message().strip()
        hint = f" See `{context.command_path} --help`." if context is not None else ""
        _print("UsageError", said + ("" if said.endswith((".", "?", ")")) else ".") + hint, as_json)
    return FAILED


def _print(kind: str, sentence: str, as_json: bool) -> None:
    if as_json:
        try:
            screen.print_json({"error": {"type": kind, "message": sentence}})
            return
        except OSError:  # stdout itself is what fails
            screen.hush()
    screen.fail(sentence)
