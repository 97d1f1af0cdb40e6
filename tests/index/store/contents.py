"""What stores and dumps hold, to be compared; and archives that nobody dumped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from shelfwise.index.store import schema
from shelfwise.index.store.database import Database
from sqlalchemy import select

EMPTY_SEAL = b"sha256:" + b"0" * 64


def everything(database: Database, own: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables; without what is of this store alone, unless `own`."""
    with database.read() as connection:
        format_ = int(
            connection.execute(select(schema.facts.c.value).where(schema.facts.c.name == "format")).scalar_one()
        )
        tables = schema.metadata.sorted_tables if format_ > 1 else schema.FORMAT_1
        rows = {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in tables}
    if not own:
        rows["facts"] = [row for row in rows["facts"] if row[0] != "store"]
    return rows


def members(archive: Path) -> dict[str, bytes]:
    """The members of an archive, in their order."""
    with ZipFile(archive) as dump:
        return {name: dump.read(name) for name in dump.namelist()}


def comparable(archive: Path) -> dict[str, Any]:
    """The members without what is of one store and one moment alone."""
    found: dict[str, Any] = members(archive)
    del found["checksums.json"]
    about = json.loads(found["dump.json"])
    del about["facts"]["store"], about["made"]
    return {**found, "dump.json": about}


def forge(archive: Path, parts: Mapping[str, bytes] | list[tuple[str | ZipInfo, bytes]]) -> Path:
    """An archive of these members, with right checksums (unless there are some) and the right seal."""
    listed = list(parts.items()) if isinstance(parts, Mapping) else parts
    names = [part.filename if isinstance(part, ZipInfo) else part for part, _ in listed]
    if "checksums.json" not in names:
        sums = {name: sha256(data).hexdigest() for name, (_, data) in zip(names, listed, strict=True)}
        listed = [*listed, ("checksums.json", json.dumps(sums).encode())]
    with ZipFile(archive, "w", ZIP_DEFLATED) as dump:
        for part, data in listed:
            dump.writestr(part, data)
        dump.comment = EMPTY_SEAL
    reseal(archive)
    return archive


def reseal(archive: Path) -> None:
    """Gives an archive the seal that fits its bytes."""
    data = archive.read_bytes()[:-64]
    archive.write_bytes(data + sha256(data).hexdigest().encode())
