"""`shelfwise train`: the same as `python finetune/train.py`."""

from __future__ import annotations

import importlib.util

import typer

NEEDED = ("accelerate", "datasets", "sentence_transformers", "ir_measures", "matplotlib")


def train(context: typer.Context) -> None:
    """Train the encoder on the shop's own data, and publish it only when it wins; --help names all that can be set."""
    if missing := [each for each in NEEDED if importlib.util.find_spec(each) is None]:
        from ...plugin import MissingExtra

        raise MissingExtra(
            f"train: wanted the library {missing[0].replace('_', '-')}, which is not installed; "
            "pip install 'shelfwise[cpu,train]'"
        )
    from ..knobs import from_command_line

    knobs = from_command_line(context.args, "shelfwise train")
    from ..train import run

    raise typer.Exit(run(knobs))
