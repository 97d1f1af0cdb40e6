"""Every file in examples/ runs as a reader would run it, and says what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def said(name: str) -> list[str]:
    done = subprocess.run([sys.executable, EXAMPLES / name], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_django_hands_over_what_was_committed_and_nothing_else() -> None:
    pytest.importorskip("django")
    assert said("django_on_commit.py") == [
        "before the commit: []",
        "after the commit:  ['1']",
        "rolled back:       ['1']",
        "deleted:           []",
    ]
