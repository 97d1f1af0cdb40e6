"""The thread that follows the other processes' changes, so that no search has to."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING

from . import maintenance

if TYPE_CHECKING:
    from .store import Store

logger = logging.getLogger("shelfwise.store")

FOLLOW_SECONDS = 0.1  # how often it looks whether another process wrote
MAINTAIN_SECONDS = 2.0  # how often it looks whether anything is due


class Follower(threading.Thread):
    """Follows, and does what is due where no other process maintains the store; ends with its store."""

    def __init__(self, store: Store, maintains: bool) -> None:
        super().__init__(name="shelfwise-follower", daemon=True)
        self.maintains = maintains
        self._store = weakref.ref(store)  # a store that nobody closed can go
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ends the thread, and waits for it."""
        self._stopped.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()

    def run(self) -> None:
        """See `threading.Thread`."""
        said = ""
        maintained = time.monotonic()
        while not self._stopped.wait(FOLLOW_SECONDS):
            store = self._store()
            if store is None:
                return
            try:
                store.follow()
                if self.maintains and time.monotonic() - maintained > MAINTAIN_SECONDS:
                    maintenance.maintain(store)
                    maintained = time.monotonic()
                said = ""
            except Exception as error:
                if self._stopped.is_set():
                    return
                if str(error) != said:  # once, not ten times a second
                    logger.warning("store %s: %s; it is tried again", store.name, error, exc_info=not said)
                said = str(error)
            del store
