"""What the hook layer costs: the same requests without plugins and with ten that do nothing, in turns.

Processor time of the thread that asks: the layer waits for nothing, and other programs must not be counted.

python benchmarks/hooks.py --products 2000 --json OUT
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

from machine import console, facts, in_a_line
from shelfwise.plugin import Product, Request, Shop, hookimpl

PLUGINS = 10
ALLOWED = 0.3  # ms a request


class Idle:
    """Takes every hook of a request, and does nothing."""

    def __init__(self, number: int) -> None:
        self.name = f"idle{number}"

    @hookimpl
    def prepare_query(self, request: Any) -> None:
        """Nothing."""

    @hookimpl
    def mandatory_filters(self, shop: Any, request: Any) -> None:
        """Nothing."""

    @hookimpl
    def user_history(self, shop: Any, request: Any) -> None:
        """Nothing."""

    @hookimpl
    def live_offers(self, shop: Any, request: Any, product_ids: Any) -> None:
        """Nothing."""

    @hookimpl
    def on_results(self, shop: Any, request: Any, results: Any) -> None:
        """Nothing."""


def measured(products: int, requests: int, blocks: int, folder: Path) -> dict[str, object]:
    """Medians of each block, in ms a request, without plugins and with; they take turns request by request."""
    with Shop.open(folder, encoder="hashing") as bare:
        bare.upsert(Product(str(at), f"Desk lamp model {at}", price=at % 90 + 1, stock=3) for at in range(products))
    plugins = [Idle(number) for number in range(PLUGINS)]
    blocks_made: list[tuple[float, float, float]] = []
    with (
        Shop.open(folder, encoder="hashing", maintain=False) as bare,
        Shop.open(folder, encoder="hashing", plugins=plugins, maintain=False) as full,
    ):
        for block in range(-1, blocks):
            took: dict[bool, list[float]] = {False: [], True: []}
            for at in range(requests):
                request = Request(f"lamp {at % 97}", user_id="ann")
                for with_plugins in (bool(at % 2), not at % 2):
                    shop = full if with_plugins else bare
                    began = thread_time()
                    shop.answer(request)
                    took[with_plugins].append((thread_time() - began) * 1_000)
            if block >= 0:  # the first warms up
                paired = [after - before for before, after in zip(took[False], took[True], strict=True)]
                blocks_made.append((median(took[False]), median(took[True]), median(paired)))
        assert not full.search("lamp", user_id="ann").degraded  # noqa: S101 - a figure of a degraded answer is none
    more = [each for _, _, each in blocks_made]
    return {
        "without_ms": median(before for before, _, _ in blocks_made),
        "with_ms": median(after for _, after, _ in blocks_made),
        "overhead_ms": median(more),
        "overhead_spread_ms": [min(more), max(more)],
        "ratio": median(1 + each / before for before, _, each in blocks_made),
        "products": products,
        "requests": requests * blocks,
        "plugins": PLUGINS,
        **facts(),
    }


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--products", type=int, default=2_000)
    parser.add_argument("--requests", type=int, default=200, help="in a block")
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where the figures are written")
    return parser.parse_args(arguments)


def main() -> int:
    """Measures, prints, and fails where the layer costs more than it may."""
    options = parse()
    with tempfile.TemporaryDirectory(prefix="shelfwise-") as scratch:
        made = measured(options.products, options.requests, options.blocks, Path(scratch) / "store")
    if options.json:
        options.json.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    low, high = made["overhead_spread_ms"]  # type: ignore[misc]
    screen = console()
    screen.print(
        f"{made['without_ms']:.3f} ms a request without plugins, {made['with_ms']:.3f} ms with {PLUGINS} idle ones: "
        f"{made['overhead_ms']:.3f} ms more ({low:.3f} to {high:.3f}), ratio {made['ratio']:.3f}",
        highlight=False,
    )
    screen.print(in_a_line(made), style="dim")
    return 0 if float(str(made["overhead_ms"])) < ALLOWED else 1


if __name__ == "__main__":
    raise SystemExit(main())
