"""The style sheet and the script of the page, read from the files beside this one."""

from __future__ import annotations

from importlib.resources import files

LAYERS = ("layer", "versions")  # functions of the script that close what they hold


def style() -> str:
    """The style sheet."""
    return _read("page.css")


def script(function: str) -> str:
    """What Gradio runs for one component: the script, and a call of one of its functions."""
    arguments = "element, trigger, watch, props" if function in LAYERS else "element, trigger"
    return f"{_read('page.js')}\n{function}({arguments});"


def _read(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")
