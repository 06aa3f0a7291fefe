"""A small exam in cause and effect: may this model be asked which way an arrow points?

Twenty pairs whose direction everybody knows, ten questions on what tells about what (d-separation) and ten on what can
change what (chains of arrows), in graphs drawn at random with exact labels. Every part is balanced, so a model that
always says the same, or always the first, scores one half.

The bar: the one-sided 90% lower bound of the share right (exact binomial; Clopper and Pearson 1934) is above three
quarters for the directions (18 of 20 or more) and above one half, which is chance, for the other two parts together
(14 of 20 or more). A model that only guesses passes with a chance of 1 in 86,000.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from math import comb
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import ModelError, SettingsError
from ..settings import FILE, NAME, SERVERS, Settings, write_private
from . import prompts
from .ask_model import Rubbish, object_of, parse
from .client import Client, Request

Part = Literal["directions", "separation", "chains"]
PARTS: tuple[Part, ...] = ("directions", "separation", "chains")
CONFIDENCE = 0.9
DIRECTIONS_BAR = 0.75
LOGIC_BAR = 0.5

# (cause, effect): settled by physics, law or time, so that no study is needed to know which comes first.
PAIRS = (
    ("altitude of a weather station in metres", "mean air temperature at the station"),
    ("hours of sunshine on a day", "electricity made by a solar panel on the same day"),
    ("rain in the last hour in millimetres", "depth of the puddles in the street"),
    ("age of a car in years", "price of the car when sold second-hand"),
    ("speed of a car when it starts to brake", "length of its braking distance"),
    ("outdoor temperature in winter", "gas burnt to heat the house"),
    ("weight of a parcel", "postage paid for the parcel"),
    ("day of the year", "hours of daylight in Stockholm"),
    ("glasses of wine drunk in the evening", "alcohol level in the blood at midnight"),
    ("floor space of a flat", "monthly rent of the flat"),
    ("size of a fire when it is reported", "number of fire engines sent to it"),
    ("height of a mother", "height of her grown-up daughter"),
    ("litres of water given to a pot plant", "moisture of the soil in the pot"),
    ("hours a lamp was switched on", "electricity used by the lamp"),
    ("age of a tree", "number of rings in the trunk of the tree"),
    ("vaccinated against tetanus", "tetanus antibodies in the blood"),
    ("length of a taxi ride in kilometres", "fare paid for the ride"),
    ("depth of a diver under water", "water pressure at the wrist of the diver"),
    ("minutes a cake was in the oven", "temperature in the middle of the cake"),
    ("number of items bought", "total on the receipt"),
)
_EACH = 10
_STEP = "exam"

Parents = Mapping[str, Collection[str]]


class Question(BaseModel):
    """One question with two answers, and the right one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    part: Part
    text: str
    options: tuple[str, str]
    right: str


class Result(BaseModel):
    """How a model did: right and asked by part. `version` is that of the questions; `sha256` of a model file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str
    api_base: str | None
    date: str
    version: str
    right: dict[Part, int]
    asked: dict[Part, int]
    unusable: int = 0
    seconds: float = 0.0
    sha256: str | None = None

    @property
    def directions(self) -> tuple[int, int]:
        """(right, asked) on the pairs of known direction."""
        return self.right.get("directions", 0), self.asked.get("directions", 0)

    @property
    def logic(self) -> tuple[int, int]:
        """(right, asked) on separation and chains together."""
        parts: tuple[Part, ...] = ("separation", "chains")
        return sum(self.right.get(p, 0) for p in parts), sum(self.asked.get(p, 0) for p in parts)

    @property
    def passed(self) -> bool:
        """Whether the model is above the bar in both."""
        return lower(*self.directions) > DIRECTIONS_BAR and lower(*self.logic) > LOGIC_BAR


def lower(right: int, asked: int) -> float:
    """One-sided 90% lower bound of the share right: where so many right or more have a chance of 10%."""
    if right <= 0 or asked <= 0 or right > asked:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        p = (low + high) / 2
        tail = sum(comb(asked, k) * p**k * (1 - p) ** (asked - k) for k in range(right, asked + 1))
        low, high = (p, high) if tail < 1 - CONFIDENCE else (low, p)
    return low


def separated(parents: Parents, x: str, y: str, given: Collection[str]) -> bool:
    """Whether `x` and `y` are d-separated given `given`.

    By the moral graph of the ancestors (Lauritzen et al. 1990, proposition 3): parents of one child are joined, arrows
    lose their heads, `given` is taken out; separated means that no path is left. `parents` must name every node.
    """
    kept = ancestors(parents, {x, y, *given})
    beside: dict[str, set[str]] = {node: set() for node in kept}
    for node in kept:
        family = [*parents[node], node]
        for one in family:
            beside[one] |= set(family) - {one}
    seen, todo = {x, *given}, [x]
    while todo:
        for node in beside[todo.pop()] - seen:
            seen.add(node)
            todo.append(node)
    return y not in seen


def ancestors(parents: Parents, nodes: Collection[str]) -> set[str]:
    """`nodes` and everything that leads to them."""
    found, todo = set(nodes), list(nodes)
    while todo:
        for parent in parents[todo.pop()]:
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    return found


@lru_cache(maxsize=1)
def questions() -> tuple[Question, ...]:
    """The forty questions, always the same."""
    draw = random.Random(1990)
    out: list[Question] = []
    for place, (cause, effect) in enumerate(draw.sample(PAIRS, len(PAIRS))):
        first, second = (cause, effect) if place % 2 else (effect, cause)
        text = f"One of these two is a cause of the other.\nfirst: {first}\nsecond: {second}\nWhich one is the cause?"
        right = "first" if place % 2 else "second"
        out.append(Question(part="directions", text=text, options=("first", "second"), right=right))
    parts: tuple[Part, Part] = ("separation", "chains")
    for part in parts:
        left = {"yes": _EACH // 2, "no": _EACH // 2}
        while sum(left.values()):
            question = _drawn(part, draw)
            if question is not None and left[question.right] and question not in out:
                left[question.right] -= 1
                out.append(question)
    return tuple(out)


def _drawn(part: Part, draw: random.Random) -> Question | None:
    """A question about a graph of five things drawn at random, or None when it would be too easy."""
    nodes = draw.sample("ABCDE", 5)  # the order of the letters says nothing about the arrows
    parents = {n: [m for m in nodes[:i] if draw.random() < 0.45] for i, n in enumerate(nodes)}
    x, y, *others = draw.sample(nodes, 5)
    joined = ancestors({n: [m for m in nodes if n in parents[m] or m in parents[n]] for n in nodes}, {x})
    if x in parents[y] or y in parents[x] or y not in joined:
        return None
    arrows = [f"{m} -> {n}" for n in nodes for m in parents[n]]
    draw.shuffle(arrows)
    picture = (
        f"In this picture every arrow points from a cause to its effect: {', '.join(arrows)}. There is nothing else."
    )
    if part == "chains":
        right = x in ancestors(parents, {y})
        text = f"{picture} If somebody changes {x} from outside, can that change {y}?"
    else:
        given = others[: draw.randint(0, 2)]
        known = f"We already know {' and '.join(given)}" if given else "We know nothing yet"
        right = not separated(parents, x, y, given)
        text = f"{picture} {known}. Does learning {x} then tell us anything about {y}?"
    return Question(part=part, text=text, options=("yes", "no"), right="yes" if right else "no")


def request_for(question: Question) -> Request:
    """The schema-bound call for one question."""
    first, second = question.options
    answer = {"type": "string", "enum": list(question.options)}
    schema = object_of({"answer": answer})
    turns = prompts.render("exam", question=question.text, first=first, second=second)
    return Request(step=_STEP, messages=turns, response_schema=schema, prompt=prompts.digest("exam"), max_tokens=200)


def version() -> str:
    """A mark of the questions and the prompt: a result of other questions does not count."""
    said = json.dumps([q.model_dump() for q in questions()]) + prompts.source("exam")
    return sha256(said.encode()).hexdigest()[:12]


def take(client: Client, settings: Settings, tell: Callable[[int, int], None] | None = None) -> Result:
    """Put every question once; a reply that cannot be used counts as wrong. Raises `ModelError` when the model fails."""
    right: dict[Part, int] = dict.fromkeys(PARTS, 0)
    asked: dict[Part, int] = dict.fromkeys(PARTS, 0)
    unusable, start = 0, datetime.now(UTC)
    for place, question in enumerate(questions(), 1):
        reply = client.complete(request_for(question))
        asked[question.part] += 1
        try:
            said = parse(reply).get("answer")
        except Rubbish:
            said = None
        unusable += said not in question.options
        right[question.part] += said == question.right
        if tell is not None:
            tell(place, len(questions()))
    return Result(
        model=settings.model or "",
        api_base=settings.api_base,
        date=start.date().isoformat(),
        version=version(),
        right=right,
        asked=asked,
        unusable=unusable,
        seconds=round((datetime.now(UTC) - start).total_seconds(), 1),
    )


def path() -> Path:
    """Where results are kept: the user's cache folder. Losing them only means that no model is trusted.

    Raises `SettingsError` where there is no such folder.
    """
    import platformdirs

    try:
        folder = Path(platformdirs.user_cache_dir(NAME, appauthor=False))
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():
        raise SettingsError("There is no cache folder for this user.", "Set HOME.")
    return folder / "exams.json"


def results() -> dict[str, Result]:
    """Every kept result of this exam by model and address; a damaged file holds none."""
    try:
        kept = json.loads(path().read_text(encoding="utf-8"))
        found = {str(key): Result.model_validate(value) for key, value in dict(kept).items()}
    except (SettingsError, OSError, ValueError, TypeError, RecursionError, ValidationError):
        return {}
    now = version()
    return {key: result for key, result in found.items() if result.version == now}


def keep(result: Result) -> None:
    """Keep a result in place of an earlier one of the same model. Raises `SettingsError`."""
    every = {**results(), _key(result.model, result.api_base): result}
    write_private(path(), json.dumps({key: r.model_dump(mode="json") for key, r in every.items()}, indent=2) + "\n")


def trusted(model: str | None, base: str | None = None) -> bool:
    """Whether this model, at this address, has passed the exam. One that was never examined has not.

    A model file is known by its bytes. A server is known by its address and the name that it was asked for: when
    another model is served under them, it has to be examined again.
    """
    if not model:
        return False
    if model.startswith(FILE) and "@" not in model:
        from .local import named

        try:
            model = named(model)
        except ModelError:
            return False
    result = results().get(_key(model, base))
    return result is not None and result.passed


def _key(model: str, base: str | None) -> str:
    usual = SERVERS.get(model.partition("/")[0], "")
    return f"{model} at {base.rstrip('/') if base else usual}"
