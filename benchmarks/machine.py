"""What a figure was measured on, written beside it."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console

LIBRARIES = ("shelfwise", "numpy", "scipy", "faiss-cpu", "torch", "sentence-transformers", "SQLAlchemy")

WIDTH = 130  # of tables where nothing says how wide the screen is

Facts = dict[str, object]


def console() -> Console:
    """Where tables are printed; wide enough in a file."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def facts() -> Facts:
    """When, by which command, on what machine and with which versions."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", *sys.argv]),
        "machine": {
            "cpu": _cpu(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
            "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "versions": {name: found for name in LIBRARIES if (found := _version(name))},
        },
    }


def in_a_line(facts: Facts) -> str:
    """The machine as a heading."""
    machine = facts["machine"]
    if not isinstance(machine, dict):
        raise TypeError(f"machine: wanted the mapping of facts(), got {type(machine).__name__}")
    torch = machine["versions"].get("torch", "none")
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads, load {machine['load']} before; "
        f"Python {machine['python']}, torch {torch}; {facts['date']}"
    )


def _cpu() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
