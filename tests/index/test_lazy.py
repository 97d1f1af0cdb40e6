from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from shelfwise.index.lazy import cached_property

entered, leave = threading.Event(), threading.Event()


@dataclass(frozen=True)
class Square:
    side: int
    slow: bool = False

    @cached_property
    def area(self) -> list[int]:
        """Side times side."""
        if self.slow:
            entered.set()
            leave.wait(10)
        return [self.side**2]


@pytest.fixture
def computing() -> Iterator[None]:
    """Another thread is computing a property of another object of the class."""
    thread = threading.Thread(target=lambda: Square(1, slow=True).area)
    thread.start()
    assert entered.wait(10)
    yield
    leave.set()
    thread.join()


def test_it_is_computed_once_for_each_object_and_not_carried_into_a_changed_one() -> None:
    square = Square(3)
    assert square.area == [9] and square.area is square.area
    assert replace(square, side=4).area == [16]
    assert Square.area.__doc__ == "Side times side."


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # since Python 3.12
def test_a_child_that_is_forked_while_another_thread_computes_it_waits_for_nobody(computing: None) -> None:
    child = os.fork()
    if not child:
        os._exit(Square(2).area[0])
    done: list[int] = []
    waiting = threading.Thread(target=lambda: done.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
    waiting.start()
    waiting.join(10)
    if not done:
        os.kill(child, 9)
        waiting.join()
    assert done == [4]
