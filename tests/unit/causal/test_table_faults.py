"""Tables that give a wrong number without any noise about it. Every world has a known effect and a sound twin that stays quiet."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from pyllm_causal import pipeline
from pyllm_causal.analysis import Answer


def analyse(query: dict[str, Any], frame: pd.DataFrame, **more: Any) -> Answer:
    return pipeline.analyse(query, frame, checks=False, **more)


def warned(answer: Answer) -> set[str]:
    return {d.name for d in answer.diagnostics if d.status == "warning"}


def level(answer: Answer) -> str:
    assert answer.certainty is not None
    return answer.certainty.level


class TestBeforeAfter:
    """Waiting time falls by itself; a new till takes 1 minute off, before and after differ by far more."""

    QUERY: ClassVar[dict[str, Any]] = {"treatment": "till", "outcome": "wait", "adjust_for": []}

    def world(self, beside: bool) -> pd.DataFrame:
        rng, n = np.random.default_rng(4), 200
        day = np.tile(np.arange(n), 2) if beside else np.arange(n)
        branch = np.repeat([1, 0], n) if beside else np.ones(n, dtype=int)
        till = ((day >= 100) & (branch == 1)).astype(int)
        wait = 12 - 0.024 * day - till + rng.normal(0, 0.6, len(day))
        dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")
        return pd.DataFrame({"date": dates, "branch": branch, "till": till, "wait": wait})

    def test_time_is_the_treatment(self) -> None:
        answer = analyse(self.QUERY, self.world(beside=False))
        assert (
            answer.effect is not None and answer.effect.high is not None and answer.effect.high < -2.5
        )  # the truth is -1
        assert "before_after" in warned(answer) and level(answer) == "very_low"
        assert "every row before date = 2024-04-10" in " ".join(answer.text.split())

    def test_others_at_the_same_time(self) -> None:
        frame = self.world(beside=True)
        assert "before_after" not in warned(analyse(self.QUERY, frame))
        design = {"kind": "differences", "time": "date", "group": "branch", "treated_group": 1, "start": "2024-04-10"}
        answer = analyse({"treatment": "till", "outcome": "wait", "design": design}, frame)
        assert answer.effect is not None and answer.effect.value == pytest.approx(-1, abs=0.4)


class TestRepeatedRows:
    QUERY: ClassVar[dict[str, Any]] = {"treatment": "fed", "outcome": "crop", "adjust_for": ["soil"]}

    def field(self) -> pd.DataFrame:
        rng, n = np.random.default_rng(24), 150
        soil = rng.integers(1, 11, n)
        fed = (rng.random(n) < soil / 12).astype(int)
        crop = 4 + 0.3 * soil + 0.5 * fed + rng.normal(size=n)
        return pd.DataFrame({"field": [f"F{i}" for i in range(n)], "soil": soil, "fed": fed, "crop": crop})

    def test_written_out_three_times(self) -> None:
        once, thrice = self.field(), pd.concat([self.field()] * 3)
        sound, faulty = analyse(self.QUERY, once), analyse(self.QUERY, thrice)
        counted = analyse({**self.QUERY, "cluster": "field"}, thrice)
        assert "repeated_rows" not in warned(sound) and "repeated_rows" in warned(faulty)
        assert "300 of 450 rows" in " ".join(faulty.text.split())
        assert "repeated_rows" not in warned(counted)
        errors = [a.effect.std_error for a in (sound, faulty, counted) if a.effect is not None and a.effect.std_error]
        assert errors[1] == pytest.approx(errors[0] / 3**0.5, rel=0.05)
        assert errors[2] == pytest.approx(errors[0], rel=0.05)  # what the warning advises mends the margin

    def test_equal_rows_of_coarse_columns_are_no_repeats(self) -> None:
        rng = np.random.default_rng(1)
        frame = pd.DataFrame(rng.integers(0, 2, (500, 3)), columns=["soil", "fed", "crop"])
        frame["age"] = rng.integers(20, 60, 500)
        assert "repeated_rows" not in warned(analyse(self.QUERY, frame))


class TestStandIns:
    QUERY: ClassVar[dict[str, Any]] = {"treatment": "meal", "outcome": "score", "adjust_for": ["income"]}

    def pupils(self) -> pd.DataFrame:
        rng, n = np.random.default_rng(21), 1500
        income = rng.gamma(4, 10, n).round()
        meal = (rng.random(n) < 1 / (1 + np.exp((income - 40) / 15))).astype(int)
        score = (50 + 4 * meal + 0.3 * (income - 40) + rng.normal(0, 8, n)).round()
        score[rng.random(n) < 0.06] = 999
        income[rng.random(n) < 0.05] = -9
        return pd.DataFrame({"meal": meal, "income": income, "score": score})

    def test_undeclared_codes_are_pointed_out(self) -> None:
        answer = analyse(self.QUERY, self.pupils())
        assert "stand_ins" in warned(answer)
        text = " ".join(answer.text.replace("−", "-").split())
        assert "999 in score" in text and "-9 in income" in text

    def test_declared_codes_are_gaps(self) -> None:
        told = "score: points, 999 = absent; income: in thousands, -9 = no answer; meal: eats at school"
        answer = analyse(self.QUERY, self.pupils(), describe=told)
        assert "stand_ins" not in warned(answer)
        assert answer.effect is not None and answer.effect.value == pytest.approx(4, abs=1.2)

    def test_ordinary_numbers_stay(self) -> None:
        frame = self.pupils()
        frame = frame[(frame["score"] < 900) & (frame["income"] >= 0)]
        frame["income"] = frame["income"] - 20  # debts are negative, and some are -9
        assert "stand_ins" not in warned(analyse(self.QUERY, frame))


class TestLateStart:
    """The drug does nothing; whoever ever takes it had to live until then."""

    QUERY: ClassVar[dict[str, Any]] = {"treatment": "ever", "outcome": "days", "event": "died", "adjust_for": []}

    def cohort(self) -> pd.DataFrame:
        rng, n = np.random.default_rng(12), 1200
        life, start = rng.exponential(800, n), rng.exponential(900, n)
        days = np.minimum(life, 1500)
        ever = start < days
        return pd.DataFrame(
            {"ever": ever * 1, "first": np.where(ever, start, np.nan), "days": days, "died": (life < 1500) * 1}
        )

    def test_immortal_time(self) -> None:
        answer = analyse({**self.QUERY, "scale": "hazard_ratio"}, self.cohort())
        assert (
            answer.effect is not None and answer.effect.high is not None and answer.effect.high < 0.8
        )  # the truth is 1
        assert "immortal_time" in warned(answer) and level(answer) == "very_low"

    def test_treated_from_the_start(self) -> None:
        frame = self.cohort().assign(
            ever=np.random.default_rng(0).integers(0, 2, 1200), first=lambda d: d["ever"] * 1.0
        )
        assert not warned(analyse(self.QUERY, frame)) & {"immortal_time", "late_entry"}

    def test_late_entry(self) -> None:
        rng, n = np.random.default_rng(20), 2000
        entry, life, club = 70 + rng.uniform(0, 10, n), 70 + rng.weibull(2, n) * 12, rng.integers(0, 2, n)
        frame = pd.DataFrame({"club": club, "entry_age": entry, "age_out": life, "died": 1})[life > entry]
        query = {"treatment": "club", "outcome": "age_out", "event": "died", "adjust_for": [], "scale": "hazard_ratio"}
        assert "late_entry" in warned(analyse(query, frame))


class TestAssignedBy:
    """Nets are dealt out to villages, and villages differ: rows counted one by one claim far too much."""

    QUESTION = "Villages were drawn at random to get bed nets. Do bed nets prevent malaria?"
    TOLD = "net: village got bed nets; malaria: child had malaria; village: name of the village"

    def villages(self, seed: int = 7, effect: float = 0.0, spread: float = 0.16) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        village = np.repeat(np.arange(40), 25)
        net, own = (village % 2), rng.normal(0, spread, 40)[village]
        malaria = rng.random(len(village)) < np.clip(0.4 + own + effect * net, 0, 1)
        return pd.DataFrame({"village": [f"Village {v}" for v in village], "net": net, "malaria": malaria * 1})

    def test_the_table_alone_warns(self) -> None:
        query = {"treatment": "net", "outcome": "malaria", "design": {"kind": "randomised"}}
        assert "assigned_by" in warned(analyse(query, self.villages()))
        assert "assigned_by" not in warned(analyse({**query, "cluster": "village"}, self.villages()))
        mixed = self.villages().assign(net=np.random.default_rng(0).integers(0, 2, 1000))
        assert "assigned_by" not in warned(analyse(query, mixed))

    def test_a_question_is_answered_by_groups(self) -> None:
        reading = pipeline.read(self.QUESTION, self.villages(), describe=self.TOLD)
        assert reading.query is not None and reading.query.cluster == "village"
        assert "village" in reading.receipt.split("?")[-1]

    def test_without_an_effect_few_intervals_claim_one(self) -> None:
        query = {"treatment": "net", "outcome": "malaria", "design": {"kind": "randomised"}}
        missed = {"rows": 0, "villages": 0}
        for seed in range(20):
            frame = self.villages(seed)
            for name, more in (("rows", {}), ("villages", {"cluster": "village"})):
                effect = analyse({**query, **more}, frame).effect
                assert effect is not None and effect.low is not None and effect.high is not None
                missed[name] += not effect.low <= 0 <= effect.high
        assert missed["rows"] >= 4 and missed["villages"] <= 4  # of 20; one is due


class TestUnknownLevels:
    def births(self) -> pd.DataFrame:
        rng, n = np.random.default_rng(22), 1500
        smokes = rng.random(n) < 0.4
        small = rng.random(n) < 0.1 + 0.15 * smokes
        frame = pd.DataFrame({"smokes": np.where(smokes, "yes", "no"), "small": np.where(small, "ja", "nein")})
        frame.loc[rng.random(n) < 0.1, "smokes"] = "unknown"
        frame.loc[small & (rng.random(n) < 0.5), "small"] = "unknown"
        return frame

    def test_nobody_knows_is_neither_yes_nor_no(self) -> None:
        frame = self.births()
        answer = analyse({"treatment": "smokes", "outcome": "small", "adjust_for": []}, frame)
        known = frame[(frame["small"] != "unknown") & (frame["smokes"] != "unknown")]
        means = (known["small"] == "ja").groupby(known["smokes"]).mean()
        assert answer.effect is not None and answer.effect.value == pytest.approx(means["yes"] - means["no"], abs=1e-6)


class TestEarlyOutcome:
    """What was recorded before the treatment cannot be its effect: the truth is 0, the groups differ all the same."""

    def world(self) -> pd.DataFrame:
        rng, n = np.random.default_rng(10), 900
        job = rng.integers(0, 2, n)
        reform = (rng.random(n) < 0.3 + 0.3 * job) * 1
        return pd.DataFrame(
            {"reform_2020": reform, "job_2018": job, "job_2022": (rng.random(n) < 0.4 + 0.2 * reform) * 1}
        )

    def answer(self, outcome: str, told: dict[str, str] | None = None, treatment: str = "reform_2020") -> Answer:
        frame = self.world().rename(columns={"reform_2020": treatment})
        return analyse({"treatment": treatment, "outcome": outcome, "adjust_for": []}, frame, describe=told)

    def test_by_years(self) -> None:
        answer = self.answer("job_2018")
        assert answer.effect is not None and answer.effect.low is not None and answer.effect.low > 0.1
        assert "early_outcome" in warned(answer) and level(answer) == "very_low"
        assert "early_outcome" not in warned(self.answer("job_2022"))

    @pytest.mark.parametrize(
        ("text", "early"),
        [
            ("had a job before the training", True),
            ("had a job prior to starting training", True),
            ("had a job two years later", False),
            ("change in pay since before the training, after the training", False),
            ("had a job before the age of thirty", False),
        ],
    )
    def test_by_words(self, text: str, early: bool) -> None:
        told = {"job_2022": text, "training": "took part in the training"}
        assert ("early_outcome" in warned(self.answer("job_2022", told, "training"))) is early

    def test_what_is_held_fixed_came_after(self) -> None:
        rng, n = np.random.default_rng(14), 800
        schooling = rng.normal(12, 2, n).round()
        job = 0.3 * (schooling - 12) + rng.normal(0, 1, n)
        frame = pd.DataFrame(
            {"schooling": schooling, "job": job, "wage": 15 + 0.4 * (schooling - 12) + 2 * job + rng.normal(0, 2, n)}
        )
        query = {"treatment": "schooling", "outcome": "wage", "adjust_for": ["job"]}
        answer = analyse(
            query, frame, describe={"job": "standing of the job after schooling", "schooling": "years of schooling"}
        )
        assert answer.effect is not None and answer.effect.value < 0.7  # the whole effect is 1.0
        assert "late" in warned(answer) and level(answer) == "very_low"
        quiet = analyse(
            query, frame, describe={"job": "standing of the father's job", "schooling": "years of schooling"}
        )
        assert "late" not in warned(quiet)
