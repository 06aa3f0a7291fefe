"""Agreement: do other methods, resting on other models, give the same answer?"""

from __future__ import annotations

from ...analysis import Refutation
from ..agreement import agreement
from ..estimate import FORM_Z
from . import Trial, refuter

STRAIGHT = ("regression", "weighting")  # rest on straight lines in the covariates


@refuter("other_methods", "answer the question with other methods and compare")
def other_methods(trial: Trial) -> Refutation | None:
    """Passes within one standard error; fails beyond two, or where one clearly says the opposite (`causal/agreement.py`).

    Where straight lines predict the outcome clearly worse and a flexible method answers for that reason, methods that rest on
    straight lines have no say: they would be wrong for a reason that is known. What is left (matching, whose correction is
    straight as well) fails beyond three."""
    found = trial.estimates
    bent = found.form >= FORM_Z and found.headline.method not in STRAIGHT
    others = [e for e in found.others if not (bent and e.method in STRAIGHT)]
    return agreement(found.headline.effect, [e.effect for e in others], limit=3.0 if bent else 2.0)
