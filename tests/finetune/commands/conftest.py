"""The command line, and two stores of which the second one answers better."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from shelfwise.plugin import Product, Shop
from shelfwise.plugin.commands import build_cli
from typer.testing import CliRunner

COLOURS = "red green blue white black grey brown pink gold amber teal navy".split()
THINGS = "lamp table chair shelf mirror rug vase clock basket bench".split()


@pytest.fixture
def run() -> Callable[..., tuple[int, str, str]]:
    """`run("gate", store, …)` in this process: how it ended, and what it printed on stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        found = CliRunner().invoke(build_cli(), [str(each) for each in arguments], catch_exceptions=False)
        return found.exit_code, found.stdout, found.stderr

    return call


def product(at: int) -> tuple[str, str]:
    return f"p{at}", f"{COLOURS[at % 12]} {THINGS[at // 12]}"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A hundred and twenty products of clear names."""
    with Shop.open(tmp_path / "store", encoder="hashing", durable=False) as shop:
        shop.upsert(Product(*product(at)) for at in range(120))
    return tmp_path / "store"


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    """The same products, but half of them bear the name of another."""
    with Shop.open(tmp_path / "spoiled", encoder="hashing", durable=False) as shop:
        shop.upsert(Product(f"p{at}", product((at * 7 + 5) % 120 if at % 2 else at)[1]) for at in range(120))
    return tmp_path / "spoiled"


@pytest.fixture
def judgements(tmp_path: Path) -> Path:
    """For each product's name that product, and its neighbour as a bad answer."""
    rows = [f"{product(at)[1]},p{at},3\n{product(at)[1]},p{(at + 1) % 120},1\n" for at in range(120)]
    path = tmp_path / "judged.csv"
    path.write_text("query,product_id,grade\n" + "".join(rows))
    return path
