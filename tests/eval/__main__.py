"""Hold a reader against a file of questions: `python -m tests.eval FILE --model NAME [--api-base URL]`.

Prints a table, and one JSON line at the end. Never part of the gate: a live model is asked.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyllm_causal.language.client import usage
from pyllm_causal.language.read import read_question
from pyllm_causal.language.recording import Recorder, Replayer
from pyllm_causal.study import connect
from tests.eval.score import Scored, score
from tests.eval.tables import table

ROOT = Path(__file__).parents[2]
FRESH = ROOT / "fixtures" / "questions" / "fresh.json"
PARTS = ("type", "treatment", "outcome", "design", "modifier", "mediator", "instrument", "where", "scale", "language")


def run(
    document: dict[str, Any],
    model: str | None = None,
    api_base: str | None = None,
    record: Path | None = None,
    replay: Path | None = None,
    only: Sequence[int] | None = None,
    loud: bool = False,
) -> tuple[list[Scored], dict[str, Any]]:
    """Every question of `document` read and scored, and the account of all calls."""
    tables = {name: table(name, spec) for name, spec in document["tables"].items()}
    live = connect(model, api_base) if replay is None else None
    scored: list[Scored] = []
    account = {"calls": 0, "tokens_in": 0, "tokens_out": 0, "cost": 0.0, "model": None}
    for number, question in enumerate(document["questions"]):
        if only and number not in only:
            continue
        client: Any = live
        if replay is not None:
            client = Replayer(replay / f"{number:02d}")
        elif record is not None and live is not None:
            client = Recorder(live, record / f"{number:02d}")
        before = len(getattr(live, "calls", []))
        start = time.perf_counter()
        profile = tables[question["table"]].profile
        reading = read_question(question["text"], profile, client, draft=False)
        one = score(question, reading, profile)
        scored.append(one)
        if client is not None:
            took = usage(client if client is not live else _Since(live, before))
            for key in ("calls", "tokens_in", "tokens_out"):
                account[key] += took.get(key) or 0
            account["model"] = took["model"] or account["model"]
            if took["cost"] is None and took["calls"]:
                account["cost"] = None
            elif account["cost"] is not None:
                account["cost"] += took["cost"] or 0
        if loud:
            print(_line(number, one, time.perf_counter() - start), flush=True)
    return scored, account


class _Since:
    """The calls of a client from one point on."""

    def __init__(self, client: Any, start: int) -> None:
        self.calls = client.calls[start:]


def _line(number: int, one: Scored, seconds: float) -> str:
    sign = "ok    " if one.full else "asked " if one.chose else "WRONG "
    wrong = {k: v for k, v in one.extras.items() if v[0] != v[1]}
    more = f" wanted {one.wanted}" if not one.full else ""
    short = "" if one.shortlist is None else f" shortlist={'ok' if one.shortlist else 'NO'}"
    return (
        f"{number:2d} {sign}{seconds:5.1f}s {one.text[:74]} -> {','.join(one.got)}{more}{short}"
        f"{f' extras {wrong}' if wrong else ''}{f' repairs {one.repairs}' if one.repairs else ''}"
        f"{'' if one.full else ' | ' + one.receipt[:150]}"
    )


def summary(scored: Sequence[Scored], account: dict[str, Any]) -> dict[str, Any]:
    """The figures of a run."""

    def share(part: str) -> list[int] | None:
        asked = [s.parts[part] for s in scored if s.parts.get(part) is not None]
        return [sum(map(bool, asked)), len(asked)] if asked else None

    names = dict.fromkeys(name for s in scored for name in s.parts)
    shortlists = [s.shortlist for s in scored if s.shortlist is not None]
    f1 = [s.confounders for s in scored if s.confounders is not None]
    return {
        "questions": len(scored),
        "full": sum(s.full for s in scored),
        "asked": sum(s.chose for s in scored),
        "misread": sum(s.misread for s in scored),
        "parts": {name: share(name) for name in names},
        "shortlist_top3": [sum(map(bool, shortlists)), len(shortlists)],
        "confounders_f1": round(sum(f1) / len(f1), 3) if f1 else None,
        "most_repairs": max((s.repairs for s in scored), default=0),
        "repairs": sum(s.repairs for s in scored),
        **account,
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FRESH)
    parser.add_argument("--model", help="as litellm names it; none for the built-in reader", default="none")
    parser.add_argument("--api-base")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--only", help="numbers of questions, e.g. 0,3,7")
    given = parser.parse_args()
    document = json.loads(given.file.read_text(encoding="utf-8"))
    only = [int(n) for n in given.only.split(",")] if given.only else None
    scored, account = run(document, given.model, given.api_base, given.record, given.replay, only, loud=True)
    figures = summary(scored, account)
    print()
    for name, value in figures.items():
        if name != "parts":
            print(f"{name:16} {value if not isinstance(value, list) else f'{value[0]} of {value[1]}'}")
    for name, value in figures["parts"].items():
        if value:
            print(f"  {name:14} {value[0]} of {value[1]}")
    print(json.dumps({"eval": given.file.name, **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
