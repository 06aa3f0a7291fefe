"""Made `fixed_effects.json` with pyfixest 0.60.0 (MIT), in an environment of its own and never in the gate:

python tests/unit/causal/designs/fixed_effects_reference.py > tests/unit/causal/designs/fixed_effects.json
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

EFFECTS = ("", "unit", "time", "unit + time", "state + time")
ERRORS = ("hetero", "unit", "state", "time", "unit + time", "state + time")


def table(seed: int = 20240607) -> pd.DataFrame:
    """40 units in 12 states over 8 periods, one row in seven missing, weights, errors that share states and periods."""
    rng = np.random.default_rng(seed)
    units, periods = 40, 8
    level, common, state = rng.standard_normal(units), rng.standard_normal(periods), np.arange(units) % 12
    frame = pd.DataFrame(
        [(i, t, int(state[i])) for i in range(units) for t in range(periods)], columns=["unit", "time", "state"]
    )
    n = len(frame)
    frame["x"] = rng.standard_normal(n) + 0.3 * level[frame["unit"]]
    frame["d"] = ((frame["unit"] % 3 > 0) & (frame["time"] >= 3 + frame["unit"] % 4)).astype("float64")
    frame["y"] = level[frame["unit"]] + common[frame["time"]] + 0.7 * frame["d"] + 0.5 * frame["x"]
    frame["y"] += rng.standard_normal(n) * (1 + 0.5 * frame["d"])
    frame["y"] += 0.3 * rng.standard_normal((12, periods))[frame["state"], frame["time"]]
    frame["w"] = rng.uniform(0.5, 2, n)
    return frame[rng.random(n) > 0.15].reset_index(drop=True)


def main() -> None:
    import pyfixest as pf  # type: ignore[import-not-found]

    frame = table()
    fits: list[dict[str, Any]] = []
    for effects in EFFECTS:
        for weights in (None, "w"):
            for errors in ERRORS:
                formula = "y ~ d + x" + (f" | {effects}" if effects else "")
                vcov = "hetero" if errors == "hetero" else {"CRV1": errors}
                fit = pf.feols(formula, data=frame, vcov=vcov, weights=weights)
                fits.append({
                    "effects": effects, "weights": weights, "errors": errors,
                    "coef": [float(fit.coef()[k]) for k in "dx"], "se": [float(fit.se()[k]) for k in "dx"],
                })  # fmt: skip
    print(json.dumps({"made_by": "fixed_effects_reference.py", "pyfixest": pf.__version__, "fits": fits}, indent=0))


if __name__ == "__main__":
    main()
