"""The causal graph: edges with reasons, and causes that nobody measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .errors import GraphError

Confidence = Literal["sure", "likely", "unsure"]
Source = Literal["you", "model", "data"]

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Edge(BaseModel):
    """`cause` directly affects `effect`. A pair `[cause, effect]` is accepted as shorthand."""

    model_config = FROZEN

    cause: str
    effect: str
    reason: str | None = None
    confidence: Confidence | None = None
    source: Source = "you"

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            if len(value) != 2:
                raise ValueError("an edge is a pair [cause, effect]")
            return {"cause": value[0], "effect": value[1]}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        pair = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
        return {"anyOf": [handler(schema), pair]}


class Unmeasured(BaseModel):
    """A cause that is not in the table, and the nodes that it affects."""

    model_config = FROZEN

    name: str
    affects: tuple[str, ...]
    reason: str | None = None
    source: Source = "you"


class Graph(BaseModel):
    """A directed acyclic graph over columns and unmeasured causes. Immutable: edits return a new graph."""

    model_config = FROZEN

    edges: tuple[Edge, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = Field(default=())

    @field_validator("edges")
    @classmethod
    def _unique(cls, edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
        kept: dict[tuple[str, str], Edge] = {}
        for edge in edges:
            kept.setdefault((edge.cause, edge.effect), edge)
        return tuple(kept.values())

    @classmethod
    def of(cls, *pairs: tuple[str, str], unmeasured: Mapping[str, Iterable[str]] | None = None) -> Graph:
        """A graph from plain pairs, for scripts: `Graph.of(("age", "quit"), ("quit", "weight"))`."""
        hidden = tuple(Unmeasured(name=n, affects=tuple(a)) for n, a in (unmeasured or {}).items())
        return cls(edges=tuple(Edge(cause=c, effect=e) for c, e in pairs), unmeasured=hidden)

    def pairs(self) -> list[tuple[str, str]]:
        """All arrows, those of unmeasured causes included, in a stable order."""
        measured = [(e.cause, e.effect) for e in self.edges]
        return measured + [(u.name, node) for u in self.unmeasured for node in u.affects]

    def nodes(self) -> list[str]:
        """All nodes in order of first mention."""
        return list(dict.fromkeys(node for pair in self.pairs() for node in pair))

    def hidden(self) -> list[str]:
        """Names of unmeasured causes."""
        return [u.name for u in self.unmeasured]

    def children(self) -> dict[str, list[str]]:
        """Direct effects of every node."""
        out: dict[str, list[str]] = {node: [] for node in self.nodes()}
        for cause, effect in self.pairs():
            if effect not in out[cause]:
                out[cause].append(effect)
        return out

    def descendants(self, node: str) -> set[str]:
        """Everything that `node` affects, directly or not (without `node`)."""
        children, seen, todo = self.children(), set[str](), [node]
        while todo:
            for child in children.get(todo.pop(), ()):
                if child not in seen:
                    seen.add(child)
                    todo.append(child)
        return seen

    def ancestors(self, node: str) -> set[str]:
        """Everything that affects `node`, directly or not (without `node`)."""
        flipped = Graph.of(*((e, c) for c, e in self.pairs()))
        return flipped.descendants(node)

    def with_edge(self, cause: str, effect: str, reason: str | None = None, source: Source = "you") -> Graph:
        """A graph with one more arrow."""
        return self.model_copy(
            update={"edges": (*self.edges, Edge(cause=cause, effect=effect, reason=reason, source=source))}
        )

    def without(self, cause: str, effect: str) -> Graph:
        """A graph with one arrow fewer."""
        kept = tuple(e for e in self.edges if (e.cause, e.effect) != (cause, effect))
        return self.model_copy(update={"edges": kept})

    def check(self, columns: Iterable[str], extra: Iterable[str] = ()) -> None:
        """Raise `GraphError` on a self-loop, a cycle or a node that is neither a column, unmeasured nor `extra`.

        A misspelt column never becomes an unmeasured cause in silence.
        """
        from .errors import UnknownColumn

        known = list(columns)
        allowed = set(known) | set(self.hidden()) | set(extra)
        clash = sorted(set(known) & set(self.hidden()))
        if clash:
            raise GraphError(
                f"{clash[0]!r} is listed as unmeasured, but the table has a column of that name.",
                "Take it out of `unmeasured`, or give the hidden cause another name.",
            )
        for cause, effect in self.pairs():
            if cause == effect:
                raise GraphError(f"The graph says that {cause!r} causes itself.", "Remove that arrow.")
            for node in (cause, effect):
                if node not in allowed:
                    error = UnknownColumn(node, known, "graph node")
                    raise GraphError(
                        error.message, f"{error.hint} A cause that is not in the table goes under `unmeasured`."
                    )
        cycle = self.cycle()
        if cycle:
            raise GraphError(
                "The graph goes round in a circle: " + " → ".join(cycle) + ".",
                "Remove one of these arrows; a cause must come before its effect.",
            )

    def cycle(self) -> list[str] | None:
        """One directed cycle as a closed walk, or None."""
        children = self.children()
        state: dict[str, int] = {}
        for root in children:
            if root in state:
                continue
            path, stack = [root], [iter(children[root])]
            state[root] = 1
            while stack:
                child = next(stack[-1], None)
                if child is None:
                    state[path.pop()] = 2
                    stack.pop()
                elif state.get(child) == 1:
                    return [*path[path.index(child) :], child]
                elif child not in state:
                    state[child] = 1
                    path.append(child)
                    stack.append(iter(children[child]))
        return None
