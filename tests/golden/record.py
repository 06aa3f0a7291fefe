"""Write tests/golden/numbers.json anew: `make golden`. Look at the difference before committing it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pyllm_causal

ROOT = Path(__file__).parents[2]
NUMBERS = Path(__file__).with_name("numbers.json")


def cases() -> list[dict[str, Any]]:
    """The fixture cases that give an effect."""
    found = tomllib.loads((ROOT / "fixtures" / "cases.toml").read_text(encoding="utf-8"))["case"]
    return [c for c in found if c["status"] == "answered"]


def numbers(case: dict[str, Any]) -> dict[str, float]:
    """Every estimate of a case with its interval, and what the simulated checks saw."""
    answer = pyllm_causal.analyse(case["query"], ROOT / "fixtures" / "data" / case["data"], seed=0)
    out: dict[str, float] = {}
    for estimate in answer.estimates:
        effect = estimate.effect
        for name in ("value", "low", "high"):
            value = getattr(effect, name)
            if value is not None:
                out[f"{estimate.method}.{name}"] = value
    for check in answer.refutations:
        if isinstance(check.figures.get("mean"), float):
            out[f"{check.check}.mean"] = float(check.figures["mean"] or 0.0)
    return out


if __name__ == "__main__":
    NUMBERS.write_text(json.dumps({c["id"]: numbers(c) for c in cases()}, indent=1, sort_keys=True) + "\n")
