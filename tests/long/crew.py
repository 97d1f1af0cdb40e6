"""Processes that have one store open and do what they are told: some forked from one that had opened it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

WORKER = Path(__file__).with_name("worker.py")
PATIENCE = 60.0  # seconds for an answer, where nobody says otherwise


class Silent(Exception):
    """A worker did not answer in time."""


@dataclass
class Worker:
    """One process."""

    kind: str  # parent, forked or started
    pid: int
    link: Connection
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def tell(self, task: str, *given: Any) -> None:
        """Has it do something; `answer` waits for that."""
        self.link.send((task, *given))

    def answer(self, seconds: float = PATIENCE) -> Any:
        """What it found; raises `Silent`, and `RuntimeError` where it failed."""
        try:
            if not self.link.poll(seconds):
                raise Silent(f"{self.kind} process {self.pid}: no answer within {seconds:g} s")
            well, found = self.link.recv()
        except (EOFError, ConnectionError):
            raise Silent(f"{self.kind} process {self.pid}: it ended") from None
        if not well:
            raise RuntimeError(f"{self.kind} process {self.pid}: {found}")
        return found

    def ask(self, task: str, *given: Any, seconds: float = PATIENCE) -> Any:
        """Both."""
        self.tell(task, *given)
        return self.answer(seconds)

    def kill(self) -> None:
        """Kill -9."""
        try:
            os.kill(self.pid, 9)
        except ProcessLookupError:
            return
        if self.process is not None:
            self.process.wait()
        else:
            while Path(f"/proc/{self.pid}").exists():  # reaped by the parent, which ignores its children's end
                time.sleep(0.001)
        self.link.close()

    @property
    def memory(self) -> dict[str, float]:
        """MB: all that is mapped and in memory, and what no other process shares."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {name: int(rest.split()[0]) * 1_024 / 1e6 for name, _, rest in (each.partition(":") for each in lines)}
        return {"all": sizes["Rss"], "private": sizes["Private_Clean"] + sizes["Private_Dirty"]}


class Crew:
    """Starts workers of one store, and ends them."""

    def __init__(
        self, store: Path, encoder: str, script: Path = WORKER, maintain: bool = True, **environment: str
    ) -> None:
        """`maintain`: whether a thread of these processes does what is due."""
        self._command = [sys.executable, str(script), str(store), encoder, "yes" if maintain else "no"]
        self._environment = environment
        self._folder = mkdtemp(prefix="shelfwise-crew-")
        self._listener = Listener(f"{self._folder}/link", "AF_UNIX", backlog=64)
        self._all: list[Worker] = []
        self._parent: Worker | None = None

    def start(self, count: int = 1, kind: str = "started") -> list[Worker]:
        """Processes of their own that open the store."""
        paths = os.pathsep.join(each for each in sys.path if each)
        everything = {**os.environ, "PYTHONPATH": paths, **self._environment}
        command = [*self._command, str(self._listener.address), kind]
        processes = [subprocess.Popen(command, env=everything) for _ in range(count)]
        workers = [self._arrived() for _ in processes]
        for worker in workers:
            worker.process = next(process for process in processes if process.pid == worker.pid)
        return workers

    def fork(self) -> Worker:
        """A process forked from one that has the store open, which is started the first time."""
        if self._parent is None:
            (self._parent,) = self.start(kind="parent")
        self._parent.ask("fork")
        return self._arrived()

    @property
    def parent(self) -> Worker:
        """The process that forks."""
        assert self._parent is not None
        return self._parent

    def _arrived(self) -> Worker:
        link = self._listener.accept()
        kind, pid = link.recv()
        worker = Worker(kind, pid, link)
        self._all.append(worker)
        return worker

    def close(self) -> None:
        """Ends all that are left."""
        for worker in self._all:
            if not worker.link.closed:
                worker.kill()
        self._listener.close()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def together(workers: Sequence[Worker], task: str, *given: Any, seconds: float = PATIENCE) -> list[Any]:
    """All do the same at once; their answers, in their order."""
    for worker in workers:
        worker.tell(task, *given)
    return [worker.answer(seconds) for worker in workers]


def settled(workers: Sequence[Worker], seconds: float = 60.0) -> bool:
    """Waits until all have seen the last change, and whether they did."""
    end = time.monotonic() + seconds
    while len({each["change"] for each in together(workers, "state")}) > 1:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def timed(do: Callable[[], object]) -> float:
    """How many seconds something takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began
