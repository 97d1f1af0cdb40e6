from __future__ import annotations

import importlib.util
import logging

import pytest
from shelfwise.index import device
from shelfwise.index.vectors import FlatIndex, on_best_device


@pytest.fixture(autouse=True)
def _asked_again():
    """The answers are kept for the process: every test starts and ends without."""
    device.torch_device.cache_clear()
    device.faiss_gpus.cache_clear()
    yield
    device.torch_device.cache_clear()
    device.faiss_gpus.cache_clear()


@pytest.fixture
def seen_cards(monkeypatch):
    """`seen_cards(n)` makes torch and FAISS see that many cards."""

    def see(count: int) -> None:
        import faiss

        monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
        monkeypatch.setattr(faiss, "get_num_gpus", lambda: count, raising=False)
        if importlib.util.find_spec("torch"):
            import torch

            monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)

    return see


@pytest.mark.torch
def test_torch_runs_on_the_card_that_it_sees(seen_cards, monkeypatch):
    monkeypatch.delenv(device.SETTING, raising=False)
    seen_cards(1)
    assert device.torch_device() == "cuda"


@pytest.mark.torch
def test_torch_runs_on_the_cpu_without_a_card(seen_cards, monkeypatch):
    monkeypatch.delenv(device.SETTING, raising=False)
    seen_cards(0)
    assert device.torch_device() == "cpu"


@pytest.mark.parametrize("setting", ["cpu", "CPU"])
def test_the_setting_keeps_both_on_the_cpu(seen_cards, monkeypatch, setting):
    monkeypatch.setenv(device.SETTING, setting)
    seen_cards(2)
    assert device.torch_device() == "cpu" and device.faiss_gpus() == 0


def test_faiss_counts_its_cards(seen_cards, monkeypatch):
    monkeypatch.delenv(device.SETTING, raising=False)
    seen_cards(2)
    assert device.faiss_gpus() == 2


def test_the_cpu_build_of_faiss_has_no_cards(monkeypatch):
    import faiss

    monkeypatch.delenv(device.SETTING, raising=False)
    monkeypatch.delattr(faiss, "StandardGpuResources", raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1, raising=False)
    assert device.faiss_gpus() == 0


@pytest.mark.parametrize("missing", ["torch", "faiss"])
def test_without_the_library_there_is_no_card(monkeypatch, missing):
    monkeypatch.delenv(device.SETTING, raising=False)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == missing else found(name))
    assert (device.torch_device() if missing == "torch" else device.faiss_gpus()) in ("cpu", 0)


def test_a_card_that_refuses_is_one_logged_line_and_the_cpu(monkeypatch, caplog):
    import numpy as np
    from shelfwise.index.vectors import gpu_index

    def refuse(index):
        raise RuntimeError("cudaMalloc error out of memory\nin a stack of C++")

    monkeypatch.setattr(gpu_index, "faiss_gpus", lambda: 1)
    monkeypatch.setattr(gpu_index, "LEAST_ROWS", 1)
    monkeypatch.setattr(gpu_index, "GpuIndex", refuse)
    index = FlatIndex.build(np.eye(4, dtype=np.float32))
    with caplog.at_level(logging.WARNING, "shelfwise.device"):
        assert on_best_device(index) is index
    assert [record.getMessage() for record in caplog.records] == [
        "the vector index stays on the CPU: the card refused (cudaMalloc error out of memory)"
    ]


def test_threads_are_bounded_in_both_libraries():
    import faiss

    before = faiss.omp_get_max_threads()
    try:
        device.bound_threads(1)
        assert faiss.omp_get_max_threads() == 1
        if importlib.util.find_spec("torch"):
            import torch

            assert torch.get_num_threads() == 1
    finally:
        device.bound_threads(before)
