"""Counts that survive an interruption, one small JSON file a world in `.statistical/`."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".statistical"
NUMBERS = ("glm.py", "inference.py", "learners.py", "propensity.py", "estimators/*.py")


@cache
def code(whole: bool = False) -> str:
    """Fingerprint of the estimators (of all of causal/, which decides who is refused) and of these tests: counts of other
    code are not continued."""
    causal = ROOT / "pyllm_causal" / "causal"
    patterns = ("*.py", "estimators/*.py") if whole else NUMBERS
    files = [f for pattern in patterns for f in causal.glob(pattern)] + list(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256()
    for file in sorted([*files, ROOT / "tests" / "unit" / "causal" / "samples.py"]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def seed_of(name: str) -> int:
    """The hash of the test's name; never chosen."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def rng_of(name: str, replication: int) -> np.random.Generator:
    """A stream for every replication, so that resuming changes nothing."""
    return np.random.default_rng([seed_of(name), replication])


def path_of(name: str) -> Path:
    slug = "".join(c if c.isalnum() else "_" for c in name.casefold())
    return FOLDER / f"{slug}.json"


def load(name: str, whole: bool = False) -> dict[str, Any]:
    """What was counted so far by this very code, or an empty count."""
    try:
        found = json.loads(path_of(name).read_text())
    except (OSError, ValueError):
        found = {}
    return found if found.get("code") == code(whole) else {"name": name, "code": code(whole), "done": 0}


def finished() -> list[dict[str, Any]]:
    """Every count of the present code that came to a verdict, by name."""
    found = [json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))]
    return [c for c in found if c.get("code") in (code(), code(True)) and "met" in c]


def save(counts: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    target = path_of(counts["name"])
    draft = target.with_suffix(".tmp")
    draft.write_text(json.dumps(counts, indent=1, sort_keys=True))
    draft.replace(target)


def interval(hits: int, n: int, level: float = 0.99) -> tuple[float, float]:
    """Clopper–Pearson interval of a rate: how far chance in the simulation could have moved it."""
    low = float(stats.beta.ppf((1 - level) / 2, hits, n - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf((1 + level) / 2, hits + 1, n - hits)) if hits < n else 1.0
    return low, high
