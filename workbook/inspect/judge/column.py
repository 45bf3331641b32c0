"""Judging one column: its numbers, each by the others of its row, and its formulas by what they compute."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from workbook.inspect.find.case import Case, Group
from workbook.inspect.find.groups import OTHERS_EVERYWHERE
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.numbers import is_counted_up
from workbook.inspect.find.resolve import BIAS
from workbook.inspect.find.wording import content
from workbook.inspect.findings import Finding, Unjudged
from workbook.inspect.judge.cause import UNNAMED, Cause, Causes
from workbook.inspect.judge.outcome import Outcome, by_outcome
from workbook.spreadsheet.book import ErrorValue
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Tree, UnsupportedError

# A column that was filled down in more variants than this holds one fault.
MOST_FAULTS = 5
# So many different formulas of a column are looked into in vain, each for some seconds at most.
MOST_SEARCHES = 2
NO_VALUE = "not judged: its formula has no stored value"


def finding(case: Case, kind: str, name: str, rows: Sequence[int], cause: str) -> Finding:
    """What is to be said about a column in these rows; the first is shown.

    In a given cell a number is expected, and no formula.
    """
    given, first = rows[0] in case.given_rows(name), case.table.at[rows[0]]
    return Finding(
        kind="root" if kind == "root" else "note",
        column=name,
        cell=case.table.cell(name, first),
        rows=len(rows),
        formula=content(case.table, name, first),
        expected=None if given else case.expected_text(name, rows[0]),
        cause=cause,
        deviation=None if given else _deviation(case, name, rows),
        at=tuple(case.table.at[row] for row in rows),
    )


def _deviation(case: Case, name: str, rows: Sequence[int]) -> float | None:
    expected = case.expected(name, rows)
    if expected is None:
        return None
    due, uncertain = expected
    with np.errstate(all="ignore"):
        off = np.abs(case.numbers.columns[name][np.asarray(rows, dtype=int)] - due)
        share = np.where(off <= uncertain, 0.0, off / np.abs(due))
    known = share[np.isfinite(share)]
    return float(known.max()) if len(known) else None


class Column:
    """A column before its judge.

    Attributes:
        overwritten: rows that were overwritten as a whole, which are reported apart.
        named: whether to look for the slip behind typed numbers.
    """

    def __init__(self, case: Case, causes: Causes, name: str, overwritten: Collection[int], *, named: bool) -> None:
        self.case, self.table, self.name = case, case.table, name
        self.causes, self.overwritten, self.named = causes, overwritten, named
        self.got = case.numbers.columns[name]
        self.sample = name in case.samples

    def findings(self) -> Iterator[Finding | Unjudged]:
        """What is to be said about the column."""
        yield from self._given_cells()
        wrong: list[tuple[Shape, Group]] = []
        for group in self.case.groups(self.name):
            if group.shape is None:
                yield from self._typed(group)
            elif group.reason == BIAS:
                yield Unjudged(self.name, BIAS)  # its numbers are not those of a network without one
            elif group.tree is None:
                yield from self._by_value(group, f"{group.reason}: judged by its numbers alone")
            elif self.case.holds(self.name, group):
                yield from self._shown_errors(group)
            else:
                wrong.append((group.shape, group))
        for members in self._few(list(self._alike(wrong))):
            yield from self._wrong_formula(members)

    def _few(self, alike: list[list[tuple[Group, Cause]]]) -> list[list[tuple[Group, Cause]]]:
        """Wrong formulas that are alike; all together where the column holds more slips than anybody makes in one."""
        faults = [members for members in alike if members[0][1].kind == "root"]
        if len(faults) <= MOST_FAULTS:
            return alike
        first = faults[0][0][1]
        words = f"{first.words}; {len(faults) - 1} other slips, or variants of it, are in the column"
        together = [(group, replace(first, words=words)) for members in faults for group, _ in members]
        return [together, *(members for members in alike if members not in faults)]

    def _alike(self, groups: list[tuple[Shape, Group]]) -> Iterable[list[tuple[Group, Cause]]]:
        """Wrong formulas with their causes; together what is filled down, computes the same, or has one cause."""
        found: dict[object, list[tuple[Group, Cause]]] = {}
        causes: dict[Tree | None, Cause] = {}
        searches = 0
        for shape, group in groups:
            cause = causes.get(group.tree)
            if cause is None:
                row = self.table.at[group.rows[0]]
                thorough = searches < MOST_SEARCHES
                cause = self.causes.of_formula(self.name, shape, row, thorough=thorough)
                searches += cause.words == UNNAMED
            causes[group.tree] = cause
            keys = [(cause.kind, alike) for alike in (group.tree, shape, cause.words)]
            members = next((found[key] for key in keys if key in found), [])
            members.append((group, cause))
            found |= dict.fromkeys(keys, members)
        return {id(members): members for members in found.values()}.values()

    def _given_cells(self) -> Iterator[Finding]:
        for row in self.case.given_rows(self.name):
            if np.isfinite(self.got[row]):
                continue
            column, at = self.table.columns[self.name], self.table.at[row]
            if self.table.sheet.shape(at, column) is not None and self.table.sheet.value(at, column) is None:
                yield self._finding("note", [row], NO_VALUE)
            else:
                yield from self._not_numbers([row])

    def _wrong_formula(self, members: list[tuple[Group, Cause]]) -> Iterator[Finding]:
        """One finding for a formula, however many rows it was filled down to and whatever it reads there."""
        rows = sorted(row for group, _ in members for row in group.rows)
        # A drifting reference tells most where it reads a number of the table, not the text of a header.
        cause = next((cause for group, cause in members if rows[0] in group.rows), members[0][1])
        if cause.kind != "right":
            yield self._finding(cause.kind, rows, cause.text(self.table.at[rows[0]]))

    def _shown_errors(self, group: Group) -> Iterator[Finding]:
        none = np.asarray(group.rows)[~np.isfinite(self.got[list(group.rows)])].tolist()
        if none and (rows := by_outcome(self.case, self.name, none)[Outcome.NO_NUMBER]):
            hint = ": EXP of more than 709 is an error; MIN guards it" if kind_of(self.name) == "activation" else ""
            yield self._finding("root", rows, f"the formula is right, but {self._what(rows[0])}{hint}")

    def _by_value(self, group: Group, note: str) -> Iterator[Finding | Unjudged]:
        found = by_outcome(self.case, self.name, group.rows)
        if off := sorted(found[Outcome.OFF] + found[Outcome.NO_NUMBER]):
            yield self._finding("root", off, self._cause_by_value(group, off[0], note))
        unknown = sorted(found[Outcome.UNKNOWN] + found[Outcome.NO_VALUE])
        if len(unknown) == len(group.rows):
            yield Unjudged(self.name, note)
        elif unknown:
            yield self._finding("note", unknown, "not judged: its value, or one that it is computed from, is no number")
        yield self._finding("note", list(group.rows), note)

    def _cause_by_value(self, group: Group, row: int, note: str) -> str:
        if group.reason == OTHERS_EVERYWHERE and group.shape is not None:
            try:
                cause = self.causes.of_formula(self.name, group.shape, self.table.at[row])
            except UnsupportedError:
                cause = None
            if cause is not None and cause.kind == "root":
                return cause.text(self.table.at[row])
        return f"the numbers are not what the column should be ({note})"

    def _typed(self, group: Group) -> Iterator[Finding | Unjudged]:
        found = by_outcome(self.case, self.name, [row for row in group.rows if row not in self.overwritten])
        yield from self._not_numbers(found[Outcome.NO_NUMBER])
        unknown, off, agreeing = (found[one] for one in (Outcome.UNKNOWN, Outcome.OFF, Outcome.RIGHT))
        whole = 2 * len(group.rows) >= self.table.steps - len(self.case.given_rows(self.name))
        if unknown and whole and not off and not agreeing:
            yield Unjudged(self.name, "what it is computed from is not known")
        elif unknown:
            yield self._finding("note", unknown, "a typed number, not judged: what it is computed from is no number")
        if off:
            yield self._finding("root", off, self._cause_of_typed(off, whole=whole))
        elif agreeing and not whole and not self.sample and not self.case.gives_numbers:
            yield self._finding("note", agreeing, "typed over the formula, with the right value")

    def _not_numbers(self, rows: list[int]) -> Iterator[Finding]:
        kinds: dict[str, list[int]] = {}
        for row in rows:
            kinds.setdefault(self._what(row), []).append(row)
        for what, members in kinds.items():
            yield self._finding("root", members, f"{what}; expected a number")

    def _cause_of_typed(self, rows: list[int], *, whole: bool) -> str:
        value, expected = self.got[rows[0]], self._expected(rows[0])
        if self.sample:
            if is_counted_up(self.got):
                return "the fill handle has counted it up; it should stay the same in every row"
            return f"{value:.10g} is typed here; {self.name} is {expected:.10g} in the first row"
        if not whole:
            rounded = abs(value - expected) <= 1e-3 * abs(expected)
            return f"{value:.10g} is typed over the formula" + (": a rounded number" if rounded else "")
        cause = self.causes.of_numbers(self.name, rows) if self.named and len(rows) > 1 else None
        what = f": {cause.text(self.table.at[rows[0]])}" if cause else ""
        return f"the typed numbers are not what the column should be{what}"

    def _what(self, row: int) -> str:
        value = self.table.sheet.value(self.table.at[row], self.table.columns[self.name])
        if value is None:
            return "the cell is empty"
        if isinstance(value, ErrorValue):
            return f"the cell shows the error {value.text}"
        return f"the cell holds the text '{value[:30]}'" if isinstance(value, str) else f"the cell holds {value}"

    def _expected(self, row: int) -> float:
        expected = self.case.expected(self.name, [row])
        return np.nan if expected is None else float(expected[0][0])

    def _finding(self, kind: str, rows: Sequence[int], cause: str) -> Finding:
        return finding(self.case, kind, self.name, rows, cause)
