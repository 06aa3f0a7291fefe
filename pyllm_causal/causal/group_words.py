"""Sentences about effects in groups, in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis import Effect, GroupEffect, Level
from ..wording import alike, count, excludes_null
from .groups import Groups
from .pathway_words import size_text

MOST_SHOWN = 8  # groups with a line of their own
_THIRD = re.compile(r"(.+?) (over \S+(?: up to \S+)?|up to \S+)")
SEVERAL = 3  # groups from which one may well stand out by chance


@dataclass(frozen=True)
class Words:
    """One sentence a level of certainty, and the sentences on the size in every group."""

    headlines: dict[Level, str]
    size: tuple[str, ...]


def told(
    cause: str,
    outcome: str,
    groups: Groups,
    effects: Sequence[GroupEffect],
    gap: Effect | None,
    everyone: Effect,
    p_value: float | None,
    silent: Sequence[str] = (),
) -> Words:
    """Whether the effect differs between the two groups compared, and how large it is in each.

    With three groups and more a difference is claimed only where all of them together differ by more than chance (`p_value`).
    silent: texts of groups of which nothing can be told.
    """
    assert groups.pair is not None
    first, second = (groups.texts[code] for code in groups.pair)
    tested = sum(1 for e in effects if not e.unbounded)
    together = tested < SEVERAL or (p_value is not None and p_value < 0.05)
    effect = f"the effect of {cause} on {outcome}"
    unknown = f"We can't tell whether {effect} differs between {first} and {second}."
    headlines: dict[Level, str] = {"very_low": unknown}
    verbs: dict[Level, str] = {"high": "differs", "moderate": "probably differs", "low": "may differ"}
    for level, verb in verbs.items():
        if gap is None or gap.low is None:
            headlines[level] = unknown
        elif excludes_null(gap) and together:
            headlines[level] = f"The{effect[3:]} {verb} between {first} and {second}."
        else:
            headlines[level] = f"No sign that {effect} differs between {first} and {second}."
    size = [f"For everyone: {outcome} {size_text(everyone)}."]
    texts = dict(zip(groups.labels, groups.texts, strict=True))
    compared = {groups.labels[code] for code in groups.pair}
    shown = list(effects)
    if len(shown) > MOST_SHOWN:  # those compared, and the first of the others, in their own order
        first_ones = sorted(shown, key=lambda e: e.group not in compared)[:MOST_SHOWN]
        shown = [e for e in shown if e in first_ones]
    for found in shown:
        many = f"{count(found.rows)} rows"
        if found.unbounded:
            size.append(f"{texts[found.group]}: cannot be told ({found.reason}; {many}).")
        else:
            size.append(f"{texts[found.group]}: {size_text(found)}, {many}.")
    size += [f"{text}: cannot be told from its rows." for text in silent[:MOST_SHOWN]]
    if len(effects) > len(shown):
        size.append(f"And {len(effects) - len(shown)} more groups, listed in the answer document.")
    if gap is not None and gap.low is not None:
        by_label = {e.group: e for e in effects}
        one, two = (by_label.get(groups.labels[code]) for code in groups.pair)
        size.append(_compared(gap, one, two, _clause(first, groups.cut), _clause(second, groups.cut)))
        if not excludes_null(gap):
            size.append("That margin includes no difference at all.")
        elif not together:
            size.append("But taken together the groups differ no more than chance would give.")
    else:
        size.append(f"{second} and {first} cannot be compared: too few rows.")
    if tested >= SEVERAL:
        size.append(f"{tested} groups were looked at, so one of them may stand out by chance.")
    return Words(headlines, tuple(size))


def _clause(text: str, cut: bool) -> str:
    """The group behind "where": `age is over 50`."""
    found = _THIRD.fullmatch(text) if cut else None
    return f"{found[1]} is {found[2]}" if found else text


def _compared(gap: Effect, one: GroupEffect | None, two: GroupEffect | None, first: str, second: str) -> str:
    """The difference between the two groups. Where both effects clearly point one way, how much larger or smaller the rise or fall
    is: "3 more" of two falls would read as a rise."""
    if gap.scale != "difference":
        return f"Where {second} the effect is {_gap_text(gap)}, against where {first}."
    sign, noun, up, down = 1.0, "effect", "higher", "lower"
    if one is not None and two is not None and one.value * two.value > 0 and excludes_null(one) and excludes_null(two):
        sign, noun, up, down = (
            (1.0, "rise", "larger", "smaller") if one.value > 0 else (-1.0, "fall", "larger", "smaller")
        )
    chances = gap.unit == "probability"
    factor, unit = (100.0, " in 100") if chances else (1.0, f" {gap.unit}" if gap.unit else "")
    value = sign * factor * gap.value
    ends = sorted(sign * factor * v for v in (gap.low or 0.0, gap.high or 0.0))
    size, low, high = alike([abs(value), abs(ends[0]), abs(ends[1])])
    if ends[0] >= 0:
        span = f"between {low} and {high}{unit} {up}"
    elif ends[1] <= 0:
        span = f"between {high} and {low}{unit} {down}"
    else:
        span = f"between {low}{unit} {down} and {high}{unit} {up}"
    way = up if value >= 0 else down
    return f"The {noun} is {size}{unit} {way} where {second} than where {first} (somewhere {span})."


def _gap_text(gap: Effect) -> str:
    ends = [gap.value, gap.low or 0.0, gap.high or 0.0]
    if gap.scale == "percent":
        ends = [1 + v / 100 for v in ends]
    shown = alike(ends)
    return f"{shown[0]} times as large (somewhere between {shown[1]} and {shown[2]} times)"
