"""The rule that grades, as a table of cases."""

from __future__ import annotations

from typing import Any

import pytest

from pyllm_causal.analysis import Diagnosis, Effect, Refutation
from pyllm_causal.causal.certainty import LADDER, grade, overall, relevant_matters
from pyllm_causal.graph import Graph
from pyllm_causal.pipeline import parse_query

CLEAR = Effect(value=2.0, low=1.5, high=2.5, std_error=0.25)
WIDE = Effect(value=0.5, low=-2.0, high=3.0, std_error=1.25)
NULL = Effect(value=0.0, low=-0.01, high=0.01, std_error=0.005)
JUST = Effect(value=2.0, low=0.3, high=3.7, std_error=0.87)
JUST_RATIO = Effect(value=0.5, low=0.27, high=0.93, std_error=0.31, scale="hazard_ratio")
FAR_RATIO = Effect(value=0.5, low=0.35, high=0.71, std_error=0.18, scale="hazard_ratio")
UNBOUNDED = Effect(value=2.0, low=None, high=None, unbounded=True, reason="few")


def check(name: str, verdict: Any = "passed", by: Any = "rule", **figures: Any) -> Refutation:
    stated = name in ("hidden_cause", "direct_effect")
    return Refutation(
        check=name,
        family="sensitivity" if stated else "stability",
        question="?",
        expected="",
        observed="3 methods gave between 1 and 2",
        verdict=verdict,
        suggested_by=by,
        figures=figures,
    )


def sign(name: str, status: Any = "warning") -> Diagnosis:
    return Diagnosis(name=name, status=status, finding=f"{name} is {status}")


GRAPH = {"edges": [["x", "t"], ["x", "y"], ["t", "y"]]}
DOUBTED = {"edges": [{"cause": "x", "effect": "t", "confidence": "unsure"}, ["x", "y"], ["t", "y"]]}
STRONG = check("hidden_cause", strongest="x")
CONTROL = check("negative_outcome", by="you")


def level(
    randomised: bool = False,
    signs: tuple[Diagnosis, ...] = (),
    checks: tuple[Refutation, ...] = (),
    effect: Effect = CLEAR,
    **query: Any,
) -> str:
    design = {"design": {"kind": "randomised"}} if randomised else {"graph": GRAPH}
    asked = parse_query({"treatment": "t", "outcome": "y"} | design | query)
    plain = CLEAR if effect.unbounded else effect
    found = grade(asked, "randomised" if randomised else "observational", signs, checks, effect, plain, 0.1)
    if found.level != "high":
        assert found.down, "every level below the top says why"
    return found.level


@pytest.mark.parametrize(
    ("expected", "case"),
    [
        ("high", {"randomised": True}),
        ("high", {"randomised": True, "effect": NULL}),  # a sure zero is sure
        ("moderate", {"randomised": True, "effect": WIDE}),
        ("moderate", {"randomised": True, "effect": JUST}),  # chance alone does as much in 1 of 20 tables
        ("moderate", {"randomised": True, "effect": JUST_RATIO}),
        ("high", {"randomised": True, "effect": FAR_RATIO}),
        ("low", {"effect": JUST}),  # only the top grade asks for more
        ("very_low", {"randomised": True, "signs": (sign("late"),)}),  # held fixed what came after: no effect at all
        ("low", {"randomised": True, "checks": (check("leakage", "failed"),)}),
        ("high", {"randomised": True, "checks": (check("hidden_cause", "failed"), check("direct_effect", "failed"))}),
        ("low", {"randomised": True, "effect": UNBOUNDED}),
        ("low", {"randomised": True, "sources": {"design": "model"}}),  # naming a design gives a model no say
        ("low", {"randomised": True, "sources": {"design": "data"}}),
        ("low", {"randomised": True, "signs": (sign("balance"),)}),
        ("moderate", {"randomised": True, "signs": (sign("attrition"),)}),
        ("low", {"randomised": True, "signs": (sign("attrition"), sign("clusters"))}),
        ("high", {"randomised": True, "signs": (sign("attrition", "ok"), sign("clusters", "ok"))}),
        ("moderate", {"randomised": True, "checks": (check("bootstrap", "failed"),)}),
        ("moderate", {"randomised": True, "checks": (check("bootstrap", "failed"), check("dummy_outcome", "failed"))}),
        ("moderate", {"randomised": True, "checks": (check("other_methods", "failed"),)}),
        ("high", {"randomised": True, "checks": (check("negative_outcome", "failed", "model"),)}),  # only worth a look
        ("moderate", {"randomised": True, "checks": (check("negative_outcome", "failed", "you"),)}),
        ("moderate", {"randomised": True, "graph": GRAPH}),  # an arrow into a randomised treatment
        ("low", {}),
        ("low", {"checks": (STRONG,)}),
        ("low", {"checks": (CONTROL,)}),
        ("moderate", {"checks": (STRONG, CONTROL)}),  # the only way up, on three conditions together
        ("low", {"checks": (STRONG, CONTROL), "sources": {"graph": "model"}}),
        ("low", {"checks": (STRONG, CONTROL), "sources": {"graph": "data"}}),
        ("low", {"checks": (STRONG, check("negative_outcome", by="model"))}),
        ("low", {"checks": (STRONG, check("negative_outcome", "inconclusive", "you"))}),
        ("low", {"checks": (check("hidden_cause", "inconclusive"), CONTROL)}),
        ("very_low", {"checks": (STRONG, CONTROL), "signs": (sign("overlap"),)}),
        ("very_low", {"signs": (sign("overlap"),)}),
        ("very_low", {"signs": (sign("balance"),)}),
        ("very_low", {"signs": (sign("missing"),)}),
        ("very_low", {"signs": (sign("selection"),)}),
        ("very_low", {"effect": WIDE}),
        ("low", {"checks": (check("hidden_cause", "failed"),)}),  # stated, not counted
        ("very_low", {"signs": (sign("overlap"), sign("balance"), sign("missing"))}),
        ("very_low", {"graph": DOUBTED}),
    ],
)  # fmt: skip
def test_levels(expected: str, case: dict[str, Any]) -> None:
    assert level(**case) == expected


@pytest.mark.parametrize("said", [{"confidence": "unsure"}, {"note": "Not sure about this one."}])
def test_an_arrow_in_doubt_counts_whoever_doubts_once_a_person_has_signed(said: dict[str, str]) -> None:
    drafted = Graph.model_validate(
        {"edges": [{"cause": "x", "effect": "t", "source": "model"} | said, ["x", "y"], ["t", "y"]]}
    )
    signed = drafted.sign("Ann", "2026-01-01")
    by_model = {"sources": {"graph": "model"}}
    assert level(graph=signed) == "very_low"
    assert level(graph=signed.unsigned(), **by_model) == "low"  # a draft is in doubt as a whole already
    cleared = signed.edges[0].model_copy(update={"confidence": "likely", "note": "sure by now"})
    assert level(graph=drafted.model_copy(update={"edges": (cleared, *drafted.edges[1:])}).sign("Ann", "2026")) == "low"


SIX = ("placebo_treatment", "random_common_cause", "data_subset", "bootstrap", "dummy_outcome", "other_methods")
PASSES = tuple(check(n) for n in SIX)


@pytest.mark.parametrize("randomised", [False, True])
def test_passed_checks_never_count_upwards(randomised: bool) -> None:
    assert level(randomised, checks=PASSES) == level(randomised)
    bad = (sign("missing"), sign("attrition"))
    assert level(randomised, bad, PASSES) == level(randomised, bad)


@pytest.mark.parametrize("randomised", [False, True])
def test_one_more_fault_never_raises_the_level(randomised: bool) -> None:
    faults: list[dict[str, Any]]
    faults = [{"signs": (sign(n),)} for n in ("overlap", "balance", "missing", "attrition", "clusters", "selection")]
    faults += [{"checks": (check(n, "failed"),)} for n in ("bootstrap", "hidden_cause", "other_methods")]
    faults += [{"effect": WIDE}, {"effect": UNBOUNDED}]
    for one in faults:
        assert LADDER.index(level(randomised, **one)) <= LADDER.index(level(randomised))
        for two in faults:
            if "effect" in one and "effect" in two:
                continue  # an answer has one interval
            both: dict[str, Any] = {k: (*one.get(k, ()), *two.get(k, ())) for k in ("signs", "checks")}
            both["effect"] = two.get("effect", one.get("effect", CLEAR))
            assert LADDER.index(level(randomised, **both)) <= LADDER.index(level(randomised, **one))


def test_no_observational_answer_is_ever_high() -> None:
    assert level(checks=(STRONG, CONTROL, *PASSES), signs=(sign("balance", "ok"), sign("overlap", "ok"))) == "moderate"


def test_our_convention_for_what_matters() -> None:
    assert relevant_matters(None, 5.0, False) == (0.5, True)
    assert relevant_matters(None, 0.3, True) == (0.02, True)
    assert relevant_matters(3.0, 5.0, False) == (3.0, False)
    assert relevant_matters(None, 0.0, False)[0] > 0


@pytest.mark.parametrize(
    ("verdict", "sentence", "checks"),
    [
        ("inconclusive", "Nothing was checked.", ()),
        ("inconclusive", "Nothing was checked.", (check("hidden_cause", "failed"), check("negative_outcome", "failed", "model"))),
        ("inconclusive", "Nothing was checked, beyond comparing the methods.", (check("other_methods"),)),
        ("passed", "The one check passed.", (check("negative_outcome"),)),
        ("passed", "Both checks passed.", (check("other_methods"), check("bootstrap"))),
        (
            "passed",
            "2 of 3 checks passed, one could not tell (without the rows nearest the cut-off).",
            (check("other_methods"), check("bootstrap"), check("donut", "inconclusive")),
        ),
        ("inconclusive", "None of the checks could tell.", (check("donut", "inconclusive"),)),
        (
            "inconclusive",
            "Both checks passed; checks like those that passed miss most faults.",
            (check("placebo_treatment"), check("bootstrap")),
        ),
        (
            "failed",
            "One check failed: a column that cannot be affected (1 passed; one could not tell (without the rows nearest the cut-off)).",
            (check("negative_outcome", "failed", "you"), check("bootstrap"), check("donut", "inconclusive")),
        ),
        (
            "failed",
            "2 checks failed: methods disagree and rows crowd on one side of the cut-off.",
            (check("other_methods", "failed"), check("density", "failed")),
        ),
    ],
)  # fmt: skip
def test_one_verdict_on_all_checks(verdict: str, sentence: str, checks: tuple[Refutation, ...]) -> None:
    assert overall(checks) == (verdict, sentence)
