"""What checks are called in a list: by what went wrong where one failed, by what was looked at where one could not tell."""

from __future__ import annotations

from ..analysis import Refutation

# What failed; a check may say it better itself (`Refutation.short`).
FAILED = {
    "placebo_treatment": "shuffling the treatment",
    "random_common_cause": "adding a made-up cause",
    "data_subset": "taking parts of the table",
    "bootstrap": "the margin of error comes out differently when rows are drawn anew",
    "dummy_outcome": "made-up outcomes",
    "hidden_cause": "a hidden cause no stronger than a measured one could undo the answer",
    "other_methods": "methods disagree",
    "negative_outcome": "a column that cannot be affected",
    "negative_exposure": "a column that cannot have an effect",
    "density": "rows crowd on one side of the cut-off",
    "missing_outcome": "outcomes are missing more often on one side of the cut-off",
    "covariates_continuous": "columns fixed beforehand jump at the cut-off",
    "donut": "leaving out the rows nearest the cut-off",
    "bandwidth": "looking half or twice as far from the cut-off",
    "placebo_cutoff": "a made-up cut-off",
    "pre_trends": "the groups did not move alike before the start",
    "placebo_period": "an effect shows up before the start",
    "future_treatment": "the treatment to come seems to change the past",
    "leave_one_out": "one part of the table carries the answer",
    "placebo_time": "a gap appears before the change",
    "placebo_instrument": "shuffling the instrument",
    "weak_instrument": "the instrument is too weak for the usual margin",
    "overidentification": "the instruments contradict each other",
    "leave_one_instrument_out": "the answer hangs on one instrument",
    "instrument_signs": "the instrument moves some people the wrong way",
    "placebo_groups": "shuffling the groups",
}
# What was looked at, in two to five words.
LOOKED_AT = {
    "adjustment_sets": "other columns held fixed",
    "bandwidth": "nearer to and farther from the cut-off",
    "bootstrap": "rows drawn anew",
    "covariates_continuous": "jumps of earlier columns at the cut-off",
    "data_subset": "parts of the table",
    "density": "crowding at the cut-off",
    "direct_effect": "a way past the treatment",
    "donut": "without the rows nearest the cut-off",
    "dummy_outcome": "made-up outcomes",
    "e_value": "a hidden cause",
    "functional_form": "the shape of the curves",
    "future_treatment": "treatment still to come",
    "graph_check": "the picture against the table",
    "hidden_cause": "a hidden cause",
    "influence": "single rows",
    "instrument_signs": "whom the instrument moves the wrong way",
    "leakage": "columns in disguise",
    "leave_one_instrument_out": "one instrument left out",
    "leave_one_out": "one part left out",
    "missing_outcome": "missing outcomes at the cut-off",
    "negative_exposure": "a column that cannot have an effect",
    "negative_outcome": "a column that cannot be affected",
    "other_methods": "other methods",
    "overidentification": "whether the instruments agree",
    "placebo_cutoff": "made-up cut-offs",
    "placebo_groups": "shuffled groups",
    "placebo_instrument": "a shuffled instrument",
    "placebo_period": "effects before the start",
    "placebo_time": "a made-up earlier start",
    "placebo_treatment": "shuffled treatment",
    "placebo_units": "others as if they had been treated",
    "planted_effect": "planted effects",
    "pre_trends": "how the groups moved before",
    "random_common_cause": "a made-up cause",
    "trend_sensitivity": "a drift between the groups",
    "trimming": "rows without a counterpart",
    "weak_instrument": "a margin that holds for a weak instrument",
}


def short_of(refutation: Refutation) -> str:
    """What failed, in the words of a list of reasons."""
    return refutation.short or FAILED.get(refutation.check, refutation.check.replace("_", " "))


def looked_at(refutation: Refutation) -> str:
    """What was looked at, in the words of a list."""
    return LOOKED_AT.get(refutation.check, refutation.check.replace("_", " "))
