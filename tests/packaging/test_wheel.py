"""The wheel holds everything: built, installed into an environment without our editable install, imported and read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("index", "plugin", "finetune", "demo")

OUR_FAULT = ("No module named 'shelfwise", "cannot import name")

# Runs in the fresh environment. Modules of extras that are not installed here are reported, not imported.
WALK = """
import importlib, json, pkgutil, sys
from importlib.resources import files

assert not any("editable" in type(f).__module__ + getattr(f, "__module__", "") for f in sys.meta_path), sys.meta_path
report = {"modules": {}, "missing": {}, "bytes": {}}
for room in json.loads(sys.argv[1]):
    package = importlib.import_module(f"shelfwise.{room}")
    report["modules"][package.__name__] = str(package.__file__)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name.endswith(".__main__"):
            continue
        try:
            report["modules"][module.name] = str(importlib.import_module(module.name).__file__)
        except ImportError as error:
            report["missing"][module.name] = str(error)

def read(name, folder):
    for entry in folder.iterdir():
        if entry.is_dir():
            read(f"{name}/{entry.name}", entry)
        elif not entry.name.endswith((".py", ".pyc")):
            report["bytes"][f"{name}/{entry.name}"] = len(entry.read_bytes())

for room in json.loads(sys.argv[1]):
    read(room, files(f"shelfwise.{room}"))
print(json.dumps(report))
"""


def call(*command: object, cwd: Path) -> str:
    """The command's output; its errors are shown when it fails."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[:6]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the build reads, copied: setuptools leaves build/ behind, whose old files slip into wheels."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index")
    call(*pip, "-w", folder, source, cwd=folder)
    (built,) = folder.glob("shelfwise-*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; beside it only the running environment's dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    call(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    call(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder)
    # As plain paths: the .pth files that lie there, our editable finder's among them, are not followed.
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text("".join(f"{path}\n" for path in sorted(paths)))
    return folder


def test_the_wheel_holds_nothing_but_our_packages_and_its_own_record(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"shelfwise"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.slow
def test_every_module_is_imported_and_every_data_file_is_read_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    report = json.loads(call(environment / "bin" / "python", "-c", WALK, json.dumps(ROOMS), cwd=tmp_path))

    elsewhere = {name: file for name, file in report["modules"].items() if not Path(file).is_relative_to(environment)}
    assert elsewhere == {}

    in_repository = {
        ".".join(("shelfwise", *(parts[:-1] if parts[-1] == "__init__" else parts)))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for parts in [path.relative_to(ROOT).with_suffix("").parts]
        if parts[-1] != "__main__"
    }
    assert in_repository - set(report["modules"]) - set(report["missing"]) == set()
    # Missing extras (torch on a Python without it) are the only reason for a module not to import.
    ours = {name: error for name, error in report["missing"].items() if any(sign in error for sign in OUR_FAULT)}
    assert ours == {}

    data = {
        path.relative_to(ROOT).as_posix(): path.stat().st_size
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and not path.name.startswith(".")
    }
    assert report["bytes"] == data


@pytest.mark.slow
def test_the_command_line_runs_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    shown = call(environment / "bin" / "shelfwise", "--help", cwd=tmp_path)
    assert "search" in shown and "import" in shown
