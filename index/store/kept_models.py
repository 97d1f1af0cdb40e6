"""Models in the store's own folder, `models/HASH`: an encoder that was trained goes wherever its store goes.

The database names one by that path, which is relative, so a store that was moved finds it. A model folder is what
`shelfwise models fetch` makes: the files, and their SHA-256 in SHA256SUMS. It is copied whole or not at all, and never
changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from ..encoder import Encoder
from ..errors import EncoderError, StoreError
from ..models import CARD, SUMS, check_model
from . import settings
from .folder import StoreFolder
from .locking import folder_lock

REFERENCE = re.compile(r"models/([0-9a-f]{32})")
# Weights, settings, tokenizers, and what a model says of itself (its languages, say). Neither pickles nor code.
TAKEN = re.compile(r".*\.(?:json|safetensors|txt|model|onnx)|README\.md|(?:LICENSE|NOTICE)[\w.]*")
_PART = r"[^./\\\x00-\x1f\ud800-\udfff][^/\\\x00-\x1f\ud800-\udfff]*"
# A file's name in the model's folder: no path leads out of there, and none is hidden.
NAME = re.compile(rf"{_PART}(?:/{_PART}){{0,7}}")
NEW = ".new-"  # begins the name of a model that is being copied, whose folder is locked meanwhile, or removed
BLOCK = 1 << 20


def kept_hash(reference: str | None) -> str | None:
    """The hash of the encoder that such a reference names; None for a reference of any other kind."""
    found = REFERENCE.fullmatch(reference or "")
    return found[1] if found else None


def reference_of(hash_: str) -> str:
    """What the database says of the kept model with this hash."""
    return f"models/{hash_}"


def in_store(folder: StoreFolder, reference: str) -> str:
    """The reference of an encoder as the store writes it: relative, where its model lies in the store's folder."""
    path = Path(reference)
    own = reference_of(path.name)
    return own if path.is_absolute() and path.parent == folder.models.resolve() and kept_hash(own) else reference


def model_folder(reference: str) -> Path | None:
    """The folder that an encoder was loaded from; None for one from elsewhere (a package, a hub)."""
    path = Path(reference)
    return path if path.is_absolute() and path.is_dir() else None


def place_of(folder: StoreFolder, reference: str, store: str) -> Path:
    """Where this host has a kept model. Raises `EncoderError`."""
    place = folder.path / reference
    if not place.is_dir():
        raise EncoderError(f"store {store}: {_missing(folder, reference)}; {remedy(reference)}")
    return place


def wrong_with(folder: StoreFolder, hash_: str) -> str:
    """What is wrong with a kept model; "" where all its files are as they were when it was published."""
    place = folder.models / hash_
    if not place.is_dir():
        return _missing(folder, reference_of(hash_))
    try:
        check_model(place)
    except EncoderError as error:
        return str(error).rpartition(";")[0]  # what to do is said by `remedy`
    except OSError as error:
        return f"model folder {place}: it cannot be read ('{error.strerror}')"
    return ""


def remedy(reference: str) -> str:
    """What to do where one is missing or damaged."""
    return (
        f"copy {reference} from the folder (or cache) of the host that published it, or from a store that a dump was "
        "restored to, or publish the model again"
    )


def _missing(folder: StoreFolder, reference: str) -> str:
    return f"its encoder is the model {reference}, which is not in {folder.path}"


def named(facts: Mapping[str, str]) -> list[str]:
    """The hashes of the kept models that a store needs: of what is live, and of what can be gone back to."""
    units = (settings.published(facts), settings.previous(facts))
    found = (kept_hash(unit.encoder.reference) for unit in units if unit is not None and unit.encoder is not None)
    return list(dict.fromkeys(hash_ for hash_ in found if hash_))


# ---- copying -----------------------------------------------------------------------------------------------------


def keep_model(folder: StoreFolder, encoder: Encoder) -> Path:
    """Copies the model folder of a loaded encoder into the store's; where it lies then.

    No link is followed out of the folder. One that lies there whole stays as it is. Raises `EncoderError` for a folder
    that cannot be taken, `StoreError` where there is no room or no right to write; then nothing is there.
    """
    origin, target = Path(encoder.reference), folder.models / encoder.hash
    if kept_hash(reference_of(encoder.hash)) is None:
        raise EncoderError(
            f"encoder {origin}: wanted a hash of 32 hexadecimal digits to keep its model by, got {encoder.hash!r:.80}; "
            "publish it without keeping it"
        )
    if origin.resolve() == target.resolve() or not wrong_with(folder, encoder.hash):
        return target
    files = _files(origin)
    size = sum(path.stat().st_size for path in files.values())
    with placing(folder, encoder.hash, size) as new:
        sums = {name: write_file(new / name, _blocks(path)) for name, path in files.items()}
        card = {
            "name": str(origin),
            "source": f"folder {origin}",
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": list(sums),
            "languages": sorted(encoder.languages) if encoder.languages else None,
        }
        sums[CARD] = write_file(new / CARD, [json.dumps(card, ensure_ascii=False, indent=2).encode() + b"\n"])
        lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
        write_file(new / SUMS, [lines.encode()])
    return target


@contextmanager
def placing(folder: StoreFolder, hash_: str, size: int) -> Iterator[Path]:
    """A new folder that becomes the kept model of this hash, in one step, once the block ends well.

    All that is in it is on the disk then. What a killed process left is found by `dead_copies`. Raises `StoreError`.
    """
    new, target = folder.models / f"{NEW}{uuid4().hex[:8]}", folder.models / hash_
    try:
        if (free := shutil.disk_usage(folder.path).free) < size:
            raise StoreError(
                f"store {folder.path}: a model of {size / 1e6:,.0f} MB is to be kept there, and the disk has "
                f"{free / 1e6:,.0f} left; make room, or choose another disk"
            )
        folder.models.mkdir(exist_ok=True)
        new.mkdir()
        with folder_lock(new):
            yield new
            for each in (*(each for each in new.rglob("*") if each.is_dir()), new):
                _sync(each)
            if target.exists():  # damaged
                _remove(folder, target)
            new.rename(target)
            _sync(folder.models)
    except OSError as error:
        raise StoreError(
            f"store {folder.path}: the model could not be copied to {target} ('{error.strerror}'); check the disk's "
            "space and permissions"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def write_file(path: Path, pieces: Iterable[bytes]) -> str:
    """Writes a new file, which is on the disk then; its SHA-256."""
    digest = sha256()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _files(origin: Path) -> dict[str, Path]:
    """The files of a model by their names in its folder."""
    found, inside = {}, origin.resolve()
    for path in sorted(origin.rglob("*")):
        name = path.relative_to(origin).as_posix()
        taken = TAKEN.fullmatch(path.name) and NAME.fullmatch(name) and path.name != CARD
        if path.is_symlink() and (path.is_dir() or (taken and not path.resolve().is_relative_to(inside))):
            raise EncoderError(
                f"encoder {origin}: wanted a folder that holds the whole model, got one where "
                f"{name} is a link to elsewhere; make a whole one by `shelfwise models fetch`"
            )
        if taken and path.is_file():
            found[name] = path
    return found


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


# ---- dumping -----------------------------------------------------------------------------------------------------


@contextmanager
def reading(folder: StoreFolder) -> Iterator[None]:
    """While this lasts no kept model is removed."""
    if not folder.models.is_dir():
        yield
        return
    with folder_lock(folder.models, shared=True, wait=True):
        yield


def pieces_of(folder: StoreFolder, hash_: str, name: str) -> Iterator[bytes]:
    """One file of a kept model."""
    return _blocks(folder.models / hash_ / name)


def sizes_of(folder: StoreFolder, hash_: str) -> list[tuple[str, int]]:
    """The files of a kept model and their bytes, by name; that of the checksums is one of them."""
    place = folder.models / hash_
    return sorted(
        (path.relative_to(place).as_posix(), path.stat().st_size) for path in place.rglob("*") if path.is_file()
    )


# ---- clearing up -------------------------------------------------------------------------------------------------


def removable(folder: StoreFolder, keep: Collection[str]) -> list[Path]:
    """The kept models that are none of these."""
    if not folder.models.is_dir():
        return []
    return sorted(
        each for each in folder.models.iterdir() if kept_hash(reference_of(each.name)) and each.name not in keep
    )


def remove_models(folder: StoreFolder, keep: Collection[str]) -> None:
    """Removes all but these, unless somebody reads now; only while nobody publishes, who copies before he names."""
    with folder_lock(folder.models) as mine:
        for each in removable(folder, keep) if mine else ():
            _remove(folder, each)


def dead_copies(folder: StoreFolder) -> list[Path]:
    """What killed processes left of models that they copied or removed."""
    return sorted(each for each in folder.models.glob(f"{NEW}*") if _is_unlocked(each))


def _is_unlocked(path: Path) -> bool:
    try:
        with folder_lock(path, shared=True) as mine:
            return mine
    except OSError:
        return False


def _remove(folder: StoreFolder, place: Path) -> None:
    """Out of sight in one step: a half removed one would be taken for damaged."""
    left = folder.models / f"{NEW}{uuid4().hex[:8]}"
    place.rename(left)
    shutil.rmtree(left, ignore_errors=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
