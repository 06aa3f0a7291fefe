"""Simulated worlds with known mechanisms for the tests of fitted pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyllm_causal import analyse
from pyllm_causal.analysis import Answer

SHOP = {
    "edges": [
        ["wealth", "price"], ["price", "ads"], ["wealth", "promo"], ["price", "sales"], ["ads", "sales"], ["promo", "sales"],
        ["wealth", "sales"],
    ]
}  # fmt: skip


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def shop(n: int = 2000, seed: int = 0) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """A linear shop with a yes/no promotion in between, and the noise of every row."""
    rng = np.random.default_rng(seed)
    u = {k: rng.normal(size=n) for k in ("wealth", "price", "ads", "sales")} | {"promo": rng.random(n)}
    return shop_from(u), u


def shop_from(u: dict[str, np.ndarray], **fixed: float) -> pd.DataFrame:
    n = len(u["sales"])
    wealth = 50 + 10 * u["wealth"]
    price = np.full(n, fixed["price"]) if "price" in fixed else 20 + 0.1 * wealth + 2 * u["price"]
    ads = 10 + 0.5 * price + 3 * u["ads"]
    promo = np.full(n, fixed["promo"]) if "promo" in fixed else (u["promo"] < sigmoid((wealth - 50) / 10)).astype(int)
    sales = 100 - 3 * price + 2 * ads + 5 * promo + 0.2 * wealth + 5 * u["sales"]
    return pd.DataFrame({"wealth": wealth, "price": price, "ads": ads, "promo": promo, "sales": sales})


def answer(frame: pd.DataFrame, graph: Any = None, **query: Any) -> Answer:
    simulations = query.pop("simulations", 60)
    checks = query.pop("checks", False)
    options = {k: query.pop(k) for k in ("seed", "workers") if k in query}
    graph = SHOP if graph is None else graph
    return analyse({"graph": graph} | query, frame, simulations=simulations, checks=checks, **options)
