"""Runs the demo's command with every socket but loopback closed; an attempt ends the process with code 97.

It ends the process, and raises nothing, because a library that catches the error has tried all the same.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import traceback
from typing import Any

TRIED_TO_LEAVE = 97
HERE = {"localhost", "", None}

connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def check(host: object, *, is_name: bool) -> None:
    """Ends the process for an address or a name of another machine."""
    if host in HERE:
        return
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        if ipaddress.ip_address(text).is_loopback or (is_name and text == "0.0.0.0"):
            return
    except ValueError:
        pass
    traceback.print_stack()
    sys.stderr.write(f"tried to reach {text}\n")
    sys.stderr.flush()
    os._exit(TRIED_TO_LEAVE)


def guard(name: str, real: Any) -> None:
    """Lets a method of sockets connect to this machine alone."""

    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0], is_name=False)
        return real(self, address)

    setattr(socket.socket, name, guarded)


def guarded_look_up(host: Any, *rest: Any, **options: Any) -> Any:
    """Names are looked up by asking other machines, too."""
    check(host, is_name=True)
    return look_up(host, *rest, **options)


if __name__ == "__main__":
    guard("connect", connect)
    guard("connect_ex", connect_ex)
    socket.getaddrinfo = guarded_look_up

    import typer
    from shelfwise.demo.commands import register_commands

    cli = typer.Typer(pretty_exceptions_enable=False)
    cli.callback()(lambda: None)
    register_commands(cli)
    cli(["demo", *sys.argv[1:]])
