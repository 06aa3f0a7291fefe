"""Draw, analyse, keep: what came out of every replication, one JSON file a world in `.calibration/`."""

from __future__ import annotations

import hashlib
import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pyllm_causal
from pyllm_causal.analysis import Answer
from pyllm_causal.errors import CausalError
from pyllm_causal.query import Query
from tests.calibration.worlds import WORLDS, Case, World
from tests.statistical.progress import rng_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".calibration"
# Reasons that every sound analysis of its kind carries: they find no fault with the table.
ALWAYS = (
    "nobody dealt",
    "nobody has checked",
    "the margin is wide",
    "that the design holds here",
    "that it was assigned at random is read",
)

Record = dict[str, Any]


@cache
def code() -> str:
    """Fingerprint of everything that a count rests on: the package without its language, and these worlds."""
    package = ROOT / "pyllm_causal"
    files = [f for f in package.rglob("*.py") if not {"language", "cli", "report"} & set(f.relative_to(package).parts)]
    digest = hashlib.sha256()
    for file in sorted([*files, *Path(__file__).parent.glob("*.py")]):
        if file.name != "page.py":
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def path_of(world: World) -> Path:
    slug = "".join(c if c.isalnum() else "_" for c in f"{world.kind}_{world.group}_{world.name}".casefold())
    return FOLDER / f"{slug}.json"


def load(world: World, fingerprint: str | None = None) -> list[Record]:
    """The records kept so far, of this very code (or of `fingerprint`); none otherwise."""
    try:
        kept = json.loads(path_of(world).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return list(kept["records"]) if kept.get("code") == (fingerprint or code()) else []


def save(world: World, records: list[Record]) -> None:
    FOLDER.mkdir(exist_ok=True)
    target = path_of(world)
    draft = target.with_suffix(".tmp")
    draft.write_text(json.dumps({"code": code(), "records": records}, separators=(",", ":")), encoding="utf-8")
    draft.replace(target)


def count(index: int, replications: int, resume: bool) -> int:
    """Bring one world to `replications`; how many analyses that took. Interrupted, it goes on where it stopped."""
    world = WORLDS[index]
    records = load(world) if resume else []
    before = len(records)
    for number in range(before, replications):
        sides = {"broken": True, "sound": False} if world.kind == "detectable" else {"one": world.kind != "sound"}
        records.append({side: outcome(world, number, broken) for side, broken in sides.items()})
        if number % 10 == 9:
            save(world, records)
    save(world, records)
    return (len(records) - before) * (2 if world.kind == "detectable" else 1)


def outcome(world: World, replication: int, broken: bool) -> Record:
    """One table, drawn and analysed as a person would: through `analyse`, with every check at its usual effort."""
    rng = rng_of(f"{world.kind}, {world.group}: {world.name}", replication)
    case = world.draw(rng, broken)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = pyllm_causal.analyse(
                Query.model_validate(case.query), case.frame, seed=replication, describe=case.describe
            )
    except CausalError as error:
        return {"status": "error", "code": error.code}
    except Exception as error:  # noqa: BLE001  our fault: counted as a miss, and the other worlds go on
        return {"status": "crash", "code": repr(error)[:200]}
    return recorded(answer, case)


def recorded(answer: Answer, case: Case) -> Record:
    """What the tables need of an answer."""
    if answer.status != "answered" or answer.effect is None or answer.certainty is None:
        return {"status": answer.status, "code": answer.why_not and answer.why_not[:60]}
    effect, level = answer.effect, answer.certainty.level
    none = 1.0 if effect.scale in ("ratio", "odds_ratio", "rate_ratio", "hazard_ratio") else 0.0
    bounded = effect.low is not None and effect.high is not None
    low, high = effect.low or 0.0, effect.high or 0.0
    side = (effect.value > none) - (effect.value < none)
    claims = bounded and not low <= none <= high and level != "very_low" and "can't tell" not in answer.headline
    faults = [d for d in answer.certainty.down if not d.startswith(ALWAYS)]
    return {
        "status": "answered",
        "level": level,
        "covers": None if not bounded else bool(low <= case.truth <= high),
        "claims": side if claims else 0,
        "true_side": (case.truth > none) - (case.truth < none),
        "checks": {r.check: r.verdict for r in answer.refutations},
        "stated": [r.check for r in answer.refutations if r.family == "sensitivity"],
        "warnings": [d.name for d in answer.diagnostics if d.status == "warning"],
        "faults": faults,
        "error": effect.std_error,
        "brackets": brackets(answer, case),
    }


def brackets(answer: Answer, case: Case) -> bool | None:
    """Whether the statement on hidden causes allows for the truth: all that one as strong as the strongest measured column could make
    it, chance included. None where the hidden cause is stronger than that, or nothing was stated."""
    stated = next((r.figures for r in answer.refutations if r.check == "hidden_cause"), {})
    if case.strength is None or case.strength > 1 or answer.effect is None or answer.effect.low is None:
        return None
    if "benchmark_1_low" not in stated:
        return None
    low, high = stated["benchmark_1_low"], stated["benchmark_1_high"]
    if low is None or high is None:
        return True  # such a cause could explain everything
    return bool(float(low) <= case.truth <= float(high))


def failed(record: Record) -> list[str]:
    """Checks that failed, but for those that only state how strong a hidden cause would have to be."""
    return [c for c, v in record.get("checks", {}).items() if v == "failed" and c not in record["stated"]]


def flagged(record: Record) -> bool:
    """Whether a reader is told of a fault: refused, a check failed, a warning that costs a level, or graded very low."""
    if record["status"] != "answered":
        return record["status"] != "crash"
    return bool(failed(record) or record["faults"] or record["level"] == "very_low")
