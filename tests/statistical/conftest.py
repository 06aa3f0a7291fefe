"""After `make statistical`: one JSON line with all figures. pytest itself exits 1 when a goal is missed."""

from __future__ import annotations

import json
from typing import Any

import pytest


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or "not statistical" in str(config.getoption("markexpr", "")):
        return
    from tests.statistical.progress import finished

    keep = ("done", "coverage", "false_effects", "refused_share", "met")
    figures: dict[str, Any] = {c["name"]: {k: c[k] for k in keep if k in c} for c in finished()}
    if figures:
        print(json.dumps({"met": all(f["met"] for f in figures.values()), "worlds": len(figures), "figures": figures}))
