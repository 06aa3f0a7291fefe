"""Slow libraries, imported on a thread while somebody types."""

from __future__ import annotations

import threading
from importlib import import_module

SLOW = (
    "pyllm_causal.pipeline",
    "pyllm_causal.compose.comparisons",
    "scipy.stats",
    "scipy.optimize",
    "dowhy.causal_identifier.auto_identifier",
)


class Warm:
    """Begins on making; `wait` before anything is computed, so that no library is imported on two threads at once."""

    def __init__(self, names: tuple[str, ...] = SLOW) -> None:
        self._thread = threading.Thread(target=_load, args=(names,), name="imports", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until all is imported; Ctrl-C ends the waiting."""
        while self._thread.is_alive():
            self._thread.join(0.2)


def _load(names: tuple[str, ...]) -> None:
    for name in names:
        try:
            import_module(name)
        except Exception:  # noqa: BLE001 - whoever needs it will say what is wrong with it
            return
