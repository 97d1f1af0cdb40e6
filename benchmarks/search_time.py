"""How long one search takes, where the time goes, and what it costs in memory, at several sizes."""

from __future__ import annotations

import cProfile
import gc
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import shelfwise.index
import shelfwise.plugin
from kept_vectors import KeptVectors
from real_texts import products as made_of
from real_texts import queries, titles
from shelfwise.index import Encoder, Filters, load_encoder, parse_filters
from shelfwise.plugin import Request, Shop

SIZES = (1_000, 10_000, 54_667)  # 54,667: the Home Depot catalogue, which other figures are known for
BLOCKS = 5
A_BLOCK = 200  # queries, so that the p99 of a block is its third slowest
WARM_UP = 50
K = 24
# Eight price limits that shoppers choose again and again, so the mask of each is at hand; from a tenth to nine tenths.
LIMITS = tuple(range(50, 450, 50))
PARTS = ("encode", "vector", "lexical", "rest", "total")

Figures = dict[str, object]


def sizes_up_to(products: int) -> list[int]:
    """The sizes that are measured: the usual ones, and `products` itself."""
    return sorted({*(size for size in SIZES if size <= products), products})


@dataclass
class _Store:
    """One size's shop and what was measured of it: per block one row a query, in the order of PARTS, milliseconds."""

    size: int
    path: Path
    shop: Shop
    import_seconds: float
    blocks: list[np.ndarray] = field(default_factory=list)
    new_filters: list[np.ndarray] = field(default_factory=list)


def search_times(
    reference: str | None, products: int, folder: Path, cache: Path, a_block: int = A_BLOCK
) -> dict[str, Figures]:
    """Times, memory and profile by size; sizes take turns block by block, each query is new to its shop."""
    encoder = load_encoder(reference)
    kept = KeptVectors(encoder, cache)
    stores = [_open(size, folder / f"store{size}", kept, encoder) for size in sizes_up_to(products)]
    asked = queries(WARM_UP + (2 * BLOCKS + 2) * a_block)
    for number in range(-1, BLOCKS):
        for store in stores if number % 2 else reversed(stores):
            _block(store, asked, number, a_block)
    made: dict[str, Figures] = {}
    for store in stores:
        profile = _profile(store.shop, asked[-2 * a_block :]) if store is stores[-1] else []
        store.shop.close()
        made[str(store.size)] = {
            **summary(store.blocks),
            "new_filter_each": summary(store.new_filters),
            "import_seconds_without_encoding": store.import_seconds,
            "memory": memory(store.path, reference),
            **({"profile": profile} if profile else {}),
        }
    return made


def _open(size: int, path: Path, kept: KeptVectors, encoder: Encoder) -> _Store:
    """A store filled with kept vectors and opened anew with the real encoder."""
    given = titles(size)
    for start in range(0, size, 1_024):
        kept.encode_passages(given[start : start + 1_024])
    kept.save()
    with Shop.open(path, encoder=kept) as shop:
        report = shop.upsert(made_of(given))
    return _Store(size, path, Shop.open(path, encoder=encoder), report.seconds)


def _block(store: _Store, asked: Sequence[str], number: int, a_block: int) -> None:
    """One block: recurring filters, then a filter that is new with every query. Block -1 warms up."""
    if number < 0:
        for at, query in enumerate(asked[:WARM_UP]):
            _time(store.shop, query, _limit(LIMITS[at % len(LIMITS)]))
        return
    start = WARM_UP + 2 * number * a_block
    gc.collect()
    recurring = [
        _time(store.shop, query, _limit(LIMITS[at % len(LIMITS)]))
        for at, query in enumerate(asked[start : start + a_block])
    ]
    new = [
        _time(store.shop, query, _limit(50 + number + 2 * at))
        for at, query in enumerate(asked[start + a_block : start + 2 * a_block], 1)
    ]
    store.blocks.append(np.array(recurring))
    store.new_filters.append(np.array(new))


def _limit(price: float) -> Filters:
    return parse_filters({"price": (None, price)})


def _time(shop: Shop, query: str, filters: Filters) -> tuple[float, ...]:
    """Milliseconds in the order of PARTS; the rest is all but encoder and engines, making the request included."""
    started = time.perf_counter()
    found = shop.answer(Request(query, filters=filters, k=K))
    total = (time.perf_counter() - started) * 1_000
    if found.degraded:
        raise ValueError(f"{query!r} was answered without {', '.join(found.degraded)}: {' '.join(found.notes)}")
    engines = [found.timings[name] for name in ("encode", "vector", "lexical")]
    return (*engines, total - sum(engines), total)


def summary(blocks: Sequence[np.ndarray], parts: Sequence[str] = PARTS) -> Figures:
    """For each part p50 and p99: the median over the blocks, and the lowest and highest block."""
    made: Figures = {}
    for at, name in enumerate(parts):
        spreads: dict[str, dict[str, float]] = {}
        for percent in (50, 99):
            each = [float(np.percentile(block[:, at], percent)) for block in blocks]
            spreads[f"p{percent}"] = {"median": median(each), "low": min(each), "high": max(each)}
        made[name] = spreads
    return made


@dataclass(frozen=True)
class Profiled:
    """One function's share of a search."""

    function: str
    calls: float
    own: float  # milliseconds
    with_callees: float


def _profile(shop: Shop, asked: Sequence[str]) -> list[Figures]:
    """Our own functions by the time spent in them, from cProfile, which makes short functions look longer."""
    profile = cProfile.Profile()
    profile.enable()
    for at, query in enumerate(asked):
        shop.answer(Request(query, filters=_limit(LIMITS[at % len(LIMITS)]), k=K))
    profile.disable()
    roots = tuple(str(Path(str(room.__file__)).parent) for room in (shelfwise.index, shelfwise.plugin))
    profile.create_stats()
    timed: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = vars(profile)["stats"]
    found: list[Profiled] = []
    for (file, line, name), (_, calls, own, cumulative, _) in timed.items():
        if file.startswith(roots):
            place = f"{'/'.join(Path(file).parts[-3:])}:{line} {name}"
            found.append(Profiled(place, *(each / len(asked) for each in (calls, own * 1_000, cumulative * 1_000))))
    found.sort(key=lambda each: -each.with_callees)
    return [asdict(each) for each in found[:40]]


def memory(path: Path, reference: str | None) -> dict[str, float]:
    """Megabytes of a fresh process: `rss` with the files that it maps, `uss` its own, both with the encoder loaded
    (`encoder_*`) and after 100 searches in the store.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(_memory, str(path), reference).result()


def _memory(path: str, reference: str | None) -> dict[str, float]:
    encoder = load_encoder(reference)
    encoder.encode_queries(["warm"])
    gc.collect()
    before = psutil.Process(os.getpid()).memory_full_info()
    with Shop.open(path, create=False, encoder=encoder) as shop:
        for query in queries(100):
            _time(shop, query, _limit(LIMITS[0]))
        gc.collect()
        after = psutil.Process(os.getpid()).memory_full_info()
    megabyte = 1e6
    return {
        "encoder_rss": before.rss / megabyte,
        "encoder_uss": before.uss / megabyte,
        "rss": after.rss / megabyte,
        "uss": after.uss / megabyte,
    }
