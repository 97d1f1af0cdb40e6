"""Rules as a text file."""

from __future__ import annotations

import pytest
from shelfwise.plugin import RequestError
from shelfwise.plugin.rules.text_file import rules_from_text


def test_lists_in_lists_without_end_are_a_sentence() -> None:
    with pytest.raises(RequestError) as caught:
        rules_from_text("a = " + "[" * 15_000)

    assert str(caught.value) == "rules: wanted TOML as `--export` writes it, got lists that are nested too deep"
