"""`python -m tests.calibration [--replications N] [--resume] [--workers W] [--only TEXT] [--write FILE]`.

Prints the page of docs/calibration.md as Markdown and ends with one JSON line of what was met and missed; the exit code is 1
when a goal is missed. Counts are kept in `.calibration/`; `--resume` goes on from those of the same code.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.calibration.counts import code, count
from tests.calibration.page import page
from tests.calibration.worlds import WORLDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.calibration")
    parser.add_argument("--replications", type=int, default=40)
    parser.add_argument("--resume", action="store_true", help="go on from what the same code has counted already")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="worlds whose kind, class or name holds this text")
    parser.add_argument("--write", type=Path, help="write the page to this file as well")
    given = parser.parse_args()
    chosen = [i for i, w in enumerate(WORLDS) if given.only.casefold() in f"{w.kind} {w.group} {w.name}".casefold()]
    began, done = time.time(), 0
    code()
    with ProcessPoolExecutor(given.workers) as pool:
        jobs = {pool.submit(count, i, given.replications, given.resume): i for i in chosen}
        for number, job in enumerate(as_completed(jobs), 1):
            done += job.result()
            print(f"{number} of {len(jobs)}: {WORLDS[jobs[job]].name} ({time.time() - began:.0f} s)", file=sys.stderr)
    text, missed = page()
    print(text)
    if given.write is not None:
        given.write.write_text(text, encoding="utf-8")
    verdict = {"met": not missed, "missed": missed, "analyses": done, "seconds": round(time.time() - began)}
    print(json.dumps(verdict, ensure_ascii=False))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
