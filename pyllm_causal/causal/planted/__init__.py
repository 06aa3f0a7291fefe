"""Planted effects: outcomes made up on the real rows, with an effect put in and without one, through the method of the headline.

Covariates, treatment, weights, clusters, units and periods stay as they are; the outcome is simulated from what the table shows
of it, so that its true effect is known. An interval that claims 95 in 100 must then hold the planted effect, and nothing where
none was planted, about that often. Seen is what the method itself gets wrong on a table like this one: a wrong form, groups too
unlike, an instrument too weak, an interval too narrow. Not seen is what the simulation takes over from the method: a hidden
cause, trends that part, rows that belong together and were not said to (Advani, Kitagawa & Słoczyński 2019 on the limits).

How often is settled by a rule on the size of the table, never by a clock, so that the same table gives the same figures.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ...analysis import Effect, MediationEffect, Refutation, Verdict
from ...errors import CausalError
from ...query import Scale
from ...wording import number
from ..gram import one_thread

if TYPE_CHECKING:
    import numpy as np

    from ..designs import Finding, Task
    from ..repeats import Watch

MANY, LEAST = 50, 20  # repeats with an effect, and as many without
SECONDS = 1.5  # that all of them may take on the common path, by the rule of each kind
DESIGN_SECONDS = 2.0
ERRORS = 3.3  # standard errors that are planted: 90 in 100 would be told from nothing
SLACK = 0.03  # an interval at 95 % that truly covers 92 % is no fault: few rows, or spread that varies
LEVEL = 0.001  # chance that a sound interval fails on one of the three counts
DOUBT = 0.01
UNTOLD = 0.25  # share of repeats without an answer from which nothing is said


@dataclass(frozen=True)
class Made:
    """A way to make the outcome anew. `run(effect, rng)`: what the headline's method says about one made-up outcome into which
    `effect` was planted (on the line scale: the difference, or the log of the ratio); None where it cannot tell.

    error: standard error of the headline on the line scale; seconds: what one run takes, by rule; up: on which side to plant;
    least: smallest size to plant (what matters), on the line scale; rough: a failure counts as undecided; claim: how often the
    interval says that it covers, slack: how much less it may; paired: every made-up outcome serves twice, with an effect and without.
    """

    run: Callable[[float, np.random.Generator], Effect | None]
    error: float
    seconds: float
    scale: Scale = "difference"
    unit: str = ""
    up: bool = True
    least: float = 0.0
    rough: bool = False
    nouns: str = "effects"
    per: str = ""
    claim: float = 0.95
    slack: float = SLACK
    paired: bool = False
    allowed: float = DESIGN_SECONDS


@dataclass(frozen=True)
class Count:
    """Of `repeats` outcomes with an effect `recovered` had it inside the interval, and `clear` an interval on its side of none;
    of `repeats` without one `quiet` had none inside the interval."""

    planted: float
    repeats: int
    recovered: int
    quiet: int
    clear: int


def on_scale(line: float, scale: Scale) -> float:
    """An effect on the line scale (a difference, or the log of a ratio) on its own."""
    if scale == "difference":
        return line
    ratio = math.exp(min(line, 700.0))
    return 100 * (ratio - 1) if scale == "percent" else ratio


def jump_of(line: float, base: float, scale: Scale) -> float:
    """By how much a mean of `base` changes for an effect on the line scale; NaN where the scale is undefined there."""
    if scale == "difference":
        return line
    if scale == "odds_ratio":
        if not 0 < base < 1:
            return math.nan
        return 1 / (1 + math.exp(-math.log(base / (1 - base)) - line)) - base
    return base * math.expm1(line) if base > 0 else math.nan


def repeats_of(made: Made) -> int:
    """50 and 50 within the time allowed, else 20 and 20; 0 where that would take too long."""
    if 2 * MANY * made.seconds <= made.allowed:
        return MANY
    return LEAST if 2 * LEAST * made.seconds <= made.allowed else 0


def size_of(made: Made) -> float:
    """What is planted, on the line scale: 3.3 standard errors of the headline or what matters, whichever is more."""
    return max(ERRORS * made.error, made.least) * (1 if made.up else -1)


def reachable(made: Made, possible: Callable[[float], bool]) -> Made | None:
    """Planted on the other side where the outcome cannot have the size on this one (chances beyond 0 or 1); at the usual size where
    what matters is too much; None where nothing can be had."""
    options = (made, replace(made, up=not made.up), replace(made, least=0.0), replace(made, up=not made.up, least=0.0))
    return next((o for o in options if math.isfinite(size_of(o)) and possible(size_of(o))), None)


def planted(made: Made, seed: int, watch: Watch | None = None) -> Refutation | None:
    """The check; None where it takes too long or cannot be made. `watch` hears how far it is."""
    repeats = repeats_of(made)
    if repeats == 0 or not (math.isfinite(made.error) and made.error > 0):
        return None
    with one_thread():  # many small problems: threads only get in each other's way
        counted = count(made, seed, repeats, watch)
    return None if counted is None else told(made, counted)


def count(made: Made, seed: int, repeats: int, watch: Watch | None = None) -> Count | None:
    """Every repeat has a seed of its own. None where too many give no interval, or the planted size cannot be had."""
    import numpy as np

    size = size_of(made)
    truth, null = on_scale(size, made.scale), on_scale(0.0, made.scale)
    held = {True: 0, False: 0}
    told_of = {True: 0, False: 0}
    clear = 0
    for i in range(2 * repeats):
        with_effect = i % 2 == 0
        if watch is not None:
            watch.tick(i, 2 * repeats)
        rng = np.random.default_rng([seed, zlib.crc32(b"planted_effect"), i // 2 if made.paired else i])
        try:
            effect = made.run(size if with_effect else 0.0, rng)
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError, OverflowError, FloatingPointError, CausalError):
            effect = None
        if effect is None or effect.low is None or effect.high is None:
            if i >= 8 and sum(told_of.values()) < (1 - UNTOLD) * i / 2:
                return None  # no need to go on
            continue
        low, high = effect.low, effect.high
        told_of[with_effect] += 1
        held[with_effect] += low <= (truth if with_effect else null) <= high
        clear += with_effect and (low > null if made.up else high < null)
    if min(told_of.values()) < (1 - UNTOLD) * repeats:
        return None
    # those without an answer make no claim: they count like the others
    recovered, quiet, sure = (
        round(k * repeats / n) for k, n in ((held[True], told_of[True]), (held[False], told_of[False]), (clear, told_of[True]))
    )  # fmt: skip
    return Count(truth, repeats, recovered, quiet, sure)


@cache
def fewest(repeats: int, rate: float, level: float) -> int:
    """The smallest count that is not too small for `rate`: fewer would come with a chance of at most `level`."""
    from scipy import stats

    least = int(stats.binom.ppf(level, repeats, rate))
    return least if stats.binom.cdf(least, repeats, rate) > level else least + 1


def verdict_of(counted: Count, claim: float = 0.95, slack: float = SLACK, paired: bool = False) -> Verdict:
    """Failed: either count, or both together, below what even an interval that covers 92 in 100 (3 less than it claims) gives once
    in 1,000 times. Inconclusive: both together below what one that covers what it claims gives once in 100 times. Made-up
    outcomes that serve twice (`paired`) are counted once."""
    n, both = counted.repeats, counted.recovered + counted.quiet
    sound = claim - slack
    if paired:
        least = min(counted.recovered, counted.quiet)
        if least < fewest(n, sound, LEVEL):
            return "failed"
        return "inconclusive" if least < fewest(n, claim, DOUBT) else "passed"
    if min(counted.recovered, counted.quiet) < fewest(n, sound, LEVEL) or both < fewest(2 * n, sound, LEVEL):
        return "failed"
    return "inconclusive" if both < fewest(2 * n, claim, DOUBT) else "passed"


def told(made: Made, counted: Count) -> Refutation:
    """The check in words."""
    verdict = verdict_of(counted, made.claim, made.slack, made.paired)
    if verdict == "failed" and made.rough:
        verdict = "inconclusive"
    n = counted.repeats
    only_none = counted.quiet < fewest(n, made.claim - made.slack, LEVEL) <= counted.recovered
    return Refutation(
        check="planted_effect",
        family="dummy_outcome",
        short=(
            f"the method sees {made.nouns} in made-up outcomes that have none"
            if only_none
            else f"the method does not find {made.nouns} that were planted in made-up outcomes"
        ),
        question=f"On your own rows with a made-up outcome: are planted {made.nouns} found, and nothing where none was planted?",
        expected=f"about {round(made.claim * n)} of {n} each time",
        observed=(
            f"recovered {counted.recovered} of {n} planted {made.nouns} of {size_text(counted.planted, made)}, and found nothing in"
            f" {counted.quiet} of {n} without one"
        ),
        verdict=verdict,
        meaning=(
            "If this fails, the figure or its margin is wrong on a table like this one, even where all that is assumed holds."
        ),
        figures={
            "planted": counted.planted,
            "repeats": n,
            "recovered": counted.recovered,
            "quiet": counted.quiet,
            "clear": counted.clear,
        },
    )


def size_text(value: float, made: Made) -> str:
    """The planted effect in the user's units: `2.1 kg`, `12 in 100`, `1.5 times as much`."""
    if made.scale == "difference":
        text = f"{number(abs(100 * value))} in 100" if made.unit == "probability" else number(abs(value))
        return f"{text}{f' {made.unit}' if made.unit not in ('', 'probability') else ''}{made.per}"
    if made.scale == "percent":
        return f"{number(value)}%{made.per}"
    shown = number(value)
    if 0.9 < value < 1.1 and value != 1:  # as many digits as tell it from one
        shown = f"{value:.{1 - math.floor(math.log10(abs(value - 1)))}f}"
    times = {"hazard_ratio": "the rate", "odds_ratio": "the odds"}.get(made.scale, "as much")
    return f"{shown} times {times}{made.per}"


DESIGNS = {
    "instrument": "instrument", "discontinuity": "discontinuity", "differences": "differences", "panel": "panel",
    "synthetic_control": "synthetic_control", "front_door": "pathways", "mediation": "pathways", "survival": "survival",
    "effect_by_group": "by_group",
}  # fmt: skip


def planted_effect(strategy: str, task: Task, finding: Finding) -> Refutation | None:
    """The check for a design of its own, on its finding; it takes the place of one of the same name among `finding.refutations`.

    None where it does not apply. Never raises on a table that carried an answer.
    """
    from numpy.linalg import LinAlgError

    if strategy not in DESIGNS or not headline_of(finding).std_error:
        return None
    try:
        made: Made | None = import_module(f"{__name__}.{DESIGNS[strategy]}").made(task, finding)
        return None if made is None else planted(made, task.seed, task.effort.watch)
    except (CausalError, LinAlgError, ValueError, ZeroDivisionError, OverflowError):
        return None


def headline_of(finding: Finding) -> Effect:
    """The effect that the answer is about: of a mediation, what passes through the mediator."""
    effect = finding.effect
    if isinstance(effect, MediationEffect):
        return effect.indirect
    gap = getattr(effect, "difference_between_groups", None)
    return effect if gap is None else gap


def side_of(effect: Effect) -> bool:
    """Whether the headline lies above no effect: made-up effects are planted on its side."""
    null = 0.0 if effect.scale in ("difference", "percent") else 1.0
    return effect.value >= null


def least_of(task: Task, finding: Finding) -> float:
    """The smallest difference that matters, in units of the effect; 0 on other scales or where nobody named one."""
    if task.query.matters is None or headline_of(finding).scale != "difference":
        return 0.0
    return float(task.query.matters)
