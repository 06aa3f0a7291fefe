"""What a picture says, gathered while it is read: names with their marks, arrows and hidden causes, each with its line.

Names are any text. Nothing is evaluated, and everything is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import GraphError
from ..graph import Edge, Graph, Unmeasured
from ..wording import join
from .graph_file import LONGEST, MOST_ARROWS, MOST_NAMES, GraphFile, Role, sound

DEEPEST = 50  # brackets within brackets

ROLES: dict[str, Role] = {
    "exposure": "exposure", "outcome": "outcome", "adjusted": "adjusted", "adjustednode": "adjusted", "selected": "selected",
}  # fmt: skip
HIDDEN = ("latent", "unmeasured", "unobserved", "hidden")
_NO = ("no", "false", "0", "0.0")
_SAID = ("reason", "confidence", "drawn_by", "note")


def fault(line: int, what: str, hint: str) -> GraphError:
    """An error that says where."""
    return GraphError(f"Line {line}: {what}", hint)


@dataclass
class Drawn:
    """Names with their marks and the line of their first mention; (cause, effect) with its remarks and line."""

    names: dict[str, dict[str, str]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    arrows: dict[tuple[str, str], tuple[int, dict[str, str]]] = field(default_factory=dict)
    shared: list[tuple[str, str]] = field(default_factory=list)  # a hidden cause of both
    about: dict[str, str] = field(default_factory=dict)  # of the graph as a whole

    def name(self, name: str, line: int, marks: Mapping[str, str] | None = None) -> None:
        """Mention a name, with marks such as `latent` or `observed`: `no`."""
        if name not in self.names:
            if not name:
                raise fault(line, "a name is empty.", "Give every node a name: that of a column, or of a hidden cause.")
            if len(name) > LONGEST:
                raise fault(line, f"a name has {len(name):,} characters.", f"At most {LONGEST:,} can be read.")
            if len(self.names) == MOST_NAMES:
                raise fault(line, f"there are more than {MOST_NAMES:,} names.", "Draw only what bears on the question.")
            self.names[name], self.lines[name] = {}, line
        if marks:
            self.names[name].update({k.casefold(): v for k, v in marks.items()})

    def arrow(self, cause: str, effect: str, line: int, said: Mapping[str, str] | None = None) -> None:
        """Draw an arrow; one that is there already stays as it is."""
        for name in (cause, effect):
            self.name(name, line)
        if cause == effect:
            raise fault(line, f"{join([cause])} is drawn as a cause of itself.", "Remove that arrow.")
        self._room(line)
        self.arrows.setdefault((cause, effect), (line, dict(said or {})))

    def between(self, one: str, other: str, line: int) -> None:
        """Draw an arrow with two heads: something that is not in the table causes both."""
        for name in (one, other):
            self.name(name, line)
        if one == other:
            raise fault(line, f"{join([one])} is joined to itself.", "Remove that arrow.")
        self._room(line)
        if (one, other) not in self.shared and (other, one) not in self.shared:
            self.shared.append((one, other))

    def product(self, one: Iterable[str], other: Iterable[str], line: int) -> list[tuple[str, str]]:
        """Every pair of two groups. Raises `GraphError` where there are too many."""
        left, right = list(one), list(other)
        if len(left) * len(right) > MOST_ARROWS:
            raise fault(line, f"there are more than {MOST_ARROWS:,} arrows.", "Draw only what bears on the question.")
        return [(a, b) for a in left for b in right]

    def _room(self, line: int) -> None:
        if len(self.arrows) + len(self.shared) >= MOST_ARROWS:
            raise fault(line, f"there are more than {MOST_ARROWS:,} arrows.", "Draw only what bears on the question.")

    def file(self) -> GraphFile:
        """The graph file. Raises `GraphError` on a circle."""
        hidden = [name for name, marks in self.names.items() if _hidden(marks)]
        roles: dict[Role, list[str]] = {}
        for name, marks in self.names.items():
            for mark, value in marks.items():
                if mark in ROLES and value.casefold() not in _NO and name not in hidden:
                    roles.setdefault(ROLES[mark], []).append(name)
        edges = [
            Edge.model_validate({"cause": cause, "effect": effect, **_said(said)})
            for (cause, effect), (_, said) in self.arrows.items()
            if cause not in hidden
        ]
        affected: dict[str, list[str]] = {name: [] for name in hidden}
        for cause, effect in self.arrows:
            if cause in affected:
                affected[cause].append(effect)
        unmeasured = [
            Unmeasured.model_validate(
                {"name": name, "affects": tuple(a), **_said(self.names[name], ("reason", "source"))}
            )
            for name, a in affected.items()
        ]
        taken = set(self.names)
        for one, other in self.shared:
            name = f"hidden cause of {one} and {other}"
            while name in taken:
                name += "′"
            taken.add(name)
            unmeasured.append(Unmeasured(name=name, affects=(one, other)))
        graph = Graph(
            edges=tuple(edges), unmeasured=tuple(unmeasured), reviewed_by=self.about.get("reviewed_by") or None,
            reviewed_at=self.about.get("reviewed_at") or None, signature=self.about.get("signature") or None,
        )  # fmt: skip
        sound(graph, lambda cause, effect: self.arrows.get((cause, effect), (1, {}))[0])
        return GraphFile(
            question=self.about.get("question") or None,
            roles={role: tuple(names) for role, names in roles.items()},
            columns=tuple(name for name in self.names if name not in hidden),
            graph=graph,
        )


def _hidden(marks: Mapping[str, str]) -> bool:
    return any(marks.get(mark, "no").casefold() not in _NO for mark in HIDDEN) or (
        marks.get("observed", "yes").casefold() in _NO
    )


def _said(
    marks: Mapping[str, str], wanted: tuple[str, ...] = ("reason", "confidence", "source", "note")
) -> dict[str, Any]:
    """What is said about an arrow or a hidden cause, where it makes sense."""
    out: dict[str, Any] = {}
    for name in _SAID:
        value, key = marks.get(name), "source" if name == "drawn_by" else name
        if not value or key not in wanted:
            continue
        fits = {"confidence": ("sure", "likely", "unsure"), "source": ("you", "model", "data")}.get(key)
        if fits is None or value in fits:
            out[key] = value[:LONGEST]
    return out


def remarks(edge: Edge) -> dict[str, str]:
    """What is said about an arrow, for formats that have room for it; the inverse of reading it back."""
    said = {"reason": edge.reason, "confidence": edge.confidence, "note": edge.note}
    said["drawn_by"] = None if edge.source == "you" else edge.source
    return {key: value for key in _SAID if (value := said[key])}


def marks_of(file: GraphFile) -> dict[str, dict[str, str]]:
    """Every name of the graph, in order, with its marks: `observed`: `no` for hidden causes, and roles as `yes`."""
    out: dict[str, dict[str, str]] = {name: {} for name in file.graph.nodes()}
    for role, names in file.roles.items():
        for name in names:
            out.setdefault(name, {})[role] = "yes"
    for cause in file.graph.unmeasured:
        said = {"reason": cause.reason or "", "drawn_by": "" if cause.source == "you" else cause.source}
        out[cause.name] = {"observed": "no", **{k: v for k, v in said.items() if v}}
    return out


def about(file: GraphFile) -> dict[str, str]:
    """What is said about the graph as a whole."""
    graph = file.graph
    said = {
        "question": file.question, "reviewed_by": graph.reviewed_by, "reviewed_at": graph.reviewed_at,
        "signature": graph.signature,
    }  # fmt: skip
    return {key: value for key, value in said.items() if value}
