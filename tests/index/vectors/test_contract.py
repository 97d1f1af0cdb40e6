"""The one contract of all vector indexes: every implementation, built and loaded, runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import faiss
import numpy as np
import pytest
from shelfwise.index import EncoderError
from shelfwise.index.vectors import FlatIndex, GpuIndex, IvfIndex, VectorIndex, gpu_index, load

ROWS, DIMENSION = 6_000, 16
TIES = 1e-3  # half precision against single


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = unit(np.random.default_rng(1).normal(size=(ROWS, DIMENSION)))
QUERIES = unit(np.random.default_rng(2).normal(size=(20, DIMENSION)))
TRUE_SCORES = QUERIES @ VECTORS.T


def every_cell(index: IvfIndex) -> IvfIndex:
    """The approximate index made exact: each query looks into all cells."""
    index._index.nprobe = index._index.nlist
    return index


def flat(vectors: np.ndarray, folder: Path) -> VectorIndex:
    return FlatIndex.build(vectors)


def flat_from_half(vectors: np.ndarray, folder: Path) -> VectorIndex:
    return FlatIndex.build(vectors.astype(np.float16))


def flat_loaded(vectors: np.ndarray, folder: Path) -> VectorIndex:
    FlatIndex.build(vectors).save(folder / "flat.faiss")
    return load(folder / "flat.faiss")


def ivf(vectors: np.ndarray, folder: Path) -> VectorIndex:
    return every_cell(IvfIndex.build(vectors))


def ivf_loaded(vectors: np.ndarray, folder: Path) -> VectorIndex:
    IvfIndex.build(vectors).save(folder / "ivf.faiss")
    loaded = load(folder / "ivf.faiss")
    assert isinstance(loaded, IvfIndex)
    return every_cell(loaded)


def gpu(vectors: np.ndarray, folder: Path) -> VectorIndex:
    return GpuIndex(FlatIndex.build(vectors))


def gpu_of_ivf(vectors: np.ndarray, folder: Path) -> VectorIndex:
    return GpuIndex(every_cell(IvfIndex.build(vectors)))


def stand_in_for_a_card(vectors: np.ndarray, folder: Path) -> VectorIndex:
    """All of `GpuIndex` but the card itself, so that its choices are tested everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpu_index, "_resources", object)
        patch.setattr(faiss, "GpuClonerOptions", SimpleNamespace, raising=False)
        patch.setattr(faiss, "index_cpu_to_gpu", lambda resources, card, index, options: index, raising=False)
        return GpuIndex(FlatIndex.build(vectors))


Made = Callable[[np.ndarray, Path], VectorIndex]
ON_CPU = [flat, flat_from_half, flat_loaded, ivf, ivf_loaded, stand_in_for_a_card]
ON_CARD = [pytest.param(each, marks=pytest.mark.gpu) for each in (gpu, gpu_of_ivf)]


@pytest.fixture(params=[*ON_CPU, *ON_CARD], scope="module")
def made(request: pytest.FixtureRequest) -> Made:
    return request.param


@pytest.fixture(scope="module")
def index(made: Made, tmp_path_factory: pytest.TempPathFactory) -> VectorIndex:
    return made(VECTORS, tmp_path_factory.mktemp("vectors"))


def mask_of(share: float) -> np.ndarray:
    return np.random.default_rng(3).random(ROWS) < share


def assert_exact(matches, k: int, allowed: np.ndarray) -> None:
    """The rows are allowed, distinct, best first, and none that is better by more than a tie is missing."""
    count = min(k, int(allowed.sum()))
    assert matches.rows.shape == matches.scores.shape == (len(QUERIES), k)
    assert matches.rows.dtype == np.int64 and matches.scores.dtype == np.float32
    assert (matches.rows[:, count:] == -1).all() and (matches.scores[:, count:] == -np.inf).all()
    rows, scores = matches.rows[:, :count], matches.scores[:, :count]
    assert allowed[rows].all()
    assert all(len(set(row)) == count for row in rows.tolist())
    assert (np.diff(scores, axis=1) <= 0).all()
    true = np.take_along_axis(TRUE_SCORES, rows, axis=1)
    np.testing.assert_allclose(scores, true, atol=TIES)
    best = -np.sort(-np.where(allowed, TRUE_SCORES, -np.inf), axis=1)[:, :count]
    np.testing.assert_allclose(true, best, atol=TIES)


def test_it_knows_its_size(index):
    assert (index.n_rows, index.dimension) == (ROWS, DIMENSION)


def test_a_vector_finds_itself_first(index):
    rows = np.arange(0, ROWS, 97)
    matches = index.search(VECTORS[rows], 1)
    assert matches.rows[:, 0].tolist() == rows.tolist()
    np.testing.assert_allclose(matches.scores[:, 0], 1, atol=TIES)


def test_a_search_without_a_mask_equals_brute_force(index):
    assert_exact(index.search(QUERIES, 50), 50, np.ones(ROWS, bool))


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5, 0.1, 0.01, 0.001])
def test_a_mask_loses_nothing(index, share):
    allowed = mask_of(share)
    assert_exact(index.search(QUERIES, 24, allowed), 24, allowed)


@pytest.mark.parametrize("nearest", [0.2, -0.1])
def test_a_mask_over_just_what_a_query_looks_for_loses_nothing(index, nearest):
    """Rows that are allowed are those far from the query, so that an unfiltered top k holds none of them."""
    allowed = TRUE_SCORES[0] < nearest
    assert_exact(index.search(QUERIES, 24, allowed), 24, allowed)


def test_more_results_than_rows_are_padded(index):
    for allowed in (None, np.ones(ROWS, bool)):
        assert_exact(index.search(QUERIES, ROWS + 7, allowed), ROWS + 7, np.ones(ROWS, bool))


def test_more_results_than_allowed_rows_are_padded(index):
    for share in (0.5, 0.01):
        allowed = mask_of(share)
        k = int(allowed.sum()) + 5
        assert_exact(index.search(QUERIES, k, allowed), k, allowed)


def test_an_empty_mask_finds_nothing(index):
    matches = index.search(QUERIES, 5, np.zeros(ROWS, bool))
    assert (matches.rows == -1).all() and (matches.scores == -np.inf).all()
    assert matches.rows.shape == (len(QUERIES), 5)


def test_a_batch_answers_each_query_as_if_it_were_alone(index):
    allowed = mask_of(0.5)
    together = index.search(QUERIES, 10, allowed)
    for at in range(len(QUERIES)):
        alone = index.search(QUERIES[at : at + 1], 10, allowed)
        np.testing.assert_allclose(alone.scores[0], together.scores[at], atol=1e-6)


def test_no_query_gives_no_row(index):
    assert index.search(QUERIES[:0], 5).rows.shape == (0, 5)
    assert index.search(QUERIES[:0], 5, mask_of(0.5)).rows.shape == (0, 5)
    assert index.search(QUERIES[:0], 5, mask_of(0.01)).rows.shape == (0, 5)


@pytest.mark.parametrize("shape", [(3, DIMENSION + 1), (3, 768), (DIMENSION,)])
def test_a_query_of_another_dimension_is_an_encoder_error(index, shape):
    with pytest.raises(EncoderError) as refused:
        index.search(np.zeros(shape, np.float32), 5)
    assert str(refused.value) == (
        f"queries must have shape (n, {DIMENSION}), got {shape}; encode them with the model this index was built with"
    )


def test_scores_are_those_of_a_search(index):
    matches = index.search(QUERIES[:1], 100)
    scores = index.scores(QUERIES[0], matches.rows[0])
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, matches.scores[0], atol=TIES)


def test_scores_keep_the_order_of_the_rows_and_may_repeat_them(index):
    rows = np.array([5, 3, 5, ROWS - 1], np.int64)
    np.testing.assert_allclose(index.scores(QUERIES[0], rows), TRUE_SCORES[0, rows], atol=TIES)
    assert index.scores(QUERIES[0], rows[:0]).shape == (0,)


def test_a_vector_comes_back_as_it_was_given(index):
    for row in (0, 17, ROWS - 1):
        found = index.vector(row)
        assert found.shape == (DIMENSION,) and found.dtype == np.float32
        np.testing.assert_allclose(found, VECTORS[row], atol=TIES)


def test_a_saved_index_answers_the_same(index, tmp_path: Path):
    index.save(tmp_path / "again.faiss")
    again = load(tmp_path / "again.faiss")
    if isinstance(again, IvfIndex):
        every_cell(again)
    for allowed in (None, mask_of(0.5), mask_of(0.01)):
        one, two = index.search(QUERIES, 20, allowed), again.search(QUERIES, 20, allowed)
        np.testing.assert_allclose(one.scores, two.scores, atol=TIES)
        assert np.mean(one.rows == two.rows) > 0.99  # ties may change places
    np.testing.assert_array_equal(again.vector(3), index.vector(3))


def test_equal_vectors_all_come_and_each_once(made, tmp_path: Path):
    twins = np.repeat(VECTORS[:40], 3, axis=0)
    matches = made(twins, tmp_path).search(VECTORS[:5], 3)
    for at in range(5):
        assert sorted(matches.rows[at].tolist()) == [3 * at, 3 * at + 1, 3 * at + 2]
        assert len(set(matches.scores[at].tolist())) == 1


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_a_tiny_index_is_searched_like_a_large_one(made, tmp_path: Path, rows):
    if not rows and made in (ivf, ivf_loaded, gpu_of_ivf):
        pytest.skip("cells need at least one vector to be trained on; `build` never makes them for so few")
    index = made(VECTORS[:rows], tmp_path)
    assert index.n_rows == rows
    for allowed in (None, np.ones(rows, bool)):
        matches = index.search(VECTORS[:3], 4, allowed)
        assert matches.rows.shape == (3, 4)
        assert (matches.rows >= 0).sum(axis=1).tolist() == [min(rows, 4)] * 3
        assert len(set(matches.rows[0].tolist()) & set(range(rows))) == min(rows, 4)
        assert matches.rows[:rows, 0].tolist() == list(range(min(rows, 3)))
