"""What the FAISS indexes promise beyond the contract: memory, files, and how much the approximate one finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest
from shelfwise.index.errors import StoreError
from shelfwise.index.vectors import FlatIndex, GpuIndex, IvfIndex, build, faiss_index, gpu_index, load, on_best_device


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def clustered() -> np.ndarray:
    """20,000 vectors in 200 clouds, as the texts of a shop with 200 kinds of things are."""
    random = np.random.default_rng(5)
    centres = unit(random.normal(size=(200, 32)))
    return unit(centres[random.integers(200, size=20_000)] + 0.15 * random.normal(size=(20_000, 32)))


@pytest.fixture(scope="module")
def approximate(clustered) -> IvfIndex:
    return IvfIndex.build(clustered)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01, 0.001])
def test_the_approximate_index_finds_most_and_always_as_many_as_there_are(approximate, clustered, share):
    allowed = None if share == 1 else np.random.default_rng(6).random(len(clustered)) < share
    there = np.ones(len(clustered), bool) if allowed is None else allowed
    queries = clustered[::997]
    rows = approximate.search(queries, 20, allowed).rows
    assert (rows >= 0).sum(axis=1).tolist() == [min(20, int(there.sum()))] * len(queries)
    true = np.where(there, queries @ clustered.T, -np.inf)
    wanted = np.argsort(-true, axis=1)[:, : min(20, int(there.sum()))]
    found = [len(set(mine) & set(right)) / len(right) for mine, right in zip(rows, wanted, strict=True)]
    assert np.mean(found) >= 0.95


def test_the_approximate_index_does_not_look_everywhere(approximate):
    assert approximate._index.nprobe * 8 < approximate._index.nlist


def test_small_indexes_are_exact_and_large_ones_have_cells(monkeypatch):
    vectors = unit(np.random.default_rng(7).normal(size=(500, 8)))
    assert isinstance(build(vectors), FlatIndex)
    monkeypatch.setattr(faiss_index, "EXACT_UP_TO", 499)
    assert isinstance(build(vectors), IvfIndex)


@pytest.mark.parametrize("kind", [FlatIndex, IvfIndex])
def test_few_allowed_rows_are_compared_and_not_scanned(kind, monkeypatch, clustered):
    index = kind.build(clustered)
    monkeypatch.setattr(index, "_index", _NoSearch(index._index))
    few = faiss_index.few_rows(len(clustered))
    allowed = np.zeros(len(clustered), bool)
    allowed[np.arange(few) * (len(clustered) // few)] = True
    assert (index.search(clustered[:1], 5, allowed).rows >= 0).all()
    allowed[1] = True
    with pytest.raises(AssertionError, match="searched"):
        index.search(clustered[:1], 5, allowed)


SHARES = [0.5, 0.1, 0.01, 0.001, 0.0001]


@pytest.fixture(scope="module")
def hundred_thousand() -> np.ndarray:
    return unit(np.random.default_rng(11).normal(size=(100_000, 32))).astype(np.float16)


def recall(index, vectors: np.ndarray, share: float, k: int = 24) -> float:
    """The share of the true best `k` under a mask that are found, over 20 queries; equally near rows count alike."""
    random = np.random.default_rng(12)
    allowed = np.zeros(len(vectors), bool)
    allowed[random.choice(len(vectors), int(share * len(vectors)), replace=False)] = True
    queries = unit(random.normal(size=(20, vectors.shape[1])))
    true = np.where(allowed, queries @ vectors.astype(np.float32).T, -np.inf)
    best = min(k, int(allowed.sum()))
    least = -np.partition(-true, best - 1, axis=1)[:, best - 1]
    rows = index.search(queries, k, allowed).rows[:, :best]
    assert allowed[rows].all() and all(len(set(each)) == best for each in rows.tolist())
    return float(np.mean(np.take_along_axis(true, rows, axis=1) >= least[:, np.newaxis] - 1e-6))


@pytest.mark.parametrize("share", SHARES)
def test_the_exact_index_loses_nothing_at_any_share_of_100_000(hundred_thousand, share):
    assert recall(FlatIndex.build(hundred_thousand), hundred_thousand, share) == 1


@pytest.mark.slow
def test_the_approximate_index_loses_nothing_of_100_000_where_up_to_30_000_pass(hundred_thousand):
    index = IvfIndex.build(hundred_thousand)
    found = {share: recall(index, hundred_thousand, share) for share in SHARES}
    assert {share: found[share] for share in SHARES[1:]} == dict.fromkeys(SHARES[1:], 1.0)
    # Random vectors have no cells to speak of; this is the worst that can be.
    assert 0.3 < found[0.5] < 1


class _NoSearch:
    def __init__(self, index):
        self._inner = index

    def __getattr__(self, name):
        if name == "search":
            raise AssertionError("searched")
        return getattr(self._inner, name)


MEASURE = """
import sys
import numpy as np, psutil
from pathlib import Path
from shelfwise.index.vectors import FlatIndex, load

warm = FlatIndex.build(np.eye(64, dtype=np.float32))
warm.search(np.eye(64, dtype=np.float32), 5)
process = psutil.Process()
before = process.memory_full_info().uss
index = load(Path(sys.argv[1]))
queries = np.eye(64, dtype=np.float32)[:2]
index.search(queries, 10)
index.search(queries, 10, np.arange(index.n_rows) % 2 == 0)
index.scores(queries[0], np.arange(0, index.n_rows, 1_000))
print(process.memory_full_info().uss - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's count of private pages")
def test_a_loaded_flat_index_is_mapped_and_shared(tmp_path: Path):
    """A second process that searches all of it has nearly nothing for itself: the pages are those of the first."""
    pytest.importorskip("psutil")
    path, rows = tmp_path / "large.faiss", 200_000
    vectors = np.random.default_rng(8).normal(size=(rows, 64)).astype(np.float16)
    FlatIndex.build(vectors).save(path)
    size = path.stat().st_size
    assert size > rows * 64 * 2
    mine = load(path)
    mine.search(np.eye(64, dtype=np.float32)[:1], 1)  # touches every page, so that each is mapped twice
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(measured.stdout) < size / 4


@pytest.mark.parametrize("make", [FlatIndex.build, IvfIndex.build])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_a_store_error(tmp_path: Path, make, kept):
    path = tmp_path / "vectors.faiss"
    make(unit(np.random.default_rng(9).normal(size=(2_000, 16)))).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(
        StoreError, match=r"^vector index vectors\.faiss cannot be read \(.+\); rebuild the store's index$"
    ):
        load(path)


@pytest.mark.parametrize("content", [b"", b"x", b"not an index at all" * 100, b"\0" * 4_096])
def test_a_file_of_another_kind_is_a_store_error(tmp_path: Path, content):
    path = tmp_path / "vectors.faiss"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"^vector index vectors\.faiss"):
        load(path)


def test_a_missing_file_is_a_store_error(tmp_path: Path):
    with pytest.raises(StoreError, match=r"^vector index none\.faiss cannot be read"):
        load(tmp_path / "none.faiss")


def test_an_index_of_another_kind_is_a_store_error(tmp_path: Path):
    path = tmp_path / "vectors.faiss"
    faiss.write_index(faiss.IndexFlatL2(4), str(path))
    with pytest.raises(StoreError) as refused:
        load(path)
    assert str(refused.value) == (
        "vector index vectors.faiss: wanted a flat or IVF index in half precision, got IndexFlatL2; "
        "rebuild the store's index"
    )


def test_a_scalar_quantizer_of_other_codes_is_a_store_error(tmp_path: Path):
    """Eight-bit codes would be read as half-precision numbers."""
    path = tmp_path / "vectors.faiss"
    other = faiss.IndexScalarQuantizer(8, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    vectors = unit(np.random.default_rng(9).normal(size=(64, 8)))
    other.train(vectors)
    other.add(vectors)
    faiss.write_index(other, str(path))
    with pytest.raises(StoreError, match=r"^vector index vectors\.faiss: wanted"):
        load(path)


# ---- which device ------------------------------------------------------------------------------------------------


@pytest.fixture
def one_card(monkeypatch):
    """A stand-in for a card, which takes every index."""
    monkeypatch.setattr(gpu_index, "faiss_gpus", lambda: 1)
    monkeypatch.setattr(gpu_index.GpuIndex, "__init__", lambda self, cpu: setattr(self, "cpu", cpu))


def test_a_large_index_goes_to_the_card_and_a_small_one_stays(one_card, monkeypatch):
    monkeypatch.setattr(gpu_index, "LEAST_ROWS", 10)
    small, large = FlatIndex.build(np.eye(9, dtype=np.float32)), FlatIndex.build(np.eye(10, dtype=np.float32))
    assert on_best_device(small) is small
    assert isinstance(on_best_device(large), GpuIndex)


def test_without_a_card_an_index_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(gpu_index, "faiss_gpus", lambda: 0)
    monkeypatch.setattr(gpu_index, "LEAST_ROWS", 0)
    index = FlatIndex.build(np.eye(4, dtype=np.float32))
    assert on_best_device(index) is index


@pytest.mark.gpu
def test_a_real_card_takes_a_large_index_and_saves_it_in_cpu_form(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(gpu_index, "LEAST_ROWS", 1)
    index = on_best_device(FlatIndex.build(np.eye(64, dtype=np.float32)))
    assert isinstance(index, GpuIndex)
    index.save(tmp_path / "saved.faiss")
    assert isinstance(load(tmp_path / "saved.faiss"), FlatIndex)
