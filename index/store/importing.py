"""Bringing a feed in: read as a stream, checked, written in whole batches, reported."""

from __future__ import annotations

import time
from collections import ChainMap, Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ..context import Context
from ..errors import FieldError, ImportRefused, RequestError
from ..feeds import BadRow, FeedRow
from ..product import Product
from . import imports, rows, settings
from .import_warnings import OfferCheck, announce, warn_of_language
from .patching import patched
from .report import SHOWN, Duplicate, ImportReport, ReportFile
from .spooling import replayable
from .store import Store
from .writing import ChangedMeanwhile, Written

MODES = ("merge", "replace", "patch")
# The first batches are small: one warms the model up, one measures its rate, before the long work starts.
FIRST_BATCHES = (32, 128)
BATCH = 1_024
SHRINK_LIMIT = 0.1
GENERATION_AT_LEAST = 100  # an import leaves a smaller tail than single writes do


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How an import treats what the store holds and what is wrong with the feed."""

    mode: str = "merge"  # merge: others stay; replace: others go; patch: only the named fields of known products change
    strict: bool = False  # nothing becomes visible when a row is bad
    dry_run: bool = False  # read and compare, write nothing
    allow_shrink: bool = False  # let `replace` take away more than a tenth
    report_file: Path | None = None  # None: in the store's folder
    wait: bool = True  # False: encoding is left to the maintainer; found by words at once, by meaning soon

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise RequestError(f"mode: wanted one of {', '.join(MODES)}, got {self.mode!r}")
        if self.report_file is not None:
            object.__setattr__(self, "report_file", Path(self.report_file))


class Progress:
    """Told how an import goes; the methods do nothing until a front end overrides them."""

    def begins(self, products: int | None) -> None:
        """The import starts; about how many products there are, None when unknown."""

    def batch(self, report: ImportReport) -> None:
        """A batch was acknowledged."""

    def says(self, sentence: str) -> None:
        """Something that a person should know now."""


Item = Product | FeedRow | BadRow


@dataclass
class _Seen:
    """What the rows so far held."""

    first_row: dict[str, int] = field(default_factory=dict)
    bad_ids: set[str] = field(default_factory=set)  # named by the feed, though it could not be taken

    def names(self, product_id: str) -> bool:
        """Whether the feed holds this product, well or badly."""
        return product_id in self.first_row or product_id in self.bad_ids

    def note(self, product_id: str, row: int) -> Duplicate | None:
        """Remembers an id; the duplicate it is, if it is one."""
        first = self.first_row.setdefault(product_id, row)
        return None if first == row else Duplicate(product_id, first, row)


def import_products(
    store: Store, given: Iterable[Any], options: ImportOptions, progress: Progress | None = None
) -> ImportReport:
    """Imports products, or the rows of a feed; what it wrote is durable and searchable when it returns.

    Batches are acknowledged one by one: a killed import keeps whole batches, and running it again completes it and
    encodes nothing twice. Raises `ImportRefused` before anything is changed when `options` say so.
    """
    _check_given(given)
    watch = progress or Progress()
    if not (options.strict or options.dry_run or options.mode == "replace"):
        return _import(store, given, given, options, set(), watch)
    with replayable(given) as source:
        checked, gone = _look_through(store, source, options, _name_of(given))
        return checked if options.dry_run else _import(store, given, source, options, gone, watch)


def _name_of(given: object) -> str:
    return str(getattr(given, "path", ""))


def _import(
    store: Store, given: object, source: Iterable[Any], options: ImportOptions, gone: set[str], watch: Progress
) -> ImportReport:
    """Writes everything in `source`, the items of what was `given`; `gone`: what `replace` deletes."""
    name = _name_of(given)
    import_id = imports.begin(store, name, options.mode)
    report = ImportReport(import_id, name, options.mode)
    file = ReportFile(options.report_file or store.folder.reports / f"import-{import_id}.jsonl", report)
    started = time.perf_counter()
    hint = getattr(given, "size_hint", lambda: None)()
    watch.begins(hint)
    seen = _write_all(store, source, options, report, file, watch, hint)
    report.complete = bool(getattr(given, "complete", True))
    if options.mode == "replace" and not report.complete:
        report.warnings.append("the feed's end was torn off when it was read again, so nothing was deleted")
    elif options.mode == "replace":
        # Only what was counted before: neither what others add meanwhile, nor what only this reading lacks.
        report.deleted = store.remove([key for key in gone if not seen.names(key)], import_id)
    bulk = options.wait and report.rows >= GENERATION_AT_LEAST
    store.settle(GENERATION_AT_LEAST if bulk else None)
    report.seconds = time.perf_counter() - started
    imports.finish(store, import_id, report.to_dict())
    return report


def _check_given(given: object) -> None:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise RequestError(
            f"upsert: wanted a Product, a list of products or a feed, got {type(given).__name__}; write "
            "Product(id=…, title=…), or read a file with read_feed(path)"
        )


def _write_all(
    store: Store,
    source: Iterable[Any],
    options: ImportOptions,
    report: ImportReport,
    file: ReportFile,
    watch: Progress,
    hint: int | None,
) -> _Seen:
    seen = _Seen()
    announced = False
    offers = OfferCheck(store.context)
    for number, batch in enumerate(_batches(_numbered(source))):
        products = _products(store, batch, options, report, file, seen)
        started = time.perf_counter()
        written = _put(store, products, batch, options, report)
        report.encoding_seconds += time.perf_counter() - started
        for name in ("added", "changed", "unchanged", "encoded", "unread", "waiting"):
            setattr(report, name, getattr(report, name) + getattr(written, name))
        if not announced and number and written.encoded >= FIRST_BATCHES[1] // 2:
            rate = written.encoded / max(time.perf_counter() - started, 1e-9)
            announced = announce(
                written.encoded / max(len(products), 1), rate, (hint or 0) - report.rows, store, watch.says
            )
        if options.mode != "patch":
            offers.note(batch, products)
        if number <= len(FIRST_BATCHES):
            warn_of_language(store, products, report, watch.says)
        watch.batch(report)
    for warning in offers.warnings():
        report.warnings.append(warning)
        watch.says(f"Warning: {warning}")
    if announced:
        watch.says(f"{report.encoded:,} texts encoded.")
    return seen


def _put(
    store: Store,
    products: list[Product],
    batch: Sequence[tuple[int, Item]],
    options: ImportOptions,
    report: ImportReport,
) -> Written:
    """Writes a batch; a patch is made again from what another writer has written meanwhile."""
    places = {str(_id_of(item)).strip(): row for row, item in batch}
    if options.mode != "patch":
        return store.put(products, report.import_id, wait=options.wait, places=places)
    current, base = _current(store, batch)
    while True:
        made: dict[str, Product] = {}
        for row, item in batch:
            product = _product(row, item, "patch", ChainMap(made, current), store.context.currency or "")
            if isinstance(product, Product):
                made[product.id] = product
        try:
            return store.put(made.values(), report.import_id, base, options.wait, places)
        except ChangedMeanwhile:
            current, base = _current(store, batch)


def _id_of(item: Item) -> object:
    return item.fields.get("id", "") if isinstance(item, FeedRow) else item.id


def _numbered(source: Iterable[Any]) -> Iterator[tuple[int, Item]]:
    for place, item in enumerate(source, 1):
        yield (item.row if isinstance(item, (FeedRow, BadRow)) else place), item


def _batches(items: Iterator[tuple[int, Item]]) -> Iterator[list[tuple[int, Item]]]:
    for size in FIRST_BATCHES:
        if batch := next(rows.chunks(items, size), None):
            yield batch
    yield from rows.chunks(items, BATCH)


def _products(
    store: Store,
    batch: Sequence[tuple[int, Item]],
    options: ImportOptions,
    report: ImportReport,
    file: ReportFile,
    seen: _Seen,
) -> list[Product]:
    """The batch's products, each id once; what is wrong goes into the report."""
    current = _current(store, batch)[0] if options.mode == "patch" else {}
    good: dict[str, Product] = {}
    for row, item in batch:
        report.rows += 1
        product = _product(row, item, options.mode, ChainMap(good, current), store.context.currency or "")
        if isinstance(product, BadRow):
            file.bad(product)
            if product.id:
                seen.bad_ids.add(product.id.strip())
            continue
        if again := seen.note(product.id, row):
            file.duplicate(again)
        good[product.id] = product
    return list(good.values())


def _current(store: Store, batch: Sequence[tuple[int, Item]]) -> tuple[dict[str, Product], dict[str, rows.Held]]:
    """The products that a batch patches, and what the tables hold of them."""
    ids = [str(item.fields.get("id", "")) for _, item in batch if isinstance(item, FeedRow)]
    with store.database.read() as connection:
        return rows.products_by_id(connection, ids), rows.held(connection, ids)


def _product(row: int, item: Item, mode: str, current: Mapping[str, Product], currency: str) -> Product | BadRow:
    if isinstance(item, BadRow):
        return item
    if isinstance(item, Product):
        if mode == "patch":
            raise RequestError(
                "mode patch: wanted the rows of a feed, which say what they name; got whole products, which "
                "name everything"
            )
        return item
    if not isinstance(item, FeedRow):
        raise RequestError(
            f"upsert: wanted products or a feed, got {type(item).__name__} in place {row}; write Product(id=…, title=…)"
        )
    if mode != "patch":
        return item.product()
    key = str(item.fields.get("id", "")).strip()
    if key not in current:
        return BadRow(
            row, "id", repr(key)[:80], "the id of a product that the store holds; import new ones with mode merge", key
        )
    try:
        return patched(current[key], item.fields, currency)
    except FieldError as error:
        return BadRow(row, error.field, error.value, error.wanted, key)


# ---- looking before writing --------------------------------------------------------------------------------------


def _look_through(
    store: Store, source: Iterable[Any], options: ImportOptions, name: str
) -> tuple[ImportReport, set[str]]:
    """Reads everything and writes nothing; also gives what `replace` is to delete. Raises `ImportRefused`."""
    report = ImportReport(None, name, options.mode)
    file = ReportFile(options.report_file, report)
    with store.database.read() as connection:
        format_ = int(settings.read(connection)["format"])
    seen = _Seen()
    held: dict[str, tuple[bool, bool]] = {}  # id -> has a price, is in stock
    kinds: dict[str, str] = {}  # id -> what becomes of it
    for batch in _batches(_numbered(source)):
        new: dict[str, rows.Held] = {}
        for product in _products(store, batch, options, report, file, seen):
            resolved = store.resolve(product)
            row = rows.to_row(resolved, format_)
            new[product.id] = (row.hash, row.offers)
            held[product.id] = _sellable(resolved, store.context)
        with store.database.read() as connection:
            known = rows.held(connection, list(new))
        for key, own in new.items():
            kinds[key] = "added" if key not in known else "unchanged" if known[key] == own else "changed"
    report.complete = bool(getattr(source, "complete", True))
    counts = Counter(kinds.values())
    report.added, report.changed, report.unchanged = counts["added"], counts["changed"], counts["unchanged"]
    for kind in ("added", "changed"):
        report.first_ids[kind] = list(islice((key for key, its in kinds.items() if its == kind), SHOWN))
    if options.strict and report.bad:
        raise ImportRefused(
            f"import of {name or 'products'}: {report.bad:,} of {report.rows:,} rows are bad and strict was "
            f"asked for, so nothing was changed.\n{report}"
        )
    gone: set[str] = set()
    if options.mode == "replace":
        gone = _check_replace(store, held, seen, report, options)
        report.deleted, report.first_ids["deleted"] = len(gone), sorted(gone)[:SHOWN]
    return report, gone


def _sellable(product: Product, context: Context) -> tuple[bool, bool]:
    """Whether a product has a price, and is in stock, where the shop sells by default."""
    offers = [
        offer
        for _, offer in product.offers
        if offer.currency == context.currency and offer.market in ("", context.market)
    ]
    return bool(offers), any(offer.stock is None or offer.stock > 0 for offer in offers)


def _check_replace(
    store: Store, held: dict[str, tuple[bool, bool]], seen: _Seen, report: ImportReport, options: ImportOptions
) -> set[str]:
    """The products that would vanish; raises `ImportRefused` when the feed is torn or takes too much away."""
    if not report.complete:
        raise ImportRefused(
            f"import of {report.source}: the feed's end is torn off, and replace deletes what a feed does not "
            "name; send the whole feed, or use mode merge"
        )
    total = priceless = stockless = worst = 0
    gone: set[str] = set()
    with store.database.read() as connection:
        for part in rows.live_products(connection):
            for row in part:
                total += 1
                # A damaged one has nothing to lose.
                priced, stocked = next((_sellable(one, store.context) for one in rows.readable([row])), (False, False))
                new = held.get(row[0])
                if not seen.names(row[0]):
                    gone.add(row[0])
                loses_price = new is not None and priced and not new[0]
                loses_stock = new is not None and stocked and priced and not new[1]
                priceless += loses_price
                stockless += loses_stock
                worst += loses_price or loses_stock or row[0] in gone
    if total and worst > SHRINK_LIMIT * total and not options.allow_shrink:
        raise ImportRefused(
            f"import of {report.source or 'products'}: of {total:,} products {len(gone):,} would vanish, "
            f"{priceless:,} lose their price and "
            f"{stockless:,} their stock; more than a tenth is refused unless allow_shrink (--allow-shrink) says "
            "so; nothing was changed"
        )
    return gone
