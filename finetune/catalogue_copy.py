"""A copy of the shop's catalogue to try things on: what serves is not touched before the end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from ..index import Product, encoder_text, read_feed
from ..plugin import NO_LIMITS, Shop
from .errors import TrainingError
from .knobs import Knobs
from .workplace import Workplace

CHUNK = 2_000


def open_copy(knobs: Knobs, place: Workplace) -> Shop:
    """The copy, made where there is none: of the store, of a dump of one, or of the file with products."""
    half = place.shop.with_name("shop-half")
    if not place.shop.is_dir():
        shutil.rmtree(half, ignore_errors=True)
        half.parent.mkdir(parents=True, exist_ok=True)
        if knobs.store is not None:
            _copy_store(knobs.store, half)
        elif knobs.products is not None:
            with _opened(half, knobs.encoder) as shop:
                report = shop.upsert(read_feed(knobs.products))
                if not len(shop):
                    raise TrainingError(f"train: --products {knobs.products}: no product could be read; {report}")
        half.rename(place.shop)
    return _opened(place.shop)  # whatever is live in it by now


def texts_of(shop: Shop) -> dict[str, str]:
    """What the encoder reads of each product, by id, in the order of the ids."""
    locale = shop.store.context.locale or ""
    return {
        product.id: encoder_text(product, locale if locale in product.texts else next(iter(product.texts)))
        for product in products_of(shop)
    }


def products_of(shop: Shop) -> Iterator[Product]:
    """All products, in the order of their ids."""
    ids = sorted(shop.store.ids())
    for start in range(0, len(ids), CHUNK):
        found = shop.store.products(ids[start : start + CHUNK])
        yield from (found[key] for key in ids[start : start + CHUNK] if key in found)


def _copy_store(store: str, path: Path) -> None:
    from ..index import dump_store, restore_store

    if store.endswith(".dump") or Path(store).is_file():
        restore_store(store, path)
        return
    archive = path.with_suffix(".dump")
    with Shop.open(store, create=False, maintain=False) as shop:
        dump_store(shop.store, archive, overwrite=True)
    restore_store(archive, path)
    archive.unlink()


def _opened(path: Path, encoder: str | None = None) -> Shop:
    # Whatever plugins do to an answer would be learned from and judged, so they take part; their time does not matter.
    return Shop.open(path, encoder=encoder, maintain=False, limits=NO_LIMITS)
