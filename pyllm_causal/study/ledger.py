"""The ledger of forking paths: what was signed before a first estimate, and every way a question was looked at since.

Whoever looks at a question in many ways and keeps the answer they like finds effects that are not there (Gelman & Loken 2014,
"The statistical crisis in science"). So the receipt (question, query, picture) is hashed before the first estimate, every
distinct look is counted and never taken back, and an answer whose picture differs from the one signed says so and counts as
less sure. Described in docs/explanation/ledger.md.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..graph import Graph
from ..query import Query

FROZEN = ConfigDict(frozen=True, extra="forbid")

KINDS = ("effect", "effect_by_group", "mediation", "counterfactual")  # questions that a picture of causes decides
# What makes the picture: whatever says which groups are comparable, and by which method.
PICTURE = ("graph", "adjust_for", "design", "selected_on", "missing", "method")
# Words, units and who said so: the same look in other clothes.
CLOTHES = (
    "question", "words", "scale", "matters", "threshold", "sources", "negative_outcomes", "negative_exposures",
    "changed_after_result",
)  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class Receipt(BaseModel):
    """What was signed for a question before its first estimate; `at` is a time in ISO 8601.

    `hash` is SHA-256 over the canonical JSON of `signed`, the whole query with its question and picture.
    """

    model_config = FROZEN
    about: str
    hash: str
    at: str
    picture: str
    signed: dict[str, Any]


class Look(BaseModel):
    """One way a question was looked at. `seen`: whether an estimate, or a refusal to give one, came back."""

    model_config = FROZEN
    about: str
    look: str
    picture: str
    at: str
    seen: bool


class Standing(BaseModel):
    """Where an answer stands in the ledger: goes into `provenance.ledger`."""

    model_config = FROZEN
    receipt_hash: str
    signed_at: str
    looks: int
    changed_after_result: bool

    @property
    def sentence(self) -> str:
        """What to say of it; empty for a first look at the picture that was signed."""
        said = []
        if self.looks > 1:
            said.append(f"This is the {_ordinal(self.looks)} way you looked at this question.")
        if self.changed_after_result:
            said.append(
                "The picture of causes is not the one you settled on before you saw a first answer, so this answer"
                " counts as less sure."
            )
        elif self.looks > 1:
            said.append("The more ways, the likelier that one of them stands out by chance.")
        return " ".join(said)


class Ledger(BaseModel):
    """Receipts and looks of one study, oldest first. Immutable; nothing is ever taken out."""

    model_config = FROZEN
    receipts: tuple[Receipt, ...] = ()
    looks: tuple[Look, ...] = ()

    def sign(self, query: Query, at: str) -> Ledger:
        """The ledger with the receipt of `query`, unless an answer to this question has been seen already."""
        about = about_of(query)
        if not counted(query) or any(entry.about == about and entry.seen for entry in self.looks):
            return self
        signed = query.model_dump(mode="json", exclude_defaults=True)
        receipt = Receipt(about=about, hash=hash_of(signed), at=at, picture=picture_of(query), signed=signed)
        kept = tuple(r for r in self.receipts if r.about != about)
        return self.model_copy(update={"receipts": (*kept, receipt)})

    def note(self, query: Query, at: str, seen: bool) -> Ledger:
        """The ledger with one look more."""
        if not counted(query):
            return self
        entry = Look(about=about_of(query), look=look_of(query), picture=picture_of(query), at=at, seen=seen)
        return self.model_copy(update={"looks": (*self.looks, entry)})

    def changed(self, query: Query) -> bool:
        """Whether the picture of `query` is another than the one signed, an answer having been seen since."""
        about = about_of(query)
        receipt = next((r for r in self.receipts if r.about == about), None)
        seen = any(entry.about == about and entry.seen for entry in self.looks)
        return receipt is not None and seen and receipt.picture != picture_of(query)

    def standing(self, query: Query) -> Standing | None:
        """Where a query stands once it has been noted; None for a question that no picture decides."""
        about = about_of(query)
        receipt = next((r for r in self.receipts if r.about == about), None)
        if receipt is None or not counted(query):
            return None
        looks = {entry.look for entry in self.looks if entry.about == about}
        return Standing(
            receipt_hash=receipt.hash,
            signed_at=receipt.at,
            looks=len(looks),
            changed_after_result=receipt.picture != picture_of(query),
        )


def counted(query: Query) -> bool:
    """Whether the ledger keeps account of this kind of question."""
    return query.kind in KINDS


def about_of(query: Query) -> str:
    """The question itself: what on what. Rows, groups, doses and pictures are ways of looking at it."""
    return json.dumps([query.treatment, query.outcome])


def picture_of(query: Query) -> str:
    """A hash of what makes groups comparable: the same for the same arrows, whoever drew them in whatever order."""
    fields = query.model_dump(mode="json", include=set(PICTURE) - {"graph"})
    return hash_of([_arrows(query.graph), {**fields, "adjust_for": sorted(query.adjust_for or ()) or query.adjust_for}])


def look_of(query: Query) -> str:
    """A hash of everything that changes the estimate."""
    fields = query.model_dump(mode="json", exclude={*CLOTHES, *PICTURE})
    return hash_of([fields, picture_of(query)])


def _arrows(graph: Graph | None) -> list[Any] | None:
    if graph is None:
        return None
    edges = sorted([e.cause, e.effect] for e in graph.edges)
    return [edges, sorted([u.name, *sorted(u.affects)] for u in graph.unmeasured)]


def hash_of(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`: sorted keys, no spaces, ASCII."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def _ordinal(n: int) -> str:
    if n <= len(_ORDINALS):
        return _ORDINALS[n - 1]
    ending = "th" if 10 < n % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
