"""Reads the sample shop's files, wherever the package is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


def products() -> Iterator[dict[str, Any]]:
    """Every product as `Product.from_dict` takes it, department by department in the order of their names."""
    folder = _folder() / "products"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".jsonl"):
            yield from _lines(file)


def attribute_labels() -> dict[str, dict[str, str]]:
    """What each attribute and option is called: key → locale → label."""
    labels: dict[str, dict[str, str]] = json.loads((_folder() / "attributes.json").read_text("utf-8"))
    return labels


def rules_text() -> str:
    """The shop's rules of merchandising, as the file that `shelfwise rules --import` reads."""
    return (_folder() / "rules.toml").read_text("utf-8")


def personas() -> list[dict[str, Any]]:
    """The kinds of people that shop here; their shares sum to 1."""
    stated: dict[str, list[dict[str, Any]]] = json.loads((_folder() / "personas.json").read_text("utf-8"))
    return stated["personas"]


def shoppers() -> Iterator[dict[str, Any]]:
    """Made-up shoppers with `user_id`, `persona` and their `events`, oldest first."""
    yield from _lines(_folder() / "shoppers.jsonl")


def _folder() -> Traversable:
    return files(__package__)


def _lines(file: Traversable) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
