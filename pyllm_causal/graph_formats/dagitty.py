"""dagitty's model code: `dag { x [exposure] u [latent] u -> x x -> y }`. `<->` is a hidden cause of both.

It has room for the picture and its roles; reasons, confidence and notes stay behind.
"""

from __future__ import annotations

from .braces import Reader, quoted
from .drawn import marks_of
from .graph_file import GraphFile


def parse(text: str) -> GraphFile:
    """The graph. Raises `GraphError`."""
    return Reader(text, dagitty=True).drawn.file()


def render(file: GraphFile) -> str:
    """The model code, as dagitty.net and the R package read it."""
    lines = ["dag {"]
    for name, marks in marks_of(file).items():
        flags = (
            ["latent"]
            if "observed" in marks
            else [r for r in ("exposure", "outcome", "adjusted", "selected") if r in marks]
        )
        lines.append(f"  {quoted(name, always=False)}" + (f" [{','.join(flags)}]" if flags else ""))
    lines += [f"  {quoted(a, always=False)} -> {quoted(b, always=False)}" for a, b in dict.fromkeys(file.graph.pairs())]
    return "\n".join([*lines, "}"]) + "\n"
