"""What an audit finds, as plain records."""

from dataclasses import dataclass, field
from typing import Literal

from workbook.inspect.find.excerpt import Excerpt

FindingKind = Literal["root", "consequence", "note"]
# Typed: the numbers are right, but no formula computes most of them.
Verdict = Literal["right", "wrong", "incomplete", "typed"]


@dataclass(frozen=True)
class Finding:
    """One thing about one column.

    Attributes:
        kind: a root is a fault; a consequence is off only because of a root; a note is no fault.
        column: our name of the column, or "" for the table as a whole.
        cell: the first cell, or "".
        rows: how many rows are affected.
        formula: what stands there.
        expected: what should, in this sheet's columns, ready to paste.
        cause: why, in words.
        deviation: the furthest that a value is off, as a share of the right one; None where it is not a number.
        at: the rows of the sheet.
    """

    kind: FindingKind
    column: str
    cell: str
    rows: int
    formula: str | None
    expected: str | None
    cause: str
    deviation: float | None = None
    at: tuple[int, ...] = ()


@dataclass(frozen=True)
class Unjudged:
    """A column that could not be checked, and why."""

    column: str
    why: str


@dataclass(frozen=True)
class Judgement:
    """What judging a table gave.

    Attributes:
        unjudged: why a column, by name, could not be checked.
        checked: the columns that were.
    """

    findings: tuple[Finding, ...]
    unjudged: dict[str, str]
    checked: tuple[str, ...]

    @property
    def faults(self) -> int:
        """The number of roots."""
        return sum(finding.kind == "root" for finding in self.findings)


@dataclass(frozen=True)
class Cost:
    """What the roots cost: the sheet's last row against a run with the right mathematics."""

    loss: float
    expected_loss: float
    weight: str
    cell: str
    value: float
    expected_value: float


@dataclass(frozen=True)
class Score:
    """How many columns were to be computed, and how many of them are: checked, and without a fault."""

    right: int = 0
    asked: int = 0

    def __add__(self, other: "Score") -> "Score":
        """The score of both."""
        return Score(self.right + other.right, self.asked + other.asked)


@dataclass(frozen=True)
class TableReport:
    """The verdict on one table."""

    sheet: str
    header_row: int
    range: str
    rows: int
    columns: tuple[str, ...]
    others: dict[int, str]
    verdict: Verdict
    judged: bool
    learning_rate: float | None
    rate_text: str | None
    score: Score = Score()
    findings: list[Finding] = field(default_factory=list)
    cost: Cost | None = None
    excerpt: Excerpt | None = None

    @property
    def roots(self) -> list[Finding]:
        """The faults."""
        return [finding for finding in self.findings if finding.kind == "root"]
