"""What a cell's number is, by the numbers beside it."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray
from workbook.inspect.find.case import Case
from workbook.inspect.find.numbers import Expected


class Outcome(IntEnum):
    """What a cell's number is, by the numbers beside it."""

    RIGHT = 0
    OFF = 1
    NO_NUMBER = 2
    NO_VALUE = 3
    UNKNOWN = 4


def classify(
    got: FloatArray, expected: Expected, *, typed: NDArray[np.bool_], computed: NDArray[np.bool_]
) -> NDArray[np.int_]:
    """The Outcome of each of some cells of a column.

    Args:
        got: what stands there, nan where that is no number.
        expected: what should, nan where what it is computed from is no number, and how far off it may be.
        typed: where no number has come out of a formula, so that one that is missing is a fault of the cell itself.
        computed: where a value stands at all; a formula may have none.
    """
    due, uncertain = expected
    with np.errstate(all="ignore"):
        near = np.abs(got - due) <= uncertain
    number, known = np.isfinite(got), np.isfinite(due)
    return np.select(
        [~computed, typed & ~number, ~known, ~number, near],
        [Outcome.NO_VALUE, Outcome.NO_NUMBER, Outcome.UNKNOWN, Outcome.NO_NUMBER, Outcome.RIGHT],
        Outcome.OFF,
    )


def by_outcome(case: Case, name: str, rows: Sequence[int]) -> dict[Outcome, list[int]]:
    """Some rows of a column by their outcomes."""
    at = np.asarray(rows, dtype=int)
    unknown = np.full(len(at), np.nan), np.zeros(len(at))
    cells, shapes = (of.get(case.table.columns[name], {}) for of in (case.table.sheet.values, case.table.sheet.shapes))
    stand = [case.table.at[row] for row in rows]
    outcomes = classify(
        case.numbers.columns[name][at],
        case.expected(name, rows) or unknown,
        typed=np.array([row not in shapes for row in stand], dtype=bool),
        computed=np.array([row in cells or row not in shapes for row in stand], dtype=bool),
    )
    return {one: at[outcomes == one].tolist() for one in Outcome}
