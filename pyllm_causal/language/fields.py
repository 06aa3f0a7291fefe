"""From a form of a reading to the fields of a query. Every field is held against the words of the question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import amounts, claimed, compared, doubt, grounding, kinds, lexicon, match, offline, supposed
from .ask_model import plain
from .reading_form import Attribution, Claimed, Effect, Form

if TYPE_CHECKING:
    from ..profile import Column, Profile

_PARTS = {
    "instruments": "which column is the instrument",
    "running": "which column crosses the cut-off",
    "cutoff": "where the cut-off lies",
    "time": "which column tells the time",
    "group": "which column tells the groups apart",
    "unit": "which column tells the units apart",
    "mediators": "which column the effect passes through",
    "treated_unit": "which unit was treated",
    "start": "from when on it was treated",
}


def fields_of(
    question: str, form: Form, columns: Sequence[Column], profile: Profile, given: Mapping[str, Any], *, sure: bool
) -> tuple[dict[str, Any], str]:
    """Fields of the query, and why a person must choose instead ("" when nobody must).

    `sure`: the form is that of the built-in reader, which has looked at every word already.
    """
    named = {c.name: c for c in profile.columns}
    if form.kind == "missing":
        what = plain(form.what, 80)
        return {}, f"the table seems to have no column for {what}" if what else "the table has no column for that"
    if form.kind == "describe":
        return {"kind": "association"}, ""
    if form.kind == "discovery":
        return {"kind": "discovery"}, ""
    if form.kind == "attribution":
        return _attribution(question, form, columns, profile, given)
    if form.kind == "otherwise":
        return _kept(
            {"kind": "counterfactual", "outcome": form.outcome}
            | _event(question, {"outcome": form.outcome}, named, given)
        ), ""
    if not sure and "treatment" not in given and (thing := grounding.nameless(question, columns)):
        return {}, f"the table seems to have no column for “{plain(thing, 80)}”"
    fields: dict[str, Any] = {"kind": form.kind, "treatment": form.treatment, "outcome": form.outcome}
    if "outcome" not in given:
        fields["outcome"] = grounding.change_of(question, form.outcome, columns)
    if form.kind == "effect_by_group":
        fields["by"] = form.by
    if form.kind == "association":
        fields["where"] = grounding.where(question, (), columns, fields)
        return _kept(fields | _event(question, fields, named, given)), ""
    if (
        form.kind == "effect"
        and not sure
        and "treatment" not in given
        and (meant := grounding.by_level(question, fields, columns))
    ):
        fields["treatment"] = meant
    for role in ("treatment", "outcome"):
        # Only plain questions come in two halves that can be told apart.
        if (
            form.kind in ("effect", "counterfactual")
            and not sure
            and role not in given
            and grounding.far_better(question, fields, role, columns)
        ):
            return fields, f"I am not sure which column is the {role}"
        if role not in given and doubt.other_kin(lexicon.split(question), named[fields[role]]):
            return fields, f"“{plain(fields[role], 80)}” is about another relative than the question"
    why = _designed(question, form, fields, profile, columns, given)
    if why:
        return fields, why
    only = form.only if isinstance(form, Effect) else ()
    beside = claimed.columns_of(fields.get("design") or {})
    fields["where"] = grounding.where(question, only, columns, fields, beside)
    if form.kind == "counterfactual":
        fields["row"] = grounding.one_row(question, profile)
        if fields["row"] is None and "row" not in given and (one := kinds.numbered(question)):
            return _kept(
                fields
            ), f"I cannot tell which row “{plain(' '.join(map(str, one)), 40)}” is (name it with --row)"
    if form.kind == "effect" and fields.get("target") is None:
        fields["target"] = grounding.target(question, form.who, named[fields["treatment"]])
    fields |= _event(question, fields, named, given)
    fields |= _valued(question, fields, named, profile, columns, given)
    if form.kind == "counterfactual" and not {"treated", "control", "changes"} & {*given, *_kept(fields)}:
        fields["treated"] = supposed.supposed(question, named[fields["treatment"]])
    why = fields.get("why", "")
    if not why and not sure and not given and form.kind != "counterfactual" and _unsaid(question, fields, named):
        why = "the question holds a “not” that this reading does not carry"
    return _kept(fields), why


def _attribution(
    question: str, form: Attribution, columns: Sequence[Column], profile: Profile, given: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """What drives it; why it changed, where the question or the person says between which two values; which change would do most."""
    named = {c.name: c for c in profile.columns}
    fields: dict[str, Any] = {"kind": "attribution", "outcome": form.outcome}
    if kinds.best_change(question) and not {"kind", "compare", "row"} & given.keys():
        return _kept({**fields, "kind": "counterfactual"} | _event(question, fields, named, given)), ""
    found = compared.compared(question, profile)
    if "compare" not in given and "row" not in given:
        fields["compare"] = None if found is None else found.field()
    asking = question if found is None else question[: found.start] + question[found.end :]
    fields["where"] = grounding.where(asking, (), columns, fields)
    fields |= _event(question, fields, named, given)
    unsaid = found is None and not {"compare", "row"} & given.keys() and compared.changed(question)
    why = (
        "I cannot tell which two times or groups are compared (name them with --compare COLUMN:FROM:TO)"
        if unsaid
        else ""
    )
    return _kept(fields), why


def _unsaid(question: str, fields: Mapping[str, Any], named: Mapping[str, Column]) -> bool:
    """Is a negation of what is asked left over, where no filter, contrast or target could have taken it up?

    Sentences that tell rather than ask are not looked at: they cannot turn the question round.
    """
    taken = any(fields.get(part) is not None for part in ("where", "treated", "control", "design", "outcome_event"))
    if taken or fields.get("target") not in (None, "everyone"):
        return False
    asking = " ".join(s for s in re.split(r"(?<=[.?!])\s+", question) if s.endswith("?")) or question
    return doubt.reversing(asking, (), [named[fields["treatment"]], named[fields["outcome"]]])


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and name != "why"}


def _event(
    question: str, fields: Mapping[str, Any], named: Mapping[str, Column], given: Mapping[str, Any]
) -> dict[str, Any]:
    if "outcome_event" in given or not fields.get("outcome"):
        return {}
    return {"outcome_event": amounts.event(question, named[fields["outcome"]])}


def _designed(
    question: str,
    form: Form,
    fields: dict[str, Any],
    profile: Profile,
    columns: Sequence[Column],
    given: Mapping[str, Any],
) -> str:
    """Put the design that the question claims into `fields`; why a person must choose where it lacks a part."""
    if form.kind == "mediation":
        fields["design"] = {"kind": "mediation", "mediators": [form.mediator]}
        fields["sources"] = {"design": "model"}
        return ""
    if "design" in given:
        return ""
    claim = claimed.claim(question, fields, profile)
    said = form.design if isinstance(form, Effect) else None
    if claim is None and said is not None:
        claim = _told(question, said, fields, profile, columns)
    if claim is None:
        return ""
    if claim.missing and said is not None and said.kind == claim.kind:
        claim = _completed(claim, said, columns)
    between = (*claim.parts.get("instruments", ()), *claim.parts.get("mediators", ()))
    if fields["treatment"] in between:
        said_as = "the instrument" if claim.kind == "instrument" else "what the effect passes through"
        if "treatment" in given:
            return f"the question names the treatment as {said_as}"
        meant = _treatment(question, columns, {*claim.columns, fields["outcome"]})
        if meant is None:
            fields.pop("treatment")
            return f"“{plain(between[0], 80)}” is named as {said_as}, so I am not sure which column is the treatment"
        fields["treatment"] = meant
    if claim.missing:
        lacking = " and ".join(_PARTS[m] for m in claim.missing)
        parts = ", ".join(claim.missing)
        return (
            f"the question speaks of {claimed.NAMES[claim.kind]}, but I cannot tell {lacking} "
            f"(design {claim.kind}: {parts} missing)"
        )
    clash = claim.columns & {fields.get("outcome"), fields.get("by")}
    if clash:
        return f"“{plain(next(iter(clash)), 80)}” would play two parts in this design ({claim.kind})"
    fields["design"] = claim.design()
    fields["sources"] = {"design": claim.source}
    fields.update(claim.fields)
    return ""


def _treatment(question: str, columns: Sequence[Column], taken: set[str]) -> str | None:
    cause, _ = offline.spans(offline.apart(question, columns))
    return match.rank(cause, [c for c in columns if c.name not in taken]).leader()


def _completed(claim: claimed.Claim, said: Claimed, columns: Sequence[Column]) -> claimed.Claim:
    """A claim with the parts that rules did not find and the model names."""
    known = {c.name for c in columns}
    parts = dict(claim.parts)
    for part, value in (
        ("instruments", said.instrument),
        ("mediators", said.mediator),
        ("running", said.running),
        ("time", said.time),
    ):
        if part in claim.missing and value in known:
            parts[part] = (value,) if part in ("instruments", "mediators") else value
    if "cutoff" in claim.missing and said.cutoff is not None:
        parts["cutoff"] = float(said.cutoff)
    return claimed.Claim(
        claim.kind, parts, tuple(m for m in claim.missing if m not in parts), claim.fields, claim.source, claim.spans
    )


def _told(
    question: str, said: Claimed, fields: Mapping[str, Any], profile: Profile, columns: Sequence[Column]
) -> claimed.Claim | None:
    """A design that only the model sees: taken where its parts are in the question in so many words."""
    named = {c.name: c for c in columns}
    taken = {fields.get("treatment"), fields.get("outcome")}
    if said.kind == "discontinuity" and said.running in named and said.running not in taken and said.cutoff is not None:
        column, number = named[said.running], float(said.cutoff)
        spelled = f"{number:g}" in question.replace(",", "")
        inside = (
            column.minimum is not None and column.maximum is not None and column.minimum <= number <= column.maximum
        )
        if spelled and inside and match.mentioned(question, column) >= 0.5:
            return claimed.Claim("discontinuity", {"running": said.running, "cutoff": number})
    return None


def _valued(
    question: str,
    fields: Mapping[str, Any],
    named: Mapping[str, Column],
    profile: Profile,
    columns: Sequence[Column],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Contrast, scale, event, size that matters and the asker's words for the treatment."""
    treatment, outcome = named[fields["treatment"]], named[fields["outcome"]]
    out: dict[str, Any] = dict(amounts.contrast(question, treatment) or amounts.arms(question, treatment))
    nameless = not {"treated", "control"} & {*out, *given} and amounts.nameless_codes(treatment)
    if nameless and fields["kind"] in ("effect", "effect_by_group", "mediation"):
        out["why"] = (
            f"I cannot tell which of {nameless} in “{plain(treatment.name, 80)}” means yes (say it with --treated and --control)"
        )
        return out
    out |= amounts.scale(question)
    out["matters"] = amounts.matters(question, outcome)
    lasting = {} if {"event", "outcome"} & given.keys() else amounts.over_time(question, outcome, columns)
    if lasting is None:
        out["why"] = (
            "the question is about time to an event, but I cannot tell which columns hold the time and the event"
        )
    elif fields["kind"] in ("effect", "effect_by_group"):
        free = {n for n in lasting.values() if n not in (fields["treatment"], fields.get("by"))}
        if len(free) == 2:
            out |= lasting
            out["outcome_event"] = None
    if coded := amounts.coded(profile, fields):
        out["categorical"] = coded
    if words := grounding.spoken(question, treatment):
        out["words"] = {"treatment": words}
    return out
