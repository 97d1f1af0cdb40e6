"""What pyproject.toml lists is what lies on disk: an unlisted folder works here and is missing from the wheel."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("index", "plugin", "finetune", "demo")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]


def folders_on_disk() -> dict[str, str]:
    """Package name → folder, for every folder that holds an `__init__.py`."""
    found = (init.parent.relative_to(ROOT) for room in ROOMS for init in (ROOT / room).rglob("__init__.py"))
    return {".".join(("shelfwise", *folder.parts)): folder.as_posix() for folder in found}


def test_every_folder_with_an_init_is_a_listed_package() -> None:
    on_disk = folders_on_disk()
    missing = [
        f'add "{name}" to packages and "{name}" = "{folder}" to package-dir in pyproject.toml'
        for name, folder in sorted(on_disk.items())
        if name not in SETUPTOOLS["packages"] or SETUPTOOLS["package-dir"].get(name) != folder
    ]
    assert missing == []


def test_every_listed_package_lies_on_disk() -> None:
    on_disk = folders_on_disk()
    listed = {*SETUPTOOLS["packages"], *SETUPTOOLS["package-dir"]}
    gone = [f"take {name} out of pyproject.toml, or give it an __init__.py" for name in sorted(listed - set(on_disk))]
    assert gone == []


def test_no_python_file_lies_in_a_folder_without_init() -> None:
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    bare = [folder.relative_to(ROOT).as_posix() for folder in folders if not (folder / "__init__.py").exists()]
    assert bare == [], f"give them an __init__.py: {bare}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_that_it_is_typed_and_is_linked_for_the_type_checker(room: str) -> None:
    assert (ROOT / room / "py.typed").is_file()
    link = ROOT / ".typing" / "shelfwise" / room
    assert link.is_symlink() and link.resolve() == ROOT / room


def test_every_data_file_has_a_pattern_that_packs_it() -> None:
    """A file beside the code that no pattern names would be missing from the wheel."""
    packed = {
        path
        for name, patterns in SETUPTOOLS["package-data"].items()
        for folder in ([ROOT / SETUPTOOLS["package-dir"][name]] if name != "*" else [ROOT / room for room in ROOMS])
        for pattern in patterns
        for path in folder.glob(pattern)
    }
    data = {
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and not path.name.startswith(".")
    }
    forgotten = sorted(path.relative_to(ROOT).as_posix() for path in data - packed)
    assert forgotten == [], f"add a pattern to package-data in pyproject.toml for {forgotten}"


def test_the_constraints_pin_each_requirement_of_the_default_install() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = {line.partition("==")[0].lower().replace("_", "-") for line in lines if line and not line.startswith("#")}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(line for name in ("cpu", "demo", "dev", "zh") for line in extras[name]),
    ]
    names = {line.partition(">=")[0].lower().replace("_", "-") for line in wanted if not line.startswith("shelfwise")}
    assert names - pins == set()


def test_every_constraint_is_an_exact_version_without_a_build_tag() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if "==" not in line or "+" in line] == []


def test_the_registry_shows_the_readme() -> None:
    if (ROOT / "README.md").exists():
        assert PROJECT["project"].get("readme") == "README.md", 'add readme = "README.md" to [project]'
