"""Small made-up tables, one a kind of question, of which the true effect is known.

Only the standard library is used, and every table is drawn from a seed of its own, so that it is the same everywhere.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Row = dict[str, object]


@dataclass(frozen=True)
class Example:
    """One question with its table. `flags` say the rest of the command, `truth` what was put into the table."""

    name: str
    kind: str
    question: str
    flags: str
    truth: str
    effect: float
    draw: Callable[[Random], list[Row]]

    @property
    def file(self) -> str:
        """The name of its table."""
        return f"{self.name}.csv"

    def command(self, folder: str = ".") -> str:
        """What to type, with the tables in `folder`."""
        place = self.file if folder in ("", ".") else f"{folder.rstrip('/')}/{self.file}"
        return f'pyllm-causal ask "{self.question}" --data {place} {self.flags}'

    def text(self) -> str:
        """The table as CSV."""
        rows = self.draw(Random(self.question))
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


EXAMPLES: dict[str, Example] = {}


def _example(name: str, kind: str, question: str, flags: str, truth: str, effect: float) -> Callable[..., None]:
    def register(draw: Callable[[Random], list[Row]]) -> None:
        EXAMPLES[name] = Example(name, kind, question, flags, truth, effect, draw)

    return register


@_example(
    "experiment", "an experiment", "Does a reminder make customers spend more?",
    "--treatment reminder --outcome spent --design randomised", "5 more", 5.0,
)  # fmt: skip
def _experiment(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for place in range(400):
        age, reminder = draw.randint(18, 80), place % 2
        shop = "abcd"[place // 2 % 4]
        rows.append(
            {
                "reminder": reminder,
                "shop": shop,
                "age": age,
                "spent": _two(30 + 5 * reminder + 0.2 * age + draw.gauss(0, 8)),
            }
        )
    return rows


@_example(
    "coaching", "people who chose for themselves", "Does coaching raise the score?",
    "--treatment coaching --outcome score --adjust-for age --adjust-for experience", "4 points", 4.0,
)  # fmt: skip
def _coaching(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for _ in range(600):
        age, experience = draw.randint(20, 60), draw.randint(0, 20)
        coached = int(draw.random() < _chance(-1.5 + 0.02 * age + 0.08 * experience))
        score = 40 + 4 * coached + 0.1 * age + 0.9 * experience + draw.gauss(0, 5)
        rows.append({"coaching": coached, "age": age, "experience": experience, "score": _two(score)})
    return rows


@_example(
    "course", "a nudge that was drawn (instrument)", "Does the course raise wages?",
    "--treatment course --outcome wage --instrument voucher", "3 an hour", 3.0,
)  # fmt: skip
def _course(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for place in range(900):
        drive, voucher = draw.gauss(0, 1), place % 2
        took = int(0.9 * drive + 1.6 * voucher - 0.8 + draw.gauss(0, 0.6) > 0)
        rows.append({"voucher": voucher, "course": took, "wage": _two(15 + 3 * took + 2 * drive + draw.gauss(0, 1.5))})
    return rows


@_example(
    "grant", "a cut-off", "Does the grant raise income?",
    "--treatment grant --outcome income --running points --cutoff 50", "6 more", 6.0,
)  # fmt: skip
def _grant(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for _ in range(1000):
        points = _two(draw.uniform(0, 100))
        granted = int(points >= 50)
        income = 20 + 6 * granted + 0.15 * points + draw.gauss(0, 3)
        rows.append({"points": points, "grant": granted, "income": _two(income)})
    return rows


@_example(
    "shops", "before and after, with others to compare", "Does the campaign raise sales?",
    "--treatment campaign --outcome sales --design differences --unit shop --time month", "8 more", 8.0,
)  # fmt: skip
def _shops(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for shop in range(40):
        level, treated = 100 + 10 * draw.gauss(0, 1) + 6 * (shop < 20), shop < 20
        for month in range(1, 9):
            campaign = int(treated and month >= 5)
            sales = level + 1.5 * month + 8 * campaign + draw.gauss(0, 3)
            rows.append({"shop": f"s{shop + 1:02d}", "month": month, "campaign": campaign, "sales": _two(sales)})
    return rows


@_example(
    "prices", "the same units over time (panel)", "Does a higher price lower sales?",
    "--treatment price --outcome sales --design panel --unit shop --time week", "2 fewer for each unit of price", -2.0,
)  # fmt: skip
def _prices(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for shop in range(40):
        level = draw.gauss(0, 1)
        for week in range(1, 13):
            price = 10 + 2 * level + draw.gauss(0, 1)
            sales = 80 + 9 * level - 2 * price + 0.5 * week + draw.gauss(0, 2)
            rows.append({"shop": f"s{shop + 1:02d}", "week": week, "price": _two(price), "sales": _two(sales)})
    return rows


@_example(
    "law", "one place against a mix of others (synthetic control)", "Did the law lower smoking?",
    "--treatment region --outcome packs --design synthetic_control --unit region --time year --treated-unit north "
    "--start 2011",
    "15 fewer packs", -15.0,
)  # fmt: skip
def _law(draw: Random) -> list[Row]:
    rows: list[Row] = []
    names = ["north", *(f"r{place:02d}" for place in range(1, 21))]
    for name in names:
        level, slope = draw.gauss(110, 8), draw.gauss(-1.5, 0.4)
        if name == "north":
            level, slope = 112.0, -1.6
        for year in range(1995, 2021):
            law = name == "north" and year >= 2011
            wave = 4 * math.sin(year / 2.5)
            packs = level + slope * (year - 1995) + wave - 15 * law + draw.gauss(0, 0.8)
            rows.append({"region": name, "year": year, "packs": _two(packs)})
    return rows


@_example(
    "adverts", "everything passes through something in between (front door)", "Do adverts raise sales?",
    "--treatment advert --outcome sales --design front_door --mediator visits", "3 more", 3.0,
)  # fmt: skip
def _adverts(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for _ in range(800):
        season = draw.gauss(0, 1)
        advert = int(season + draw.gauss(0, 1) > 0)
        visits = 5 + 1.2 * advert + draw.gauss(0, 1.2)
        rows.append(
            {
                "advert": advert,
                "visits": _two(visits),
                "sales": _two(20 + 2.5 * visits + 2 * season + draw.gauss(0, 1.5)),
            }
        )
    return rows


@_example(
    "training", "how much passes through something in between", "How much of what training does to sales passes through confidence?",
    "--treatment training --outcome sales --mediator confidence", "5 in all, 3 of them through confidence", 5.0,
)  # fmt: skip
def _training(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for place in range(600):
        trained = place % 2
        confidence = 50 + 4 * trained + draw.gauss(0, 5)
        sales = 10 + 2 * trained + 0.75 * confidence + draw.gauss(0, 4)
        rows.append({"training": trained, "confidence": _two(confidence), "sales": _two(sales)})
    return rows


@_example(
    "pump", "time to an event", "Does the new pump last longer?",
    "--treatment new_pump --outcome months --event failed --design randomised --horizon 12",
    "25 in 100 more pumps still run after a year", 0.25,
)  # fmt: skip
def _pump(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for place in range(400):
        new, load = place % 2, draw.randint(1, 9)
        life = draw.expovariate((0.05 if new else 0.1) * (0.8 + 0.04 * load))
        watched = draw.uniform(10, 24)
        rows.append(
            {
                "new_pump": new,
                "load": load,
                "months": _two(max(min(life, watched), 0.01)),
                "failed": int(life <= watched),
            }
        )
    return rows


@_example(
    "shifts", "does it differ between groups?", "Does training raise sales, and does that differ by shift?",
    "--treatment training --outcome sales --by shift --design randomised", "6 by day, 1 by night", 3.5,
)  # fmt: skip
def _shifts(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for place in range(600):
        trained, night, skill = place % 2, place // 2 % 2, draw.randint(1, 9)
        sales = 30 + (1 if night else 6) * trained + 3 * night + 0.5 * skill + draw.gauss(0, 4)
        rows.append({"training": trained, "shift": "night" if night else "day", "skill": skill, "sales": _two(sales)})
    return rows


@_example(
    "study", "a dose", "What do four hours of study instead of two do to the score?",
    "--treatment hours --treated 4 --control 2 --outcome score --adjust-for ability", "6 points", 6.0,
)  # fmt: skip
def _study(draw: Random) -> list[Row]:
    rows: list[Row] = []
    for _ in range(600):
        ability = draw.gauss(0, 1)
        hours = min(max(3 + ability + draw.gauss(0, 1.2), 0.0), 8.0)
        score = 40 + 3 * hours + 4 * ability + draw.gauss(0, 4)
        rows.append({"hours": _two(hours), "ability": _two(ability), "score": _two(score)})
    return rows


@_example(
    "plots", "just a difference, no cause", "How do yields differ between the fields?",
    "--kind association --treatment field --outcome yield", "2 more in the south", 2.0,
)  # fmt: skip
def _plots(draw: Random) -> list[Row]:
    return [
        {"field": ("north", "south")[place % 2], "yield": _two(10 + 2 * (place % 2) + draw.gauss(0, 1.5))}
        for place in range(120)
    ]


def _chance(line: float) -> float:
    return 1 / (1 + math.exp(-line))


def _two(value: float) -> float:
    return round(value, 2)
