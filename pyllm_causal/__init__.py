"""Causal answers in plain words from a question and a table.

    import pyllm_causal as causal
    answer = causal.ask("Does quitting smoking make people gain weight?", "nhefs.csv")
    print(answer)

Everything is imported when first used, so that `import pyllm_causal` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "ask": "study",
    "analyse": "pipeline",
    "read": "study",
    "Study": "study",
    "Query": "query",
    "Graph": "graph",
    "Answer": "analysis",
    "Table": "data",
    "CausalError": "errors",
}

__all__ = ["Answer", "CausalError", "Graph", "Query", "Study", "Table", "__version__", "analyse", "ask", "read"]

if TYPE_CHECKING:
    from .analysis import Answer
    from .data import Table
    from .errors import CausalError
    from .graph import Graph
    from .pipeline import analyse
    from .query import Query
    from .study import Study, ask, read


if not TYPE_CHECKING:  # or a misspelled name would pass for one that exists

    def __getattr__(name: str) -> object:
        if name in _HOME:
            from importlib import import_module

            return getattr(import_module(f".{_HOME[name]}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
