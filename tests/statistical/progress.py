"""Counts that survive an interruption, one small JSON file a world in `.statistical/`."""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".statistical"
CAUSAL = ROOT / "pyllm_causal" / "causal"
ESTIMATORS = ("glm.py", "inference.py", "learners.py", "propensity.py", "estimators/*.py")
# What a count rests on: the estimators, or all of causal/, which decides who is refused; any other name is a design.
PARTS = {"estimators": ESTIMATORS, "refusals": ("*.py", "estimators/*.py")}


@cache
def code(part: str = "estimators") -> str:
    """Fingerprint of the code that a count rests on and of these tests: counts of other code are not continued."""
    here = Path(__file__).parent
    if part in PARTS:
        files = {f for pattern in PARTS[part] for f in CAUSAL.glob(pattern)} | set(here.glob("*.py"))
        files.add(ROOT / "tests" / "unit" / "causal" / "samples.py")
    else:
        files = {
            *imported(CAUSAL / "designs" / f"{part}.py"),
            here / "design_worlds.py",
            here / "designs" / f"{part}.py",
        }
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def imported(file: Path) -> set[Path]:
    """A module of causal/ with every module there that it imports, directly or not."""
    found, todo = set[Path](), [file]
    while todo:
        file = todo.pop()
        if file in found or not file.is_file():
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                names = [base, *(base / alias.name for alias in node.names)]
                near = (p for n in names for p in (n.with_suffix(".py"), n / "__init__.py"))
                todo += [p for p in near if CAUSAL in p.parents and p != CAUSAL / "designs" / "__init__.py"]
    return found


def seed_of(name: str) -> int:
    """The hash of the test's name; never chosen."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def rng_of(name: str, replication: int) -> np.random.Generator:
    """A stream for every replication, so that resuming changes nothing."""
    return np.random.default_rng([seed_of(name), replication])


def path_of(name: str) -> Path:
    slug = "".join(c if c.isalnum() else "_" for c in name.casefold())
    return FOLDER / f"{slug}.json"


def load(name: str, part: str = "estimators") -> dict[str, Any]:
    """What was counted so far by this very code, or an empty count."""
    try:
        found = json.loads(path_of(name).read_text())
    except (OSError, ValueError):
        found = {}
    return found if found.get("code") == code(part) else {"name": name, "code": code(part), "done": 0}


def finished() -> list[dict[str, Any]]:
    """Every count of the present code that came to a verdict, by name."""
    found = [json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))]
    known = {code(part) for part in (*PARTS, *(f.stem for f in (Path(__file__).parent / "designs").glob("[a-z]*.py")))}
    return [c for c in found if c.get("code") in known and "met" in c]


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
