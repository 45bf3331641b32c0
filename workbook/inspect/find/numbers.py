"""The numbers of a table as arrays: what each cell should be by its own row, and how far off it may be."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from statistics import median_high
from typing import NamedTuple

import numpy as np

from engine import FloatArray
from workbook.inspect.find.headers import typed_number
from workbook.inspect.find.network import FAR, Network, variables
from workbook.inspect.find.rates import Rate
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.updates import ETA

# Workbooks that were exported with 10 significant digits are right.
RELATIVE = 1e-9
ABSOLUTE = 1e-15
# Rounding errors of several operands may add up.
SAFETY = 2.0
# So many rows tell with how many digits a table was typed.
MOST_ASKED = 500
# A number of fewer decimals may have lost zeros at its end.
FEWEST_DECIMALS = 3


class Numbers:
    """The numbers of a table's columns, one array each; nan where a cell holds no number.

    Attributes:
        columns: the arrays by our names.
        rates: the learning rate of each row, nan where it is not known.
        rounded: for columns of typed numbers, half a unit of each cell's last decimal place; 0 for others.
    """

    def __init__(self, table: Table, network: Network, rate: Rate | None, labelled: Mapping[str, float]) -> None:
        rows = table.at
        self.columns = {name: _array(table, column, rows) for name, column in table.columns.items()}
        self.columns |= {name: np.full(len(rows), value) for name, value in labelled.items()}
        self.rates = _rates(table, rate, rows)
        exact = dict.fromkeys(self.columns, np.zeros(len(rows)))
        self.rounded = exact | _half_units(_typed_columns(table, network), network)

    def expected(self, tree: Tree, rows: Sequence[int] | None = None) -> tuple[FloatArray, FloatArray]:
        """What a formula gives in every row, or some, from the numbers that stand there, and how uncertain that is.

        The uncertainty is that of the operands (RELATIVE, or the rounding of their column), carried through the
        formula: near convergence a − t is small, and few of its digits are certain.
        """
        some = slice(None) if rows is None else np.asarray(rows)
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
        some = slice(None) if rows is None else np.asarray(rows)
        values = {variable: self.of(variable)[some] for variable in variables(tree)}
        return np.broadcast_to(evaluate(tree, values), self.rates[some].shape)

    def _rounding(self, variable: Variable) -> FloatArray:
        """How coarsely a variable's numbers were rounded."""
        rounded = self.rounded.get(variable.name, np.zeros(len(self.rates)))
        return np.concatenate(([0.0], rounded[:-1])) if variable.row else rounded

    def always(self, variable: Variable, number: float) -> bool:
        """Whether a variable is this number in every row: typed in its place, it changes nothing."""
        values = self.of(variable)
        known = values[np.isfinite(values)]
        return len(known) > 0 and bool(np.all(np.abs(known - number) <= 1e-9 * abs(number)))

    def of(self, variable: Variable) -> FloatArray:
        """A variable's number in every row."""
        if variable == ETA:
            return self.rates
        values = self.columns.get(variable.name)
        if values is None or variable.row == FAR:
            return np.full(self.rates.shape, np.nan)
        return values if variable.row == 0 else np.concatenate(([np.nan], values[:-1]))


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


def _array(table: Table, column: int, rows: Sequence[int]) -> FloatArray:
    cells = table.sheet.values.get(column, {})
    return np.array([math.nan if (number := typed_number(cells.get(row))) is None else number for row in rows])


def _rates(table: Table, rate: Rate | None, rows: Sequence[int]) -> FloatArray:
    if rate is None:
        return np.full(len(rows), np.nan)
    if rate.column is None:
        return np.full(len(rows), math.nan if rate.value is None else rate.value)
    column = _array(table, rate.column, rows)
    return np.concatenate(([np.nan], column[:-1])) if rate.offset == -1 else column


def _typed_columns(table: Table, network: Network) -> dict[str, list[float]]:
    """The computed columns that hold no formula, with their numbers, 0 where there is none."""
    typed = {}
    for name, column in table.columns.items():
        if name in network.samples or any(table.sheet.shape(column, row) for row in table.at):
            continue
        cells = table.sheet.values.get(column, {})
        typed[name] = [typed_number(cells.get(row)) or 0.0 for row in table.at]
    return typed


def _half_units(typed: Mapping[str, list[float]], network: Network) -> dict[str, FloatArray]:
    """How coarsely each cell of typed columns was rounded: half a unit of its own last digit.

    A file keeps no zeros at the end. So a number of few decimals, 0.5, has as many digits as is usual in the table.
    """
    asked = (number for numbers in typed.values() for number in numbers[1:MOST_ASKED] if number)
    usual = median_high([len(_tuple(number).digits) for number in asked] or [0])
    return {
        name: np.array(
            [0.0 if name in network.given and not step else _half_a_unit(n, usual) for step, n in enumerate(numbers)]
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
