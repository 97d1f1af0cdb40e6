"""Training and publishing, killed with SIGKILL at moments by chance, again and again.

python tests/long/training.py --kills 10

After each kill the shop must answer: with the old model, or with the new one if the kill came after the switch, and
never with half of either. Started again in the same way the run goes on, and what it learns in the end is what a run
learns that nobody killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from claims import Run
from shelfwise.plugin import Shop, read_feed

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "finetune"))

from tiny import make_tiny_model, write_catalogue  # noqa: E402

QUERY, WANTED = "small purple couch", "sofa-violet-small"  # no product says "purple" or "couch"
LONGEST = 600.0  # seconds of a run on a busy machine


def command(store: Path, judgements: Path, out: Path) -> list[str]:
    """One run, of a few seconds once Python has loaded its libraries."""
    made = [sys.executable, str(ROOT / "finetune" / "train.py"), "--store", str(store), "--judgements", str(judgements)]
    return [
        *made,
        "--out",
        str(out),
        "--epochs",
        "60",
        "--batch-size",
        "16",
        "--learning-rate",
        "5e-3",
        "--held-out",
        "0.3",
    ]


def started(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """The run, in a process of its own."""
    with log.open("ab") as file:
        return subprocess.Popen(arguments, stdout=file, stderr=file, env={**os.environ, "OMP_NUM_THREADS": "1"})


def killed(
    run: Run, seed: int, kills: int, seconds: float, folder: Path, judgements: Path, log: Path
) -> tuple[Path, Path, int]:
    """Kills runs `kills` times at moments by chance; the last store and its run's folder, and how many runs it took.

    A run that comes to its end before it is killed is followed by one in another store.
    """
    chance = random.Random(seed)
    at, done = 0, 0
    while True:
        store, out = folder / f"killed-{at}", folder / f"out-{at}"
        if not store.exists():
            shutil.copytree(folder / "pristine", store)
        if done == kills:
            return store, out, at + 1
        process = started(command(store, judgements, out), log)
        try:
            process.wait(chance.uniform(0.2, 1.0) * seconds)
            at += 1
        except subprocess.TimeoutExpired:
            process.kill()
            done += 1
        process.wait()
        with Shop.open(store, maintain=False) as shop:
            found = shop.search(QUERY, k=1)
            encoder = shop.status().encoder
        whole = bool(len(found)) and not found.degraded and encoder is not None
        run.claim(f"after kill {done} the shop answers by one whole model", whole, f"{found.degraded}, {encoder}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    run = Run(f"Training, killed {options.kills} times")
    folder = Path(tempfile.mkdtemp(prefix="shelfwise-long-"))
    try:
        model = make_tiny_model(folder)
        products, judgements = write_catalogue(folder)
        with Shop.open(folder / "pristine", encoder=str(model)) as shop:
            shop.upsert(read_feed(products))
        shutil.copytree(folder / "pristine", folder / "whole")
        log = folder / "log.txt"
        begun = time.monotonic()
        code = started(command(folder / "whole", judgements, folder / "out-whole"), log).wait(LONGEST)
        seconds = time.monotonic() - begun
        run.claim("a run that nobody kills wins and publishes", code == 0, log.read_text()[-600:])
        store, out, runs = killed(run, options.seed, options.kills, seconds, folder, judgements, log)
        code = started(command(store, judgements, out), log).wait(LONGEST)
        run.claim("started once more it comes to its end", code == 0, log.read_text()[-600:])
        one, two = (json.loads((path / "metrics.json").read_text()) for path in (folder / "out-whole", out))
        figures = [each["after"]["nDCG@10"]["mean"] for each in (one, two)]
        run.claim("what was learned is as good as without kills", abs(figures[0] - figures[1]) <= 0.005, str(figures))
        with Shop.open(store, maintain=False) as shop:
            best = [hit.product.id for hit in shop.search(QUERY, k=1)]
        run.claim("the trained model serves", best == [WANTED], str(best))
        rows = [
            ("a run that nobody killed, s", f"{seconds:.1f}"),
            ("kills", options.kills),
            ("runs that they fell into", runs),
        ]
        rows += [("nDCG@10 without kills", f"{figures[0]:.4f}"), ("nDCG@10 with them", f"{figures[1]:.4f}")]
        run.table("Figures", ("", ""), rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return run.end()


if __name__ == "__main__":
    sys.exit(main())
