"""FAISS behind `VectorIndex`: half-precision vectors, exact while small, in cells when large."""

from __future__ import annotations

from abc import ABC, abstractmethod
from errno import EIO
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ..errors import EncoderError, StoreError
from ..threads import answer_threads, build_threads
from .index import Mask, Matches, Rows, Vectors

# Half precision: 1.2 ms a query instead of 2.8 (54,667 x 384, one thread), half the memory, and the same top 200.
QUANTIZER = faiss.ScalarQuantizer.QT_fp16
# Up to here an exact scan costs less than about 10 ms a query; above, cells.
EXACT_UP_TO = 300_000
# Comparing rows one by one costs 0.5 us each, FAISS's scan with a bitmap 40 us and 1.5 ns for each row that it steps
# over: they are even where one row in 300 is allowed (benchmarks/switch.py).
FEWEST_SCANNED, STEPPED_OVER = 40, 300
# From this share on a scan of all rows for so many times more of them is faster than one with a bitmap.
WIDE_MASK, MORE = 0.5, 1.1
# Up to so many allowed rows all cells are looked into: that costs at most as much again, and is exact.
ALL_CELLS_UP_TO = 30_000


class _FaissIndex(ABC):
    """What both kinds share: a FAISS index, and comparing a few rows one by one."""

    _index: Any

    @property
    def n_rows(self) -> int:
        """How many vectors there are."""
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of one vector."""
        return int(self._index.d)

    def save(self, path: Path) -> None:
        """See `VectorIndex.save`."""
        with path.open("wb") as file:
            # Not by FAISS's own hand: when the disk is full it may say so on the screen alone, and go on.
            try:
                faiss.write_index(self._index, faiss.PyCallbackIOWriter(file.write))
            except RuntimeError as error:
                raise OSError(EIO, f"its vectors could not be written ({str(error)[:200]})", str(path)) from error

    @abstractmethod
    def _vectors(self, rows: Rows) -> Vectors:
        """The vectors of some rows, shape (len(rows), dimension)."""

    def _compare(self, queries: Vectors, k: int, rows: Rows) -> Matches:
        """Exact, over just these rows."""
        if not len(rows):
            return _nothing(queries, k)
        scores = queries @ self._vectors(rows).T
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return padded(np.take_along_axis(scores, best, axis=1), rows[best], k)


class FlatIndex(_FaissIndex):
    """Exact: every allowed row is compared."""

    def __init__(self, index: faiss.IndexScalarQuantizer) -> None:
        self._index = index
        self._half = _half_precision_view(index)

    @classmethod
    def build(cls, vectors: NDArray[np.floating[Any]]) -> FlatIndex:
        """An index of unit vectors, shape (n, dimension)."""
        index = faiss.IndexScalarQuantizer(vectors.shape[1], QUANTIZER, faiss.METRIC_INNER_PRODUCT)
        # FAISS demands training of every quantizer; fp16 learns nothing from it.
        index.is_trained = True
        faiss.omp_set_num_threads(build_threads())
        for start in range(0, len(vectors), 65_536):
            index.add(np.ascontiguousarray(vectors[start : start + 65_536], np.float32))
        return cls(index)

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> Matches:
        """See `VectorIndex.search`."""
        check_queries(queries, self.dimension)
        if allowed is None:
            if not self.n_rows:
                return _nothing(queries, k)
            _set_threads()
            scores, rows = self._index.search(queries, min(k, self.n_rows))
            return padded(scores, rows, k)
        count = int(np.count_nonzero(allowed))
        if count <= few_rows(self.n_rows):
            return self.compared(queries, k, allowed)
        if count >= WIDE_MASK * self.n_rows:
            wide = self._from_more(queries, min(k, count), allowed, int(MORE * k * self.n_rows / count))
            if wide is not None:
                return padded(*wide, k)
        return self.scanned(queries, k, allowed)

    def compared(self, queries: Vectors, k: int, allowed: Mask) -> Matches:
        """A search that looks at the allowed rows one by one."""
        return self._compare(queries, k, np.flatnonzero(allowed))

    def _from_more(self, queries: Vectors, k: int, allowed: Mask, more: int) -> tuple[Vectors, Rows] | None:
        """The `k` allowed of the `more` best rows; None where these hold fewer for one of the queries."""
        _set_threads()
        scores, rows = self._index.search(queries, min(more, self.n_rows))
        keep = allowed[rows]
        if (np.count_nonzero(keep, axis=1) < k).any():
            return None  # the mask bites just where these queries look
        first = np.argsort(~keep, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, first, axis=1), np.take_along_axis(rows, first, axis=1)

    def scanned(self, queries: Vectors, k: int, allowed: Mask) -> Matches:
        """A search that steps over what is not allowed."""
        parameters = faiss.SearchParameters(sel=_selector(allowed))
        _set_threads()
        scores, rows = self._index.search(queries, min(k, int(np.count_nonzero(allowed))), params=parameters)
        return padded(scores, rows, k)

    def _vectors(self, rows: Rows) -> Vectors:
        found: Vectors = self._half[rows].astype(np.float32)
        return found

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """See `VectorIndex.scores`."""
        if len(rows) <= few_rows(self.n_rows):
            few: Vectors = self._vectors(rows) @ query
            return few
        allowed = np.zeros(self.n_rows, bool)
        allowed[rows] = True
        matches = self.scanned(query[np.newaxis], int(np.count_nonzero(allowed)), allowed)
        found = np.zeros(self.n_rows, np.float32)
        found[matches.rows[0]] = matches.scores[0]
        return found[rows]

    def vector(self, row: int) -> Vectors:
        """See `VectorIndex.vector`."""
        found: Vectors = self._half[row].astype(np.float32)
        return found


class IvfIndex(_FaissIndex):
    """Approximate: rows lie in cells and a query looks into the nearest; exact under a mask of up to 30,000 rows."""

    def __init__(self, index: faiss.IndexIVFScalarQuantizer) -> None:
        self._index = index
        self._index.nprobe = max(1, int(index.nlist) // 16)

    @classmethod
    def build(cls, vectors: NDArray[np.floating[Any]]) -> IvfIndex:
        """An index of unit vectors, shape (n, dimension), with about 4 * sqrt(n) cells."""
        rows, dimension = vectors.shape
        cells = max(1, min(int(4 * rows**0.5), rows // 39 or 1))
        coarse = faiss.IndexFlatIP(dimension)
        index = faiss.IndexIVFScalarQuantizer(coarse, dimension, cells, QUANTIZER, faiss.METRIC_INNER_PRODUCT)
        index.own_fields = True
        coarse.this.disown()
        sample = np.random.default_rng(0).permutation(rows)[: 64 * cells]
        faiss.omp_set_num_threads(build_threads())
        index.by_residual = False  # half precision needs no residuals, and the codes stay the vectors themselves
        index.train(np.ascontiguousarray(vectors[np.sort(sample)], np.float32))
        for start in range(0, rows, 65_536):
            index.add(np.ascontiguousarray(vectors[start : start + 65_536], np.float32))
        index.make_direct_map()
        return cls(index)

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> Matches:
        """See `VectorIndex.search`. Cells are searched until `k` allowed rows are found, or all were."""
        check_queries(queries, self.dimension)
        count = self.n_rows if allowed is None else int(np.count_nonzero(allowed))
        if allowed is not None and count <= few_rows(self.n_rows):
            return self._compare(queries, k, np.flatnonzero(allowed))
        if not count:
            return _nothing(queries, k)
        selector = None if allowed is None else _selector(allowed)
        # A mask empties cells, so the fewer rows it leaves, the more cells are looked into.
        probes = min(int(self._index.nlist), int(self._index.nprobe * self.n_rows / count))
        if allowed is not None and count <= ALL_CELLS_UP_TO:
            probes = int(self._index.nlist)
        wanted = min(k, count)
        while True:
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probes)
            _set_threads()
            scores, rows = self._index.search(queries, wanted, params=parameters)
            if probes >= self._index.nlist or (rows >= 0).all():
                return padded(scores, rows, k)
            probes = min(probes * 4, int(self._index.nlist))

    def _vectors(self, rows: Rows) -> Vectors:
        _set_threads()
        found: Vectors = self._index.reconstruct_batch(np.ascontiguousarray(rows))
        return found

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """See `VectorIndex.scores`."""
        if not len(rows):
            return np.zeros(0, np.float32)
        found: Vectors = self._vectors(rows) @ query
        return found

    def vector(self, row: int) -> Vectors:
        """See `VectorIndex.vector`."""
        found: Vectors = self._index.reconstruct(row)
        return found


def few_rows(n_rows: int) -> int:
    """Up to how many allowed rows of an index are compared one by one."""
    return max(FEWEST_SCANNED, n_rows // STEPPED_OVER)


def build(vectors: NDArray[np.floating[Any]]) -> FlatIndex | IvfIndex:
    """The index that fits the number of vectors."""
    return FlatIndex.build(vectors) if len(vectors) <= EXACT_UP_TO else IvfIndex.build(vectors)


def load(path: Path) -> FlatIndex | IvfIndex:
    """A saved index, mapped into memory where its kind allows; raises `StoreError`."""
    try:
        # Only this flag maps flat codes; the plain IO_FLAG_MMAP copies them.
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise StoreError(
            f"vector index {path.name} cannot be read ({str(error).splitlines()[0][:120]}); rebuild the store's index"
        ) from None
    # Other codes than half precision would be read as if they were.
    if isinstance(index, faiss.IndexScalarQuantizer) and index.sq.qtype == QUANTIZER:
        return FlatIndex(index)
    if isinstance(index, faiss.IndexIVFScalarQuantizer) and index.sq.qtype == QUANTIZER:
        return IvfIndex(index)
    raise StoreError(
        f"vector index {path.name}: wanted a flat or IVF index in half precision, got {type(index).__name__}; "
        "rebuild the store's index"
    )


def check_queries(queries: Vectors, dimension: int) -> None:
    """Raises `EncoderError` when the queries' shape is not (n, dimension)."""
    if queries.ndim != 2 or queries.shape[1] != dimension:
        raise EncoderError(
            f"queries must have shape (n, {dimension}), got {queries.shape}; encode them with the model this "
            "index was built with"
        )


def _half_precision_view(index: faiss.IndexScalarQuantizer) -> NDArray[np.float16]:
    if not index.ntotal:
        return np.zeros((0, index.d), np.float16)
    codes = faiss.rev_swig_ptr(index.codes.data(), index.ntotal * index.code_size)
    view: NDArray[np.float16] = codes.view(np.float16).reshape(index.ntotal, index.d)
    return view


def _set_threads() -> None:
    # OpenMP's number belongs to the calling thread; a web server has many.
    faiss.omp_set_num_threads(answer_threads())


def _selector(allowed: Mask) -> faiss.IDSelectorBitmap:
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


def padded(scores: Vectors, rows: Rows, k: int) -> Matches:
    """What FAISS found as `Matches` with `k` columns: no row is -1 with a score of -inf."""
    missing = k - rows.shape[1]
    if missing > 0:
        rows = np.pad(rows, ((0, 0), (0, missing)), constant_values=-1)
        scores = np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf)
    return Matches(rows.astype(np.int64, copy=False), np.where(rows < 0, -np.inf, scores).astype(np.float32))


def _nothing(queries: Vectors, k: int) -> Matches:
    return padded(np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64), k)
