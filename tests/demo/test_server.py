"""Ports: the next free one, held at once."""

from __future__ import annotations

import socket

import pytest
from shelfwise.demo.server import free_port


def test_a_taken_port_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with free_port("127.0.0.1", port) as found:
            assert found.getsockname()[1] > port


def test_two_askers_never_get_the_same_port() -> None:
    with free_port("127.0.0.1", 7950) as first, free_port("127.0.0.1", 7950) as second:
        assert first.getsockname()[1] != second.getsockname()[1]


def test_an_address_that_is_not_of_this_machine_is_an_error() -> None:
    with pytest.raises(OSError, match=r"."):
        free_port("203.0.113.7", 7950)


def test_where_every_port_is_taken_the_range_is_named() -> None:
    with socket.create_server(("127.0.0.1", 65_535)), pytest.raises(OSError) as caught:
        free_port("127.0.0.1", 65_535)

    assert caught.value.strerror == "no port from 65535 to 65535 is free"
