"""Processes that are forked, say lines through a pipe, and are killed: what was said, a kill cannot take back."""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn


class Says:
    """Writes lines into a pipe, each with one plain write."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __call__(self, line: object) -> None:
        os.write(self._handle, f"{line}\n".encode())


class Forked:
    """A forked process; the one that forks must have a single thread."""

    def __init__(self, do: Callable[[Says], object]) -> None:
        assert threading.active_count() == 1, "only a process with one thread may fork"
        reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(reading)
            _run(do, Says(writing))
        os.close(writing)
        self._pipe: int | None = reading
        self._alive = True
        self._said = b""

    @property
    def lines(self) -> list[str]:
        """What it said so far."""
        while self._pipe is not None and select.select([self._pipe], [], [], 0)[0]:
            if not (more := os.read(self._pipe, 1 << 16)):
                os.close(self._pipe)
                self._pipe = None
            self._said += more
        return self._said.decode().splitlines()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        if self._alive and os.waitpid(self.pid, os.WNOHANG)[0]:
            self._alive = False
        return self._alive

    def until(self, done: Callable[[list[str]], object], seconds: float = 30.0) -> bool:
        """Waits until what it said fulfils a condition; False where it ends, or the time does, before."""
        end = time.monotonic() + seconds
        while not done(self.lines):
            if not self.alive:
                return bool(done(self.lines))
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        return True

    def ends(self, seconds: float) -> bool:
        """Waits for its end; whether it came."""
        end = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        return True

    def kill(self) -> list[str]:
        """Kill -9; what it had said."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._alive = False
        said = self.lines
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        return said


def _run(do: Callable[[Says], object], says: Says) -> NoReturn:
    try:
        do(says)
    except BaseException:
        says(f"failed {traceback.format_exc()!r}")
    os._exit(0)


def call(do: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What a function returns (as JSON holds it) in a process of its own; raises `RuntimeError` where none came."""
    child = Forked(lambda says: says(json.dumps(do())))
    ended = child.ends(seconds)
    lines = child.kill()
    if not ended:
        raise RuntimeError(f"no answer within {seconds:g} s")
    if not lines or lines[-1].startswith("failed "):
        raise RuntimeError(lines[-1] if lines else "it ended without a word")
    return json.loads(lines[-1])
