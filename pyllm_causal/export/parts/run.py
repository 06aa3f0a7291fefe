"""Reading the table, estimating, and saying how the result compares with the answer."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from typing import Any


def run(recipe: dict[str, Any], estimate: Callable[[str, dict[str, Any]], dict[str, float]]) -> None:
    """Print the effect with its interval, and whether the answer had the same to six digits (exit code 1 if not)."""
    parser = argparse.ArgumentParser(description=recipe["title"])
    parser.add_argument("table", nargs="?", default=recipe["file"]["name"], help="the table (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print value, low and high as JSON")
    options = parser.parse_args()
    found = estimate(options.table, recipe)
    if options.json:
        print(json.dumps(found))  # noqa: T201
    else:
        for name in ("value", "low", "high"):
            print(f"{name:<6}{found[name]:.12g}")  # noqa: T201
    wrong = [name for name in ("value", "low", "high") if not alike(found[name], recipe["answer"][name])]
    if wrong:
        raise SystemExit("This is not what the answer says: " + ", ".join(f"{n} {recipe['answer'][n]}" for n in wrong))


def alike(one: float, other: float, digits: int = 6) -> bool:
    """Whether two numbers are the same to so many significant digits."""
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other
    return abs(one - other) <= 0.5 * 10.0 ** (1 - digits) * max(abs(one), abs(other), 1e-300)
