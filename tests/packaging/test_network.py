"""The guard of `conftest.py` itself."""

from __future__ import annotations

import os
import socket

import pytest


def test_connections_that_leave_the_machine_are_refused():
    with socket.socket() as out, pytest.raises(PermissionError, match="only use this machine"):
        out.connect(("192.0.2.1", 80))
    with pytest.raises(PermissionError, match="look up"):
        socket.create_connection(("example.org", 80), timeout=1)
    with socket.socket(type=socket.SOCK_DGRAM) as out, pytest.raises(PermissionError):
        out.sendto(b"x", ("192.0.2.1", 53))


def test_this_machine_may_be_reached():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()[:2], timeout=5) as out,
    ):
        assert out.getpeername() == server.getsockname()


def test_no_key_of_a_provider_is_left():
    assert [name for name in os.environ if name.endswith("_API_KEY")] == []
