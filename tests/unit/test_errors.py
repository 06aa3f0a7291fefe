"""The tree of errors: text fit for a user, exit codes, near misses."""

from __future__ import annotations

import pytest

from pyllm_causal import errors
from pyllm_causal.errors import CausalError, InputError, InternalError, ModelError, UnknownColumn

ALL = [
    e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, CausalError) and e is not UnknownColumn
]


@pytest.mark.parametrize("kind", ALL, ids=lambda e: e.__name__)
def test_message_hint_code_and_exit_code(kind: type[CausalError]) -> None:
    error = kind("It broke.", "Mend it.")
    assert str(error) == "It broke. Mend it."
    assert (error.message, error.hint) == ("It broke.", "Mend it.")
    assert str(kind("It broke.")) == "It broke."
    assert error.code and error.exit_code in (1, 2)
    assert (error.exit_code == 2) == isinstance(error, (InputError, ModelError))


def test_only_our_own_fault_gives_one() -> None:
    assert [e.__name__ for e in ALL if e.exit_code == 1] == ["CausalError", "InternalError"]
    assert InternalError("x").code == "internal"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    for kind in [*ALL, UnknownColumn]:
        assert kind.__name__ in errors.__doc__


def test_near_misses() -> None:
    near = UnknownColumn("Wieght", ["weight", "height", "age"], "outcome")
    assert near.message == "The outcome 'Wieght' is not a column of the table."
    assert near.hint.startswith("Did you mean 'weight'")
    assert "'WEIGHT'" in UnknownColumn("weight", ["WEIGHT"]).hint
    far = UnknownColumn("zzz", [f"c{i}" for i in range(40)])
    assert far.hint.startswith("The columns are 'c0'") and far.hint.endswith("and others.")
    assert "others" not in UnknownColumn("zzz", ["a"]).hint
    assert isinstance(near, errors.QueryError) and near.exit_code == 2 and near.code == "unknown_column"
    assert near.name == "Wieght"


def test_names_are_quoted_so_that_codes_are_seen() -> None:
    error = UnknownColumn("\x1b[31m", ["\x1b[32m"])
    assert "\x1b" not in str(error)
