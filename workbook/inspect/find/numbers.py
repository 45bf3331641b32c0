"""The numbers of a table as arrays: what each cell should be by its own row, and how far off it may be."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from statistics import median_high
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.network import FAR, Network, variables
from workbook.inspect.find.rates import Rate
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.updates import ETA, RATE

# Workbooks that were exported with 10 significant digits are right.
RELATIVE = 1e-9
ABSOLUTE = 1e-15
# Rounding errors of several operands may add up.
SAFETY = 2.0
# So many rows tell with how many digits a table was typed.
MOST_ASKED = 500
# A number of fewer decimals may have lost zeros at its end.
FEWEST_DECIMALS = 3


# What some cells of a column should be, and how far off each may be.
Expected = tuple[FloatArray, FloatArray]


class Numbers:
    """The numbers of a table's columns, one array each; nan where a cell holds no number.

    Attributes:
        steps: how many rows there are.
    """

    def __init__(self, table: Table, samples: Collection[str], given: Collection[str]) -> None:
        """Args:
        samples: the columns that nobody computes.
        given: those whose first number is exact, however it is typed.
        """
        self.table, self.samples, self.given_names = table, samples, given
        self.steps = table.steps

    @cached_property
    def columns(self) -> dict[str, FloatArray]:
        """The arrays by our names."""
        return {name: self.table.numbers(name) for name in self.table.columns}

    @cached_property
    def rounded(self) -> dict[str, FloatArray]:
        """For columns of typed numbers, half a unit of each cell's last decimal place; 0 for others."""
        exact = dict.fromkeys(self.columns, np.zeros(self.steps))
        return exact | _rounded(self.table, self.samples, self.given_names)

    def expected(self, tree: Tree, rows: Sequence[int] | None = None) -> Expected:
        """What a formula gives in every row, or some, from the numbers that stand there, and how uncertain that is.

        The uncertainty is that of the operands (RELATIVE, or the rounding of their column), carried through the
        formula: near convergence a − t is small, and few of its digits are certain.
        """
        some = slice(None) if rows is None else np.asarray(rows, dtype=int)
        values = {variable: self.of(variable)[some] for variable in variables(tree)}
        found = self.given(tree, rows)
        uncertain = np.abs(found) * RELATIVE
        with np.errstate(all="ignore"):
            for variable, operand in values.items():
                moved = operand + np.abs(operand) * RELATIVE + self._rounding(variable)[some]
                uncertain = uncertain + np.abs(evaluate(tree, {**values, variable: moved}) - found)
        return found, uncertain * SAFETY + ABSOLUTE

    def given(self, tree: Tree, rows: Sequence[int] | None = None) -> FloatArray:
        """What a formula gives in every row, or some, from the numbers that stand there."""
        some = slice(None) if rows is None else np.asarray(rows, dtype=int)
        values = {variable: self.of(variable)[some] for variable in variables(tree)}
        return np.broadcast_to(evaluate(tree, values), np.empty(self.steps)[some].shape)

    def expected_of(self, name: str, tree: Tree, rows: Sequence[int]) -> Expected:
        """What a column should be in some rows, by a tree, and how uncertain that is, with its own rounding.

        Where its numbers are right to the last digits, the uncertainty, which takes a while, is only that of these.
        """
        at = np.asarray(rows, dtype=int)
        found = self.given(tree, rows)
        least = np.abs(found) * RELATIVE
        with np.errstate(all="ignore"):
            if np.all(np.abs(self.columns[name][at] - found) <= least):
                return found, least
        found, uncertain = self.expected(tree, rows)
        return found, uncertain + self.rounded[name][at]

    def off(self, name: str, rows: Sequence[int], expected: Expected) -> NDArray[np.bool_]:
        """Which of some cells hold another number than is expected there, within its uncertainty, or none."""
        numbers, uncertain = expected
        with np.errstate(all="ignore"):
            return np.asarray(~(np.abs(self.columns[name][np.asarray(rows, dtype=int)] - numbers) <= uncertain))

    def _rounding(self, variable: Variable) -> FloatArray:
        """How coarsely a variable's numbers were rounded."""
        rounded = self.rounded.get(variable.name)
        return np.zeros(self.steps) if rounded is None else moved_rows(rounded, variable.row, 0.0)

    def always(self, variable: Variable, number: float) -> bool:
        """Whether a variable is this number in every row: typed in its place, it changes nothing."""
        values = self.of(variable)
        known = values[np.isfinite(values)]
        return len(known) > 0 and bool(np.all(np.abs(known - number) <= 1e-9 * abs(number)))

    def of(self, variable: Variable) -> FloatArray:
        """A variable's number in every row."""
        values = self.columns.get(variable.name)
        return np.full(self.steps, np.nan) if values is None else moved_rows(values, variable.row, np.nan)


class PlainNumbers(Numbers):
    """Those of a plain network's table.

    Attributes:
        rates: the learning rate of each row, nan where it is not known.
    """

    def __init__(self, table: Table, network: Network, rate: Rate | None, labelled: Mapping[str, float]) -> None:
        super().__init__(table, network.samples, network.given)
        self.columns |= {name: np.full(table.steps, value) for name, value in labelled.items()}
        self.rates = _rates(table, rate)

    def of(self, variable: Variable) -> FloatArray:
        """A variable's number in every row."""
        if variable == ETA:
            return self.rates
        return np.full(self.steps, np.nan) if variable.row == FAR else super().of(variable)


class OurNumbers(Numbers):
    """Those of a table with our headers, and of the constants beside it."""

    def __init__(self, table: Table, constants: Mapping[str, float]) -> None:
        super().__init__(table, [name for name in table.columns if kind_of(name) in ("target", "input")], ())
        self.constants = constants

    def of(self, variable: Variable) -> FloatArray:
        """A variable's number in every row."""
        if variable.name in self.columns:
            return super().of(variable)
        # The first rate of a schedule stands where a constant one does.
        return np.full(self.steps, self.constants.get("eta" if variable == RATE else variable.name, np.nan))


def moved_rows(values: FloatArray, row: int, missing: float) -> FloatArray:
    """The number in the row so many rows below each; `missing` where there is none."""
    if row == 0:
        return values
    moved = np.full(len(values), missing)
    kept = max(len(values) - abs(row), 0)
    if row < 0:
        moved[len(values) - kept :] = values[:kept]
    else:
        moved[:kept] = values[len(values) - kept :]
    return moved


def one_sample(numbers: Mapping[str, FloatArray], names: Iterable[str]) -> bool:
    """Whether targets and inputs are meant to be the same in all rows.

    They are not where samples take turns: each comes back, or every row has its own. One that is changed in one
    place, or that the fill handle has counted up, is a slip and no second sample.
    """
    present = [numbers[name] for name in names if name in numbers]
    if not present:
        return True
    rows = np.column_stack(present)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not len(rows):
        return True
    samples, which, counts = np.unique(np.round(rows, 9), axis=0, return_inverse=True, return_counts=True)
    if len(samples) == 1:
        return True
    changes = 1 + np.count_nonzero(np.diff(which.ravel()))
    come_back = counts.min() >= 2 and changes >= 2 * len(samples)
    counted_up = any(is_counted_up(column) for column in present)
    all_differ = len(samples) == len(rows) >= 3 and not counted_up
    return not (come_back or all_differ)


def is_counted_up(values: FloatArray) -> bool:
    """Whether numbers rise or fall by the same step from row to row, as the fill handle makes them."""
    steps = np.diff(values)
    return len(steps) >= 2 and bool(np.all(np.abs(steps - steps[0]) < 1e-9)) and abs(steps[0]) > 1e-9


def _rates(table: Table, rate: Rate | None) -> FloatArray:
    if rate is None or (rate.column is None and rate.value is None):
        return np.full(table.steps, np.nan)
    if rate.column is None:
        return np.full(table.steps, rate.value)
    return moved_rows(table.numbers_below(rate.column), rate.offset, np.nan)


def _rounded(table: Table, samples: Collection[str], given: Collection[str]) -> dict[str, FloatArray]:
    """How coarsely each cell of the columns without formulas was rounded: half a unit of its own last digit.

    A file keeps no zeros at the end. So a number of few decimals, 0.5, has as many digits as is usual in the table.

    Args:
        samples: the columns that nobody computes.
        given: those whose first number is exact.
    """
    typed = {name: np.nan_to_num(table.numbers(name)).tolist() for name in table.typed if name not in samples}
    asked = (number for numbers in typed.values() for number in numbers[1:MOST_ASKED] if number)
    usual = median_high([len(_tuple(number).digits) for number in asked] or [0])
    return {
        name: np.array(
            [0.0 if name in given and not step else _half_a_unit(n, usual) for step, n in enumerate(numbers)]
        )
        for name, numbers in typed.items()
    }


def _half_a_unit(number: float, usual: int) -> float:
    parts = _tuple(number)
    if number == 0 or -parts.exponent >= FEWEST_DECIMALS:
        return 0.5 * 10.0 ** min(parts.exponent, -FEWEST_DECIMALS)
    largest = len(parts.digits) + parts.exponent - 1
    return 0.5 * 10.0 ** min(parts.exponent, largest - usual + 1)


class _Digits(NamedTuple):
    digits: tuple[int, ...]
    exponent: int


def _tuple(number: float) -> _Digits:
    _, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    return _Digits(digits, exponent if isinstance(exponent, int) else 0)
