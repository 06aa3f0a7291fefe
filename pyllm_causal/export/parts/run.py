"""Reading the table, estimating, and saying how the result compares with the answer."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from typing import Any


def run(recipe: dict[str, Any], estimate: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
    """Print the effect with its interval, and whether the answer had the same to six digits (exit code 1 if not)."""
    parser = argparse.ArgumentParser(description=recipe["title"])
    parser.add_argument("table", nargs="?", default=recipe["file"]["name"], help="the table (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print value, low and high as JSON")
    options = parser.parse_args()
    found = estimate(options.table, recipe)
    if options.json:
        print(json.dumps(found))  # noqa: T201
    else:
        for name, number in flat(found):
            print(f"{name:<12}{number:.12g}")  # noqa: T201
    said = dict(flat(recipe["answer"]))
    wrong = [f"{name} {said[name]:.12g}" for name, number in flat(found) if not alike(number, said[name])]
    if wrong or len(flat(found)) != len(said):
        raise SystemExit(f"This is not what the answer says: {', '.join(wrong) or 'some figures are missing'}")


def flat(found: dict[str, Any], before: str = "") -> list[tuple[str, float]]:
    """Every figure with its name: `value`, and of a part `direct value`."""
    out: list[tuple[str, float]] = []
    for name, part in found.items():
        out += flat(part, f"{before}{name} ") if isinstance(part, dict) else [(before + name, part)]
    return out


def alike(one: float, other: float, digits: int = 6) -> bool:
    """Whether two numbers are the same to so many significant digits."""
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other
    return abs(one - other) <= 0.5 * 10.0 ** (1 - digits) * max(abs(one), abs(other), 1e-300)
