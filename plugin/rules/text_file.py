"""Rules as a text file that reads well in a review: TOML, one table a rule, in the order of their ids."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ...index import RequestError
from .rule import Rule

HEAD = "# Rules of merchandising; `shelfwise rules STORE --import FILE` reads them.\n"


def rules_to_text(rules: Iterable[Rule]) -> str:
    """The text that says these rules, and that `rules_from_text` reads back as equal ones."""
    parts = [HEAD]
    for rule in sorted(rules, key=lambda each: each.id):
        values = rule.to_dict()
        parts.append("\n[[rule]]\n" + "".join(f"{name} = {_written(name, value)}\n" for name, value in values.items()))
    return "".join(parts)


def rules_from_text(text: str) -> list[Rule]:
    """The rules of a text; raises `RequestError`."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RequestError(f"rules: wanted TOML as `--export` writes it, got something else ({error})") from None
    except RecursionError:
        raise RequestError("rules: wanted TOML as `--export` writes it, got lists that are nested too deep") from None
    if unknown := [name for name in read if name != "rule"]:
        raise RequestError(f"rules: wanted tables [[rule]], got {unknown[0]!r:.80}")
    given = read.get("rule", [])
    if not isinstance(given, list):
        raise RequestError("rules: wanted tables [[rule]], got one [rule]; double the brackets")
    made = [Rule.from_dict(each) for each in given]
    ids = [rule.id for rule in made]
    if twice := next((each for each in ids if ids.count(each) > 1), None) if len(set(ids)) < len(ids) else None:
        raise RequestError(f"rule {twice!r}: wanted each id once, got it {ids.count(twice)} times; rename one")
    return made


def _written(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_quoted(each) for each in value)}]"
    if isinstance(value, str):
        # A date stands without quotes.
        return datetime.fromisoformat(value).isoformat() if name in ("start", "end", "created") else _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
