"""The causal graph: edges with reasons, and causes that nobody measured."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .errors import GraphError

Confidence = Literal["sure", "likely", "unsure"]
Source = Literal["you", "model", "data"]

FROZEN = ConfigDict(frozen=True, extra="forbid")

_DOUBT = re.compile(
    r"\b(?:unsure|uncertain|doubtful|not (?:at all |so |very )?(?:sure|certain)|may not be|doubt (?:it|this|that))\b",
    re.IGNORECASE,
)


class Edge(BaseModel):
    """`cause` directly affects `effect`. A pair `[cause, effect]` is accepted as shorthand.

    `source` drew the arrow; `note` is what a reviewer has to say about it.
    """

    model_config = FROZEN

    cause: str
    effect: str
    reason: str | None = None
    confidence: Confidence | None = None
    source: Source = "you"
    note: str | None = None

    @property
    def doubted(self) -> bool:
        """Whether somebody says that the arrow may not be there: by its confidence, or in a note."""
        return self.confidence == "unsure" or bool(_DOUBT.search(self.note or ""))

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


_UNSIGNED = {"reviewed_by": None, "reviewed_at": None, "signature": None}


class Unmeasured(BaseModel):
    """A cause that is not in the table, and the nodes that it affects."""

    model_config = FROZEN

    name: str
    affects: tuple[str, ...]
    reason: str | None = None
    source: Source = "you"


class Graph(BaseModel):
    """A directed acyclic graph over columns and unmeasured causes. Immutable: edits return a new graph.

    `reviewed_by` signed it at `reviewed_at` (ISO 8601); `signature` is the fingerprint of what was signed. Read
    `signed_by`, which holds only while nothing has been changed.
    """

    model_config = FROZEN

    edges: tuple[Edge, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = Field(default=())
    reviewed_by: str | None = None
    reviewed_at: str | None = None
    signature: str | None = None

    @field_validator("edges")
    @classmethod
    def _unique(cls, edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
        kept: dict[tuple[str, str], Edge] = {}
        for edge in edges:
            kept.setdefault((edge.cause, edge.effect), edge)
        return tuple(kept.values())

    @classmethod
    def of(cls, *pairs: tuple[str, str], unmeasured: Mapping[str, Iterable[str]] | None = None) -> Graph:
        """A graph from plain pairs, for scripts.

        >>> graph = Graph.of(("age", "quit"), ("age", "weight"), ("quit", "weight"))
        >>> graph.without("age", "quit").with_hidden("stress", "weight").pairs()
        [('age', 'weight'), ('quit', 'weight'), ('stress', 'weight')]
        """
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
        out: dict[str, dict[str, None]] = {}
        for cause, effect in self.pairs():
            out.setdefault(cause, {})[effect] = None
            out.setdefault(effect, {})
        return {node: list(effects) for node, effects in out.items()}

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
        """A graph with one more arrow; a signature under it is taken off."""
        added = Edge(cause=cause, effect=effect, reason=reason, source=source)
        return self.model_copy(update={"edges": (*self.edges, added), **_UNSIGNED})

    def without(self, cause: str, effect: str) -> Graph:
        """A graph with one arrow fewer; a signature under it is taken off."""
        kept = tuple(e for e in self.edges if (e.cause, e.effect) != (cause, effect))
        return self.model_copy(update={"edges": kept, **_UNSIGNED})

    def flipped(self, cause: str, effect: str) -> Graph:
        """A graph with one arrow the other way round, as a person's; a signature under it is taken off."""
        return self.without(cause, effect).with_edge(effect, cause)

    def fingerprint(self) -> str:
        """SHA-256 (hex) over every arrow, every unmeasured cause and who reviewed them when, whatever their order.

        It tells a change from no change; it keeps nobody from signing anew.
        """
        edges = sorted(json.dumps(e.model_dump(exclude_none=True), sort_keys=True) for e in self.edges)
        hidden = sorted(json.dumps(u.model_dump(exclude_none=True), sort_keys=True) for u in self.unmeasured)
        whole = json.dumps([edges, hidden, self.reviewed_by, self.reviewed_at])
        return hashlib.sha256(whole.encode()).hexdigest()

    def sign(self, by: str, at: str) -> Graph:
        """The graph as reviewed by a person; `at` is a time in ISO 8601."""
        named = self.model_copy(update={"reviewed_by": by, "reviewed_at": at})
        return named.model_copy(update={"signature": named.fingerprint()})

    def unsigned(self) -> Graph:
        """The graph without a reviewer."""
        return self.model_copy(update=_UNSIGNED)

    @property
    def signed_by(self) -> str | None:
        """Who reviewed exactly this graph; None where nobody did, or where it was changed since."""
        return self.reviewed_by if self.reviewed_by and self.signature == self.fingerprint() else None

    def drawn_by(self) -> Source:
        """Who stands behind the picture: a person who signed it, else the least of those who drew its arrows."""
        if self.signed_by is not None:
            return "you"
        drew = {e.source for e in self.edges} | {u.source for u in self.unmeasured}
        return "model" if "model" in drew else "data" if "data" in drew else "you"

    def with_hidden(self, name: str, *affects: str, source: Source = "you") -> Graph:
        """A graph with a cause that is not in the table, or with more that it affects; a signature is taken off."""
        old = next((u for u in self.unmeasured if u.name == name), None)
        nodes = tuple(dict.fromkeys((*(old.affects if old else ()), *affects)))
        rest = tuple(u for u in self.unmeasured if u.name != name)
        added = Unmeasured(name=name, affects=nodes, reason=old.reason if old else None, source=source)
        return self.model_copy(update={"unmeasured": (*rest, added), **_UNSIGNED})

    def without_hidden(self, name: str) -> Graph:
        """A graph without an unmeasured cause; a signature under it is taken off."""
        rest = tuple(u for u in self.unmeasured if u.name != name)
        return self.model_copy(update={"unmeasured": rest, **_UNSIGNED})

    def require(self, *names: str | None) -> None:
        """Raise `GraphError` naming those of `names` about which the graph says nothing."""
        nodes = self.nodes()
        lacking = [n for n in names if n is not None and n not in nodes]
        if lacking:
            shown = ", ".join(repr(n) for n in nodes[:12]) + (" and others" if len(nodes) > 12 else "")
            raise GraphError(
                f"The graph says nothing about {' and '.join(repr(n) for n in lacking)}, which the question is about.",
                f"It is about {shown or 'nothing'}. Add the arrows that are missing, or leave the graph out.",
            )

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
