"""Random query documents and a table in which every kind of column occurs, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

EVIL = "__import__('pathlib').Path('pwned').write_text('x')"
ROWS = 40


def columns() -> dict[str, list[Any]]:
    """40 rows of every kind: numbers, counts, yes/no in several spellings, categories, text, dates, empty, constant,
    infinite, names that are code or hold control characters."""
    place = range(ROWS)
    return {
        "dose": [0.5 * (i % 9) for i in place],
        "count": [i * 7 % 5 for i in place],
        "yes": [("yes", "no")[i * 3 % 7 % 2] for i in place],
        "flag": [i * 5 % 3 % 2 for i in place],
        "arm": ["abc"[i * 11 % 3] for i in place],
        "two": [("red", "blue")[i * 13 % 5 % 2] for i in place],
        "result": [round((i * 37 % 23) / 7 - 1.5 + (i * 5 % 3 % 2), 3) for i in place],
        "gappy": [None if i % 4 == 0 else i * 3 % 11 for i in place],
        "empty": [None] * ROWS,
        "same": [3] * ROWS,
        "huge": [10.0 ** (i % 40 * 7) for i in place],
        "tiny": [1e-300 * (i % 3) for i in place],
        "infinite": ["inf" if i == 3 else i for i in place],
        "day": [f"2020-{1 + i % 12:02d}-03" for i in place],
        "remark": [f"person number {i} said something longer here" for i in place],
        "id": [1000 + i for i in place],
        EVIL: [i % 6 for i in place],
        "a\x1b[31mb\u202ec": [i % 7 for i in place],
        "höhe über null": [i * 17 % 13 for i in place],
    }


NAMES = list(columns())
GOOD = ["dose", "count", "yes", "flag", "arm", "two", "result", "gappy", EVIL, NAMES[-2], NAMES[-1], "huge", "tiny"]
names = st.integers(0, 19).flatmap(
    lambda n: st.sampled_from(GOOD) if n < 15 else st.sampled_from(NAMES) if n < 19 else st.text(max_size=8)
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(),
    st.floats(),
    st.sampled_from(["a", "b", "yes", "no", "red", "1", "", "A"]),
    st.text(max_size=6),
)
anything = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
pairs = st.lists(st.sampled_from(GOOD), min_size=2, max_size=2, unique=True).map(lambda p: sorted(p, key=NAMES.index))
graphs = st.fixed_dictionaries(
    {"edges": st.integers(0, 4).flatmap(lambda n: st.lists(pairs if n else st.lists(names, max_size=3), max_size=8))},
    optional={
        "unmeasured": st.lists(
            st.fixed_dictionaries(
                {"name": st.one_of(st.just("hidden"), names), "affects": st.lists(names, max_size=3)}
            ),
            max_size=2,
        )
    },
)
designs = st.one_of(
    st.just({"kind": "observational"}),
    st.just({"kind": "randomised"}),
    st.fixed_dictionaries({"kind": st.just("randomised")}, optional={"strata": st.lists(names, max_size=2)}),
    st.fixed_dictionaries({"kind": st.just("instrument"), "instruments": st.lists(names, max_size=2)}),
    anything,
)
filters = st.one_of(
    st.sampled_from(["flag == 1", "count > 1", "`höhe über null` <= 9 and arm in (a, b)", "gappy < 6"]),
    st.builds(
        lambda n, op, v: f"`{n}` {op} {v}",
        names,
        st.sampled_from(["==", "!=", "<", ">=", "in"]),
        st.sampled_from(["1", "a", "(1, 2)", "'yes'", "true", "2020-01-03", "1e9"]),
    ),
    st.text(max_size=30),
    st.just("__import__('os').system('touch pwned')"),
)
sane = {
    "kind": st.sampled_from(["effect"] * 4 + ["association"] * 4 + ["mediation", "discovery", "zzz"]),
    "treated": values,
    "control": values,
    "target": st.sampled_from(["everyone", "treated", "treated", "untreated", "untreated", "compliers"]),
    "scale": st.sampled_from(["difference", "ratio", "odds_ratio", "percent", "rate_ratio", "hazard_ratio"]),
    "where": filters,
    "design": designs,
    "graph": graphs,
    "adjust_for": st.lists(names, max_size=4),
    "outcome_event": values,
    "categorical": st.lists(names, max_size=2),
    "selected_on": st.lists(names, max_size=2),
    "cluster": names,
    "weights": names,
    "matters": st.floats(),
    "negative_outcomes": st.lists(names, max_size=2),
    "negative_exposures": st.lists(names, max_size=2),
    "sources": st.dictionaries(st.sampled_from(["design", "graph", "zz"]), st.sampled_from(["you", "model", "data"])),
    "words": st.dictionaries(st.sampled_from(["treatment", "outcome"]), st.text(max_size=20)),
    "question": st.text(max_size=20),
}
wild = dict.fromkeys((*sane, "treatment", "outcome", "by", "compare", "row", "zz"), anything)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A query document: mostly well-formed fields that need not fit each other, sometimes one of any JSON shape."""
    document: dict[str, Any] = {"treatment": draw(names), "outcome": draw(names), "adjust_for": []}
    if draw(st.booleans()):
        document["treatment"], document["control"] = draw(
            st.sampled_from([("arm", "a"), ("two", "red"), ("flag", 0), ("yes", "no"), ("dose", 1), ("result", -1)])
        )
    for field in draw(st.lists(st.sampled_from(sorted(sane)), max_size=4, unique=True)):
        document[field] = draw(sane[field])
    if draw(st.integers(0, 9)) == 0:
        field = draw(st.sampled_from(sorted(wild)))
        document[field] = draw(wild[field])
    return document
