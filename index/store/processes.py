"""Who has the store open: a file for each process, locked for as long as it lives."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class ProcessState:
    """How far one process is."""

    pid: int
    change: int  # the last change that it can find
    generation: int


class ProcessFile:
    """This process's file; a lock on it says that the process lives, whatever the clock says."""

    def __init__(self, folder: Path) -> None:
        self.pid = os.getpid()
        self.path = folder / f"{self.pid}-{uuid4().hex[:8]}.json"
        self._written: ProcessState | None = None
        self._handle: int | None = None
        with suppress(OSError):  # a folder that may only be read has no such files
            folder.mkdir(exist_ok=True)
            while self._handle is None:
                self._handle = self._locked()

    def _locked(self) -> int | None:
        """The file, which has its name only once it is locked; None where it was removed before, as a dead one's."""
        new = self.path.with_suffix(".new")
        handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            new.rename(self.path)
        except OSError as error:
            os.close(handle)
            if isinstance(error, FileNotFoundError):
                return None
            raise
        return handle

    def write(self, state: ProcessState) -> None:
        """Says how far this process is."""
        if self._handle is None or state == self._written:
            return
        with suppress(OSError):  # a full disk must not end the follower
            os.pwrite(self._handle, json.dumps(asdict(state)).ljust(120).encode(), 0)
            self._written = state

    def forget(self) -> None:
        """In a forked child: the file is the parent's."""
        if self._handle is not None:
            os.close(self._handle)  # the lock stays with the parent, which has the same open file
            self._handle = None

    def close(self) -> None:
        """Removes the file."""
        if self._handle is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None


def live_processes(folder: Path, remove: bool = True) -> list[ProcessState]:
    """The processes that have the store open, by pid; files of dead ones are removed if that is wanted."""
    found = []
    for path in (*folder.glob("*.json"), *folder.glob("*.new")):  # the latter: its process was just making it
        try:
            with path.open("r+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    with suppress(ValueError, TypeError):  # just made, and not written yet
                        found.append(ProcessState(**json.loads(file.read())))
                    continue
                if remove:
                    path.unlink(missing_ok=True)
        except OSError:
            continue
    return sorted(found, key=lambda each: (each.pid, each.change))
