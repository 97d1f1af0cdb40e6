"""The sample shop Fernhill as a store: made once, reused while it is up to date."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..plugin import Product, Shop
from ..plugin.rules.text_file import rules_from_text
from .catalogue import products, rules_text

BATCH = 64  # products between two reports of progress
MARK = "fernhill"  # a file that tells the sample shop from a shop that somebody lives by
ENCODER = "SHELFWISE_ENCODER"  # the setting that chooses the encoder of a new store
Told = Callable[[int, int], None]  # products stored, products in all


def build_sample_shop(path: str | Path | None = None, *, encoder: str | None = None, told: Told | None = None) -> Shop:
    """The sample shop in a folder, `default_folder()` unless named.

    Products that the store holds already are not encoded again, and those that left the catalogue leave the store.
    The catalogue's rules are saved once: what somebody did to them since then stays.
    Raises `FileExistsError` for a folder that holds another shop, and what `Shop.open` and `Shop.upsert` raise.
    """
    folder = Path(path or default_folder())
    _check_ours(folder)
    shop = Shop.open(folder, encoder=encoder, locale="en", currency="USD")
    try:
        (folder / MARK).write_text("The sample shop of Shelfwise's demo. This folder can be deleted.\n", "utf-8")
        catalogue = [Product.from_dict(fields) for fields in products()]
        for done, batch in _batches(catalogue):
            shop.upsert(batch)
            if told is not None:
                told(done, len(catalogue))
        gone = shop.store.ids() - {product.id for product in catalogue}
        if gone:
            shop.delete(sorted(gone))
        known = {change.rule_id for change in shop.rule_history()}
        shop.save_rules(rule for rule in rules_from_text(rules_text()) if rule.id not in known)
    except BaseException:
        shop.close()
        raise
    return shop


def _check_ours(folder: Path) -> None:
    """Refuses a folder with anything else in it: what is not in the catalogue is deleted from the sample shop."""
    holds = folder.is_dir() and any(folder.iterdir())
    if holds and not (folder / MARK).is_file():
        wanted = "wanted an empty folder, or one that holds the sample shop; this one holds something else"
        raise FileExistsError(errno.EEXIST, wanted, str(folder))


def default_folder() -> Path:
    """Where the sample shop lies unless somebody says: `.shelfwise/` where there is one, else the user's cache.

    Each encoder has its own. Works without a home directory: then it is this user's folder among the temporary files.
    """
    encoder = re.sub(r"[^A-Za-z0-9]+", "-", os.environ.get(ENCODER, "")).strip("-")[-60:]
    name = f"fernhill-{encoder}" if encoder else "fernhill"
    for parent in _caches():
        folder = parent / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="shelfwise-")) / name


def _caches() -> Iterator[Path]:
    here = Path(".shelfwise")
    if here.is_dir():
        yield here
    cache, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
    if cache:
        yield Path(cache) / "shelfwise"
    # Not Path.home(): it asks the user database where HOME is empty, and names folders that are not there.
    if home and Path(home).is_dir():
        caches = Path("Library", "Caches") if sys.platform == "darwin" else Path(".cache")
        yield Path(home) / caches / "shelfwise"
    temporary = Path(tempfile.gettempdir(), f"shelfwise-{os.getuid()}")
    if _is_private(temporary):
        yield temporary


def _is_private(folder: Path) -> bool:
    """Makes the folder; whether it is ours alone. Among temporary files somebody may have been there first."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o077


def _batches(catalogue: Sequence[Product]) -> Iterator[tuple[int, Sequence[Product]]]:
    for start in range(0, len(catalogue), BATCH):
        end = min(start + BATCH, len(catalogue))
        yield end, catalogue[start:end]
