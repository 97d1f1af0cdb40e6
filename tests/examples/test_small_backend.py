"""The example of a host, installed as anybody would install it, and asked as a browser would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "small_backend"
ASK = """
import shelfwise_small_backend as backend
from fastapi.testclient import TestClient

with TestClient(backend.app) as shop:
    print("found", [hit["id"] for hit in shop.get("/search", params={"q": "wool scarf"}).json()["hits"]][0])
    print("category", sorted(hit["id"] for hit in shop.get("/search", params={"category": "Clothes"}).json()["hits"]))
    print("product", shop.get("/products/p1", params={"session": "s1"}).json()["title"], backend.tables.seen)
    print("left", shop.post("/purchases/p1").json()["left"])
    print("sold out", [hit["id"] for hit in shop.get("/search", params={"category": "Clothes"}).json()["hits"]])
    print("unknown", shop.get("/products/nothing").status_code, shop.get("/search", params={"after": "x"}).status_code)
"""


@pytest.mark.slow
def test_a_small_backend_answers_and_hides_what_sold_out(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    installed = subprocess.run(
        [*command, "--target", tmp_path / "site", tmp_path / "source"], capture_output=True, text=True, timeout=120
    )
    assert installed.returncode == 0, installed.stderr
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *filter(None, sys.path)]),
            "SHOP_STORE": str(tmp_path / "store"),
            "SHOP_ENCODER": "hashing",
        },
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "found p1",
        "category ['p1', 'p3']",
        "product Wool scarf {'s1': ['p1']}",
        "left 0",
        "sold out ['p3']",
        "unknown 404 400",
    ]
