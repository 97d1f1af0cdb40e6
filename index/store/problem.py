"""What a check finds: something wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESTORE = "restore a dump (`shelfwise restore`)"
AGAIN = f"delete them and import them again, or {RESTORE}"
REPAIR = "`shelfwise check --repair`"
MAINTAIN = "run `shelfwise maintain`"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, and what to do about it."""

    kind: str  # "database", "vectors", "cache", "model", "leftover" or "import"
    what: str
    do: str
    path: Path | None = None  # what can be deleted, for it is built again or needed by nobody

    def __str__(self) -> str:
        return f"{self.what}; {self.do}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"kind": self.kind, "what": self.what, "do": self.do, "path": str(self.path) if self.path else None}


def rebuild(what: str, path: Path) -> Problem:
    """Something wrong with what can be built again."""
    shown = Path(*path.parts[-2:]) if path.parent.name == "generations" else Path(path.name)
    return Problem("cache", what, f"delete {shown}, it is built again; {REPAIR} does both", path)
