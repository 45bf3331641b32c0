"""What a page shows, as plain records: nothing here knows HTML, nor which command found it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine import InputError

Mark = Literal["", "wrong", "off"]
Look = Literal["", "loss", "ignored"]
ENDINGS = {".html", ".htm"}


def check_page_name(path: Path | None) -> None:
    """Raise for a page's name that would replace something else than a page, before any work is done.

    Raises:
        InputError: the name does not end as a page's.
    """
    if path is not None and path.suffix.lower() not in ENDINGS:
        raise InputError(f"--html: got {path}, expected a name that ends in .html")


@dataclass(frozen=True)
class GridCell:
    """One cell of a sheet.

    Attributes:
        shown: what the cell shows, in few digits.
        value: the same with all its digits.
        formula: what stands in it, or None for a typed value.
        mark: "wrong" for a fault's cell, "off" for one that is right in itself, but off because of a fault elsewhere.
        fault: the number of its fault, from 1; 0 for none.
        expected: what belongs there, ready to paste.
    """

    shown: str
    value: str
    formula: str | None = None
    is_text: bool = False
    mark: Mark = ""
    fault: int = 0
    expected: str | None = None


@dataclass(frozen=True)
class Header:
    """The text above a column; `look` is "loss" for the loss that is plotted, "ignored" for a column not judged."""

    text: str
    look: Look = ""


@dataclass(frozen=True)
class Row:
    """A row that is drawn; `number` is the sheet's."""

    number: int
    cells: Sequence[GridCell]


@dataclass(frozen=True)
class Fold:
    """Rows that are not drawn, and in words what is in them."""

    words: str


@dataclass(frozen=True)
class Grid:
    """Part of a sheet as it looks: the letters of its columns, a row of headers if it has one, and the rows below.

    `first` is the cell that a keyboard comes to first.
    """

    letters: Sequence[str]
    rows: Sequence[Row | Fold]
    first: str
    header_row: int = 0
    headers: Sequence[Header] = ()
    remark: str = ""

    @property
    def addresses(self) -> frozenset[str]:
        """The cells that are drawn."""
        numbers = [row.number for row in self.rows if isinstance(row, Row)]
        return frozenset(f"{letter}{number}" for number in numbers for letter in self.letters)


@dataclass(frozen=True)
class Curve:
    """The loss of every step, as it is and, where that is known, as it would be; `words` tell what to see."""

    losses: Sequence[float]
    expected_losses: Sequence[float]
    words: str


@dataclass(frozen=True)
class Fault:
    """Something wrong: where it starts, why, what stands and what belongs there, how many rows.

    `extent` says how far it goes, in words, under the word `extent_of`.
    """

    name: str
    cell: str
    cause: str
    actual: str
    expected: str | None
    rows: int
    extent: str
    extent_of: str = "rows"


@dataclass(frozen=True)
class Note:
    """A remark that is no fault, about a cell or, with "", about the whole."""

    text: str
    cell: str = ""


@dataclass(frozen=True)
class Part:
    """One table or block of a workbook, judged."""

    title: str
    facts: str
    verdict: str
    faults: Sequence[Fault] = ()
    consequences: str = ""
    grid: Grid | None = None
    curve: Curve | None = None
    notes: Sequence[Note] = ()
    judged: str = ""


@dataclass(frozen=True)
class File:
    """One workbook: its verdict, its first fault, its score in words and as a share, -1 for none; its parts.

    `error` says why there are no parts, or why none of them could be judged.
    """

    name: str
    verdict: str
    summary: str
    score: str
    share: float
    parts: Sequence[Part] = ()
    error: str = ""

    @property
    def faults(self) -> int:
        """How many faults were found."""
        return sum(len(part.faults) for part in self.parts)


@dataclass(frozen=True)
class Page:
    """The whole page; `remark` says what the command that made it does not judge."""

    title: str
    files: Sequence[File]
    remark: str
