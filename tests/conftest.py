"""No test reaches beyond this machine: sockets are guarded, and provider keys and settings are taken away."""

from __future__ import annotations

import atexit
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest


def _close_the_house() -> None:
    """Leave nothing in the environment, ours or a child's, that leads to a provider."""
    for name in list(os.environ):
        if name.startswith("PYLLM_CAUSAL_TEST_"):  # which model the live tests may ask
            continue
        if name.endswith(("_API_KEY", "_API_TOKEN")) or name.startswith(("PYLLM_CAUSAL_", "OPENAI_", "ANTHROPIC_")):
            del os.environ[name]
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    # Child processes are out of the guard's reach; what they send goes to a port where nobody answers.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = os.environ[name.lower()] = "http://127.0.0.1:9"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
    # The settings, exams and logs of whoever runs the tests are neither read nor written.
    folder = tempfile.mkdtemp(prefix="pyllm-causal-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for kind in ("CONFIG", "CACHE", "STATE", "DATA"):
        os.environ[f"XDG_{kind}_HOME"] = f"{folder}/{kind.lower()}"


_close_the_house()


def is_local(address: Any) -> bool:
    """Whether a socket address stays on this machine: a Unix path, `localhost` or a loopback number."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded(call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(self: socket.socket, *args: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_local(args[-1]):
            raise PermissionError(f"a test tried to reach {args[-1]!r}; tests may only use this machine")
        return call(self, *args)

    return wrapper


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse connections and name look-ups that leave the machine."""
    look_up = socket.getaddrinfo

    def local_only(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not is_local((name, 0)):
            raise PermissionError(f"a test tried to look up {name!r}; tests may only use this machine")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, method, _guarded(getattr(socket.socket, method)))
        patch.setattr(socket, "getaddrinfo", local_only)
        yield
