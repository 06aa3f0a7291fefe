"""A conversation without a terminal: lines in, what was said out."""

from __future__ import annotations

import io
import random
from contextlib import nullcontext
from typing import Any

import pandas as pd

from pyllm_causal.chat.conversation import Conversation
from pyllm_causal.chat.screen import Screen
from pyllm_causal.graph import Graph
from pyllm_causal.study import Study

DESCRIBE = {
    "quit": "quit smoking (1 = yes)", "gain": "weight gained over ten years, kg", "age": "age, years",
    "sex": "sex (0 = man, 1 = woman)", "sport": "how much sport", "income": "family income, bands",
    "weight0": "weight at the start, kg",
}  # fmt: skip
GRAPH = Graph.of(
    ("age", "quit"),
    ("age", "gain"),
    ("sex", "quit"),
    ("sex", "gain"),
    ("sport", "quit"),
    ("sport", "gain"),
    ("quit", "gain"),
)
QUESTION = "does quitting make people gain weight?"


class Silent:
    """Nobody waits."""

    def __call__(self, stage: str) -> None: ...

    def passing(self, text: str) -> None: ...


def smokers(rows: int = 240) -> pd.DataFrame:
    """Quitting raises the gain by 2 kg; age, sex and sport drive both; every eighth row has no income recorded."""
    draw = random.Random(11)
    out = []
    for i in range(rows):
        age, sex, sport = draw.randint(20, 70), draw.randint(0, 1), draw.randint(0, 4)
        quit = int(draw.random() < (age + 6 * sport) / 130)
        gain = 2 * quit - age / 20 + sex - sport / 3 + draw.gauss(0, 1.5)
        income = None if i % 8 == 0 else draw.randint(1, 9)
        out.append((quit, round(gain, 2), age, sex, sport, income, round(draw.gauss(70, 9), 1)))
    return pd.DataFrame(out, columns=list(DESCRIBE))


class Talk:
    """A conversation about the smokers; `say` gives what was said back, on one line."""

    def __init__(self, client: Any = None, graph: Graph | None = GRAPH, checks: bool = False) -> None:
        self.out = io.StringIO()
        self.study = Study(smokers(), describe=DESCRIBE, client=client, graph=graph, checks=checks)
        self.conversation = Conversation(
            self.study, Screen(self.out, plain=True), lambda stages: nullcontext(Silent()), debug=True
        )

    def say(self, line: str) -> str:
        self.out.seek(0)
        self.out.truncate()
        self.on = self.conversation.hear(line)
        return " ".join(self.out.getvalue().split())
