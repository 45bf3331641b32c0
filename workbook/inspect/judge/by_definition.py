"""Judging a table with our headers: each column against its definition, in every row."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from workbook.inspect.find.comparison import Comparison, Group
from workbook.inspect.find.drawing import draw
from workbook.inspect.find.headed import Headed, is_plain
from workbook.inspect.find.inferred import headed
from workbook.inspect.find.network import possible_sizes
from workbook.inspect.find.rows import FEWEST_EMPTY
from workbook.inspect.find.tables import Table
from workbook.inspect.find.wording import in_short
from workbook.inspect.findings import Finding, TableReport
from workbook.inspect.judge.cause import CauseByDefinition
from workbook.inspect.judge.score import GIVEN, score_of, typed_columns, verdict_of
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Variable, leaves


def judged_by_definition(book: Book, table: Table, cause: CauseByDefinition) -> TableReport | None:
    """The report on a table with our own headers; None for any other, or for one that the other judge takes."""
    own = headed(book, table)
    if own is None:
        return None
    apart = not set(table.columns.values()) <= set(own.places.values())
    if is_plain(own.columns) and (apart or possible_sizes(table.columns)):
        return None
    return _Judge(own, cause).report(table)


class _Judge:
    def __init__(self, own: Headed, cause: CauseByDefinition) -> None:
        self.own, self.columns, self.comparison = own, own.columns, Comparison(own)
        self.cause = cause

    def report(self, table: Table) -> TableReport:
        findings = [finding for name in self.columns.names for finding in self.column(name)]
        roots = [finding for finding in findings if finding.kind == "root"]
        wrong, rate = {root.column for root in roots}, self.own.number("eta")
        begun = {name for names in self.unfinished.values() for name in names}
        asked, typed, notes = self.asked, typed_columns(self.own.book, table), [*self.remarks, *table.remarks]
        return TableReport(
            sheet=table.sheet.name,
            header_row=table.header_row,
            range=f"{self.own.cell(self.columns.names[0], self.own.rows[0])}:"
            f"{self.own.cell(self.columns.names[-1], self.own.rows[-1])}",
            rows=len(self.own.rows),
            columns=self.columns.names,
            others={},
            verdict=verdict_of(
                asked, typed, roots=bool(roots), incomplete=bool(self.empty or self.left_over or table.remarks)
            ),
            judged=True,
            learning_rate=rate,
            rate_text=self.own.constant("eta") if rate is not None else None,
            score=score_of(asked, set(asked) - wrong - begun, typed),
            findings=findings + [Finding("note", "", "", 0, None, None, text) for text in notes],
            drawing=draw(table, [(finding.column, finding.at) for finding in roots]),
        )

    @property
    def asked(self) -> list[str]:
        """The columns that are to be computed in some row: of the parameters, from the second update on."""
        rows, defined, batch = len(self.own.rows), self.comparison.defined, self.columns.method.batch_size
        return [
            one.name
            for one in self.columns.all
            if one.kind not in GIVEN
            and rows > (batch if one.kind in ("weight", "bias") else defined[one.name].typed_in)
        ]

    @cached_property
    def missing(self) -> list[int]:
        """The rows, from 0, in which nothing stands."""
        places, sheet = self.own.places.values(), self.own.sheet
        return [
            number for number, row in enumerate(self.own.rows) if not any(sheet.holds(column, row) for column in places)
        ]

    @cached_property
    def unfinished(self) -> dict[int, list[str]]:
        """The columns that are still empty in rows, from 0, that are only partly filled.

        One or two empty cells amid a filled row are no unfinished row but slips of their own; at its end they are one.
        """
        last, rows, place = len(self.own.rows) - 1, self.own.rows, self.own.places
        lacking: dict[int, list[str]] = {}
        for name in self.columns.names:
            values, shapes = (cells.get(place[name], {}) for cells in (self.own.sheet.values, self.own.sheet.shapes))
            for row in range(self.comparison.defined[name].typed_in, len(rows)):
                if rows[row] not in values and rows[row] not in shapes:
                    lacking.setdefault(row, []).append(name)
        for row in self.missing:
            lacking.pop(row, None)
        return {
            row: names
            for row, names in sorted(lacking.items())
            if row == last or len(names) >= FEWEST_EMPTY or names[-1] == self.columns.names[-1]
        }

    @property
    def left_over(self) -> int:
        """How many rows of the last batch there are, if not all."""
        return len(self.own.rows) % self.columns.method.batch_size

    @cached_property
    def empty(self) -> set[tuple[str, int]]:
        """The cells, by column and row from 0, in which nothing stands yet: no fault, but nothing to compute from."""
        unfinished = {(name, row) for row, names in self.unfinished.items() for name in names}
        return unfinished | {(name, row) for name in self.columns.names for row in self.missing}

    @property
    def remarks(self) -> list[str]:
        """What else the reader should know."""
        rows = in_short(self.own.rows[number] for number in self.missing)
        partly = [
            f"row {self.own.rows[row]} is only partly filled, without {', '.join(names)}: not checked"
            for row, names in self.unfinished.items()
        ]
        nothing = f"nothing stands in row {', '.join(rows)}: not checked"
        batch = (
            f"the last batch has {self.left_over} of {self.columns.method.batch_size} rows: its sums are not checked"
        )
        told = [nothing] * bool(self.missing) + partly + [batch] * bool(self.left_over)
        return [*told, self.taken_for()]

    def taken_for(self) -> str:
        """The network and the method, in words."""
        network, method = self.columns.network, self.columns.method
        layers = " - ".join(
            [
                str(network.inputs),
                *(f"{size} {of.activation}" for size, of in zip(network.sizes[1:], network.layers, strict=True)),
            ]
        )
        batch = f", batches of {method.batch_size} ({method.reduction})" if method.batch_size > 1 else ""
        samples = f", {self.columns.samples} samples{batch}" if self.columns.samples > 1 else ""
        schedule = "" if method.schedule == "constant" else f", {method.schedule} schedule"
        order = ", output layer first" if method.update == "output-first" else ""
        return f"taken for: {layers}, {network.loss}{samples}, {method.optimizer}{schedule}{order}"

    def column(self, name: str) -> Iterator[Finding]:
        """What is wrong in a column: a root for each cause."""
        causes: dict[str, list[int]] = {}
        for group in self.comparison.groups(name):
            for cause, rows in self.of_group(name, self.filled(name, group)):
                causes.setdefault(cause, []).extend(rows)
        for cause, rows in causes.items():
            yield self.root(name, sorted(rows), cause)

    def filled(self, name: str, group: Group) -> Group:
        """The group without the rows that are empty, or that are computed from one that is."""
        read = [leaf for leaf in leaves(group.expected) if isinstance(leaf, Variable)]
        cells = [(name, 0), *((leaf.name, leaf.row) for leaf in read)]
        end = len(self.own.rows)
        rows = [
            row
            for row in group.rows
            if not any((of, row + below) in self.empty or row + below >= end for of, below in cells)
        ]
        return replace(group, rows=rows)

    def of_group(self, name: str, group: Group) -> Iterator[tuple[str, list[int]]]:
        if not group.rows or (group.tree is not None and self.comparison.same(group.tree, group.expected)):
            return
        off = self.comparison.off(name, group)
        wrong = [row for row, bad in zip(group.rows, off.tolist(), strict=True) if bad]
        if group.shape is None:
            empty = [row for row in wrong if np.isnan(self.comparison.numbers[name][row])]
            typed = [row for row in wrong if row not in empty]
            if empty:
                yield "the cell holds no number", empty
            if typed:
                yield "a number is typed over the formula, and it is another", typed
        elif group.tree is None:
            if wrong:
                yield f"the numbers are not what the column should be ({group.why})", wrong
        else:
            yield self.cause(self.comparison, name, group.tree, group.expected, group.rows[0]), group.rows

    def root(self, name: str, rows: list[int], cause: str) -> Finding:
        first, sheet = self.own.rows[rows[0]], self.own.sheet
        shape = sheet.shape(self.own.places[name], first)
        value = sheet.value(self.own.places[name], first)
        tree = self.comparison.defined[name].tree_of(rows[0])
        with np.errstate(all="ignore"):
            right = self.comparison.right(tree, rows)
            share = np.abs(self.comparison.numbers[name][rows] - right) / np.abs(right)
        known = share[np.isfinite(share)]
        return Finding(
            kind="root",
            column=name,
            cell=self.own.cell(name, first),
            rows=len(rows),
            formula=f"={shape.text(first)}" if shape else None if value is None else f"{value}",
            expected="=" + printed(tree, lambda leaf: self.own.operand(leaf, rows[0])),
            cause=cause,
            deviation=float(known.max()) if len(known) else None,
            at=tuple(self.own.rows[row] for row in rows),
        )
