"""The sample shop Fernhill as a store: made once, reused while it is up to date."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..plugin import Product, Shop
from .catalogue import products

BATCH = 64  # products between two reports of progress
Told = Callable[[int, int], None]  # products stored, products in all


def build_sample_shop(path: str | Path | None = None, *, encoder: str | None = None, told: Told | None = None) -> Shop:
    """The sample shop in a folder, `default_folder()` unless named.

    Products that the store holds already are not encoded again, and those that left the catalogue leave the store.
    Raises what `Shop.open` and `Shop.upsert` raise.
    """
    shop = Shop.open(path or default_folder(), encoder=encoder, locale="en", currency="USD")
    try:
        catalogue = [Product.from_dict(fields) for fields in products()]
        for done, batch in _batches(catalogue):
            shop.upsert(batch)
            if told is not None:
                told(done, len(catalogue))
        gone = shop.store.ids() - {product.id for product in catalogue}
        if gone:
            shop.delete(sorted(gone))
    except BaseException:
        shop.close()
        raise
    return shop


def default_folder() -> Path:
    """Where the sample shop lies unless somebody says: `.shelfwise/` where there is one, else the user's cache.

    Works without a home directory: then it is a folder of this user among the temporary files.
    """
    for folder in _candidates():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="shelfwise-")) / "fernhill"


def _candidates() -> Iterator[Path]:
    here = Path(".shelfwise")
    if here.is_dir():
        yield here / "fernhill"
    cache, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
    if cache:
        yield Path(cache) / "shelfwise" / "fernhill"
    # Not Path.home(): it asks the user database where HOME is empty, and names folders that are not there.
    if home and Path(home).is_dir():
        caches = Path("Library", "Caches") if sys.platform == "darwin" else Path(".cache")
        yield Path(home) / caches / "shelfwise" / "fernhill"


def _batches(catalogue: Sequence[Product]) -> Iterator[tuple[int, Sequence[Product]]]:
    for start in range(0, len(catalogue), BATCH):
        end = min(start + BATCH, len(catalogue))
        yield end, catalogue[start:end]
