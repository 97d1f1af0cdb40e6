"""What killed processes left behind: found under the locks of those who make such files, so that nothing live is."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from .archive import dead_dumps
from .folder import StoreFolder
from .kept_models import dead_copies
from .locking import file_lock

PATIENCE = 0.5  # seconds in which a process locks what it has just made
DUMPS = ".*.shelfwise-dump"  # dumps that are being written; in other folders the next dump removes them


def leftovers(folder: StoreFolder, remove: bool = False) -> list[Path]:
    """Files and folders that nobody needs any more; removed if that is wanted."""
    found = []
    for path in _leftovers(folder):
        found.append(path)
        if remove and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif remove:
            path.unlink(missing_ok=True)
    return [*found, *dead_dumps(folder.kept, remove)]


def _leftovers(folder: StoreFolder) -> Iterator[Path]:
    if any(folder.scratches()):
        with file_lock(folder.build_lock) as mine:
            if mine:
                yield from sorted(folder.scratches())
    if folder.new_pointer.exists():
        with folder.pointing(wait=False) as mine:
            if mine and folder.new_pointer.exists():
                yield folder.new_pointer
    yield from sorted(path for path in folder.processes.glob("*.json") if _is_unlocked(path))
    yield from sorted(path for path in folder.path.glob(DUMPS) if _is_unlocked(path))
    new = [path for path in folder.processes.glob("*.new") if _is_unlocked(path)]
    copies = dead_copies(folder)
    if new or copies:
        time.sleep(PATIENCE)
        yield from sorted(path for path in new if _is_unlocked(path))
        yield from sorted({*copies} & {*dead_copies(folder)})


def _is_unlocked(path: Path) -> bool:
    """Whether the file is there, and no process holds its lock."""
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
