"""How an import went: counts, the first things wrong, and a file with all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..feeds import BadRow

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An id that came again; the later row won."""

    id: str
    first_row: int
    row: int


@dataclass
class ImportReport:
    """What an import did; grows while it runs."""

    import_id: int | None = None  # None: nothing was written (a dry run)
    source: str = ""
    mode: str = "merge"
    rows: int = 0  # products read, bad ones included
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    bad: int = 0
    duplicates: int = 0
    encoded: int = 0  # texts
    unread: int = 0  # texts that the encoder cannot read; found by their words alone
    waiting: int = 0  # products that the maintainer is to encode
    seconds: float = 0.0
    encoding_seconds: float = 0.0
    complete: bool = True  # False: the feed's end is torn off
    bad_rows: list[BadRow] = field(default_factory=list)  # the first 20
    duplicate_rows: list[Duplicate] = field(default_factory=list)  # the first 20
    warnings: list[str] = field(default_factory=list)
    first_ids: dict[str, list[str]] = field(default_factory=dict)  # of a dry run: the first 20 of each kind
    report_file: Path | None = None  # every bad and duplicate row, a JSON object a line; None when there is none

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["bad_rows"] = [bad_to_dict(each) for each in self.bad_rows]
        plain["duplicate_rows"] = [duplicate_to_dict(each) for each in self.duplicate_rows]
        plain["report_file"] = str(self.report_file) if self.report_file else None
        plain["seconds"] = round(self.seconds, 3)
        plain["encoding_seconds"] = round(self.encoding_seconds, 3)
        return plain

    def __str__(self) -> str:
        lines = [
            f"{self.rows:,} products read from {self.source or 'Python'}: {self.added:,} added, "
            f"{self.changed:,} changed, "
            f"{self.unchanged:,} unchanged, {self.deleted:,} deleted, {self.bad:,} bad, {self.duplicates:,} "
            "duplicate ids; "
            f"{self.encoded:,} texts encoded in {self.seconds:.1f} s."
            + (f" {self.waiting:,} wait to be encoded: found by words until then." if self.waiting else "")
        ]
        lines += [f"  {row}" for row in self.bad_rows]
        lines += [
            f"  row {each.row}, id: {each.id!r} stood in row {each.first_row} already; this one won"
            for each in self.duplicate_rows
        ]
        hidden = self.bad + self.duplicates - len(self.bad_rows) - len(self.duplicate_rows)
        if hidden and self.report_file:
            lines.append(f"  and {hidden:,} more, all in {self.report_file}")
        return "\n".join([*lines, *(f"Warning: {warning}" for warning in self.warnings)])


class ReportFile:
    """Writes bad and duplicate rows as they come; makes no file while nothing is wrong."""

    def __init__(self, path: Path | None, report: ImportReport) -> None:
        self._path, self._report = path, report
        self._mode = "w"  # what an earlier import, or an earlier reading of this one, left at the path is replaced

    def bad(self, row: BadRow) -> None:
        """One row that was not taken."""
        self._report.bad += 1
        if len(self._report.bad_rows) < SHOWN:
            self._report.bad_rows.append(row)
        self._write({"problem": "bad", **bad_to_dict(row)})

    def duplicate(self, row: Duplicate) -> None:
        """One id that came again."""
        self._report.duplicates += 1
        if len(self._report.duplicate_rows) < SHOWN:
            self._report.duplicate_rows.append(row)
        self._write({"problem": "duplicate", **duplicate_to_dict(row)})

    def _write(self, fields: dict[str, Any]) -> None:
        if self._path is None:
            return
        self._report.report_file = self._path
        if self._mode == "w":
            self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open(self._mode, encoding="utf-8") as file:
            file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        self._mode = "a"


def bad_to_dict(row: BadRow) -> dict[str, Any]:
    """Plain JSON values."""
    return {"row": row.row, "id": row.id, "field": row.field, "value": row.value, "wanted": row.wanted}


def duplicate_to_dict(row: Duplicate) -> dict[str, Any]:
    """Plain JSON values."""
    return {"row": row.row, "id": row.id, "first_row": row.first_row}
