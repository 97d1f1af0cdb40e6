"""What a dump is: one zip archive with all that a store held at one moment, for any database to take back.

Its members, in this order; rows stand in the order of their keys' bytes, so equal stores have equal members:

    dump.json        the archive's format, the store's, when it was made, the store's facts, how many rows there are
    products.jsonl   a JSON object a row, with the table's columns; likewise offers, waiting, history, imports and
                     documents
    vectors/0.jsonl  the keys of one encoder's vectors
    vectors/0.f16    those vectors one after another: half precision, little-endian
    models/0/0       the first file of the first model that the store keeps; dump.json says its name
    checksums.json   SHA-256 of each of the others

The archive's comment is its seal: the SHA-256 of all bytes before that number, so no bit changes unseen.
"""

from __future__ import annotations

import fcntl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Table

from . import schema

ARCHIVE = 2  # the archive's own format; one without models has 1, for all versions read that
ABOUT, CHECKSUMS = "dump.json", "checksums.json"
SEAL = b"sha256:"
HEX = 64  # digits of a SHA-256
LINE_BYTES = 64 << 20  # a longer row is no product; who reads an archive need not hold more in memory
VECTOR_KEYS = ("text_hash", "locale")
PART = ".shelfwise-dump"  # ends the name of a dump that is being written, which is locked meanwhile

_TABLES = (schema.products, schema.offers, schema.waiting, schema.history, schema.imports, schema.documents)


@dataclass(frozen=True, slots=True)
class VectorGroup:
    """Vectors of one encoder that are equally long."""

    encoder: str  # hash
    width: int  # bytes of one vector
    count: int


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that the store keeps."""

    encoder: str  # hash
    files: tuple[tuple[str, int], ...]  # name in the model's folder, bytes


@dataclass(frozen=True, slots=True)
class About:
    """What stands in dump.json."""

    archive: int
    format: int  # of the store
    made: str  # ISO 8601
    facts: Mapping[str, str]
    counts: Mapping[str, int]  # rows by table, deleted products included
    vectors: tuple[VectorGroup, ...] = ()
    models: tuple[ModelFiles, ...] = ()

    def members(self) -> list[str]:
        """The names of all members, in their order."""
        groups = [f"vectors/{at}.{kind}" for at in range(len(self.vectors)) for kind in ("jsonl", "f16")]
        files = [name for at in range(len(self.models)) for name, _, _ in self.files(at)]
        return [ABOUT, *(f"{table.name}.jsonl" for table in tables_of(self.format)), *groups, *files, CHECKSUMS]

    def files(self, model: int) -> list[tuple[str, str, int]]:
        """Of each file of a model the member's name, the name in the model's folder, and its bytes."""
        return [(f"models/{model}/{at}", name, size) for at, (name, size) in enumerate(self.models[model].files)]


def tables_of(format_: int) -> list[Table]:
    """The tables of a store of this format that are dumped row by row."""
    return [table for table in _TABLES if format_ > 1 or table in schema.FORMAT_1]


def seal_of(file: BinaryIO, size: int) -> bytes:
    """The SHA-256 of the first `size` bytes of a file, in hexadecimal."""
    digest = sha256()
    file.seek(0)
    while size > 0 and (chunk := file.read(min(size, 1 << 20))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode()


def dead_dumps(folder: Path, remove: bool = False) -> list[Path]:
    """What killed dumps left in a folder; removed if that is wanted."""
    found = []
    for left in sorted(folder.glob(f".{'[0-9a-f]' * 8}{PART}")):
        with suppress(OSError), left.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # one that is being written stays
            if remove:
                left.unlink()
            found.append(left)
    return found
