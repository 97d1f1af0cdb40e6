"""Kill -9 at each step of each operation, and at random moments of a mixed load.

python tests/long/kills.py --kills 500 --seed 1

After each kill the store is opened and compared with what was acknowledged: nothing of it is missing, nothing half
written is visible, truth and view agree, the check finds nothing, and after one maintenance nothing is left over.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from claims import MEMORY, Run
from forked import Forked, Says, call
from load import ENCODERS, State, Writer, keep, possible
from operations import OPERATIONS, Operation, copy, start, to_format_1
from shelfwise.index import Store
from shelfwise.index.store.dumping import dump_store
from steps import Steps
from whole import archive_problems, encoder_and_format, look_at

SHOWN = 5  # problems of one kill
LETTERS = "ab"
OPENING = 0.1  # of the kills may come while the store is opened
LIVES = {1: 3, 2: 12}  # kills of one store by its format; then one of the other format is made


# ---- at each step ------------------------------------------------------------------------------------------------


def at_steps(run: Run, scratch: Path, stride: int, seed: int, only: str | None) -> None:
    """Kills each operation at every step, or at every so many of them."""
    rows, failed = [], 0
    for place, operation in enumerate(OPERATIONS):
        if only not in (None, operation.name):
            continue
        template = scratch / f"template{place}"
        call(partial(_prepare, operation, template))
        names: list[str] = call(partial(_steps_of, operation, template, scratch / "tried"))
        chosen = range((seed + place) % min(stride, len(names)), len(names), stride)
        for at in chosen:
            wrong = _killed_at(operation, template, scratch / "killed", at)
            failed += bool(wrong)
            for each in wrong[:SHOWN]:
                run.says(f"{operation.name}, killed at step {at} ({names[at]}): {each}")
        kinds = Counter(name.split()[0] for name in names)
        rows.append([operation.name, len(names), len(chosen), ", ".join(f"{n} {kind}" for kind, n in kinds.items())])
    run.table("Killed at each step", ("operation", "steps", "kills", "of these kinds"), rows)
    kills = sum(int(row[2]) for row in rows)
    run.claim(f"{kills} kills at named steps of {len(rows)} operations left a whole store", not failed, f"{failed} not")


def _prepare(operation: Operation, template: Path) -> None:
    archives = template / "archives"
    archives.mkdir(parents=True)
    if operation.format:
        start(template / "store", operation.format)
    operation.prepare(template / "store", archives)


def _steps_of(operation: Operation, template: Path, folder: Path) -> list[str]:
    copy(template, folder)
    steps = Steps()
    operation.do(folder / "store", folder / "archives")
    names = [*steps.names, "end"]
    shutil.rmtree(folder)
    return names


def _killed_at(operation: Operation, template: Path, folder: Path, at: int) -> list[str]:
    copy(template, folder)
    store, archives = folder / "store", folder / "archives"

    def work(says: Says) -> None:
        steps = Steps(at)
        operation.do(store, archives)
        says("done")
        steps.reached("end")

    child = Forked(work)
    child.ends(60)
    said = child.kill()
    if [line for line in said if line != "done"]:
        return said
    states = operation.states[-1:] if said else operation.states
    try:
        wrong: list[str] = call(partial(_after_a_step, operation, store, archives, states, bool(said)))
    except RuntimeError as error:
        wrong = [str(error)]
    shutil.rmtree(folder)
    return wrong


def _after_a_step(operation: Operation, store: Path, archives: Path, states: Sequence[State], done: bool) -> list[str]:
    made = archives / operation.makes
    if operation.makes and done and not made.exists():
        return [f"{operation.makes} was acknowledged and is not there"]
    if operation.name == "restore":
        if not Store.exists(made) or _is_empty(made):
            operation.do(store, archives)
        wrong = _looked(made, {"k": states})
    else:
        wrong = _looked(store, {"k": states}, create=operation.format == 0)
        if operation.makes and not made.exists():
            operation.do(store, archives)
        if operation.makes:
            wrong += archive_problems(made, {"k": states}, archives / "looked")
    left = {path.name for path in archives.iterdir()} - {"a.zip", "restored"}
    return wrong + [f"left over: {name}" for name in sorted(left)]


def _is_empty(path: Path) -> bool:
    try:
        Store.open(path, create=False, maintain=False).close()
    except Exception:
        return True
    return False


def _looked(store: Path, allowed: dict[str, Sequence[State]], create: bool = False) -> list[str]:
    if create:
        Store.open(store, maintain=False).close()
    wrong = look_at(store, allowed, lambda _: [])["wrong"]
    assert isinstance(wrong, list)
    return wrong


# ---- at random moments -------------------------------------------------------------------------------------------


class Life:
    """One store, and what is known of it between kills."""

    def __init__(self, folder: Path, format_: int) -> None:
        self.path, self.dumps = folder / "store", folder / "dumps"
        self.scratch = folder
        self.dumps.mkdir(parents=True)
        self.states: dict[str, State] = {letter: {} for letter in LETTERS}
        self.encoders = {"", ENCODERS[0]}
        self.format = format_
        call(self._make)

    def _make(self) -> None:
        Store.open(self.path, encoder=ENCODERS[0], maintain=False).close()
        if self.format == 1:
            to_format_1(self.path)

    def killed(self, seed: object, chance: random.Random, longest: float) -> tuple[list[str], Counter[str]]:
        """Starts the load, kills it at a random moment; what is wrong then, and what was under way."""
        writers = {letter: Writer(letter, seed, self.scratch) for letter in LETTERS}
        children = {
            letter: Forked(partial(writer.work, self.path, self.states[letter])) for letter, writer in writers.items()
        }
        children["keeper"] = Forked(partial(keep, self.path, self.dumps, seed))
        if chance.random() > OPENING:
            for child in children.values():
                child.until(bool)
        time.sleep(chance.random() * longest)
        said = {}
        # One dies first, and the others may go on for a moment.
        for name in chance.sample(sorted(children), len(children)):
            said[name] = children[name].kill()
            time.sleep(chance.choice((0, 0, chance.random() * longest / 10)))
        under_way: Counter[str] = Counter()
        allowed: dict[str, Sequence[State]] = {}
        way: dict[str, Sequence[State]] = {}
        for letter in LETTERS:
            again = Writer(letter, seed, self.scratch).actions(self.states[letter])
            done = len(said[letter]) - 1
            allowed[letter], name, way[letter] = possible([self.states[letter]], again, max(done, 0))
            under_way[name if done >= 0 else "opening"] += 1
        failures = [line for lines in said.values() for line in lines if line.startswith("failed ")]
        under_way[self._listen(said["keeper"])] += 1
        try:
            seen: dict[str, Any] = call(partial(self._look, allowed, way, said["keeper"]))
        except RuntimeError as error:
            return [*failures, str(error)], under_way
        self.states = {letter: allowed[letter][at] for letter, at in seen["states"].items()}
        return failures + seen["wrong"], under_way

    def _listen(self, lines: Sequence[str]) -> str:
        """Takes over what the keeper did; what it was doing."""
        doing = "opening"
        for line in lines:
            words = line.split()
            if words[0] == "begins":
                doing = " ".join(words[1:])
                if doing in ("publish", "rollback"):
                    self.encoders = set(ENCODERS)
            elif words[0] == "did":
                if doing == "upgrade":
                    self.format = 2
                if doing in ("publish", "rollback"):
                    self.encoders = {words[-1]}
                doing = "between two calls"
        return doing

    def _look(
        self, allowed: dict[str, Sequence[State]], way: dict[str, Sequence[State]], said: Sequence[str]
    ) -> dict[str, object]:
        seen = look_at(self.path, allowed, encoder_and_format(self.encoders, self.format))
        wrong = seen["wrong"]
        assert isinstance(wrong, list)
        dumped = {line.split()[-1] for line in said if line.startswith("did dump ")}
        wrong += [f"{name} was acknowledged and is not there" for name in dumped if not Path(name).exists()]
        for archive in self.dumps.glob("*.zip"):  # also one that was not acknowledged: it is whole or not there
            wrong += archive_problems(archive, way, self.scratch / "restored")
            archive.unlink()
        if any(self.dumps.iterdir()):
            dump_store(self.path, self.dumps / "next.zip")
            (self.dumps / "next.zip").unlink()
        wrong += [f"left over: {path.name}" for path in self.dumps.iterdir()]
        return seen


def at_random(run: Run, scratch: Path, kills: int, seed: int, longest: float) -> None:
    """Kills a mixed load at so many random moments."""
    under_way: Counter[str] = Counter()
    failed = 0
    began = time.monotonic()
    format_, left = 2, 0
    for number in range(kills):
        if not left:
            format_ = 3 - format_
            life, left = Life(scratch / f"life{number}", format_), LIVES[format_]
        left -= 1
        chance = random.Random(f"{seed} {number}")
        wrong, then = life.killed(f"{seed} {number}", chance, longest)
        under_way += then
        failed += bool(wrong)
        for each in wrong[:SHOWN]:
            run.says(f"kill {number}, under way {dict(then)}: {each}")
        if number % 100 == 99:
            run.says(f"{number + 1} kills, {(number + 1) / (time.monotonic() - began):.1f} a second")
    run.table(
        "Under way when they were killed (three processes each time)",
        ("call", "processes"),
        sorted(under_way.items(), key=lambda each: -each[1]),
    )
    run.claim(f"{kills} kills at random moments of a mixed load left a whole store", not failed, f"{failed} not")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=500, help="at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stride", type=int, default=1, help="kill at every so many steps; 0: at none")
    parser.add_argument("--only", choices=[each.name for each in OPERATIONS], help="of those that are killed at steps")
    parser.add_argument("--longest", type=float, default=0.15, help="seconds of load before a kill")
    return parser.parse_args(arguments)


def main() -> int:
    """Kills, prints, and says whether all was well."""
    options = parse()
    run = Run("Kills")
    with tempfile.TemporaryDirectory(prefix="shelfwise-kills-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        if options.stride:
            at_steps(run, Path(folder), options.stride, options.seed, options.only)
        if options.kills:
            at_random(run, Path(folder), options.kills, options.seed, options.longest)
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
