"""`python -m tests.statistical.contest_table`: how often wrong and right pictures are contested, as docs/contest.md. Exit 1 on a miss."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from scipy import stats

from tests.statistical.contest_worlds import NODES, ROWS, SEEN, WRONG, Case, right, wrong

DRAWS = 20
RIGHT = 400
STREAM = 6

HEAD = f"""# Contested pictures

Made by `make contest`; do not edit by hand. Before anything is estimated, every arrow of a drawn picture, and every arrow that is
missing where it could matter, is held against the table (`pyllm_causal/causal/contest.py`). Here random pictures of {NODES} columns
(numbers, yes/no, counts, categories, heavy tails; bent and straight links) are spoilt in one of ten ways and handed over with
{ROWS:,} rows of the true one; {DRAWS} draws of each kind in which fresh rows show that the fault can be seen (a link of {SEEN} where
the picture draws none). *Right edge named* counts pictures for which one of the places named is really wrong; *first* those where
the first is; *of the places named* how many are. Right pictures of the same worlds must be left alone.

Goals: at least 90% of the wrong ones flagged with a right edge named, and at most 5% of the right ones flagged.

| what is wrong with the picture | draws | flagged | right edge named | first | of the places named |
|---|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True)
class Measured:
    """All cases of a run."""

    wrong: dict[str, list[Case]]
    right: list[Case]

    @property
    def every(self) -> list[Case]:
        return [case for cases in self.wrong.values() for case in cases]

    @property
    def named(self) -> float:
        return sum(c.named for c in self.every) / len(self.every)

    @property
    def false(self) -> int:
        return sum(bool(c.records) for c in self.right)

    @property
    def interval(self) -> tuple[float, float]:
        """99% interval (Clopper & Pearson 1934) of the share of right pictures that are flagged."""
        k, n = self.false, len(self.right)
        low = float(stats.beta.ppf(0.005, k, n - k + 1)) if k else 0.0
        return low, float(stats.beta.ppf(0.995, k + 1, n - k))

    @property
    def met(self) -> bool:
        return self.named >= 0.9 and self.false <= 0.05 * len(self.right) and self.interval[0] <= 0.05


def measured(draws: int = DRAWS, rights: int = RIGHT) -> Measured:
    """Run everything."""
    return Measured({kind: list(wrong(kind, draws, STREAM)) for kind in WRONG}, list(right(rights, STREAM)))


def page(found: Measured) -> str:
    """The results in Markdown."""
    lines = [HEAD]
    for kind, cases in [*found.wrong.items(), ("**all**", found.every)]:
        places = [frozenset((r.cause, r.effect)) in c.wrong for c in cases for r in c.records]
        flagged = sum(bool(c.records) for c in cases)
        lines.append(
            f"| {kind} | {len(cases)} | {flagged} | {sum(c.named for c in cases)} | {sum(c.first for c in cases)} |"
            f" {sum(places)} of {len(places)} |"
        )
    low, high = found.interval
    lines += [
        "",
        f"Of {len(found.right)} right pictures {found.false} were contested ({100 * found.false / len(found.right):.1f}%; 99%"
        f" interval {100 * low:.1f}% to {100 * high:.1f}%). Right edge named in {100 * found.named:.1f}% of the wrong ones."
        f" Goals {'met' if found.met else 'missed'}.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    result = measured()
    print(page(result), end="")
    sys.exit(not result.met)
