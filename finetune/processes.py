"""Several processes of one run, as `accelerate launch` starts them; or the one there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from accelerate import PartialState

PATIENCE = timedelta(days=2)  # the others wait while the first one encodes a catalogue


class Processes:
    """Which of them this is."""

    def __init__(self) -> None:
        self._state = PartialState(timeout=PATIENCE)

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._state.num_processes)

    @property
    def first(self) -> bool:
        """Whether this is the one that speaks, writes and decides."""
        return bool(self._state.is_main_process)

    @contextmanager
    def after_first(self) -> Iterator[None]:
        """Its body runs in the first process; the others go on when that is done."""
        try:
            yield
        finally:
            self._state.wait_for_everyone()
