"""Arrays on disk, mapped and not read, so that processes share their pages."""

from __future__ import annotations

from collections.abc import Callable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def load_array(path: Path) -> NDArray[Any]:
    """A saved array, mapped read-only; nothing is unpickled.

    A plain array over the mapping: numpy's own class for it costs two microseconds at every slice.
    """
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)).view(np.ndarray)


def map_text(path: Path) -> Callable[[], str]:
    """What reads a text file when it is asked for, though the file be deleted by then."""
    with path.open("rb") as file:
        mapped = mmap(file.fileno(), 0, access=ACCESS_READ)
    return lambda: mapped[:].decode()
