"""A choice of a menu: one question is open at a time, and a number answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One choice of a menu, and what follows from it."""

    label: str
    then: Callable[[], None]
    words: tuple[str, ...] = ()  # besides its number, what chooses it
