"""The example of a plugin package, installed as anybody would install it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "margin_plugin"
ASK = """
import sys
from shelfwise.plugin import Product, Shop
with Shop.open(sys.argv[1], encoder="hashing") as shop:
    shop.upsert([Product(key, "Desk lamp", price=9) for key in ("a", "b", "c")])
    print(*[each.name for each in shop.plugins.active() if each.name == "margin"])
    print(*shop.search("lamp").ids)
"""


@pytest.mark.slow
@pytest.mark.parametrize("best", ["a", "b", "c"])
def test_an_installed_plugin_puts_the_better_margin_first(best: str, site: Path, tmp_path: Path) -> None:
    (tmp_path / "margins.json").write_text(json.dumps({best: 0.9}))
    done = subprocess.run(
        [sys.executable, "-c", ASK, tmp_path / "store"],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)]),
            "SHELFWISE_MARGINS": str(tmp_path / "margins.json"),
        },
    )
    assert done.returncode == 0, done.stderr
    plugin, ids = done.stdout.splitlines()
    assert plugin == "margin" and ids.split()[0] == best


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed the example, from a copy: building leaves files behind."""
    folder = tmp_path_factory.mktemp("margin")
    shutil.copytree(EXAMPLE, folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, "--target", folder / "site", folder / "source"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"
