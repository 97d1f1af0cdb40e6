"""The thread that follows the other processes' changes, so that no search has to."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..courtesy import give_way
from ..errors import StoreClosed
from . import maintenance

if TYPE_CHECKING:
    from .store import Store

logger = logging.getLogger("shelfwise.store")

FOLLOW_SECONDS = 0.1  # how often it looks whether another process wrote
MAINTAIN_SECONDS = 2.0  # how often it looks whether anything is due


class Follower(threading.Thread):
    """Follows, and does what is due where no other process maintains the store; ends with its store.

    What takes long (a model that loads, a generation that is built) is done in a thread beside, or this process would
    see no change meanwhile.
    """

    def __init__(self, store: Store, maintains: bool) -> None:
        super().__init__(name="shelfwise-follower", daemon=True)
        self.maintains = maintains
        self._store = weakref.ref(store)  # a store that nobody closed can go
        self._stopped = threading.Event()
        self._work: threading.Thread | None = None
        self._said: dict[str, str] = {}  # the last error of each task

    def stop(self) -> None:
        """Ends the threads, and waits for them."""
        self._stopped.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()
        if self._work is not None and self._work is not threading.current_thread():
            self._work.join()

    def run(self) -> None:
        """See `threading.Thread`."""
        give_way()
        worked = time.monotonic()
        while not self._stopped.wait(FOLLOW_SECONDS):
            store = self._store()
            if store is None:
                return
            self._try("follow", store.follow)
            late = time.monotonic() - worked > MAINTAIN_SECONDS
            loads = store.must_load and (late or "load" not in self._said)  # at once, but not again and again
            if (loads or (late and self.maintains)) and (self._work is None or not self._work.is_alive()):
                worked = time.monotonic()
                self._work = threading.Thread(
                    target=self._do_work, args=(store,), name="shelfwise-maintainer", daemon=True
                )
                self._work.start()
            del store

    def _do_work(self, store: Store) -> None:
        give_way()
        self._try("load", store.load_published)
        if self.maintains:
            self._try("maintain", lambda: maintenance.maintain(store))

    def _try(self, task: str, do: Callable[[], object]) -> None:
        try:
            do()
            self._said.pop(task, None)
        except Exception as error:
            said = self._said.get(task)
            ended = self._stopped.is_set() or isinstance(error, StoreClosed)
            if not ended and str(error) != said:  # once, not ten times a second
                whose = f"store {getattr(self._store(), 'name', '')}: "
                sentence = str(error).removeprefix(whose)  # errors of ours name the store themselves
                logger.warning("%s%s; it is tried again", whose, sentence, exc_info=not said)
                self._said[task] = str(error)
