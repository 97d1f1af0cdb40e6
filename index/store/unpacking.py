"""Reading an archive: nothing in it is believed before it is checked, and no path in it is ever used."""

from __future__ import annotations

import io
import json
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from ..errors import StoreError
from . import kept_models, settings
from .archive import (
    ABOUT,
    ARCHIVE,
    CHECKSUMS,
    HEX,
    LINE_BYTES,
    SEAL,
    About,
    ModelFiles,
    VectorGroup,
    seal_of,
    tables_of,
)
from .settings import StoreSettings

SMALL = 1 << 20  # bytes of a part that is read at once
BUFFER = 1 << 16

# What zipfile, zlib and json, and our own reading of what they give, say of bytes that are something else.
_BROKEN = (
    *(BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ArithmeticError, ValueError, LookupError, TypeError, AttributeError),
)


class Unpacking:
    """An archive whose seal, names, sizes and facts fit; its parts are checked while they are read."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        try:
            _check_seal(file)
            self._zip = ZipFile(file)
            self._sizes = self._entries()
            about = self._small(ABOUT)
            self.about = self._about(json.loads(about))
            self._check_sizes()
            self._checksums: dict[str, str] = json.loads(self._small(CHECKSUMS))
            _want(list(self._checksums) == self.about.members()[:-1], f"{CHECKSUMS} names other parts")
            _want(self._checksums[ABOUT] == sha256(about).hexdigest(), f"{ABOUT} is not what its checksum says")
        except _BROKEN as error:
            self.refuse(f"wanted a dump of a store, got something else or a damaged one ({error}); take another copy")

    @classmethod
    @contextmanager
    def of(cls, path: Path) -> Iterator[Unpacking]:
        """The archive at this path, which is not unpacked anywhere. Raises `StoreError`, as all methods do."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise StoreError(f"archive {path}: it cannot be read ('{error.strerror}'); check the path") from None
        with file:
            yield cls(path, file)

    @property
    def size(self) -> int:
        """Bytes of all parts, unpacked."""
        return sum(self._sizes.values())

    @property
    def model_size(self) -> int:
        """Bytes of the models alone."""
        return sum(size for model in self.about.models for _, size in model.files)

    def refuse(self, why: str) -> NoReturn:
        """Says what is wrong with it."""
        raise StoreError(f"archive {self.path}: {why}") from None

    def lines(self, name: str, count: int) -> Iterator[bytes]:
        """The lines of a part, of which there are so many; whoever takes them all knows that their checksum fits."""
        with self._part(name) as reader:
            for _ in range(count):
                line = reader.readline(LINE_BYTES)
                _want(line.endswith(b"\n"), "a line has no end")
                yield line

    def vectors(self, name: str, group: VectorGroup) -> Iterator[bytes]:
        """The vectors of a group; see `lines`."""
        with self._part(name) as reader:
            for _ in range(group.count):
                vector = reader.read(group.width)
                _want(len(vector) == group.width, "a vector is cut off")
                yield vector

    def pieces(self, name: str, size: int) -> Iterator[bytes]:
        """A part of so many bytes, bit by bit; see `lines`."""
        with self._part(name) as reader:
            while size:
                piece = reader.read(min(size, SMALL))
                _want(bool(piece), "it is cut off")
                size -= len(piece)
                yield piece

    @contextmanager
    def _part(self, name: str) -> Iterator[BinaryIO]:
        digest = sha256()
        try:
            with self._zip.open(name) as raw, io.BufferedReader(_Digesting(raw, digest.update), BUFFER) as reader:
                yield reader
                _want(not reader.read(1), f"it holds more than {ABOUT} says")
            _want(self._checksums[name] == digest.hexdigest(), "its checksum is another")
        except _BROKEN as error:
            self.refuse(f"its part {name} is damaged ({error}); take another copy")

    def _small(self, name: str) -> bytes:
        _want(self._sizes.get(name, 0) <= SMALL, f"{name} is too large")
        with self._zip.open(name) as part:
            return part.read(SMALL)

    # ---- checking ------------------------------------------------------------------------------------------------

    def _entries(self) -> dict[str, int]:
        """The size of each part by its name."""
        sizes: dict[str, int] = {}
        for entry in self._zip.infolist():
            name = entry.filename
            plain = not stat.S_ISLNK(entry.external_attr >> 16) and not entry.flag_bits & 1
            _want(plain and entry.compress_type in (ZIP_STORED, ZIP_DEFLATED), f"{name!r:.80} is no plain part")
            _want(name not in sizes, f"{name!r:.80} is there twice")
            sizes[name] = entry.file_size
        return sizes

    def _about(self, fields: dict[str, Any]) -> About:
        if int(fields["archive"]) > ARCHIVE:
            self.refuse(
                f"it has archive format {fields['archive']}, this version reads up to {ARCHIVE}; install a newer "
                "shelfwise"
            )
        facts = {str(name): str(value) for name, value in fields["facts"].items()}
        try:
            settings.check(facts, StoreSettings(), f"in {self.path}")
        except settings.DamagedFacts as error:
            raise ValueError(error.reason) from None
        about = About(
            archive=int(fields["archive"]),
            format=int(facts["format"]),
            made=str(fields["made"]),
            facts=facts,
            counts={table.name: int(fields["counts"][table.name]) for table in tables_of(int(facts["format"]))},
            vectors=tuple(VectorGroup(str(e["encoder"]), int(e["width"]), int(e["count"])) for e in fields["vectors"]),
            models=tuple(
                ModelFiles(str(each["encoder"]), tuple((str(name), int(size)) for name, size in each["files"]))
                for each in fields.get("models", ())
            ),
        )
        _check_models(about)
        numbers = [int(facts["change"]), *about.counts.values()]
        numbers += [number for group in about.vectors for number in (group.width, group.count)]
        _want(all(0 <= number < 1 << 63 for number in numbers), "a count is no count")
        _want(all(group.width <= LINE_BYTES for group in about.vectors), "a vector is too long")
        return about

    def _check_sizes(self) -> None:
        """No part but those of the format, and none that is larger than so many rows can be."""
        parts = len(self.about.vectors) + sum(len(model.files) for model in self.about.models)
        _want(parts <= len(self._sizes), "parts are missing")
        wanted = self.about.members()
        for name in self._sizes:
            _want(name in wanted, f"{name!r:.80} is no part of a dump")
        limits = {f"{name}.jsonl": count * LINE_BYTES for name, count in self.about.counts.items()}
        for at, group in enumerate(self.about.vectors):
            limits[f"vectors/{at}.jsonl"] = group.count * LINE_BYTES
            limits[f"vectors/{at}.f16"] = group.count * group.width
        for at in range(len(self.about.models)):
            limits |= {member: size for member, _, size in self.about.files(at)}
        for name in wanted:
            _want(name in self._sizes, f"{name} is missing")
            _want(self._sizes[name] <= limits.get(name, SMALL), f"{name} is too large for its rows")


def _check_models(about: About) -> None:
    """Only models that the store names, each once, and only files that lie in a model's own folder."""
    hashes = [model.encoder for model in about.models]
    _want(len({*hashes}) == len(hashes) and {*hashes} <= {*kept_models.named(about.facts)}, "it has a foreign model")
    for model in about.models:
        names = [name for name, _ in model.files]
        _want(len({*names}) == len(names), "a file of a model is there twice")
        for name, size in model.files:
            _want(bool(kept_models.NAME.fullmatch(name)), f"{name!r:.80} is no file of a model")
            _want(0 <= size < 1 << 63, "a size is no size")


class _Digesting(io.RawIOBase):
    """Tells somebody of all that is read."""

    def __init__(self, raw: IO[bytes], tell: Callable[[bytes], object]) -> None:
        self._raw, self._tell = raw, tell

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._tell(data)
        return len(data)


def _check_seal(file: BinaryIO) -> None:
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - HEX - len(SEAL)))
    end = file.read()
    _want(end.startswith(SEAL) and end[len(SEAL) :] == seal_of(file, size - HEX), "its seal does not fit")


def _want(fits: bool, else_: str) -> None:
    if not fits:
        raise ValueError(else_)
