"""llama.cpp's own server as a process of its own: `python llama.py MODEL.gguf KEY CONTEXT`. Ends with its standard input."""

from __future__ import annotations

import os
import sys

# With one thread nothing may spin while it waits for the other core.
os.environ.update({"GOMP_SPINCOUNT": "0", "OMP_WAIT_POLICY": "PASSIVE"})

import xllamacpp  # the library reads the environment when it is loaded

wanted = xllamacpp.CommonParams()
wanted.model.path, key, context = sys.argv[1:4]
wanted.n_ctx, wanted.n_parallel, wanted.api_keys = int(context), 1, [key]
wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
wanted.hostnames, wanted.port, wanted.offline, wanted.ui, wanted.verbosity = ["127.0.0.1"], 0, True, False, -1
server = xllamacpp.Server(wanted)
print(server.listening_address, flush=True)
sys.stdin.read()
