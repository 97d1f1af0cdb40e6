"""Nearest rows by meaning."""

from .faiss_index import FlatIndex, IvfIndex, build, load
from .gpu_index import GpuIndex, on_best_device
from .index import Mask, Matches, Rows, VectorIndex, Vectors

__all__ = [
    "FlatIndex",
    "GpuIndex",
    "IvfIndex",
    "Mask",
    "Matches",
    "Rows",
    "VectorIndex",
    "Vectors",
    "build",
    "load",
    "on_best_device",
]
