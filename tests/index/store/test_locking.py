from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from shelfwise.index.store.locking import file_lock


def free(path: Path) -> bool:
    with file_lock(path) as mine:
        return mine


def test_one_holder_at_a_time_among_threads_too(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    found: list[bool] = []
    with file_lock(path) as mine:
        thread = threading.Thread(target=lambda: found.append(free(path)))
        thread.start()
        thread.join()
        assert mine and found == [False] and not free(path)
    assert free(path)


def test_a_forked_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with file_lock(path):
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
    try:
        assert free(path)  # the child lives
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_killed_holders_lock_is_free_though_its_child_lives(tmp_path: Path) -> None:
    path, said = tmp_path / "lock", tmp_path / "said"
    holder = os.fork()
    if not holder:
        with file_lock(path):
            grandchild = os.fork()
            if not grandchild:
                time.sleep(60)
                os._exit(0)
            said.write_text(str(grandchild))
            time.sleep(60)
        os._exit(0)
    while not said.is_file() or not said.read_text():
        time.sleep(0.01)
    assert not free(path)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    try:
        assert free(path)
    finally:
        os.kill(int(said.read_text()), signal.SIGKILL)
