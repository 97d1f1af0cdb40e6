"""Routes of plugins in the web application of the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gradio")

# In a process of its own: a server leaves its event loop to the end of the process.
SERVES = """
import sys, urllib.request
from shelfwise.demo.server import Server
from shelfwise.plugin import Product, Shop, hookimpl

class Health:
    name = "health"

    @hookimpl
    def register_routes(self, api):
        @api.get("/health")
        def health():
            return {"status": "ok"}

class Broken:
    name = "broken"

    @hookimpl
    def register_routes(self, api):
        raise ValueError("no routes today")

with Shop.open(sys.argv[1], encoder="hashing", plugins=[Health(), Broken()]) as shop:
    shop.upsert(Product("1", "Mug", price=3))
    with Server(shop, port=7930) as server, urllib.request.urlopen(server.url + "health", timeout=30) as answer:
        print(answer.read().decode())
"""


@pytest.mark.slow
def test_a_plugin_adds_routes_and_one_that_fails_is_left_out(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVES, tmp_path / "shop"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout.strip() == '{"status":"ok"}', done.stderr
    assert "Plugin broken is left out: it fails with ValueError: no routes today" in done.stderr
