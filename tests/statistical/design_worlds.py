"""The fixed worlds of the designs: each draws a table and its query, of which the effect in the population is known.

A world is a function `(rng, effect) -> (frame, query)` with the effect switched on (1.0) or off (0.0: none on average), and
the true effect when it is on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Draw = Callable[[np.random.Generator, float], tuple[pd.DataFrame, dict[str, Any]]]


@dataclass(frozen=True)
class DesignWorld:
    """`kind`: easy, heterogeneous, or hard within the stated assumptions. `part`: which part of the effect (indirect, …).

    `goal`: None for the usual 92–98 %; else the own stated (least, most) coverage of a method with an approximate interval.
    """

    method: str
    name: str
    kind: str
    draw: Draw
    truth: float
    part: str | None = None
    goal: tuple[float, float] | None = None

    @property
    def design(self) -> str:
        """The module that answers, which is called like the one that draws."""
        return self.draw.__module__.rpartition(".")[2]

    @property
    def title(self) -> str:
        return f"{self.design}, {self.method}: {self.name}"


WORLDS: list[DesignWorld] = []


def design_world(
    method: str,
    name: str,
    kind: str,
    truth: float = 1.0,
    part: str | None = None,
    goal: tuple[float, float] | None = None,
) -> Any:
    """Register a world."""

    def register(draw: Draw) -> Draw:
        WORLDS.append(DesignWorld(method, name, kind, draw, truth, part, goal))
        return draw

    return register


def load_worlds() -> list[DesignWorld]:
    """Every world of tests/statistical/designs/, in order of file names."""
    if not WORLDS:
        for path in sorted((Path(__file__).parent / "designs").glob("[a-z]*.py")):
            import_module(f"tests.statistical.designs.{path.stem}")
    return WORLDS
