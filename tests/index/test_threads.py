from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from shelfwise.index import RequestError, set_threads

CODE = """
import json, os, sys
import faiss
from shelfwise.index import bulk_threads, set_threads
from shelfwise.index.threads import answer_threads
count = json.loads(sys.argv[1])
set_threads(count)
said = [answer_threads()]
class Torch:
    count = 0
    set_num_threads = staticmethod(lambda n: setattr(Torch, "count", n))
    get_num_threads = staticmethod(lambda: Torch.count)
sys.modules["torch"] = Torch
with bulk_threads():
    said.append(Torch.count)
said.append(Torch.count)
pid = os.fork()
if not pid:
    set_threads(8)
    os._exit(answer_threads())
said.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(json.dumps(said))
"""


def counts(count: int | None, environment: str | None) -> list[int]:
    """Threads for answers, torch's in bulk work (0: as they were) and behind it, and those of a forked child."""
    others = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    env = {
        **others,
        **({"OMP_NUM_THREADS": environment} if environment else {}),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run([sys.executable, "-c", CODE, json.dumps(count)], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_an_answer_takes_one_thread_and_bulk_work_all() -> None:
    cores = os.cpu_count() or 1
    assert counts(None, None) == [1, cores if cores > 1 else 0, 1 if cores > 1 else 0, 1]


@pytest.mark.parametrize(("count", "environment"), [(3, None), (3, "2"), (None, "3")])
def test_a_number_that_is_set_holds_for_both_but_never_in_a_forked_child(
    count: int | None, environment: str | None
) -> None:
    assert counts(count, environment) == [3, 0, 0, 1]


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "two"])
def test_another_number_is_a_sentence(count: object) -> None:
    with pytest.raises(RequestError) as raised:
        set_threads(count)  # type: ignore[arg-type]
    assert str(raised.value) == f"threads: wanted a whole number of 1 or more, got {count!r}"
