"""A choice of a menu: one question is open at a time, and a number answers it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One choice of a menu, and what follows from it."""

    label: str
    then: Callable[[], None]
    said: re.Pattern[str] | None = None  # besides its number, what chooses it
