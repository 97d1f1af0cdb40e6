"""The steps at which a process changes something on the disk, numbered as they come; it dies at one of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shelfwise.index.store import following
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE")
FILES = {"os.rename": "rename", "os.remove": "remove", "os.rmdir": "rmdir", "os.mkdir": "mkdir"}


class Steps:
    """Notes the steps of this process from now on, which is to do nothing else in its life."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.names: list[str] = []
        self._dies_at = dies_at
        following.FOLLOW_SECONDS = 3_600.0  # the follower's steps would come in between
        sys.addaudithook(self._audited)
        os.fsync = self._before("fsync", os.fsync)
        event.listen(Engine, "before_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._committing)
        DefaultDialect.do_commit = self._committed(DefaultDialect.do_commit)  # type: ignore[method-assign]
        self._writes = False

    def reached(self, name: str) -> None:
        """The next step."""
        self.names.append(name)
        if len(self.names) - 1 == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(10)

    def _audited(self, name: str, given: tuple[Any, ...]) -> None:
        if name in FILES:
            self.reached(f"{FILES[name]} {_last(given[1] if name == 'os.rename' else given[0])}")
        elif name == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.reached(f"open {_last(given[0])}")

    def _executed(self, connection: Any, cursor: Any, statement: str, *_: object) -> None:
        if statement.lstrip().startswith(WRITES):
            self.reached(" ".join(statement.split()[:3]).lower())

    def _before(self, name: str, real: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def wrapped(given: Any) -> Any:
            self.reached(name)
            return real(given)

        return wrapped

    def _committing(self, connection: Any) -> None:
        self._writes = bool(connection.get_execution_options().get("shelfwise_write"))
        if self._writes:
            self.reached("before commit")

    def _committed(self, real: Callable[..., None]) -> Callable[..., None]:
        def do_commit(dialect: Any, connection: Any) -> None:
            real(dialect, connection)
            if self._writes:
                self.reached("after commit")

        return do_commit


def _last(path: object) -> str:
    return Path(os.fsdecode(path)).name if isinstance(path, (str, bytes, os.PathLike)) else str(path)
