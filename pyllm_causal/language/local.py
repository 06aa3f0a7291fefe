"""A model file in this process: `--model local:PATH.gguf`, with the extra `[local]` (llama.cpp by way of xllamacpp).

llama.cpp's server runs inside the process and is asked over loopback with a key that only this process knows. A call
that is given up hangs up, and the computation ends: one made by a function call could not be stopped, nor the process
end while it runs.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..settings import FILE, Settings

_MAGIC = b"GGUF"
_PIECE = 1 << 20
_BATCH = 128  # tokens of a prompt at a time: how soon it notices that nobody is waiting any more


@dataclass(frozen=True)
class Served:
    """Where a loaded model answers, and with which key."""

    address: str
    key: str


_RUNNING: dict[tuple[str, int, int], tuple[Served, Any]] = {}


def serve(settings: Settings) -> Served:
    """Load the model file, once for this process. Raises `ModelError`."""
    path = file_of(settings.model or "")
    place = (str(path.resolve()), settings.threads, settings.context)
    if place not in _RUNNING:
        _RUNNING[place] = _start(path, settings)
    return _RUNNING[place][0]


def file_of(model: str) -> Path:
    """The file behind `local:PATH`. Raises `ModelError` when it is not a GGUF file."""
    given = model.removeprefix(FILE)
    path = Path(given).expanduser()
    hint = f"Give the path of a GGUF file, as in --model {FILE}models/qwen.gguf."
    try:
        if not given or not path.is_file():
            raise ModelError(f"There is no model file at {given!r}.", hint)
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except (OSError, ValueError):
        raise ModelError(f"The model file {given!r} cannot be read.", "Check its permissions.") from None
    if magic != _MAGIC:
        raise ModelError(f"{path.name!r} is not a GGUF file.", hint)
    return path


def named(model: str) -> str:
    """`local:PATH` as it is written down: the file's name and a mark of its bytes, without the folders it lies in."""
    path = file_of(model)
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_PIECE)
        file.seek(max(0, size - _PIECE))
        mark = sha256(b"%d" % size + head + file.read(_PIECE)).hexdigest()[:12]
    name = re.sub(r"[^\w.+-]", "_", path.name)
    return f"{FILE}{name}@{mark}"


def digest(model: str) -> str:
    """SHA-256 of the whole file; a second or so a gigabyte."""
    found = sha256()
    with file_of(model).open("rb") as file:
        while piece := file.read(4 * _PIECE):
            found.update(piece)
    return found.hexdigest()


def _start(path: Path, settings: Settings) -> tuple[Served, Any]:
    try:
        xllamacpp = import_module("xllamacpp")
    except ImportError:
        raise ModelError(
            "Running a model file needs the extra [local], which is not installed.",
            "Run: pip install 'pyllm-causal[local]'; or run a server and give --api-base.",
        ) from None
    key = secrets.token_urlsafe(32)
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(path)
    wanted.n_ctx, wanted.n_parallel, wanted.n_batch, wanted.n_ubatch = settings.context, 1, _BATCH, _BATCH
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = settings.threads
    wanted.n_threads_http, wanted.cache_ram_mib = 2, 0
    wanted.hostnames, wanted.port, wanted.api_keys = ["127.0.0.1"], 0, [key]
    wanted.offline, wanted.ui, wanted.endpoint_slots, wanted.warmup = True, False, False, False
    wanted.verbosity = -1
    try:
        server = xllamacpp.Server(wanted)
    except (RuntimeError, ValueError, MemoryError):
        raise ModelError(
            f"The model file {path.name!r} cannot be loaded.",
            "It may be incomplete, of a kind that llama.cpp does not know, or too large for this machine's memory.",
        ) from None
    # The server lives as long as the process: it is kept beside its address.
    return Served(f"{server.listening_address}/v1", key), server
