"""`make export-check`: every answer of a folder of cases, written as a script and run where this package is not.

A folder holds `<id>.csv` beside `<id>.json` (a query, or an object with one under `query`). Without a folder: the fixtures' own
cases. The scripts run under `python -I` with an import hook that refuses this package.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyllm_causal import analyse
from pyllm_causal.analysis import Answer
from pyllm_causal.errors import CausalError
from pyllm_causal.export import script
from pyllm_causal.export.writer import NotExported

FIXTURES = Path(__file__).parents[2] / "fixtures"
# Runs a script with this package out of reach.
CLEAN = """
import runpy, sys
sys.modules["pyllm_causal"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def cases(folder: Path | None) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """(id, query, table) of every case."""
    if folder is None:
        for case in tomllib.loads((FIXTURES / "cases.toml").read_text(encoding="utf-8"))["case"]:
            yield case["id"], case["query"], FIXTURES / "data" / case["data"]
        return
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        yield path.stem, document.get("query", document), path.with_suffix(".csv")


def run_script(text: str, table: Path) -> dict[str, float]:
    """Value, low and high that the script prints, run by itself. Raises `RuntimeError` with what it says when it fails."""
    if "import pyllm_causal" in text or "from pyllm_causal" in text:
        raise RuntimeError("the script imports this package")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "repeat.py"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-I", "-W", "ignore", "-c", CLEAN, str(file), str(table.resolve()), "--json"]
        plain = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=plain, check=False, timeout=600)
    if done.returncode or not done.stdout.strip():
        raise RuntimeError((done.stderr.strip().splitlines() or ["no output"])[-1])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def held(answer: Answer, table: Path) -> tuple[str, str]:
    """("same", …), ("off", …) or ("none", …) with a word on it."""
    try:
        text = script(answer, table)
    except NotExported as error:
        # an answer without an effect, or without an interval, has nothing to repeat
        return ("off" if figures_of(answer) else "none"), error.message
    try:
        found = run_script(text, table)
    except RuntimeError as error:
        return "off", str(error)
    wrong = [n for n, said in figures_of(answer).items() if not same(found[n], said)]
    figures = f"{found['value']:.6g} ({found['low']:.6g} to {found['high']:.6g})"
    return ("off", f"{figures}: {', '.join(wrong)} differ") if wrong else ("same", figures)


def figures_of(answer: Answer) -> dict[str, float]:
    """Value, low and high of the effect, or of a description; empty where there is no interval."""
    told = answer.effect.model_dump() if answer.effect is not None else answer.association or {}
    figures = {name: told.get(name) for name in ("value", "low", "high")}
    return {} if None in figures.values() else figures


def same(one: float, other: float) -> bool:
    """The same six significant digits, by their print: independent of the script's own comparison."""
    return f"{one:.5e}" == f"{other:.5e}" or abs(one - other) <= 1e-9 * abs(other)


def main(arguments: list[str]) -> int:
    """Print a table; 1 where an answer is not repeated."""
    counts = {"same": 0, "off": 0, "none": 0}
    for name, query, table in cases(Path(arguments[0]) if arguments else None):
        try:
            answer = analyse(query, table, checks=False)
        except CausalError as error:
            counts["none"] += 1
            print(f"none  {name:<24} {'':<26} {error.message[:90]}", flush=True)
            continue
        state, told = held(answer, table)
        counts[state] += 1
        print(f"{state:<5} {name:<24} {answer.method or '':<26} {told}", flush=True)
    print(
        f"{counts['same']} repeated to six digits, {counts['off']} not; {counts['none']} have no figure with a margin."
    )
    return 1 if counts["off"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
