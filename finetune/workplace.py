"""The folder of a run: what it was started with, what it has done, and one run at a time."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..index import file_lock
from .errors import TrainingError

NEEDED = 10  # times the model's size on the disk: checkpoints with what the optimizer knows, the result, its copies


class Workplace:
    """Paths of a run, and the log of what it says."""

    def __init__(self, folder: Path, quiet: bool = False) -> None:
        """`quiet`: says nothing; of several processes one speaks."""
        self.folder = folder
        self.shop = folder / "work" / "shop"  # a copy of the catalogue to try things on
        self.checkpoints = folder / "work" / "checkpoints"
        self.examples = folder / "work" / "examples.json"
        self.encoder = folder / "encoder"
        self.half_encoder = folder / "work" / "encoder"
        self.teacher = folder / "work" / "teacher"
        self.reader_checkpoints = folder / "work" / "reader"
        self._log = folder / "log.txt"
        self.quiet = quiet

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Makes the folder; raises `TrainingError` where another run works in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.quiet:  # the first process holds the lock for all of its run
            yield
            return
        with file_lock(self.folder / "lock") as mine:
            if not mine:
                raise TrainingError(f"train: another run works in {self.folder}; wait for it, or name another --out")
            yield

    def begin(self, fingerprint: str, facts: Mapping[str, Any]) -> bool:
        """Whether this run goes on with one that was cut off. Raises `TrainingError` where the folder holds another."""
        known = self.read("run")
        if known is not None:
            if known.get("fingerprint") != fingerprint:
                raise TrainingError(
                    f"train: {self.folder} holds another run (of other files, or with other settings); name another "
                    "--out, or delete it"
                )
            return True
        if others := sorted(each.name for each in self.folder.iterdir() if each.name != "lock"):
            raise TrainingError(
                f"train: wanted a new or empty folder as --out, got {self.folder}, which holds {others[0]}"
            )
        self.write("run", {"fingerprint": fingerprint, **facts})
        return False

    def check_room(self, size: int) -> None:
        """Raises `TrainingError` where the disk would be full before the end; `size`: bytes of the model."""
        wanted, free = NEEDED * size, shutil.disk_usage(self.folder).free
        if free < wanted:
            raise TrainingError(
                f"train: wanted {wanted / 1e9:.1f} GB for checkpoints and results on the disk of {self.folder}, got "
                f"{free / 1e9:.1f}; make room, or name another --out"
            )

    def says(self, sentence: str) -> None:
        """Prints a line, with the time, and keeps it."""
        if self.quiet:
            return
        line = f"{time.strftime('%H:%M:%S')}  {sentence}"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        with self._log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def progress(self) -> Callable[[int, int], None]:
        """Says every tenth of something long."""
        said = 0

        def tell(done: int, total: int) -> None:
            nonlocal said
            if total and done * 10 // total > said:
                said = done * 10 // total
                self.says(f"{done:,} of {total:,}")

        return tell

    def read(self, name: str) -> Any:
        """What `write` wrote; None if there is nothing, or not the whole of it."""
        try:
            return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def write(self, name: str, value: Any) -> None:
        """Writes a file that is whole or not there."""
        path = self.folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        with half.open("w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=None if name.startswith("work/") else 2, default=str)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
