"""How many threads the numerical libraries use in this process: one for answers, all for bulk work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import RequestError

# One query is too little work to share: with two threads each waits for the other whenever the machine is busy.
_answers = 1
_bulk_given = False


def set_threads(count: int | None) -> None:
    """Sets how many threads FAISS and torch use here; None: OMP_NUM_THREADS if that is set, else one.

    A number also holds for bulk work, which otherwise takes all cores. In a forked child it is always one: the threads
    of the parent's pools are not there, and who waits for them waits for ever. Raises `RequestError`.
    """
    global _answers, _bulk_given
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise RequestError(f"threads: wanted a whole number of 1 or more, got {count!r:.80}")
    environment = os.environ.get("OMP_NUM_THREADS", "")
    _answers = count or (int(environment) if environment.isdecimal() and int(environment) else 1)
    if _forked:
        _answers = 1
    _bulk_given = count is not None or bool(environment)
    apply_threads()


def answer_threads() -> int:
    """How many threads an answer uses."""
    return _answers


def build_threads() -> int:
    """How many threads building an index uses."""
    return _answers if _bulk_given or _forked else os.cpu_count() or 1


def apply_threads(count: int | None = None) -> None:
    """Tells torch, if it is loaded; called again when it is. FAISS is told at each search: its number is a thread's."""
    wanted = count or _answers
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads") and torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)


@contextmanager
def bulk_threads() -> Iterator[None]:
    """All cores for as long as many texts are encoded, unless a number was set."""
    if _bulk_given or _forked or (os.cpu_count() or 1) == _answers:
        yield
        return
    apply_threads(os.cpu_count())
    try:
        yield
    finally:
        apply_threads()


_forked = False


def _after_fork() -> None:
    global _answers, _forked
    _forked = True
    _answers = 1
    apply_threads()


os.register_at_fork(after_in_child=_after_fork)
