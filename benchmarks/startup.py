"""CPU time of starting up, and of one replayed answer, against a bare interpreter. `make bench`.

Ends by printing one JSON line of its figures; exits 1 when a goal is missed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
BARE = (sys.executable, "-c", "pass")
FRAME = (sys.executable, "-c", "import typer")  # what any command line of this kind costs
IMPORT = (sys.executable, "-c", "import pyllm_causal")
HELP = (sys.executable, "-m", "pyllm_causal", "--help")
VERSION = (sys.executable, "-m", "pyllm_causal", "--version")
DOWHY = (sys.executable, "-c", "import dowhy")
ASK = (
    *(sys.executable, "-m", "pyllm_causal", "ask", "Does quitting smoking make people gain weight?"),
    *("--data", "fixtures/data/nhefs.csv", "--describe", "@fixtures/data/nhefs.describe.txt"),
    *("--replay", "fixtures/recordings/nhefs_weight"),
)
RATIO_GOAL = 12.0
ASK_GOAL = 8.0
RUNS = 9


def one_thread() -> dict[str, str]:
    """This environment, with numerical libraries held to one thread."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def cpu_seconds(command: Sequence[str], env: Mapping[str, str] | None = None) -> float:
    """User and system seconds of `command` and its children. Raises `RuntimeError` where it fails."""
    process = subprocess.Popen(command, cwd=ROOT, env=env or one_thread(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def medians(commands: Mapping[str, Sequence[str]], runs: int = RUNS) -> dict[str, float]:
    """Median CPU seconds of each command. They take turns, so that a busy machine slows all alike."""
    return {name: statistics.median(times) for name, times in _taken(commands, runs).items()}


def least(commands: Mapping[str, Sequence[str]], runs: int = RUNS) -> dict[str, float]:
    """The same, but the least of each: whatever else a machine does only ever adds."""
    return {name: min(times) for name, times in _taken(commands, runs).items()}


def _taken(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, list[float]]:
    for command in commands.values():
        cpu_seconds(command)  # warms the disk cache and writes bytecode where it may be written
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(cpu_seconds(command))
    return taken


def main() -> int:
    """Measure, print, judge."""
    light = least({"bare": BARE, "import": IMPORT, "help": HELP, "version": VERSION})
    heavy = medians({"dowhy": DOWHY, "ask": ASK}, runs=3)
    ratios = {name: light[name] / light["bare"] for name in ("import", "help", "version")}
    missed = [name for name, ratio in ratios.items() if ratio > RATIO_GOAL]
    if heavy["ask"] > ASK_GOAL:
        missed.append("ask")
    for name, seconds in (light | heavy).items():
        print(f"{name:8} {seconds:7.3f} s of CPU" + (f"   {ratios[name]:5.1f} × bare" if name in ratios else ""))
    figures = {
        "benchmark": "startup",
        "cpu_seconds": {name: round(seconds, 4) for name, seconds in (light | heavy).items()},
        "times_bare": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "ask_over_dowhy": round(heavy["ask"] / heavy["dowhy"], 2),
        "goals": {"times_bare": RATIO_GOAL, "ask_seconds": ASK_GOAL},
        "missed": missed,
    }
    print(json.dumps(figures))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
