"""The counts as a page of Markdown, and what they miss."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from pyllm_causal.causal.certainty import SEES
from tests.calibration.counts import Record, failed, flagged, load
from tests.calibration.worlds import CLASSES, WORLDS
from tests.statistical.progress import interval

LEVELS = ("high", "moderate", "low", "very_low")
LEAST_FLAGGED, MOST_FAILED = 0.90, 0.10
LEAST_COVERED, MOST_WRONG = 0.93, 0.01
LEAST_BRACKETED = 0.90
FEWEST = 10

HEAD = """# Calibration of the checks and of certainty

Made by `make calibrate`; do not edit by hand. {done:,} analyses of {worlds} simulated worlds (`tests/calibration/worlds.py`,
at least {replications} tables each) went through `analyse` with every check at its usual effort. In brackets: the 99% Monte-Carlo
interval of a rate, which is how far chance in the simulation could have moved it.
"""


def page() -> tuple[str, list[str]]:
    """(Markdown, what was missed), from everything kept in `.calibration/` by the present code."""
    kept = {w: load(w) for w in WORLDS}
    missed: list[str] = []
    done = sum(len(r) * (2 if w.kind == "detectable" else 1) for w, r in kept.items())
    least = min((len(r) for r in kept.values()), default=0)
    lines = [HEAD.format(done=done, worlds=sum(1 for r in kept.values() if r), replications=least)]
    crashes = [r["code"] for found in kept.values() for pair in found for r in pair.values() if r["status"] == "crash"]
    missed += [f"{len(crashes)} analyses crashed: {crashes[0]}"] if crashes else []
    missed += [f"no counts of the present code: {w.name}" for w, found in kept.items() if not found]
    lines += _detectable(kept, missed)
    lines += _undetectable(kept, missed)
    lines += _power(kept, missed)
    lines += _false_alarms(kept)
    lines += _certainty(kept, missed)
    return "\n".join(lines) + "\n", missed


def rate(hits: Iterable[bool]) -> str:
    """`97.5% (94.1–99.2)`."""
    values = list(hits)
    if not values:
        return "–"
    low, high = interval(sum(values), len(values))
    return f"{100 * sum(values) / len(values):.1f}% ({100 * low:.1f}–{100 * high:.1f})"


def share(hits: Iterable[bool]) -> float:
    values = list(hits)
    return sum(values) / len(values) if values else float("nan")


Kept = dict[Any, list[Record]]


def _sides(kept: Kept, kind: str, group: str | None, side: str) -> list[Record]:
    return [r[side] for w, found in kept.items() if w.kind == kind and group in (None, w.group) for r in found]


def _detectable(kept: Kept, missed: list[str]) -> list[str]:
    lines = [
        "## Detectable faults",
        "",
        "*Flagged*: refused, a check failed, a warning that costs a level, or graded very low. Every world has a sound twin of the"
        " same size and columns. Goals: at least 90% of every class flagged; at most 10% of all twins with any failed check.",
        "",
        "| class | world | flagged | refused | sound twin: a check failed | sound twin: flagged |",
        "|---|---|---:|---:|---:|---:|",
    ]
    groups = list(dict.fromkeys(w.group for w in WORLDS if w.kind == "detectable"))
    for group in groups:
        for world, found in kept.items():
            if world.kind != "detectable" or world.group != group or not found:
                continue
            broken, twin = [r["broken"] for r in found], [r["sound"] for r in found]
            lines.append(
                f"| {group} | {world.name} | {100 * share(map(flagged, broken)):.0f}% |"
                f" {100 * share(r['status'] != 'answered' for r in broken):.0f}% |"
                f" {100 * share(bool(failed(r)) for r in twin):.0f}% | {100 * share(map(flagged, twin)):.0f}% |"
            )
        broken, twin = (_sides(kept, "detectable", group, side) for side in ("broken", "sound"))
        lines.append(
            f"| **{group}** | *{CLASSES[group]}* | **{rate(map(flagged, broken))}** |"
            f" {100 * share(r['status'] != 'answered' for r in broken):.0f}% |"
            f" {rate(bool(failed(r)) for r in twin)} | {rate(map(flagged, twin))} |"
        )
        if not share(map(flagged, broken)) >= LEAST_FLAGGED:
            missed.append(f"{group}: {rate(map(flagged, broken))} flagged")
    twins = _sides(kept, "detectable", None, "sound")
    lines += ["", f"All sound twins together: a check failed in **{rate(bool(failed(r)) for r in twins)}**.", ""]
    if not share(bool(failed(r)) for r in twins) <= MOST_FAILED:
        missed.append(f"sound twins: a check failed in {rate(bool(failed(r)) for r in twins)}")
    return lines


def _undetectable(kept: Kept, missed: list[str]) -> list[str]:
    lines = [
        "## Undetectable faults",
        "",
        "No test of the table can show these, and no rate of detection is claimed. Goals: never graded above low; where the hidden"
        " cause is no stronger than the strongest measured one, what is said about such a cause allows for the true effect.",
        "",
        "| class | world | graded above low | interval covers the truth | the statement on hidden causes allows for the truth |",
        "|---|---|---:|---:|---:|",
    ]
    for world, found in kept.items():
        if world.kind != "undetectable" or not found:
            continue
        records = [r["one"] for r in found]
        answered = [r for r in records if r["status"] == "answered"]
        above = [r["level"] in ("high", "moderate") for r in answered]
        stated = [r["brackets"] for r in answered if r["brackets"] is not None]
        lines.append(
            f"| {world.group} | {world.name} | {sum(above)} of {len(records)} |"
            f" {100 * share(bool(r['covers']) for r in answered):.0f}% | {rate(stated)} |"
        )
        if any(above):
            missed.append(f"{world.group}, {world.name}: {sum(above)} graded above low")
        if stated and share(stated) < LEAST_BRACKETED:
            missed.append(f"{world.group}, {world.name}: the statement allows for the truth in {rate(stated)}")
    return [*lines, ""]


def _checks(kept: Kept) -> list[str]:
    return sorted({c for r in _records(kept) for c in r.get("checks", {})})


def _records(kept: Kept) -> list[Record]:
    return [r for found in kept.values() for pair in found for r in pair.values()]


def _power(kept: Kept, missed: list[str]) -> list[str]:
    groups = list(dict.fromkeys(w.group for w in WORLDS if w.kind == "detectable"))
    lines = [
        "## Which check sees what",
        "",
        "Share of the broken tables in which a check failed, where it ran (in at least ten). Last, the most that it sees of any class"
        " (designs differ, so every world of theirs is a class of its own). A check that sees under half of every class is"
        " *information*: it is shown, and it never counts upwards. A *statement* says how strong a fault would have to be, and finds none.",
        "",
        f"| check | {' | '.join(groups)} | undetectable | most of a class | |",
        f"|---|{'---:|' * (len(groups) + 2)}---|",
    ]
    stated = {c for r in _records(kept) for c in r.get("stated", ())}
    for check in _checks(kept):
        classes = {g: _ran(_sides(kept, "detectable", g, "broken"), check) for g in groups}
        single = [_ran([r["broken"] for r in f], check) for w, f in kept.items() if (w.kind, w.group) == DESIGNS]
        best = max(
            (c for c in [*(v for g, v in classes.items() if g != "design"), *single] if c), key=share, default=[]
        )
        cells = [*classes.values(), _ran(_sides(kept, "undetectable", None, "one"), check), best]
        kind = "statement" if check in stated else "" if check in SEES else "information"
        lines.append(f"| {check} | {' | '.join(_percent(c) for c in cells)} | {kind} |")
        low, high = interval(sum(best), len(best)) if best else (0.0, 0.0)
        if not kind and high < 0.5:
            missed.append(f"{check} sees under half of every class ({rate(best)} at most), but counts as seeing")
        if kind == "information" and low > 0.5:
            missed.append(f"{check} sees {rate(best)} of a class, but counts as information")
    broken = {g: [r for r in _sides(kept, "detectable", g, "broken") if r["status"] == "answered"] for g in groups}
    for name in sorted({n for found in broken.values() for r in found for n in r["warnings"]}):
        shown = [_percent([name in r["warnings"] for r in found]) for found in broken.values()]
        lines.append(f"| *warning:* {name} | {' | '.join(shown)} | | | |")
    return [*lines, ""]


DESIGNS = ("detectable", "design")


def _ran(records: list[Record], check: str) -> list[bool]:
    """Whether the check failed, in the records where it ran; empty where those are too few."""
    ran = [r["checks"][check] == "failed" for r in records if check in r.get("checks", {})]
    return ran if len(ran) >= FEWEST else []


def _percent(hits: Iterable[bool]) -> str:
    values = list(hits)
    return f"{100 * share(values):.0f}%" if values else ""


def _sound(kept: Kept) -> list[tuple[Any, Record]]:
    side = {"detectable": "sound", "sound": "one"}
    return [(w, r[side[w.kind]]) for w, found in kept.items() if w.kind in side for r in found]


def _false_alarms(kept: Kept) -> list[str]:
    sound = _sound(kept)
    lines = [
        "## False alarms",
        "",
        "Every check in tables with nothing wrong: the twins above and the sound worlds of every design.",
        "",
        "| check | ran | failed | inconclusive | most failed in one world |",
        "|---|---:|---:|---:|---|",
    ]
    for check in _checks(kept):
        ran = [(w, r["checks"][check]) for w, r in sound if check in r.get("checks", {})]
        if not ran:
            continue
        worst, where = 0.0, ""
        for world in {w for w, _ in ran}:
            own = share(v == "failed" for w, v in ran if w is world)
            if own > worst:
                worst, where = own, f"{100 * own:.0f}%: {world.group}, {world.name}"
        lines.append(
            f"| {check} | {len(ran):,} | {rate(v == 'failed' for _, v in ran)} |"
            f" {100 * share(v == 'inconclusive' for _, v in ran):.0f}% | {where} |"
        )
    alone = [(w, r) for w, r in sound if w.kind == "sound"]
    lines += [
        "",
        "| sound world | answered | a check failed | levels: high · moderate · low · very low |",
        "|---|---:|---:|---|",
    ]
    for world in dict.fromkeys(w for w, _ in alone):
        own = [r for w, r in alone if w is world]
        levels = [sum(r.get("level") == level for r in own) for level in LEVELS]
        lines.append(
            f"| {world.group}: {world.name} | {100 * share(r['status'] == 'answered' for r in own):.0f}% |"
            f" {100 * share(bool(failed(r)) for r in own):.0f}% | {' · '.join(map(str, levels))} |"
        )
    both = [r for _, r in sound]
    return [*lines, "", f"In all of them a check failed in {rate(bool(failed(r)) for r in both)}.", ""]


def _certainty(kept: Kept, missed: list[str]) -> list[str]:
    sound = [r for _, r in _sound(kept)]
    every = [r for w, found in kept.items() for pair in found for r in pair.values()]
    lines = [
        "## Grade against truth",
        "",
        "Sound worlds of every design, half of them or more with an effect. *Right direction*: of the answers that name a direction"
        " where there is an effect. *Names one where there is none*: of all answers where the treatment does nothing. Goals: high"
        " covers at least 93%, and names the wrong direction in at most 1%.",
        "",
        "| grade | answers | interval covers the truth | names the right direction | wrong direction | names one where there is none |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for level in LEVELS:
        own = [r for r in sound if r.get("level") == level]
        covers = [bool(r["covers"]) for r in own if r["covers"] is not None]
        named = [r for r in own if r["claims"] and r["true_side"]]
        nothing = [r for r in own if not r["true_side"]]
        wrong = [r["claims"] != r["true_side"] for r in named]
        lines.append(
            f"| {level.replace('_', ' ')} | {len(own):,} | {rate(covers)} | {rate(not v for v in wrong)} | {sum(wrong)} |"
            f" {rate(bool(r['claims']) for r in nothing)} |"
        )
        if level == "high" and not share(covers) >= LEAST_COVERED:
            missed.append(f"grade high covers the truth in {rate(covers)}")
        if wrong and share(wrong) > MOST_WRONG:
            missed.append(f"grade {level}: {rate(wrong)} name the wrong direction")
    lines += [
        "",
        "The same with the broken worlds added, detectable and undetectable: how much worse depends on how many are broken, so"
        " only the order counts. Goal: a higher grade covers no less often.",
        "",
        "| grade | answers | interval covers the truth | of the directions named, wrong (or there is none) |",
        "|---|---:|---:|---:|",
    ]
    bands = []
    for level in LEVELS:
        own = [r for r in every if r.get("level") == level]
        covers = [bool(r["covers"]) for r in own if r["covers"] is not None]
        named = [r for r in own if r["claims"]]
        lines.append(
            f"| {level.replace('_', ' ')} | {len(own):,} | {rate(covers)} |"
            f" {rate(r['claims'] != r['true_side'] for r in named)} |"
        )
        if covers:
            bands.append((level, interval(sum(covers), len(covers))))
    for (upper, above), (lower, below) in pairwise(bands):
        if above[1] < below[0]:
            missed.append(f"grade {upper} covers the truth less often than {lower}")
    return [*lines, ""]
