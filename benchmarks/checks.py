"""What the checks cost: CPU of a replayed NHEFS `ask` with all checks at 200 simulations over that of the same without.

`python -m benchmarks.checks`. Prints a table and one JSON line; exit 1 when the ratio is above 1.5. An answer without checks is
worded less surely, so the last language step reads differently: the shipped replies are recorded anew for both, in a
temporary folder, before anything is measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.startup import ROOT, medians
from pyllm_causal.language.client import Reply, Request
from pyllm_causal.language.recording import Recorder
from pyllm_causal.pipeline import ask
from pyllm_causal.settings import Settings

GOAL = 1.5
RUNS = 3
QUESTION = "Does quitting smoking make people gain weight?"
DATA, DESCRIBE, SHIPPED = (
    ROOT / "fixtures" / p for p in ("data/nhefs.csv", "data/nhefs.describe.txt", "recordings/nhefs_weight")
)


class Shipped:
    """Answers every step with the reply that is shipped for it."""

    settings = Settings(model="recorded")

    def complete(self, request: Request) -> Reply:
        held = json.loads((SHIPPED / f"{request.step}.json").read_text(encoding="utf-8"))
        return Reply.model_validate(held["reply"])


def command(folder: Path, *options: str) -> tuple[str, ...]:
    told = ("--data", str(DATA), "--describe", f"@{DESCRIBE}", "--replay", str(folder), "--quiet")
    return (sys.executable, "-m", "pyllm_causal", "ask", QUESTION, *told, *options)


def main() -> int:
    """Measure, print, judge."""
    describe = DESCRIBE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        every, none = Path(place) / "every", Path(place) / "none"
        ask(QUESTION, DATA, client=Recorder(Shipped(), every), describe=describe, simulations=200)
        ask(QUESTION, DATA, client=Recorder(Shipped(), none), describe=describe, checks=False)
        commands = {"with": command(every, "--simulations", "200"), "without": command(none, "--no-checks")}
        found = medians(commands, RUNS)
    ratio = found["with"] / found["without"]
    print("| NHEFS `ask`, replayed | CPU seconds |\n|---|---|")
    print(f"| all checks, 200 simulations | {found['with']:.2f} |\n| no checks | {found['without']:.2f} |")
    print(f"| ratio (goal: at most {GOAL}) | {ratio:.2f} |\n")
    print(json.dumps({"met": ratio <= GOAL, "ratio": round(ratio, 3), **{k: round(v, 2) for k, v in found.items()}}))
    return int(ratio > GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
