"""How sure: one level by rule, always with reasons. The rule is described in docs/explanation/certainty.md.

Start by the design and by who claims it; a fault of the data takes one level down each; an observational answer can
rise by one, at most to moderate, on three conditions together. A passed check never counts upwards by itself, because
a placebo or a bootstrap passes under hidden causes too. The rule is calibrated by tests/calibration.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from ..analysis import Certainty, Diagnosis, Effect, GroupedEffect, Level, Refutation, Verdict
from ..query import Query
from ..wording import alike, excludes_null, join, null_of, number, safe
from .check_names import looked_at, short_of

Standing = Literal["randomised", "design", "observational"]
LADDER: tuple[Level, ...] = ("very_low", "low", "moderate", "high")
# Checks that see at least half of some kind of broken table (docs/calibration.md). All others are information: shown, and
# nothing rests on their having passed.
SEES = (
    "other_methods",
    "negative_outcome",
    "negative_exposure",
    "functional_form",
    "planted_effect",
    "leakage",
    "graph_check",
    "adjustment_sets",
    "pre_trends",
    "density",
    "covariates_continuous",
    "overidentification",
    "leave_one_instrument_out",
)
# Diagnoses by which the figure is known to be no effect: what was held fixed came after the treatment, the outcome before it, the
# treatment began for everybody at once, or the treated had to live until it.
HOPELESS = ("late", "early_outcome", "before_after", "immortal_time")
FATAL = ("leakage",)  # a failure means that the figure is no effect: two levels


def grade(
    query: Query,
    standing: Standing,
    diagnoses: tuple[Diagnosis, ...],
    refutations: tuple[Refutation, ...],
    effect: Effect,
    plain: Effect,
    matters: float,
    notes: tuple[str, ...] = (),
    favours: tuple[str, ...] = (),
) -> Certainty:
    """The level with its reasons. `plain` is the effect as a difference, `matters` in the same unit (> 0).

    Each of `notes` costs a level; `favours` are shown and change nothing.
    """
    randomised = standing == "randomised"
    up: list[str] = []
    down: list[str] = []
    checks = {r.check: r for r in refutations}
    found = {d.name: d for d in diagnoses}
    reviewed = query.source("graph") == "you"
    level = _start(query, standing, found, up, down)
    up += favours
    agreement = checks.get("other_methods")
    if agreement is not None and agreement.verdict == "passed":
        up.append(agreement.observed.replace(" gave ", " agree: "))
    if agreement is not None and agreement.verdict == "failed":
        level -= 1
        down.append(f"methods disagree: {agreement.observed}")
    if _imprecise(plain, matters):
        level -= 1
        factor, unit = (100, " in 100") if plain.unit == "probability" else (1, "")
        low, high = alike([factor * (plain.low or 0.0), factor * (plain.high or 0.0)])
        down.append(f"the margin is wide: the data fit anything from {low} to {high}{unit}")
    if effect.unbounded:
        level -= 2
        down.append(effect.reason or "chance cannot be bounded")
    if isinstance(effect, GroupedEffect) and effect.difference_between_groups is None:
        level = 0  # the question was whether they differ
    faults = (
        ("overlap", ""),
        ("attrition", "rows were lost unequally: "),
        ("clusters", ""),
        ("missing", ""),
        ("weights", ""),
    )
    own = tuple(
        (d.name, "")
        for d in diagnoses
        if d.name not in (*dict(faults), "few_rows", "balance", "selection", "rare_event")
    )
    for name, text in (*faults, ("few_rows", ""), *own):
        if name in found and found[name].status == "warning":
            level -= 2 if name == "clusters" and found[name].figures.get("clusters", 99) < 6 else 1
            down.append(text + found[name].finding)
    if not randomised and "balance" in found and found["balance"].status == "warning":
        level -= 1
        down.append(found["balance"].finding)
    if "selection" in found:
        level -= 1
        down.append(found["selection"].finding)
    failed = [r for r in counted(refutations) if r.verdict == "failed" and r.check != "other_methods"]
    if failed:
        level -= 2 if any(r.check in FATAL for r in failed) else 1
        down.append("a check failed: " + join([short_of(r) for r in failed]))
    level -= _graph_doubts(query, randomised, down)
    level -= sum(2 if "does not follow" in note else 1 for note in notes)
    down += notes
    if query.changed_after_result:
        level -= 1
        down.append("the picture of causes was changed after an answer had been seen")
    placebo = checks.get("placebo_treatment")
    if placebo is not None and placebo.verdict == "passed":
        mean = float(placebo.figures.get("mean") or 0.0)
        left = ""  # on scales other than the difference it is a logarithm
        if effect.scale == "difference" and plain.unit == "probability":
            left = f" ({number(100 * mean, 1)} in 100)"
        elif effect.scale == "difference":
            left = f" ({number(mean, 1)}{f' {plain.unit}' if plain.unit else ''})"
        up.append(f"dealing the treatment out at random makes the effect vanish{left}, as it should")
    if "balance" in found and found["balance"].status == "ok":
        up.append(found["balance"].finding)
    if standing == "observational":
        level = _observational(level, query, reviewed, checks, up, down)
    if level >= 3 and _only_just(plain):
        level = 2
        down.append("the margin only just leaves out no effect, as chance alone can make it")
    if any(name in found for name in HOPELESS):
        level = 0
    return Certainty(level=LADDER[max(0, min(level, 3))], up=tuple(up), down=tuple(dict.fromkeys(down)))


def counted(refutations: Iterable[Refutation]) -> list[Refutation]:
    """The checks that can count against an answer: sensitivity statements and a model's own suggestions never do."""
    return [r for r in refutations if r.family != "sensitivity" and r.suggested_by != "model"]


def overall(refutations: Sequence[Refutation]) -> tuple[Verdict, str]:
    """One verdict on all checks, with its sentence: failed where any failed; passed where at least one that finds most
    faults of some kind (`SEES`) came out clean; inconclusive otherwise, and where nothing was checked."""
    told = counted(refutations)
    failed = [r for r in told if r.verdict == "failed"]
    passed = [r for r in told if r.verdict == "passed"]
    unsure = [r for r in told if r.verdict == "inconclusive"]
    if not told:
        return "inconclusive", "Nothing was checked."
    if all(r.check == "other_methods" for r in told) and not failed:
        return "inconclusive", "Nothing was checked, beyond comparing the methods."
    rest = [f"{len(passed)} passed"] if passed else []
    rest += [_untold(unsure)] if unsure else []
    if failed:
        what = "One check failed" if len(failed) == 1 else f"{len(failed)} checks failed"
        tail = f" ({'; '.join(rest)})" if rest else ""
        return "failed", f"{what}: {join([short_of(r) for r in failed])}{tail}."
    if not passed:
        return "inconclusive", "None of the checks could tell."
    if len(told) == 1:
        first = "The one check passed"
    else:
        every = "Both" if len(told) == 2 else f"All {len(told)}"
        first = f"{every} checks passed" if not unsure else f"{len(passed)} of {len(told)} checks passed"
    tail = f", {_untold(unsure)}" if unsure else ""
    if not any(r.check in SEES for r in passed):
        return "inconclusive", f"{first}{tail}; checks like those that passed miss most faults."
    return "passed", f"{first}{tail}."


def _untold(unsure: Sequence[Refutation]) -> str:
    """`2 could not tell (shuffled treatment, single rows)`."""
    names = list(dict.fromkeys(looked_at(r) for r in unsure))
    named = ", ".join(names[:UNTOLD]) + (f" and {len(names) - UNTOLD} more" if len(names) > UNTOLD else "")
    return f"{'one' if len(unsure) == 1 else len(unsure)} could not tell ({named})"


UNTOLD = 4  # checks that could not tell which are named


def _start(query: Query, standing: Standing, found: dict[str, Diagnosis], up: list[str], down: list[str]) -> int:
    if standing == "observational":
        return 1
    claim = query.source("design")
    if standing == "design":
        if claim == "you":
            return 2
        where = "a graph nobody has checked" if claim == "data" else "the question by the language model"
        down.append(f"that the design holds here is taken from {where}, not confirmed by a person")
        return 1
    if claim != "you":
        where = "the description of the table" if claim == "data" else "the question"
        down.append(f"that it was assigned at random is read from {where}, not confirmed by a person")
        return 1
    if "balance" in found and found["balance"].status == "warning":
        down.append(found["balance"].finding)
        return 1
    up.append("the treatment was assigned at random, as you said")
    return 3


def _imprecise(plain: Effect, matters: float) -> bool:
    """The interval spans no effect and reaches the smallest difference that matters (a ratio: a quarter up or down)."""
    if plain.low is None or plain.high is None:
        return False
    if plain.scale != "difference":
        return not excludes_null(plain) and (plain.low <= 0.8 or plain.high >= 1.25)
    return not excludes_null(plain) and (plain.low <= -matters or plain.high >= matters)


FAR = 2.807 / 1.960  # a 99.5 % interval over a 95 % one


def _only_just(plain: Effect) -> bool:
    """The interval excludes no effect, one of 99.5 % would not.

    Answers that span no effect leave the top grade, so that those left there without an effect would be the false ones."""
    if plain.low is None or plain.high is None or not excludes_null(plain):
        return False
    low, value, high = (math.log(v) if plain.scale in RATIOS else v for v in (plain.low, plain.value, plain.high))
    none = 0.0 if plain.scale in RATIOS else null_of(plain)
    near = value - low if value > none else high - value
    return abs(value - none) < FAR * near


RATIOS = ("ratio", "odds_ratio", "rate_ratio", "hazard_ratio")


def _graph_doubts(query: Query, randomised: bool, down: list[str]) -> int:
    if query.graph is None:
        return 0
    into = [e for e in query.graph.edges if e.effect == query.treatment]
    hidden = [u for u in query.graph.unmeasured if query.treatment in u.affects]
    # a model's own words: only short plain names, which cannot carry a figure or a claim
    short = [u.name for u in hidden if u.source == "model" and u.name.replace(" ", "").isalpha()]
    suspected = [f"“{safe(name, 40)}”" for name in short if len(name.split()) <= 3]
    if suspected and not randomised:
        down.append(f"the language model suspects a shared cause that is not in the table: {join(suspected[:3])}")
    if randomised:
        strata = getattr(query.design, "strata", ())
        # arrows drawn by rule are guesses about an unassigned treatment; only a person's contradict the design
        causes = [e.cause for e in into if e.cause not in strata and e.source == "you"]
        causes += [u.name for u in hidden if u.source == "you"]
        if causes:
            down.append(
                f"the graph says that {join(causes[:4])} decided the treatment, which random assignment rules out"
            )
            return 1
        return 0
    # an unsigned draft is no more than a draft, and counts as one already
    doubtful = [e for e in into if e.doubted and (e.source == "you" or query.graph.signed_by is not None)]
    if doubtful:
        down.append(f"the arrow from {safe(doubtful[0].cause)} to {safe(query.treatment)} is marked as unsure")
        return 1
    return 0


def _observational(
    level: int, query: Query, reviewed: bool, checks: dict[str, Refutation], up: list[str], down: list[str]
) -> int:
    hidden = checks.get("hidden_cause")
    controls = [checks[c] for c in ("negative_outcome", "negative_exposure") if c in checks]
    control = any(c.verdict == "passed" and c.suggested_by == "you" for c in controls)
    strong = hidden is not None and hidden.verdict == "passed"
    text = "nobody dealt the treatment out at random: something that is not in the table could drive both"
    if "mediation" in (query.kind, query.design.kind):  # the treatment may have been: the mediator never is
        text = (
            "nobody dealt the mediator out at random: something that is not in the table could drive it and the outcome"
        )
    if hidden is not None and hidden.figures.get("strongest"):
        text += f". To wipe the answer out {hidden.observed}"
    down.append(text)
    if not reviewed:
        down.append(_unreviewed(query))
    if reviewed and query.graph is not None and control and strong and level == 1:
        up.append(
            "a negative control came out clean, and a hidden cause as strong as the strongest measured one would not undo it"
        )
        level = 2
    return min(level, 2 if reviewed else 1)


def _unreviewed(query: Query) -> str:
    if query.graph is not None or query.adjust_for:
        return "nobody has checked the list of shared causes yet"
    if query.design.kind == "panel":
        return "nobody has named shared causes that change over time, so none of those were held fixed"
    return "nobody has named shared causes, so none were held fixed"


def relevant_matters(given: float | None, spread: float, yes_no: bool) -> tuple[float, bool]:
    """(smallest difference that matters, whether it is only our convention): 0.1 standard deviations, or 2 percentage points."""
    if given is not None:
        return given, False
    return (0.02 if yes_no else 0.1 * spread) or 1e-12, True
