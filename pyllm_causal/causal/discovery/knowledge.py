"""What a person knows before a search, in a form that the search obeys, and the check afterwards that it did.

Tiers, required and forbidden arrows become two matrices. What contradicts itself, or is about columns that the search cannot use,
is left out and told; nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...query import Knowledge
from ...wording import safe
from .dags import leads
from .marks import Link

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

Rule = Literal["required", "forbidden", "tiers"]


@dataclass(frozen=True)
class Broken:
    """Something given that the result does not satisfy, and why."""

    rule: Rule
    cause: str
    effect: str
    sentence: str


@dataclass(frozen=True)
class Known:
    """Knowledge as (p, p) matrices [cause, effect]. `broken`: what could not be used."""

    allowed: Bools
    required: Bools
    broken: tuple[Broken, ...]


def known(given: Knowledge | None, names: Sequence[str], aside: Mapping[str, str]) -> Known:
    """Knowledge about the columns `names` of a search; `aside`: the other columns, with the reason."""
    import numpy as np

    given = given or Knowledge()
    at = {name: i for i, name in enumerate(names)}
    allowed = ~np.eye(len(names), dtype=bool)
    required = np.zeros_like(allowed)
    broken: list[Broken] = []
    tier: dict[str, int] = {}
    for number, members in enumerate(given.tiers):
        for name in members:
            if tier.setdefault(name, number) != number:
                broken.append(Broken("tiers", name, name, f"{safe(name)} stands in two tiers; the earlier one counts."))
    for later, high in tier.items():
        for earlier, low in tier.items():
            if high > low and later in at and earlier in at:
                allowed[at[later], at[earlier]] = False
    for cause, effect in given.required:
        reason = _against(
            cause,
            effect,
            given,
            tier,
            {n: aside.get(n, "it is not among the columns") for n in (cause, effect) if n not in at},
        )
        if not reason and leads(required, at[effect], at[cause]):
            reason = "with the other arrows that you require it would go round in a circle"
        if reason:
            said = f"{safe(cause)} affects {safe(effect)}"
            broken.append(Broken("required", cause, effect, f"You require that {said}, but {reason}."))
        else:
            required[at[cause], at[effect]] = True
    for cause, effect in given.forbidden:
        if cause in at and effect in at and cause != effect:
            allowed[at[cause], at[effect]] = False
    return Known(allowed, required, tuple(broken))


def _against(cause: str, effect: str, given: Knowledge, tier: Mapping[str, int], aside: Mapping[str, str]) -> str:
    if cause == effect:
        return "nothing affects itself"
    for name in (cause, effect):
        if name in aside:
            return f"{safe(name)} could not be looked at: {aside[name]}"
    if (cause, effect) in given.forbidden:
        return "you also forbid it"
    if cause in tier and effect in tier and tier[cause] > tier[effect]:
        return f"your tiers put {safe(cause)} after {safe(effect)}"
    return ""


def breaches(
    given: Knowledge | None, links: Sequence[Link], names: Sequence[str], told: Sequence[Broken]
) -> tuple[Broken, ...]:
    """Everything given that the links do not satisfy, but for what is `told` already: looked up anew, whatever the search did."""
    given = given or Knowledge()
    arrows = {(names[a.arrow[0]], names[a.arrow[1]]) for a in links if a.arrow is not None}
    # a mark of a tail or circle at the cause, and no arrow against it: the link may run this way
    open_ = {
        pair
        for one in links
        if one.arrow is None and one.sign != "↔"
        for pair in ((names[one.a], names[one.b]), (names[one.b], names[one.a]))
        if one.mark_at(one.a if pair[0] == names[one.a] else one.b) != "arrow"
    }
    out = []
    known_already = {(b.rule, b.cause, b.effect) for b in told}
    for cause, effect in given.required:
        if (cause, effect) not in arrows:
            out.append(
                Broken(
                    "required",
                    cause,
                    effect,
                    f"You require that {safe(cause)} affects {safe(effect)}; the result does not say so.",
                )
            )
    for cause, effect in given.forbidden:
        if (cause, effect) in arrows or (cause, effect) in open_:
            said = f"{safe(cause)} affects {safe(effect)}"
            out.append(Broken("forbidden", cause, effect, f"You rule out that {said}; the result does not."))
    tier: dict[str, int] = {}
    for number, members in enumerate(given.tiers):
        for name in members:
            tier.setdefault(name, number)
    for cause, effect in sorted(arrows | open_):
        if cause in tier and effect in tier and tier[cause] > tier[effect]:
            said = f"{safe(cause)} comes after {safe(effect)}"
            out.append(Broken("tiers", cause, effect, f"You say that {said}; the result lets it be a cause."))
    return tuple(b for b in out if (b.rule, b.cause, b.effect) not in known_already)
