"""The table: its columns as they are used, and the rows that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

GAPS = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "<NA>", "#N/A", "#NA", "NaT")


class Rows:
    """The table with the rows that are used. `recipe` names the columns by position; nothing in it is run as code."""

    def __init__(self, path: str, recipe: dict[str, Any]) -> None:
        import numpy as np

        frame = read(path, recipe["file"])
        if len(frame) != recipe["rows"]:
            raise SystemExit(f"The table has {len(frame)} rows; the answer was made from {recipe['rows']}.")
        self.columns = {name: column(frame.iloc[:, c["at"]], c["as"]) for name, c in recipe["columns"].items()}
        self.keep: Mask = np.ones(len(frame), dtype=bool)
        for condition in recipe["where"]:
            self.keep &= self.meets(condition)
        for name in recipe["needed"]:
            self.keep &= ~self.missing(name)
        if recipe["left_out"]:
            self.keep[np.array(recipe["left_out"])] = False
        self.index: Ints = np.flatnonzero(self.keep)
        self.n = len(self.index)
        if self.n != recipe["n"]:
            raise SystemExit(f"{self.n} rows fit; the answer was made from {recipe['n']}. Is it the same table?")

    def missing(self, name: str) -> Mask:
        """(rows,) where the column is not recorded."""
        import pandas as pd

        return pd.isna(self.columns[name]).to_numpy()

    def meets(self, condition: dict[str, Any]) -> Mask:
        """(rows,) where one condition of the filter holds."""
        import operator

        import numpy as np

        values = self.columns[condition["column"]]
        if "is" in condition:
            return np.asarray(np.any([self.equals(condition["column"], v) for v in condition["is"]], axis=0))
        compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[condition["op"]]
        return np.asarray(compare(values, condition["value"])) & ~self.missing(condition["column"])

    def equals(self, name: str, value: object) -> Mask:
        """(rows,) where the column has this value."""
        import numpy as np

        return np.asarray(self.columns[name] == value, dtype=bool)

    def term(self, term: dict[str, Any]) -> Floats:
        """(n,) one column of numbers: a column as it is, a level as 1 and 0, or days since the first."""
        import numpy as np

        if "level" in term:
            return self.equals(term["column"], term["level"])[self.keep].astype("float64")
        values = self.columns[term["column"]][self.keep]
        if term.get("days"):
            values = (values - values.min()).dt.total_seconds() / 86400
        return np.asarray(values, dtype="float64")

    def terms(self, terms: list[dict[str, Any]]) -> Floats:
        """(n, k) several of them."""
        import numpy as np

        return np.column_stack([np.zeros((self.n, 0)), *(self.term(t) for t in terms)])

    def places(self, name: str, values: list[list[Any]]) -> Ints:
        """(n,) the place in `values` of each row's value (−1: none); several values may share a place."""
        import numpy as np

        out = np.full(self.n, -1)
        for place, same in enumerate(values):
            for value in same:
                out[self.equals(name, value)[self.keep]] = place
        return out

    def weights(self, name: str | None) -> Floats:
        """(n,) sampling weights with mean one."""
        import numpy as np

        if name is None:
            return np.ones(self.n)
        w = self.term({"column": name})
        return np.asarray(w * (self.n / w.sum()))

    def codes(self, name: str, ordered: bool = True) -> Ints:
        """(n,) 0, 1, … for the different values, in their order or (not `ordered`) as they first appear in the table."""
        import numpy as np
        import pandas as pd

        if ordered:
            return pd.factorize(self.columns[name][self.keep], sort=True)[0].astype("int64")
        every = pd.factorize(self.columns[name])[0][self.keep]
        return np.unique(every, return_inverse=True)[1].ravel().astype("int64")


def read(path: str, file: dict[str, Any]) -> pd.DataFrame:
    """The file as it is, without blank rows."""
    import pandas as pd

    if file["kind"] == "csv":
        frame = pd.read_csv(
            path, sep=file["sep"], skiprows=file["skip"], header=0, names=list(range(file["width"])), index_col=False,
            decimal=file["decimal"], thousands=file["thousands"], keep_default_na=False, na_values=list(GAPS),
            encoding="utf-8", encoding_errors="replace", low_memory=False,
        )  # fmt: skip
    else:
        options: dict[str, Any] = {"convert_categoricals": False} if file["kind"] == "stata" else {}
        frame = getattr(pd, f"read_{file['kind']}")(path, **options)
    return frame.dropna(how="all").reset_index(drop=True)


def column(values: pd.Series, kind: str) -> pd.Series:
    """A column as numbers, text, yes/no (1 and 0) or dates; gaps as NaN."""
    import pandas as pd

    if kind == "date":
        return pd.to_datetime(values, errors="coerce")
    if kind == "text":
        text = values.map(lambda v: str(v).strip(), na_action="ignore")
        return text.where(~text.isin(GAPS))
    if values.dtype == object:
        text = values.map(lambda v: str(v).strip().replace(",", ""), na_action="ignore")
        values = text.replace({"True": 1.0, "False": 0.0}) if kind == "bool" else text
    return pd.to_numeric(values, errors="coerce").astype("float64")
