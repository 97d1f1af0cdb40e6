"""CPU or CUDA: the one place that decides, for encoder, head and vector index alike."""

from __future__ import annotations

import importlib.util
import logging
import os
from functools import lru_cache
from typing import Literal

logger = logging.getLogger("shelfwise.device")

Device = Literal["cpu", "cuda"]
SETTING = "SHELFWISE_DEVICE"


@lru_cache(maxsize=1)
def torch_device() -> Device:
    """Where torch models run: CUDA where torch sees a card, unless the variable SHELFWISE_DEVICE says "cpu"."""
    if os.environ.get(SETTING, "").lower() == "cpu" or importlib.util.find_spec("torch") is None:
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@lru_cache(maxsize=1)
def faiss_gpus() -> int:
    """How many cards FAISS can use: 0 with faiss-cpu, without a card, or when SHELFWISE_DEVICE says "cpu"."""
    if os.environ.get(SETTING, "").lower() == "cpu" or importlib.util.find_spec("faiss") is None:
        return 0
    import faiss

    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


def bound_threads(threads: int) -> None:
    """Bounds the threads of torch and FAISS in this process; a worker among several wants 1."""
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(threads)
    if importlib.util.find_spec("faiss") is not None:
        import faiss

        faiss.omp_set_num_threads(threads)


def fell_back(what: str, error: Exception) -> None:
    """The one logged line when a card's memory is short and the CPU takes over."""
    logger.warning("%s stays on the CPU: the card refused (%s)", what, str(error).splitlines()[0][:200])
