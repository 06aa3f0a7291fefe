"""2 · The answer: its sentences, the forest plot, and the picture of its design."""

from __future__ import annotations

from ...analysis import Effect, Estimate, GroupedEffect, MediationEffect
from ...wording import LITTLE, alike, null_of, safe
from ..amounts import Amount, arm_words, factor, logarithmic, shown, unit_words, with_unit
from ..figures.figure import Figure
from ..figures.forest import Kind, Row, Scale, forest
from ..page import Block, Drawn, Paragraph, Points, Section
from .telling import Telling, capital
from .told import told_of

MOST_PICTURES = 12  # other pictures in one figure
OFF_QUESTION = "not an answer to the question"  # in the label of a method shown for comparison only


def chapter(t: Telling) -> Section | None:
    """The section: for a refusal, what the data allow instead."""
    answer = t.answer
    blocks: list[Block] = []
    if answer.status in ("not_identified", "needs_review"):
        blocks += _refused(t)
        return Section("answer", "The answer: it cannot be told from these data", tuple(blocks))
    blocks += [
        Points(tuple(("·", i) for i in s.items), s.words) if s.items else Paragraph(s.words) for s in t.blocks.said
    ]
    if answer.effect is not None and not answer.attribution:  # there the shares are the answer
        blocks.append(Drawn(estimates(t)))
        blocks += [Drawn(f) for f in (*parts(t), *redrawn(t))]
    blocks += told_of(t)
    return Section("answer", "The answer", tuple(blocks))


def _refused(t: Telling) -> list[Block]:
    answer = t.answer
    out: list[Block] = []
    if answer.why_not:
        out.append(Paragraph(answer.why_not))
    if answer.would_help:
        asked = answer.status == "needs_review"
        head = "What is needed from you:" if asked else "What would help:"
        out.append(Points(tuple(("·", t.sentence(h)) for h in answer.would_help), head))
    if answer.choices:
        rows = tuple(
            ("·", f"{capital(safe(role))}: {', '.join(safe(n) for n in names[:6])}")
            for role, names in answer.choices.items()
            if names
        )
        out.append(Points(rows, "Columns that it could be about, the likeliest first:"))  # type: ignore[arg-type]
    experiment = t.blocks.one("experiment")
    if experiment:
        out.append(Paragraph(f"The experiment that would settle it: {experiment}"))
    if answer.bounds is not None:
        out.append(Paragraph(f"Until then: {t.blocks.one('bounds')}"))
        out.append(Drawn(bounds(t)))
    said = t.blocks.one("shown")
    if said:
        out.append(Paragraph(f"What the table shows, without any claim about causes: {said}"))
    return out + told_of(t)


def scale_of(t: Telling, effect: Effect, matters: float | None = None) -> Scale:
    """The axis of effects like this one."""
    unit = unit_words(effect)
    names = {"difference": "difference", "percent": "change"}
    name = (
        unit if effect.scale not in names else f"{names[effect.scale]} in {t.outcome}" + (f", {unit}" if unit else "")
    )
    yes_no = effect.scale == "difference" and effect.unit == "probability"
    lower, higher = ("fewer", "more") if yes_no else ("lower", "higher")
    small = factor(effect) * matters if matters and effect.scale == "difference" else None
    return Scale(null_of(effect), name, logarithmic(effect), lower, higher, small)


def estimates(t: Telling) -> Figure:
    """The forest plot: the main method, the others, what came out in the checks, and a plain comparison."""
    answer = t.answer
    effect = answer.effect
    assert effect is not None
    rows = [Row(capital(_method(t)), shown(effect), "main")]
    rows += [Row(_label(e), shown(e.effect), _kind(e)) for e in answer.estimates[1:] if e.effect.scale == effect.scale]
    rows += _checked(t, effect)
    plain = answer.unadjusted
    if plain is not None and plain.scale == effect.scale:
        rows.append(Row("Plain comparison, nothing held fixed", shown(plain), "plain"))
    decision = answer.decision or {}
    matters = decision.get("matters")
    if (
        effect.scale != "difference"
        or not isinstance(matters, int | float)
        or decision.get("unit") not in (effect.unit, None, "")
    ):
        matters = None
    note = "The square is the answer; the line is its margin (95 in 100). Circles are other methods."
    if any(r.kind == "check" for r in rows):
        note += " Triangles are the same method under a check."
    if any(r.kind == "plain" for r in rows):
        note += " A diamond leaves out what the answer holds fixed."
    if matters:
        note += f" In the shaded band {LITTLE['high'].removeprefix('makes ').removesuffix(' to')} is made."
    return forest(
        "estimates", _message(t, effect), rows, scale_of(t, effect, matters), note, "The estimate by each method"
    )


def _message(t: Telling, effect: Effect) -> str:
    agree = t.check("other_methods")
    if agree is not None and agree.verdict == "passed":
        return f"{t.said(agree.observed)}: they agree"
    if agree is not None:
        return f"The methods do not agree: {agree.observed}" if agree.verdict == "failed" else t.said(agree.observed)
    text = f"The best single figure is {with_unit(effect)}"
    return text if effect.low is not None else f"{text}; how far chance could have moved it cannot be said"


def _method(t: Telling) -> str:
    return t.answer.estimates[0].label if t.answer.estimates else (t.answer.method or "the answer")


def _label(e: Estimate) -> str:
    return capital(e.label)


def _kind(e: Estimate) -> Kind:
    return "plain" if OFF_QUESTION in e.label else "other"


def _checked(t: Telling, effect: Effect) -> list[Row]:
    """Checks that give the answer anew, on the scale of the answer."""
    if effect.scale != "difference" or t.answer.arms or isinstance(effect, GroupedEffect | MediationEffect):
        return []
    f = factor(effect)
    out = []
    for name, figure, error, label in (
        ("trimming", "value", "std_error", "Only rows with a fair chance of either treatment"),
        ("leave_one_out", "without", "", "Without {column}, the column that matters most"),
        ("influence", "pulled_in", "", "With the most unexpected outcomes pulled in"),
        ("random_common_cause", "mean", "", "With a made-up shared cause"),
        ("data_subset", "mean", "", "On random parts of the table"),
    ):
        check = t.check(name)
        value = None if check is None else check.figures.get(figure)
        if check is None or not isinstance(value, int | float):
            continue
        spread = check.figures.get(error)
        low = high = None
        if isinstance(spread, int | float) and not isinstance(spread, bool):
            low, high = f * (value - 1.96 * spread), f * (value + 1.96 * spread)
        words = label.replace("{column}", safe(check.figures.get("column"), 40))
        out.append(Row(words, Amount(f * value, low, high), "check"))
    return out


def parts(t: Telling) -> list[Figure]:
    """What the effect is made of: groups, ways, several arms."""
    effect, answer = t.answer.effect, t.answer
    out: list[Figure] = []
    if isinstance(effect, GroupedEffect):
        by = safe(t.query.by, 40) if t.query is not None and t.query.by else "group"
        rows = [Row(f"{by} = {safe(g.group, 40)} ({g.rows:,} rows)", shown(g), "group") for g in effect.groups]
        rows.append(Row("Everyone", shown(effect), "other"))
        out.append(
            forest("groups", _between(effect, by), rows, scale_of(t, effect), words=f"The effect in each group of {by}")
        )
    if isinstance(effect, MediationEffect):
        through = (
            ", ".join(safe(m, 40) for m in getattr(t.query.design, "mediators", ())) if t.query else "the mediator"
        )
        rows = [
            Row("The whole effect", shown(effect.total), "main"),
            Row(f"Through {through}", shown(effect.indirect), "other"),
            Row("Past it", shown(effect.direct), "other"),
        ]
        title = f"Through {through}: {with_unit(effect.indirect)}; past it: {with_unit(effect.direct)}"
        out.append(forest("ways", title, rows, scale_of(t, effect.total), words="The effect and its parts"))
    if answer.arms:
        arms = [
            (a, Effect.model_validate({k: v for k, v in a["effect"].items() if k in Effect.model_fields}))
            for a in answer.arms
            if a.get("effect")
        ]
        rows = [Row(arm_words(a), shown(e), "group") for a, e in arms]
        single = any("treatment" in a for a, _ in arms)  # each a change of its own, not arms of one treatment
        title = (
            "What each single change does, by the picture"
            if single
            else f"{len(rows)} comparisons were made, so one of them may stand out by chance"
        )
        out.append(
            forest(
                "arms",
                title,
                rows,
                scale_of(t, arms[0][1]),
                words="The effect of each change" if single else "The effect of each arm",
            )
        )
    return out


def redrawn(t: Telling) -> list[Figure]:
    """The answer under other plausible pictures of causes, where any of them changes it."""
    pictures, effect = t.answer.pictures, t.answer.effect
    if pictures is None or effect is None:
        return []
    told = [a for a in pictures.alternatives if a.effect is not None and a.effect.scale == effect.scale]
    if not told:
        return []
    rows = [Row("As drawn", shown(effect), "main")]
    rows += [
        Row(f"If {safe(a.change, 120)}", shown(a.effect), "check") for a in told[:MOST_PICTURES] if a.effect is not None
    ]
    note = "Triangles are the same question under another picture." + (f" {pictures.beyond}" if pictures.beyond else "")
    if len(told) > MOST_PICTURES:
        note += f" {len(told) - MOST_PICTURES} more are not shown."
    return [
        forest("pictures", t.said(pictures.verdict), rows, scale_of(t, effect), note, "The answer under other pictures")
    ]


def _between(effect: GroupedEffect, by: str) -> str:
    """The size of the difference; whether there is one is for the headline, which knows how sure that is."""
    gap = effect.difference_between_groups
    return f"The effect in each group of {by}" + ("" if gap is None else f"; they are apart by {with_unit(gap)}")


def bounds(t: Telling) -> Figure:
    """The range that the data allow without the assumption that is missing."""
    answer = t.answer
    assert answer.bounds is not None
    query = t.query
    yes_no = "in 100" in t.blocks.one("bounds")
    f, unit = (100.0, "in 100") if yes_no else (1.0, "")
    all_bounds = (answer.bounds, *answer.bounds.narrower)
    rows = [
        Row(
            t.said(b.assumptions[0]) if b.assumptions else "What the data allow",
            Amount(None, f * b.low, f * b.high),
            "main" if i == 0 else "other",
        )
        for i, b in enumerate(all_bounds)
    ]
    low, high = alike([f * answer.bounds.low, f * answer.bounds.high])
    outcome = t.outcome if query is not None else "the outcome"
    scale = Scale(
        0.0,
        f"difference in {outcome}{', ' + unit if unit else ''}",
        False,
        "fewer" if yes_no else "lower",
        "more" if yes_no else "higher",
    )
    title = f"The data allow anything from {low} to {high}{' ' + unit if unit else ''}"
    return forest("bounds", title, rows, scale, "The lines are ranges, not margins of error.", "What the data allow")
