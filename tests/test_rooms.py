"""The rooms: imports run downwards only, library code imports relatively, and heavy libraries have one owner."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each room, and the others that it may import.
ROOMS: dict[str, set[str]] = {
    "index": set(),
    "plugin": {"index"},
    "finetune": {"index", "plugin"},
    "demo": {"plugin"},
}
# Run by their path, so they are no part of the package while they run: they say `shelfwise.…`.
SCRIPTS = {"finetune/train.py", "demo/app.py"}
# Whatever imports one of these at module level makes everybody wait for it, or need it.
OWNERS: dict[str, tuple[str, ...]] = {
    "torch": ("index/device.py", "index/encoders/*", "finetune/losses.py", "finetune/training.py"),
    "sentence_transformers": (
        "index/encoders/*",
        "finetune/losses.py",
        "finetune/training.py",
        "finetune/held_out.py",
        "finetune/reading.py",
    ),
    "transformers": ("index/encoders/*", "finetune/training.py", "finetune/reading.py"),
    "faiss": ("index/vectors/*", "index/device.py"),
    "gradio": ("demo/*",),
}


@dataclass(frozen=True)
class Import:
    """One imported name, as written: `level` counts the leading dots."""

    file: Path
    line: int
    level: int
    module: str
    names: tuple[str, ...]
    at_module_level: bool

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(ROOT).as_posix()}:{self.line}"

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def rooms(self) -> set[str]:
        """The rooms it reaches into, for a relative as for an absolute import."""
        if self.level == 0:
            parts = self.module.split(".")
            if parts[0] != "shelfwise":
                return set()
            return {parts[1]} if len(parts) > 1 else set(self.names)
        package = self.file.relative_to(ROOT).parts[:-1]
        base = ("shelfwise", *package)
        base = base[: len(base) - (self.level - 1)]
        target = (*base, *filter(None, self.module.split(".")))
        return {target[1]} if len(target) > 1 else set(self.names)


def python_files(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports_in(file: Path) -> Iterator[Import]:
    yield from _imports(file, ast.parse(file.read_text("utf-8")), at_module_level=True)


def _imports(file: Path, node: ast.AST, *, at_module_level: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, 0, alias.name, (), at_module_level)
        elif isinstance(child, ast.ImportFrom):
            names = tuple(alias.name for alias in child.names)
            yield Import(file, child.lineno, child.level, child.module or "", names, at_module_level)
        else:
            later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            later = later or (isinstance(child, ast.If) and is_type_checking(child.test))
            yield from _imports(file, child, at_module_level=at_module_level and not later)


def room_imports() -> list[tuple[str, Import]]:
    return [(room, found) for room in ROOMS for file in python_files(room) for found in imports_in(file)]


def test_every_room_exists() -> None:
    assert [room for room in ROOMS if not (ROOT / room).is_dir()] == []


def test_imports_between_the_rooms_run_downwards() -> None:
    upwards = [
        f"{found.where} imports {other}: {room}/ may import {sorted(allowed) or 'no other room'}"
        for room, found in room_imports()
        for allowed in [ROOMS[room]]
        for other in found.rooms() & set(ROOMS) - {room} - allowed
    ]
    assert upwards == []


def test_library_code_imports_relatively() -> None:
    absolute = [
        f"{found.where}: write `from ..{found.module.partition('.')[2]} import …`"
        for _, found in room_imports()
        if found.level == 0 and found.top == "shelfwise" and found.file.relative_to(ROOT).as_posix() not in SCRIPTS
    ]
    assert absolute == []


def test_nothing_imports_a_room_by_its_bare_name() -> None:
    """It would work where the repository is on the path, and make a second copy of every class."""
    folders = [*ROOMS, "tests", "benchmarks", "examples", "tools"]
    bare = [
        f"{found.where}: write shelfwise.{found.module}"
        for folder in folders
        for file in python_files(folder)
        for found in imports_in(file)
        if found.level == 0 and found.top in ROOMS
    ]
    assert bare == []


@pytest.mark.parametrize("library", OWNERS)
def test_a_heavy_library_is_imported_by_its_owner_alone(library: str) -> None:
    strangers = [
        f"{found.where} imports {library} at module level: import it inside the function, or in {OWNERS[library]}"
        for _, found in room_imports()
        if found.level == 0 and found.top == library and found.at_module_level
        if not any(fnmatch(found.file.relative_to(ROOT).as_posix(), pattern) for pattern in OWNERS[library])
    ]
    assert strangers == []


def test_no_file_hides_a_library_from_a_script_beside_it() -> None:
    """`python finetune/train.py` puts finetune/ first on the path: a datasets.py there would hide the library."""
    libraries = {"accelerate", "datasets", "evaluate", "faiss", "gradio", "tokenizers", "torch", "transformers"}
    hiding = [
        path.relative_to(ROOT).as_posix()
        for script in SCRIPTS
        for path in (ROOT / script).parent.iterdir()
        if path.stem in libraries
    ]
    assert hiding == []


def test_a_relative_import_is_followed_to_its_room() -> None:
    file = ROOT / "plugin" / "sources" / "lexical.py"

    def rooms(level: int, module: str, *names: str) -> set[str]:
        return Import(file, 1, level, module, names, True).rooms()

    assert rooms(1, "dense") == {"plugin"}
    assert rooms(2, "shop") == {"plugin"}
    assert rooms(3, "index.words") == {"index"}
    assert rooms(3, "", "index", "demo") == {"index", "demo"}
    assert rooms(0, "shelfwise.demo") == {"demo"}
    assert rooms(0, "numpy") == set()
