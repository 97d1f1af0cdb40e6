"""A store's folder: numbered generations, a one-line pointer to the live one, and for SQLite the database."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path

from ..errors import StoreError
from ..words import ANALYSIS_VERSION
from . import schema
from .locking import file_lock

KEPT = 3  # the live generation and two to go back to


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of: the unit of publishing. A part that is absent has the default."""

    format: int  # of the store
    analysis: int  # of words; another needs another generation
    change: int  # the last change that it holds
    encoder: str  # hash; "" where no text has a vector
    dimension: int
    products: int
    files: dict[str, tuple[int, str]]  # name -> size in bytes, SHA-256
    store: str = ""  # the store's id; a cache of another store is not ours
    encoder_reference: str = ""
    weights: dict[str, float] | None = None  # of the sources; None: the defaults

    @property
    def readable(self) -> bool:
        """Whether this version of the code can read it."""
        return self.format in schema.READS and self.analysis == ANALYSIS_VERSION


@dataclass(frozen=True, slots=True)
class Generation:
    """One that lies in the folder and can be read, as far as its manifest tells."""

    number: int
    folder: Path
    manifest: Manifest
    seal: tuple[int, int]


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """The paths of a store, and the steps that keep them whole."""

    path: Path

    @property
    def database(self) -> Path:
        """The truth."""
        return self.path / "shelfwise.db"

    @property
    def generations(self) -> Path:
        """The caches."""
        return self.path / "generations"

    @property
    def pointer(self) -> Path:
        """One line: the name of the live generation."""
        return self.path / "current"

    @property
    def build_lock(self) -> Path:
        """Held by the process that builds or removes generations."""
        return self.path / "build.lock"

    @property
    def new_pointer(self) -> Path:
        """The next pointer, until it is put in place."""
        return self.path / "current.new"

    @property
    def processes(self) -> Path:
        """One file for each process that has the store open."""
        return self.path / "processes"

    @property
    def reports(self) -> Path:
        """What imports could not take."""
        return self.path / "reports"

    @property
    def kept(self) -> Path:
        """Dumps of the store as it was before its format was raised."""
        return self.path / "kept"

    @property
    def models(self) -> Path:
        """The encoders that were published with `keep`."""
        return self.path / "models"

    def exists(self) -> bool:
        """Whether a store lies here."""
        return self.database.is_file()

    def is_free(self) -> bool:
        """Whether a store can be made here: nothing is there, or only the folders that who was interrupted left."""
        if not self.path.exists():
            return True
        own = {self.generations.name, self.reports.name, self.processes.name, self.models.name}
        return self.path.is_dir() and {each.name for each in self.path.iterdir()} <= own

    def create(self) -> None:
        """Makes the folders; raises `StoreError` where that cannot be."""
        try:
            self.generations.mkdir(parents=True, exist_ok=True)
            self.reports.mkdir(exist_ok=True)
            self.processes.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"store {self.path}: wanted a folder that can be written, got '{error.strerror}'; choose another path"
            ) from None

    def pointed(self) -> int | None:
        """The number that the pointer names; None before the first one, and where the pointer is damaged."""
        try:
            name = self.pointer.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            return None
        return int(name) if name.isdecimal() else None

    def stamp(self) -> tuple[int, ...]:
        """Changes when the pointer moves, or generations come or go; takes some microseconds."""
        found = []
        for path in (self.pointer, self.generations):
            try:
                facts = path.stat()
            except OSError:
                found += [0, 0]
            else:
                found += [facts.st_mtime_ns, facts.st_ino]
        return tuple(found)

    def find(
        self, store: str, encoder: str, bad: Mapping[tuple[int, int], str]
    ) -> tuple[Generation | None, dict[tuple[int, int], str]]:
        """The generation to search, and what is wrong with others, by seal.

        It has the vectors of this encoder (or none): the one that the pointer names, else the newest. Those in `bad`
        are passed over.
        """
        wrong: dict[tuple[int, int], str] = {}
        numbers = self.numbers()[::-1]
        pointed = self.pointed()
        if pointed in numbers:
            numbers.remove(pointed)
            numbers.insert(0, pointed)
        for number in numbers:
            folder, seal = self.generations / f"{number:06d}", self.seal(number)
            if seal in bad:
                continue
            try:
                manifest = read_manifest(folder)
            except StoreError as error:
                wrong[seal] = str(error)
                continue
            if manifest.readable and manifest.store in ("", store) and manifest.encoder in ("", encoder):
                return Generation(number, folder, manifest, seal), wrong
        return None, wrong

    def seal(self, number: int) -> tuple[int, int]:
        """Tells a generation from a later one of the same number: with the time of its manifest, 0 without one."""
        manifest = self.generations / f"{number:06d}" / "manifest.json"
        return number, manifest.stat().st_mtime_ns if manifest.is_file() else 0

    def numbers(self) -> list[int]:
        """The finished generations, ascending."""
        if not self.generations.is_dir():
            return []
        return sorted(int(each.name) for each in self.generations.iterdir() if each.name.isdigit())

    def scratches(self) -> list[Path]:
        """The folders of who builds now, and what killed builders left."""
        return list(self.generations.glob("building-*"))

    @contextmanager
    def building(self) -> Iterator[Path | None]:
        """A scratch folder for a new generation, under a lock that one process holds; None when another builds.

        What a killed builder left is removed by the next one. The lock goes with its process.
        """
        self.create()  # a cache may be deleted as a whole
        with file_lock(self.build_lock) as mine:
            if not mine:
                yield None
                return
            for left in self.scratches():
                _discard(left)
            scratch = self.generations / f"building-{os.getpid()}"
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    def finish(self, scratch: Path, manifest: Manifest) -> int:
        """Seals a built folder and names it; the number of the new generation. `manifest.files` is filled in.

        Every file is on the disk before the folder has its name, so a power cut leaves a whole generation or none.
        """
        files: dict[str, tuple[int, str]] = {}
        for path in sorted(each for each in scratch.rglob("*") if each.is_file()):
            files[str(path.relative_to(scratch))] = (path.stat().st_size, digest(path))
            _sync(path)
        filled = {**asdict(manifest), "files": files}
        (scratch / "manifest.json").write_text(json.dumps(filled, indent=1), encoding="utf-8")
        _sync(scratch / "manifest.json")
        for folder in (*(each for each in scratch.rglob("*") if each.is_dir()), scratch):
            _sync(folder)
        number = max(self.numbers(), default=0) + 1
        scratch.rename(self.generations / f"{number:06d}")
        _sync(self.generations)
        return number

    def point_to(self, number: int) -> None:
        """Makes a generation the live one, in one step."""
        with self.pointing(wait=True):
            self.new_pointer.write_text(f"{number:06d}\n", encoding="ascii")
            _sync(self.new_pointer)
            self.new_pointer.replace(self.pointer)
            _sync(self.path)

    @contextmanager
    def pointing(self, wait: bool) -> Iterator[bool]:
        """Whether this caller alone moves the pointer: for some milliseconds, so that others can `wait`."""
        while True:
            with file_lock(self.path / "pointer.lock") as mine:
                if mine or not wait:
                    yield mine
                    return
            time.sleep(0.005)

    def removable(self, keep: Collection[int], abandoned: Collection[int] = ()) -> list[int]:
        """The generations that are not among the first, and among the second or not of the newest few."""
        numbers = self.numbers()
        old = {*numbers[:-KEPT], *abandoned}
        return [number for number in numbers if number in old and number not in keep]

    def delete_generations(self, numbers: list[int]) -> list[int]:
        """Removes these, of which some may be gone already; what was removed. Only for who holds `building`."""
        gone = [number for number in self.numbers() if number in numbers]
        for number in gone:
            # Out of sight in one step: a half removed one would be taken for damaged.
            left = self.generations / f"building-removed-{number:06d}"
            _discard(left)
            (self.generations / f"{number:06d}").rename(left)
            _discard(left)
        return gone


def read_manifest(folder: Path) -> Manifest:
    """A generation's manifest, its files' sizes checked; raises `StoreError`."""
    try:
        fields = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        manifest = Manifest(
            **{**fields, "files": {name: (size, check) for name, (size, check) in fields["files"].items()}}
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"generation {folder.name}: its manifest cannot be read ({type(error).__name__})") from None
    for name, (size, _) in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise StoreError(f"generation {folder.name}: the file {name} is missing or of another size")
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raises `StoreError` when a file's checksum is not the manifest's; reads about a gigabyte a second."""
    for name, (_, wanted) in manifest.files.items():
        if digest(folder / name) != wanted:
            raise StoreError(f"generation {folder.name}: the file {name} is damaged")


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
