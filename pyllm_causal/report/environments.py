"""The words for what differences between environments tell about directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..wording import count, number, safe

_OPEN = {
    "nothing changes": "neither of the two behaves differently anywhere",
    "both change": "the two change in the same places",
    "too little": "what changes is too little to tell",
    "all differ": "too much differs everywhere to say what stays the same",
    "bent": "the link is curved, and a curve can look like a change",
    "not looked at": "time was up",
}


def said(edge: Mapping[str, Any], column: str, environments: int) -> str:
    """What the environments say of one link, as a sentence; `edge` has cause, effect and `environments` (a finding's record)."""
    told = edge["environments"]
    cause, effect, places = safe(edge["cause"], 40), safe(edge["effect"], 40), _places(column, environments)
    if told["verdict"] in ("settled", "new", "agrees", "contradicts") and edge["mark"] == "→":
        drawn, turned = told["changes"]
        if drawn < turned:
            reason = (
                f"if {cause} affects {effect}, {_things(drawn)} had to change between {places}, "
                f"the other way round {_things(turned)}"
            )
        else:
            reason = f"what changes between {places} fits this way round better"
        shaky = "" if told["stable"] else "; one of them alone decides it"
        return f"The direction comes from comparing {places}: {reason}{shaky}."
    if told["verdict"] == "contradicts":
        return f"{places[:1].upper()}{places[1:]} suggest the other way round, but one of them alone decides it."
    return f"Comparing {places} does not tell: {_OPEN[told['why_open'] or 'too little']}."


def notes(
    column: str,
    environments: int,
    remarks: Sequence[str],
    growth: Sequence[tuple[int, float]],
    open_: Mapping[str, int],
    gone: Sequence[tuple[str, str]],
) -> list[str]:
    """What the comparison of environments rests on and what further ones would add. open_: links by why they are open."""
    places = _places(column, environments)
    out = [
        f"Rows of the same {safe(column, 40)} share what is particular to it, so they are not counted as independent of each other: "
        f"links are looked for within each, and directions come from comparing {places}.",
        *remarks,
    ]
    for a, b in gone[:3]:
        out.append(
            f"{safe(a, 40)} and {safe(b, 40)} go together over the whole table, but not within each {safe(column, 40)}."
        )
    if len(growth) > 1:
        parts = [f"{number(n) if n else 'none'} with {count(k)}" for k, n in growth]
        out.append(
            f"Of the directions, so many would be told by fewer values of {safe(column, 40)}, on average over which: {', '.join(parts)}."
        )
    left = sum(open_.values())
    if left:
        still, near = _more(open_), safe(column, 40)
        out.append(f"{_links(left)} still without a direction; {still} (another value of {near}).")
    return out


def _more(open_: Mapping[str, int]) -> str:
    """What a further environment would have to be like to help with the links that are open."""
    why = max(open_, key=lambda k: open_[k])
    return {
        "nothing changes": "data from a place where one of the two columns behaves differently would tell",
        "both change": "data from a place where only one of the two columns behaves differently would tell",
        "all differ": "data from places that differ in fewer ways would tell more than further ones that differ in all",
        "bent": "further places help less than the right shape of the link would",
        "not looked at": "more time would tell first, then further places",
    }.get(why, "more rows of each place, or places that differ more, would tell")


def _links(n: int) -> str:
    return "1 link is" if n == 1 else f"{count(n)} links are"


def _things(n: int) -> str:
    return "nothing" if n == 0 else "1 thing" if n == 1 else f"{count(n)} things"


def _places(column: str, environments: int) -> str:
    return f"{count(environments)} values of {safe(column, 40)}"
