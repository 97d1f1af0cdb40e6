"""Small feeds made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index.feeds import Feed, read_feed


@pytest.fixture
def feed(tmp_path: Path) -> Callable[..., Feed]:
    """`feed(content, name="feed.csv", **options)` writes the content (text as UTF-8) and opens it."""

    def made(content: str | bytes, name: str = "feed.csv", **options: Any) -> Feed:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_feed(path, **options)

    return made
