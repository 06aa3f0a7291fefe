"""What a reading got right, held against the right reading of a question file. Every part is scored apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyllm_causal.filter import parse_filter
from pyllm_causal.language.draft import draft_graph
from pyllm_causal.language.read import Reading
from pyllm_causal.profile import Profile
from pyllm_causal.query import Query

_TARGETS = {"everyone": "ate", "treated": "att", "untreated": "atc", "compliers": "late"}
_KINDS = {"effect_by_group": "cate"}


@dataclass(frozen=True)
class Scored:
    """One question: what was wanted, what came back, which parts are right (None: not asked about)."""

    text: str
    wanted: tuple[str, str, str]
    got: tuple[str, str, str]
    parts: dict[str, bool | None]
    confounders: float | None
    shortlist: bool | None
    repairs: int
    receipt: str
    extras: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Type, treatment and outcome are all right."""
        return all(self.parts[p] is not False for p in ("type", "treatment", "outcome"))

    @property
    def chose(self) -> bool:
        """The reader asked instead of answering."""
        return self.got[0] == "choose"

    @property
    def misread(self) -> bool:
        """Something was read, and wrongly."""
        return not self.full and not self.chose


def kind_of(query: Query | None) -> str:
    """The type of a reading in the words of the question files."""
    if query is None:
        return "choose"
    if query.kind == "association":
        return "association" if query.treatment and query.outcome else "no_causal"
    if query.kind == "effect":
        return _TARGETS[query.target]
    return _KINDS.get(query.kind, query.kind)


def score(question: Mapping[str, Any], reading: Reading, profile: Profile) -> Scored:
    """Hold `reading` against the right one."""
    query, extra = reading.query, question.get("extra") or {}
    wanted = (question["type"], question["T"], question["Y"])
    got = (kind_of(query), (query and query.treatment) or "none", (query and query.outcome) or "none")
    if got[0] == "no_causal":
        got = ("no_causal", "none", "none")
    if wanted[0] == "missing":
        right = query is None and "no column" in reading.receipt
        parts: dict[str, bool | None] = {"type": right, "treatment": None, "outcome": None, "refusal": right}
        got = ("missing" if right else got[0], "none", "none")
    else:
        pair = got[1:]
        if wanted[0] == "association" and got[0] == "association" and set(pair) == set(wanted[1:]):
            pair = wanted[1:]  # an association has no direction
        needed = wanted[0] not in ("no_causal", "discovery")
        parts = {
            "type": got[0] == wanted[0],
            "treatment": pair[0] == wanted[1] if needed and wanted[1] != "none" else None,
            "outcome": pair[1] == wanted[2] if needed else None,
            "refusal": query is not None or got[0] == wanted[0],
        }
    extras = _extras(extra, query, reading, profile)
    parts |= {name: have == want for name, (want, have) in extras.items()}
    return Scored(
        text=question["text"],
        wanted=wanted,
        got=got,
        parts=parts,
        confounders=_confounders(question.get("conf"), query, profile, parts),
        shortlist=_shortlist(wanted, reading),
        repairs=sum(s.repairs for s in reading.steps),
        receipt=reading.receipt,
        extras=extras,
    )


def _extras(
    extra: Mapping[str, Any], query: Query | None, reading: Reading, profile: Profile
) -> dict[str, tuple[Any, Any]]:
    """(wanted, got) of everything beside type, treatment and outcome."""
    design = query.design if query is not None else None
    out: dict[str, tuple[Any, Any]] = {}
    for key, want in extra.items():
        have: Any = None
        if key == "modifier":
            have = query and query.by
        elif key == "mediator":
            have = next(iter(getattr(design, "mediators", ())), None)
        elif key == "instrument":
            have = next(iter(getattr(design, "instruments", ())), None)
        elif key == "design":
            full = design.model_dump(mode="json") if design is not None else {}
            have = {k: full.get(k) for k in want}
        elif key == "where":
            names = profile.names()
            have = query and query.where and _conditions(query.where, names)
            want = _conditions(want, names)
        elif key == "language":
            have = getattr(reading, "language", None)
        elif key == "arms":
            have = query is not None and query.treated is None
        elif key == "row":
            have = query and query.row
        else:
            have = getattr(query, key, None) if query is not None else None
        out[key] = (want, have)
    return out


def _conditions(where: str, names: Sequence[str]) -> set[tuple[str, str, Any]]:
    return {(c.column, c.op, c.value) for c in parse_filter(where, names).conditions}


def _confounders(
    wanted: Sequence[str] | None, query: Query | None, profile: Profile, parts: Mapping[str, bool | None]
) -> float | None:
    """F1 of the drafted shared causes, where treatment and outcome were read right."""
    if not wanted or query is None or not parts["treatment"] or not parts["outcome"]:
        return None
    graph = draft_graph(query, profile, None).graph
    pairs = set(graph.pairs())
    found = {a for a, b in pairs if b == query.outcome and (a, query.treatment) in pairs}
    hit = len(found & set(wanted))
    return 2 * hit / (len(found) + len(wanted)) if found else 0.0


def _shortlist(wanted: tuple[str, str, str], reading: Reading) -> bool | None:
    """Do the first three offers hold the right columns? None where nothing was asked of the person."""
    if reading.status == "read" or wanted[0] == "missing":
        return None
    ends = [(role, name) for role, name in (("treatment", wanted[1]), ("outcome", wanted[2])) if name != "none"]
    return all(name in reading.choices.get(role, [])[:3] for role, name in ends)
