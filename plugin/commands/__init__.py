"""The command line: `shelfwise VERB STORE …`, for people and with `--json` for programs."""

from .command_line import build_cli, main

__all__ = ["build_cli", "main"]
