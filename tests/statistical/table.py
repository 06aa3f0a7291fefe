"""The results as the page docs/monte_carlo.md: `make statistical && python -m tests.statistical.table > docs/monte_carlo.md`."""

from __future__ import annotations

from tests.statistical.design_worlds import load_worlds
from tests.statistical.progress import finished

HEAD = """# Monte-Carlo goals

Made by `make statistical && .venv/bin/python -m tests.statistical.table > docs/monte_carlo.md`; do not edit by hand.

Every registered estimator runs in fixed worlds (easy, heterogeneous, hard but within its stated assumptions), 1,000
replications each, with an effect and again without one. The worlds are in `tests/statistical/worlds.py` and
`tests/statistical/designs/`; seeds are hashes of
their names. A goal is missed when the 99% Monte-Carlo interval of the rate lies wholly outside 92–98% coverage, or wholly
above 6% false effects (both of intervals at 95%). *Margin* is the average standard error over the true spread of the
estimates, *bias* is in units of that spread.

| method | world | kind | scale | coverage | false effects | bias | margin | goal |
|---|---|---|---|---:|---:|---:|---:|---|"""


def page() -> str:
    """Markdown of everything counted in `.statistical/` by the present code."""
    found = finished()
    lines = [HEAD]
    for c in (c for c in found if "method" in c):
        design = f"{c['design']}: " if "design" in c else ""
        lines.append(
            f"| {design}{c['method']} | {c['world']} | {c['kind']} | {c['scale']} | {100 * c['coverage']:.1f}% |"
            f" {100 * c['false_effects']:.1f}% | {c['bias_in_errors']:+.2f} | {c['error_over_spread']:.2f} |"
            f" {'met' if c['met'] else 'missed'} |"
        )
    missing = sorted({w.design for w in load_worlds()} - {c["design"] for c in found if "design" in c})
    if missing:
        lines += ["", f"Not counted yet on the present code: {', '.join(missing)}."]
    for c in found:
        if c["name"] == "sound analyses":
            lines += [
                "",
                f"Of {c['done']:,} sound analyses drawn at random and sent through `analyse`, {c['refused']} were refused"
                f" (goal: at most 2%); {100 * c['coverage']:.1f}% of the intervals covered the effect in their table.",
            ]
        elif "wrong" in c:
            lines += [
                "",
                f"Of {c['done']:,} worlds without overlap or variation, {100 * c['refused_share']:.1f}% were refused; the"
                " rest are a rule with a little noise, answered with very low certainty"
                f" ({len(c['wrong'])} with more, goal: 0).",
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
