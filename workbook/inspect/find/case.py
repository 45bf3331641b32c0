"""A table as it comes before the judge: what stands in its columns, and what should."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbook.inspect.find.numbers import Expected, Numbers
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Tree


@dataclass(frozen=True)
class Group:
    """Rows of a column whose cells are filled alike: one formula that leads to the same variables, or none.

    Attributes:
        rows: counted from the table's first row, 0.
        tree: what the formula computes; None if there is none or it cannot be followed.
        reason: why it cannot be followed.
    """

    shape: Shape | None
    rows: tuple[int, ...]
    tree: Tree | None = None
    reason: str = ""


class Case(ABC):
    """A table, whoever made it, with all that its judge asks. Rows count from the table's first, 0.

    Attributes:
        names: its columns; of a row that is wrong as a whole the first of them is shown.
        judged: those that are judged, in the order of the sheet.
        samples: those that are typed in and the same in every row.
        gives_numbers: whether right numbers may stand for formulas, as in an exercise, which gives rows of them.
        rate: the learning rate and how formulas should refer to it; None where it is not known.
    """

    book: Book
    table: Table
    numbers: Numbers
    names: Sequence[str]
    judged: Sequence[str]
    samples: Collection[str]
    gives_numbers: bool
    rate: tuple[float | None, str | None]

    @property
    @abstractmethod
    def needs_values(self) -> bool:
        """Whether what is to be said hangs on stored values, and not on what formulas compute alone."""

    @property
    @abstractmethod
    def asked(self) -> list[str]:
        """The columns that their author is to compute in some row."""

    @abstractmethod
    def given_rows(self, name: str) -> Sequence[int]:
        """The first rows of a column, in which numbers are typed in."""

    def groups(self, name: str) -> list[Group]:
        """The other cells of a column, those that are filled alike together, without what nothing stands for yet."""
        if name not in self._groups:
            self._groups[name] = list(self._grouped(name))
        return self._groups[name]

    @cached_property
    def _groups(self) -> dict[str, list[Group]]:
        return {}

    @abstractmethod
    def _grouped(self, name: str) -> Iterable[Group]:
        """The groups of a column, found anew."""

    @abstractmethod
    def unjudgeable(self, name: str) -> str | None:
        """Why a column cannot be judged; None where it can."""

    @abstractmethod
    def holds(self, name: str, group: Group) -> bool:
        """Whether the formula of a group computes what the column should be there, whatever the numbers."""

    @abstractmethod
    def expected(self, name: str, rows: Sequence[int]) -> Expected | None:
        """What cells should be by the numbers beside them, and how uncertain that is; None where that is not known."""

    @abstractmethod
    def expected_text(self, name: str, row: int) -> str | None:
        """The right formula of a cell, ready to paste."""

    @property
    @abstractmethod
    def lacking(self) -> list[str]:
        """What is not there, or not yet, and so not checked: a line for each."""

    @property
    @abstractmethod
    def begun(self) -> set[str]:
        """The columns that are not filled to their ends, and so not right yet."""

    @property
    @abstractmethod
    def remarks(self) -> list[str]:
        """What it was taken for: a line for each."""

    def look_alikes(self) -> list[str]:
        """The columns that are none of the table's, whatever their headers."""
        return []

    @property
    def unrelated(self) -> list[str]:
        """The columns that follow from the row above in no row, as if these were no steps of one training."""
        return []

    def off(self, name: str, rows: Sequence[int]) -> NDArray[np.bool_]:
        """Which of some cells hold another number than they should, or none; none of them where that is not known."""
        expected = self.expected(name, rows)
        if expected is None:
            return np.zeros(len(rows), dtype=bool)
        return self.numbers.off(name, rows, expected)

    @cached_property
    def empty_rows(self) -> list[int]:
        """The rows in which nothing stands, and which the next row is computed from all the same."""
        columns, sheet = self.table.columns.values(), self.table.sheet
        return [
            number
            for number, row in enumerate(self.table.at)
            if not any(sheet.holds(row, column) for column in columns)
        ]


def partly_filled(row: int, names: Sequence[str]) -> str:
    """What is to be said of a row of the sheet that lacks some columns."""
    return f"row {row} is only partly filled, without {', '.join(names)}: these are not checked"
