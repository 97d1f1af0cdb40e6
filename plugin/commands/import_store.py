"""The store that an import goes into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ...index import Encoder, EncoderSettings, StoreMissing, load_encoder
from ..shop import Shop


@contextmanager
def open_for_import(
    path: str,
    encoder: EncoderSettings | None,
    dry_run: bool,
    locale: str | None,
    currency: str | None,
    market: str | None,
) -> Iterator[Shop]:
    """The store at this path, made with these settings when there is none.

    A dry run makes none and compares with an empty one.
    """
    place = Path(path)
    if dry_run:  # it encodes nothing
        encoder = None
    # An encoder that cannot be loaded is said before a folder is made for its vectors.
    loaded: Encoder | EncoderSettings | None = load_encoder(encoder) if encoder and encoder.reference else encoder
    try:
        # Locale and currency belong to the feed here: a Chinese feed goes into an English shop.
        shop = Shop.open(place, create=False, encoder=loaded, market=market)
    except StoreMissing:
        unused = not place.exists() or (place.is_dir() and not any(place.iterdir()))
        if dry_run and unused:
            with (
                TemporaryDirectory() as scratch,
                Shop.open(Path(scratch) / "store", locale=locale, currency=currency, market=market) as shop,
            ):
                yield shop
            return
        shop = Shop.open(place, encoder=loaded, locale=locale, currency=currency, market=market)
    with shop:
        yield shop
