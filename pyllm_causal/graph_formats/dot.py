"""Graphviz' DOT, in and out. Reasons, confidence, notes and the signature are kept as attributes of our own.

A hidden cause is a node with `observed=no`, as DoWhy has it. Where nodes are numbered and each has a label, as causal-learn
and pydot write them, the labels are the names.
"""

from __future__ import annotations

from collections.abc import Mapping

from .braces import Reader, quoted
from .drawn import Drawn, about, fault, marks_of, remarks
from .graph_file import GraphFile


def parse(text: str) -> GraphFile:
    """The graph. Raises `GraphError`."""
    return _labelled(Reader(text, dagitty=False).drawn).file()


def render(file: GraphFile) -> str:
    """DOT text; hidden causes dashed, arrows that are marked as unsure dotted."""
    lines = ["digraph {", *(f"  {key}={quoted(value)}" for key, value in about(file).items())]
    for name, marks in marks_of(file).items():
        style = {"style": "dashed"} if "observed" in marks else {}
        lines.append(f"  {quoted(name)}{_marks({**marks, **style})}")
    for edge in file.graph.edges:
        style = {"style": "dotted"} if edge.confidence == "unsure" else {}
        lines.append(f"  {quoted(edge.cause)} -> {quoted(edge.effect)}{_marks({**remarks(edge), **style})}")
    lines += [
        f"  {quoted(u.name)} -> {quoted(node)} [style=dashed]" for u in file.graph.unmeasured for node in u.affects
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _marks(marks: Mapping[str, str]) -> str:
    told = ", ".join(f"{key}={quoted(value, always=False)}" for key, value in marks.items())
    return f" [{told}]" if told else ""


def _labelled(drawn: Drawn) -> Drawn:
    """The picture with labels for names, where every name is a number with a label."""
    labels = {name: marks.get("label", "") for name, marks in drawn.names.items()}
    if not labels or not all(name.isdecimal() and label for name, label in labels.items()):
        return drawn
    told = Drawn(about=drawn.about)
    for name, marks in drawn.names.items():
        if labels[name] in told.names:
            raise fault(
                drawn.lines[name], f"two nodes are labelled {labels[name][:60]!r}.", "Give every node its own label."
            )
        told.name(labels[name], drawn.lines[name], marks)
    for (cause, effect), (line, said) in drawn.arrows.items():
        told.arrow(labels[cause], labels[effect], line, said)
    told.shared = [(labels[one], labels[other]) for one, other in drawn.shared]
    return told
